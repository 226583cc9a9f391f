"""`make deploy`: the stack through SAM, then the web client into its bucket, then a look whether all of it answers."""

from __future__ import annotations

import subprocess
import time
import tomllib
from collections.abc import Mapping
from typing import Any

import boto3
import urllib3
from botocore.exceptions import ClientError

from cloud import commands, web, web_bucket
from cloud.progress import step
from cloud.settings import ROOT, Refusal

# A distribution is there before each of its locations knows of it.
_TRIES, _PAUSE = 12, 10.0


def ship(stage: str) -> None:
    """Deploys a stage of samconfig.toml to AWS. Credentials come from the environment."""
    config = tomllib.loads((ROOT / "samconfig.toml").read_text())
    if "deploy" not in config.get(stage, {}):
        raise Refusal(f"samconfig.toml has no stage {stage}")
    settings, region = config[stage]["deploy"]["parameters"], config[stage]["global"]["parameters"]["region"]
    stacks, store = boto3.client("cloudformation", region_name=region), boto3.client("s3", region_name=region)
    client = commands.build_client()

    hashes = []
    if client is not None:
        # The documents of the build before are served until those of this one are uploaded.
        before = outputs(stacks, settings["stack_name"]).get("WebBucketName")
        hashes = [web.hashes(client), *filter(None, [web_bucket.published(store, before) if before else None])]
    arguments = overrides(settings["parameter_overrides"], web.parameters(*hashes) if hashes else {})
    if subprocess.run(["sam", "deploy", "--config-env", stage, *arguments], cwd=ROOT, check=False).returncode != 0:
        raise Refusal("the deployment failed; sam says why above")

    made = outputs(stacks, settings["stack_name"])
    if client is not None:
        with step("upload web client") as running:
            running.note = web_bucket.publish(store, made["WebBucketName"], client)
    with step("look whether it answers") as running:
        check(made["CdnUrl"], expected(with_client=client is not None))
        running.note = "it does"
    print(f"\n  {made['CdnUrl']}")


def overrides(configured: list[str], hashes: Mapping[str, str]) -> list[str]:
    """Arguments of `sam deploy`. Parameters on its command line replace all those of its file, so they are all given."""
    return ["--parameter-overrides", *configured, *(f"{name}={value}" for name, value in hashes.items() if value)]


def outputs(stacks: Any, name: str) -> dict[str, str]:
    """The outputs of a stack; none where there is no stack yet."""
    try:
        stack = stacks.describe_stacks(StackName=name)["Stacks"][0]
    except ClientError as error:
        if error.response["Error"]["Code"] == "ValidationError":
            return {}
        raise
    return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}


def expected(*, with_client: bool) -> dict[str, int]:
    """What the distribution answers to nobody in particular. A 403 of the API says that it is not called by its own name."""
    found = {"/api/v1/feed": 401, "/photos/small/0/0.jpg": 404}
    return found | ({"/": 200, "/@somebody.there": 200} if with_client else {})


def check(url: str, wanted: Mapping[str, int], tries: int = _TRIES, pause: float = _PAUSE) -> None:
    """Asks until each path is answered as wanted."""
    pool = urllib3.PoolManager(retries=False, timeout=10)
    for left in reversed(range(tries)):
        wrong = [f"{path} answers {found}, not {status}" for path, status in wanted.items() if (found := _status(pool, url + path)) != status]
        if not wrong:
            return
        if left == 0:
            raise Refusal(f"{url} does not answer as it should: {'; '.join(wrong)}")
        time.sleep(pause)


def _status(pool: urllib3.PoolManager, url: str) -> int | str:
    try:
        return pool.request("GET", url, redirect=False).status
    except urllib3.exceptions.HTTPError as error:
        return type(error).__name__
