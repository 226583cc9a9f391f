"""The CDN's cache by itself."""

import pytest

from cloud.cdn_cache import Cache, Life, Stored, time_to_live

MINUTE = Life(0, 60, 60)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def stored(size: int = 10, cache_control: str = "max-age=100") -> Stored:
    return Stored(b"x" * size, {"Cache-Control": cache_control})


def test_the_least_recently_used_goes_first_and_the_bound_holds() -> None:
    cache = Cache(30, MINUTE)
    for key in ("/a", "/b", "/c"):
        cache.put(key, stored())
    assert cache.get("/a")
    cache.put("/d", stored())
    assert cache.get("/b") is None
    assert cache.get("/a") and cache.get("/c") and cache.get("/d")
    assert cache.size_bytes == 30


def test_an_object_larger_than_the_cache_is_not_kept() -> None:
    cache = Cache(30, MINUTE)
    cache.put("/a", stored(31))
    assert cache.get("/a") is None and cache.size_bytes == 0


def test_replacing_an_object_counts_its_bytes_once() -> None:
    cache = Cache(30, MINUTE)
    cache.put("/a", stored(10))
    cache.put("/a", stored(20))
    assert cache.size_bytes == 20


def test_an_object_out_of_date_stays_to_be_asked_about_and_age_is_counted() -> None:
    clock = Clock()
    cache = Cache(30, MINUTE, clock)
    cache.put("/a", stored())
    clock.now = 59.5
    hit = cache.get("/a")
    assert hit and (hit.age_seconds, hit.fresh) == (59, True)
    clock.now = 60
    hit = cache.get("/a")
    assert hit and not hit.fresh
    cache.put("/a", hit.stored)
    hit = cache.get("/a")
    assert hit and (hit.age_seconds, hit.fresh, cache.size_bytes) == (0, True, 10)


def test_what_the_origin_no_longer_gives_is_forgotten() -> None:
    cache = Cache(1000, MINUTE)
    cache.put("/a", stored())
    cache.forget("/a")
    cache.forget("/a")
    assert cache.get("/a") is None and cache.size_bytes == 0
    cache.put("/b", stored())
    cache.put("/b", stored(cache_control="no-store"))
    assert cache.get("/b") is None, "the newest answer counts"


@pytest.mark.parametrize(
    ("cache_control", "seconds"),
    [
        ("public, max-age=31536000, immutable", 60),
        ("max-age=10, s-maxage=20", 20),
        ("Max-Age=1", 2),
        ("no-store", 2),
        ("no-cache", 2),
        ("private, max-age=10", 2),
        ("", 30),
        ("max-age=soon", 30),
    ],
)
def test_time_to_live(cache_control: str, seconds: int) -> None:
    assert time_to_live(cache_control, Life(least=2, unsaid=30, most=60)) == seconds
