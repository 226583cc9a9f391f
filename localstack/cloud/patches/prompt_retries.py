"""A message whose handling failed comes back only after the queue's visibility timeout, minutes later.

That is right in the cloud, where the timeout is six times the function's; on a developer's machine it hides a
failing function, and a test that a poison message reaches its dead-letter queue would take a quarter of an hour. Failed
messages become visible again after `LAMBDAGRAM_RETRY_SECONDS` (2). How often they are tried does not change.
"""

from __future__ import annotations

import time
from typing import Any

from ministack.core.concurrency import esm_wake
from ministack.services import lambda_svc

from cloud.patches import home


def apply() -> None:
    run_batch = lambda_svc._run_sqs_batch

    def run_and_release(mapping: dict[str, Any], function: Any, event: Any, batch: list[dict[str, Any]], *rest: str) -> None:
        run_batch(mapping, function, event, batch, *rest)
        _release(batch)

    lambda_svc._run_sqs_batch = run_and_release


def _release(batch: list[dict[str, Any]]) -> None:
    """Acknowledged messages are in no queue any more, so touching all of the batch is harmless."""
    due = time.time() + home.retry_seconds()
    for message in batch:
        message["visible_at"] = min(message["visible_at"], due)
    esm_wake.set()
