"""`make verify`: counts the table of this cloud, or of a stack in AWS, and has `sweep` put right what it finds."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from cloud import build, deploy
from cloud.progress import complain, step
from cloud.settings import REGION, ROOT, Record, Refusal, Settings

_DRIFTED = 1
_TRIES = 3
# Counting a large account again takes sweep minutes; it is not to be asked twice meanwhile.
_PATIENT = Config(read_timeout=310, retries={"max_attempts": 0})


@dataclass(frozen=True)
class Place:
    """A table, the function that repairs it, and how both are reached."""

    table: str
    environ: dict[str, str]
    functions: Any
    sweep: str | None
    profile: str


def verify(settings: Settings, stack: str | None, table: str | None, arguments: list[str], *, repair: bool) -> int:
    """0 when all is well, 1 when something has drifted, 2 when that could not be found out. With `repair`, of what is left after it."""
    place = _in_aws(stack, table) if stack or table else _here(settings)
    if repair and place.sweep is None:
        raise Refusal("REPAIR=1 needs to know whose sweep to ask: STACK=<stack>")
    with step("build (cargo)", chatty=True, stream=sys.stderr) as running:
        program = build.build(["verify"], running, place.profile)["verify"]
    with tempfile.TemporaryDirectory() as folder:
        repairs = Path(folder) / "repairs"
        code = _run(program, place, [*arguments, "--repairs", str(repairs)])
        if code != _DRIFTED or not repair:
            return code
        refused = [request for request in repairs.read_text().splitlines() if not _done(place, request)]
    for request in refused:
        complain(f"not all of this is done, send it again: {request}")
    return _run(program, place, arguments) or (_DRIFTED if refused else 0)


def _here(settings: Settings) -> Place:
    record = Record.load(settings.state)
    if "outputs" not in record:
        raise Refusal("nothing is deployed here yet: make up")
    environ = {
        "AWS_ENDPOINT_URL_DYNAMODB": settings.table_url if settings.emulated else settings.cloud_url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": REGION,
    }
    functions = deploy.client(settings, "lambda")
    return Place(record["outputs"]["TableName"], environ, functions, record["functions"]["sweep"], "dev")


def _in_aws(stack: str | None, table: str | None) -> Place:
    session = boto3.Session()
    credentials = session.get_credentials()
    if credentials is None or session.region_name is None:
        raise Refusal("AWS credentials and a region are needed: AWS_PROFILE, AWS_REGION")
    if table is None:
        described = session.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
        table = next(output["OutputValue"] for output in described["Outputs"] if output["OutputKey"] == "TableName")
    # However they were come by (single sign-on, a role): the program reads the environment alone.
    frozen = credentials.get_frozen_credentials()
    environ = {
        "AWS_ACCESS_KEY_ID": frozen.access_key,
        "AWS_SECRET_ACCESS_KEY": frozen.secret_key,
        "AWS_REGION": session.region_name,
    }
    if frozen.token:
        environ["AWS_SESSION_TOKEN"] = frozen.token
    functions = session.client("lambda", config=_PATIENT)
    return Place(table, environ, functions, f"{stack}-sweep" if stack else None, "release")


def _run(program: Path, place: Place, arguments: list[str]) -> int:
    command = [str(program), "--table", place.table, *arguments]
    # What the environment says about profiles would come before the credentials.
    environ = {name: value for name, value in os.environ.items() if name not in ("AWS_PROFILE", "AWS_SESSION_TOKEN")}
    return subprocess.run(command, cwd=ROOT, env=environ | place.environ, check=False).returncode


def _done(place: Place, request: str) -> bool:
    """Whether sweep did all of a request. Edges may be right and nobody told yet, which no count would show: so it is asked again."""
    for _ in range(_TRIES):
        answer = place.functions.invoke(FunctionName=place.sweep, Payload=request.encode())
        complain(f"sweep: {answer['Payload'].read().decode()}")
        if "FunctionError" not in answer:
            return True
    return False
