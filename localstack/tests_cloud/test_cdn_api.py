"""The API at the edge over real connections, with an API of the test's own."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import edge
import pytest
from edge import DOMAIN, SECRET

from cloud.cdn_api import Api
from cloud.cdn_function import Rewritten, ViewerRequest


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
        self.send_header("Set-Cookie", "access=1; HttpOnly")
        self.send_header("Set-Cookie", "refresh=2; HttpOnly")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(payload)

    do_GET = do_HEAD = do_POST = do_PATCH = do_DELETE = do_OPTIONS = do_PUT = _answer

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def api() -> Iterator[int]:
    with edge.running(ThreadingHTTPServer(("127.0.0.1", 0), ApiHandler)) as port:
        yield port


@pytest.fixture
def cdn(api: int) -> Iterator[int]:
    with edge.running(edge.edge(api=api)) as port:
        yield port


def asked(port: int, path: str, method: str = "GET", body: str | None = None, **headers: str) -> dict[str, Any]:
    """What the API was asked; a header by its name, with each line that came."""
    said: dict[str, Any] = json.loads(edge.ask(port, path, method, body, **headers)[1])
    lines: dict[str, list[str]] = {}
    for name, value in said["headers"]:
        lines.setdefault(name, []).append(value)
    return said | {"headers": lines}


def test_a_request_reaches_the_api_whole_and_so_does_the_answer(cdn: int) -> None:
    path, body = "/api/v1/photos?count=2&a=%20b", '{"caption": "sea"}'
    answer, _ = edge.ask(cdn, path, "POST", body)
    assert (answer.status, answer.headers["Retry-After"]) == (429, "7")
    reached = asked(cdn, path, "POST", body, Authorization="Bearer t", Accept_Encoding="gzip, br")
    assert (reached["method"], reached["path"], reached["body"]) == ("POST", f"/base/abc{path}", body)
    assert (reached["headers"]["authorization"], reached["headers"]["accept-encoding"]) == (["Bearer t"], ["gzip, br"])
    for method in ("GET", "PATCH", "DELETE", "PUT", "OPTIONS"):
        assert asked(cdn, "/api/v1/x", method)["method"] == method


def test_the_viewers_address_and_the_secret_replace_what_the_viewer_says(cdn: int) -> None:
    headers = asked(cdn, "/api/v1/feed", X_Viewer_Address="203.0.113.9", X_Origin_Secret="guessed")["headers"]
    assert (headers["x-viewer-address"], headers["x-origin-secret"]) == (["127.0.0.1"], [SECRET])


def test_cookies_pass_in_both_directions_each_on_its_own(cdn: int) -> None:
    cookie = "access=a.b=c; refresh=; access=again"
    assert asked(cdn, "/api/v1/feed", Cookie=cookie)["headers"]["cookie"] == ["access=a.b=c; access=again; refresh="]
    answer, _ = edge.ask(cdn, "/api/v1/auth/login", "POST")
    assert answer.headers.get_all("Set-Cookie") == ["access=1; HttpOnly", "refresh=2; HttpOnly"]


def test_a_viewers_place_is_what_the_edge_says_and_nothing_without_it(api: int, cdn: int) -> None:
    claimed = {"CloudFront_Viewer_City": "Rome", "CloudFront_Viewer_Country_Name": "Italy", "CloudFront_Viewer_Latitude": "1"}
    assert not [name for name in asked(cdn, "/api/v1/feed", **claimed)["headers"] if name.startswith("cloudfront")]
    place = {"cloudfront-viewer-city": "Lyon", "cloudfront-viewer-country-name": "France", "cloudfront-viewer-latitude": "45"}
    with edge.running(edge.edge(api=api, place=place)) as port:
        headers = asked(port, "/api/v1/feed", **claimed)["headers"]
    told = {name: value for name, value in headers.items() if name.startswith("cloudfront")}
    assert told == {"cloudfront-viewer-city": ["Lyon"], "cloudfront-viewer-country-name": ["France"]}


def test_an_api_that_is_called_by_another_name_is_forbidden(api: int) -> None:
    forwarded = edge.behaviour("/api/*")["forwarded"]
    origin = Api(f"http://127.0.0.1:{api}", DOMAIN, {}, forwarded, {})
    request = ViewerRequest("GET", "/api/v1/feed", [("Host", "photos.example")])
    named = edge.function("/api/*")(request)
    assert isinstance(named, Rewritten) and named.host == DOMAIN
    assert origin.forward(request, named, b"").status == 429
    assert origin.forward(request, Rewritten("/api/v1/feed", {"host": "photos.example"}), b"").status == 403


def test_answers_have_the_headers_of_the_policy(cdn: int) -> None:
    policy = edge.policy("/api/*")
    answer, _ = edge.ask(cdn, "/api/v1/feed")
    assert {name: answer.headers[name] for name in policy} == policy
    assert policy["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("path", ["/api/../photos/x", "/api/v1/%2e%2e/%2E/x", "/api/v1/./x", "/api/v1/.."])
def test_no_path_leads_out_of_the_api(cdn: int, path: str) -> None:
    assert edge.ask(cdn, path)[0].status == 400


def test_a_body_without_a_length_is_refused(cdn: int) -> None:
    assert edge.ask(cdn, "/api/v1/photos", "POST", Transfer_Encoding="chunked")[0].status == 413


def test_nothing_but_the_api_goes_to_the_api(cdn: int) -> None:
    for path in ("/apiary", "/v1/feed", "/", "/api"):
        # To the bucket, which is not there.
        assert edge.ask(cdn, path)[0].status == 502, path
