"""A small web client, as a build leaves it and as sources that build it."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

SCRIPT = "sha256-" + "A" * 43 + "="
STYLE = "sha256-" + "b" * 43 + "="


def write(build: Path, version: str = "1") -> Path:
    """A folder as `npm run build` writes it, with documents that name assets of this version."""
    asset = f"_app/immutable/entry/start.{version}.js"
    files = {
        "index.html": f"<!doctype html><title>root {version}</title><script src=/{asset}></script>" + " " * 500,
        "200.html": f"<!doctype html><title>any {version}</title><script src=/{asset}></script>" + " " * 500,
        asset: f"export const version = {version};" + " " * 500,
        "_app/version.json": json.dumps({"version": version}),
        "service-worker.js": f"const version = {version};" + " " * 500,
        "manifest.webmanifest": json.dumps({"name": "lambdagram", "description": " " * 500}),
        "csp.json": json.dumps({"script": [SCRIPT], "style": [STYLE]}),
    }
    for name, text in files.items():
        file = build / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        # Brotli's place is taken by what is smaller still: nobody here unpacks it.
        Path(f"{file}.br").write_bytes(f"br {version} {name}".encode())
        Path(f"{file}.gz").write_bytes(gzip.compress(text.encode(), mtime=0))
    (build / "icons").mkdir(exist_ok=True)
    (build / "icons" / "192.png").write_bytes(b"\x89PNG")
    return build
