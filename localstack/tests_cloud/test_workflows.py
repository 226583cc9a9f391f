"""The project's workflows, run as they are: their graph, expressions, retries and marks, with a function that does as it is told."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import pytest

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

    def change(self, **values: Json) -> None:
        self.cloud.client("dynamodb").put_item(TableName=self.cloud.outputs["Table"], Item=self.head() | values)

    def stands(self, standing: str, by: str) -> Json:
        """The head after a crossing, with nothing left to push."""
        head = {"pk": self.pk, "sk": "HEAD", "standing": standing, "crossing": by}
        return {name: {"S": value} for name, value in head.items()} | {"version": {"N": "9"}}

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


def test_a_busy_account_is_waited_for(cloud: Cloud) -> None:
    for number, machine in enumerate(("FanoutMachine", "PromotionMachine")):
        author = Author(cloud, 105 + number)
        author.plan(0, "Lambda.TooManyRequestsException " * 20)
        assert succeeded(author.run(machine, photo_id="5"))["reached"] == 9
        assert author.firsts().count(0) == 20 + 1
    author = Author(cloud, 107, standing={"S": "celebrity"})
    author.plan(0, "Lambda.TooManyRequestsException " * 20)
    assert succeeded(author.run("DemotionMachine"))["reached"] == 9


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
    assert author.head() == author.stands("celebrity", by="110-1")
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
    assert author.head() == author.stands("ordinary", by="120-1")
    assert author.run("DemotionMachine", name="2")["status"] == "SUCCEEDED"
    assert len(author.calls()) == 3
    # And may cross again, in an execution of the other machine that has the same name too.
    assert succeeded(author.run("PromotionMachine", name="1"))["reached"] == 9
    assert author.head()["standing"] == {"S": "celebrity"}


class Direction(NamedTuple):
    """How an author stands before, while and after they cross, and on the way back."""

    machine: str
    before: str
    between: str
    after: str
    back: str


UP = Direction("PromotionMachine", "ordinary", "promoting", "celebrity", "demoting")
DOWN = Direction("DemotionMachine", "celebrity", "demoting", "ordinary", "promoting")


@pytest.mark.parametrize(("number", "direction"), [(150, UP), (151, DOWN)])
def test_whoever_is_redriven_later_ends_no_crossing_but_its_own(cloud: Cloud, number: int, direction: Direction) -> None:
    author = Author(cloud, number, standing={"S": direction.before})
    author.plan(0, "BadInput")
    failed = author.run(direction.machine)
    assert (failed["status"], author.head()["standing"]) == ("FAILED", {"S": direction.between})
    author.change(crossing={"S": "another"})
    head = author.head()
    cloud.client("stepfunctions").redrive_execution(executionArn=failed["executionArn"])
    again = cloud.ended(failed["executionArn"])
    assert (again["status"], again["error"]) == ("FAILED", "DynamoDB.ConditionalCheckFailedException")
    assert author.head() == head


@pytest.mark.parametrize(("number", "direction"), [(152, UP), (153, DOWN)])
def test_a_crossing_can_be_handed_over(cloud: Cloud, number: int, direction: Direction) -> None:
    author = Author(cloud, number, standing={"S": direction.between}, crossing={"S": "old"})
    author.run(direction.machine, name="1")
    assert (author.head()["standing"], author.calls()) == ({"S": direction.between}, [])
    author.change(crossing={"S": f"{number}-2"})
    succeeded(author.run(direction.machine, name="2"))
    assert author.head() == author.stands(direction.after, by=f"{number}-2")


@pytest.mark.parametrize(("number", "direction"), [(154, UP), (155, DOWN)])
def test_a_last_mark_whose_answer_was_lost_is_made_again(cloud: Cloud, number: int, direction: Direction) -> None:
    author = Author(cloud, number, standing={"S": direction.before})
    author.plan(0, "BadInput")
    failed = author.run(direction.machine)
    # As the mark leaves it.
    author.change(standing={"S": direction.after})
    cloud.client("stepfunctions").redrive_execution(executionArn=failed["executionArn"])
    succeeded(cloud.ended(failed["executionArn"]))
    assert author.head() == author.stands(direction.after, by=f"{number}-1")


@pytest.mark.parametrize(("number", "direction"), [(156, UP), (157, DOWN)])
def test_the_way_back_is_not_taken_for_an_own_attempt_because_it_has_the_same_name(cloud: Cloud, number: int, direction: Direction) -> None:
    author = Author(cloud, number, standing={"S": direction.back}, crossing={"S": f"{number}-1"})
    assert author.run(direction.machine)["status"] == "SUCCEEDED"
    assert (author.head()["standing"], author.calls()) == ({"S": direction.back}, [])


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
