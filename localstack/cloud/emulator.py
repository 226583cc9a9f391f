"""The emulator process: MiniStack with this project's patches, on 127.0.0.1 (`python -m cloud.emulator`)."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from cloud.settings import HOST, REGION, ROOT, Settings

NAME = "emulator"


def environ(settings: Settings) -> dict[str, str]:
    """All the emulator may know. Functions inherit its environment, so nothing of the person's shell is in it."""
    home = settings.state / NAME
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "CLOUD_WITHOUT") if name in os.environ}
    return kept | {
        "PYTHONPATH": str(ROOT / "localstack"),
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "TMPDIR": str(home / "tmp"),
        # MiniStack: loopback only, signatures and policies checked, state on disk.
        "BIND_HOST": HOST,
        "MINISTACK_HOST": HOST,
        "GATEWAY_PORT": str(settings.port),
        "MINISTACK_REGION": REGION,
        "AUTH": "true",
        "PERSIST_STATE": "1",
        "STATE_DIR": str(home / "state"),
        "S3_PERSIST": "1",
        "S3_DATA_DIR": str(home / "s3"),
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "LOG_LEVEL": "WARNING",
        # A workflow's waits and the pauses between its retries, as a part of what they are in the cloud: there a minute lets the
        # last stale read end, here everything is read as it was written, and a minute is 0.3 s.
        "SFN_WAIT_SCALE": os.environ.get("LAMBDAGRAM_WAIT_SCALE", "0.005"),
        # Functions that a burst started are stopped when they have had nothing to do for so long.
        "LAMBDA_WARM_TTL_SECONDS": "60",
        # What functions call back.
        "AWS_ENDPOINT_URL": settings.cloud_url,
        "AWS_ENDPOINT_URL_DYNAMODB": settings.cloud_url if checks_table_rights() else settings.table_url,
        # What the patches need to know.
        "LAMBDAGRAM_STATE": str(settings.state),
        "LAMBDAGRAM_TABLE_URL": settings.table_url,
        "LAMBDAGRAM_TABLE_FILE": str(settings.table_file),
        "LAMBDAGRAM_FUNCTION_LOGS": str(settings.function_logs),
        "LAMBDAGRAM_RETRY_SECONDS": os.environ.get("LAMBDAGRAM_RETRY_SECONDS", "2"),
    }


def checks_table_rights() -> bool:
    """CHECK_TABLE_RIGHTS=1 sends functions to the table through the emulator, which checks their roles' policies.

    It costs a millisecond a call; without it functions talk to the engine directly.
    """
    return os.environ.get("CHECK_TABLE_RIGHTS", "") not in ("", "0")


def main() -> None:
    for variable in ("TMPDIR", "STATE_DIR", "S3_DATA_DIR", "LAMBDAGRAM_FUNCTION_LOGS"):
        Path(os.environ[variable]).mkdir(parents=True, exist_ok=True)

    from cloud import patches  # after the environment is complete: MiniStack reads it on import

    patches.apply(without=os.environ.get("CLOUD_WITHOUT", "").split(","))

    from ministack import app

    sys.argv = ["ministack"]
    app.main()


if __name__ == "__main__":
    main()
