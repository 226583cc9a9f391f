"""Batch calls of SNS and SQS ask for rights that do not exist, like `sns:PublishBatch`.

In the cloud a batch is allowed by the right to the single call; a role that names exactly that, as the template's do, is denied
every batch by the emulator.
"""

from __future__ import annotations

from typing import Any

from ministack.core import iam_actions

_ALLOWED_BY = {
    "sns:PublishBatch": "sns:Publish",
    "sqs:SendMessageBatch": "sqs:SendMessage",
    "sqs:DeleteMessageBatch": "sqs:DeleteMessage",
    "sqs:ChangeMessageVisibilityBatch": "sqs:ChangeMessageVisibility",
}


def apply() -> None:
    action_of = iam_actions.extract_iam_action

    def single_action_of(*args: Any, **named: Any) -> str | None:
        action: str | None = action_of(*args, **named)
        return _ALLOWED_BY.get(action or "", action)

    iam_actions.extract_iam_action = single_action_of
