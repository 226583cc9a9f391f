"""Other people's pictures, for the tests of `shared/media`: the test images in the source package of Pillow."""

from __future__ import annotations

import tarfile
import tempfile
from pathlib import Path

from cloud import environment
from cloud.settings import ROOT

PINNED = ROOT / "localstack" / "requirements-pictures.txt"
FOLDER = ROOT / "target" / "pictures"


def ensure() -> str:
    """Fetches them unless they are there, and says which."""
    package, version = _pin()
    name = f"{package}-{version}"
    there = FOLDER / name
    if there.is_dir():
        return f"{name}, there already"
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=FOLDER) as work:
        with tarfile.open(environment.CLOUD.download_source(package, PINNED, Path(work))) as source:
            images = [member for member in source if member.name.startswith(f"{name}/Tests/images/")]
            source.extractall(work, images, filter="data")
        try:
            Path(work, name, "Tests", "images").rename(there)
        except OSError:
            # Another command that fetched them at the same time was faster.
            if not there.is_dir():
                raise
    return name


def _pin() -> list[str]:
    """The package and its version."""
    pin = next(line for line in PINNED.read_text().splitlines() if not line.startswith("#"))
    return pin.split()[0].split("==")
