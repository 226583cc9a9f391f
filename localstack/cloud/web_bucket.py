"""Putting a built web client into its bucket, so that at no moment a document names a file that is not there.

Files whose names change with their content go first, documents after all that they name, and the service worker and the version
after the documents. Nothing is deleted: a client that is open goes on finding what it was built with.
"""

from __future__ import annotations

import hashlib
import mimetypes
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from cloud import web

# What `cdn/web-page.js` asks for in variants. It cannot know whether there is one, so there always is.
COMPRESSED = re.compile(r"\.(?:css|html|js|json|map|mjs|svg|txt|wasm|webmanifest|xml)$")
VARIANTS = {".br": "br", ".gz": "gzip"}

_IMMUTABLE = "_app/immutable/"
_FOREVER = "public, max-age=31536000, immutable"
# A cache keeps it, and asks each time whether it has changed.
_REVALIDATED = "no-cache"

_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".map": "application/json",
    ".webmanifest": "application/manifest+json",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".xml": "application/xml",
    ".webp": "image/webp",
    ".avif": "image/avif",
    ".woff2": "font/woff2",
    ".wasm": "application/wasm",
}

_CONNECTIONS = 8


@dataclass(frozen=True)
class Upload:
    """An object as it is stored."""

    key: str
    body: bytes
    content_type: str
    encoding: str | None
    cache_control: str
    # Lower goes first.
    turn: int

    @property
    def etag(self) -> str:
        """What S3 calls the content of an object that was put in one piece."""
        return f'"{hashlib.md5(self.body, usedforsecurity=False).hexdigest()}"'


def uploads(build: Path) -> Iterator[Upload]:
    """Every object that a build becomes: each file, and of what can be compressed the variants."""
    for file in sorted(path for path in build.rglob("*") if path.is_file()):
        key = file.relative_to(build).as_posix()
        if _is_variant(file):
            continue
        body = file.read_bytes()
        cache_control = _FOREVER if key.startswith(_IMMUTABLE) else _REVALIDATED
        known = _TYPES.get(file.suffix) or mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        yield Upload(key, body, known, None, cache_control, _turn(key))
        for suffix, encoding in VARIANTS.items() if COMPRESSED.search(key) else ():
            neighbour = file.with_name(file.name + suffix)
            smaller = neighbour.read_bytes() if neighbour.exists() else body
            if len(smaller) < len(body):
                yield Upload(key + suffix, smaller, known, encoding, cache_control, _turn(key))
            else:
                yield Upload(key + suffix, body, known, None, cache_control, _turn(key))


def publish(store: Any, bucket: str, build: Path) -> str:
    """Puts what the bucket does not hold; says how many objects that were."""
    held = _held(store, bucket)
    wanted = [upload for upload in uploads(build) if held.get(upload.key) != upload.etag]
    for turn in sorted({upload.turn for upload in wanted}):
        with ThreadPoolExecutor(_CONNECTIONS) as pool:
            # The list raises what an upload raised, before the next turn begins.
            list(pool.map(lambda upload: _put(store, bucket, upload), [upload for upload in wanted if upload.turn == turn]))
    return f"{len(wanted)} files" if wanted else "unchanged"


def published(store: Any, bucket: str) -> web.Hashes | None:
    """What the documents in the bucket hold, if there are any."""
    try:
        return web.parsed(store.get_object(Bucket=bucket, Key="csp.json")["Body"].read())
    except ClientError as error:
        if error.response["Error"]["Code"] in ("NoSuchKey", "404"):
            return None
        raise


def _put(store: Any, bucket: str, upload: Upload) -> None:
    encoding = {"ContentEncoding": upload.encoding} if upload.encoding else {}
    store.put_object(Bucket=bucket, Key=upload.key, Body=upload.body, ContentType=upload.content_type, CacheControl=upload.cache_control, **encoding)


def _held(store: Any, bucket: str) -> dict[str, str]:
    pages = store.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    return {entry["Key"]: entry["ETag"] for page in pages for entry in page.get("Contents", [])}


def _is_variant(file: Path) -> bool:
    return file.suffix in VARIANTS and file.with_suffix("").exists()


def _turn(key: str) -> int:
    if key in ("service-worker.js", "_app/version.json"):
        return 3
    if key.endswith(".html"):
        return 2
    return 0 if key.startswith(_IMMUTABLE) else 1
