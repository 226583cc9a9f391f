"""A role may send mail by the sender it names, and by no other; what was sent can be read."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from cloud import mail
from conftest import Cloud


def content(text: str) -> dict[str, Any]:
    return {"Simple": {"Subject": {"Data": "a subject"}, "Body": {"Text": {"Data": text}}}}


def test_mail_is_allowed_by_its_sender(cloud: Cloud) -> None:
    ses = cloud.as_function("sesv2")
    request = {"Destination": {"ToAddresses": ["ann@example.org"]}, "Content": content("see http://x.example/prove#1.ff\n")}
    ses.send_email(FromEmailAddress="no-reply@mails.example", **request)
    for other in ("somebody@mails.example", "no-reply@other.example"):
        with pytest.raises(ClientError, match="AccessDenied"):
            ses.send_email(FromEmailAddress=other, **request)


def test_what_was_sent_can_be_read(cloud: Cloud) -> None:
    ses, url = cloud.as_function("sesv2"), cloud.settings.cloud_url
    assert mail.token_to(url, "bob@example.org") is None
    for text in ("no link", "first\n\nhttp://x.example/prove#1.aa\n", "http://x.example/reset#1.bb", "no link again"):
        destination = {"ToAddresses": ["Bob@example.org"]}
        ses.send_email(FromEmailAddress="no-reply@mails.example", Destination=destination, Content=content(text))
    assert mail.token_to(url, "bob@example.org") == "1.bb"
    shown = mail.text(mail.sent(url))
    assert "To:      Bob@example.org\nSubject: a subject" in shown and shown.rstrip().endswith("no link again")


def test_no_mails_are_said_plainly() -> None:
    assert mail.text([]).startswith("no mail was sent")
