"""The CDN's cache: least recently used out first, bounded in bytes, keyed by the address after the function's rewriting."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

DEFAULT_TTL_SECONDS = 24 * 60 * 60  # CloudFront's DefaultTTL, for objects that do not say


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
    """What a look-up found, and how long it has been here."""

    stored: Stored
    age_seconds: int


@dataclass(frozen=True)
class _Entry:
    stored: Stored
    stored_at: float
    expires_at: float


class Cache:
    """Safe for several threads."""

    def __init__(self, capacity_bytes: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._capacity = capacity_bytes
        self._clock = clock
        self._entries: OrderedDict[str, _Entry] = OrderedDict()
        self._bytes = 0
        self._epoch = 0
        self._lock = threading.Lock()

    @property
    def size_bytes(self) -> int:
        """Bytes of all bodies held."""
        return self._bytes

    def epoch(self) -> int:
        """Changes with every invalidation: take it before asking the origin, and hand it to `put` with the answer."""
        return self._epoch

    def get(self, key: str) -> Hit | None:
        """The object under a key, now the most recently used, unless it is not here or out of date."""
        with self._lock:
            entry = self._entries.get(key)
            if entry is None:
                return None
            now = self._clock()
            if now >= entry.expires_at:
                self._drop(key)
                return None
            self._entries.move_to_end(key)
            return Hit(entry.stored, int(now - entry.stored_at))

    def put(self, key: str, stored: Stored, epoch: int) -> None:
        """Keeps an object for as long as its `Cache-Control` allows.

        An answer asked for before an invalidation and arriving after it may be the very thing that was to be forgotten: it is
        not kept.
        """
        ttl = time_to_live(stored.headers.get("Cache-Control", ""))
        with self._lock:
            if epoch != self._epoch or ttl <= 0 or len(stored.body) > self._capacity:
                return
            if key in self._entries:
                self._drop(key)
            now = self._clock()
            self._entries[key] = _Entry(stored, now, now + ttl)
            self._bytes += len(stored.body)
            while self._bytes > self._capacity:
                self._drop(next(iter(self._entries)))

    def invalidate(self, patterns: Sequence[str]) -> int:
        """Forgets every key that one of the paths names (`*` at the end of a path stands for anything); says how many."""
        with self._lock:
            self._epoch += 1
            doomed = [key for key in self._entries if any(_matches(pattern, key) for pattern in patterns)]
            for key in doomed:
                self._drop(key)
            return len(doomed)

    def _drop(self, key: str) -> None:
        self._bytes -= len(self._entries.pop(key).stored.body)


def time_to_live(cache_control: str) -> int:
    """Seconds a shared cache may keep an answer with this `Cache-Control`."""
    directives = dict(_directive(part) for part in cache_control.split(",") if part.strip())
    if directives.keys() & {"no-store", "no-cache", "private"}:
        return 0
    for name in ("s-maxage", "max-age"):
        if directives.get(name, "").isdecimal():
            return int(directives[name])
    return DEFAULT_TTL_SECONDS


def _directive(part: str) -> tuple[str, str]:
    name, _, value = part.strip().lower().partition("=")
    return name, value.strip('"')


def _matches(pattern: str, key: str) -> bool:
    # Only a trailing asterisk is a wildcard at CloudFront; elsewhere it stands for itself.
    if pattern.endswith("*"):
        return key.startswith(pattern[:-1])
    return key == pattern
