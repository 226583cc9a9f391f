"""The demo's small world: who there is, who follows whom, what they post, what they like and what they say.

Drawn from a seed, so every machine gets the same world. People, pictures and sentences are data (`demo/*.json`); the numbers are shaped as
in real networks: a few accounts with most of the followers, a few photos with most of the likes.
"""

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DATA = Path(__file__).resolve().parent / "demo"
SEED = 20260101
# Of every demo account. These are toys on one's own machine; nothing is protected by it.
PASSWORD = "a-demo-is-no-secret"
CAROUSELS = 16
# Under one photo, without answers.
MOST_COMMENTS = 6
# How many photos are posted before the rest.
OPENING = 10


@dataclass(frozen=True)
class Person:
    """An account."""

    username: str
    full_name: str
    bio: str

    @property
    def email(self) -> str:
        """An address that can never receive mail."""
        return f"{self.username}@people.example"


@dataclass(frozen=True)
class Medium:
    """One picture of a photo: which source, and what is done to it."""

    picture: str
    alt: str
    aspect: tuple[int, int]
    zoom: float
    centre: tuple[float, float]
    mirrored: bool
    brightness: float
    contrast: float
    saturation: float
    warmth: float
    orientation: int


@dataclass(frozen=True)
class Photo:
    """A photo as its author announces it."""

    number: int
    author: int
    caption: str
    location: str
    tags: tuple[str, ...]
    media: tuple[Medium, ...]


@dataclass(frozen=True)
class Comment:
    """What somebody says under a photo, and what its author answers, if anything."""

    number: int
    photo: int
    writer: int
    text: str
    answer: str | None


@dataclass(frozen=True)
class World:
    """Everything, people and photos named by their index."""

    people: tuple[Person, ...]
    follows: tuple[tuple[int, int], ...]
    photos: tuple[Photo, ...]
    likes: tuple[tuple[int, int], ...]
    comments: tuple[Comment, ...]

    @property
    def desk(self) -> int:
        """The account whose one photo is posted last of all: where it is, the seeding was finished."""
        return len(self.people) - 1

    @property
    def guides(self) -> tuple[Person, Person]:
        """The two accounts that show most: the one most followed, and of the others the one that follows most."""
        others = range(len(self.people) - 1)
        famous = max(others, key=lambda person: sum(whom == person for _, whom in self.follows))
        reader = max((one for one in others if one != famous), key=lambda person: sum(who == person for who, _ in self.follows))
        return self.people[famous], self.people[reader]

    @property
    def bells(self) -> tuple[tuple[int, int], ...]:
        """Who has a bell on, and of whom: each of the guides of the first whom they follow."""
        guides = (self.people.index(guide) for guide in self.guides)
        return tuple(next(edge for edge in self.follows if edge[0] == guide) for guide in guides)

    @property
    def opening(self) -> tuple[Photo, ...]:
        """The photos that are posted before all others: of people whom the second guide follows, so that her feed has something in it."""
        reader = self.people.index(self.guides[1])
        followed = {whom for who, whom in self.follows if who == reader}
        return tuple(photo for photo in self.photos[:-1] if photo.author in followed)[:OPENING]

    @property
    def last(self) -> Photo:
        """That photo."""
        return self.photos[-1]


def build(seed: int = SEED) -> World:
    """Draws the world; the same seed gives the same world."""
    rng = random.Random(seed)
    people = tuple(Person(**entry) for entry in _data("people.json"))
    pictures = _data("pictures.json")
    follows = _follows(rng, len(people))
    followers = [[who for who, whom in follows if whom == person] for person in range(len(people))]
    photos = _photos(rng, pictures, [len(fans) for fans in followers])
    comments = _comments(random.Random(f"{seed} comments"), people, pictures, photos, followers)
    return World(people, follows, photos, _likes(rng, photos, followers), comments)


def profile_picture(who: int, seed: int = SEED) -> Medium | None:
    """A square out of a picture that is there; a fifth of the people have none, so that initials are seen too.

    It has chance of its own, so that the rest of the world is what it was before there were profile pictures.
    """
    if who % 5 == 4:
        return None
    rng = random.Random(f"{seed} profile picture {who}")
    picture = rng.choice(_data("pictures.json"))
    return Medium(
        picture["name"],
        picture["alt"],
        aspect=(1, 1),
        zoom=rng.uniform(0.4, 0.8),
        centre=(picture["focus"][0], picture["focus"][1]),
        mirrored=picture["flip"] and rng.random() < 0.5,
        brightness=1.0,
        contrast=1.0,
        saturation=rng.uniform(0.8, 1.2),
        warmth=rng.uniform(-0.05, 0.05),
        orientation=rng.choice((1, 1, 3, 6, 8)),
    )


def _data(name: str) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = json.loads((DATA / name).read_text(encoding="utf-8"))
    return entries


def _follows(rng: random.Random, people: int) -> tuple[tuple[int, int], ...]:
    """Preferential attachment: whoever has followers gets more of them."""
    weight = [1.0] * people
    edges: list[tuple[int, int]] = []
    # In a drawn order, so that fame does not follow the order of the file.
    for who in rng.sample(range(people), people):
        chosen: set[int] = set()
        for _ in range(rng.randint(4, 12)):
            candidates = [whom for whom in range(people) if whom != who and whom not in chosen]
            whom = rng.choices(candidates, [weight[whom] ** 1.3 for whom in candidates])[0]
            chosen.add(whom)
            weight[whom] += 1
        edges += [(who, whom) for whom in sorted(chosen)]
    return tuple(edges)


def _photos(rng: random.Random, pictures: Sequence[dict[str, Any]], followers: Sequence[int]) -> tuple[Photo, ...]:
    """One photo for every caption there is; the popular post more, everybody posts, the desk posts once and last."""
    scenes = [(picture, caption) for picture in pictures for caption in picture["captions"]]
    rng.shuffle(scenes)
    desk = len(followers) - 1
    shown: list[set[str]] = [set() for _ in followers]
    posts = [0] * len(followers)
    carousels = set(rng.sample(range(len(scenes) - 1), CAROUSELS))
    photos = []
    for number, (picture, caption) in enumerate(scenes):
        author = desk if number == len(scenes) - 1 else _author(rng, picture["name"], shown, posts, followers)
        shown[author].add(picture["name"])
        posts[author] += 1
        kin = [other for other in pictures if other["theme"] == picture["theme"] and other is not picture]
        more = rng.sample(kin, min(len(kin), rng.randint(1, 2))) if number in carousels else []
        photos.append(
            Photo(
                number,
                author,
                caption,
                rng.choice(picture["places"]),
                tuple(rng.sample(picture["tags"], rng.randint(2, len(picture["tags"])))),
                tuple(_medium(rng, one) for one in (picture, *more)),
            )
        )
    return tuple(photos)


def _author(rng: random.Random, picture: str, shown: Sequence[set[str]], posts: Sequence[int], followers: Sequence[int]) -> int:
    authors = range(len(followers) - 1)
    silent = [author for author in authors if posts[author] == 0]
    fresh = [author for author in authors if picture not in shown[author]]
    candidates = silent or fresh or list(authors)
    return rng.choices(candidates, [1 + followers[author] for author in candidates])[0]


def _medium(rng: random.Random, picture: dict[str, Any]) -> Medium:
    x, y = picture["focus"]
    return Medium(
        picture=picture["name"],
        alt=picture["alt"],
        aspect=rng.choice([(1, 1), (4, 5), (4, 5), (3, 2), (4, 3), (16, 9)]),
        zoom=round(rng.uniform(0.7, 1.0), 3),
        centre=(round(x + rng.uniform(-0.06, 0.06), 3), round(y + rng.uniform(-0.06, 0.06), 3)),
        mirrored=picture["flip"] and rng.random() < 0.5,
        brightness=round(rng.uniform(0.92, 1.1), 3),
        contrast=round(rng.uniform(0.92, 1.12), 3),
        saturation=round(rng.uniform(0.85, 1.2), 3),
        warmth=round(rng.uniform(-0.06, 0.06), 3),
        # Phones write 1, 3, 6 and 8; the mirrored ones come from front cameras and scanners.
        orientation=rng.choices([1, 3, 6, 8, 2, 4, 5, 7], [55, 8, 18, 11, 2, 2, 2, 2])[0],
    )


def _likes(rng: random.Random, photos: Sequence[Photo], followers: Sequence[Sequence[int]]) -> tuple[tuple[int, int], ...]:
    """Followers like what they see, a photo's luck is heavy-tailed, and lucky photos reach strangers."""
    likes: list[tuple[int, int]] = []
    for photo in photos[:-1]:
        luck = min(rng.paretovariate(1.1) * 0.16, 1.0)
        for person in range(len(followers)):
            chance = luck if person in followers[photo.author] else luck * luck * 0.6
            if person != photo.author and rng.random() < chance:
                likes.append((person, photo.number))
    rng.shuffle(likes)
    return tuple(likes)


def _comments(
    rng: random.Random, people: Sequence[Person], pictures: Sequence[dict[str, Any]], photos: Sequence[Photo], followers: Sequence[Sequence[int]]
) -> tuple[Comment, ...]:
    """Followers say something that fits the picture, never twice under one photo; most photos have little said about them.

    It has chance of its own, as profile pictures have.
    """
    sentences = _data("comments.json")
    themes = {picture["name"]: picture["theme"] for picture in pictures}
    comments: list[Comment] = []
    for photo in photos[:-1]:
        fans = followers[photo.author]
        fitting = [one for one in sentences if one["theme"] in (themes[photo.media[0].picture], "any")]
        count = min(len(fans), int(rng.paretovariate(1.1)) - 1, MOST_COMMENTS)
        for writer, sentence in zip(rng.sample(list(fans), count), rng.sample(fitting, count), strict=True):
            friend = rng.choice([fan for fan in fans if fan != writer] or [photo.author])
            text = sentence["text"].replace("{friend}", people[friend].username)
            comments.append(Comment(len(comments), photo.number, writer, text, sentence.get("answer")))
    return tuple(comments)
