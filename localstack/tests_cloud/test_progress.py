"""How far a step is: a bar on a terminal, lines in a log."""

from __future__ import annotations

import io
import os
import re
import sys
from pathlib import Path

import pytest

from cloud import cargo
from cloud.progress import LOG_INTERVAL, Step


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Clock:
    at = 0.0

    def __call__(self) -> float:
        return self.at


def begun(stream: io.StringIO, *, chatty: bool = False) -> tuple[Step, Clock]:
    clock = Clock()
    step = Step("seeding", stream, clock)
    step.begin(chatty=chatty)
    return step, clock


def test_a_short_step_is_one_line_of_a_log() -> None:
    step, clock = begun(log := io.StringIO())
    clock.at = 2.0
    step.show(1, 4, "people")
    step.end("seeded")
    assert re.fullmatch(r"  seeding +seeded +2\.0 s\n", log.getvalue())


def test_a_long_step_writes_a_line_every_ten_seconds_into_a_log() -> None:
    step, clock = begun(log := io.StringIO())
    for done in range(1, 26):
        clock.at = float(done)
        step.show(done, 25, "photos")
    step.end("seeded")
    lines = [line.strip() for line in log.getvalue().splitlines()]
    assert lines[:3] == ["seeding", "10 of 25, photos", "20 of 25, photos"]
    assert re.fullmatch(r"seeding +seeded +25\.0 s", lines[3])
    assert LOG_INTERVAL == 10


def test_a_terminal_shows_a_bar_in_one_line() -> None:
    step, clock = begun(screen := Terminal())
    clock.at = 1.0
    step.show(12, 24, "photos")
    step.end("seeded")
    drawn = screen.getvalue().split("\r\x1b[2K")
    assert "\n" not in "".join(drawn[:-1]) and drawn[-1].count("\n") == 1
    assert drawn[1].count("█") == drawn[1].count("░") == 12 and "12/24 photos" in drawn[1]


def test_what_is_said_in_between_has_lines_of_its_own() -> None:
    for stream in (io.StringIO(), Terminal()):
        step, _ = begun(stream)
        step.say("API   http://127.0.0.1")
        step.end("seeded")
        shown = [line.rpartition("\x1b[2K")[2].strip() for line in stream.getvalue().splitlines()]
        assert "API   http://127.0.0.1" in shown and re.fullmatch(r"seeding +seeded +0\.0 s", shown[-1])


def test_cargos_bar_becomes_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "cargo"
    program.write_text(
        f"#!{sys.executable}\n"
        "import os, sys\n"
        "assert os.environ['CARGO_TERM_PROGRESS_WHEN'] == 'always'\n"
        "sys.stderr.write('   Compiling a v1\\n    Building [=>    ] 1/3: b\\r    Building [===>  ] 2/3: c, d(build)  \\r    Finished\\n')\n"
        "print('output of', *sys.argv[1:])\n"
        "sys.exit(3)\n"
    )
    program.chmod(0o755)
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    shown: list[tuple[int, int, str]] = []
    step, _ = begun(log := io.StringIO(), chatty=True)
    monkeypatch.setattr(step, "show", lambda done, total, doing: shown.append((done, total, doing)))
    done = cargo.run(["build"], step, os.environ | {"PATH": str(tmp_path)}, capture=True)
    assert (done.returncode, done.stdout) == (3, "output of build\n")
    assert shown == [(1, 3, "b"), (2, 3, "c, d(build)")]
    assert [line.strip() for line in log.getvalue().splitlines()] == ["seeding", "Compiling a v1", "Finished"]
