"""Where things are and on which ports, from the environment and from what an earlier `up` recorded."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
HOST = "127.0.0.1"
DEFAULT_PORT = 4566
REGION = "us-east-1"
STACK = "lambdagram"
ARTIFACTS = "lambdagram-artifacts"


class Refusal(Exception):
    """Something the person can put right; its text is one line that says how."""


@dataclass(frozen=True)
class Settings:
    """One local cloud: its state directory, its three neighbouring ports, and whose cloud it deploys to."""

    state: Path
    port: int = DEFAULT_PORT
    endpoint: str | None = None
    root: Path = ROOT

    @classmethod
    def read(cls, environ: Mapping[str, str] = os.environ) -> Settings:
        """PORT, STATE and ENDPOINT, the port falling back to the one of the last `up`."""
        state = Path(environ.get("STATE") or ROOT / ".local")
        state = state if state.is_absolute() else ROOT / state
        recorded = Record.load(state)
        raw = environ.get("PORT") or str(recorded.get("port", DEFAULT_PORT))
        if not raw.isdigit() or not 1024 <= int(raw) <= 65_000:
            raise Refusal(f"PORT={raw} is not a port between 1024 and 65000")
        endpoint = environ.get("ENDPOINT") or None
        return cls(state=state, port=int(raw), endpoint=endpoint and endpoint.rstrip("/"))

    @property
    def emulated(self) -> bool:
        """Whether the cloud is ours to start (no ENDPOINT was given)."""
        return self.endpoint is None

    @property
    def table_port(self) -> int:
        return self.port + 1

    @property
    def cdn_port(self) -> int:
        return self.port + 2

    @property
    def cloud_url(self) -> str:
        """The endpoint of every AWS service but the table."""
        return self.endpoint or f"http://{HOST}:{self.port}"

    @property
    def apis_url(self) -> str:
        """Where APIs are, each below its id: an endpoint has no names for them."""
        return f"{self.cloud_url}/_aws/execute-api"

    @property
    def table_url(self) -> str:
        return f"http://{HOST}:{self.table_port}"

    @property
    def cdn_url(self) -> str:
        return f"http://{HOST}:{self.cdn_port}"

    @property
    def table_file(self) -> Path:
        return self.state / "table.sqlite"

    @property
    def logs(self) -> Path:
        return self.state / "logs"

    @property
    def function_logs(self) -> Path:
        return self.logs / "functions"


class Record:
    """`cloud.json` in the state directory: what is deployed there, for the next command to read."""

    @staticmethod
    def load(state: Path) -> dict[str, Any]:
        try:
            content = json.loads((state / "cloud.json").read_text())
        except (OSError, ValueError):
            return {}
        return content if isinstance(content, dict) else {}

    @staticmethod
    def update(state: Path, **fields: Any) -> None:
        """Adds fields; the file is replaced whole, so that a reader never sees half of it."""
        state.mkdir(parents=True, exist_ok=True)
        draft = state / "cloud.json.draft"
        draft.write_text(json.dumps(Record.load(state) | fields, indent=1, sort_keys=True))
        draft.replace(state / "cloud.json")
