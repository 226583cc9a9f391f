"""There is one table, dynoxide's, whoever asks for it."""

from __future__ import annotations

import json

from cloud.table_client import TableClient
from conftest import Cloud, eventually


def test_the_emulators_endpoint_and_the_engine_show_the_same_items(cloud: Cloud) -> None:
    cloud.put("TABLE#1", "a")
    key = {"pk": {"S": "TABLE#1"}, "sk": {"S": "a"}}
    engine = TableClient(cloud.settings.table_url)
    assert engine.call("GetItem", {"TableName": cloud.outputs["Table"], "Key": key})["Item"] == key


def test_cloudformation_made_it_as_the_template_says(cloud: Cloud) -> None:
    client = cloud.client("dynamodb")
    table = client.describe_table(TableName=cloud.outputs["Table"])["Table"]
    assert table["StreamSpecification"] == {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
    assert table["LatestStreamArn"].startswith("arn:aws:dynamodb:us-east-1:000000000000:table/")
    expiry = client.describe_time_to_live(TableName=cloud.outputs["Table"])["TimeToLiveDescription"]
    assert expiry == {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires_at"}


def test_step_functions_write_to_it(cloud: Cloud) -> None:
    machines = cloud.client("stepfunctions")
    started = machines.start_execution(stateMachineArn=cloud.outputs["Machine"], input=json.dumps({"pk": "TABLE#2"}))

    def status() -> str:
        found: str = machines.describe_execution(executionArn=started["executionArn"])["status"]
        return found

    assert eventually(status, lambda now: now != "RUNNING") == "SUCCEEDED"
    key = {"pk": {"S": "TABLE#2"}, "sk": {"S": "by-step-functions"}}
    engine = TableClient(cloud.settings.table_url)
    assert "Item" in engine.call("GetItem", {"TableName": cloud.outputs["Table"], "Key": key})
