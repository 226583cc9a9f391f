"""The mails that the local cloud has sent: the emulator keeps them in memory, and delivers them to nobody."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

import urllib3

# How many `make mail` prints.
_NEWEST = 5


@dataclass(frozen=True)
class Mail:
    """A mail as it was sent."""

    to: str
    subject: str
    text: str
    sent: datetime


def url(cloud_url: str) -> str:
    """Where every mail since the emulator was started is listed as JSON, oldest first."""
    return f"{cloud_url}/_lambdagram/mails"


def sent(cloud_url: str) -> list[Mail]:
    """Every mail since the emulator was started, oldest first."""
    mails = json.loads(urllib3.request("GET", url(cloud_url), timeout=10, retries=False).data)
    return [Mail(", ".join(mail["to"]), mail["subject"], mail["text"], datetime.fromisoformat(mail["sent_at"])) for mail in mails]


def token_to(cloud_url: str, address: str) -> str | None:
    """What stands after `#` in the link of the newest mail to an address that has one."""
    links = [token(mail) for mail in sent(cloud_url) if mail.to.lower() == address.lower()]
    return next((link for link in reversed(links) if link), None)


def token(mail: Mail) -> str:
    """What stands after `#` in the link of a mail."""
    links = [line for line in mail.text.splitlines() if "://" in line]
    return links[0].partition("#")[2] if links else ""


def text(mails: list[Mail]) -> str:
    """The newest mails, the newest last, as a terminal shows them."""
    if not mails:
        return "no mail was sent since the cloud was started (make up)"
    shown = []
    for mail in mails[-_NEWEST:]:
        at = mail.sent.astimezone().strftime("%H:%M:%S")
        shown.append(f"To:      {mail.to}\nSubject: {mail.subject}\nSent:    {at}\n\n{mail.text.strip()}\n")
    return ("\n" + "-" * 72 + "\n").join(shown)
