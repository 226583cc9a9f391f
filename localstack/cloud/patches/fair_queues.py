"""A standard queue hands out its messages in the order of arrival, whatever their message group.

In the cloud a queue is fair: while one group has much in flight or waiting, messages of other groups are handed
out first. Without that, a test of fairness would test nothing. Here the next message is one of the group with
the fewest in flight, and of that group the oldest. A message without a group is a group by itself.
"""

from __future__ import annotations

import heapq
import time
from collections import Counter, defaultdict, deque
from typing import Any

from ministack.services import sqs

Message = dict[str, Any]


def apply() -> None:
    by_arrival = sqs._collect_msgs

    def collect(queue: dict[str, Any], most: int, visibility: int) -> list[Message]:
        if queue["is_fifo"]:
            return by_arrival(queue, most, visibility)
        chosen = fairly(queue["messages"], most, time.time())
        # The emulator's own code marks what is handed out.
        return by_arrival({**queue, "messages": chosen}, most, visibility)

    sqs._collect_msgs = collect


def fairly(messages: list[Message], most: int, now: float) -> list[Message]:
    """The next messages, dealt between the groups that wait. Of ten thousand it takes some milliseconds, with every receipt."""
    in_flight: Counter[str] = Counter()
    waiting: defaultdict[str, deque[tuple[int, Message]]] = defaultdict(deque)
    for place, message in enumerate(messages):
        # What comes from another service lacks some fields at first.
        if "seq" not in message:
            sqs._ensure_msg_fields(message)
        group = message["group_id"] or message["id"]
        if message["visible_at"] > now:
            if message["receive_count"] > 0:
                in_flight[group] += 1
        elif len(waiting[group]) < most:
            waiting[group].append((place, message))
    heads = [(in_flight[group], line[0][0], group) for group, line in waiting.items()]
    heapq.heapify(heads)
    chosen = []
    while heads and len(chosen) < most:
        busy, _, group = heapq.heappop(heads)
        line = waiting[group]
        chosen.append(line.popleft()[1])
        if line:
            heapq.heappush(heads, (busy + 1, line[0][0], group))
    return chosen
