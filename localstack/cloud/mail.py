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
    sent: float


def sent(cloud_url: str) -> list[Mail]:
    """Every mail since the emulator was started, oldest first."""
    answer = urllib3.request("GET", f"{cloud_url}/_ministack/ses/messages", timeout=10, retries=False)
    accounts = json.loads(answer.data)["messages"].values()
    mails = [Mail(", ".join(mail["To"]), mail["Subject"], mail["BodyText"], float(mail["Timestamp"])) for account in accounts for mail in account]
    return sorted(mails, key=lambda mail: mail.sent)


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
        at = datetime.fromtimestamp(mail.sent).astimezone().strftime("%H:%M:%S")
        shown.append(f"To:      {mail.to}\nSubject: {mail.subject}\nSent:    {at}\n\n{mail.text.strip()}\n")
    return ("\n" + "-" * 72 + "\n").join(shown)
