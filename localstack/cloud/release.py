"""`make build`: every function as an arm64 release package, and how large each is."""

from __future__ import annotations

import os
from pathlib import Path

from cloud import build, cargo, environment
from cloud.progress import step
from cloud.settings import ROOT, Refusal

# Packages are fetched at a cold start; what grows past this has linked something it should not.
LIMIT_MB = 4.0
# Its codecs are its work.
EXEMPT = ("thumbnail",)

_OUTPUT = ROOT / "target" / "lambda"


def release() -> None:
    """Leaves `target/lambda/<name>/bootstrap` for SAM and `target/lambda/<name>.zip` beside it."""
    names = build.functions()
    with step("build (cargo-lambda, arm64)", chatty=True) as running:
        packages = [argument for name in names for argument in ("--package", name)]
        environ = os.environ | {"PATH": f"{environment.CLOUD.bin}{os.pathsep}{os.environ['PATH']}"}
        if cargo.run(["lambda", "build", "--release", "--arm64", *packages], running, environ).returncode != 0:
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
