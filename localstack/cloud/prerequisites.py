"""What the machine must have before anything is built, each with the one line that helps when it is missing."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys

RUST = (1, 95)
PYTHON = (3, 11)

_COMMANDS = {
    "git": "git is missing: apt-get install git",
    "curl": "curl is missing: apt-get install curl",
    "cc": "a C compiler (cc) is missing: apt-get install build-essential",
    "cargo": "cargo is missing: install Rust 1.95 or newer with rustup (https://rustup.rs)",
}


def missing() -> list[str]:
    """One line for each thing that is not there; empty when all is well."""
    lines = [remedy for command, remedy in _COMMANDS.items() if shutil.which(command) is None]
    if shutil.which("cargo") is not None:
        lines += _old_rust()
    if sys.version_info < PYTHON:
        lines.append(f"Python {sys.version.split()[0]} is too old: install Python 3.11 or newer (apt-get install python3)")
    elif not can_make_environment():
        lines.append("this Python has neither ensurepip nor pip: apt-get install python3-venv")
    return lines


def can_make_environment() -> bool:
    """Debian ships Python without ensurepip; pip alone can fill an environment as well."""
    return has_ensurepip() or has_pip()


def has_ensurepip() -> bool:
    return importlib.util.find_spec("ensurepip") is not None


def has_pip() -> bool:
    return importlib.util.find_spec("pip") is not None


def _old_rust() -> list[str]:
    answer = subprocess.run(["cargo", "--version"], capture_output=True, text=True, check=False)
    found = re.match(r"cargo (\d+)\.(\d+)", answer.stdout)
    if found is None:
        return ["cargo does not run here: " + (answer.stderr.strip().splitlines() or ["no reason given"])[0]]
    if (int(found[1]), int(found[2])) < RUST:
        return [f"Rust {found[1]}.{found[2]} is too old: rustup update stable (1.95 or newer is needed)"]
    return []
