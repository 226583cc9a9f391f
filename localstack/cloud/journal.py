"""A small durable store of the emulator's own: messages waiting in queues, executions of workflows, and how far each stream was read.

One SQLite file, written through on every change. A killed process loses nothing that was written; only a
power cut could, and a local cloud may.
"""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

_SCHEMA = """
CREATE TABLE IF NOT EXISTS messages (
    queue TEXT NOT NULL, id TEXT NOT NULL, content TEXT NOT NULL, PRIMARY KEY (queue, id)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS positions (mapping TEXT PRIMARY KEY, position TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS executions (arn TEXT PRIMARY KEY, content TEXT NOT NULL) WITHOUT ROWID;
"""


class Journal:
    """Safe to use from any thread."""

    def __init__(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._base = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
        self._base.execute("PRAGMA journal_mode = WAL")
        self._base.execute("PRAGMA synchronous = OFF")
        self._base.executescript(_SCHEMA)

    def put_message(self, queue: str, identity: str, content: str) -> None:
        self._write("INSERT OR REPLACE INTO messages VALUES (?, ?, ?)", queue, identity, content)

    def drop_message(self, queue: str, identity: str) -> None:
        self._write("DELETE FROM messages WHERE queue = ? AND id = ?", queue, identity)

    def drop_queue(self, queue: str) -> None:
        self._write("DELETE FROM messages WHERE queue = ?", queue)

    def messages(self, queue: str) -> list[str]:
        rows = self._read("SELECT content FROM messages WHERE queue = ?", queue)
        return [content for (content,) in rows]

    def put_execution(self, arn: str, content: str) -> None:
        self._write("INSERT OR REPLACE INTO executions VALUES (?, ?)", arn, content)

    def executions(self) -> list[str]:
        return [content for (content,) in self._read("SELECT content FROM executions")]

    def position(self, mapping: str) -> str | None:
        rows = self._read("SELECT position FROM positions WHERE mapping = ?", mapping)
        return rows[0][0] if rows else None

    def set_position(self, mapping: str, position: str) -> None:
        self._write("INSERT OR REPLACE INTO positions VALUES (?, ?)", mapping, position)

    def drop_position(self, mapping: str) -> None:
        self._write("DELETE FROM positions WHERE mapping = ?", mapping)

    def _write(self, sql: str, *values: str) -> None:
        with self._lock:
            self._base.execute(sql, values)

    def _read(self, sql: str, *values: str) -> list[tuple[str, ...]]:
        with self._lock:
            return self._base.execute(sql, values).fetchall()
