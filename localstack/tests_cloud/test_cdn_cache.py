"""The CDN's cache by itself."""

import pytest

from cloud.cdn_cache import Cache, Stored, time_to_live


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def stored(size: int = 10, cache_control: str = "max-age=100") -> Stored:
    return Stored(b"x" * size, {"Cache-Control": cache_control})


def test_the_least_recently_used_goes_first_and_the_bound_holds() -> None:
    cache = Cache(30)
    for key in ("/a", "/b", "/c"):
        cache.put(key, stored(), cache.epoch())
    assert cache.get("/a")
    cache.put("/d", stored(), cache.epoch())
    assert cache.get("/b") is None
    assert cache.get("/a") and cache.get("/c") and cache.get("/d")
    assert cache.size_bytes == 30


def test_an_object_larger_than_the_cache_is_not_kept() -> None:
    cache = Cache(30)
    cache.put("/a", stored(31), cache.epoch())
    assert cache.get("/a") is None and cache.size_bytes == 0


def test_replacing_an_object_counts_its_bytes_once() -> None:
    cache = Cache(30)
    cache.put("/a", stored(10), cache.epoch())
    cache.put("/a", stored(20), cache.epoch())
    assert cache.size_bytes == 20


def test_an_object_out_of_date_is_gone_and_age_is_counted() -> None:
    clock = Clock()
    cache = Cache(30, clock)
    cache.put("/a", stored(), cache.epoch())
    clock.now = 99.5
    hit = cache.get("/a")
    assert hit and hit.age_seconds == 99
    clock.now = 100
    assert cache.get("/a") is None and cache.size_bytes == 0


def test_invalidation_by_path_and_by_prefix() -> None:
    cache = Cache(1000)
    for key in ("/photos/large/1/2/0.jpg", "/photos/large/1/2/1.jpg", "/photos/large/1/23/0.jpg", "/photos/small/1/2/0.jpg"):
        cache.put(key, stored(), cache.epoch())
    assert cache.invalidate(["/photos/small/1/2/0.jpg"]) == 1
    assert cache.invalidate(["/photos/*/1/2/0.jpg"]) == 0  # an asterisk inside a path stands for itself
    assert cache.invalidate(["/photos/large/1/2/*"]) == 2
    assert cache.get("/photos/large/1/23/0.jpg")
    assert cache.invalidate(["/*"]) == 1
    assert cache.size_bytes == 0


def test_an_answer_older_than_an_invalidation_is_not_kept() -> None:
    cache = Cache(1000)
    epoch = cache.epoch()
    cache.invalidate(["/a"])
    cache.put("/a", stored(), epoch)
    assert cache.get("/a") is None


@pytest.mark.parametrize(
    ("cache_control", "seconds"),
    [
        ("public, max-age=31536000, immutable", 31536000),
        ("max-age=10, s-maxage=20", 20),
        ("Max-Age=0", 0),
        ("no-store", 0),
        ("private, max-age=10", 0),
        ("", 86400),
        ("max-age=soon", 86400),
    ],
)
def test_time_to_live(cache_control: str, seconds: int) -> None:
    assert time_to_live(cache_control) == seconds
