"""The checkout's own Python environment, `.venv`, filled from the pinned requirements."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from cloud import prerequisites
from cloud.settings import ROOT, Refusal

VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
REQUIREMENTS = ROOT / "localstack" / "requirements.txt"
DEVELOPER_REQUIREMENTS = ROOT / "localstack" / "requirements-dev.txt"
BUILD_REQUIREMENTS = ROOT / "localstack" / "requirements-build.txt"


def is_ready(*files: Path) -> bool:
    """Whether the environment holds exactly what the given requirement files ask for."""
    return PYTHON.exists() and all(_marker(file).exists() for file in files)


def install(*files: Path) -> None:
    """Makes the environment if need be and installs the files that changed since the last time."""
    if not PYTHON.exists():
        shutil.rmtree(VENV, ignore_errors=True)
        bare = [] if prerequisites.has_ensurepip() else ["--without-pip"]
        _run([sys.executable, "-m", "venv", *bare, str(VENV)])
    for file in files:
        if not _marker(file).exists():
            _run([*_pip(), "install", "--quiet", "--disable-pip-version-check", "--requirement", str(file)])
            for old in VENV.glob(f".{file.stem}-*"):
                old.unlink()
            _marker(file).touch()


def download_source(package: str, file: Path, folder: Path) -> Path:
    """The source archive of a package that a requirements file pins with its digest, which pip checks; nothing is built."""
    pinned = ["--no-deps", "--no-binary", package, "--require-hashes", "--requirement", str(file)]
    _run([*_pip(), "download", "--quiet", "--disable-pip-version-check", *pinned, "--dest", str(folder)])
    return next(folder.glob(f"{package}-*.tar.gz"))


def enter(arguments: list[str]) -> None:
    """Starts this command again inside the environment; does not return."""
    environ = os.environ | {"PYTHONPATH": str(ROOT / "localstack"), "PYTHONUNBUFFERED": "1"}
    os.execve(PYTHON, [str(PYTHON), "-m", "cloud", *arguments], environ)


def is_inside() -> bool:
    return Path(sys.prefix) == VENV


def _pip() -> list[str]:
    if (VENV / "bin" / "pip").exists():
        return [str(PYTHON), "-m", "pip"]
    return [sys.executable, "-m", "pip", "--python", str(PYTHON)]


def _marker(file: Path) -> Path:
    return VENV / f".{file.stem}-{hashlib.sha256(file.read_bytes()).hexdigest()[:16]}"


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise Refusal(f"{' '.join(command[:5])} failed: {last}")
