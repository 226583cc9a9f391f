"""What is brought into the checkout, and what is said when it cannot be."""

from __future__ import annotations

import io
import os
import shutil
import time
from pathlib import Path

import pytest

from cloud import prerequisites, tools
from cloud.environment import Environment
from cloud.progress import Step
from cloud.settings import Refusal


@pytest.fixture
def step() -> Step:
    return Step("tools", io.StringIO(), time.monotonic)


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with an empty PATH, and a checkout into which nothing was brought yet."""
    (tmp_path / "path").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    monkeypatch.setattr(tools, "BIN", tmp_path / "tools" / "bin")
    monkeypatch.setattr(tools.platform, "machine", lambda: "x86_64")
    return tmp_path


def test_the_machines_own_programs_come_first() -> None:
    path = tools.search_path({"PATH": f"{tools.BIN}{os.pathsep}/usr/bin"})
    assert path.split(os.pathsep) == ["/usr/bin", str(tools.BIN)]
    assert tools.search_path({"PATH": path}) == path


def test_nasm_is_brought_where_the_machine_has_none(bare: Path, step: Step, monkeypatch: pytest.MonkeyPatch) -> None:
    def package(name: str, work: Path) -> Path:
        program = work / "usr" / "bin" / name
        program.parent.mkdir(parents=True)
        program.write_text("#!/bin/sh\n")
        program.chmod(0o755)
        return work

    monkeypatch.setattr(tools, "_debian_package", package)
    tools.ensure_nasm(step)
    assert shutil.which("nasm", path=tools.search_path()) == str(bare / "tools" / "bin" / "nasm")
    monkeypatch.setenv("PATH", tools.search_path())
    monkeypatch.setattr(tools, "_debian_package", lambda *_: pytest.fail("it is there already"))
    tools.ensure_nasm(step)


@pytest.mark.usefixtures("bare")
def test_where_nasm_cannot_be_fetched_a_line_says_so(step: Step) -> None:
    with pytest.raises(Refusal, match="nasm is missing and cannot be fetched"):
        tools.ensure_nasm(step)


@pytest.mark.usefixtures("bare")
def test_where_a_browser_cannot_be_installed_a_line_names_its_packages(step: Step, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CHROMIUM", raising=False)
    with pytest.raises(Refusal, match="Chromium is missing and cannot be installed"):
        tools.ensure_browser(step)
    with pytest.raises(Refusal, match="install webkit2gtk-driver and xvfb"):
        tools.ensure_webkit(step)


def test_webkit_is_there_when_its_driver_and_a_screen_are(bare: Path, step: Step) -> None:
    for name in ("WebKitWebDriver", "Xvfb"):
        program(bare / "path", name, "")
    tools.ensure_webkit(step)
    assert step.note == "all there"


@pytest.mark.usefixtures("bare")
def test_other_processors_need_no_nasm(step: Step, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tools.platform, "machine", lambda: "aarch64")
    tools.ensure_nasm(step)


def program(folder: Path, name: str, says: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\necho {says}\n")
    (folder / name).chmod(0o755)


@pytest.mark.parametrize(("version", "is_enough"), [("v20.19.0", True), ("v24.1.0", True), ("v20.18.9", False), ("v18.20.4", False), ("", False)])
def test_the_machines_node_is_taken_where_it_is_new_enough(bare: Path, step: Step, version: str, is_enough: bool) -> None:
    for name in ("node", "npm"):
        program(bare / "path", name, version)
        program(tools.BIN, name, "v24.19.0")
    assert tools.node_path().split(os.pathsep)[0] == str(bare / "path" if is_enough else tools.BIN)
    tools.ensure_node(step)
    assert step.note == "all there"


def test_node_is_fetched_where_there_is_none_or_an_old_one(bare: Path, step: Step, monkeypatch: pytest.MonkeyPatch) -> None:
    fetched = Environment(bare / "node")
    monkeypatch.setattr(tools, "NODE", fetched)
    monkeypatch.setattr(Environment, "install", lambda self, *_, **__: [program(self.bin, name, "v24.19.0") for name in ("node", "npm", "npx")])
    for name in ("node", "npm"):
        program(bare / "path", name, "v18.20.4")
    tools.ensure_node(step)
    assert step.note == "Node fetched"
    assert shutil.which("npm", path=tools.node_path()) == str(tools.BIN / "npm")


@pytest.mark.usefixtures("bare")
def test_every_missing_prerequisite_has_a_line_and_nasm_is_none_of_them() -> None:
    lines = prerequisites.missing()
    assert [line.split(" is missing")[0] for line in lines] == ["git", "curl", "a C compiler (cc)", "cargo"]


def test_installing_says_how_far_it_is(tmp_path: Path) -> None:
    pip = tmp_path / "python"
    pip.write_text("#!/bin/sh\nprintf '%s\\n' 'Collecting one==1 (from -r file)' '  Fetching: one' 'Requirement already satisfied: two==2 in x'\n")
    pip.chmod(0o755)
    file = tmp_path / "requirements.txt"
    file.write_text("# Asked for.\none==1\ntwo==2\n")
    environment = Environment(tmp_path / "environment")
    environment.bin.mkdir(parents=True)
    environment.python.symlink_to(pip)
    (environment.bin / "pip").touch()
    shown: list[tuple[int, int, str]] = []
    environment.install(file, show=lambda done, total, doing: shown.append((done, total, doing)))
    assert shown == [(1, 2, "one"), (1, 2, "Fetching: one"), (2, 2, "two")]
    assert environment.is_ready(file)
    file.write_text("one==1\n")
    assert not environment.is_ready(file)
