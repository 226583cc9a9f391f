"""The demo's world and its pictures: always the same, and shaped as the local cloud needs it."""

import hashlib
import io
from collections import Counter

import pytest
from PIL import Image, ImageOps

from cloud import demo_world
from cloud.demo_pictures import LONGEST_SIDE, jpeg
from cloud.demo_world import DATA, Medium

WORLD = demo_world.build()


def test_the_world_is_the_same_every_time_and_another_seed_gives_another() -> None:
    assert demo_world.build() == WORLD
    assert demo_world.build(seed=1) != WORLD


def test_its_size() -> None:
    assert (len(WORLD.people), len(WORLD.photos)) == (30, 90)
    assert 12 <= sum(len(photo.media) > 1 for photo in WORLD.photos) <= 20
    assert {len(photo.media) for photo in WORLD.photos} == {1, 2, 3}
    assert {photo.author for photo in WORLD.photos} == set(range(30))


def test_names_keep_the_rules_of_the_api() -> None:
    for person in WORLD.people:
        assert 1 <= len(person.username) <= 30 and person.username.replace("_", "").isalnum() and person.username.isascii()
        assert len(person.full_name) <= 100 and len(person.bio) <= 150
    assert len({person.username for person in WORLD.people}) == 30
    for photo in WORLD.photos:
        assert len(photo.caption) <= 2200 and len(photo.location) <= 100 and 1 <= len(photo.tags) <= 30
        assert all(0 < len(medium.alt) <= 1000 for medium in photo.media)


def test_a_few_are_popular() -> None:
    followers = sorted(Counter(whom for _, whom in WORLD.follows).values(), reverse=True)
    assert all(who != whom for who, whom in WORLD.follows)
    assert len(set(WORLD.follows)) == len(WORLD.follows)
    assert sum(followers[:6]) > len(WORLD.follows) * 0.35
    assert followers[0] >= 4 * followers[len(followers) // 2 + 5]


def test_likes_have_a_heavy_tail() -> None:
    likes = sorted(Counter(photo for _, photo in WORLD.likes).values(), reverse=True)
    assert len(set(WORLD.likes)) == len(WORLD.likes)
    assert all(WORLD.photos[photo].author != person for person, photo in WORLD.likes)
    assert sum(likes[:18]) > sum(likes) * 0.45
    assert likes[len(likes) // 2] <= likes[0] / 4


def test_the_guides_have_a_bell_on_of_people_whom_they_follow() -> None:
    assert {WORLD.people[who] for who, _ in WORLD.bells} == set(WORLD.guides)
    assert set(WORLD.bells) <= set(WORLD.follows)


def test_followers_say_what_fits_and_authors_answer() -> None:
    followers = {(whom, who) for who, whom in WORLD.follows}
    said = [(comment.photo, comment.text.partition("@")[0]) for comment in WORLD.comments]
    assert len(set(said)) == len(said) and 80 < len(said) < 200
    assert all((WORLD.photos[comment.photo].author, comment.writer) in followers for comment in WORLD.comments)
    assert 0.15 < sum(comment.answer is not None for comment in WORLD.comments) / len(said) < 0.5
    names = {person.username for person in WORLD.people}
    mentioned = [word.strip("@,.!?") for comment in WORLD.comments for word in comment.text.split() if word.startswith("@")]
    assert mentioned and set(mentioned) <= names
    assert all("{" not in comment.text and comment.photo != WORLD.last.number for comment in WORLD.comments)


def test_the_desk_posts_once_and_last_and_nobody_likes_before_that() -> None:
    assert [photo.number for photo in WORLD.photos if photo.author == WORLD.desk] == [89]
    assert all(photo != WORLD.last.number for _, photo in WORLD.likes)


def test_every_picture_is_used_attributed_and_unchanged() -> None:
    files = {path.stem: path for path in (DATA / "pictures").glob("*.jpg")}
    assert {medium.picture for photo in WORLD.photos for medium in photo.media} == set(files)
    rows = (DATA / "ATTRIBUTION.md").read_text(encoding="utf-8").splitlines()
    sums = dict(reversed(line.split()) for line in (DATA / "pictures" / "SHA256SUMS").read_text().splitlines())
    for path in files.values():
        row = next(row for row in rows if row.startswith(f"| `{path.name}` |"))
        cells = [cell.strip() for cell in row.strip("|").split("|")]
        assert len(cells) == 6 and all(cells)
        assert hashlib.sha256(path.read_bytes()).hexdigest() == sums[path.name]


def medium(orientation: int) -> Medium:
    return Medium("pavilion", "", (3, 2), 1.0, (0.5, 0.5), False, 1.0, 1.0, 1.0, 0.0, orientation)


def test_the_same_medium_gives_the_same_bytes() -> None:
    assert jpeg(WORLD.photos[0].media[0]) == jpeg(WORLD.photos[0].media[0])


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_shows_the_same_upright_picture(orientation: int) -> None:
    image = Image.open(io.BytesIO(jpeg(medium(orientation))))
    assert image.getexif()[0x0112] == orientation
    assert image.size == ((1280, 853) if orientation < 5 else (853, 1280))
    thumbnails = [ImageOps.exif_transpose(one).resize((48, 32)).tobytes() for one in (image, Image.open(io.BytesIO(jpeg(medium(1)))))]
    difference = sum(abs(a - b) for a, b in zip(*thumbnails, strict=True)) / len(thumbnails[0])
    assert difference < 3


def test_files_look_like_a_cameras() -> None:
    for photo in WORLD.photos[:12]:
        data = jpeg(photo.media[0])
        image = Image.open(io.BytesIO(data))
        assert max(image.size) == LONGEST_SIDE and len(data) < 2_000_000
        assert image.getexif()[0x010F] and 0x8825 in image.getexif()
