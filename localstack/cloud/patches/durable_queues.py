"""Messages waiting in SQS are lost on kill -9, and now and then while a batch is acknowledged.

Queues live in memory and are saved on a clean stop only; a photo's fan-out or a notification would be gone with
them. And acknowledging replaces a queue's list of messages by a filtered copy while other threads append to the
old one. Here every message is written to the journal when it arrives and struck out when it is acknowledged, the
journal refills the queues at the start, and all changes of a queue happen under one lock.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

from ministack.core.persistence import _json_default, _json_object_hook
from ministack.core.responses import AccountRegionScopedDict
from ministack.services import sqs

from cloud.patches import home

Message = dict[str, Any]

# Everything that removes or hands out messages; what appends goes through `Messages`.
_CHANGES = ("_act_delete_message", "_act_delete_message_batch", "_expire_retained", "_dlq_sweep", "_collect_msgs")

_lock = threading.RLock()


def apply() -> None:
    sqs._queues_lock = _lock
    sqs._queues = Queues()
    for name in _CHANGES:
        original = getattr(sqs, name)
        locked = _locked(original)
        setattr(sqs, name, locked)
        for action, handler in sqs._HANDLERS.items():
            if handler is original:
                sqs._HANDLERS[action] = locked


class Messages(list[Message]):
    """A queue's messages, each in the journal for as long as it is here."""

    def __init__(self, queue: str, messages: list[Message]) -> None:
        super().__init__(messages)
        self._queue = queue

    def append(self, message: Message) -> None:
        with _lock:
            content = json.dumps(message, default=_json_default)
            home.journal().put_message(self._queue, message["id"], content)
            super().append(message)

    def remove(self, message: Message) -> None:
        with _lock:
            super().remove(message)
            home.journal().drop_message(self._queue, message["id"])

    def clear(self) -> None:
        with _lock:
            super().clear()
            home.journal().drop_queue(self._queue)

    def keep(self, kept: list[Message]) -> None:
        """Acknowledges what is not in `kept`."""
        with _lock:
            left = {id(message) for message in kept}
            for message in self:
                if id(message) not in left:
                    home.journal().drop_message(self._queue, message["id"])
            self[:] = kept


class Queue(dict[str, Any]):
    """A queue's record. Assigning its messages keeps those; copying it (for a snapshot) leaves them out."""

    def __init__(self, record: dict[str, Any]) -> None:
        super().__init__(record)
        arn = record["attributes"]["QueueArn"]
        waiting = [json.loads(content, object_hook=_json_object_hook) for content in home.journal().messages(arn)]
        super().__setitem__("messages", Messages(arn, sorted(waiting, key=lambda message: message["sent_at"])))

    def __setitem__(self, field: str, value: Any) -> None:
        if field == "messages":
            self["messages"].keep(value)
        else:
            super().__setitem__(field, value)

    def __deepcopy__(self, memo: dict[int, Any]) -> dict[str, Any]:
        return json.loads(json.dumps({**self, "messages": []}, default=_json_default))


class Queues(AccountRegionScopedDict):
    """All queues by URL; whatever is put in becomes a `Queue`."""

    def __setitem__(self, url: str, record: dict[str, Any]) -> None:
        super().__setitem__(url, Queue(record))

    def update(self, other: Any) -> None:
        super().update(other)
        for key, record in self._data.items():
            if not isinstance(record, Queue):
                self._data[key] = Queue(record)

    def pop(self, url: str, *default: Any) -> Any:
        queue = super().pop(url, *default)
        if isinstance(queue, Queue):
            home.journal().drop_queue(queue["attributes"]["QueueArn"])
        return queue


def _locked(change: Callable[..., Any]) -> Callable[..., Any]:
    def run(*args: Any) -> Any:
        with _lock:
            return change(*args)

    return run
