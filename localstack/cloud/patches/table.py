"""The table lives in another engine: dynoxide, on a SQLite file beside the emulator.

The emulator's own DynamoDB is lost on kill -9, drops `TimeToLiveSpecification`, and is several times slower. Functions
call the engine directly (`AWS_ENDPOINT_URL_DYNAMODB`); here the emulator's DynamoDB endpoint, CloudFormation's
`AWS::DynamoDB::Table` and the DynamoDB tasks of Step Functions are sent to it too, so that there is one table.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

from ministack.services import dynamodb, dynamodb_streams
from ministack.services.cloudformation import provisioners

from cloud.patches import home
from cloud.table_client import TableError

Response = tuple[int, dict[str, str], bytes]

# The engine says this where an ARN has its region.
_ENGINE_ARN = "arn:aws:dynamodb:dynoxide:"
_TYPE = "AWS::DynamoDB::Table"
_ITEM_TASKS = {"_put_item": "PutItem", "_get_item": "GetItem", "_delete_item": "DeleteItem", "_update_item": "UpdateItem"}
_CREATED_WITH = (
    "AttributeDefinitions",
    "KeySchema",
    "BillingMode",
    "ProvisionedThroughput",
    "GlobalSecondaryIndexes",
    "LocalSecondaryIndexes",
)


def apply() -> None:
    dynamodb.handle_request = _forward
    dynamodb_streams.handle_request = _forward
    for function, operation in _ITEM_TASKS.items():
        setattr(dynamodb, function, _task(operation))
    provisioners._RESOURCE_HANDLERS[_TYPE] = {
        "create": _create,
        "update": _update,
        "update_with_logical_id": True,
        "delete": _delete,
    }


def in_cloud_terms(arn: str) -> str:
    """An ARN of the engine's as the cloud would write it."""
    return arn.replace(_ENGINE_ARN, _cloud_arn())


def _cloud_arn() -> str:
    return f"arn:aws:dynamodb:{provisioners.get_region()}:"


async def _forward(_method: str, _path: str, headers: dict[str, str], body: bytes, _query: Any) -> Response:
    target = headers.get("x-amz-target", "")
    asked = body.replace(_cloud_arn().encode(), _ENGINE_ARN.encode())
    status, answer = await asyncio.to_thread(home.table().raw, target, asked)
    return status, {"Content-Type": "application/x-amz-json-1.0"}, answer.replace(_ENGINE_ARN.encode(), _cloud_arn().encode())


def _task(operation: str) -> Any:
    def run(request: dict[str, Any]) -> Response:
        status, answer = home.table().raw(f"DynamoDB_20120810.{operation}", json.dumps(request).encode())
        return status, {}, answer

    return run


def _create(logical_id: str, props: dict[str, Any], stack_name: str) -> tuple[str, dict[str, str]]:
    table = props.get("TableName") or provisioners._physical_name(stack_name, logical_id, max_len=255)
    request = {name: props[name] for name in _CREATED_WITH if name in props}
    request |= {"TableName": table, "DeletionProtectionEnabled": _true(props.get("DeletionProtectionEnabled"))}
    if "StreamSpecification" in props:
        request["StreamSpecification"] = _stream(props)
    try:
        home.table().call("CreateTable", request)
    except TableError as error:
        # The file outlives the emulator's state: the same table of an earlier deployment is taken over.
        if error.kind != "ResourceInUseException" or _describe(table)["KeySchema"] != props["KeySchema"]:
            raise
    _expire(table, props)
    return table, _attributes(table)


def _update(table: str, old: dict[str, Any], new: dict[str, Any], _stack_name: str, _logical_id: str | None = None) -> tuple[str, dict[str, str]]:
    fixed = [name for name in ("TableName", "KeySchema", "LocalSecondaryIndexes") if old.get(name) != new.get(name)]
    if fixed:
        raise ValueError(f"{_TYPE}: a change of {', '.join(fixed)} replaces the table; `make reset` first")
    request: dict[str, Any] = {"DeletionProtectionEnabled": _true(new.get("DeletionProtectionEnabled"))}
    if old.get("StreamSpecification") != new.get("StreamSpecification"):
        request["StreamSpecification"] = _stream(new)
    home.table().call("UpdateTable", {"TableName": table} | request)
    for change in _index_changes(old, new):
        definitions = {"AttributeDefinitions": new["AttributeDefinitions"]}
        home.table().call("UpdateTable", {"TableName": table, "GlobalSecondaryIndexUpdates": [change]} | definitions)
    _expire(table, new)
    return table, _attributes(table)


def _delete(table: str, _props: dict[str, Any]) -> None:
    home.table().call("DeleteTable", {"TableName": table})


def _index_changes(old: dict[str, Any], new: dict[str, Any]) -> list[dict[str, Any]]:
    before = {index["IndexName"]: index for index in old.get("GlobalSecondaryIndexes", [])}
    after = {index["IndexName"]: index for index in new.get("GlobalSecondaryIndexes", [])}
    gone = [{"Delete": {"IndexName": name}} for name, index in before.items() if after.get(name) != index]
    return gone + [{"Create": index} for name, index in after.items() if before.get(name) != index]


def _expire(table: str, props: dict[str, Any]) -> None:
    wanted = props.get("TimeToLiveSpecification")
    if wanted is None:
        return
    specification = {"AttributeName": wanted["AttributeName"], "Enabled": _true(wanted.get("Enabled"))}
    home.table().call("UpdateTimeToLive", {"TableName": table, "TimeToLiveSpecification": specification})


def _stream(props: dict[str, Any]) -> dict[str, Any]:
    wanted = props.get("StreamSpecification")
    return {"StreamEnabled": True, "StreamViewType": wanted["StreamViewType"]} if wanted else {"StreamEnabled": False}


def _describe(table: str) -> dict[str, Any]:
    described: dict[str, Any] = home.table().call("DescribeTable", {"TableName": table})["Table"]
    return described


def _attributes(table: str) -> dict[str, str]:
    described = _describe(table)
    attributes = {"Arn": in_cloud_terms(described["TableArn"])}
    if described.get("LatestStreamArn"):
        attributes["StreamArn"] = in_cloud_terms(described["LatestStreamArn"])
    return attributes


def _true(value: object) -> bool:
    """A boolean of a template, which may have come through a string parameter."""
    return str(value).lower() == "true"
