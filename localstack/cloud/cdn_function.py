"""Runs a CloudFront Function: the very source that `template.yaml` deploys, in a JavaScript engine.

The event has the shape of the service's (`version`, `context`, `viewer`, `request` with lower-cased header names, each value in
an object). The limits are of the service's order too, so that a function that could not live there does not live here.
"""

import json
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import quickjs

MAX_SOURCE_BYTES = 10 * 1024  # the service's quota
MAX_MEMORY_BYTES = 2 * 1024 * 1024  # the service's quota
MAX_SECONDS = 0.1  # the service counts a millisecond of its own machines; this only stops a loop

# The module that the service's runtime has. Of it only the change of the origin's host is there; anything else fails.
_IMPORT = "import cf from 'cloudfront';"
_MODULE = """var __host = null;
var cf = {updateRequestOrigin: function (origin) {
    if (Object.keys(origin).join() !== 'hostHeader') { throw new Error('unknown property of an origin'); }
    __host = origin.hostHeader;
}};"""

# The engine hands over strings; turning them into objects on its own side is cheaper than building each object from here.
_ENTRY = """;function __run(event) {
    __host = null;
    var result = handler(JSON.parse(event));
    return JSON.stringify({result: result, host: __host});
}"""


class FunctionFailed(Exception):
    """The function threw, ran out of time or memory, or returned something that is no request or response."""


@dataclass(frozen=True)
class ViewerRequest:
    """What the function sees of a request."""

    method: str
    uri: str
    headers: Sequence[tuple[str, str]]
    viewer: str = "127.0.0.1"
    request_id: str = ""
    distribution: str = "LOCAL"


@dataclass(frozen=True)
class Rewritten:
    """The function let the request through, under this address and with these headers."""

    uri: str
    headers: Mapping[str, str] = field(default_factory=dict)
    # What the origin is to be called, if not what it is otherwise.
    host: str | None = None


@dataclass(frozen=True)
class Answered:
    """A whole answer: of the function in place of the origin, or of the origin. A header may come more than once."""

    status: int
    headers: Sequence[tuple[str, str]]
    body: bytes


class ViewerRequestFunction:
    """One loaded function; safe to call from several threads."""

    def __init__(self, source: str) -> None:
        if len(source.encode()) > MAX_SOURCE_BYTES:
            raise FunctionFailed(f"the source is larger than {MAX_SOURCE_BYTES} bytes")
        self._source = source
        self._local = threading.local()
        self._load()

    def __call__(self, request: ViewerRequest) -> Rewritten | Answered:
        """Runs `handler(event)` once."""
        event = json.dumps(_event(request))
        try:
            ran = json.loads(self._entry()(event))
        except (quickjs.JSException, TypeError, ValueError) as error:
            raise FunctionFailed(str(error)) from error
        return _outcome(ran.get("result"), ran["host"])

    def _entry(self) -> Any:
        # An engine belongs to the thread that made it, so every serving thread has its own: it takes about a millisecond.
        if not hasattr(self._local, "run"):
            self._load()
        return self._local.run

    def _load(self) -> None:
        context = quickjs.Context()
        context.set_memory_limit(MAX_MEMORY_BYTES)
        context.set_time_limit(MAX_SECONDS)
        try:
            context.eval(self._program() + _ENTRY)
        except quickjs.JSException as error:
            raise FunctionFailed(str(error)) from error
        self._local.context = context
        self._local.run = context.get("__run")

    def _program(self) -> str:
        if self._source.startswith(_IMPORT):
            return _MODULE + self._source.removeprefix(_IMPORT)
        return self._source


def _event(request: ViewerRequest) -> dict[str, Any]:
    path, _, query = request.uri.partition("?")
    return {
        "version": "1.0",
        "context": {
            "distributionDomainName": "localhost",
            "distributionId": request.distribution,
            "eventType": "viewer-request",
            "requestId": request.request_id,
        },
        "viewer": {"ip": request.viewer},
        "request": {
            "method": request.method,
            "uri": path,
            "querystring": _grouped(_query_pairs(query)),
            "headers": _grouped([(name.lower(), value) for name, value in request.headers if name.lower() != "cookie"]),
            "cookies": _grouped(_cookie_pairs(request.headers)),
        },
    }


def _query_pairs(query: str) -> list[tuple[str, str]]:
    pairs = (part.partition("=") for part in query.split("&") if part)
    return [(name, value) for name, _, value in pairs]


def _cookie_pairs(headers: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """The viewer's cookies, which are no header in the event."""
    sent = (cookie for name, value in headers if name.lower() == "cookie" for cookie in value.split(";"))
    pairs = (cookie.strip().partition("=") for cookie in sent if cookie.strip())
    return [(name, value) for name, _, value in pairs]


def _grouped(pairs: Sequence[tuple[str, str]]) -> dict[str, dict[str, Any]]:
    """One entry a name; a name that came more than once also lists its values under `multiValue`."""
    groups: dict[str, list[str]] = {}
    for name, value in pairs:
        groups.setdefault(name, []).append(value)
    return {
        name: {"value": values[0]} if len(values) == 1 else {"value": values[0], "multiValue": [{"value": one} for one in values]}
        for name, values in groups.items()
    }


def _joined(entry: dict[str, Any]) -> str:
    """A header's value; lines of one name form one list."""
    return ",".join(one["value"] for one in entry.get("multiValue", [entry]))


def _cookie_header(cookies: dict[str, dict[str, Any]]) -> dict[str, str]:
    sent = [f"{name}={one['value']}" for name, entry in cookies.items() for one in entry.get("multiValue", [entry])]
    return {"cookie": "; ".join(sent)} if sent else {}


def _outcome(result: Any, host: str | None) -> Rewritten | Answered:
    if isinstance(result, dict) and isinstance(result.get("uri"), str) and result["uri"].startswith("/"):
        headers = {name: _joined(entry) for name, entry in result.get("headers", {}).items()}
        return Rewritten(result["uri"], headers | _cookie_header(result.get("cookies", {})), host)
    if isinstance(result, dict) and isinstance(result.get("statusCode"), int):
        made = [(name, entry["value"]) for name, entry in result.get("headers", {}).items()]
        body = result.get("body", "")
        return Answered(result["statusCode"], made, (body if isinstance(body, str) else body.get("data", "")).encode())
    raise FunctionFailed("the function returned neither a request nor a response")
