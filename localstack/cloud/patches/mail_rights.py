"""Nobody can be allowed to send mail by name: SES's SendEmail is asked for on every resource at once, and knows no sender.

In the cloud a mail is allowed on the identity of its sender, and by `ses:FromAddress`; the template's role of `mail` names both. The
emulator finds neither in the request, so that such a role is denied every mail.
"""

from __future__ import annotations

import json
from email.utils import parseaddr
from typing import Any

from ministack.core import iam_actions, iam_evaluator


def apply() -> None:
    resource_of = iam_actions._ses_v2_resource_arn

    def identity_of(method: str, path: str, body: bytes, region: str, account: str) -> str:
        sender = _sender(body) if method == "POST" and path.rstrip("/").endswith("/outbound-emails") else ""
        arn: str = resource_of(method, path, body, region, account)
        return SenderArn(f"arn:aws:ses:{region}:{account}:identity/{sender.rpartition('@')[2]}", sender) if sender else arn

    iam_actions._ses_v2_resource_arn = identity_of

    enforce = iam_evaluator.enforce

    def enforce_with_sender(*args: Any, resource_arn: str = "*", service_context: dict[str, Any] | None = None) -> Any:
        sender = {"ses:FromAddress": resource_arn.sender} if isinstance(resource_arn, SenderArn) else {}
        return enforce(*args, resource_arn=resource_arn, service_context=(service_context or {}) | sender)

    iam_evaluator.enforce = enforce_with_sender


class SenderArn(str):
    """An identity's ARN that remembers who sends."""

    __slots__ = ("sender",)
    sender: str

    def __new__(cls, arn: str, sender: str) -> SenderArn:
        known = super().__new__(cls, arn)
        known.sender = sender
        return known


def _sender(body: bytes) -> str:
    try:
        request = json.loads(body or b"{}")
    except ValueError:
        return ""
    return parseaddr(str(request.get("FromEmailAddress", "")))[1] if isinstance(request, dict) else ""
