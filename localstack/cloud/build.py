"""Building the Rust binaries and laying the functions' out for the emulator."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import zipfile
from io import BytesIO
from pathlib import Path

from cloud import cargo
from cloud.progress import Step
from cloud.settings import ROOT, Record, Refusal, Settings

# Every crate is selected but only these programs are built. `--examples`, of which there are none, has Cargo choose the features of
# dependencies as it does for tests: what is built here is not built again by `make test`.
_SELECTION = ("build", "--workspace", "--examples", "--message-format=json-render-diagnostics")

# Incremental state of a whole build is 0.7 GB, and saves a second of the next one.
_ENVIRONMENT = {"CARGO_INCREMENTAL": "0"}


def functions() -> list[str]:
    """Names of the functions: of their folders, crates and programs alike."""
    return sorted(file.parent.parent.name for file in (ROOT / "functions").glob("*/src/main.rs"))


def build(programs: list[str], running: Step, profile: str = "dev") -> dict[str, Path]:
    """Builds programs of the workspace; where each is. Cargo says what it does itself."""
    wanted = [argument for program in programs for argument in ("--bin", program)]
    done = cargo.run([*_SELECTION, "--profile", profile, *wanted], running, {**os.environ, **_ENVIRONMENT}, capture=True)
    if done.returncode != 0:
        raise Refusal("the build failed; cargo says why above")
    messages = (json.loads(line) for line in done.stdout.splitlines() if line.startswith("{"))
    return {message["target"]["name"]: Path(message["executable"]) for message in messages if message.get("executable")}


def digests(settings: Settings, binaries: dict[str, Path]) -> dict[str, str]:
    """A digest of each binary's content; files not touched since the last time are not read again."""
    known = Record.load(settings.state).get("digests", {})
    found = {}
    for binary, path in binaries.items():
        status = path.stat()
        stamp = f"{status.st_size}-{status.st_mtime_ns}-{status.st_ino}"
        same = known.get(binary, {})
        digest = same["digest"] if same.get("stamp") == stamp else _digest(path)
        found[binary] = {"stamp": stamp, "digest": digest}
    Record.update(settings.state, digests=known | found)
    return {binary: entry["digest"] for binary, entry in found.items()}


def launcher(settings: Settings, function: str, binary: Path, digest: str) -> bytes:
    """A package that starts the binary where it lies, under a name that changes with its content.

    The emulator keeps every package in memory; debug builds of all functions would be a gigabyte of it.
    """
    bootstrap = settings.state / "functions" / function / digest[:16] / "bootstrap"
    if not bootstrap.exists():
        bootstrap.parent.mkdir(parents=True, exist_ok=True)
        _link(binary, bootstrap)
    return package(f'#!/bin/sh\nexec "{bootstrap}" "$@"\n'.encode())


def forget_older(settings: Settings, digests: dict[str, str]) -> None:
    """Removes the binaries of versions that are no longer deployed."""
    for function, digest in digests.items():
        for version in (settings.state / "functions" / function).glob("*"):
            if version.name != digest[:16]:
                shutil.rmtree(version, ignore_errors=True)


def package(bootstrap: bytes, level: int = 1) -> bytes:
    """A Lambda package with this one executable; the same bytes for the same content."""
    file = zipfile.ZipInfo("bootstrap", date_time=(2026, 1, 1, 0, 0, 0))
    file.external_attr = 0o755 << 16
    file.compress_type = zipfile.ZIP_DEFLATED
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(file, bootstrap, compresslevel=level)
    return buffer.getvalue()


def stripped(binary: Path) -> bytes:
    """The binary without its debug information, which would exceed what a function's package may weigh."""
    small = binary.with_name(f"{binary.name}.stripped")
    subprocess.run(["strip", "-o", str(small), str(binary)], check=True)
    content = small.read_bytes()
    small.unlink()
    return content


def _link(binary: Path, bootstrap: Path) -> None:
    """Cargo replaces a binary instead of writing into it, so a hard link keeps the old content and costs nothing."""
    try:
        os.link(binary, bootstrap)
    except OSError:
        shutil.copy2(binary, bootstrap)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
