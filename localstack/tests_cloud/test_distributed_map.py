"""A Distributed Map runs what it is given, in children that know nothing but their input, and refuses what it would not do."""

from __future__ import annotations

import json
from typing import Any

from conftest import Cloud

Json = dict[str, Any]


def run(cloud: Cloud, name: str, state: Json, child: Json) -> Json:
    """A workflow of one Distributed Map whose children are one state."""
    workflows = cloud.client("stepfunctions")
    processor = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, "StartAt": "Child", "States": {"Child": child}}
    begin = {"Type": "Pass", "Assign": {"secret": "parent's"}, "Next": "Each"}
    machine = cloud.workflow(name, Begin=begin, Each={"Type": "Map", "ItemProcessor": processor, "End": True} | state)
    given = {"numbers": [1, 2, 3], "most": 2}
    return cloud.ended(workflows.start_execution(stateMachineArn=machine, name="only", input=json.dumps(given))["executionArn"])


def test_every_item_is_a_child_with_the_input_selected_for_it(cloud: Cloud) -> None:
    state = {
        "Items": "{% $states.input.numbers %}",
        "MaxConcurrency": "{% $states.input.most %}",
        "ItemSelector": {"number": "{% $states.context.Map.Item.Value %}", "of": "{% $secret %}"},
        "Output": "{% $states.result.sum %}",
    }
    child = {"Type": "Pass", "Output": {"sum": "{% $states.input.of & $states.context.Execution.Input.number %}"}, "End": True}
    ended = run(cloud, "map-items", state, child)
    assert (ended["status"], json.loads(ended["output"])) == ("SUCCEEDED", ["parent's1", "parent's2", "parent's3"])


def test_a_child_sees_no_variable_of_its_parent(cloud: Cloud) -> None:
    child = {"Type": "Pass", "Output": "{% $secret %}", "End": True}
    assert run(cloud, "map-variables", {"Items": "{% $states.input.numbers %}"}, child)["status"] == "FAILED"


def test_one_failed_child_fails_the_map(cloud: Cloud) -> None:
    child = {"Type": "Fail", "Error": "Odd"}
    ended = run(cloud, "map-fails", {"Items": "{% $states.input.numbers %}"}, child)
    assert (ended["status"], ended["error"]) == ("FAILED", "States.ExceedToleratedFailureThreshold")


def test_what_it_would_not_do_is_refused(cloud: Cloud) -> None:
    state = {"Items": "{% $states.input.numbers %}", "ItemBatcher": {"MaxItemsPerBatch": 2}}
    ended = run(cloud, "map-refuses", state, {"Type": "Pass", "End": True})
    assert ended["status"] == "FAILED" and "ItemBatcher" in ended["cause"]
