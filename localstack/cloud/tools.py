"""Programs that are brought into the checkout: for the build, for `make bench-media`, and for the checks of `.ci/run`.

What the machine has is used as it is. The rest comes from Debian's packages and from PyPI into `.tools`, and takes nobody's rights.
"""

from __future__ import annotations

import os
import platform
import pwd
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from cloud.environment import Environment
from cloud.progress import Step
from cloud.settings import ROOT, Refusal

FOLDER = ROOT / ".tools"
BIN = FOLDER / "bin"
CHECKS = Environment(ROOT / ".venv-tools")
CHECK_REQUIREMENTS = ROOT / ".ci" / "requirements.txt"
# Vite's own.
NODE_VERSION = (20, 19)
NODE = Environment(FOLDER / "node")
NODE_REQUIREMENTS = ROOT / "localstack" / "requirements-node.txt"


def search_path(environ: Mapping[str, str] = os.environ) -> str:
    """PATH with the checkout's programs at its end: what the machine has comes first."""
    given = environ.get("PATH", os.defpath).split(os.pathsep)
    return os.pathsep.join([*(folder for folder in given if folder != str(BIN)), str(BIN)])


def ensure_nasm(running: Step) -> None:
    """NASM, without which the JPEG codec has no vector code on x86-64 (shared/media/build.rs)."""
    if platform.machine() not in ("x86_64", "AMD64") or shutil.which("nasm"):
        running.note = "all there"
        return
    with tempfile.TemporaryDirectory() as work:
        unpacked = _debian_package("nasm", Path(work))
        BIN.mkdir(parents=True, exist_ok=True)
        shutil.copy2(unpacked / "usr" / "bin" / "nasm", BIN / "nasm")
    running.note = "NASM fetched"


def ensure_node(running: Step) -> None:
    """Node with npm, for the web client and for `make bench-media`."""
    if _has_node(os.environ.get("PATH", os.defpath)) or _has_node(str(BIN)):
        running.note = "all there"
        return
    NODE.install(NODE_REQUIREMENTS, show=running.show)
    BIN.mkdir(parents=True, exist_ok=True)
    for program in ("node", "npm", "npx"):
        link = BIN / program
        link.unlink(missing_ok=True)
        link.symlink_to(NODE.bin / program)
    running.note = "Node fetched"


def node_path() -> str:
    """PATH on which Node is new enough: the machine's own, or else the one that was brought comes first."""
    given = os.environ.get("PATH", os.defpath)
    return given if _has_node(given) else os.pathsep.join([str(BIN), given])


def _has_node(path: str) -> bool:
    """Whether there is npm, and Node as new as Vite asks for."""
    node = shutil.which("node", path=path)
    if node is None or shutil.which("npm", path=path) is None:
        return False
    answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    found = re.match(r"v(\d+)\.(\d+)\.", answer.stdout)
    return found is not None and (int(found[1]), int(found[2])) >= NODE_VERSION


def ensure_browser(running: Step) -> None:
    """Chromium, in which the web client is tried. It has a hundred libraries, so it is installed and not unpacked."""
    if chromium() is not None:
        running.note = "all there"
        return
    _install(["chromium", "fonts-dejavu-core"], "Chromium is missing and cannot be installed with apt-get: install it, or name it by CHROMIUM=/path")
    running.note = "Chromium installed"


def chromium() -> str | None:
    """The browser of the tests: the one that CHROMIUM names, or the machine's."""
    return os.environ.get("CHROMIUM") or shutil.which("chromium")


def ensure_webkit(running: Step) -> None:
    """The engine of the other browsers, driven by WebDriver, and a screen that nobody sees."""
    if all(shutil.which(program) for program in ("WebKitWebDriver", "Xvfb")):
        running.note = "all there"
        return
    _install(["webkit2gtk-driver", "xvfb"], "WebKitGTK is missing and cannot be installed with apt-get: install webkit2gtk-driver and xvfb")
    running.note = "WebKitGTK installed"


def ensure_checks(running: Step) -> None:
    """What `.ci/run` calls, in an environment apart: aws-sam-cli asks for another botocore than the emulator pins."""
    running.note = "unchanged" if CHECKS.is_ready(CHECK_REQUIREMENTS) else "installed"
    CHECKS.install(CHECK_REQUIREMENTS, show=running.show)


def _install(packages: list[str], refusal: str) -> None:
    """Installs packages of Debian's on the machine."""
    try:
        for command in (["update"], ["install", "--yes", "--no-install-recommends", *packages]):
            subprocess.run(["apt-get", "-qq", *command], env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"}, capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise Refusal(refusal) from error


def _debian_package(name: str, work: Path) -> Path:
    """The content of a package, fetched by apt with lists of its own."""
    for folder in ("lists/partial", "archives/partial"):
        (work / folder).mkdir(parents=True)
    user = pwd.getpwuid(os.geteuid()).pw_name
    apt = ["apt-get", "-qq", "-o", f"Dir::State::Lists={work / 'lists'}", "-o", f"Dir::Cache={work}", "-o", f"APT::Sandbox::User={user}"]
    try:
        for command in ([*apt, "update"], [*apt, "download", name]):
            subprocess.run(command, cwd=work, capture_output=True, check=True)
        (archive,) = work.glob(f"{name}_*.deb")
        subprocess.run(["dpkg-deb", "--extract", str(archive), str(work / name)], capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError, ValueError) as error:
        raise Refusal(f"{name} is missing and cannot be fetched with apt-get: install it as this machine installs programs") from error
    return work / name
