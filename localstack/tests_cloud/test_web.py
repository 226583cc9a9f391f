"""Building the web client: when npm is asked, and what of a build goes into the stack."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
import web_build

from cloud import tools, web
from cloud.settings import Refusal

_PACKAGE = {"name": "client", "version": "1.0.0", "private": True, "scripts": {"build": "mkdir -p build && cp csp.json build/ && echo x >>runs"}}


@pytest.fixture
def client(tmp_path: Path) -> Path:
    """Sources whose build is a copy; it leaves a line for each time that it ran."""
    if not tools._has_node(tools.node_path()):
        pytest.skip("no Node here; `make up` brings one when there is a client")
    (tmp_path / "package.json").write_text(json.dumps(_PACKAGE))
    lock = {"name": "client", "version": "1.0.0", "lockfileVersion": 3, "packages": {"": {"name": "client", "version": "1.0.0"}}}
    (tmp_path / "package-lock.json").write_text(json.dumps(lock))
    (tmp_path / "csp.json").write_text(json.dumps({"script": [web_build.SCRIPT]}))
    return tmp_path


def runs(client: Path) -> int:
    return len((client / "runs").read_text().splitlines())


def test_a_client_is_built_again_only_when_its_sources_change(client: Path) -> None:
    # A build writes among its sources, and Git is told so.
    (client / ".gitignore").write_text("/build\n/runs\nnode_modules\n")
    subprocess.run(["git", "init", "--quiet"], cwd=client, check=True)
    assert (web.install(client), web.build(client), runs(client)) == ("installed", "built", 1)
    assert (web.install(client), web.build(client), runs(client)) == ("unchanged", "unchanged", 1)
    (client / "csp.json").write_text(json.dumps({"style": [web_build.STYLE]}))
    assert (web.install(client), web.build(client), runs(client)) == ("unchanged", "built", 2)
    assert web.hashes(client / "build") == {"script": [], "style": [web_build.STYLE]}
    # Without its result it is not built.
    (client / "build" / "csp.json").unlink()
    assert (web.build(client), runs(client)) == ("built", 3)


def test_packages_are_fetched_again_when_the_lock_changes(client: Path) -> None:
    web.install(client)
    (client / "package-lock.json").write_text((client / "package-lock.json").read_text() + "\n")
    assert web.install(client) == "installed"


def test_a_build_that_fails_is_refused_with_what_npm_said(client: Path) -> None:
    (client / "package.json").write_text(json.dumps(_PACKAGE | {"scripts": {"build": "echo a reason >&2; exit 3"}}))
    web.install(client)
    with pytest.raises(Refusal, match="a reason"):
        web.build(client)


def test_sources_are_what_is_neither_fetched_nor_made(tmp_path: Path) -> None:
    for name in ("src/app.html", "static/a.png", "package.json", "node_modules/x/y.js", "build/index.html", ".svelte-kit/z", "e2e/a.spec.ts"):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("")
    wanted = ["package.json", "src/app.html", "static/a.png"]
    assert [file.relative_to(tmp_path).as_posix() for file in web.sources(tmp_path)] == wanted
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)
    subprocess.run(["git", "add", "."], cwd=tmp_path, check=True)
    (tmp_path / "src" / "app.html").unlink()
    (tmp_path / "src" / "new.ts").write_text("")
    assert [file.relative_to(tmp_path).as_posix() for file in web.sources(tmp_path)] == ["package.json", "src/new.ts", "static/a.png"]


def test_the_digests_of_a_build_become_parameters_of_the_stack(tmp_path: Path) -> None:
    said = web.hashes(web_build.write(tmp_path))
    before = {"script": ["sha256-old=", web_build.SCRIPT], "style": []}
    assert web.parameters(said) == {"ScriptHashes": web_build.SCRIPT, "StyleHashes": web_build.STYLE}
    assert web.parameters(said, before) == {"ScriptHashes": f"{web_build.SCRIPT},sha256-old=", "StyleHashes": web_build.STYLE}


@pytest.mark.parametrize("text", ["", "[]", "null", '{"script": ["\'unsafe-inline\'"]}', '{"style": [1]}', '{"script": ["sha256-a=; img-src *"]}'])
def test_what_is_no_digest_does_not_reach_the_policy(tmp_path: Path, text: str) -> None:
    (tmp_path / "csp.json").write_text(text)
    with pytest.raises(Refusal, match=r"csp\.json"):
        web.hashes(tmp_path)
