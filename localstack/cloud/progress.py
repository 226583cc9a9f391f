"""What a person sees while a command runs: one line a step, with what it did and how long it took."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass
class Step:
    """The running step; `note` is what its line says at the end."""

    note: str = "done"


@contextmanager
def step(title: str, *, chatty: bool = False) -> Iterator[Step]:
    """Prints `title`, runs the block, then says the outcome. A chatty step lets a tool print in between."""
    began = time.monotonic()
    running = Step()
    print(f"  {title:<34}", end="\n" if chatty else "", flush=True)
    try:
        yield running
    except BaseException:
        print("failed" if not chatty else f"  {title:<34}failed", flush=True)
        raise
    prefix = f"  {title:<34}" if chatty else ""
    print(f"{prefix}{running.note:<40}{time.monotonic() - began:7.1f} s", flush=True)


def complain(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
