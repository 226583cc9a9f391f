"""Walking through a workflow, state by state, with a note of where it stands: what a redrive or a restart goes on from."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from ministack.core.responses import now_iso
from ministack.services import stepfunctions

Execution = dict[str, Any]

# These are given the execution; the other states work on their input alone.
_WORKING = {
    "Task": stepfunctions._execute_task,
    "Parallel": stepfunctions._execute_parallel,
    "Map": stepfunctions._execute_map,
}
_PASSING = {
    "Pass": stepfunctions._execute_pass,
    "Choice": stepfunctions._execute_choice,
    "Wait": stepfunctions._execute_wait,
}


def context(definition: dict[str, Any], execution: Execution, machine: str) -> dict[str, Any]:
    """What expressions see as `$states.context`, and the variables: an execution has its own."""
    return {
        "QueryLanguage": definition.get("QueryLanguage", "JSONPath"),
        "Execution": {
            "Id": execution["executionArn"],
            "Input": json.loads(execution["input"]),
            "Name": execution["name"],
            "StartTime": execution["startDate"],
        },
        "StateMachine": {"Id": execution["stateMachineArn"], "Name": machine},
        "variables": {},
    }


def walk(definition: dict[str, Any], execution: Execution, seen: dict[str, Any], noted: Callable[[], None]) -> Any:
    """Goes from where the execution stands to its end; the output. `noted` is called whenever it stands elsewhere.

    `execution["stands"]` says in which state it is, and with which input and variables that was entered. A state that fails
    leaves it there.
    """
    stands = execution.setdefault("stands", {"state": definition["StartAt"], "input": json.loads(execution["input"]), "variables": {}})
    seen["variables"] = dict(stands["variables"])
    while execution["status"] == "RUNNING":
        name, given = stands["state"], stands["input"]
        state = definition["States"][name]
        seen["State"] = {"Name": name, "EnteredTime": now_iso(), "RetryCount": 0}
        _event(execution, state, "Entered", name, given)
        output, following = _step(state, given, execution, seen)
        _event(execution, state, "Exited", name, output)
        if following is None:
            return output
        stands = execution["stands"] = {"state": following, "input": output, "variables": dict(seen["variables"])}
        noted()
    return None


def _step(state: dict[str, Any], given: Any, execution: Execution, seen: dict[str, Any]) -> tuple[Any, str | None]:
    """One state: its output, and the state that follows."""
    kind = state["Type"]
    if kind in _WORKING:
        return _WORKING[kind](state, given, execution, seen)
    if kind in _PASSING:
        return _PASSING[kind](state, given, seen)
    if kind == "Fail":
        raise stepfunctions._ExecutionError(*stepfunctions._fail_state_error(state, given, seen))
    if stepfunctions._state_query_language(state, seen) == "JSONata":
        return stepfunctions._apply_jsonata_output(state, given, seen, default=given), None
    taken = stepfunctions._apply_input_path(state, given, seen)
    return stepfunctions._apply_output_path(state, taken, seen), None


def _event(execution: Execution, state: dict[str, Any], what: str, name: str, data: Any) -> None:
    field = "input" if what == "Entered" else "output"
    details = {f"state{what}EventDetails": {"name": name, field: json.dumps(data)}}
    stepfunctions._add_event(execution, f"{state['Type']}State{what}", details)
