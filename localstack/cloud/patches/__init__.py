"""What MiniStack 1.5.33 lacks for this project, one named module a gap.

Each module says in its docstring what is missing and why it matters, has an `apply()` that closes the gap at run
time, and a test of its name in `localstack/tests_cloud/` that fails without it (`CLOUD_WITHOUT=name`). The
emulator is pinned to the exact version, so nothing here has to guess what it patches.
"""

from __future__ import annotations

from collections.abc import Iterable
from types import ModuleType

from cloud.patches import (
    app_outbox,
    app_rights,
    asynchronous_invocations,
    batch_rights,
    bounded_concurrency,
    browsers,
    condition_keys,
    distributed_map,
    durable_queues,
    executions,
    fair_queues,
    function_logs,
    http_api_routes,
    invoke_stall,
    mail_rights,
    mailbox,
    metric_math,
    prompt_retries,
    snapshots,
    socket_replies,
    stream_mappings,
    table,
    upload_forms,
)

ALL: tuple[ModuleType, ...] = (
    invoke_stall,
    function_logs,
    http_api_routes,
    metric_math,
    batch_rights,
    condition_keys,
    mail_rights,
    mailbox,
    browsers,
    app_rights,
    app_outbox,
    table,
    stream_mappings,
    fair_queues,
    durable_queues,
    asynchronous_invocations,
    distributed_map,
    executions,
    prompt_retries,
    bounded_concurrency,
    upload_forms,
    snapshots,
    socket_replies,
)


def name(patch: ModuleType) -> str:
    return patch.__name__.rpartition(".")[2]


def apply(without: Iterable[str] = ()) -> None:
    """Closes every gap but the ones named, which is how a test shows that it needs its patch."""
    skipped = set(without)
    for patch in ALL:
        if name(patch) not in skipped:
            patch.apply()
