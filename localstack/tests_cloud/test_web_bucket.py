"""A built web client in its bucket: in which order, under which names, with which headers."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import pytest
import web_build
from botocore.exceptions import ClientError

from cloud import web_bucket
from conftest import Cloud

FOREVER = "public, max-age=31536000, immutable"


@pytest.fixture
def bucket(cloud: Cloud) -> str:
    name = f"web-{uuid.uuid4().hex[:12]}"
    cloud.client("s3").create_bucket(Bucket=name)
    return name


def recording(cloud: Cloud) -> tuple[Any, list[str]]:
    """A client of S3, and the keys that it puts, in their order."""
    store, put = cloud.client("s3"), []
    store.meta.events.register("after-call.s3.PutObject", lambda **_: None)
    store.meta.events.register("provide-client-params.s3.PutObject", lambda params, **_: put.append(params["Key"]))
    return store, put


def test_documents_come_after_what_they_name_and_the_worker_after_them(cloud: Cloud, bucket: str, tmp_path: Path) -> None:
    store, put = recording(cloud)
    web_bucket.publish(store, bucket, web_build.write(tmp_path))
    turns = [0 if "immutable" in key else 2 if ".html" in key else 3 if "worker" in key or "version" in key else 1 for key in put]
    assert turns == sorted(turns) and set(turns) == {0, 1, 2, 3}, put


def test_objects_say_what_they_are_and_how_long_they_may_be_kept(cloud: Cloud, bucket: str, tmp_path: Path) -> None:
    store = cloud.client("s3")
    web_bucket.publish(store, bucket, web_build.write(tmp_path))

    def stored(key: str) -> tuple[str, str, str | None]:
        found = store.head_object(Bucket=bucket, Key=key)
        return found["ContentType"], found["CacheControl"], found.get("ContentEncoding") or None

    html, script = "text/html; charset=utf-8", "text/javascript; charset=utf-8"
    asset = "_app/immutable/entry/start.1.js"
    assert stored("200.html") == (html, "no-cache", None)
    assert stored("200.html.br") == (html, "no-cache", "br")
    assert stored("200.html.gz") == (html, "no-cache", "gzip")
    assert [stored(asset + suffix) for suffix in ("", ".br", ".gz")] == [(script, FOREVER, coding) for coding in (None, "br", "gzip")]
    assert stored("service-worker.js") == (script, "no-cache", None)
    assert stored("manifest.webmanifest.br") == ("application/manifest+json", "no-cache", "br")
    assert stored("icons/192.png") == ("image/png", "no-cache", None)
    with pytest.raises(ClientError):
        store.head_object(Bucket=bucket, Key="icons/192.png.br")


def test_every_variant_that_may_be_asked_for_is_there(cloud: Cloud, bucket: str, tmp_path: Path) -> None:
    build = web_build.write(tmp_path)
    (build / "200.html.br").unlink()
    # Compression made it no smaller.
    (build / "_app" / "version.json.gz").write_bytes(b"x" * 1000)
    store = cloud.client("s3")
    web_bucket.publish(store, bucket, build)
    for key in ("200.html", "_app/version.json"):
        plain = store.get_object(Bucket=bucket, Key=key)["Body"].read()
        variant = store.get_object(Bucket=bucket, Key=key + (".br" if key == "200.html" else ".gz"))
        assert (variant["Body"].read(), variant.get("ContentEncoding") or None) == (plain, None)


def test_a_new_build_replaces_documents_and_leaves_old_assets(cloud: Cloud, bucket: str, tmp_path: Path) -> None:
    store, put = recording(cloud)
    first, second = web_build.write(tmp_path / "1", "1"), web_build.write(tmp_path / "2", "2")
    web_bucket.publish(store, bucket, first)
    put.clear()
    assert web_bucket.publish(store, bucket, first) == "unchanged" and put == []
    web_bucket.publish(store, bucket, second)
    assert "manifest.webmanifest" not in put and "icons/192.png" not in put
    assert b"any 2" in store.get_object(Bucket=bucket, Key="200.html")["Body"].read()
    for version in ("1", "2"):
        assert store.head_object(Bucket=bucket, Key=f"_app/immutable/entry/start.{version}.js.br")["CacheControl"] == FOREVER


def test_when_an_asset_cannot_be_stored_then_no_document_is(cloud: Cloud, bucket: str, tmp_path: Path) -> None:
    store, put = recording(cloud)

    def fail(params: dict[str, Any], **_: Any) -> None:
        if "immutable" in params["Key"]:
            raise OSError("the connection is gone")

    store.meta.events.register("provide-client-params.s3.PutObject", fail)
    with pytest.raises(OSError, match="gone"):
        web_bucket.publish(store, bucket, web_build.write(tmp_path))
    assert not [key for key in put if ".html" in key]


def test_a_bucket_says_what_its_documents_hold(cloud: Cloud, bucket: str, tmp_path: Path) -> None:
    store = cloud.client("s3")
    assert web_bucket.published(store, bucket) is None
    web_bucket.publish(store, bucket, web_build.write(tmp_path))
    assert web_bucket.published(store, bucket) == {"script": [web_build.SCRIPT], "style": [web_build.STYLE]}
