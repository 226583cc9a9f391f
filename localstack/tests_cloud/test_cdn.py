"""Pictures at the edge over real connections, with a bucket of the test's own."""

import threading
from collections.abc import Iterator

import edge
import pytest
import urllib3
from edge import LIFE, S3

from cloud.cdn import CdnServer

SECRET = "0123456789abcdef0123456789abcdef"
ADDRESS = f"/photos/large/{SECRET}/0.jpg"
CACHE_CONTROL = "public, max-age=86400, immutable"


@pytest.fixture
def s3() -> Iterator[S3]:
    server = S3()
    server.objects["/renditions" + ADDRESS] = b"jpeg bytes"
    server.objects["/renditions" + ADDRESS.replace(".jpg", ".webp")] = b"webp"
    server.objects["/renditions/photos/original/12/34/0"] = b"original"
    with edge.running(server):
        yield server


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def cdn(s3: S3, clock: Clock) -> Iterator[CdnServer]:
    server = edge.edge(s3=s3.server_port, clock=clock)
    with edge.running(server):
        yield server


def ask(cdn: CdnServer, path: str = ADDRESS, method: str = "GET", **headers: str) -> urllib3.BaseHTTPResponse:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    connection = urllib3.HTTPConnectionPool("127.0.0.1", cdn.server_port)
    return connection.urlopen(method, path, headers=sent, retries=False)


def test_an_object_comes_from_the_bucket_once_and_keeps_its_headers(cdn: CdnServer, s3: S3) -> None:
    first, second = ask(cdn), ask(cdn)
    assert (first.status, first.data, first.headers["X-Cache"]) == (200, b"jpeg bytes", "Miss from cloudfront")
    assert (second.status, second.data, second.headers["X-Cache"]) == (200, b"jpeg bytes", "Hit from cloudfront")
    assert second.headers["Age"] == "0"
    for answer in (first, second):
        assert answer.headers["Content-Type"] == "image/jpeg"
        assert answer.headers["Cache-Control"] == CACHE_CONTROL
        assert answer.headers["ETag"] == '"10"'
        assert answer.headers["Last-Modified"] == "Wed, 21 Oct 2026 07:28:00 GMT"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
        assert "x-amz-version-id" not in answer.headers
    assert len(s3.requests) == 1


def test_requests_to_the_bucket_are_signed(cdn: CdnServer, s3: S3) -> None:
    ask(cdn)
    path, authorization = s3.requests[0]
    assert path == "/renditions" + ADDRESS
    assert authorization.startswith("AWS4-HMAC-SHA256 Credential=")
    assert "/s3/aws4_request" in authorization


def test_the_cache_holds_two_variants_whatever_the_headers_say(cdn: CdnServer, s3: S3) -> None:
    for accept in ("image/webp", "image/webp,*/*;q=0.8", "image/avif,image/webp", "*/*", "image/*", "image/jpeg", "text/html"):
        answer = ask(cdn, Accept=accept, User_Agent=accept)
        assert answer.headers["Content-Type"] == ("image/webp" if "webp" in accept else "image/jpeg")
        assert answer.headers["Vary"] == "Accept"
    assert sorted(path for path, _ in s3.requests) == ["/renditions" + ADDRESS, "/renditions" + ADDRESS.replace(".jpg", ".webp")]


def test_head_says_what_get_would(cdn: CdnServer) -> None:
    head = ask(cdn, method="HEAD")
    assert (head.status, head.data, head.headers["Content-Length"], head.headers["Content-Type"]) == (200, b"", "10", "image/jpeg")
    assert head.headers["Vary"] == "Accept"


def test_the_headers_are_those_of_the_distributions_policy(cdn: CdnServer, s3: S3) -> None:
    policy = edge.policy("/photos/*")
    assert (policy["vary"], policy["content-security-policy"]) == ("Accept", "default-src 'none'; sandbox")
    s3.refuse_with = None
    found = ask(cdn)
    missing = ask(cdn, path=ADDRESS.replace("0.jpg", "1.jpg"))
    assert (found.status, missing.status) == (200, 404)
    for answer in (found, missing):
        assert {name: answer.headers[name] for name in policy} == policy


def test_a_profile_picture_is_served_and_gone_when_the_bucket_says_so(cdn: CdnServer, s3: S3, clock: Clock) -> None:
    address = "/photos/profile/small/7.jpg"
    assert ask(cdn, address).status == 404
    s3.objects["/renditions/photos/profile/small/7.jpg"] = b"a face"
    s3.objects["/renditions/photos/profile/small/7.webp"] = b"a smaller face"
    assert (ask(cdn, address).data, ask(cdn, address, Accept="image/webp").data) == (b"a face", b"a smaller face")
    s3.objects.clear()
    clock.now = LIFE
    assert ask(cdn, address).status == 404 and ask(cdn, address, Accept="image/webp").status == 404


@pytest.mark.parametrize("known", ['"10"', 'W/"10"', '"1", "10"', "*"])
def test_a_viewer_that_has_the_object_is_told_so(cdn: CdnServer, known: str) -> None:
    answer = ask(cdn, If_None_Match=known)
    assert (answer.status, answer.data, answer.headers["ETag"]) == (304, b"", '"10"')
    assert answer.headers["Vary"] == "Accept"
    assert ask(cdn, If_None_Match='"other"').status == 200


@pytest.mark.parametrize(
    "path",
    [
        "/photos/",
        "/photos/original/12/34/0",
        "/photos/large/../original/12/34/0",
        "/photos/large/%2e%2e/original/12/34/0",
        "/photos/large/..%2foriginal/12/34/0",
        f"/photos/large//{SECRET}/0.jpg",
        f"/photos/large/{SECRET}/",
        "/photos/profile/",
        "/photos/profile/small/",
        "/photos/profile/../original/12/34/0",
    ],
)
def test_nothing_but_renditions_is_served(cdn: CdnServer, s3: S3, path: str) -> None:
    assert edge.ask(cdn.server_port, path)[0].status == 403
    assert s3.requests == []


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_other_methods_are_refused(cdn: CdnServer, method: str) -> None:
    assert ask(cdn, method=method).status == 403


@pytest.mark.parametrize("status", [403, 404])
def test_what_the_bucket_does_not_give_is_not_found_and_not_remembered(cdn: CdnServer, s3: S3, status: int) -> None:
    s3.refuse_with = status
    assert ask(cdn).status == 404
    s3.refuse_with = None
    assert ask(cdn).status == 200


def test_a_bucket_that_fails_is_a_bad_gateway(cdn: CdnServer, s3: S3) -> None:
    s3.refuse_with = 501
    assert ask(cdn).status == 502
    s3.refuse_with = None
    assert ask(cdn).status == 200


def test_an_object_past_its_life_is_asked_about_and_not_fetched_again(cdn: CdnServer, s3: S3, clock: Clock) -> None:
    ask(cdn)
    for turn in range(1, 4):
        clock.now = turn * LIFE - 0.1
        assert ask(cdn).headers["X-Cache"] == "Hit from cloudfront"
        clock.now = turn * LIFE
        answer = ask(cdn)
        assert (answer.status, answer.data, answer.headers["X-Cache"]) == (200, b"jpeg bytes", "RefreshHit from cloudfront")
        assert answer.headers["Cache-Control"] == CACHE_CONTROL
    assert s3.statuses == [200, 304, 304, 304]


def test_a_deleted_object_is_gone_within_its_life_whoever_asks_meanwhile(cdn: CdnServer, s3: S3, clock: Clock) -> None:
    ask(cdn), ask(cdn, Accept="image/webp")
    s3.objects.clear()
    for second in range(LIFE):
        clock.now = second
        assert ask(cdn).status == 200
    clock.now = LIFE
    assert ask(cdn).status == 404 and ask(cdn, Accept="image/webp").status == 404
    asked = len(s3.requests)
    assert ask(cdn).status == 404 and len(s3.requests) == asked + 1, "nothing of it is kept"


def test_a_changed_object_is_fetched_when_the_old_one_is_past_its_life(cdn: CdnServer, s3: S3, clock: Clock) -> None:
    ask(cdn)
    s3.objects["/renditions" + ADDRESS] = b"other bytes"
    clock.now = LIFE
    answer = ask(cdn)
    assert (answer.data, answer.headers["X-Cache"]) == (b"other bytes", "Miss from cloudfront")


def test_while_the_bucket_fails_what_is_cached_is_served(cdn: CdnServer, s3: S3, clock: Clock) -> None:
    ask(cdn)
    s3.refuse_with = 501
    clock.now = LIFE
    assert (ask(cdn).status, ask(cdn).data) == (200, b"jpeg bytes")
    s3.refuse_with = 404
    assert ask(cdn).status == 404


def test_the_log_does_not_name_secrets(cdn: CdnServer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "cdn")
    assert ask(cdn).status == 200
    assert "/photos/large/" in caplog.text and SECRET not in caplog.text


def test_many_viewers_at_once_on_kept_connections(cdn: CdnServer) -> None:
    pool = urllib3.HTTPConnectionPool("127.0.0.1", cdn.server_port, maxsize=8, block=True)
    failures: list[object] = []

    def view() -> None:
        for turn in range(25):
            webp = turn % 2 == 0
            answer = pool.urlopen("GET", ADDRESS, headers={"Accept": "image/webp" if webp else "*/*"})
            if answer.data != (b"webp" if webp else b"jpeg bytes"):
                failures.append((answer.status, answer.data))

    viewers = [threading.Thread(target=view) for _ in range(8)]
    for viewer in viewers:
        viewer.start()
    for viewer in viewers:
        viewer.join()
    assert failures == []
    assert pool.num_connections <= 8
