"""What was sent is listed as JSON, with all that a person sees of a mail."""

from __future__ import annotations

import json
import urllib.request

from cloud import mail
from conftest import Cloud


def test_mails_are_listed_oldest_first_with_text_and_html(cloud: Cloud) -> None:
    ses = cloud.as_function("sesv2")
    for number in ("first", "second"):
        body = {"Text": {"Data": f"{number} as text"}, "Html": {"Data": f"<p>{number} für Zoë</p>"}}
        ses.send_email(
            FromEmailAddress="no-reply@mails.example",
            Destination={"ToAddresses": ["zoe@example.org"]},
            Content={"Simple": {"Subject": {"Data": number}, "Body": body}},
        )
    with urllib.request.urlopen(mail.url(cloud.settings.cloud_url)) as answer:
        assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
        mails = [mail for mail in json.load(answer) if mail["to"] == ["zoe@example.org"]]
    assert [mail["subject"] for mail in mails] == ["first", "second"]
    assert (mails[1]["text"], mails[1]["html"]) == ("second as text", "<p>second für Zoë</p>")
    assert mails[0]["sent_at"] <= mails[1]["sent_at"] and mails[0]["sent_at"].endswith("Z")
