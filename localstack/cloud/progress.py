"""What a person sees while a command runs: what it is doing, how far it is, and what each step did and took.

On a terminal a step that knows how far it is draws a bar; in a log it writes a line every ten seconds.
"""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

# Seconds between two lines of a log, and between two drawings of a bar.
LOG_INTERVAL = 10.0
BAR_INTERVAL = 0.1

# Is told how much is done, of how much, and what is under way.
Show = Callable[[int, int, str], None]

_TITLE = 33
_BAR = 24
_CLEAR = "\r\x1b[2K"


class Step:
    """The running step; `note` is what its line says at the end."""

    def __init__(self, title: str, stream: TextIO, clock: Callable[[], float]) -> None:
        self.note = "done"
        self._title = title
        self._stream = stream
        self._clock = clock
        self._began = self._shown = clock()
        self._open = False

    def begin(self, *, chatty: bool) -> None:
        """Writes the title; a chatty step lets a tool print below it."""
        self._write(f"  {self._title:<{_TITLE}} " + ("\n" if chatty else ""), stays=not chatty)

    def show(self, done: int, total: int, doing: str = "") -> None:
        """Says how far the step is: `done` of `total`, and what it is at."""
        now, terminal = self._clock(), self._stream.isatty()
        if now - self._shown < (BAR_INTERVAL if terminal else LOG_INTERVAL):
            return
        self._shown = now
        if terminal:
            columns = shutil.get_terminal_size().columns
            filled = _BAR * done // max(total, 1)
            bar = f"  {self._title:<{_TITLE}} {'█' * filled}{'░' * (_BAR - filled)} {done}/{total} {doing}"
            self._write(_CLEAR + bar[: columns - 1], stays=True)
        else:
            self.say(f"    {done} of {total}" + (f", {doing}" if doing else ""))

    def say(self, text: str) -> None:
        """Prints something in between."""
        before = "" if not self._open else _CLEAR if self._stream.isatty() else "\n"
        self._write(f"{before}{text}\n", stays=False)

    def end(self, outcome: str) -> None:
        """Completes the line of the title, or writes one where something was printed in between."""
        title = f"  {self._title:<{_TITLE}} "
        if self._open:
            title = _CLEAR + title if self._stream.isatty() else ""
        self._write(f"{title}{outcome:<40}{self._clock() - self._began:7.1f} s\n", stays=False)

    def _write(self, text: str, *, stays: bool) -> None:
        """`stays`: whether the cursor stays in the line that was written."""
        self._stream.write(text)
        self._stream.flush()
        self._open = stays


@contextmanager
def step(title: str, *, chatty: bool = False, stream: TextIO | None = None) -> Iterator[Step]:
    """Prints `title`, runs the block, then says the outcome. A chatty step lets a tool print in between."""
    running = Step(title, stream or sys.stdout, time.monotonic)
    running.begin(chatty=chatty)
    try:
        yield running
    except BaseException as error:
        running.end("interrupted" if isinstance(error, KeyboardInterrupt) else "failed")
        raise
    running.end(running.note)


def silent(*_: object) -> None:
    """Shows nobody anything."""


def complain(text: str) -> None:
    """Writes to standard error."""
    print(text, file=sys.stderr, flush=True)
