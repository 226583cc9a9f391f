"""Functions' logs are kept in memory only, in the emulated CloudWatch Logs, and grow for ever.

They are lost when the emulator is killed, which is when they are wanted, and every snapshot would carry them. Each
function writes to a file of its own instead, line by line as it speaks; `make logs` reads those.
"""

from __future__ import annotations

import queue
from typing import BinaryIO

from ministack.core import lambda_runtime
from ministack.services import lambda_svc

from cloud.patches import home


def apply() -> None:
    lambda_runtime.ProvidedWorker._pump_output = _pump_to_file
    lambda_svc._emit_lambda_logs = _keep_nothing


def _pump_to_file(worker: lambda_runtime.ProvidedWorker, stream: BinaryIO, _lines: queue.Queue[str]) -> None:
    """Runs on the worker's log thread until the function's output ends."""
    with stream, (home.function_logs() / f"{worker.func_name}.log").open("ab", buffering=0) as log:
        for line in stream:
            log.write(line)


def _keep_nothing(*_args: object, **_options: object) -> None:
    """The lines are in the file already."""
