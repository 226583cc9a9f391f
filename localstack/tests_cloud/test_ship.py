"""`make deploy`, as far as it goes without AWS."""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import boto3
import edge
import pytest
import web_build

from cloud import commands, ship, web_bucket
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


# Of samconfig.toml.
REGION = "eu-central-1"

# As much of the stack as an upload needs.
_STACK = """
Resources:
  WebBucket: {Type: AWS::S3::Bucket}
Outputs:
  WebBucketName: {Value: !Ref WebBucket}
  CdnUrl: {Value: "http://127.0.0.1:%d"}
"""


@pytest.fixture
def shipped(cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Path, int], list[str]]:
    """Deploys a build with a `sam` that only notes its arguments; those arguments."""
    noted = tmp_path / "noted"
    sam = tmp_path / "bin" / "sam"
    sam.parent.mkdir()
    sam.write_text(f"#!/bin/sh\nprintf '%s\\n' \"$@\" >{noted}\n")
    sam.chmod(0o755)
    monkeypatch.setenv("PATH", f"{sam.parent}{os.pathsep}{os.environ['PATH']}")
    for name, value in (("AWS_ENDPOINT_URL", cloud.settings.cloud_url), ("AWS_ACCESS_KEY_ID", "test"), ("AWS_SECRET_ACCESS_KEY", "test")):
        monkeypatch.setenv(name, value)

    def ship_it(build: Path, port: int) -> list[str]:
        stacks = boto3.client("cloudformation", region_name=REGION)
        if not ship.outputs(stacks, "lambdagram-dev"):
            stacks.create_stack(StackName="lambdagram-dev", TemplateBody=_STACK % port)
            stacks.get_waiter("stack_create_complete").wait(StackName="lambdagram-dev", WaiterConfig={"Delay": 1})
        monkeypatch.setattr(commands, "build_client", lambda: build)
        ship.ship("dev")
        return noted.read_text().splitlines()

    return ship_it


def test_the_build_before_is_allowed_until_its_documents_are_replaced(
    cloud: Cloud, shipped: Callable[[Path, int], list[str]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = web_build.write(tmp_path / "1", "1"), web_build.write(tmp_path / "2", "2")
    (second / "csp.json").write_text(json.dumps({"script": ["sha256-new="], "style": []}))
    with edge.running(Distribution(ship.expected(with_client=True), failures=0)) as port:
        arguments = shipped(first, port)
        assert arguments[:4] == ["deploy", "--config-env", "dev", "--parameter-overrides"] and "Stage=dev" in arguments
        assert arguments[-2:] == [f"ScriptHashes={web_build.SCRIPT}", f"StyleHashes={web_build.STYLE}"]
        arguments = shipped(second, port)
        assert arguments[-2:] == [f"ScriptHashes=sha256-new=,{web_build.SCRIPT}", f"StyleHashes={web_build.STYLE}"]
        # Their documents are gone by now.
        assert shipped(second, port)[-1] == "ScriptHashes=sha256-new="
        bucket = ship.outputs(boto3.client("cloudformation", region_name=REGION), "lambdagram-dev")["WebBucketName"]
    assert web_bucket.published(cloud.client("s3"), bucket) == {"script": ["sha256-new="], "style": []}
    assert capsys.readouterr().out.rstrip().endswith(f"http://127.0.0.1:{port}")


def test_a_stage_that_is_not_configured_is_refused() -> None:
    with pytest.raises(Refusal, match="no stage nowhere"):
        ship.ship("nowhere")
