"""What was deployed is still there after kill -9: the same API address, the same signing key, the same objects."""

from __future__ import annotations

import urllib.request

from conftest import Cloud


def test_addresses_keys_and_objects_survive(cloud: Cloud) -> None:
    store, keys = cloud.client("s3"), cloud.client("kms")
    body = {"Body": b"x", "ContentType": "image/webp", "CacheControl": "public, immutable"}
    store.put_object(Bucket=cloud.outputs["Bucket"], Key="kept", **body)
    store.put_object(Bucket=cloud.outputs["Bucket"], Key="deleted", Body=b"x")
    store.delete_object(Bucket=cloud.outputs["Bucket"], Key="deleted")
    public = keys.get_public_key(KeyId=cloud.outputs["Key"])["PublicKey"]
    api, outputs = cloud.api, cloud.outputs
    cloud.kill()
    cloud.start()
    assert (cloud.api, cloud.outputs) == (api, outputs)
    assert keys.get_public_key(KeyId=cloud.outputs["Key"])["PublicKey"] == public
    found = store.get_object(Bucket=cloud.outputs["Bucket"], Key="kept")
    assert (found["Body"].read(), found["ContentType"], found["CacheControl"]) == (b"x", "image/webp", "public, immutable")
    assert store.get_bucket_versioning(Bucket=cloud.outputs["Bucket"])["Status"] == "Enabled"
    listed = store.list_objects_v2(Bucket=cloud.outputs["Bucket"], Prefix="deleted")
    assert listed["KeyCount"] == 0
    urllib.request.urlopen(f"{api}things/1").close()
