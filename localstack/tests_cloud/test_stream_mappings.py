"""Stream records arrive like from a real event source mapping."""

from __future__ import annotations

import json
import time

from conftest import Cloud, eventually


def test_records_arrive_in_order_and_only_those_that_match(cloud: Cloud) -> None:
    for number in range(25):
        cloud.put("WANTED#order", f"{number:02}")
        cloud.put("UNWANTED#order", f"{number:02}")
    records = eventually(lambda: cloud.records("stream", "#order"), lambda found: len(found) >= 25)
    assert [record["dynamodb"]["Keys"]["sk"]["S"] for record in records] == [f"{number:02}" for number in range(25)]
    assert all(record["dynamodb"]["Keys"]["pk"]["S"] == "WANTED#order" for record in records)
    assert records[0]["eventSourceARN"].startswith("arn:aws:dynamodb:us-east-1:")
    assert max(len(event["Records"]) for event in cloud.seen("stream")) <= 10


def test_a_record_arrives_within_a_moment(cloud: Cloud) -> None:
    began = time.monotonic()
    cloud.put("WANTED#quick", "1")
    eventually(lambda: cloud.records("stream", "#quick"), bool)
    assert time.monotonic() - began < 0.5


def test_a_poison_record_ends_in_the_failure_queue_and_its_neighbours_do_not(cloud: Cloud) -> None:
    keys = [f"WANTED#batch{number}" for number in range(6)]
    for key in keys:
        cloud.put(key, "poison" if key.endswith("3") else "good")

    def delivered() -> set[str]:
        return {record["dynamodb"]["Keys"]["pk"]["S"] for record in cloud.records("stream", "WANTED#batch")}

    eventually(delivered, lambda found: found == set(keys))
    failures = eventually(lambda: cloud.waiting("StreamDeadLetterQueue"), bool)
    poison = [record for record in cloud.records("stream", "WANTED#batch3") if "poison" in json.dumps(record)]
    (failure,) = (json.loads(body) for body in failures)
    assert failure["requestContext"]["condition"] == "RetryAttemptsExhausted"
    assert failure["DDBStreamBatchInfo"]["batchSize"] == 1
    assert failure["DDBStreamBatchInfo"]["startSequenceNumber"] == poison[0]["dynamodb"]["SequenceNumber"]
    assert len(poison) >= 3
