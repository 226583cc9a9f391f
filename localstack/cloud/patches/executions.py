"""An execution of a workflow that failed cannot be redriven, one that runs is lost on a restart, and starting twice is an error.

Here an execution is in the journal before its start is answered, and from then on with the state it stands in: it survives kill -9 and
goes on from there, as it does when it is redriven. (A Map whose children are not all known any more starts over.) To start one again
under its name and with its input while it runs is answered like the first time, as in the cloud.
"""

from __future__ import annotations

import json
import logging
import threading
from contextvars import copy_context
from typing import Any

from ministack import app
from ministack.core.responses import error_response_json, json_response, now_iso, request_scope
from ministack.services import stepfunctions

from cloud.patches import home, workflow
from cloud.patches.workflow import Execution

Response = tuple[int, dict[str, str], bytes]

_log = logging.getLogger("executions")
# What is noted last is what is: an execution is noted by whoever starts it and by the thread that runs it.
_noting = threading.Lock()


def apply() -> None:
    stepfunctions._run_execution = _run
    _start_once()
    _describe_redrives()
    _answer_redrives()
    _resume_after_restart()


def _start_once() -> None:
    start = stepfunctions._start_execution

    def start_once(data: dict[str, Any]) -> Response:
        machine, name = data.get("stateMachineArn", ""), data.get("name")
        known = stepfunctions._executions.get(f"{machine.replace(':stateMachine:', ':execution:')}:{name}")
        if known is not None and known["status"] == "RUNNING" and known["input"] == data.get("input", "{}"):
            return json_response({"executionArn": known["executionArn"], "startDate": known["startDate"]})
        answer: Response = start(data)
        if answer[0] == 200:
            _note(stepfunctions._executions[json.loads(answer[2])["executionArn"]])
        return answer

    stepfunctions._start_execution = start_once


def _describe_redrives() -> None:
    describe = stepfunctions._describe_execution

    def describe_all(data: dict[str, Any]) -> Response:
        answer: Response = describe(data)
        execution = stepfunctions._executions.get(data.get("executionArn"))
        if execution is None:
            return answer
        status = "REDRIVABLE" if _is_redrivable(execution) else "NOT_REDRIVABLE"
        more = {"redriveStatus": status, "redriveCount": execution.get("redriveCount", 0)}
        return json_response(json.loads(answer[2]) | more)

    stepfunctions._describe_execution = describe_all


def _answer_redrives() -> None:
    handle = stepfunctions.handle_request

    async def handle_redrives_too(method: str, path: str, headers: dict[str, str], body: bytes, query: Any) -> Response:
        if headers.get("x-amz-target", "").endswith(".RedriveExecution"):
            return stepfunctions._finalize_response(_redrive(json.loads(body)))
        return await handle(method, path, headers, body, query)

    stepfunctions.handle_request = handle_redrives_too


def _resume_after_restart() -> None:
    load = app._load_persisted_state

    def load_and_resume() -> None:
        load()
        for content in home.journal().executions():
            execution = json.loads(content)
            with request_scope(home.ACCOUNT, execution["executionArn"].split(":")[3]):
                stepfunctions._executions[execution["executionArn"]] = execution
                if execution["status"] == "RUNNING":
                    _go_on(execution)

    app._load_persisted_state = load_and_resume


def _is_redrivable(execution: Execution) -> bool:
    return execution["status"] in ("FAILED", "ABORTED") and "stands" in execution


def _redrive(data: dict[str, Any]) -> Response:
    execution = stepfunctions._executions.get(data.get("executionArn"))
    if execution is None:
        return error_response_json("ExecutionDoesNotExist", f"Execution Does Not Exist: '{data.get('executionArn')}'", 400)
    if not _is_redrivable(execution):
        return error_response_json("ExecutionNotRedrivable", f"Execution is {execution['status']} and cannot be redriven", 400)
    count, date = execution.get("redriveCount", 0) + 1, now_iso()
    execution.update(status="RUNNING", stopDate=None, output=None, error=None, cause=None, redriveCount=count, redriveDate=date)
    stepfunctions._add_event(execution, "ExecutionRedriven", {"executionRedrivenEventDetails": {"redriveCount": count}})
    _go_on(execution)
    return json_response({"redriveDate": date})


def _go_on(execution: Execution) -> None:
    _note(execution)
    threading.Thread(target=copy_context().run, args=(_run, execution["executionArn"]), daemon=True).start()


def _note(execution: Execution) -> None:
    with _noting:
        home.journal().put_execution(execution["executionArn"], json.dumps(execution))


def _run(arn: str) -> None:
    """Runs an execution in this thread, from where it stands."""
    execution = stepfunctions._executions[arn]
    try:
        machine = stepfunctions._state_machines[execution["stateMachineArn"]]
        definition = json.loads(machine["definition"])
        seen = workflow.context(definition, execution, machine["name"])
        output = workflow.walk(definition, execution, seen, lambda: _note(execution))
    except stepfunctions._ExecutionError as failure:
        stepfunctions._fail_execution(execution, failure.error, failure.cause)
    except Exception as failure:
        _log.exception("%s broke off", arn)
        stepfunctions._fail_execution(execution, "States.Runtime", str(failure))
    else:
        if execution["status"] == "RUNNING":
            execution.update(status="SUCCEEDED", output=json.dumps(output), stopDate=now_iso())
            stepfunctions._add_event(execution, "ExecutionSucceeded", {"executionSucceededEventDetails": {"output": execution["output"]}})
            stepfunctions._emit_execution_status_event(execution)
    _note(execution)
