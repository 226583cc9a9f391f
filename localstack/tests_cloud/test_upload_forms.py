"""A form is read in its order, as S3 reads it."""

from __future__ import annotations

import http.client
from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError

from conftest import Cloud

BOUNDARY = "----form"
FILE = ("file", "the picture")
Fields = list[tuple[str, str]]


def signed(cloud: Cloud, key: str) -> Fields:
    """The fields of a form that may upload a file under this key."""
    conditions = [["content-length-range", 1, 100]]
    form = cloud.client("s3").generate_presigned_post(cloud.outputs["Bucket"], key, Conditions=conditions)
    return [("key", form["fields"].pop("key")), *form["fields"].items()]


def body_of(fields: Fields) -> bytes:
    parts = [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{"; filename=a.jpg" if name == "file" else ""}\r\n\r\n{value}\r\n'
        for name, value in fields
    ]
    return "".join([*parts, f"--{BOUNDARY}--\r\n"]).encode()


def post(cloud: Cloud, body: bytes | Iterator[bytes]) -> tuple[int, str]:
    """An iterator is sent in chunks."""
    connection = http.client.HTTPConnection("127.0.0.1", cloud.settings.port)
    headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    connection.request("POST", f"/{cloud.outputs['Bucket']}", body=body, headers=headers, encode_chunked=not isinstance(body, bytes))
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, text


def stored(cloud: Cloud, key: str) -> bytes | None:
    try:
        found: bytes = cloud.client("s3").get_object(Bucket=cloud.outputs["Bucket"], Key=key)["Body"].read()
    except ClientError:
        return None
    return found


def test_fields_before_the_file_are_taken(cloud: Cloud) -> None:
    status, text = post(cloud, body_of([*signed(cloud, "forms/plain"), FILE]))
    assert status == 204, text
    assert stored(cloud, "forms/plain") == b"the picture"


def test_fields_after_the_file_are_ignored(cloud: Cloud) -> None:
    after = [("key", "forms/other"), ("Content-Type", "text/html"), ("file", "another"), ("success_action_status", "200"), ("x-unknown", "1")]
    status, text = post(cloud, body_of([*signed(cloud, "forms/after"), FILE, *after]))
    assert status == 204, text
    assert stored(cloud, "forms/after") == b"the picture"
    assert stored(cloud, "forms/other") is None


def test_a_policy_after_the_file_is_none(cloud: Cloud) -> None:
    key, *rest = signed(cloud, "forms/late")
    status, text = post(cloud, body_of([key, FILE, *rest]))
    assert status == 403 and "<Code>AccessDenied</Code>" in text, text
    assert stored(cloud, "forms/late") is None


def test_a_file_before_its_key_is_refused(cloud: Cloud) -> None:
    key, *rest = signed(cloud, "forms/first")
    for fields in ([FILE, key, *rest], [*rest, FILE, key]):
        status, text = post(cloud, body_of(fields))
        assert status == 400 and "<Code>InvalidArgument</Code>" in text and "'key'" in text, text
    assert stored(cloud, "forms/first") is None


def test_a_form_in_chunks_needs_a_length(cloud: Cloud) -> None:
    body = body_of([*signed(cloud, "forms/chunked"), FILE])
    status, text = post(cloud, iter([body[:100], body[100:]]))
    assert status == 411 and "<Code>MissingContentLength</Code>" in text, text
    assert stored(cloud, "forms/chunked") is None


@pytest.mark.parametrize("body", [b"", b"no form at all", f"--{BOUNDARY}--\r\n".encode()])
def test_what_is_no_form_is_refused(cloud: Cloud, body: bytes) -> None:
    status, text = post(cloud, body)
    assert status in (400, 403), text
