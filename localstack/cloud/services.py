"""The three services of the local cloud: how each is started, if it does not run already."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
import urllib.request
from pathlib import Path
from typing import Any

from cloud import emulator, processes
from cloud.settings import HOST, REGION, ROOT, Settings

TABLE_ENGINE = "table-engine"
CDN = "cdn"

# Where every viewer is, for tests.
VIEWER = ("LAMBDAGRAM_VIEWER_CITY", "LAMBDAGRAM_VIEWER_COUNTRY")


def ports(settings: Settings) -> dict[str, int]:
    """What listens where; with an ENDPOINT of its own only the CDN is ours."""
    ours = {TABLE_ENGINE: settings.table_port, emulator.NAME: settings.port} if settings.emulated else {}
    return ours | {CDN: settings.cdn_port}


def ensure_table_engine(settings: Settings, binary: Path) -> str:
    own = settings.state / "bin" / binary.name
    status = binary.stat()
    version = f"{status.st_size}-{status.st_mtime_ns}"
    if not _runs(settings, TABLE_ENGINE, version):
        # A copy of its own, so that a build does not pull the file from under the running engine.
        own.parent.mkdir(parents=True, exist_ok=True)
        own.unlink(missing_ok=True)
        shutil.copy2(binary, own)
    command = [str(own), str(settings.table_port), str(settings.table_file)]
    return _ensure(settings, TABLE_ENGINE, version, command, {"RUST_BACKTRACE": "1"})


def ensure_emulator(settings: Settings) -> str:
    environ = emulator.environ(settings)
    version = _version(environ, ROOT / "localstack" / "requirements.txt", *_sources("emulator.py", "journal.py", "table_client.py", "patches/*.py"))
    return _ensure(settings, emulator.NAME, version, [sys.executable, "-m", "cloud.emulator"], environ)


def ensure_cdn(settings: Settings, edge: dict[str, Any], secret: str) -> str:
    """`edge` is the distribution as `cdn_template` resolves it."""
    file = settings.state / "edge.json"
    said = json.dumps(edge, indent=1)
    if not file.exists() or file.read_text(encoding="utf-8") != said:
        file.write_text(said, encoding="utf-8")
    command = [sys.executable, "-m", "cloud.cdn", "--port", str(settings.cdn_port), "--edge", str(file)]
    command += ["--s3", settings.cloud_url, "--apis", settings.apis_url]
    environ = {
        "PATH": os.environ.get("PATH", ""),
        "PYTHONPATH": str(ROOT / "localstack"),
        "PYTHONUNBUFFERED": "1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": REGION,
        "ORIGIN_SECRET": secret,
    } | {name: os.environ[name] for name in VIEWER if os.environ.get(name)}
    version = _version({"command": " ".join(command), "edge": said, **environ}, *_sources("cdn*.py"))
    return _ensure(settings, CDN, version, command, environ)


def snapshot(settings: Settings) -> None:
    """Has the emulator write down at once what is deployed."""
    request = urllib.request.Request(f"{settings.cloud_url}/_lambdagram/snapshot", method="POST")
    urllib.request.urlopen(request, timeout=60).close()


def _ensure(settings: Settings, name: str, version: str, command: list[str], environ: dict[str, str]) -> str:
    """Starts the service unless it runs; one that runs an older version of itself is started anew."""
    known = processes.running(settings, name)
    if known is not None and known.version == version:
        return f"runs already (pid {known.pid})"
    processes.stop(settings, name)
    process = processes.start(settings, name, version, ports(settings)[name], command, environ)
    processes.wait_for_port(settings, process, seconds=60)
    return f"{HOST}:{process.port}" + (" (it changed)" if known else "")


def _runs(settings: Settings, name: str, version: str) -> bool:
    known = processes.running(settings, name)
    return known is not None and known.version == version


def _sources(*patterns: str) -> list[Path]:
    return sorted(file for pattern in patterns for file in (ROOT / "localstack" / "cloud").glob(pattern))


def _version(environ: dict[str, str], *files: Path) -> str:
    digest = hashlib.sha256(json.dumps(environ, sort_keys=True).encode())
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]
