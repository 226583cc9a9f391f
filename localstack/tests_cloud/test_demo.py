"""The seeder against a small API of the test's own: it opens early, completes, resumes, leaves finished worlds alone, is patient."""

import json
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from cloud import demo_world
from cloud.demo import Mailbox, Seeder, SeedingFailed
from cloud.demo_client import Client, Deadline, OutOfTime, Refused, Time
from cloud.demo_world import Comment, World
from cloud.progress import Show, silent


def small_world() -> World:
    """Four people, five photos (one of them with more than one picture), everything that is between them."""
    whole = demo_world.build()
    people = (*whole.people[:3], whole.people[-1])
    album = next(photo for photo in whole.photos if len(photo.media) > 1)
    chosen = (*[photo for photo in whole.photos if photo is not album][:3], album, whole.last)
    photos = tuple(replace(photo, number=number, author=number % 3 if number < 4 else 3) for number, photo in enumerate(chosen))
    comments = (Comment(0, 1, 0, "What a light!", "It was early."), Comment(1, 0, 2, "Lovely", None))
    return World(people, ((0, 1), (1, 2), (3, 0)), photos, ((0, 1), (2, 1), (1, 0)), comments)


class FakeApi(ThreadingHTTPServer):
    """What the seeder needs of the API, the upload bucket and the CDN, in memory."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), FakeApiHandler)
        self.lock = threading.Lock()
        self.users: dict[str, dict[str, Any]] = {}
        self.photos: dict[str, dict[str, Any]] = {}
        self.by_key: dict[str, str] = {}
        self.follows: set[tuple[str, str]] = set()
        self.bells: set[tuple[str, str]] = set()
        self.likes: set[tuple[str, str]] = set()
        # What is said in a list of comments or of replies, and who may find it there by now.
        self.said: dict[str, list[dict[str, str]]] = {}
        self.derived: set[str] = set()
        self.mails: dict[str, str] = {}
        self.proved: set[str] = set()
        self.log: list[str] = []
        self.interrupt_after: int | None = None
        self.feeds_asked = 0
        self.busy: list[tuple[int, str | None]] = []
        self.webp_type = "image/webp"
        self.begun_pictures: set[str] = set()
        self.pictures: dict[str, bytes] = {}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def answer(self, method: str, path: str, user: str, key: str | None, body: bytes) -> tuple[int, Any]:
        if path.startswith("/upload/"):
            return self.accept_upload(path, body)
        sent = json.loads(body) if body else {}
        if path == "/api/v1/auth/register":
            if sent["username"] in self.users:
                return 409, {"code": "username_taken"}
            self.users[sent["username"]] = sent
            self.mails[sent["email"]] = f"first.{sent['username']}"
            return 201, self.session(sent["username"])
        if path == "/api/v1/auth/login":
            known = self.users.get(sent["login"])
            return (200, self.session(sent["login"])) if known and known["password"] == sent["password"] else (401, {"code": "credentials_wrong"})
        if path == "/api/v1/users/me" and method == "PATCH":
            self.users[user].update(sent)
            return 200, {}
        if path == "/api/v1/users/me/email/proof":
            self.mails[self.users[user]["email"]] = f"again.{user}"
            return 202, None
        if path == "/api/v1/auth/email":
            self.proved.add(sent["token"])
            return 204, None
        if path == "/api/v1/users/me":
            return 200, {
                "email_verified": any(token.endswith(f".{user}") for token in self.proved),
                "picture": {"status": self.picture_status(user)},
                "photo_count": sum(photo["author"] == user and photo["ready"] for photo in self.photos.values()),
            }
        if path.startswith("/api/v1/feed"):
            return 200, {"photos": self.feed(user), "next_cursor": None, "has_more": False}
        if page := re.fullmatch(r"/api/v1/users/id-(\w+)/photos\?count=50(?:&cursor=(\d+))?", path):
            return 200, self.page(page[1], int(page[2] or 0))
        if path == "/api/v1/users/me/picture":
            self.begun_pictures.add(user)
            return 201, {"upload": {"url": f"{self.url}/upload/picture/{user}", "fields": {"key": user}}}
        if path == "/api/v1/photos":
            return 201, self.announce(user, key or "", sent)
        if follow := re.fullmatch(r"/api/v1/users/id-(\w+)/follow", path):
            self.follows.add((user, follow[1]))
            return 200, {}
        if bell := re.fullmatch(r"/api/v1/users/id-(\w+)/bell", path):
            if (user, bell[1]) not in self.follows:
                return 409, {"code": "not_following"}
            self.bells.add((user, bell[1]))
            return 200, {"bell": True}
        if like := re.fullmatch(r"/api/v1/photos/(\d+)/like", path):
            self.likes.add((user, like[1]))
            return 200, {}
        if comments := re.fullmatch(r"/api/v1/photos/(\d+)/comments(?:/([\d.]+)/replies)?(?:\?count=50)?", path):
            return self.talk(method, comments[1], comments[2], user, key or "", sent)
        if photo := re.fullmatch(r"/api/v1/photos/(\d+)", path):
            return 200, self.view(photo[1])
        return 404, {"code": "not_found"}

    def talk(self, method: str, photo: str, comment: str | None, user: str, key: str, sent: dict[str, Any]) -> tuple[int, Any]:
        """Comments on a photo, and replies to one. A comment can be replied to a little later than it was written."""
        under = comment or sent.get("reply_to")
        if under and under not in self.derived:
            self.derived.add(under)
            return 404, {"code": "comment_not_found"}
        said = self.said.setdefault(under or photo, [])
        if method == "GET":
            return 200, {"comments": said}
        comment_id = self.by_key.setdefault(f"{user} {key}", f"{under or photo}.{len(said)}")
        if all(one["comment_id"] != comment_id for one in said):
            said.append({"comment_id": comment_id, "user_id": f"id-{user}", "text": sent["text"]})
        return 201, {"comment_id": comment_id}

    def cards(self, authors: set[str]) -> list[dict[str, str]]:
        """The photos of these people that are ready."""
        return [
            {"photo_id": photo_id, "caption": photo["sent"]["caption"]}
            for photo_id, photo in self.photos.items()
            if photo["ready"] and photo["author"] in authors
        ]

    def feed(self, user: str) -> list[dict[str, str]]:
        """A photo reaches feeds a little later than it is ready."""
        self.feeds_asked += 1
        return self.cards({whom for who, whom in self.follows if who == user}) if self.feeds_asked > 1 else []

    def page(self, author: str, start: int) -> dict[str, Any]:
        """Pages of one photo."""
        cards = self.cards({author})
        more = start + 1 < len(cards)
        return {"photos": cards[start : start + 1], "next_cursor": str(start + 1) if more else None, "has_more": more}

    def session(self, name: str) -> dict[str, Any]:
        return {"user_id": f"id-{name}", "username": name, "access_token": name, "refresh_token": "-", "expires_in": 900}

    def announce(self, user: str, key: str, sent: dict[str, Any]) -> dict[str, Any]:
        photo_id = self.by_key.setdefault(f"{user} {key}", str(len(self.photos) + 1))
        photo = self.photos.setdefault(photo_id, {"author": user, "sent": sent, "files": {}, "ready": False, "asked": 0})
        if photo["ready"]:
            return {"photo_id": photo_id, "status": "ready", "uploads": []}
        uploads = [
            {"url": f"{self.url}/upload/{photo_id}/{number}", "fields": {"key": f"{photo_id}/{number}", "policy": "p"}}
            for number in range(len(sent["media"]))
        ]
        return {"photo_id": photo_id, "status": "processing", "uploads": uploads}

    def accept_upload(self, path: str, form: bytes) -> tuple[int, Any]:
        photo_id, index = path.removeprefix("/upload/").split("/")
        names = re.findall(rb'name="(\w+)"', form)
        if photo_id == "picture":
            self.pictures[index] = form
            return 204, None
        assert names[-1] == b"file" and set(names) == {b"key", b"policy", b"file"}
        self.photos[photo_id]["files"][index] = form
        return 204, None

    def picture_status(self, user: str) -> str:
        if user in self.pictures:
            return "ready"
        return "processing" if user in self.begun_pictures else "none"

    def view(self, photo_id: str) -> dict[str, Any]:
        photo = self.photos[photo_id]
        photo["asked"] += 1
        # Ready a little later than asked for the first time, as in life.
        photo["ready"] = photo["asked"] > 1 and len(photo["files"]) == len(photo["sent"]["media"])
        status = "failed" if photo["sent"]["caption"] == "will fail" else "ready" if photo["ready"] else "processing"
        return {"status": status, "failure": {"code": "image_corrupt"}, "media": [{"urls": {"large": f"{self.url}/cdn/photo.jpg"}}]}


class FakeApiHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: FakeApi

    def handle_any(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        api = self.server
        if self.path.startswith("/cdn/"):
            kind = api.webp_type if self.headers["Accept"] == "image/webp" else "image/jpeg"
            return self.reply(200, {}, b"pixels", kind)
        with api.lock:
            if api.busy:
                status, retry_after = api.busy.pop()
                return self.reply(status, {"Retry-After": retry_after} if retry_after else {}, b"{}")
            api.log.append(f"{self.command} {self.path}")
            if api.interrupt_after is not None and len(api.log) > api.interrupt_after:
                return self.reply(418, {}, b'{"code": "interrupted"}')
            user = self.headers.get("Authorization", "").removeprefix("Bearer ")
            status, answer = api.answer(self.command, self.path, user, self.headers.get("Idempotency-Key"), body)
        self.reply(status, {}, b"" if answer is None else json.dumps(answer).encode())

    do_GET = do_POST = do_PATCH = handle_any

    def reply(self, status: int, headers: dict[str, str], body: bytes, kind: str = "application/json") -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Type": kind, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


class ManualTime:
    """Waiting takes no time and is written down."""

    def __init__(self) -> None:
        self.at = 0.0
        self.pauses: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.at += seconds
        self.pauses.append(seconds)

    def clock(self) -> Time:
        return Time(lambda: self.at, self.sleep)


@pytest.fixture
def api() -> Iterator[FakeApi]:
    server = FakeApi()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def seed(
    api: FakeApi,
    world: World,
    cdn: str | None = None,
    time: ManualTime | None = None,
    show: Show = silent,
    opened: Callable[[], None] = lambda: None,
    mailbox: Mailbox | None = None,
) -> None:
    deadline = Deadline(600, (time or ManualTime()).clock())
    Seeder(world, Client(api.url, deadline, 4), deadline, show, workers=4, mailbox=mailbox).run(cdn or f"{api.url}/cdn", opened)


def state(api: FakeApi) -> Any:
    captions = {photo_id: photo["sent"]["caption"] for photo_id, photo in api.photos.items()}
    photos = sorted((photo["author"], photo["sent"]["caption"], len(photo["files"]), photo["ready"]) for photo in api.photos.values())
    said = sorted((one["user_id"], one["text"]) for comments in api.said.values() for one in comments)
    return sorted(api.users), photos, api.follows, {(user, captions[photo_id]) for user, photo_id in api.likes}, said


def test_the_whole_world_is_there(api: FakeApi) -> None:
    world = small_world()
    seed(api, world)
    assert len(api.users) == 4 and len(api.photos) == 5 and len(api.follows) == 3 and len(api.likes) == 3
    assert api.bells == {(world.people[who].username, world.people[whom].username) for who, whom in world.bells}
    names = [person.username for person in world.people]
    said = [(f"id-{names[0]}", "What a light!"), (f"id-{names[1]}", "It was early."), (f"id-{names[2]}", "Lovely")]
    assert state(api)[-1] == sorted(said)
    assert all(photo["ready"] for photo in api.photos.values())
    assert all(user["bio"] for user in api.users.values())
    assert set(api.pictures) == {person.username for person in world.people}
    assert api.photos[api.by_key[f"{world.people[3].username} demo-photo-4"]]["sent"]["caption"] == world.last.caption


def test_addresses_are_proved_by_mail_and_again_after_mails_are_forgotten(api: FakeApi) -> None:
    world = small_world()

    def interrupting(address: str) -> str | None:
        api.interrupt_after = api.interrupt_after or len(api.log) + 2
        return api.mails.get(address)

    with pytest.raises((Refused, SeedingFailed)):
        seed(api, world, mailbox=interrupting)
    api.interrupt_after = None
    proved, names = set(api.proved), {person.username for person in world.people}
    api.mails.clear()
    seed(api, world, mailbox=api.mails.get)
    assert {token.partition(".")[2] for token in api.proved} == names
    assert {token for token in api.proved if token.startswith("first.")} == proved


def test_it_opens_with_the_first_photos_and_goes_on_behind(api: FakeApi) -> None:
    world = small_world()
    at_opening: list[tuple[int, int]] = []

    def opened() -> None:
        shown = {card["photo_id"] for card in api.feed(world.guides[1].username)}
        at_opening.append((len(shown), len(api.photos)))

    seed(api, world, opened=opened)
    assert at_opening == [(len(world.opening), len(world.opening))]
    assert len(api.photos) > len(world.opening) > 0


def test_it_says_how_far_it_is(api: FakeApi) -> None:
    world = small_world()
    shown: list[tuple[int, int, str]] = []
    seed(api, world, show=lambda done, total, what: shown.append((done, total, what)))
    assert [done for done, _, _ in shown] == list(range(1, shown[-1][1] + 1))
    assert {what for _, _, what in shown} == {"people", "profiles", "follows", "bells", "photos", "likes", "comments"}


def test_what_is_there_is_not_posted_again(api: FakeApi) -> None:
    world = small_world()
    api.interrupt_after = 34
    with pytest.raises((Refused, SeedingFailed)):
        seed(api, world)
    ready = [photo_id for photo_id, photo in api.photos.items() if photo["ready"]]
    assert 0 < len(ready) < len(world.photos)
    # So long afterwards that no idempotency key is remembered.
    api.by_key.clear()
    api.interrupt_after = None
    api.log.clear()
    seed(api, world)
    assert len([line for line in api.log if line == "POST /api/v1/photos"]) == len(world.photos) - len(ready)
    assert len({photo["sent"]["caption"] for photo in api.photos.values()}) == len(world.photos)


def test_what_is_ready_but_not_listed_yet_is_not_uploaded_again(api: FakeApi, monkeypatch: pytest.MonkeyPatch) -> None:
    world = small_world()
    api.interrupt_after = 34
    with pytest.raises((Refused, SeedingFailed)):
        seed(api, world)
    ready = [photo_id for photo_id, photo in api.photos.items() if photo["ready"]]
    assert ready
    monkeypatch.setattr(api, "page", lambda _author, _start: {"photos": [], "next_cursor": None, "has_more": False})
    api.interrupt_after = None
    api.log.clear()
    seed(api, world)
    assert not [line for line in api.log for photo_id in ready if line.startswith(f"POST /upload/{photo_id}/")]
    assert len(api.photos) == len(world.photos)


def test_a_second_run_only_looks(api: FakeApi) -> None:
    seed(api, small_world())
    api.log.clear()
    opened: list[int] = []
    seed(api, small_world(), opened=lambda: opened.append(len(api.log)))
    assert opened == [2]
    assert api.log == ["POST /api/v1/auth/login", "GET /api/v1/users/me"]


@pytest.mark.parametrize("requests", [1, 3, 7, 12, 16, 21, 26, 30, 34, 37])
def test_an_interrupted_run_is_completed_by_the_next(api: FakeApi, requests: int) -> None:
    api.interrupt_after = requests
    with pytest.raises((Refused, SeedingFailed)):
        seed(api, small_world())
    api.interrupt_after = None
    seed(api, small_world())
    interrupted = state(api)

    untroubled = FakeApi()
    thread = threading.Thread(target=untroubled.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        seed(untroubled, small_world())
        assert state(untroubled) == interrupted
    finally:
        untroubled.shutdown()
        thread.join()
        untroubled.server_close()


def test_it_waits_as_long_as_it_is_told_to(api: FakeApi) -> None:
    time = ManualTime()
    api.busy = [(429, "7"), (503, None), (429, "Wed, 21 Oct 2015 07:28:00 GMT")]
    seed(api, small_world(), time=time)
    assert 7.0 in time.pauses


def test_it_gives_up_when_told_to_wait_beyond_its_deadline(api: FakeApi) -> None:
    api.busy = [(429, "86400")]
    with pytest.raises(OutOfTime, match="429"):
        seed(api, small_world())


def test_a_photo_that_fails_ends_the_run_with_its_reason(api: FakeApi) -> None:
    world = small_world()
    photos = (replace(world.photos[0], caption="will fail"), *world.photos[1:])
    with pytest.raises(SeedingFailed, match="image_corrupt"):
        seed(api, replace(world, photos=photos))


def test_a_name_of_somebody_else_is_said_plainly(api: FakeApi) -> None:
    world = small_world()
    api.users[world.people[0].username] = {"password": "not the demo's"}
    with pytest.raises(SeedingFailed, match=world.people[0].username):
        seed(api, world)


def test_renditions_elsewhere_or_of_the_wrong_kind_are_noticed(api: FakeApi) -> None:
    with pytest.raises(SeedingFailed, match="not under"):
        seed(api, small_world(), cdn="http://127.0.0.1:1")
    api.webp_type = "image/jpeg"
    with pytest.raises(SeedingFailed, match="wanted as image/webp"):
        seed(api, small_world())
