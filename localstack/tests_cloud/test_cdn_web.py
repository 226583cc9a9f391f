"""The web client at the edge over real connections, with a bucket of the test's own."""

from __future__ import annotations

from collections.abc import Iterator

import edge
import pytest
from edge import S3

from cloud.cdn import CdnServer

FOREVER = "public, max-age=31536000, immutable"


def put(s3: S3, key: str, body: bytes, cache_control: str, encoding: str | None = None) -> None:
    s3.objects[f"/client/{key}"] = body
    kind = "text/html; charset=utf-8" if ".html" in key else "text/javascript; charset=utf-8"
    s3.headers[f"/client/{key}"] = {"Content-Type": kind, "Cache-Control": cache_control} | ({"Content-Encoding": encoding} if encoding else {})


@pytest.fixture
def s3() -> Iterator[S3]:
    server = S3()
    for name, body in (("index.html", b"<!doctype html>the root"), ("200.html", b"<!doctype html>any other path")):
        put(server, name, body, "no-cache")
        put(server, f"{name}.br", body[:9], "no-cache", "br")
        put(server, f"{name}.gz", body[:12], "no-cache", "gzip")
    put(server, "_app/immutable/start.A1.js", b"export {}", FOREVER)
    put(server, "_app/immutable/start.A1.js.br", b"br", FOREVER, "br")
    with edge.running(server):
        yield server


@pytest.fixture
def cdn(s3: S3) -> Iterator[CdnServer]:
    server = edge.edge(s3=s3.server_port)
    with edge.running(server):
        yield server


@pytest.mark.parametrize(
    ("path", "body"), [("/", b"the root"), ("/@a.b", b"any other path"), ("/p/1", b"any other path"), ("/photos", b"any other path")]
)
def test_every_path_of_the_client_is_a_document(cdn: CdnServer, path: str, body: bytes) -> None:
    answer, content = edge.ask(cdn.server_port, path)
    assert (answer.status, content) == (200, b"<!doctype html>" + body)
    assert (answer.headers["Content-Type"], answer.headers["Cache-Control"]) == ("text/html; charset=utf-8", "no-cache")
    assert answer.headers["Vary"] == "Accept-Encoding" and "Content-Encoding" not in answer.headers


def test_a_document_comes_as_the_browser_takes_it(cdn: CdnServer) -> None:
    answer, content = edge.ask(cdn.server_port, "/explore", Accept_Encoding="gzip, deflate, br, zstd")
    assert (answer.headers["Content-Encoding"], content) == ("br", b"<!doctype")
    answer, content = edge.ask(cdn.server_port, "/explore", Accept_Encoding="gzip")
    assert (answer.headers["Content-Encoding"], len(content)) == ("gzip", 12)
    head, nothing = edge.ask(cdn.server_port, "/explore", "HEAD", Accept_Encoding="br")
    assert (head.status, head.headers["Content-Length"], head.headers["Content-Encoding"], nothing) == (200, "9", "br", b"")


def test_a_document_is_asked_about_each_time_and_an_asset_once(cdn: CdnServer, s3: S3) -> None:
    for _ in range(3):
        assert edge.ask(cdn.server_port, "/")[0].headers["X-Cache"] == "Miss from cloudfront"
    found = [edge.ask(cdn.server_port, "/_app/immutable/start.A1.js", Accept_Encoding="br")[0] for _ in range(3)]
    assert [answer.headers["X-Cache"].split()[0] for answer in found] == ["Miss", "Hit", "Hit"]
    assert {answer.headers["Cache-Control"] for answer in found} == {FOREVER}
    assert [path for path, _ in s3.requests] == ["/client/index.html"] * 3 + ["/client/_app/immutable/start.A1.js.br"]


def test_a_browser_that_has_the_document_is_told_so(cdn: CdnServer) -> None:
    first, _ = edge.ask(cdn.server_port, "/", Accept_Encoding="br")
    again, content = edge.ask(cdn.server_port, "/", Accept_Encoding="br", If_None_Match=first.headers["ETag"])
    assert (again.status, content, again.headers["ETag"]) == (304, b"", first.headers["ETag"])
    # Another variant is another entity.
    assert edge.ask(cdn.server_port, "/", If_None_Match=first.headers["ETag"])[0].status == 200


@pytest.mark.parametrize("path", ["/_app/immutable/gone.B2.js", "/favicon.ico", "/api.html", "/index.htm"])
def test_a_file_that_is_not_there_is_no_document(cdn: CdnServer, path: str) -> None:
    assert edge.ask(cdn.server_port, path)[0].status == 404


@pytest.mark.parametrize("path", ["/_app/immutable/../../x.js", "/%2e%2e/x.js", "/_app//start.js", "/a%2fb.js", "/.../%00.js"])
def test_a_path_that_is_no_key_is_refused(cdn: CdnServer, s3: S3, path: str) -> None:
    assert edge.ask(cdn.server_port, path)[0].status == 403
    assert s3.requests == []


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_files_are_only_read(cdn: CdnServer, method: str) -> None:
    assert edge.ask(cdn.server_port, "/", method)[0].status == 403


def test_every_answer_has_the_headers_of_the_policy(cdn: CdnServer) -> None:
    policy = edge.policy("*")
    assert edge.policy("/_app/immutable/*") == policy
    for path in ("/", "/p/1", "/_app/immutable/start.A1.js", "/gone.js"):
        answer, _ = edge.ask(cdn.server_port, path)
        assert {name: answer.headers[name] for name in policy} == policy, path
    assert policy["permissions-policy"] == "camera=(self), geolocation=(self), microphone=()"
    assert (policy["cross-origin-opener-policy"], policy["x-content-type-options"]) == ("same-origin", "nosniff")
    assert (policy["referrer-policy"], policy["x-frame-options"]) == ("strict-origin-when-cross-origin", "DENY")


def test_the_policy_allows_what_the_build_says_and_nothing_else() -> None:
    parameters = {"ScriptHashes": "sha256-a=,sha256-b=", "StyleHashes": "sha256-c=", "UploadsUrl": "http://127.0.0.1:4566"}
    said = edge.policy("*", **parameters)["content-security-policy"]
    directives = {part.split()[0]: part.split()[1:] for part in said.split("; ")}
    assert directives == {
        "default-src": ["'none'"],
        "script-src": ["'self'", "'sha256-a='", "'sha256-b='"],
        "style-src": ["'self'", "'sha256-c='"],
        "img-src": ["'self'", "data:", "blob:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'", "http://127.0.0.1:4566"],
        "manifest-src": ["'self'"],
        "worker-src": ["'self'"],
        "form-action": ["'self'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
        "require-trusted-types-for": ["'script'"],
        "trusted-types": ["svelte-trusted-html", "sveltekit-trusted-url", "lambdagram"],
    }


def test_without_a_build_the_policy_names_no_digest_and_over_tls_it_upgrades() -> None:
    said = edge.policy("*", Stage="prod", TrustedTypes="one two")["content-security-policy"]
    assert "script-src 'self'; style-src 'self'; " in said
    assert "connect-src 'self' https://uploads.s3.us-east-1.amazonaws.com; " in said
    assert said.endswith("; trusted-types one two; upgrade-insecure-requests")
