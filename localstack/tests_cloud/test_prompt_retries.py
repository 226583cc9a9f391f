"""SQS: what fails is tried again soon and as often as the redrive policy says, alone."""

from __future__ import annotations

from conftest import Cloud, eventually


def test_a_poison_message_reaches_its_dead_letter_queue_and_its_neighbours_do_not(cloud: Cloud) -> None:
    bodies = ["retry good 1", "retry poison", "retry good 2"]
    entries = [{"Id": str(number), "MessageBody": body} for number, body in enumerate(bodies)]
    cloud.client("sqs").send_message_batch(QueueUrl=cloud.outputs["Queue"], Entries=entries)
    dead = eventually(lambda: cloud.waiting("DeadLetterQueue"), bool, seconds=15)
    assert dead == ["retry poison"]
    assert len(cloud.records("queue", "retry poison")) == 3
    assert len(cloud.records("queue", "retry good 1")) == len(cloud.records("queue", "retry good 2")) == 1
