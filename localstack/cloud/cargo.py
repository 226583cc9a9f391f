"""Runs Cargo. On a terminal Cargo draws a bar; in a log, where it would not, it is said every ten seconds how far it is."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from typing import IO

from cloud.progress import Step
from cloud.settings import ROOT

# Has Cargo write its bar into a pipe, from which it is read.
_BAR = {"CARGO_TERM_PROGRESS_WHEN": "always", "CARGO_TERM_PROGRESS_WIDTH": "120"}
_PROGRESS = re.compile(r"\s*Building \[[=> ]*\] (?P<done>\d+)/(?P<total>\d+)(?:: (?P<doing>.*?))?\s*")


def run(command: list[str], step: Step, environ: Mapping[str, str] = os.environ, *, capture: bool = False) -> subprocess.CompletedProcess[str]:
    """Runs `cargo` with these arguments in the checkout; with `capture`, its standard output is in the result."""
    bare = sys.stderr.isatty()
    process = subprocess.Popen(
        ["cargo", *command],
        cwd=ROOT,
        env=environ if bare else {**environ, **_BAR},
        stdout=subprocess.PIPE if capture else None,
        stderr=None if bare else subprocess.PIPE,
        bufsize=0,
    )
    with process:
        watcher = threading.Thread(target=_watch, args=(process.stderr, step))
        watcher.start()
        output = process.stdout.read().decode() if process.stdout is not None else ""
        watcher.join()
    return subprocess.CompletedProcess(process.args, process.returncode, output)


def _watch(stream: IO[bytes] | None, step: Step) -> None:
    """Passes on what is written, but for the bar, which becomes the progress of the step."""
    for line in _lines(stream) if stream is not None else ():
        if bar := _PROGRESS.fullmatch(line):
            step.show(int(bar["done"]), int(bar["total"]), bar["doing"] or "")
        else:
            step.say(line)


def _lines(stream: IO[bytes]) -> Iterator[str]:
    """The lines of a stream as they come; a bar that is drawn over is a line as well."""
    rest = b""
    while chunk := stream.read(65_536):
        *whole, rest = re.split(rb"[\r\n]", rest + chunk)
        yield from (line.decode(errors="replace").rstrip() for line in whole if line)
    if rest:
        yield rest.decode(errors="replace")
