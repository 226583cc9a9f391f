"""The project's workflows, run as they are: their graph, expressions, retries and marks, with a function that does as it is told."""

from __future__ import annotations

import json
from typing import Any

from cloud import services
from conftest import Cloud, eventually

Json = dict[str, Any]

# 25,000 followers are three segments.
FOLLOWERS = 25_000
FIRSTS = [0, 21_845, 43_690]


class Author:
    """An author of a test's own, and their head."""

    def __init__(self, cloud: Cloud, number: int, **head: Json) -> None:
        self.cloud = cloud
        self.id = str(number)
        self.pk = f"USER#{number}"
        item = {"pk": {"S": self.pk}, "sk": {"S": "HEAD"}, "version": {"N": "7"}} | head
        cloud.client("dynamodb").put_item(TableName=cloud.outputs["Table"], Item=item)

    def plan(self, first: int, steps: str) -> None:
        """What the function is to do with the segment that begins with `first`, call by call; then all goes well."""
        file = self.cloud.settings.state / "plans" / self.id / str(first)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(steps)

    def start(self, machine: str, name: str, **more: str) -> str:
        given = {"author_id": self.id, "followers": FOLLOWERS, "head": {"pk": self.pk, "sk": "HEAD"}} | more
        started = self.cloud.client("stepfunctions").start_execution(
            stateMachineArn=self.cloud.outputs[machine], name=f"{self.id}-{name}", input=json.dumps(given)
        )
        arn: str = started["executionArn"]
        return arn

    def run(self, machine: str, name: str = "1", **more: str) -> Json:
        return self.cloud.ended(self.start(machine, name, **more))

    def head(self) -> Json:
        return self.cloud.item(self.pk, "HEAD")

    def calls(self) -> list[Json]:
        """What the function was asked to do, in the order of the followers."""
        calls = [event for event in self.cloud.seen("segment") if event["author_id"] == self.id]
        return sorted(calls, key=lambda event: event["followers"]["first"])

    def firsts(self) -> list[int]:
        return [event["followers"]["first"] for event in self.calls()]


def photos(*numbers: int) -> Json:
    return {"SS": [str(number) for number in numbers]}


def succeeded(execution: Json) -> Json:
    assert execution["status"] == "SUCCEEDED", execution
    output: Json = json.loads(execution["output"])
    return output


def test_a_photo_goes_to_every_segment_and_is_marked(cloud: Cloud) -> None:
    author = Author(cloud, 100, standing={"S": "celebrity"}, unpushed=photos(5, 6))
    assert succeeded(author.run("FanoutMachine", photo_id="5")) == {"reached": 9, "skipped": 3}
    assert author.firsts() == FIRSTS
    assert author.calls()[2] == {
        "work": "push",
        "photo_id": "5",
        "author_id": "100",
        "followers": {"first": 43_690, "last": 65_535},
        "done": False,
    }
    assert (author.head()["unpushed"], author.head()["version"]) == (photos(6), {"N": "8"})


def test_a_segment_goes_on_from_where_it_stood(cloud: Cloud) -> None:
    author = Author(cloud, 101, unpushed=photos(5))
    author.plan(0, "pause Busy pause")
    assert succeeded(author.run("FanoutMachine", photo_id="5")) == {"reached": 15, "skipped": 5}
    assert [(call.get("after"), call.get("reached", 0)) for call in author.calls()[:4]] == [(None, 0), ("7", 3), ("7", 3), ("7", 6)]
    assert "unpushed" not in author.head()


def test_a_segment_that_fails_stops_no_other_and_is_tried_once_more(cloud: Cloud) -> None:
    author = Author(cloud, 102, unpushed=photos(5))
    author.plan(FIRSTS[1], "BadInput")
    assert succeeded(author.run("FanoutMachine", photo_id="5")) == {"reached": 9, "skipped": 3}
    assert author.firsts() == [FIRSTS[0], FIRSTS[1], FIRSTS[1], FIRSTS[2]]


def test_retries_end(cloud: Cloud) -> None:
    author = Author(cloud, 103, unpushed=photos(5))
    author.plan(0, "Busy " * 11)
    assert succeeded(author.run("FanoutMachine", photo_id="5"))["reached"] == 9
    assert author.firsts().count(0) == 1 + 10 + 1


def test_a_segment_that_fails_for_good_fails_the_execution_and_a_redrive_does_only_it(cloud: Cloud) -> None:
    author = Author(cloud, 104, unpushed=photos(5))
    author.plan(FIRSTS[1], "BadInput pause BadInput")
    failed = author.run("FanoutMachine", photo_id="5")
    assert (failed["status"], failed["error"]) == ("FAILED", "States.ExceedToleratedFailureThreshold")
    assert failed["redriveStatus"] == "REDRIVABLE"
    assert author.head()["unpushed"] == photos(5)
    cloud.client("stepfunctions").redrive_execution(executionArn=failed["executionArn"])
    assert succeeded(cloud.ended(failed["executionArn"])) == {"reached": 12, "skipped": 4}
    assert author.firsts() == [FIRSTS[0]] + [FIRSTS[1]] * 4 + [FIRSTS[2]]
    assert author.calls()[4]["after"] == "7"
    assert "unpushed" not in author.head()


def test_an_author_becomes_a_celebrity_when_all_followers_pull(cloud: Cloud) -> None:
    author = Author(cloud, 110)
    assert succeeded(author.run("PromotionMachine")) == {"reached": 9, "skipped": 3}
    assert {call["work"] for call in author.calls()} == {"enlist"}
    assert author.firsts() == FIRSTS
    assert author.head() == {"pk": {"S": author.pk}, "sk": {"S": "HEAD"}, "version": {"N": "9"}, "standing": {"S": "celebrity"}}
    # Whoever comes later finds it done.
    assert author.run("PromotionMachine", name="2")["status"] == "SUCCEEDED"
    assert len(author.calls()) == 3


def test_an_author_whose_followers_do_not_all_pull_stays_in_between(cloud: Cloud) -> None:
    author = Author(cloud, 111)
    author.plan(FIRSTS[2], "BadInput")
    failed = author.run("PromotionMachine")
    assert (failed["status"], author.head()["standing"]) == ("FAILED", {"S": "promoting"})
    assert author.run("PromotionMachine", name="2")["status"] == "SUCCEEDED"
    assert author.head()["standing"] == {"S": "promoting"}
    cloud.client("stepfunctions").redrive_execution(executionArn=failed["executionArn"])
    succeeded(cloud.ended(failed["executionArn"]))
    assert author.head()["standing"] == {"S": "celebrity"}


def test_a_mark_whose_answer_was_lost_is_the_executions_own(cloud: Cloud) -> None:
    author = Author(cloud, 112, standing={"S": "promoting"}, crossing={"S": "112-1"})
    assert author.run("PromotionMachine", name="2")["status"] == "SUCCEEDED"
    assert author.head()["standing"] == {"S": "promoting"}
    succeeded(author.run("PromotionMachine", name="1"))
    assert author.head()["standing"] == {"S": "celebrity"}


def test_a_celebrity_becomes_an_ordinary_author_when_nobody_pulls(cloud: Cloud) -> None:
    author = Author(cloud, 120, standing={"S": "celebrity"}, unpushed=photos(5), unpushed_below={"BOOL": True})
    assert succeeded(author.run("DemotionMachine")) == {"reached": 9, "skipped": 3}
    assert {call["work"] for call in author.calls()} == {"delist"}
    assert author.head() == {"pk": {"S": author.pk}, "sk": {"S": "HEAD"}, "version": {"N": "9"}, "standing": {"S": "ordinary"}}
    assert author.run("DemotionMachine", name="2")["status"] == "SUCCEEDED"
    assert len(author.calls()) == 3
    # And may cross again.
    assert succeeded(author.run("PromotionMachine", name="3"))["reached"] == 9


def test_nobody_crosses_without_a_head(cloud: Cloud) -> None:
    author = Author(cloud, 130)
    cloud.client("dynamodb").delete_item(TableName=cloud.outputs["Table"], Key={"pk": {"S": author.pk}, "sk": {"S": "HEAD"}})
    for machine in ("PromotionMachine", "DemotionMachine"):
        assert author.run(machine)["status"] == "SUCCEEDED"
    assert author.calls() == []


def test_a_kill_in_the_middle_of_a_map_loses_no_segment(cloud: Cloud) -> None:
    services.snapshot(cloud.settings)
    author = Author(cloud, 140, unpushed=photos(5))
    author.plan(0, "pause " * 40)
    arn = author.start("FanoutMachine", "1", photo_id="5")
    eventually(author.firsts, lambda firsts: firsts.count(0) > 3)
    cloud.kill()
    cloud.start()
    succeeded(cloud.ended(arn))
    assert set(author.firsts()) == set(FIRSTS)
    assert "unpushed" not in author.head()
