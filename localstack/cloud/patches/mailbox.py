"""Sent mails are listed by account, in fields of SES's older API, and in no order: nothing that a person would look through.

`GET /_lambdagram/mails` lists them as JSON, oldest first: to whom, subject, text, HTML, and when each was sent.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from ministack import app
from ministack.services import ses

PATH = "/_lambdagram/mails"


def apply() -> None:
    serve = app.app

    async def serve_or_list(scope: dict[str, Any], receive: Callable[..., Any], send: Callable[..., Any]) -> None:
        if scope["type"] == "http" and scope["path"] == PATH and scope["method"] == "GET":
            headers = [(b"content-type", b"application/json; charset=utf-8"), (b"cache-control", b"no-store")]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": json.dumps(_sent(), ensure_ascii=False, indent=1).encode()})
        else:
            await serve(scope, receive, send)

    app.app = serve_or_list


def _sent() -> list[dict[str, Any]]:
    kept = ses._sent_emails.to_dict().items()
    mails = [mail for key, mails in kept if key[-1] == "entries" for mail in mails]
    return [
        {
            "to": mail.get("To", []),
            "subject": mail.get("Subject", ""),
            "text": mail.get("BodyText", ""),
            "html": mail.get("BodyHtml", ""),
            "sent_at": datetime.fromtimestamp(mail["Timestamp"], UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        }
        for mail in sorted(mails, key=lambda mail: float(mail["Timestamp"]))
    ]
