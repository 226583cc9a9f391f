"""`make test`: a throw-away cloud beside any other, a command run against it, and the cloud gone afterwards."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from types import FrameType

from cloud import commands, processes
from cloud.environment import VENV
from cloud.progress import complain
from cloud.settings import HOST, ROOT, Record, Refusal, Settings

_PYTEST = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "localstack/tests_cloud"]
_NEXTEST = ["cargo", "nextest", "run", "--workspace"]
# Examples in the documentation, which nextest does not run.
_EXAMPLES = ["cargo", "test", "--workspace", "--doc", "--quiet"]


def run(command: list[str]) -> int:
    """The command's exit status; without a command, every test there is."""
    signal.signal(signal.SIGTERM, _interrupt)
    # What a role in the template lacks is to fail here and not in the cloud.
    os.environ.setdefault("CHECK_TABLE_RIGHTS", "1")
    # A test can afford a celebrity. Nobody becomes one by accident: the largest crowd of the other tests is a dozen.
    os.environ.setdefault("LAMBDAGRAM_CELEBRITY_THRESHOLD", "12")
    # Beside the binaries, so that they can be linked instead of copied.
    settings = Settings(state=ROOT / "target" / "trial" / str(os.getpid()), port=free_port())
    try:
        if not command:
            commands.pictures(settings)
        commands.up(settings, demo=False, say_how=False)
        environ = environment(settings)
        command = command[1:] if command[:1] == ["--"] else command
        wanted = [command] if command else [_PYTEST, _NEXTEST, _EXAMPLES]
        code = max(subprocess.run(each, cwd=ROOT, env=environ, check=False).returncode for each in wanted)
        if code != 0:
            _keep_logs(settings)
        return code
    except BaseException:
        _keep_logs(settings)
        raise
    finally:
        commands.reset(settings)


def environment(settings: Settings) -> dict[str, str]:
    """What a test needs to find the cloud; names of tables and queues are in cloud.json in the state directory."""
    record = Record.load(settings.state)
    return os.environ | {
        "PATH": f"{VENV / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "LAMBDAGRAM_API_URL": record["api_url"],
        "LAMBDAGRAM_CDN_URL": record["cdn_url"],
        "LAMBDAGRAM_ENDPOINT": settings.cloud_url,
        "LAMBDAGRAM_TABLE_URL": settings.table_url,
        "LAMBDAGRAM_STATE": str(settings.state),
        # For tests that kill the cloud and bring it up again with `make`.
        "STATE": str(settings.state),
        "PORT": str(settings.port),
    }


def free_port() -> int:
    """The first of three neighbouring ports that nobody listens on."""
    for first in range(14_560, 24_560, 10):
        if not any(processes.listens(port) for port in range(first, first + 3)):
            return first
    raise Refusal(f"no three free neighbouring ports on {HOST} between 14560 and 24560")


def _keep_logs(settings: Settings) -> None:
    kept = ROOT / "target" / "trial-logs"
    shutil.rmtree(kept, ignore_errors=True)
    if settings.logs.exists():
        shutil.copytree(settings.logs, kept)
        complain(f"  logs kept in {kept}")


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
