"""`make build`: every function as an arm64 release package, and how large each is."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from cloud import build, environment
from cloud.progress import step
from cloud.settings import ROOT, Refusal

# Packages are fetched at a cold start; what grows past this has linked something it should not.
LIMIT_MB = 4.0
# Its codecs are its work.
EXEMPT = ("thumbnail",)

_OUTPUT = ROOT / "target" / "lambda"


def release() -> None:
    """Leaves `target/lambda/<name>/bootstrap` for SAM and `target/lambda/<name>.zip` beside it."""
    names = sorted(folder.parent.parent.name for folder in (ROOT / "functions").glob("*/src/main.rs"))
    with step("build (cargo-lambda, arm64)", chatty=True) as running:
        packages = [argument for name in names for argument in ("--package", name)]
        environ = os.environ | {"PATH": f"{environment.VENV / 'bin'}{os.pathsep}{os.environ['PATH']}"}
        command = ["cargo", "lambda", "build", "--release", "--arm64", *packages]
        if subprocess.run(command, cwd=ROOT, env=environ, check=False).returncode != 0:
            raise Refusal("the build failed; cargo-lambda says why above (rustup target add aarch64-unknown-linux-gnu?)")
        running.note = f"{len(names)} functions"
    sizes = {name: _package(name) for name in names}
    for name, size in sizes.items():
        print(f"  {name:<20}{size:6.2f} MB")
    large = [name for name, size in sizes.items() if size > LIMIT_MB and name not in EXEMPT]
    if large:
        raise Refusal(f"larger than {LIMIT_MB:.0f} MB: {', '.join(large)}")


def _package(name: str) -> float:
    archive: Path = _OUTPUT / f"{name}.zip"
    archive.write_bytes(build.package((_OUTPUT / name / "bootstrap").read_bytes(), level=9))
    return archive.stat().st_size / 1e6
