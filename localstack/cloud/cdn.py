"""A small stand-in for CloudFront, so that the bucket of the local cloud stays as private as in the cloud.

    ORIGIN_SECRET=… python -m cloud.cdn --port 4580 --s3 http://127.0.0.1:4566 --bucket photos --function cdn/image-format.js \
        --api http://127.0.0.1:4566/_aws/execute-api/abc/ --api-function cdn/viewer-address.js

What it shares with the distribution of `template.yaml`: below `/api/` everything goes to the API, with the viewer's address and
the secret of the origin; besides, only renditions are served, with GET and HEAD; the address is rewritten
by the same CloudFront Function; requests to the bucket are signed; answers are cached under the rewritten address and say
`X-Cache`; after the life that the cache policy gives them the bucket is asked whether they have changed, and what it no longer
gives is forgotten. What it leaves out: TLS, ranges, compression, regional caches, error caching (a photo is fetchable the moment
it is ready).
"""

import argparse
import logging
import os
import re
import signal
import sys
import threading
import uuid
from collections.abc import Mapping
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from .cdn_api import MAX_BODY_BYTES as MAX_API_BODY_BYTES
from .cdn_api import PREFIX, Api
from .cdn_cache import Cache, Hit, Stored
from .cdn_function import Answered, FunctionFailed, ViewerRequest, ViewerRequestFunction
from .cdn_origin import Bucket, NotModified, Origin, OriginFailed

LOG = logging.getLogger("cdn")
REPOSITORY = Path(__file__).resolve().parents[2]

# What the policy of the bucket lets the distribution read. Plain characters only, and no empty or dotted segment: what a client
# further on might unfold (`%2e%2e`, `..`) must not lead out of the renditions to an original.
_SERVED = re.compile(r"/photos/(?:large|medium|small)/[0-9a-f]{32}/[0-9]+\.(?:jpg|webp)")

# The distribution's response headers policy, less what only means something over TLS.
_POLICY = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Vary": "Accept",
}


class Cdn:
    """Everything the handlers share."""

    def __init__(self, function: ViewerRequestFunction, origin: Origin, cache: Cache, api: Api | None = None) -> None:
        self.function = function
        self.origin = origin
        self.cache = cache
        self.api = api

    def find(self, address: str) -> tuple[Hit | None, str]:
        """The object under a rewritten address, and what `X-Cache` says of where it came from."""
        hit = self.cache.get(address)
        if hit is not None and hit.fresh:
            return hit, "Hit"
        try:
            answer = self.origin.fetch(address.lstrip("/"), hit.stored.etag if hit else "")
        except OriginFailed as error:
            # As the service does: an object out of date is better than an error that will pass.
            if hit is None:
                raise
            LOG.error("origin failed, what is cached is served on: %s", error)
            return hit, "RefreshHit"
        if answer is None:
            self.cache.forget(address)
            return None, "Error"
        refreshed = hit is not None and answer is NotModified.STILL
        stored = hit.stored if hit is not None and refreshed else answer
        assert isinstance(stored, Stored), "the origin confirms only what it is asked about"
        self.cache.put(address, stored)
        return Hit(stored, 0, True), "RefreshHit" if refreshed else "Miss"


class Handler(BaseHTTPRequestHandler):
    """One connection of a viewer."""

    protocol_version = "HTTP/1.1"
    server_version, sys_version = "CloudFront", ""
    disable_nagle_algorithm = True
    wbufsize = 64 * 1024  # head and body leave together
    timeout = 60  # of an idle connection
    server: "CdnServer"

    def do_GET(self) -> None:
        """An answer of the API, or a rendition."""
        if self._forwards():
            return self._forward()
        self._serve()

    def do_HEAD(self) -> None:
        """The headers of what GET answers."""
        if self._forwards():
            return self._forward()
        self._serve()

    def _forwards(self) -> bool:
        return self.server.cdn.api is not None and self.path.startswith(PREFIX)

    def _forward(self) -> None:
        length = self.headers.get("Content-Length", "0")
        if not length.isdecimal() or int(length) > MAX_API_BODY_BYTES or "Transfer-Encoding" in self.headers:
            self.close_connection = True  # its body was not read
            return self._error(413, "The body is too large, or does not say how large it is.")
        body = self.rfile.read(int(length))
        api = self.server.cdn.api
        assert api is not None
        try:
            reply = api.forward(self._viewer_request(), body)
        except FunctionFailed as error:
            LOG.error("function failed for the API: %s", error)
            return self._error(503, "The CloudFront function failed.", "FunctionExecutionError from cloudfront")
        except OriginFailed as error:
            LOG.error("the API failed: %s", error)
            return self._error(502, "The API did not answer.")
        self._send(reply.status, {**reply.headers, "X-Cache": "Miss from cloudfront"}, reply.body)

    def _viewer_request(self) -> ViewerRequest:
        return ViewerRequest(self.command, self.path, list(self.headers.items()), self.client_address[0], uuid.uuid4().hex)

    def _refuse_method(self) -> None:
        if self._forwards():
            return self._forward()
        self.close_connection = True  # its body was not read
        self._error(403, "Only GET and HEAD of renditions are answered here.")

    do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _refuse_method

    def _serve(self) -> None:
        viewer_request = self._viewer_request()
        if not _SERVED.fullmatch(self.path.partition("?")[0]):
            return self._error(403, "No such path is served here.")
        try:
            outcome = self.server.cdn.function(viewer_request)
        except FunctionFailed as error:
            LOG.error("function failed for a rendition: %s", error)
            return self._error(503, "The CloudFront function failed.", "FunctionExecutionError from cloudfront")
        if isinstance(outcome, Answered):
            return self._send(outcome.status, {**outcome.headers, "X-Cache": "FunctionGeneratedResponse from cloudfront"}, outcome.body)
        if not _SERVED.fullmatch(outcome.uri):
            return self._error(403, "No such path is served here.")
        try:
            hit, source = self.server.cdn.find(outcome.uri)
        except OriginFailed as error:
            LOG.error("origin failed: %s", error)
            return self._error(502, "The bucket did not answer.")
        if hit is None:
            return self._error(404, "No such photo.")
        self._send_object(hit, f"{source} from cloudfront")

    def _send_object(self, hit: Hit, x_cache: str) -> None:
        headers = {**hit.stored.headers, **_POLICY, "X-Cache": x_cache}
        if x_cache.startswith("Hit"):
            headers["Age"] = str(hit.age_seconds)
        if _not_modified(self.headers.get("If-None-Match"), hit.stored):
            headers.pop("Content-Type", None)
            return self._send(304, headers, None)
        self._send(200, headers, hit.stored.body)

    def _error(self, status: int, text: str, x_cache: str = "Error from cloudfront") -> None:
        headers = {"Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-store", "X-Cache": x_cache}
        self._send(status, headers, text.encode() + b"\n")

    def _send(self, status: int, headers: Mapping[str, str], body: bytes | None) -> None:
        self.send_response_only(status)
        self.send_header("Server", self.server_version)
        self.send_header("Date", formatdate(usegmt=True))
        for name, value in headers.items():
            self.send_header(name, value)
        if body is not None:
            self.send_header("Content-Length", str(len(body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if body is not None and self.command != "HEAD":
            self.wfile.write(body)
        LOG.info("%s %s %s %s", self.command, _without_secret(self.path.partition("?")[0]), status, headers.get("X-Cache", "-"))

    def log_message(self, format: str, *args: object) -> None:
        """The base class's own lines (bad requests, time-outs) go where ours go."""
        LOG.debug(format, *args)


class CdnServer(ThreadingHTTPServer):
    """Serves viewers on the loopback interface, a thread a connection."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int, cdn: Cdn) -> None:
        self.cdn = cdn
        super().__init__(("127.0.0.1", port), Handler)


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
    parser.add_argument("--s3", required=True, help="URL of the S3 endpoint")
    parser.add_argument("--bucket", required=True, help="the bucket with the renditions")
    parser.add_argument("--function", type=Path, required=True, help="source of the viewer-request function, from the repository's root")
    parser.add_argument("--api", help="base URL of the API, to which everything below /api/ goes")
    parser.add_argument("--api-function", type=Path, help="source of the API's viewer-request function, from the repository's root")
    parser.add_argument("--life", type=int, required=True, help="seconds that a rendition is served without asking the bucket again")
    parser.add_argument("--cache-mb", type=int, default=128, help="how much to keep in memory")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    try:
        function = ViewerRequestFunction((REPOSITORY / options.function).read_text(encoding="utf-8"))
        api = None
        if options.api:
            address = ViewerRequestFunction((REPOSITORY / options.api_function).read_text(encoding="utf-8"))
            # From the environment, because arguments are for everybody on the machine to see.
            api = Api(options.api, address, os.environ["ORIGIN_SECRET"])
        cdn = Cdn(function, Bucket(options.s3, options.bucket), Cache(options.cache_mb * 1024 * 1024, options.life), api)
        server = CdnServer(options.port, cdn)
    except (OSError, FunctionFailed) as error:
        print(f"cdn: cannot start on port {options.port}: {error}", file=sys.stderr)
        return 1
    for number in (signal.SIGTERM, signal.SIGINT):
        # `shutdown` waits for the serving loop, which is this very thread: ask from another.
        signal.signal(number, lambda *_: threading.Thread(target=server.shutdown, daemon=True).start())
    LOG.info("serving %s of bucket %s on http://127.0.0.1:%s", options.function, options.bucket, server.server_port)
    server.serve_forever()
    server.server_close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
