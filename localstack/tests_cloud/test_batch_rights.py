"""A role that may publish and send may do so in batches."""

from __future__ import annotations

from conftest import Cloud


def test_a_batch_is_allowed_by_the_right_to_the_single_call(cloud: Cloud) -> None:
    entries = [{"Id": "1", "Message": "batch"}]
    assert cloud.as_function("sns").publish_batch(TopicArn=cloud.outputs["Topic"], PublishBatchRequestEntries=entries)["Successful"]
    messages = [{"Id": "1", "MessageBody": "batch"}]
    assert cloud.as_function("sqs").send_message_batch(QueueUrl=cloud.outputs["BatchQueue"], Entries=messages)["Successful"]
