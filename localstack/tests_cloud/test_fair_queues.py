"""A message of one group does not wait behind all those of another."""

from __future__ import annotations

from conftest import Cloud


def test_a_quiet_group_is_served_beside_a_busy_one(cloud: Cloud) -> None:
    sqs = cloud.client("sqs")
    url = cloud.outputs["IdleQueue"]

    def send(group: str, count: int) -> None:
        for first in range(0, count, 10):
            numbers = range(first, min(first + 10, count))
            entries = [{"Id": str(number), "MessageBody": f"fair {group} {number}", "MessageGroupId": group} for number in numbers]
            sqs.send_message_batch(QueueUrl=url, Entries=entries)

    def receive() -> list[str]:
        messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=600).get("Messages", [])
        for message in messages:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return [message["Body"] for message in messages if message["Body"].startswith("fair ")]

    send("busy", 100)
    send("quiet", 3)
    first = receive()
    assert [body for body in first if "quiet" in body] == [f"fair quiet {number}" for number in range(3)]
    rest = list(first)
    while batch := receive():
        rest += batch
    assert sorted(rest) == sorted([f"fair busy {number}" for number in range(100)] + [f"fair quiet {number}" for number in range(3)])
    # Within a group the oldest is first.
    assert [body for body in rest if "busy" in body] == [f"fair busy {number}" for number in range(100)]
