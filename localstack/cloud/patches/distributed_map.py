"""A Distributed Map of a JSONata workflow ignores Items, ItemSelector, Output and Assign, and its children see their parent's variables.

So it would run once, over nothing that was planned. Here its children are executions of their own, with their own input, context and
variables; the first that fails fails the Map and stops the others, and a redrive goes on with those that did not succeed. Other fields
than those that this project's workflows have are refused by name instead of being ignored. As many children run at a time as the
machine can bear, whatever MaxConcurrency allows.
"""

from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any

from ministack.core.responses import new_uuid, now_iso
from ministack.services import stepfunctions

from cloud.patches import workflow
from cloud.patches.workflow import Execution

State = dict[str, Any]

_UNDERSTOOD = {
    *("Type", "Comment", "QueryLanguage", "Next", "End"),
    *("Items", "ItemSelector", "ItemProcessor", "MaxConcurrency", "Assign", "Output"),
}


def apply() -> None:
    stepfunctions._run_distributed_map = _run


def _run(state: State, given: Any, _effective: Any, processor: State, execution: Execution, seen: dict[str, Any]) -> tuple[Any, str | None]:
    _refuse_what_is_not_understood(state, seen)
    stands = execution.get("stands", {})
    children = _known(stands.get("children", []))
    if not children:
        children = [_child(execution, index, item) for index, item in enumerate(_inputs(state, given, seen))]
        stands["children"] = [child["executionArn"] for child in children]
    most = int(stepfunctions._apply_jsonata_template(state.get("MaxConcurrency", 0), given, seen))
    _run_all(children, most, processor, execution, seen)
    if execution["status"] == "RUNNING" and any(child["status"] != "SUCCEEDED" for child in children):
        why = "The specified tolerated failure threshold was exceeded"
        raise stepfunctions._ExecutionError("States.ExceedToleratedFailureThreshold", why)
    results = [json.loads(child["output"] or "null") for child in children]
    output = stepfunctions._apply_jsonata_output(state, given, seen, result=results, default=results)
    stepfunctions._apply_state_assign(state, given, seen, result=results)
    return output, stepfunctions._next_or_end(state)


def _refuse_what_is_not_understood(state: State, seen: dict[str, Any]) -> None:
    unknown = sorted(set(state) - _UNDERSTOOD)
    if stepfunctions._state_query_language(state, seen) != "JSONata" or "Items" not in state or unknown:
        why = f"the local cloud runs a Distributed Map in JSONata over Items only, and none with {', '.join(unknown) or 'less'}"
        raise stepfunctions._ExecutionError("States.Runtime", why)


def _inputs(state: State, given: Any, seen: dict[str, Any]) -> list[Any]:
    """The children's inputs; selected in the parent's context, which has the item."""
    items = stepfunctions._jsonata_state_field(state, "Items", "array", given, seen)
    if "ItemSelector" not in state:
        return list(items)
    contexts = (seen | {"Map": {"Item": {"Index": index, "Value": item}}} for index, item in enumerate(items))
    return [stepfunctions._apply_jsonata_template(state["ItemSelector"], given, each) for each in contexts]


def _known(arns: list[str]) -> list[Execution]:
    """The children of an earlier attempt; none when one of them was lost in a restart."""
    found = [stepfunctions._executions.get(arn) for arn in arns]
    return [] if None in found else found


def _child(parent: Execution, index: int, given: Any) -> Execution:
    machine = f"{parent['stateMachineArn']}/{parent['name']}"
    name = f"{index}-{new_uuid()}"
    child = {
        "executionArn": f"{machine.replace(':stateMachine:', ':execution:')}:{name}",
        "stateMachineArn": machine,
        "name": name,
        "status": "PENDING",
        "startDate": now_iso(),
        "stopDate": None,
        "input": json.dumps(given),
        "output": None,
        "events": [],
    }
    stepfunctions._executions[child["executionArn"]] = child
    return child


def _run_all(children: list[Execution], most: int, processor: State, parent: Execution, seen: dict[str, Any]) -> None:
    """Runs those that have not succeeded yet, until one fails or the parent is stopped."""
    bearable = 2 * (os.cpu_count() or 1)
    left = [child for child in children if child["status"] != "SUCCEEDED"]
    for child in left:
        child["status"] = "PENDING"

    def run(child: Execution) -> None:
        if parent["status"] == "RUNNING" and not any(other["status"] == "FAILED" for other in left):
            _run_child(child, processor, seen)
        else:
            child["status"] = "ABORTED"

    with ThreadPoolExecutor(min(most or bearable, bearable)) as pool:
        for outcome in [pool.submit(copy_context().run, run, child) for child in left]:
            outcome.result()


def _run_child(child: Execution, processor: State, seen: dict[str, Any]) -> None:
    child.update(status="RUNNING", error=None, cause=None)
    own = workflow.context({"QueryLanguage": seen["QueryLanguage"]}, child, seen["StateMachine"]["Name"])
    try:
        output = workflow.walk(processor, child, own, lambda: None)
        child.update(status="SUCCEEDED", output=json.dumps(output))
    except stepfunctions._ExecutionError as failure:
        child.update(status="FAILED", error=failure.error, cause=failure.cause)
    except Exception as failure:
        child.update(status="FAILED", error="States.Runtime", cause=str(failure))
    child["stopDate"] = now_iso()
