"""The web client: its packages, its build, and what the build says of itself. Nothing is done twice that has not changed."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NoReturn

from cloud import tools
from cloud.settings import ROOT, Refusal

WEB = ROOT / "web"
BUILD = WEB / "build"
# The public API's description, from which the client's types are generated.
_OPENAPI = ROOT / "docs" / "openapi.json"

# What is made from the sources, or tests them.
_NOT_SOURCES = {"node_modules", "build", ".svelte-kit", "e2e", "test-results", "playwright-report", "coverage"}

_DIGEST = re.compile(r"sha(?:256|384|512)-[A-Za-z0-9+/]+={0,2}")
_KINDS = {"script": "ScriptHashes", "style": "StyleHashes"}

Hashes = dict[str, list[str]]


def exists(folder: Path = WEB) -> bool:
    """Whether this checkout has a web client."""
    return (folder / "package.json").exists()


def install(folder: Path = WEB) -> str:
    """Has npm fetch what the lock names; what was done, in a word."""
    marker = folder / "node_modules" / ".lambdagram-installed"
    digest = _digest([folder / "package.json", folder / "package-lock.json"])
    if _holds(marker, digest):
        return "unchanged"
    _npm(folder, "ci", "--no-audit", "--no-fund")
    _note(marker, digest)
    return "installed"


def build(folder: Path = WEB) -> str:
    """Builds the client into `build`; what was done, in a word."""
    marker = folder / "node_modules" / ".lambdagram-built"
    digest = _digest([*sources(folder), _OPENAPI])
    if _holds(marker, digest) and (folder / "build" / "csp.json").exists():
        return "unchanged"
    _npm(folder, "run", "build")
    _note(marker, digest)
    return "built"


def serve(address: str, folder: Path = WEB) -> NoReturn:
    """Becomes Vite's server with hot reload, whose proxy finds the rest of the cloud at the address."""
    os.chdir(folder)
    os.execvpe("npm", ["npm", "run", "dev"], _environ() | {"LAMBDAGRAM_WEB_URL": address})


def sources(folder: Path) -> list[Path]:
    """The files that the build is made from: those that Git does not ignore, because a build writes among its sources."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "."]
    listed = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    found = (folder / name for name in sorted(set(listed.stdout.split("\0"))) if name and name.partition("/")[0] not in _NOT_SOURCES)
    # What is deleted and not yet committed is listed as well. Without Git all files are taken.
    return [file for file in found if file.is_file()] or list(_walk(folder))


def _walk(folder: Path) -> Iterator[Path]:
    for entry in sorted(folder.iterdir()):
        if entry.is_dir() and entry.name not in _NOT_SOURCES:
            yield from _walk(entry)
        elif entry.is_file():
            yield entry


def hashes(build: Path) -> Hashes:
    """Digests of the scripts and styles within the documents of a build, as its `csp.json` has them."""
    try:
        return parsed((build / "csp.json").read_bytes())
    except (OSError, ValueError) as error:
        raise Refusal(f"{build}/csp.json does not say what the documents hold: {error}") from error


def parsed(text: bytes) -> Hashes:
    """The content of a `csp.json`. A digest goes into a header, so it is nothing but one."""
    said = json.loads(text)
    if not isinstance(said, dict):
        raise ValueError("it is no object")
    found = {kind: list(said.get(kind, [])) for kind in _KINDS}
    for digest in (digest for digests in found.values() for digest in digests):
        if not isinstance(digest, str) or not _DIGEST.fullmatch(digest):
            raise ValueError(f"{digest!r} is no digest")
    return found


def parameters(*builds: Hashes) -> dict[str, str]:
    """The stack's parameters that allow the scripts and styles of these builds."""
    return {parameter: ",".join(dict.fromkeys(digest for build in builds for digest in build[kind])) for kind, parameter in _KINDS.items()}


def _npm(folder: Path, *arguments: str) -> None:
    done = subprocess.run(["npm", *arguments], cwd=folder, env=_environ(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode != 0:
        last = "\n".join(done.stdout.strip().splitlines()[-30:])
        raise Refusal(f"npm {' '.join(arguments)} failed in {folder}:\n{last}")


def _environ() -> Mapping[str, str]:
    return os.environ | {"PATH": tools.node_path()}


def _digest(files: list[Path]) -> str:
    digest = hashlib.sha256()
    for file in files:
        content = file.read_bytes() if file.exists() else b""
        digest.update(f"{file}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()


def _holds(marker: Path, digest: str) -> bool:
    return marker.exists() and marker.read_text() == digest


def _note(marker: Path, digest: str) -> None:
    """The folder of packages holds the notes, so they go when it goes."""
    marker.parent.mkdir(exist_ok=True)
    marker.write_text(digest)
