"""Kill everything with -9, start again: nothing that was accepted is gone. (Named to run late: it kills the cloud.)"""

from __future__ import annotations

import threading
import urllib.request

from conftest import Cloud, eventually


def test_messages_in_a_queue_survive(cloud: Cloud) -> None:
    sqs = cloud.client("sqs")
    bodies = {f"durable {number}" for number in range(20)}
    for body in bodies:
        attributes = {"trace": {"DataType": "String", "StringValue": body}}
        sqs.send_message(QueueUrl=cloud.outputs["IdleQueue"], MessageBody=body, MessageAttributes=attributes)
    (first,) = sqs.receive_message(QueueUrl=cloud.outputs["IdleQueue"], MaxNumberOfMessages=1)["Messages"]
    sqs.delete_message(QueueUrl=cloud.outputs["IdleQueue"], ReceiptHandle=first["ReceiptHandle"])
    cloud.kill()
    cloud.start()
    assert set(cloud.waiting("IdleQueue")) == bodies - {first["Body"]}


def test_messages_sent_while_others_are_acknowledged_are_not_lost(cloud: Cloud) -> None:
    def send(sender: int) -> None:
        sqs = cloud.client("sqs")
        for number in range(10):
            entries = [{"Id": str(n), "MessageBody": f"burst {sender} {number} {n}"} for n in range(10)]
            sqs.send_message_batch(QueueUrl=cloud.outputs["Queue"], Entries=entries)

    threads = [threading.Thread(target=send, args=(sender,)) for sender in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    def bodies() -> set[str]:
        return {record["body"] for record in cloud.records("queue", "burst")}

    assert len(eventually(bodies, lambda found: len(found) == 400, seconds=30)) == 400


def test_the_cloud_answers_again_with_the_table_and_the_stream_where_they_were(cloud: Cloud) -> None:
    cloud.put("WANTED#kill", "before")
    eventually(lambda: cloud.records("stream", "#kill"), bool)
    cloud.kill()
    cloud.start()
    cloud.put("WANTED#kill", "after")
    eventually(lambda: cloud.records("stream", "#kill"), lambda found: len(found) == 2)
    urllib.request.urlopen(f"{cloud.api}things/1").close()
