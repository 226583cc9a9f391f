"""How one batch of stream records is delivered: retries, partial answers, halving, and the failure destination."""

from __future__ import annotations

import json
import time
import zlib
from dataclasses import dataclass, field
from typing import Any, Protocol

Record = dict[str, Any]

_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 1.0


class Stop(Exception):
    """The mapping or its function is gone."""


@dataclass
class Batch:
    """Records for the function, and the last record they cover: those in between matched no filter."""

    records: list[Record] = field(default_factory=list)
    upto: str = ""


@dataclass(frozen=True)
class Limits:
    """What the mapping says about failures; `None` is no limit."""

    retries: int | None
    age: int | None
    bisect: bool
    partial: bool

    @classmethod
    def of(cls, mapping: dict[str, Any]) -> Limits:
        def limit(name: str) -> int | None:
            value = int(mapping.get(name, -1))
            return None if value < 0 else value

        return cls(
            retries=limit("MaximumRetryAttempts"),
            age=limit("MaximumRecordAgeInSeconds"),
            bisect=str(mapping.get("BisectBatchOnFunctionError", False)).lower() == "true",
            partial="ReportBatchItemFailures" in mapping.get("FunctionResponseTypes", []),
        )


class Surroundings(Protocol):
    """Where records go."""

    def invoke(self, records: list[Record]) -> dict[str, Any]: ...
    def give_up(self, records: list[Record], result: dict[str, Any], why: str) -> None: ...
    def pause(self, seconds: float) -> None: ...


def split(records: list[Record], lanes: int) -> list[list[Record]]:
    """The records in at most so many lanes, all of one partition key in the same lane and in order."""
    found: dict[int, list[Record]] = {}
    for record in records:
        key = json.dumps(record["dynamodb"]["Keys"]["pk"]).encode()
        found.setdefault(zlib.crc32(key) % lanes, []).append(record)
    return list(found.values())


def deliver(records: list[Record], limits: Limits, around: Surroundings) -> None:
    """Returns when every record was taken, by the function or by the failure destination."""
    attempts = 0
    while records:
        result = around.invoke(records)
        taken = _taken(records, result, limits)
        if taken:
            records = records[taken:]
            attempts = 0
        if not records:
            return
        if limits.bisect and len(records) > 1:
            middle = len(records) // 2
            deliver(records[:middle], limits, around)
            records = records[middle:]
            attempts = 0
            continue
        attempts += 1
        why = _exhausted(records, attempts, limits)
        if why:
            around.give_up(records, result, why)
            return
        around.pause(min(_FIRST_PAUSE * 2 ** (attempts - 1), _LONGEST_PAUSE))


def _taken(records: list[Record], result: dict[str, Any], limits: Limits) -> int:
    """How many records from the front the function is done with."""
    if result.get("error"):
        return 0
    answer = result.get("body")
    if isinstance(answer, str):
        answer = json.loads(answer or "null")
    failures = answer.get("batchItemFailures") if limits.partial and isinstance(answer, dict) else None
    if not failures:
        return len(records)
    failed = {failure.get("itemIdentifier") for failure in failures}
    numbers = [_number(record) for record in records]
    # An identifier that is not in the batch fails all of it, as in the cloud.
    return min((numbers.index(number) if number in numbers else 0) for number in failed)


def _exhausted(records: list[Record], attempts: int, limits: Limits) -> str | None:
    if limits.retries is not None and attempts > limits.retries:
        return "RetryAttemptsExhausted"
    oldest = float(records[0]["dynamodb"].get("ApproximateCreationDateTime", time.time()))
    if limits.age is not None and time.time() - oldest > limits.age:
        return "MaxRecordAgeExceeded"
    return None


def _number(record: Record) -> str:
    number: str = record["dynamodb"]["SequenceNumber"]
    return number
