"""A function is fed from the table's stream with none of the guarantees of a real event source mapping.

The emulator's poller ignores partial batch responses and the number of retries, handles all mappings in one
thread so that a slow function delays every queue, and forgets its position on kill -9. Here each mapping has a
thread of its own that reads dynoxide's stream in order, at least once, and notes its position in the journal only
after the function, or after the last retry the failure destination, has taken the records.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextvars import copy_context
from pathlib import Path
from typing import Any

from ministack.core.responses import request_scope
from ministack.services import lambda_svc

from cloud.patches import home
from cloud.patches.stream_batch import Batch, Limits, Record, Stop, deliver, split

_log = logging.getLogger("stream")
_readers: dict[str, threading.Thread] = {}

# The engine has one shard a table; a page is its largest answer.
_PAGE = 1000
_IDLE = 0.01
_LOOK_ANYWAY = 0.25


def apply() -> None:
    lambda_svc._init_stream_position = _note_start
    lambda_svc._poll_dynamodb_streams = _start_missing_readers
    release = lambda_svc._release_esm_poll_state

    def release_and_forget(mapping: str) -> None:
        release(mapping)
        home.journal().drop_position(mapping)

    lambda_svc._release_esm_poll_state = release_and_forget


def _note_start(mapping: str, stream: str, starting: str) -> None:
    """LATEST means from when the mapping was made, not from when it is first read."""
    if ":dynamodb:" in stream and home.journal().position(mapping) is None:
        start = "" if starting == "TRIM_HORIZON" else "@" + _iterator(stream, {"ShardIteratorType": "LATEST"})
        home.journal().set_position(mapping, start)


def _start_missing_readers() -> bool:
    """Called on every pass of the emulator's poll loop; the readers do the work."""
    for account, region, mapping in list(lambda_svc._iter_all_esms()):
        known = _readers.get(mapping["UUID"])
        if ":dynamodb:" in mapping.get("EventSourceArn", "") and (known is None or not known.is_alive()):
            reader = Reader(account, region, mapping)
            thread = threading.Thread(target=reader.run, name=f"stream-{mapping['FunctionName']}", daemon=True)
            _readers[mapping["UUID"]] = thread
            thread.start()
    return False


class Reader:
    """Reads one mapping's stream until the mapping is deleted."""

    def __init__(self, account: str, region: str, mapping: dict[str, Any]) -> None:
        self._account = account
        self._region = region
        self._mapping = mapping
        self._id: str = mapping["UUID"]
        self._stream: str = mapping["EventSourceArn"]

    def run(self) -> None:
        with request_scope(self._account, self._region):
            for batch in self._batches():
                try:
                    self._deliver(batch)
                    home.journal().set_position(self._id, batch.upto)
                except Stop:
                    return
                except Exception:
                    _log.exception("mapping of %s: delivery broke off, will resume", self._mapping["FunctionName"])
                    time.sleep(1)

    # What `deliver` needs of its surroundings.

    def invoke(self, records: list[Record]) -> dict[str, Any]:
        function, _config = lambda_svc._get_func_record_for_qualifier(self._mapping["FunctionName"], self._mapping.get("Qualifier"))
        if function is None:
            raise Stop
        result: dict[str, Any] = lambda_svc._execute_function(function, {"Records": records})
        return result

    def give_up(self, records: list[Record], result: dict[str, Any], why: str) -> None:
        function, _config = lambda_svc._get_func_record_for_qualifier(self._mapping["FunctionName"], None)
        lambda_svc._send_ddb_stream_failure_record(self._mapping, function or {}, records, self._stream, result, why)

    def pause(self, seconds: float) -> None:
        """Waits, unless the mapping is deleted meanwhile."""
        deadline = time.monotonic() + seconds
        while self._enabled() and time.monotonic() < deadline:
            time.sleep(min(0.05, seconds))

    def _deliver(self, batch: Batch) -> None:
        """In order for each partition key; keys apart as many at a time as the mapping's parallelization says."""
        limits = Limits.of(self._mapping)
        lanes = split(batch.records, int(self._mapping.get("ParallelizationFactor") or 1))
        if len(lanes) == 1:
            deliver(lanes[0], limits, self)
            return
        failures: list[Exception] = []

        def run(lane: list[Record]) -> None:
            try:
                deliver(lane, limits, self)
            except Exception as failure:
                failures.append(failure)

        # A copy of the context each: it says whose account and region a call is for. Daemons, for the emulator's end
        # is not to wait for retries.
        threads = [threading.Thread(target=copy_context().run, args=(run, lane), daemon=True) for lane in lanes]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if failures:
            raise failures[0]

    def _enabled(self) -> bool:
        """Also picks up an update of the mapping. A deleted one ends the thread."""
        current = lambda_svc._esms.get(self._id)
        if current is None:
            raise Stop
        self._mapping = current
        return str(current.get("Enabled", True)).lower() != "false"

    def _batches(self) -> Iterator[Batch]:
        change = _FileChange()
        while True:
            try:
                if not self._enabled():
                    time.sleep(0.2)
                    continue
                seen = change.mark()
                batch = self._gather()
            except Stop:
                return
            except Exception as error:
                _log.warning("stream of %s not readable, will try again: %s", self._mapping["FunctionName"], error)
                time.sleep(0.5)
                continue
            if batch.records:
                yield batch
            elif batch.upto:
                home.journal().set_position(self._id, batch.upto)
            else:
                change.wait_after(seen)

    def _gather(self) -> Batch:
        """The next records that match the filters: a full batch, or what the batching window brought."""
        size = int(self._mapping.get("BatchSize", 100))
        window = float(self._mapping.get("MaximumBatchingWindowInSeconds") or 0)
        batch = Batch()
        after = home.journal().position(self._id)
        deadline: float | None = None
        while True:
            page = self._page(after or "")
            for record in page:
                batch.upto = after = record["dynamodb"]["SequenceNumber"]
                if lambda_svc._apply_filter_criteria([record], self._mapping):
                    batch.records.append(record)
                    if len(batch.records) == size:
                        return batch
            if len(page) == _PAGE:
                continue
            if not batch.records or window == 0:
                return batch
            deadline = deadline or time.monotonic() + window
            if time.monotonic() >= deadline:
                return batch
            time.sleep(0.05)

    def _page(self, position: str) -> list[Record]:
        if position.startswith("@"):
            iterator = position[1:]
        elif position:
            iterator = _iterator(self._stream, {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": position})
        else:
            iterator = _iterator(self._stream, {"ShardIteratorType": "TRIM_HORIZON"})
        page: list[Record] = home.table().stream("GetRecords", {"ShardIterator": iterator, "Limit": _PAGE})["Records"]
        for record in page:
            record["awsRegion"] = self._region
            record["eventSourceARN"] = self._stream
        return page


def _iterator(stream: str, where: dict[str, str]) -> str:
    name = stream.split("/")[1]
    request = {"StreamArn": stream, "ShardId": f"shardId-00000001-{name}"} | where
    iterator: str = home.table().stream("GetShardIterator", request)["ShardIterator"]
    return iterator


class _FileChange:
    """Tells from the table's write-ahead log whether anything was written, which costs no request."""

    def __init__(self) -> None:
        self._log = Path(f"{home.table_file()}-wal")

    def mark(self) -> tuple[int, int]:
        try:
            status = self._log.stat()
        except FileNotFoundError:
            return 0, 0
        return status.st_mtime_ns, status.st_size

    def wait_after(self, seen: tuple[int, int]) -> None:
        """Until a write, or a moment in case the file's clock was too coarse to show one."""
        deadline = time.monotonic() + _LOOK_ANYWAY
        while self.mark() == seen and time.monotonic() < deadline:
            time.sleep(_IDLE)
