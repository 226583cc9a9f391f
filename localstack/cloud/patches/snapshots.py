"""The emulator saves its state on a clean stop only; killed, it forgets what was deployed.

With the stack go the API's address and the KMS key, so that every URL and every token of the session before would be
dead. `POST /_lambdagram/snapshot` saves at once (done after each deployment), and a thread saves every half minute.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable
from typing import Any

from ministack import app
from ministack.core.persistence import save_state

PATH = "/_lambdagram/snapshot"
_INTERVAL = 30.0
_one_at_a_time = threading.Lock()
_log = logging.getLogger("snapshots")


def apply() -> None:
    serve = app.app

    async def serve_or_save(scope: dict[str, Any], receive: Callable[..., Any], send: Callable[..., Any]) -> None:
        if scope["type"] == "http" and scope["path"] == PATH and scope["method"] == "POST":
            await asyncio.to_thread(save)
            await send({"type": "http.response.start", "status": 204, "headers": []})
            await send({"type": "http.response.body", "body": b""})
        else:
            await serve(scope, receive, send)

    app.app = serve_or_save
    threading.Thread(target=_save_for_ever, name="snapshots", daemon=True).start()


def save() -> None:
    """Saves every service that is loaded."""
    with _one_at_a_time:
        for service, state in app._build_persistence_save_dict().items():
            current = _steady(state)
            if current is not None:
                save_state(service, current)


def _steady(state: Callable[[], dict[str, Any] | None]) -> dict[str, Any] | None:
    """A copy taken while requests change the original fails now and then; the next try succeeds."""
    for _ in range(5):
        try:
            return state()
        except RuntimeError:
            time.sleep(0.02)
    _log.warning("no snapshot of one service: it changes too fast")
    return None


def _save_for_ever() -> None:
    while True:
        time.sleep(_INTERVAL)
        try:
            save()
        except Exception:
            _log.exception("snapshot failed, will try again")
