"""The layout of the local table: the number of the key chart that its items were written by.

The number is `LAYOUT` in `shared/table/src/keys.rs`. The table's file carries it as SQLite's `user_version`.
"""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing

from cloud.settings import ROOT, Refusal, Settings

KEYS = ROOT / "shared" / "table" / "src" / "keys.rs"
_LAYOUT = re.compile(r"^pub const LAYOUT: u32 = (\d+);$", re.MULTILINE)


def current() -> int:
    """The layout that this checkout reads and writes."""
    (number,) = _LAYOUT.findall(KEYS.read_text(encoding="utf-8"))
    return int(number)


def ensure(settings: Settings) -> None:
    """Refuses a table of another layout; a table that is not there yet gets the current one."""
    settings.table_file.parent.mkdir(parents=True, exist_ok=True)
    is_new = not settings.table_file.exists()
    with closing(sqlite3.connect(settings.table_file)) as table:
        if is_new:
            table.execute(f"PRAGMA user_version = {current()}")
        (found,) = table.execute("PRAGMA user_version").fetchone()
    if found != current():
        raise Refusal(
            f"the table in {settings.state} has layout {found}, and this checkout needs layout {current()}: "
            "`make reset` forgets it, `STATE=` keeps it and starts another beside it"
        )
