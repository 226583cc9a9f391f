"""The processes of the local cloud: started in the background, found again, stopped.

Each carries marks in its environment that say whose it is, and functions inherit them. So nothing has to be written down: what
belongs to a cloud is found among all processes, also after its state directory was deleted or its parent killed.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from cloud.settings import HOST, Refusal, Settings

ORDER = ("table-engine", "emulator", "cdn")

_CLOUD, _SERVICE, _VERSION, _PORT = "LAMBDAGRAM_CLOUD", "LAMBDAGRAM_SERVICE", "LAMBDAGRAM_VERSION", "LAMBDAGRAM_PORT"
_FUNCTION = "AWS_LAMBDA_FUNCTION_NAME"


@dataclass(frozen=True)
class Process:
    """One process of the cloud: a service, or a function of the emulator's."""

    pid: int
    service: str
    version: str
    port: int
    function: str | None

    @property
    def alive(self) -> bool:
        # In the moment of its start a process has no environment to read yet.
        marks = _environ(self.pid)
        return marks.get(_SERVICE) == self.service if marks else _is_starting(self.pid)


def start(settings: Settings, service: str, version: str, port: int, command: list[str], environ: Mapping[str, str]) -> Process:
    """Starts `command` detached from this terminal, its output going to the log of that name."""
    settings.logs.mkdir(parents=True, exist_ok=True)
    marks = {_CLOUD: str(settings.state), _SERVICE: service, _VERSION: version, _PORT: str(port)}
    with (settings.logs / f"{service}.log").open("ab") as log:
        child = subprocess.Popen(
            command,
            env=dict(environ) | marks,
            cwd=settings.root,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    return Process(child.pid, service, version, port, None)


def everything(settings: Settings) -> list[Process]:
    """Every process that belongs to this cloud, services first."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            marks = _environ(int(entry.name))
            if marks.get(_CLOUD) == str(settings.state):
                found.append(Process(int(entry.name), marks[_SERVICE], marks[_VERSION], int(marks[_PORT]), marks.get(_FUNCTION)))
    return sorted(found, key=lambda process: (process.function is not None, ORDER.index(process.service), process.pid))


def running(settings: Settings, service: str) -> Process | None:
    """The service of that name if it runs."""
    return next((each for each in everything(settings) if each.service == service and each.function is None), None)


def stop(settings: Settings, service: str, patience: float = 15.0) -> bool:
    """Stops a service and the functions it started; says whether there was anything to stop."""
    ours = [process for process in everything(settings) if process.service == service]
    for process in ours:
        if process.function is None:
            _signal(process, signal.SIGTERM)
            if not wait_until(lambda process=process: not process.alive, patience):
                _signal(process, signal.SIGKILL)
    for process in ours:
        if process.function is not None:
            _signal(process, signal.SIGKILL)
    return bool(ours)


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    """Polls until the condition holds; says whether it did in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def wait_for_port(settings: Settings, process: Process, seconds: float) -> None:
    """Waits until a service answers on its port; a service that died is a refusal with the end of its log."""

    def settled() -> bool:
        return not process.alive or listens(process.port)

    if wait_until(settled, seconds) and process.alive:
        return
    log = settings.logs / f"{process.service}.log"
    last = (log.read_text(errors="replace").strip().splitlines() or ["nothing in its log"])[-1]
    raise Refusal(f"{process.service} did not come up on port {process.port}: {last} (see {log})")


def refuse_taken_ports(settings: Settings, ports: Mapping[str, int]) -> None:
    """A port that somebody else listens on is said before anything is started."""
    taken = [f"{port} ({service})" for service, port in ports.items() if listens(port)]
    if taken:
        raise Refusal(
            f"port {', '.join(taken)} on {HOST} is in use by another program: "
            f"stop it, or choose another with PORT= (this cloud takes {settings.port} to {settings.port + 2})"
        )


def listens(port: int) -> bool:
    """Whether anybody answers on the port."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.settimeout(0.2)
        return probe.connect_ex((HOST, port)) == 0


def _environ(pid: int) -> dict[str, str]:
    """What a process was started with; nothing for one that is gone, finished, or somebody else's."""
    try:
        raw = Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return {}
    return dict(line.partition("=")[::2] for line in raw.decode(errors="replace").split("\0") if line)


def _is_starting(pid: int) -> bool:
    """Whether a process without an environment is at least not a finished one."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in ("Z", "X")


def _signal(process: Process, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(process.pid, number)
