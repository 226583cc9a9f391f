"""What the emulator does by itself and this project leans on: found out once, kept true."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from conftest import Cloud, eventually


def test_sns_delivers_raw_and_filtered_by_attribute(cloud: Cloud) -> None:
    topic = cloud.client("sns")
    began = time.monotonic()
    for kind in ("unwanted", "wanted"):
        attributes = {"type": {"DataType": "String", "StringValue": kind}, "trace": {"DataType": "String", "StringValue": "Root=1"}}
        topic.publish(TopicArn=cloud.outputs["Topic"], Message=f'{{"sns": "{kind}"}}', MessageAttributes=attributes)
    (record,) = eventually(lambda: cloud.records("queue", '\\"sns\\"'), bool)
    assert time.monotonic() - began < 0.5
    assert json.loads(record["body"]) == {"sns": "wanted"}
    assert record["messageAttributes"]["trace"]["stringValue"] == "Root=1"


def test_an_upload_below_the_prefix_is_announced(cloud: Cloud) -> None:
    store = cloud.client("s3")
    for key in ("elsewhere/1", "incoming/a b+c"):
        store.put_object(Bucket=cloud.outputs["Bucket"], Key=key, Body=b"x")
    (record,) = eventually(lambda: cloud.records("told", "a+b"), bool)
    assert record["eventName"].startswith("ObjectCreated:")
    assert record["s3"]["object"]["key"] == "incoming/a+b%2Bc"


def test_of_two_who_store_an_object_that_must_be_new_the_second_is_refused(cloud: Cloud) -> None:
    store, bucket = cloud.client("s3"), cloud.outputs["Bucket"]
    store.put_object(Bucket=bucket, Key="elsewhere/new", Body=b"first", IfNoneMatch="*", Metadata={"sha256": "0f"})
    with pytest.raises(ClientError) as error:
        store.put_object(Bucket=bucket, Key="elsewhere/new", Body=b"second", IfNoneMatch="*")
    assert error.value.response["Error"]["Code"] == "PreconditionFailed"
    assert store.head_object(Bucket=bucket, Key="elsewhere/new")["Metadata"] == {"sha256": "0f"}
    store.delete_object(Bucket=bucket, Key="elsewhere/new")
    with pytest.raises(ClientError) as error:
        store.head_object(Bucket=bucket, Key="elsewhere/new")
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404
    store.put_object(Bucket=bucket, Key="elsewhere/new", Body=b"second", IfNoneMatch="*")


def test_the_bucket_is_private(cloud: Cloud) -> None:
    store = cloud.client("s3")
    store.put_object(Bucket=cloud.outputs["Bucket"], Key="elsewhere/secret", Body=b"x")
    url = f"{cloud.settings.cloud_url}/{cloud.outputs['Bucket']}/elsewhere/secret"
    for method, data in (("GET", None), ("PUT", b"y"), ("DELETE", None)):
        with pytest.raises(urllib.error.HTTPError) as error:
            urllib.request.urlopen(urllib.request.Request(url, data=data, method=method))
        assert error.value.code == 403
    with pytest.raises(urllib.error.HTTPError) as error:
        urllib.request.urlopen(f"{cloud.settings.cloud_url}/{cloud.outputs['Bucket']}/")
    assert error.value.code == 403


def form(cloud: Cloud, expires: int = 60, **fields: str) -> dict[str, Any]:
    wanted = {"Content-Type": "image/jpeg"} | fields
    conditions: list[Any] = [{"Content-Type": wanted["Content-Type"]}, ["content-length-range", 4, 8]]
    signer = cloud.client("s3", signature_version="s3v4")
    signed: dict[str, Any] = signer.generate_presigned_post(
        cloud.outputs["Bucket"], "forms/1", Fields=wanted, Conditions=conditions, ExpiresIn=expires
    )
    return signed


def post(signed: dict[str, Any], content: bytes, **changed: str) -> tuple[int, str]:
    boundary = uuid.uuid4().hex
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in (signed["fields"] | changed).items()
    ]
    parts.append(f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n'.encode())
    body = b"".join([*parts, content, f"\r\n--{boundary}--\r\n".encode()])
    headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    try:
        with urllib.request.urlopen(urllib.request.Request(signed["url"], data=body, headers=headers)) as response:
            return response.status, ""
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_a_presigned_form_stores_what_it_allows(cloud: Cloud) -> None:
    assert post(form(cloud), b"12345")[0] == 204
    assert cloud.client("s3").get_object(Bucket=cloud.outputs["Bucket"], Key="forms/1")["Body"].read() == b"12345"


@pytest.mark.parametrize(
    ("content", "changed", "code"),
    [
        (b"123456789", {}, "EntityTooLarge"),
        (b"123", {}, "EntityTooSmall"),
        (b"12345", {"Content-Type": "text/html"}, "AccessDenied"),
        (b"12345", {"key": "forms/2"}, "AccessDenied"),
        (b"12345", {"x-amz-signature": "0" * 64}, "SignatureDoesNotMatch"),
    ],
)
def test_a_presigned_form_refuses_everything_else(cloud: Cloud, content: bytes, changed: dict[str, str], code: str) -> None:
    status, body = post(form(cloud), content, **changed)
    assert status in (400, 403) and f"<Code>{code}</Code>" in body


def test_a_presigned_form_expires(cloud: Cloud) -> None:
    status, body = post(form(cloud, expires=-1), b"12345")
    assert status == 403 and "expired" in body


def test_a_form_without_signature_is_refused(cloud: Cloud) -> None:
    unsigned = {"url": form(cloud)["url"], "fields": {"key": "forms/3"}}
    assert post(unsigned, b"12345")[0] == 403
