"""The session to paste is the same wherever it is shown."""

from __future__ import annotations

from cloud import session
from cloud.settings import ROOT


def test_the_quick_start_shows_the_session_that_make_up_prints() -> None:
    assert session.paste("$(make -s url)") in (ROOT / "docs/quick-start.md").read_text(encoding="utf-8")
