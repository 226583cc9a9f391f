"""What the patches know about their surroundings, read from the emulator's environment."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

from cloud.journal import Journal
from cloud.table_client import TableClient

ACCOUNT = "000000000000"


def state() -> Path:
    return Path(os.environ["LAMBDAGRAM_STATE"])


def table_url() -> str:
    return os.environ["LAMBDAGRAM_TABLE_URL"]


@cache
def table() -> TableClient:
    """The one client of the table engine in this process."""
    return TableClient(table_url())


def table_file() -> Path:
    return Path(os.environ["LAMBDAGRAM_TABLE_FILE"])


def function_logs() -> Path:
    return Path(os.environ["LAMBDAGRAM_FUNCTION_LOGS"])


def retry_seconds() -> float:
    return float(os.environ["LAMBDAGRAM_RETRY_SECONDS"])


@cache
def journal() -> Journal:
    """The one journal of this process."""
    return Journal(state() / "emulator" / "journal.sqlite")
