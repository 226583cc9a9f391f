"""An asynchronous invocation is lost on kill -9, and as many run at once as are asked for.

S3 tells the function of uploads by one. In the cloud Lambda keeps such an event until the function has done it or it is set aside; here it
lives in a thread of its own, and an upload that was answered would never be processed. A burst of uploads would start as many processes.
Here the event is in the journal until it is done, and a few at a time are worked on. Retries and the failure destination are the
emulator's own: two retries, then the queue that the function names.
"""

from __future__ import annotations

import json
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ministack import app
from ministack.core.responses import new_uuid, request_scope
from ministack.services import lambda_svc

from cloud.patches import home

# Where the events are among the messages of the journal: in no queue that somebody can make.
_PLACE = "asynchronous invocations"

_workers = ThreadPoolExecutor(max_workers=2 * (os.cpu_count() or 1), thread_name_prefix="asynchronous")


def apply() -> None:
    lambda_svc.invoke_async_with_retry = invoke
    load = app._load_persisted_state

    def load_and_resume() -> None:
        load()
        for content in home.journal().messages(_PLACE):
            _workers.submit(_attempt, json.loads(content), 0)

    app._load_persisted_state = load_and_resume


def invoke(function: dict[str, Any], event: dict[str, Any]) -> None:
    """Takes on an invocation: it is in the journal when this returns."""
    arn = (function.get("config") or function)["FunctionArn"]
    invocation = {"id": new_uuid(), "function": arn, "event": event}
    home.journal().put_message(_PLACE, invocation["id"], json.dumps(invocation))
    _workers.submit(_attempt, invocation, 0)


def _attempt(invocation: dict[str, Any], retries: int) -> None:
    arn, event = invocation["function"], invocation["event"]
    with request_scope(home.ACCOUNT, arn.split(":")[3]):
        found, config, name = lambda_svc._get_func_record_for_ref(arn)
        if found and config:
            function = lambda_svc._execution_record_for_config(found, config)
            result = lambda_svc._execute_function(function, event)
            settings = function.get("event_invoke_config") or (function.get("event_invoke_configs") or {}).get("$LATEST") or {}
            if result.get("error") and retries < int(settings.get("MaximumRetryAttempts", 2)):
                # Others are worked on meanwhile.
                again = threading.Timer(home.retry_seconds() * 2**retries, _workers.submit, (_attempt, invocation, retries + 1))
                again.daemon = True
                again.start()
                return
            target = (settings.get("DestinationConfig") or {}).get("OnFailure", {}).get("Destination")
            if result.get("error") and target:
                lambda_svc._route_async_failure(target, name, event, result)
    home.journal().drop_message(_PLACE, invocation["id"])
