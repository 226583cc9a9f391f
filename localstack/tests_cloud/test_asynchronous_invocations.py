"""What a bucket tells a function of is done in the end, whatever is killed meanwhile."""

from __future__ import annotations

import json
import os
import sqlite3

from conftest import Cloud, eventually


def keys(cloud: Cloud, marker: str) -> list[str]:
    return [record["s3"]["object"]["key"] for record in cloud.records("told", marker)]


def put(cloud: Cloud, names: list[str]) -> list[str]:
    paths = [f"incoming/{name}" for name in names]
    store = cloud.client("s3")
    for path in paths:
        store.put_object(Bucket=cloud.outputs["Bucket"], Key=path, Body=b"x")
    return paths


def test_events_that_nobody_has_worked_on_survive(cloud: Cloud) -> None:
    paths = put(cloud, [f"slower-durable-{number}" for number in range(12)])
    journal = sqlite3.connect(cloud.settings.state / "emulator" / "journal.sqlite")

    def waiting() -> set[str]:
        found = journal.execute("SELECT content FROM messages WHERE content LIKE '%slower-durable%'")
        return {json.loads(content)["event"]["Records"][0]["s3"]["object"]["key"] for (content,) in found}

    # S3 tells of an object after it has answered.
    eventually(lambda: waiting() | set(keys(cloud, "slower-durable")), lambda known: known == set(paths))
    assert waiting() - set(keys(cloud, "slower-durable")), "nothing is left that could be lost"
    cloud.kill()
    cloud.start()
    # One that was being worked on may come again.
    assert set(eventually(lambda: set(keys(cloud, "slower-durable")), lambda found: len(found) == len(paths), seconds=20)) == set(paths)
    eventually(waiting, lambda left: not left, seconds=20)


def test_a_burst_is_worked_on_a_few_at_a_time(cloud: Cloud) -> None:
    paths = put(cloud, [f"slow-burst-{number}" for number in range(40)])
    assert sorted(eventually(lambda: keys(cloud, "slow-burst"), lambda found: len(found) == 40, seconds=30)) == sorted(paths)
    lines = [json.loads(line) for line in (cloud.settings.state / "seen" / "told").read_text().splitlines()]
    workers = {line["pid"] for line in lines if "slow-burst" in json.dumps(line)}
    assert 1 <= len(workers) <= 2 * (os.cpu_count() or 1)


def test_an_event_that_fails_three_times_is_set_aside_and_others_are_not(cloud: Cloud) -> None:
    put(cloud, ["poison-told", "wholesome-told"])
    eventually(lambda: keys(cloud, "wholesome-told"), bool)
    (letter,) = eventually(lambda: cloud.waiting("ToldDeadLetterQueue"), bool, seconds=30)
    assert json.loads(letter)["requestPayload"]["Records"][0]["s3"]["object"]["key"] == "incoming/poison-told"
    assert len(keys(cloud, "poison-told")) == 3
