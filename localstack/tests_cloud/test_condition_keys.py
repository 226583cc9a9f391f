"""A function may do what its role says and nothing else; its role in the template is as narrow as in the cloud."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from conftest import Cloud


def test_signatures_are_checked(cloud: Cloud) -> None:
    assert ":assumed-role/" in cloud.as_function("sts").get_caller_identity()["Arn"]
    with pytest.raises(ClientError, match="SignatureDoesNotMatch"):
        cloud.as_function("sts", aws_secret_access_key="wrong").get_caller_identity()


def test_what_the_role_does_not_name_is_denied(cloud: Cloud) -> None:
    with pytest.raises(ClientError, match="AccessDenied"):
        cloud.as_function("sqs").send_message(QueueUrl=cloud.outputs["IdleQueue"], MessageBody="x")


def test_a_bucket_that_wants_tls_is_content_with_loopback(cloud: Cloud) -> None:
    cloud.client("s3").put_object(Bucket=cloud.outputs["Bucket"], Key="readable", Body=b"x")
    assert cloud.as_function("s3").get_object(Bucket=cloud.outputs["Bucket"], Key="readable")["Body"].read() == b"x"


def test_signing_is_allowed_by_algorithm(cloud: Cloud) -> None:
    request = {"KeyId": cloud.outputs["Key"], "Message": b"x"}
    assert cloud.as_function("kms").sign(SigningAlgorithm="ECDSA_SHA_256", **request)["Signature"]
    with pytest.raises(ClientError, match="AccessDenied"):
        cloud.as_function("kms").sign(SigningAlgorithm="ECDSA_SHA_512", **request)


def key(pk: str) -> dict[str, Any]:
    return {"pk": {"S": pk}, "sk": {"S": "rights"}}


def query(pk: str) -> dict[str, Any]:
    values = {":one": {"S": pk}, ":two": {"S": "a"}}
    return {"KeyConditionExpression": "#k = :one AND sk > :two", "ExpressionAttributeNames": {"#k": "pk"}, "ExpressionAttributeValues": values}


def test_the_table_is_allowed_by_partition_key(cloud: Cloud) -> None:
    client, table = cloud.as_function("dynamodb"), cloud.outputs["Table"]
    client.put_item(TableName=table, Item=key("MINE#1"))
    client.batch_get_item(RequestItems={table: {"Keys": [key("MINE#1"), key("MINE#2")]}})
    client.query(TableName=table, **query("MINE#1"))
    for refused in (
        lambda: client.put_item(TableName=table, Item=key("OTHER#1")),
        lambda: client.batch_get_item(RequestItems={table: {"Keys": [key("MINE#1"), key("OTHER#1")]}}),
        lambda: client.query(TableName=table, **query("OTHER#1")),
        lambda: client.delete_item(TableName=table, Key=key("MINE#1")),
    ):
        with pytest.raises(ClientError, match="AccessDenied"):
            refused()


def test_each_item_of_a_transaction_is_checked_with_its_own_key(cloud: Cloud) -> None:
    client, table = cloud.as_function("dynamodb"), cloud.outputs["Table"]

    def write(put: str, update: str) -> None:
        added = {"UpdateExpression": "ADD n :one", "ExpressionAttributeValues": {":one": {"N": "1"}}}
        items = [{"Put": {"TableName": table, "Item": key(put)}}, {"Update": {"TableName": table, "Key": key(update), **added}}]
        client.transact_write_items(TransactItems=items)

    write(put="MINE#3", update="COUNT#3")
    with pytest.raises(ClientError, match="AccessDenied"):
        write(put="COUNT#3", update="MINE#3")
