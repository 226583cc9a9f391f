"""Fills the local cloud with the demo's small world, through the public API and nothing else.

    python -m cloud.demo --api http://127.0.0.1:4566/_aws/execute-api/abc/local --cdn http://127.0.0.1:4580

May be run any number of times. A finished world is recognised by the last photo of all (it is posted when everything else is
there) and left alone, so that nobody's own likes and deletions are undone. An unfinished one is completed: accounts that exist
are logged in to, announcing carries an `Idempotency-Key`, following and liking are idempotent.
"""

import argparse
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from . import demo_world
from .demo_client import Client, Deadline, OutOfTime, Refused, Time
from .demo_pictures import jpeg
from .demo_world import PASSWORD, Photo, World

T = TypeVar("T")
R = TypeVar("R")


class SeedingFailed(Exception):
    """The world could not be completed."""


@dataclass(frozen=True)
class Account:
    """Somebody's session."""

    user_id: str
    token: str


class Seeder:
    """One run."""

    def __init__(self, world: World, client: Client, deadline: Deadline, clock: Time, say: Callable[[str], None], workers: int = 8) -> None:
        self._world = world
        self._client = client
        self._deadline = deadline
        self._clock = clock
        self._say = say
        self._workers = workers

    def run(self, cdn: str | None) -> bool:
        """Completes the world; says whether there was anything to do."""
        if self._is_finished():
            self._say("demo: already there")
            return False
        world = self._world
        accounts = self._each("people", range(len(world.people)), self._account)
        self._each("profiles", range(len(accounts)), lambda who: self._introduce(accounts[who], who))
        self._each("follows", world.follows, lambda edge: self._follow(accounts, *edge))
        ids = self._each("photos", world.photos[:-1], lambda photo: self._post(accounts[photo.author], photo))
        shown = self._each("ready", range(len(ids)), lambda number: self._wait_until_ready(accounts[world.photos[number].author], ids[number]))
        self._check_delivery(shown[0], cdn)
        self._each("likes", world.likes, lambda like: self._client.call("POST", f"/photos/{ids[like[1]]}/like", accounts[like[0]].token))
        desk = accounts[world.desk]
        self._wait_until_ready(desk, self._post(desk, world.last))
        self._wait_until("the counters", lambda: self._photo_count(desk.token) >= 1)
        return True

    def _is_finished(self) -> bool:
        desk = self._world.people[self._world.desk]
        try:
            session = self._client.call("POST", "/auth/login", body={"login": desk.username, "password": PASSWORD})
        except Refused as refused:
            if refused.status == 401:
                return False
            raise
        return self._photo_count(session["access_token"]) >= 1

    def _photo_count(self, token: str) -> int:
        return int(self._client.call("GET", "/users/me", token)["photo_count"])

    def _account(self, who: int) -> Account:
        person = self._world.people[who]
        wanted = {"username": person.username, "email": person.email, "password": PASSWORD, "full_name": person.full_name}
        try:
            session = self._client.call("POST", "/auth/register", body=wanted)
        except Refused as refused:
            if refused.status != 409:
                raise
            session = self._log_in(person.username)
        return Account(session["user_id"], session["access_token"])

    def _log_in(self, username: str) -> Any:
        try:
            return self._client.call("POST", "/auth/login", body={"login": username, "password": PASSWORD})
        except Refused as refused:
            raise SeedingFailed(f"the name {username} belongs to somebody who is not of the demo (`make reset` starts anew)") from refused

    def _introduce(self, account: Account, who: int) -> None:
        self._client.call("PATCH", "/users/me", account.token, {"bio": self._world.people[who].bio})

    def _follow(self, accounts: list[Account], who: int, whom: int) -> None:
        self._client.call("POST", f"/users/{accounts[whom].user_id}/follow", accounts[who].token)

    def _post(self, account: Account, photo: Photo) -> str:
        files = [jpeg(medium) for medium in photo.media]
        announced = {
            "caption": photo.caption,
            "location": photo.location,
            "tags": list(photo.tags),
            "media": [{"content_type": "image/jpeg", "size": len(file), "alt": medium.alt} for medium, file in zip(photo.media, files, strict=True)],
        }
        created = self._client.call("POST", "/photos", account.token, announced, key=f"demo-photo-{photo.number}")
        for upload, file in zip(created["uploads"], files, strict=True):
            self._client.upload(upload["url"], upload["fields"], file)
        return str(created["photo_id"])

    def _wait_until_ready(self, account: Account, photo_id: str) -> Any:
        found: dict[str, Any] = {}

        def ready() -> bool:
            found.update(self._client.call("GET", f"/photos/{photo_id}", account.token))
            if found["status"] == "failed":
                raise SeedingFailed(f"photo {photo_id} failed: {found.get('failure', {}).get('code')}")
            return bool(found["status"] == "ready")

        self._wait_until(f"photo {photo_id}", ready)
        return found

    def _check_delivery(self, photo: Any, cdn: str | None) -> None:
        """Fetches a photo as a follower's app would: every address must be fetchable as it stands, in both formats."""
        url = photo["media"][0]["urls"]["large"]
        if cdn and not url.startswith(cdn.rstrip("/") + "/"):
            raise SeedingFailed(f"renditions are said to be at {url}, not under {cdn}")
        for accept, expected in (("image/jpeg", "image/jpeg"), ("image/webp", "image/webp")):
            received = self._client.get(url, accept).headers.get("Content-Type")
            if received != expected:
                raise SeedingFailed(f"{url} came as {received}, wanted as {expected}")

    def _wait_until(self, what: str, condition: Callable[[], bool]) -> None:
        wait = 0.1
        while not condition():
            self._deadline.pause(wait, f"{what} not in time")
            wait = min(wait * 1.6, 1.5)

    def _each(self, what: str, things: Iterable[T], do: Callable[[T], R]) -> list[R]:
        """Does something to each, several at once; the first failure ends the run."""
        started = self._clock.now()
        with ThreadPoolExecutor(self._workers) as pool:
            try:
                done = list(pool.map(do, things))
            except BaseException:
                pool.shutdown(wait=True, cancel_futures=True)
                raise
        self._say(f"demo: {what:<9} {len(done):>4}  {self._clock.now() - started:5.1f} s")
        return done


def accounts_to_show(world: World) -> str:
    """The accounts to try the local cloud with."""
    return "\n".join(f"demo: log in as {person.username} with password {PASSWORD}" for person in world.guides)


def main(arguments: list[str] | None = None) -> int:
    """Seeds, and says how long each step took."""
    parser = argparse.ArgumentParser(prog="python -m cloud.demo", description="Fills a lambdagram with the demo's people and photos.")
    parser.add_argument("--api", required=True, help="base URL of the API, without /api/v1")
    parser.add_argument("--cdn", help="base URL of the renditions; checked against what the API says")
    parser.add_argument("--timeout", type=float, default=300, help="seconds after which to give up")
    parser.add_argument("--workers", type=int, default=8, help="requests under way at once")
    options = parser.parse_args(arguments)
    clock = Time()
    deadline = Deadline(options.timeout, clock)
    world = demo_world.build()
    started = clock.now()
    client = Client(options.api, deadline, options.workers)
    try:
        changed = Seeder(world, client, deadline, clock, lambda line: print(line, flush=True), options.workers).run(options.cdn)
    except (Refused, OutOfTime, SeedingFailed) as error:
        print(f"demo: not complete: {error}", file=sys.stderr)
        return 1
    if changed:
        print(f"demo: {len(world.people)} people, {len(world.photos)} photos in {clock.now() - started:.1f} s")
    print(accounts_to_show(world))
    return 0


if __name__ == "__main__":
    sys.exit(main())
