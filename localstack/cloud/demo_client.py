"""A client of the public API, as patient as a good app: it waits as long as it is told to, and tries again what may be tried."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import urllib3
from urllib3.exceptions import HTTPError

# Statuses that say "later", not "no".
_LATER = {429, 500, 502, 503, 504}


class Refused(Exception):
    """The API said no. Carries the problem's stable code, never what was sent."""

    def __init__(self, what: str, status: int, code: str) -> None:
        super().__init__(f"{what}: {status} {code}")
        self.status = status
        self.code = code


class OutOfTime(Exception):
    """The deadline passed."""


@dataclass(frozen=True)
class Time:
    """Where time comes from, and how it is waited for."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


class Deadline:
    """A moment by which everything has to be done."""

    def __init__(self, seconds: float, clock: Time) -> None:
        self._clock = clock
        self._end = clock.now() + seconds

    def end(self) -> None:
        """Has nobody wait any longer."""
        self._end = self._clock.now()

    def pause(self, seconds: float, reason: str) -> None:
        """Waits, unless that would be too late."""
        if self._clock.now() + seconds > self._end:
            raise OutOfTime(reason)
        self._clock.sleep(seconds)


@dataclass(frozen=True)
class Answer:
    """Status, headers and body of an answer that is not an error."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


class Client:
    """Safe for several threads; connections are kept."""

    def __init__(self, base: str, deadline: Deadline, connections: int) -> None:
        self._base = base.rstrip("/") + "/api/v1"
        self._deadline = deadline
        self._pool = urllib3.PoolManager(maxsize=connections, block=False, retries=False, timeout=urllib3.Timeout(connect=3, read=35))

    def call(self, method: str, path: str, token: str | None = None, body: Any = None, key: str | None = None) -> Any:
        """Calls the API and gives the JSON of its answer."""
        headers = {"Accept": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        if key:
            headers["Idempotency-Key"] = key
        payload = None
        if body is not None:
            headers["Content-Type"] = "application/json"
            payload = json.dumps(body).encode()
        answer = self._patiently(f"{method} {path}", lambda: self._pool.request(method, self._base + path, body=payload, headers=headers))
        return answer.json() if answer.body else None

    def upload(self, url: str, fields: Mapping[str, str], file: bytes) -> None:
        """Posts a presigned form: the fields first, the file last, as S3 wants it."""
        form: list[tuple[str, str | bytes | tuple[str, str | bytes] | tuple[str, str | bytes, str]]] = [*fields.items()]
        form.append(("file", ("photo.jpg", file, fields.get("Content-Type", "image/jpeg"))))
        self._patiently("upload", lambda: self._pool.request("POST", url, fields=form))

    def get(self, url: str, accept: str) -> Answer:
        """Fetches any address, for example a rendition's."""
        return self._patiently(f"GET {url}", lambda: self._pool.request("GET", url, headers={"Accept": accept}))

    def _patiently(self, what: str, attempt: Callable[[], urllib3.BaseHTTPResponse]) -> Answer:
        wait = 0.2
        while True:
            try:
                response = attempt()
            except HTTPError as error:
                self._deadline.pause(wait, f"{what}: {type(error).__name__}")
            else:
                if response.status < 400:
                    return Answer(response.status, response.headers, response.data)
                refused = Refused(what, response.status, _code(response.data))
                if response.status not in _LATER:
                    raise refused
                self._deadline.pause(max(_retry_after(response.headers.get("Retry-After")), wait), str(refused))
            wait = min(wait * 2, 5.0)


def _code(body: bytes) -> str:
    try:
        problem = json.loads(body)
    except ValueError:
        return "(no problem+json)"
    return str(problem.get("code", "(no code)")) if isinstance(problem, dict) else "(no problem+json)"


def _retry_after(header: str | None) -> float:
    """Seconds to wait: the header is a number of them, or a date."""
    if not header:
        return 0.0
    if header.strip().isdecimal():
        return float(header)
    try:
        return max((parsedate_to_datetime(header) - datetime.now(UTC)).total_seconds(), 0.0)
    except (ValueError, TypeError):
        return 0.0
