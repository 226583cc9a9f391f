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

# The engine hands over strings; turning them into objects on its own side is cheaper than building each object from here.
_ENTRY = ";function __run(event) { return JSON.stringify(handler(JSON.parse(event))); }"


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


@dataclass(frozen=True)
class Answered:
    """A whole answer: of the function in place of the origin, or of the origin."""

    status: int
    headers: Mapping[str, str]
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
            result = json.loads(self._entry()(event))
        except (quickjs.JSException, TypeError, ValueError) as error:
            raise FunctionFailed(str(error)) from error
        return _outcome(result)

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
            context.eval(self._source + _ENTRY)
        except quickjs.JSException as error:
            raise FunctionFailed(str(error)) from error
        self._local.context = context
        self._local.run = context.get("__run")


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
            "cookies": {},
        },
    }


def _query_pairs(query: str) -> list[tuple[str, str]]:
    pairs = (part.partition("=") for part in query.split("&") if part)
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


def _outcome(result: Any) -> Rewritten | Answered:
    if isinstance(result, dict) and isinstance(result.get("uri"), str) and result["uri"].startswith("/"):
        return Rewritten(result["uri"], {name: _joined(entry) for name, entry in result.get("headers", {}).items()})
    if isinstance(result, dict) and isinstance(result.get("statusCode"), int):
        headers = {name: entry["value"] for name, entry in result.get("headers", {}).items()}
        body = result.get("body", "")
        return Answered(result["statusCode"], headers, (body if isinstance(body, str) else body.get("data", "")).encode())
    raise FunctionFailed("the function returned neither a request nor a response")
