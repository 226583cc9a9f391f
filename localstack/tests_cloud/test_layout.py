"""A table that was written by another key chart is refused."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from cloud import commands, layout
from cloud.settings import Refusal, Settings
from conftest import Cloud


def test_a_new_table_gets_the_number_of_the_key_chart(tmp_path: Path) -> None:
    settings = Settings(state=tmp_path / "state")
    layout.ensure(settings)
    layout.ensure(settings)
    with closing(sqlite3.connect(settings.table_file)) as table:
        assert table.execute("PRAGMA user_version").fetchone() == (layout.current(),)
    assert layout.current() > 0


def test_a_table_of_another_layout_is_refused_before_anything_is_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(state=tmp_path / "state", port=64_900)
    layout.ensure(settings)
    monkeypatch.setattr(layout, "current", lambda: 1_000)
    monkeypatch.setattr(commands.build, "build", lambda *_: pytest.fail("something was built"))
    with pytest.raises(Refusal, match=r"needs layout 1000: `make reset`"):
        commands.up(settings, demo=False)


def test_a_table_from_before_there_were_numbers_is_refused(tmp_path: Path) -> None:
    settings = Settings(state=tmp_path)
    with closing(sqlite3.connect(settings.table_file)) as table:
        table.execute("CREATE TABLE items (pk TEXT)")
    with pytest.raises(Refusal, match="has layout 0"):
        layout.ensure(settings)


def test_the_engine_keeps_the_number(cloud: Cloud) -> None:
    layout.ensure(cloud.settings)
