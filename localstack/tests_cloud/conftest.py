"""A cloud of its own for these tests: the table engine and the patched emulator, with a small template deployed."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import boto3
import pytest

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from cloud import build, deploy, layout, processes, services, trial  # noqa: E402
from cloud.progress import step  # noqa: E402
from cloud.settings import REGION, Settings  # noqa: E402

T = TypeVar("T")


class Cloud:
    """The running cloud and what the tests ask of it."""

    def __init__(self, settings: Settings, table_engine: Path) -> None:
        self.settings = settings
        self._table_engine = table_engine
        self.outputs: dict[str, str] = {}
        self.api = ""

    def start(self) -> None:
        layout.ensure(self.settings)
        services.ensure_table_engine(self.settings, self._table_engine)
        services.ensure_emulator(self.settings)
        bootstrap = HERE / "bootstrap"
        deployed = deploy.deploy(self.settings, dict.fromkeys(("echo", "stream", "queue", "crowd", "segment", "socket", "told"), bootstrap))
        if deployed.changed and "snapshots" not in os.environ.get("CLOUD_WITHOUT", ""):
            services.snapshot(self.settings)
        self.outputs = deployed.outputs
        self.api = deploy.api_url(self.settings, deployed)

    def kill(self) -> None:
        """As a power button would: no process gets to say goodbye."""
        for process in processes.everything(self.settings):
            # A function ends by itself once its emulator is gone.
            with contextlib.suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)
        assert processes.wait_until(lambda: not processes.everything(self.settings), 5)

    def stop(self) -> None:
        for name in reversed(processes.ORDER):
            processes.stop(self.settings, name)

    def client(self, service: str, **config: Any) -> Any:
        return deploy.client(self.settings, service, **config)

    def as_function(self, service: str, **changed: str) -> Any:
        """A client with the credentials that the function `echo` was started with, read from its process."""
        with urllib.request.urlopen(f"{self.api}things/1") as response:
            pid = json.load(response)["pid"]
        given = dict(line.partition("=")[::2] for line in Path(f"/proc/{pid}/environ").read_text().split("\0"))
        names = {name: given[name.upper()] for name in ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")}
        return boto3.client(service, endpoint_url=self.settings.cloud_url, region_name=REGION, **names | changed)

    def put(self, pk: str, sk: str, **attributes: str) -> None:
        item = {name: {"S": value} for name, value in {"pk": pk, "sk": sk, **attributes}.items()}
        self.client("dynamodb").put_item(TableName=self.outputs["Table"], Item=item)

    def seen(self, function: str) -> list[dict[str, Any]]:
        """The events a function was invoked with."""
        file = self.settings.state / "seen" / function
        return [json.loads(line)["event"] for line in file.read_text().splitlines()] if file.exists() else []

    def records(self, function: str, marker: str) -> list[dict[str, Any]]:
        """The records with this marker in them, as often as they were delivered."""
        return [record for event in self.seen(function) for record in event.get("Records", []) if marker in json.dumps(record)]

    def item(self, pk: str, sk: str) -> dict[str, Any]:
        key = {"pk": {"S": pk}, "sk": {"S": sk}}
        found: dict[str, Any] = self.client("dynamodb").get_item(TableName=self.outputs["Table"], Key=key, ConsistentRead=True)["Item"]
        return found

    def workflow(self, name: str, **states: dict[str, Any]) -> str:
        """A workflow in JSONata that begins with its first state; its ARN."""
        workflows = self.client("stepfunctions")
        role = workflows.describe_state_machine(stateMachineArn=self.outputs["Machine"])["roleArn"]
        definition = {"QueryLanguage": "JSONata", "StartAt": next(iter(states)), "States": states}
        made: dict[str, str] = workflows.create_state_machine(name=name, definition=json.dumps(definition), roleArn=role)
        return made["stateMachineArn"]

    def ended(self, execution: str) -> dict[str, Any]:
        """An execution of a workflow, once it has ended."""
        workflows = self.client("stepfunctions")
        return eventually(lambda: workflows.describe_execution(executionArn=execution), lambda now: now["status"] != "RUNNING", seconds=30)

    def waiting(self, queue: str) -> list[str]:
        """Bodies of the messages in a queue, taken out of it."""
        found = []
        sqs = self.client("sqs")
        while messages := sqs.receive_message(QueueUrl=self.outputs[queue], MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                found.append(message["Body"])
                sqs.delete_message(QueueUrl=self.outputs[queue], ReceiptHandle=message["ReceiptHandle"])
        return found


def eventually(ask: Callable[[], T], holds: Callable[[T], bool], seconds: float = 10) -> T:
    """Asks until the answer is right; the last answer fails the test with its value shown."""
    deadline = time.monotonic() + seconds
    while not holds(answer := ask()):
        assert time.monotonic() < deadline, answer
        time.sleep(0.02)
    return answer


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """One cloud for all tests; each uses keys of its own."""
    settings = Settings(state=tmp_path_factory.mktemp("cloud"), port=trial.free_port(), root=HERE)
    running = Cloud(settings, _table_engine())
    try:
        running.start()
        yield running
    finally:
        running.stop()


def _table_engine() -> Path:
    """The one of the cloud that `make test` has up, or a build of our own."""
    given = os.environ.get("LAMBDAGRAM_STATE")
    if given:
        return Path(given) / "bin" / services.TABLE_ENGINE
    with step("table engine (cargo)", chatty=True) as running:
        return build.build([services.TABLE_ENGINE], running)[services.TABLE_ENGINE]
