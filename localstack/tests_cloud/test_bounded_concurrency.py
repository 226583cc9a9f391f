"""A burst of messages does not start a burst of processes."""

from __future__ import annotations

import json
import os

from conftest import Cloud, eventually


def test_a_mapping_runs_a_few_at_a_time(cloud: Cloud) -> None:
    sqs = cloud.client("sqs")
    for batch in range(6):
        entries = [{"Id": str(number), "MessageBody": f"slow burst {batch} {number}"} for number in range(10)]
        sqs.send_message_batch(QueueUrl=cloud.outputs["CrowdQueue"], Entries=entries)
    eventually(lambda: cloud.records("crowd", "slow burst"), lambda found: len(found) == 60, seconds=20)
    lines = (cloud.settings.state / "seen" / "crowd").read_text().splitlines()
    assert 1 < len({json.loads(line)["pid"] for line in lines}) <= 2 * (os.cpu_count() or 1)
