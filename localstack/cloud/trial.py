"""`make test`: a throw-away cloud beside any other, a command run against it, and the cloud gone afterwards."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import FrameType

from cloud import cargo, commands, processes, tools, web
from cloud.environment import CLOUD
from cloud.progress import Step, complain, step
from cloud.settings import HOST, ROOT, Record, Refusal, Settings

_PYTEST = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "localstack/tests_cloud"]


@dataclass(frozen=True)
class Part:
    """Something that is run against the cloud: its exit status is 0 when all is well."""

    title: str
    run: Callable[[Step, Mapping[str, str]], int]


def _command(command: list[str]) -> Callable[[Step, Mapping[str, str]], int]:
    return lambda _, environ: subprocess.run(command, cwd=ROOT, env=environ, check=False).returncode


def _cargo(*arguments: str) -> Callable[[Step, Mapping[str, str]], int]:
    return lambda running, environ: cargo.run([*arguments], running, environ).returncode


def _browser(running: Step, environ: Mapping[str, str]) -> int:
    tools.ensure_browser(running)
    return _node(["npx", "--no-install", "playwright", "test"], {**environ, "CHROMIUM": tools.chromium() or ""})


def _webkit(running: Step, environ: Mapping[str, str]) -> int:
    tools.ensure_webkit(running)
    return _node(["node", "e2e/webkit.smoke.mjs"], environ)


def _node(command: list[str], environ: Mapping[str, str]) -> int:
    environ = {**environ, "PATH": f"{tools.node_path()}{os.pathsep}{environ['PATH']}"}
    return subprocess.run(command, cwd=web.WEB, env=environ, check=False).returncode


_TESTS = (
    Part("tests of the local cloud (pytest)", _command(_PYTEST)),
    Part("tests of the crates (nextest)", _cargo("nextest", "run", "--workspace")),
    # Which nextest does not run.
    Part("examples in documentation (cargo)", _cargo("test", "--workspace", "--doc", "--quiet")),
    Part("tests of the web client in a browser (Playwright)", _browser),
    Part("smoke of the web client in WebKit (WebDriver)", _webkit),
)


def run(command: list[str]) -> int:
    """The command's exit status; without a command, that of every test there is."""
    signal.signal(signal.SIGTERM, _interrupt)
    # What a role in the template lacks is to fail here and not in the cloud.
    os.environ.setdefault("CHECK_TABLE_RIGHTS", "1")
    # A test can afford a celebrity. Nobody becomes one by accident: the largest crowd of the other tests is a dozen.
    os.environ.setdefault("LAMBDAGRAM_CELEBRITY_THRESHOLD", "12")
    # The place that the edge names for every viewer. The service looks addresses up, and one of this machine is nowhere.
    os.environ.setdefault("LAMBDAGRAM_VIEWER_CITY", "Lyon")
    os.environ.setdefault("LAMBDAGRAM_VIEWER_COUNTRY", "France")
    # Beside the binaries, so that they can be linked instead of copied.
    settings = Settings(state=ROOT / "target" / "trial" / str(os.getpid()), port=free_port())
    command = command[1:] if command[:1] == ["--"] else command
    parts = [Part(command[0], _command(command))] if command else _TESTS
    print(f"  plan: a cloud on port {settings.port}, then {', then '.join(part.title for part in parts)}", flush=True)
    try:
        if not command:
            commands.pictures(settings)
        commands.up(settings, demo=False, say_how=False)
        codes = [_run(part, f"{number} of {len(parts)}: ", environment(settings)) for number, part in enumerate(parts, 1)]
        if any(codes):
            _keep_logs(settings)
        return max(codes)
    except BaseException:
        _keep_logs(settings)
        raise
    finally:
        commands.reset(settings)


def _run(part: Part, number: str, environ: Mapping[str, str]) -> int:
    with step(f"{number}{part.title}", chatty=True) as running:
        code = part.run(running, environ)
        running.note = f"failed ({code})" if code else "passed"
    return code


def environment(settings: Settings) -> dict[str, str]:
    """What a test needs to find the cloud; names of tables and queues are in cloud.json in the state directory."""
    record = Record.load(settings.state)
    return os.environ | {
        "PATH": f"{CLOUD.bin}{os.pathsep}{os.environ['PATH']}",
        "LAMBDAGRAM_API_URL": record["api_url"],
        "LAMBDAGRAM_CDN_URL": record["cdn_url"],
        "LAMBDAGRAM_WEB_URL": record["cdn_url"],
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
