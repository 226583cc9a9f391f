"""`cdn/image-format.js` in the engine: which viewers get which key."""

from pathlib import Path

import pytest

from cloud.cdn_function import Answered, FunctionFailed, Rewritten, ViewerRequest, ViewerRequestFunction

CDN = Path(__file__).resolve().parents[2] / "cdn"
# As the template joins them.
SOURCE = "".join((CDN / name).read_text(encoding="utf-8") for name in ("qualities.js", "image-format.js"))
SECRET = "0123456789abcdef0123456789abcdef"
JPEG, WEBP = f"/photos/large/{SECRET}/0.jpg", f"/photos/large/{SECRET}/0.webp"


@pytest.fixture(scope="module")
def function() -> ViewerRequestFunction:
    return ViewerRequestFunction(SOURCE)


def uri_for(function: ViewerRequestFunction, *accept: str, uri: str = JPEG) -> str:
    outcome = function(ViewerRequest("GET", uri, [("Host", "localhost"), *(("Accept", value) for value in accept)]))
    assert isinstance(outcome, Rewritten)
    return outcome.uri


@pytest.mark.parametrize(
    "accept",
    [
        "image/webp",
        "IMAGE/WebP",
        "image/webp;q=0.001",
        "image/png, image/webp ; q=0.9 , image/jpeg;q=0.8",
        "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8",
        "image/avif,image/webp,image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5",
        "image/webp,*/*",
    ],
)
def test_a_viewer_that_names_webp_gets_it(function: ViewerRequestFunction, accept: str) -> None:
    assert uri_for(function, accept) == WEBP


@pytest.mark.parametrize(
    "accept",
    [
        "",
        "*/*",
        "image/*",
        "image/jpeg",
        "image/webp;q=0",
        "image/webp;q=0.000, */*",
        "image/webp;q=0.5, image/jpeg",
        "image/webp;q=0.5, image/*;q=0.6",
        "image/webp;q=much",
        "image/webp;q=2",
        "image/webpx, x/image/webp",
        ";;,,=;q=",
    ],
)
def test_everyone_else_gets_jpeg(function: ViewerRequestFunction, accept: str) -> None:
    assert uri_for(function, accept) == JPEG


@pytest.mark.parametrize("size", ["large", "medium", "small"])
def test_a_profile_picture_has_two_formats_too(function: ViewerRequestFunction, size: str) -> None:
    address = f"/photos/profile/{size}/1184467440737095516"
    assert uri_for(function, "image/webp", uri=f"{address}.jpg") == f"{address}.webp"
    assert uri_for(function, "image/jpeg", uri=f"{address}.jpg") == f"{address}.jpg"


def test_no_accept_header_means_jpeg(function: ViewerRequestFunction) -> None:
    assert uri_for(function) == JPEG


def test_a_header_on_two_lines_is_one_list(function: ViewerRequestFunction) -> None:
    assert uri_for(function, "image/png", "image/webp") == WEBP


@pytest.mark.parametrize(
    "uri",
    [
        f"/photos/large/{SECRET}/0.webp",
        "/photos/original/1/2/0",
        f"/photos/original/{SECRET}/0.jpg",
        f"/photos/huge/{SECRET}/0.jpg",
        "/photos/large/1/2/0.jpg",
        f"/photos/large/{SECRET[1:]}/0.jpg",
        f"/photos/large/{SECRET.upper()}/0.jpg",
        "/photos/large/0.jpg",
        "/photos/profile/huge/7.jpg",
        "/photos/profile/small/7/0.jpg",
        f"/photos/profile/small/{SECRET}.jpg",
        "/photos/profile/7.jpg",
        "/other.jpg",
    ],
)
def test_other_addresses_stay_as_they_are(function: ViewerRequestFunction, uri: str) -> None:
    assert uri_for(function, "image/webp", uri=uri) == uri


@pytest.mark.parametrize("size", ["large", "medium", "small"])
def test_every_size_is_rewritten(function: ViewerRequestFunction, size: str) -> None:
    assert uri_for(function, "image/webp", uri=f"/photos/{size}/{SECRET}/9.jpg?ignored=1") == f"/photos/{size}/{SECRET}/9.webp"


@pytest.mark.parametrize("file", sorted(CDN.glob("*.js")), ids=lambda file: file.name)
def test_the_sources_keep_to_what_the_service_runs(file: Path) -> None:
    source = file.read_text(encoding="utf-8").removeprefix("import cf from 'cloudfront';\n")
    assert len(source.encode()) <= 10 * 1024
    for beyond in ("import ", "require(", "=> {", "for (const", "class ", "fetch(", "setTimeout"):
        assert beyond not in source


def test_a_function_names_the_host_for_one_request_alone() -> None:
    source = """import cf from 'cloudfront';
    function handler(e) {
        if (e.request.uri === '/named') { cf.updateRequestOrigin({hostHeader: 'api.example'}); }
        return e.request;
    }"""
    function = ViewerRequestFunction(source)
    hosts = [outcome.host for outcome in (function(ViewerRequest("GET", uri, [])) for uri in ("/named", "/")) if isinstance(outcome, Rewritten)]
    assert hosts == ["api.example", None]


def test_a_change_of_the_origin_that_is_not_made_here_is_refused() -> None:
    source = "import cf from 'cloudfront';function handler(e) { cf.updateRequestOrigin({domainName: 'x'}); return e.request; }"
    with pytest.raises(FunctionFailed, match="unknown property"):
        ViewerRequestFunction(source)(ViewerRequest("GET", "/", []))


def test_cookies_are_apart_from_headers_and_can_be_changed() -> None:
    source = """function handler(e) {
        if (e.request.headers.cookie) { throw new Error('a header'); }
        e.request.cookies.b.value += '!';
        delete e.request.cookies.c;
        return e.request;
    }"""
    outcome = ViewerRequestFunction(source)(ViewerRequest("GET", "/", [("Cookie", "a=1; b=2"), ("cookie", "c=3")]))
    assert isinstance(outcome, Rewritten) and outcome.headers["cookie"] == "a=1; b=2!"


def test_a_response_made_by_the_function_is_an_answer() -> None:
    function = ViewerRequestFunction("function handler(e) { return {statusCode: 302, headers: {location: {value: '/x'}}}; }")
    assert function(ViewerRequest("GET", "/", [])) == Answered(302, [("location", "/x")], b"")


@pytest.mark.parametrize(
    "source",
    [
        "function handler(e) { throw new Error('no'); }",
        "function handler(e) { for (;;) {} }",
        "function handler(e) { var a = []; for (;;) { a.push(new Array(1000).join('x')); } }",
        "function handler(e) { return undefined; }",
        "function handler(e) { return {uri: 'no-slash'}; }",
        "function other(e) { return e.request; }",
    ],
)
def test_a_function_that_fails_says_so(source: str) -> None:
    function = ViewerRequestFunction(source)
    with pytest.raises(FunctionFailed):
        function(ViewerRequest("GET", JPEG, []))


@pytest.mark.parametrize("source", ["function handler( {", "// " + "x" * 11_000])
def test_a_source_that_cannot_be_loaded_is_refused_at_once(source: str) -> None:
    with pytest.raises(FunctionFailed):
        ViewerRequestFunction(source)
