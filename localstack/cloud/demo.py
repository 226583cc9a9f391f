"""Fills the local cloud with the demo's small world, through the public API and nothing else.

Addresses are proved by the mails that the local cloud keeps, so that they log in.

The first photos are posted as soon as those who follow their authors are there, so that there is something to look at; the rest
follows. Seeding may be interrupted and run again any number of times. A finished world is recognised by the last photo of all (it
is posted when everything else is there) and left alone, so that nobody's own likes and deletions are undone. An unfinished one
is completed: accounts that exist are logged in to, what they posted and said is not posted again, following and liking are idempotent.
"""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeVar

from . import demo_world
from .demo_client import Client, Deadline, OutOfTime, Refused, Time
from .demo_pictures import jpeg
from .demo_world import PASSWORD, Comment, Photo, World
from .progress import Show, silent

T = TypeVar("T")
R = TypeVar("R")

# The token in the newest mail to an address; nothing while there is none.
Mailbox = Callable[[str], str | None]

# Seconds after which seeding gives up, and requests under way at once.
_PATIENCE = 900.0
_WORKERS = 8


class SeedingFailed(Exception):
    """The world could not be completed."""


@dataclass(frozen=True)
class Account:
    """Somebody's session, and the ids of the photos that they have, by caption."""

    user_id: str
    token: str
    photos: dict[str, str] = field(default_factory=dict)
    is_new: bool = False


class Seeder:
    """One run; `show` is told how far it is."""

    def __init__(
        self,
        world: World,
        client: Client,
        deadline: Deadline,
        show: Show = silent,
        workers: int = _WORKERS,
        mailbox: Mailbox | None = None,
    ) -> None:
        self._world = world
        self._mailbox = mailbox
        self._client = client
        self._deadline = deadline
        self._show = show
        self._workers = workers
        self._done = 0
        between = len(world.follows) + len(world.bells) + len(world.likes) + len(world.comments)
        self._total = (2 if mailbox is None else 3) * len(world.people) + len(world.photos) + between

    def run(self, cdn: str, opened: Callable[[], None]) -> None:
        """Completes the world. Calls `opened` when the first photos are in a feed, or at once if the world is finished."""
        if self._is_finished():
            opened()
            return
        world = self._world
        accounts = self._each("people", range(len(world.people)), self._account)
        self._each("follows", world.follows, lambda edge: self._follow(accounts, *edge))
        self._each("bells", world.bells, lambda edge: self._ring(accounts, *edge))
        opening = world.opening
        ids = self._publish(accounts, opening)
        reader = accounts[world.people.index(world.guides[1])]
        self._check_delivery(reader, ids[opening[0].number], cdn)
        self._wait_until("the first photos in a feed", lambda: self._feed(reader).issuperset(ids.values()))
        opened()
        self._each("profiles", range(len(accounts)), lambda who: self._introduce(accounts[who], who))
        if self._mailbox is not None:
            self._prove_all(accounts, self._mailbox)
        ids |= self._publish(accounts, [photo for photo in world.photos[:-1] if photo.number not in ids])
        self._each("likes", world.likes, lambda like: self._client.call("POST", f"/photos/{ids[like[1]]}/like", accounts[like[0]].token))
        self._each("comments", world.comments, lambda comment: self._say(accounts, ids[comment.photo], comment))
        for who, account in enumerate(accounts):
            self._check_pictures(account, who)
        self._publish(accounts, [world.last])
        self._wait_until("the counters", lambda: self._photo_count(accounts[world.desk].token) >= 1)

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
            return Account(session["user_id"], session["access_token"], self._photos_of(session))
        return Account(session["user_id"], session["access_token"], is_new=True)

    def _log_in(self, username: str) -> Any:
        try:
            return self._client.call("POST", "/auth/login", body={"login": username, "password": PASSWORD})
        except Refused as refused:
            raise SeedingFailed(f"the name {username} belongs to somebody who is not of the demo (`make reset` starts anew)") from refused

    def _introduce(self, account: Account, who: int) -> None:
        self._client.call("PATCH", "/users/me", account.token, {"bio": self._world.people[who].bio})
        medium = demo_world.profile_picture(who)
        # One that is waited for may be of an interrupted run, which did not upload it. The next upload counts.
        if medium and self._picture_status(account) != "ready":
            file = jpeg(medium)
            created = self._client.call("POST", "/users/me/picture", account.token, {"content_type": "image/jpeg", "size": len(file)})
            self._client.upload(created["upload"]["url"], created["upload"]["fields"], file)

    def _picture_status(self, account: Account) -> str:
        return str(self._client.call("GET", "/users/me", account.token)["picture"]["status"])

    def _check_pictures(self, account: Account, who: int) -> None:
        def ready() -> bool:
            status = self._picture_status(account)
            if status == "failed":
                raise SeedingFailed(f"the profile picture of {self._world.people[who].username} failed")
            return status == "ready"

        if demo_world.profile_picture(who):
            self._wait_until(f"the profile picture of {self._world.people[who].username}", ready)

    def _prove_all(self, accounts: list[Account], mailbox: Mailbox) -> None:
        self._each("addresses", range(len(accounts)), lambda who: self._prove(accounts[who], self._world.people[who].email, mailbox))

    def _prove(self, account: Account, address: str, mailbox: Mailbox) -> None:
        """Proves an address by the mail that its account got. Mails are forgotten when the cloud is stopped: then it gets another one."""
        if self._client.call("GET", "/users/me", account.token).get("email_verified"):
            return
        if not account.is_new and mailbox(address) is None:
            self._client.call("POST", "/users/me/email/proof", account.token)
        self._wait_until(f"the mail to {address}", lambda: mailbox(address) is not None)
        self._client.call("POST", "/auth/email", body={"token": mailbox(address)})

    def _follow(self, accounts: list[Account], who: int, whom: int) -> None:
        self._client.call("POST", f"/users/{accounts[whom].user_id}/follow", accounts[who].token)

    def _ring(self, accounts: list[Account], who: int, whom: int) -> None:
        self._client.call("POST", f"/users/{accounts[whom].user_id}/bell", accounts[who].token)

    def _photos_of(self, session: Any) -> dict[str, str]:
        """Ids of somebody's photos by caption."""
        found: dict[str, str] = {}
        more = "?count=50"
        while more:
            page = self._client.call("GET", f"/users/{session['user_id']}/photos{more}", session["access_token"])
            found |= {photo["caption"]: photo["photo_id"] for photo in page["photos"]}
            more = f"?count=50&cursor={page['next_cursor']}" if page.get("next_cursor") else ""
        return found

    def _feed(self, account: Account) -> set[str]:
        """Ids of the newest photos in somebody's feed."""
        return {photo["photo_id"] for photo in self._client.call("GET", "/feed?count=50", account.token)["photos"]}

    def _publish(self, accounts: Sequence[Account], photos: Sequence[Photo]) -> dict[int, str]:
        """Posts photos unless they are there already; when all are ready, their ids by number."""

        def publish(photo: Photo) -> str:
            account = accounts[photo.author]
            posted = account.photos.get(photo.caption) or self._post(account, photo)
            self._wait_until_ready(account, posted)
            return posted

        ids = self._each("photos", photos, publish)
        return {photo.number: posted for photo, posted in zip(photos, ids, strict=True)}

    def _post(self, account: Account, photo: Photo) -> str:
        files = [jpeg(medium) for medium in photo.media]
        wanted = {
            "caption": photo.caption,
            "location": photo.location,
            "tags": list(photo.tags),
            "media": [{"content_type": "image/jpeg", "size": len(file), "alt": medium.alt} for medium, file in zip(photo.media, files, strict=True)],
        }
        created = self._client.call("POST", "/photos", account.token, wanted, key=f"demo-photo-{photo.number}")
        # A photo of an interrupted run may be done by now, and wants no uploads.
        if created["status"] == "processing":
            for upload, file in zip(created["uploads"], files, strict=True):
                self._client.upload(upload["url"], upload["fields"], file)
        return str(created["photo_id"])

    def _say(self, accounts: Sequence[Account], photo_id: str, comment: Comment) -> None:
        """Posts a comment and the author's answer, unless an earlier run did."""
        path, writer, author = f"/photos/{photo_id}/comments", accounts[comment.writer], accounts[self._world.photos[comment.photo].author]
        said = self._said(path, writer, comment.text)
        is_answered = bool(said and comment.answer and self._said(f"{path}/{said}/replies", author, comment.answer))
        if not said:
            created = self._client.call("POST", path, writer.token, {"text": comment.text}, key=f"demo-comment-{comment.number}")
            said = str(created["comment_id"])
        if comment.answer and not is_answered:
            answer = {"text": comment.answer, "reply_to": said}

            # Others find a comment a moment later than its writer does.
            def answered() -> bool:
                try:
                    self._client.call("POST", path, author.token, answer, key=f"demo-answer-{comment.number}")
                except Refused as refused:
                    if refused.code == "comment_not_found":
                        return False
                    raise
                return True

            self._wait_until(f"the comment {said}", answered)

    def _said(self, path: str, writer: Account, text: str) -> str | None:
        """The id of what somebody said in this list. Whoever is new has said nothing."""
        if writer.is_new:
            return None
        found = self._client.call("GET", f"{path}?count=50", writer.token)["comments"]
        return next((one["comment_id"] for one in found if one["user_id"] == writer.user_id and one["text"] == text), None)

    def _wait_until_ready(self, account: Account, photo_id: str) -> None:
        def ready() -> bool:
            found = self._client.call("GET", f"/photos/{photo_id}", account.token)
            if found["status"] == "failed":
                raise SeedingFailed(f"photo {photo_id} failed: {found.get('failure', {}).get('code')}")
            return bool(found["status"] == "ready")

        self._wait_until(f"photo {photo_id}", ready)

    def _check_delivery(self, reader: Account, photo_id: str, cdn: str) -> None:
        """Fetches a photo as a follower's app would: every address must be fetchable as it stands, in both formats."""
        photo = self._client.call("GET", f"/photos/{photo_id}", reader.token)
        url = photo["media"][0]["urls"]["large"]
        if not url.startswith(cdn.rstrip("/") + "/"):
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
        results = []
        with ThreadPoolExecutor(self._workers) as pool:
            try:
                for result in pool.map(do, things):
                    results.append(result)
                    self._done += 1
                    self._show(self._done, self._total, what)
            except BaseException:
                self._deadline.end()
                pool.shutdown(wait=True, cancel_futures=True)
                raise
        return results


def seed(api: str, cdn: str, show: Show, opened: Callable[[], None], mailbox: Mailbox | None) -> str:
    """Completes the demo's world at the API with this base URL, as a `Seeder` does; says what is in it."""
    world = demo_world.build()
    deadline = Deadline(_PATIENCE, Time())
    try:
        Seeder(world, Client(api, deadline, _WORKERS), deadline, show, mailbox=mailbox).run(cdn, opened)
    except (Refused, OutOfTime) as error:
        raise SeedingFailed(str(error)) from error
    return f"{len(world.people)} people, {len(world.photos)} photos"
