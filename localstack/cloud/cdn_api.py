"""The CDN's way to an API: every request is passed on as the origin request policy says, with the headers of the origin."""

import socket
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import urllib3

from .cdn_function import Answered, Rewritten, ViewerRequest
from .cdn_origin import OriginFailed

MAX_BODY_BYTES = 10 * 1024 * 1024  # API Gateway's own limit

# What concerns one connection alone, or is said anew for the next one.
_HOP_BY_HOP = {"connection", "content-length", "host", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"}
_SAID_ANEW = _HOP_BY_HOP | {"date", "server"}

# CloudFront sets these and takes none from viewers.
_OF_CLOUDFRONT = "cloudfront-"


# A socket that is silent for longer is ended.
SILENT_SECONDS = 600


class Api:
    """An API as an origin. `domain` is what it is called in the cloud, `url` where it answers here."""

    def __init__(self, url: str, domain: str, headers: Mapping[str, str], forwarded: Mapping[str, Any], place: Mapping[str, str]) -> None:
        self._url = url.rstrip("/")
        self._domain = domain
        self._headers = {name.lower(): value for name, value in headers.items()}
        self._withheld = set(forwarded["except"])
        self._place = {name: value for name, value in place.items() if name in forwarded["cloudfront"]}
        self._pool = urllib3.PoolManager(maxsize=32, retries=False, timeout=urllib3.Timeout(connect=2, read=30))

    def forward(self, request: ViewerRequest, rewritten: Rewritten, body: bytes) -> Answered:
        """The API's answer to what the function made of a request."""
        if self._host(rewritten) != self._domain:
            return Answered(403, [("content-type", "application/json")], b'{"message":"Forbidden"}')
        query = request.uri.partition("?")[2]
        url = self._url + rewritten.uri + (f"?{query}" if query else "")
        headers = self._sent(rewritten)
        try:
            answer = self._pool.request(request.method, url, headers=headers, body=body or None, redirect=False, decode_content=False)
        except urllib3.exceptions.HTTPError as error:
            raise OriginFailed(type(error).__name__) from error
        # Each line of a header by itself: cookies are set on several.
        kept = [(name, value) for name, value in answer.headers.iteritems() if name.lower() not in _SAID_ANEW]
        return Answered(answer.status, kept, answer.data)

    def connect(self, request: ViewerRequest, rewritten: Rewritten) -> socket.socket:
        """A connection to the API on which the handshake of a socket has been passed on, and is not answered yet."""
        if self._host(rewritten) != self._domain:
            raise OriginFailed("it has another name")
        there = urlsplit(self._url)
        query = request.uri.partition("?")[2]
        lines = [f"GET {there.path}{rewritten.uri}{f'?{query}' if query else ''} HTTP/1.1", f"Host: {there.netloc}"]
        lines += ["Connection: Upgrade", "Upgrade: websocket", *(f"{name}: {value}" for name, value in self._sent(rewritten).items())]
        try:
            connection = socket.create_connection((there.hostname or "", there.port or 80), timeout=2)
            connection.settimeout(SILENT_SECONDS)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.sendall("\r\n".join([*lines, "", ""]).encode("latin-1"))
        except OSError as error:
            raise OriginFailed(type(error).__name__) from error
        return connection

    def _host(self, rewritten: Rewritten) -> str:
        """API Gateway answers to its own name alone."""
        return rewritten.host or (self._domain if "host" in self._withheld else rewritten.headers.get("host", ""))

    def _sent(self, rewritten: Rewritten) -> dict[str, str]:
        of_viewer = {
            name: value
            for name, value in rewritten.headers.items()
            if name not in _HOP_BY_HOP | self._withheld and not name.startswith(_OF_CLOUDFRONT)
        }
        return of_viewer | self._place | self._headers
