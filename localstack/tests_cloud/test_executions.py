"""An execution that was started is finished, whatever happens to the emulator, and one that failed can be redriven."""

from __future__ import annotations

import json

import pytest

from cloud import services
from conftest import Cloud


def test_one_that_runs_goes_on_after_a_kill(cloud: Cloud) -> None:
    states = {
        "Begin": {"Type": "Pass", "Assign": {"kept": "variable"}, "Next": "Wait"},
        # Two seconds here.
        "Wait": {"Type": "Wait", "Seconds": 400, "Next": "Finish"},
        "Finish": {"Type": "Pass", "Output": {"is": "{% $kept %}", "was": "{% $states.context.Execution.Input.was %}"}, "End": True},
    }
    arn = cloud.workflow("survives", **states)
    # What was deployed survives by a snapshot, what was started without one.
    services.snapshot(cloud.settings)
    started = cloud.client("stepfunctions").start_execution(stateMachineArn=arn, name="one", input='{"was": "input"}')
    cloud.kill()
    cloud.start()
    ended = cloud.ended(started["executionArn"])
    assert (ended["status"], json.loads(ended["output"])) == ("SUCCEEDED", {"is": "variable", "was": "input"})


def test_to_start_it_again_is_to_start_it_once(cloud: Cloud) -> None:
    workflows = cloud.client("stepfunctions")
    arn = cloud.workflow("once", Wait={"Type": "Wait", "Seconds": 200, "End": True})
    started = [workflows.start_execution(stateMachineArn=arn, name="one", input='{"a": 1}')["executionArn"] for _ in range(2)]
    assert started[0] == started[1]
    exists = workflows.exceptions.ExecutionAlreadyExists
    with pytest.raises(exists):
        workflows.start_execution(stateMachineArn=arn, name="one", input='{"a": 2}')
    assert cloud.ended(started[0])["status"] == "SUCCEEDED"
    with pytest.raises(exists):
        workflows.start_execution(stateMachineArn=arn, name="one", input='{"a": 1}')


def test_one_that_failed_goes_on_at_the_state_that_failed(cloud: Cloud) -> None:
    workflows = cloud.client("stepfunctions")
    segment = {"work": "push", "author_id": "executions", "followers": {"first": 0}}
    plan = cloud.settings.state / "plans" / "executions" / "0"
    plan.parent.mkdir(parents=True, exist_ok=True)
    plan.write_text("Odd")
    arguments = {"FunctionName": cloud.outputs["SegmentFunction"], "Payload": "{% $kept %}"}
    states = {
        "Begin": {"Type": "Pass", "Assign": {"kept": segment}, "Next": "Call"},
        "Call": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Arguments": arguments, "End": True},
    }
    arn = workflows.start_execution(stateMachineArn=cloud.workflow("redriven", **states), name="one")["executionArn"]
    ended = cloud.ended(arn)
    assert (ended["status"], ended["error"], ended["redriveStatus"]) == ("FAILED", "Odd", "REDRIVABLE")
    workflows.redrive_execution(executionArn=arn)
    ended = cloud.ended(arn)
    assert (ended["status"], ended["redriveCount"], ended["redriveStatus"]) == ("SUCCEEDED", 1, "NOT_REDRIVABLE")
    assert len([event for event in cloud.seen("segment") if event["author_id"] == "executions"]) == 2
    with pytest.raises(workflows.exceptions.ExecutionNotRedrivable):
        workflows.redrive_execution(executionArn=arn)
