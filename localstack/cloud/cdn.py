"""A small stand-in for CloudFront: one address for the web client, the API and the pictures.

    ORIGIN_SECRET=… python -m cloud.cdn --port 4580 --edge .local/edge.json --s3 http://127.0.0.1:4566 --apis http://127.0.0.1:4566/_aws/execute-api

It serves by the distribution of `template.yaml` (`cdn_template.py`): the same behaviours in the same order, the same functions,
the lives of the cache policies, the headers of the response headers policies, what the origin request policy forwards, and
what the policies of the buckets let a distribution read. Requests to buckets are signed; answers are cached under the rewritten
address and say `X-Cache`; after its life an object is asked about, and what its bucket no longer gives is forgotten. After the handshake of a
WebSocket it copies bytes in both directions. It leaves out TLS, ranges and regional caches.
"""

import argparse
import json
import logging
import os
import re
import signal
import socket
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from email.utils import formatdate
from fnmatch import fnmatchcase
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from .cdn_api import MAX_BODY_BYTES, SILENT_SECONDS, Api
from .cdn_cache import Cache, Hit, Life, Stored
from .cdn_function import Answered, FunctionFailed, Rewritten, ViewerRequest, ViewerRequestFunction
from .cdn_origin import Bucket, NotModified, Origin, OriginFailed
from .cdn_template import matches

LOG = logging.getLogger("cdn")

# The keys that are asked for. Plain characters only, and no empty or dotted segment: what a client further on might unfold
# (`%2e%2e`, `..`) must not lead to another key than the one that the bucket's policy was asked about.
_KEY = re.compile(r"(?:/(?!\.{1,2}(?:/|$))[A-Za-z0-9_.~@+-]+)+")

_DOTTED = re.compile(r"/(?:\.|%2e){1,2}(?:[/?]|$)", re.IGNORECASE)

# The place of every viewer, for tests. Without it nobody has one.
_PLACE = {"cloudfront-viewer-city": "LAMBDAGRAM_VIEWER_CITY", "cloudfront-viewer-country-name": "LAMBDAGRAM_VIEWER_COUNTRY"}

_RESOLVED_ELSEWHERE = "{{resolve:secretsmanager:"


class Files:
    """A bucket as an origin: what its policy lets the distribution read, through a cache."""

    def __init__(self, origin: Origin, readable: Iterable[str], cache: Cache) -> None:
        self._origin = origin
        self._readable = list(readable)
        self._cache = cache

    def may_read(self, address: str) -> bool:
        """Whether the bucket's policy allows the object under a rewritten address."""
        return _KEY.fullmatch(address) is not None and any(fnmatchcase(address[1:], pattern) for pattern in self._readable)

    def find(self, address: str) -> tuple[Hit | None, str]:
        """The object under a rewritten address, and what `X-Cache` says of where it came from."""
        hit = self._cache.get(address)
        if hit is not None and hit.fresh:
            return hit, "Hit"
        try:
            answer = self._origin.fetch(address.lstrip("/"), hit.stored.etag if hit else "")
        except OriginFailed as error:
            # As the service does: an object out of date is better than an error that will pass.
            if hit is None:
                raise
            LOG.error("origin failed, what is cached is served on: %s", error)
            return hit, "RefreshHit"
        if answer is None:
            self._cache.forget(address)
            return None, "Error"
        refreshed = hit is not None and answer is NotModified.STILL
        stored = hit.stored if hit is not None and refreshed else answer
        assert isinstance(stored, Stored), "the origin confirms only what it is asked about"
        self._cache.put(address, stored)
        return Hit(stored, 0, True), "RefreshHit" if refreshed else "Miss"


@dataclass(frozen=True)
class Behaviour:
    """How the paths of a pattern are answered."""

    pattern: str
    methods: frozenset[str]
    function: ViewerRequestFunction
    origin: Files | Api
    # Name, value, and whether it replaces the origin's.
    headers: Sequence[tuple[str, str, bool]]

    def with_policy(self, headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
        """The headers of an answer, with those of the response headers policy."""
        kept = list(headers)
        for name, value, replaces in self.headers:
            present = any(other.lower() == name for other, _ in kept)
            if replaces or not present:
                kept = [(other, said) for other, said in kept if other.lower() != name] + [(name, value)]
        return kept


def behaviours(
    edge: Mapping[str, Any],
    s3: str,
    apis: str,
    secret: str,
    place: Mapping[str, str],
    cache_bytes: int,
    clock: Callable[[], float] = time.monotonic,
) -> list[Behaviour]:
    """The behaviours of a distribution that `cdn_template` has resolved, with origins that answer here.

    Each API answers at its id below `apis`. In the cloud its domain begins with the id.
    """

    files: dict[str, Files] = {}

    def origin(said: Mapping[str, Any]) -> Files | Api:
        there = edge["origins"][said["origin"]]
        if "bucket" in there:
            # Behaviours with the same files and lives of answers are one cache.
            kept = f"{there['bucket']} {said['life']}"
            if kept not in files:
                files[kept] = Files(Bucket(s3, there["bucket"]), there["readable"], Cache(cache_bytes, Life(*said["life"]), clock))
            return files[kept]
        headers = {name: secret if value.startswith(_RESOLVED_ELSEWHERE) else value for name, value in there["headers"].items()}
        return Api(f"{apis}/{there['domain'].partition('.')[0]}", there["domain"], headers, said["forwarded"], place)

    return [
        Behaviour(
            said["pattern"],
            frozenset(said["methods"]),
            ViewerRequestFunction(said["function"]),
            origin(said),
            [(name, value, replaces) for name, value, replaces in said["headers"]],
        )
        for said in edge["behaviours"]
    ]


class Handler(BaseHTTPRequestHandler):
    """One connection of a viewer."""

    protocol_version = "HTTP/1.1"
    server_version, sys_version = "CloudFront", ""
    disable_nagle_algorithm = True
    wbufsize = 64 * 1024  # head and body leave together
    timeout = 60  # of an idle connection
    server: "CdnServer"
    behaviour: Behaviour | None = None

    def _answer(self) -> None:
        self.behaviour = None
        path = self.path.partition("?")[0]
        if not path.startswith("/"):
            self.close_connection = True
            return self._error(400, "Bad request.")
        self.behaviour = behaviour = next(each for each in self.server.behaviours if matches(each.pattern, path))
        if self.command not in behaviour.methods:
            self.close_connection = True  # its body was not read
            return self._error(403, "This method is not allowed here.")
        is_socket = self.headers.get("Upgrade", "").lower() == "websocket" and isinstance(behaviour.origin, Api)
        body = b"" if is_socket else self._body()
        if body is None:
            return None
        request = ViewerRequest(self.command, self.path, list(self.headers.items()), self.client_address[0], uuid.uuid4().hex)
        try:
            outcome = behaviour.function(request)
            if isinstance(outcome, Answered):
                return self._send(outcome.status, outcome.headers, outcome.body, "FunctionGeneratedResponse")
            if isinstance(behaviour.origin, Files):
                return self._serve(behaviour.origin, outcome.uri)
            if is_socket:
                return self._tunnel(behaviour.origin, request, outcome)
            return self._forward(behaviour.origin, request, outcome, body)
        except FunctionFailed as error:
            LOG.error("function failed for %s: %s", behaviour.pattern, error)
            return self._error(503, "The CloudFront function failed.", "FunctionExecutionError")
        except OriginFailed as error:
            LOG.error("origin of %s failed: %s", behaviour.pattern, error)
            return self._error(502, "The origin did not answer.")

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _answer

    def _body(self) -> bytes | None:
        """The body, read; nothing where the request was refused for it."""
        length = self.headers.get("Content-Length", "0")
        if not length.isdecimal() or int(length) > MAX_BODY_BYTES or "Transfer-Encoding" in self.headers:
            self.close_connection = True  # its body was not read
            self._error(413, "The body is too large, or does not say how large it is.")
            return None
        return self.rfile.read(int(length))

    def _forward(self, api: Api, request: ViewerRequest, outcome: Rewritten, body: bytes) -> None:
        if _DOTTED.search(self.path):
            return self._error(400, "Bad request.")
        reply = api.forward(request, outcome, body)
        self._send(reply.status, reply.headers, reply.body, "Error" if reply.status >= 400 else "Miss")

    def _tunnel(self, api: Api, request: ViewerRequest, outcome: Rewritten) -> None:
        """Passes a handshake on. From then on each side gets what the other one sends, until one ends."""
        self.close_connection = True
        with api.connect(request, outcome) as there:
            LOG.info("%s %s socket", self.command, _without_secret(self.path.partition("?")[0]))
            self.connection.settimeout(SILENT_SECONDS)
            # What the viewer has sent already may be in the buffer, so it is read through that.
            outward = threading.Thread(target=_copy, args=(self.rfile.read1, there, self.connection), daemon=True)
            outward.start()
            _copy(there.recv, self.connection, there)
            outward.join()

    def _serve(self, files: Files, address: str) -> None:
        if not files.may_read(address):
            return self._error(403, "The bucket's policy does not allow this.")
        hit, source = files.find(address)
        if hit is None:
            return self._error(404, "There is no such file.")
        headers = list(hit.stored.headers.items())
        if source == "Hit":
            headers.append(("Age", str(hit.age_seconds)))
        if _not_modified(self.headers.get("If-None-Match"), hit.stored):
            return self._send(304, [(name, value) for name, value in headers if name != "Content-Type"], None, source)
        self._send(200, headers, hit.stored.body, source)

    def _error(self, status: int, text: str, source: str = "Error") -> None:
        headers = [("Content-Type", "text/plain; charset=utf-8"), ("Cache-Control", "no-store")]
        self._send(status, headers, text.encode() + b"\n", source)

    def _send(self, status: int, headers: Iterable[tuple[str, str]], body: bytes | None, source: str) -> None:
        self.send_response_only(status)
        self.send_header("Server", self.server_version)
        self.send_header("Date", formatdate(usegmt=True))
        for name, value in self.behaviour.with_policy(headers) if self.behaviour else headers:
            self.send_header(name, value)
        self.send_header("X-Cache", f"{source} from cloudfront")
        if body is not None and status not in (204, 304):
            self.send_header("Content-Length", str(len(body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if body is not None and self.command != "HEAD":
            self.wfile.write(body)
        LOG.info("%s %s %s %s", self.command, _without_secret(self.path.partition("?")[0]), status, source)

    def log_message(self, format: str, *args: object) -> None:
        """The base class's own lines (bad requests, time-outs) go where ours go."""
        LOG.debug(format, *args)


class CdnServer(ThreadingHTTPServer):
    """Serves viewers on the loopback interface, a thread a connection."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int, behaviours: Sequence[Behaviour]) -> None:
        self.behaviours = behaviours
        super().__init__(("127.0.0.1", port), Handler)


def _copy(read: Callable[[int], bytes], to: socket.socket, source: socket.socket) -> None:
    """Sends what can be read until there is no more. Then both connections end, so that the other direction ends too."""
    try:
        while data := read(64 * 1024):
            to.sendall(data)
    except OSError:
        pass  # ended by the other side, or silent for too long
    for connection in (to, source):
        with suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)


def _without_secret(path: str) -> str:
    """A path for the log. Whoever knows a photo's secret may see it."""
    return re.sub(r"[0-9a-f]{32}", "…", path)


def _not_modified(if_none_match: str | None, stored: Stored) -> bool:
    if not if_none_match or not stored.etag:
        return False
    candidates = {candidate.strip().removeprefix("W/") for candidate in if_none_match.split(",")}
    return "*" in candidates or stored.etag.removeprefix("W/") in candidates


def main(arguments: list[str] | None = None) -> int:
    """Serves until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(prog="python -m cloud.cdn", description="A small stand-in for CloudFront.")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--edge", type=Path, required=True, help="the distribution, as cdn_template resolves it")
    parser.add_argument("--s3", required=True, help="URL of the S3 endpoint")
    parser.add_argument("--apis", required=True, help="where the APIs are, each below its id")
    parser.add_argument("--cache-mb", type=int, default=64, help="how much to keep in memory for each behaviour")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    place = {header: os.environ[name] for header, name in _PLACE.items() if os.environ.get(name)}
    try:
        edge = json.loads(options.edge.read_text(encoding="utf-8"))
        # The secret is from the environment, because arguments are for everybody on the machine to see.
        served = behaviours(edge, options.s3, options.apis, os.environ["ORIGIN_SECRET"], place, options.cache_mb * 1024 * 1024)
        server = CdnServer(options.port, served)
    except (OSError, FunctionFailed) as error:
        print(f"cdn: cannot start on port {options.port}: {error}", file=sys.stderr)
        return 1
    for number in (signal.SIGTERM, signal.SIGINT):
        # `shutdown` waits for the serving loop, which is this very thread: ask from another.
        signal.signal(number, lambda *_: threading.Thread(target=server.shutdown, daemon=True).start())
    LOG.info("serving %s on http://127.0.0.1:%s", ", ".join(each.pattern for each in served), server.server_port)
    server.serve_forever()
    server.server_close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
