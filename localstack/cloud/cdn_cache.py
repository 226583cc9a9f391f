"""The CDN's cache: least recently used out first, bounded in bytes and in time, keyed by the address after the function's rewriting."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Stored:
    """An object of the origin as it is served: its bytes and the headers worth keeping."""

    body: bytes
    headers: Mapping[str, str]

    @property
    def etag(self) -> str:
        """The entity tag with its quotes, or nothing."""
        return self.headers.get("ETag", "")


@dataclass(frozen=True)
class Hit:
    """What a look-up found, how long ago the origin gave or confirmed it, and whether that is recent enough."""

    stored: Stored
    age_seconds: int
    fresh: bool


@dataclass(frozen=True)
class _Entry:
    stored: Stored
    confirmed_at: float
    expires_at: float


@dataclass(frozen=True)
class Life:
    """Seconds that a cache policy lets an answer be kept: at least, where the answer does not say, and at most."""

    least: int
    unsaid: int
    most: int


class Cache:
    """Safe for several threads. An object that is out of date stays, so that the origin can be asked whether it has changed."""

    def __init__(self, capacity_bytes: int, life: Life, clock: Callable[[], float] = time.monotonic) -> None:
        self._capacity = capacity_bytes
        self._life = life
        self._clock = clock
        self._entries: OrderedDict[str, _Entry] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    @property
    def size_bytes(self) -> int:
        """Bytes of all bodies held."""
        return self._bytes

    def get(self, key: str) -> Hit | None:
        """The object under a key, now the most recently used."""
        with self._lock:
            entry = self._entries.get(key)
            if entry is None:
                return None
            self._entries.move_to_end(key)
            now = self._clock()
            return Hit(entry.stored, int(now - entry.confirmed_at), now < entry.expires_at)

    def put(self, key: str, stored: Stored) -> None:
        """Keeps an object that the origin has just given or confirmed, for as long as `Cache-Control` and the policy allow."""
        ttl = time_to_live(stored.headers.get("Cache-Control", ""), self._life)
        with self._lock:
            if key in self._entries:
                self._drop(key)
            if ttl <= 0 or len(stored.body) > self._capacity:
                return
            now = self._clock()
            self._entries[key] = _Entry(stored, now, now + ttl)
            self._bytes += len(stored.body)
            while self._bytes > self._capacity:
                self._drop(next(iter(self._entries)))

    def forget(self, key: str) -> None:
        """Drops what the origin no longer gives."""
        with self._lock:
            if key in self._entries:
                self._drop(key)

    def _drop(self, key: str) -> None:
        self._bytes -= len(self._entries.pop(key).stored.body)


def time_to_live(cache_control: str, life: Life) -> int:
    """Seconds that an answer with this `Cache-Control` is kept."""
    directives = dict(_directive(part) for part in cache_control.split(",") if part.strip())
    if directives.keys() & {"no-store", "no-cache", "private"}:
        return life.least
    for name in ("s-maxage", "max-age"):
        if directives.get(name, "").isdecimal():
            return max(life.least, min(int(directives[name]), life.most))
    return max(life.least, min(life.unsaid, life.most))


def _directive(part: str) -> tuple[str, str]:
    name, _, value = part.strip().lower().partition("=")
    return name, value.strip('"')
