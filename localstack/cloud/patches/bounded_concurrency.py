"""A queue's mapping starts as many processes as its `MaximumConcurrency` says, a hundred for the uploads.

In the cloud each has a machine of its own; here they share one, and a burst of uploads would have a hundred decoders fight for its
memory. A mapping runs at most two at a time for each processor.
"""

from __future__ import annotations

import os
from typing import Any

from ministack.services import lambda_svc


def apply() -> None:
    wanted = lambda_svc._sqs_esm_concurrency
    limit = 2 * (os.cpu_count() or 1)

    def bounded(*args: Any, **named: Any) -> int:
        return min(limit, wanted(*args, **named))

    lambda_svc._sqs_esm_concurrency = bounded
