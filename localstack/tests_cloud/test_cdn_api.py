"""The CDN's way to the API over real connections, with an API of the test's own."""

import http.client
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from cloud.cdn import Cdn, CdnServer
from cloud.cdn_api import Api
from cloud.cdn_cache import Cache
from cloud.cdn_function import ViewerRequestFunction
from cloud.cdn_origin import Bucket

FUNCTIONS = Path(__file__).resolve().parents[2] / "cdn"
SECRET = "the secret of the origin"


def function(name: str) -> ViewerRequestFunction:
    return ViewerRequestFunction((FUNCTIONS / name).read_text(encoding="utf-8"))


class ApiHandler(BaseHTTPRequestHandler):
    """Answers with what it was asked."""

    protocol_version = "HTTP/1.1"

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        asked = {
            "method": self.command,
            "path": self.path,
            "headers": [[name.lower(), value] for name, value in self.headers.items()],
            "body": body.decode(),
        }
        payload = json.dumps(asked).encode()
        self.send_response(429)
        self.send_header("Retry-After", "7")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(payload)

    do_GET = do_HEAD = do_POST = do_PATCH = do_DELETE = do_OPTIONS = do_PUT = _answer

    def log_message(self, format: str, *args: object) -> None:
        pass


def served(server: ThreadingHTTPServer) -> Iterator[int]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def api() -> Iterator[int]:
    yield from served(ThreadingHTTPServer(("127.0.0.1", 0), ApiHandler))


@pytest.fixture
def cdn(api: int) -> Iterator[int]:
    origin = Api(f"http://127.0.0.1:{api}/base/", function("viewer-address.js"), SECRET)
    cdn = Cdn(function("image-format.js"), Bucket(f"http://127.0.0.1:{api}", "renditions"), Cache(1024, 30), origin)
    yield from served(CdnServer(0, cdn))


def ask(port: int, method: str, path: str, body: str | None = None, headers: dict[str, str] | None = None) -> tuple[http.client.HTTPResponse, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request(method, path, body, headers or {})
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    return answer, json.loads(text) if text else None


def test_a_request_reaches_the_api_whole_and_so_does_the_answer(cdn: int) -> None:
    answer, asked = ask(
        cdn, "POST", "/api/v1/photos?count=2&a=%20b", '{"caption": "sea"}', {"Authorization": "Bearer t", "Content-Type": "application/json"}
    )
    assert (answer.status, answer.headers["Retry-After"]) == (429, "7")
    assert (asked["method"], asked["path"], asked["body"]) == ("POST", "/base/api/v1/photos?count=2&a=%20b", '{"caption": "sea"}')
    assert ["authorization", "Bearer t"] in asked["headers"]
    for method in ("GET", "PATCH", "DELETE", "PUT"):
        assert ask(cdn, method, "/api/v1/x")[1]["method"] == method


def test_the_viewers_address_and_the_secret_replace_what_the_viewer_says(cdn: int) -> None:
    _, asked = ask(cdn, "GET", "/api/v1/feed", headers={"X-Viewer-Address": "203.0.113.9", "X-Origin-Secret": "guessed"})
    named = {name: [value for header, value in asked["headers"] if header == name] for name in ("x-viewer-address", "x-origin-secret")}
    assert named == {"x-viewer-address": ["127.0.0.1"], "x-origin-secret": [SECRET]}


def test_nothing_but_the_api_goes_to_the_api(cdn: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", cdn, timeout=10)
    for path in ("/apiary", "/v1/feed", "/"):
        connection.request("GET", path)
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 403, path
