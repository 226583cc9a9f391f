"""The checkout's own Python environments, filled from pinned requirements: `.venv` for the local cloud, others for tools."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cloud import prerequisites
from cloud.progress import Show, silent
from cloud.settings import ROOT, Refusal

REQUIREMENTS = ROOT / "localstack" / "requirements.txt"
DEVELOPER_REQUIREMENTS = ROOT / "localstack" / "requirements-dev.txt"
BUILD_REQUIREMENTS = ROOT / "localstack" / "requirements-build.txt"

# What pip says when it has found a package.
_FOUND = re.compile(r"(?:Collecting|Requirement already satisfied:) ([\w.-]+)")


@dataclass(frozen=True)
class Environment:
    """A virtual environment in the checkout."""

    folder: Path

    @property
    def bin(self) -> Path:
        return self.folder / "bin"

    @property
    def python(self) -> Path:
        return self.bin / "python"

    def is_ready(self, *files: Path) -> bool:
        """Whether the environment holds exactly what the given requirement files ask for."""
        return self.python.exists() and all(self._marker(file).exists() for file in files)

    def install(self, *files: Path, show: Show = silent) -> None:
        """Makes the environment if need be and installs the files that changed since the last time; `show` is told how far it is."""
        if not self.python.exists():
            shutil.rmtree(self.folder, ignore_errors=True)
            bare = [] if prerequisites.has_ensurepip() else ["--without-pip"]
            _run([sys.executable, "-m", "venv", *bare, str(self.folder)])
        for file in files:
            if not self._marker(file).exists():
                self._install(file, show)
                for old in self.folder.glob(f".{file.stem}-*"):
                    old.unlink()
                self._marker(file).touch()

    def download_source(self, package: str, file: Path, folder: Path) -> Path:
        """The source archive of a package that a requirements file pins with its digest, which pip checks; nothing is built."""
        pinned = ["--no-deps", "--no-binary", package, "--require-hashes", "--requirement", str(file)]
        _run([*self._pip(), "download", "--quiet", *pinned, "--dest", str(folder)])
        return next(folder.glob(f"{package}-*.tar.gz"))

    def enter(self, arguments: list[str]) -> None:
        """Starts this command again inside the environment; does not return."""
        environ = os.environ | {"PYTHONPATH": str(ROOT / "localstack"), "PYTHONUNBUFFERED": "1"}
        os.execve(self.python, [str(self.python), "-m", "cloud", *arguments], environ)

    def is_inside(self) -> bool:
        """Whether this process runs in the environment."""
        return Path(sys.prefix) == self.folder

    def _install(self, file: Path, show: Show) -> None:
        wanted = sum("==" in line for line in file.read_text().splitlines())
        found = 0

        def follow(line: str) -> None:
            nonlocal found
            name = _FOUND.match(line)
            found += name is not None
            # A file that does not pin everything brings more than it names.
            show(found, max(found, wanted), name[1] if name else line.strip()[:40])

        _run([*self._pip(), "install", "--progress-bar", "off", "--requirement", str(file)], follow)

    def _pip(self) -> list[str]:
        own = (self.bin / "pip").exists()
        python = [str(self.python), "-m", "pip"] if own else [sys.executable, "-m", "pip", "--python", str(self.python)]
        return [*python, "--disable-pip-version-check"]

    def _marker(self, file: Path) -> Path:
        return self.folder / f".{file.stem}-{hashlib.sha256(file.read_bytes()).hexdigest()[:16]}"


CLOUD = Environment(ROOT / ".venv")


def _run(command: list[str], follow: Callable[[str], None] = silent) -> None:
    """Runs a command; each line of its output is shown to `follow`, and the last one is the reason if it fails."""
    last = "no reason given"
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        for line in process.stdout or ():
            last = line.strip() or last
            follow(line)
    if process.returncode != 0:
        raise Refusal(f"{' '.join(command[:5])} failed: {last}")
