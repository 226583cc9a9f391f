"""`cdn/web-page.js` in the engine: which file a path of the web client is."""

import re

import edge
import pytest

from cloud import web_bucket
from cloud.cdn_function import Rewritten, ViewerRequest, ViewerRequestFunction


@pytest.fixture(scope="module", params=["*", "/_app/immutable/*"])
def page(request: pytest.FixtureRequest) -> ViewerRequestFunction:
    """The function of both behaviours of the client."""
    return edge.function(request.param)


def file_of(function: ViewerRequestFunction, path: str, *accepted: str) -> str:
    outcome = function(ViewerRequest("GET", path, [("Accept-Encoding", value) for value in accepted]))
    assert isinstance(outcome, Rewritten)
    return outcome.uri


@pytest.mark.parametrize(
    "path", ["/explore", "/p/123", "/p/123/likes", "/settings/", "/search?q=a.b", "/@anna", "/@a.b", "/@a.b/followers", "/%40a.b", "/api", "//"]
)
def test_a_path_of_the_client_is_its_fallback_document(page: ViewerRequestFunction, path: str) -> None:
    assert file_of(page, path) == "/200.html"


def test_the_root_has_a_document_of_its_own(page: ViewerRequestFunction) -> None:
    assert file_of(page, "/") == file_of(page, "/?from=share") == "/index.html"
    assert file_of(page, "/", "br") == "/index.html.br"


@pytest.mark.parametrize("path", ["/favicon.ico", "/icons/192.png", "/_app/immutable/assets/a.B-1_.woff2", "/robots.tar.zst"])
def test_a_file_stays_as_it_is_whatever_is_accepted(page: ViewerRequestFunction, path: str) -> None:
    assert file_of(page, path, "br, gzip") == path


@pytest.mark.parametrize(
    ("accepted", "suffix"),
    [
        (["gzip, deflate, br, zstd"], ".br"),
        (["GZIP", "BR"], ".br"),
        (["br;q=0.5, gzip;q=0.5"], ".br"),
        (["br;q=0.4, gzip;q=0.5"], ".gz"),
        (["br;q=0, gzip"], ".gz"),
        (["br;q=2, gzip;q=x"], ""),
        (["gzip;q=0"], ""),
        (["*"], ""),
        (["identity"], ""),
        ([], ""),
        ([";;,,=;q="], ""),
    ],
)
def test_a_viewer_gets_the_smallest_variant_it_accepts(page: ViewerRequestFunction, accepted: list[str], suffix: str) -> None:
    assert file_of(page, "/_app/immutable/entry/start.Ab12.js", *accepted) == f"/_app/immutable/entry/start.Ab12.js{suffix}"
    assert file_of(page, "/@anna", *accepted) == f"/200.html{suffix}"


def test_what_is_asked_for_in_variants_is_stored_in_variants() -> None:
    source = (edge.ROOT / "cdn" / "web-page.js").read_text(encoding="utf-8")
    said = re.search(r"var COMPRESSED = /(.*)/;", source)
    assert said and said[1] == web_bucket.COMPRESSED.pattern
