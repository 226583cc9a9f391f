"""The distribution of `template.yaml` over origins of the tests' own."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from samtranslator.yaml_helper import yaml_parse

from cloud import cdn_template
from cloud.cdn import CdnServer, behaviours
from cloud.cdn_function import ViewerRequestFunction

ROOT = Path(__file__).resolve().parents[2]
SECRET = "the secret of the origin"
DOMAIN = "abc.execute-api.us-east-1.amazonaws.com"
LIVE_DOMAIN = "def.execute-api.us-east-1.amazonaws.com"
LIFE = 30

_VALUES = {
    "PhotosBucket": "renditions",
    "WebBucket": "client",
    "UploadsBucket": "uploads",
    "HttpApi": "abc",
    "LiveApi": "def",
    "OriginSecret": "arn:secret",
    "AWS::StackName": "lambdagram",
    "EdgeLifeSeconds": str(LIFE),
}


@cache
def _parsed() -> dict[str, Any]:
    parsed: dict[str, Any] = yaml_parse((ROOT / "template.yaml").read_text(encoding="utf-8"))
    return parsed


def template() -> dict[str, Any]:
    """A copy, which a test may change."""
    return deepcopy(_parsed())


def distribution(changed: dict[str, Any] | None = None, **values: str) -> dict[str, Any]:
    """The distribution, with parameters of the stack."""
    return cdn_template.resolved(changed or _parsed(), _VALUES | values, "us-east-1")


def behaviour(pattern: str, **values: str) -> dict[str, Any]:
    """One behaviour of it."""
    found: dict[str, Any] = next(each for each in distribution(**values)["behaviours"] if each["pattern"] == pattern)
    return found


def function(pattern: str) -> ViewerRequestFunction:
    """The function of a behaviour, as it is deployed."""
    return ViewerRequestFunction(behaviour(pattern)["function"])


def policy(pattern: str, **values: str) -> dict[str, str]:
    """The headers that the policy of a behaviour adds; each of them replaces the origin's."""
    headers = behaviour(pattern, **values)["headers"]
    assert all(replaces for _, _, replaces in headers)
    return {name: value for name, value, _ in headers}


class S3(ThreadingHTTPServer):
    """As much of S3 as a GET of an object is; notes every request it gets."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _S3Handler)
        self.objects: dict[str, bytes] = {}
        # Headers of single objects, beside those that all have.
        self.headers: dict[str, dict[str, str]] = {}
        self.requests: list[tuple[str, str]] = []
        self.statuses: list[int] = []
        self.refuse_with: int | None = None


class _S3Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: S3

    def do_GET(self) -> None:
        self.server.requests.append((self.path, self.headers.get("Authorization", "")))
        body = self.server.objects.get(self.path)
        status = self.server.refuse_with or (200 if body is not None else 404)
        if status == 200 and self.headers.get("If-None-Match") == f'"{len(body or b"")}"':
            status = 304
        payload = body if body is not None and status == 200 else b""
        self.server.statuses.append(status)
        self.send_response(status)
        headers = {
            "Content-Type": "image/webp" if self.path.endswith(".webp") else "image/jpeg",
            "Cache-Control": "public, max-age=86400, immutable",
            "ETag": f'"{len(body or b"")}"',
            "Last-Modified": "Wed, 21 Oct 2026 07:28:00 GMT",
            "x-amz-version-id": "secret-of-the-bucket",
            "Content-Length": str(len(payload)),
        }
        for name, value in (headers | self.server.headers.get(self.path, {})).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(payload)

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def running(server: ThreadingHTTPServer) -> Iterator[int]:
    """Serves until the block ends; the port."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def edge(s3: int = 1, api: int = 1, place: Mapping[str, str] | None = None, clock: Callable[[], float] = time.monotonic, **values: str) -> CdnServer:
    """The distribution over an S3 and APIs on these ports; one that is not given fails."""
    addresses = (f"http://127.0.0.1:{s3}", f"http://127.0.0.1:{api}/base")
    return CdnServer(0, behaviours(distribution(**values), *addresses, SECRET, place or {}, 1024 * 1024, clock))


def ask(port: int, path: str, method: str = "GET", body: str | None = None, **headers: str) -> tuple[http.client.HTTPResponse, bytes]:
    """An answer and its body. http.client sends the path as it stands; a client that tidied it first would test nothing."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer, content
