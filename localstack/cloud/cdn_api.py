"""The CDN's way to the API: every request is passed on, with the viewer's address and the secret of the origin."""

import urllib3

from .cdn_function import Answered, ViewerRequest, ViewerRequestFunction
from .cdn_origin import OriginFailed

PREFIX = "/api/"
MAX_BODY_BYTES = 10 * 1024 * 1024  # API Gateway's own limit
SECRET = "x-origin-secret"

# What concerns one connection alone, or is said anew for the next one.
_HOP_BY_HOP = {"connection", "content-length", "host", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"}


class Api:
    """An HTTP API as an origin, behind a viewer-request function of its own; nothing is cached."""

    def __init__(self, url: str, function: ViewerRequestFunction, secret: str) -> None:
        self._url = url.rstrip("/")
        self._function = function
        self._secret = secret
        self._pool = urllib3.PoolManager(maxsize=32, retries=False, timeout=urllib3.Timeout(connect=2, read=30))

    def forward(self, request: ViewerRequest, body: bytes) -> Answered:
        """Passes a request on. The secret replaces what the viewer sent under its name."""
        outcome = self._function(request)
        if isinstance(outcome, Answered):
            return outcome
        headers = {name: value for name, value in outcome.headers.items() if name not in _HOP_BY_HOP} | {SECRET: self._secret}
        query = request.uri.partition("?")[2]
        url = self._url + outcome.uri + (f"?{query}" if query else "")
        try:
            answer = self._pool.request(request.method, url, headers=headers, body=body or None, redirect=False, decode_content=False)
        except urllib3.exceptions.HTTPError as error:
            raise OriginFailed(type(error).__name__) from error
        kept = {name: value for name, value in answer.headers.items() if name.lower() not in _HOP_BY_HOP | {"date", "server"}}
        return Answered(answer.status, kept, answer.data)
