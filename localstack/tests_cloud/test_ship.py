"""`make deploy`, as far as it goes without AWS."""

from __future__ import annotations

import tomllib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import edge
import pytest

from cloud import ship
from cloud.settings import Refusal
from conftest import Cloud


class Distribution(ThreadingHTTPServer):
    """Answers each path with a status, after some requests that fail."""

    def __init__(self, statuses: dict[str, int], failures: int) -> None:
        self.statuses, self.failures = statuses, failures
        super().__init__(("127.0.0.1", 0), _Handler)


class _Handler(BaseHTTPRequestHandler):
    server: Distribution

    def do_GET(self) -> None:
        self.server.failures -= 1
        self.send_response(502 if self.server.failures >= 0 else self.server.statuses[self.path])
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def stages() -> dict[str, list[str]]:
    config = tomllib.loads((edge.ROOT / "samconfig.toml").read_text())
    return {stage: config[stage]["deploy"]["parameters"]["parameter_overrides"] for stage in ("dev", "prod")}


def test_the_parameters_of_the_stage_go_beside_those_of_the_build(stages: dict[str, list[str]]) -> None:
    given = ship.overrides(stages["prod"], {"ScriptHashes": "sha256-a+/=,sha256-b=", "StyleHashes": ""})
    assert given == ["--parameter-overrides", *stages["prod"], "ScriptHashes=sha256-a+/=,sha256-b="]
    assert "Stage=prod" in given and "Stage=dev" in ship.overrides(stages["dev"], {})


def test_every_configured_parameter_is_one_of_the_template(stages: dict[str, list[str]]) -> None:
    declared = edge.template()["Parameters"].keys() | set()
    for parameters in stages.values():
        assert {each.partition("=")[0] for each in parameters} <= declared
    assert {"ScriptHashes", "StyleHashes", "TrustedTypes"} <= declared


def test_a_stack_that_is_not_there_has_no_outputs(cloud: Cloud) -> None:
    stacks = cloud.client("cloudformation")
    assert ship.outputs(stacks, "nobody-made-it") == {}
    assert ship.outputs(stacks, "lambdagram") == cloud.outputs


def test_a_deployment_is_done_when_everything_answers_as_it_should() -> None:
    wanted = ship.expected(with_client=True)
    assert wanted["/api/v1/feed"] == 401 and wanted["/"] == 200 and ship.expected(with_client=False).keys() < wanted.keys()
    with edge.running(Distribution(wanted, failures=5)) as port:
        ship.check(f"http://127.0.0.1:{port}", wanted, tries=3, pause=0)


def test_an_api_that_refuses_its_name_fails_the_deployment() -> None:
    wanted = ship.expected(with_client=False)
    with edge.running(Distribution(wanted | {"/api/v1/feed": 403}, failures=0)) as port, pytest.raises(Refusal, match="feed answers 403, not 401"):
        ship.check(f"http://127.0.0.1:{port}", wanted, tries=2, pause=0)
