"""Deploying template.yaml through CloudFormation: to the emulator, or to any LocalStack-compatible endpoint."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from samtranslator.yaml_helper import yaml_parse

from cloud import build, cdn_template, push_apps
from cloud.settings import ARTIFACTS, REGION, STACK, Record, Refusal, Settings

Template = dict[str, Any]

_CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]
_PATIENCE = 300.0


@dataclass(frozen=True)
class Deployed:
    """The stack's outputs, its functions' names by folder name, its distribution, and whether anything had to change."""

    outputs: dict[str, str]
    functions: dict[str, str]
    edge: dict[str, Any]
    changed: bool


def client(settings: Settings, service: str, **config: Any) -> Any:
    """A boto3 client of the cloud's owner."""
    return boto3.client(
        service,
        endpoint_url=settings.cloud_url,
        region_name=REGION,
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"max_attempts": 2}, read_timeout=_PATIENCE, s3={"addressing_style": "path"}, **config),
    )


def deploy(settings: Settings, binaries: dict[str, Path], hashes: Mapping[str, str] | None = None) -> Deployed:
    """Creates or updates the stack; does nothing when neither the template nor a function changed.

    `hashes` are the parameters with the digests of the web client's scripts and styles.
    """
    template: Template = yaml_parse((settings.root / "template.yaml").read_text())
    wanted = _wanted(template, binaries)
    digests = build.digests(settings, wanted)
    packages = _package(settings, template, wanted, digests)
    parameters = _parameters(settings, template, hashes or {})
    body = json.dumps(template)
    fingerprint = hashlib.sha256((body + json.dumps(parameters)).encode()).hexdigest()

    stacks = client(settings, "cloudformation")
    stack = _find(stacks)
    changed = stack is None or Record.load(settings.state).get("deployed") != fingerprint
    if changed:
        url = _upload(settings, packages, body)
        stack = _apply(stacks, stack, url, parameters)
        Record.update(settings.state, deployed=fingerprint)
        build.forget_older(settings, digests)
    assert stack is not None
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}
    physical = _physical_ids(stacks)
    return Deployed(outputs, _function_names(physical, template), _edge(template, physical, parameters), changed)


def api_url(settings: Settings, deployed: Deployed) -> str:
    """Where the HTTP API answers: by path, for an endpoint without DNS names of its own."""
    host = deployed.outputs["ApiUrl"].partition("://")[2]
    return f"{settings.apis_url}/{host.partition('.')[0]}/"


def _functions(template: Template) -> Iterator[tuple[str, Template]]:
    """Each function's folder name and properties."""
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            yield Path(resource["Properties"]["CodeUri"]).name, resource["Properties"]


def _workflows(template: Template) -> Iterator[tuple[str, Template]]:
    """Each workflow's file and properties."""
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::StateMachine" and "DefinitionUri" in resource["Properties"]:
            yield resource["Properties"]["DefinitionUri"], resource["Properties"]


def _wanted(template: Template, binaries: dict[str, Path]) -> dict[str, Path]:
    """The binary of each function."""
    names = [name for name, _ in _functions(template)]
    missing = [name for name in names if name not in binaries]
    if missing:
        raise Refusal(f"template.yaml has functions that no crate builds: {', '.join(missing)}")
    return {name: binaries[name] for name in names}


def _package(settings: Settings, template: Template, wanted: dict[str, Path], digests: dict[str, str]) -> dict[str, bytes]:
    """Points every CodeUri and DefinitionUri at an object in the artifacts bucket, as `sam package` does; the objects by key."""
    packages = {}
    for name, properties in _functions(template):
        if settings.emulated:
            content = build.launcher(settings, name, wanted[name], digests[name])
            # A launcher names the place of the binary, which changes when the checkout is moved.
            key = f"{name}/{hashlib.sha256(content).hexdigest()}.zip"
        else:
            content = build.package(build.stripped(wanted[name]))
            key = f"{name}/{digests[name]}.zip"
        properties["CodeUri"] = {"Bucket": ARTIFACTS, "Key": key}
        packages[key] = content
    for file, properties in _workflows(template):
        # JSON: emulators read nothing else.
        content = json.dumps(yaml_parse((settings.root / file).read_text())).encode()
        key = f"workflows/{hashlib.sha256(content).hexdigest()}.json"
        properties["DefinitionUri"] = {"Bucket": ARTIFACTS, "Key": key}
        packages[key] = content
    return packages


def _parameters(settings: Settings, template: Template, hashes: Mapping[str, str]) -> list[dict[str, str]]:
    # Thousands of registrations in an hour, all from one address: tests and seeding make as many.
    # A short life at the edge, so that tests need not wait long for a deleted photo to be gone.
    wanted = {
        "CdnUrl": settings.cdn_url,
        "DeletionProtection": "false",
        "QuotaScale": "1000",
        "EdgeLifeSeconds": "3",
        "MailDomain": "lambdagram.example",
        # A push service stands in at the emulator (patches/browsers.py).
        "PushOrigins": settings.cloud_url,
        **hashes,
    }
    # Without names for buckets and APIs, all are at the endpoint.
    wanted["UploadsUrl"] = settings.cloud_url
    wanted["ApisUrl"] = settings.apis_url
    if threshold := os.environ.get("LAMBDAGRAM_CELEBRITY_THRESHOLD"):
        wanted["CelebrityThreshold"] = threshold
    declared = template.get("Parameters", {})
    if settings.emulated and "ApnsApplicationArn" in declared:
        # What is pushed to apps is kept (patches/app_outbox.py).
        wanted |= push_apps.ensure(client(settings, "sns"), STACK, push_apps.made_up())
    return [{"ParameterKey": key, "ParameterValue": value} for key, value in wanted.items() if key in declared]


def _upload(settings: Settings, packages: dict[str, bytes], body: str) -> str:
    """Puts packages and template where CloudFormation fetches them; the template's address."""
    store = client(settings, "s3")
    try:
        store.create_bucket(Bucket=ARTIFACTS)
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("BucketAlreadyOwnedByYou", "BucketAlreadyExists"):
            raise
    for key, package in packages.items():
        store.put_object(Bucket=ARTIFACTS, Key=key, Body=package)
    store.put_object(Bucket=ARTIFACTS, Key="template.json", Body=body.encode())
    return f"{settings.cloud_url}/{ARTIFACTS}/template.json"


def _find(stacks: Any) -> dict[str, Any] | None:
    try:
        stack: dict[str, Any] = stacks.describe_stacks(StackName=STACK)["Stacks"][0]
    except ClientError:
        return None
    return None if stack["StackStatus"] == "DELETE_COMPLETE" else stack


def _apply(stacks: Any, stack: dict[str, Any] | None, url: str, parameters: list[dict[str, str]]) -> dict[str, Any]:
    if stack is not None and stack["StackStatus"] in ("ROLLBACK_COMPLETE", "CREATE_FAILED", "ROLLBACK_FAILED"):
        # A stack whose creation failed cannot be updated, only made again.
        stacks.delete_stack(StackName=STACK)
        _settle(stacks, gone=True)
        stack = None
    request = {"StackName": STACK, "TemplateURL": url, "Parameters": parameters, "Capabilities": _CAPABILITIES}
    try:
        if stack is None:
            stacks.create_stack(**request, DisableRollback=False)
        else:
            stacks.update_stack(**request)
    except ClientError as error:
        if "No updates are to be performed" not in str(error):
            raise Refusal(f"CloudFormation refused template.yaml: {error}") from error
    return _settle(stacks)


def _settle(stacks: Any, *, gone: bool = False) -> dict[str, Any]:
    """Waits until the stack is at rest; a failed one is a refusal with the reasons of its first failures."""
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        stack = _find(stacks)
        if stack is None:
            if gone:
                return {}
            raise Refusal("the stack vanished while it was deployed")
        status = stack["StackStatus"]
        if status in ("CREATE_COMPLETE", "UPDATE_COMPLETE") and not gone:
            return stack
        if not status.endswith("_IN_PROGRESS"):
            raise Refusal(f"the deployment ended in {status}: {_reasons(stacks)}")
        time.sleep(0.2)
    raise Refusal(f"the deployment did not end within {_PATIENCE:.0f} s")


def _reasons(stacks: Any) -> str:
    events = stacks.describe_stack_events(StackName=STACK)["StackEvents"]
    failed = [event for event in reversed(events) if event["ResourceStatus"].endswith("_FAILED")]
    return "; ".join(f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason', '?')}" for event in failed[:3])


def _physical_ids(stacks: Any) -> dict[str, str]:
    pages = stacks.get_paginator("list_stack_resources").paginate(StackName=STACK)
    return {resource["LogicalResourceId"]: resource["PhysicalResourceId"] for page in pages for resource in page["StackResourceSummaries"]}


def _function_names(physical: Mapping[str, str], template: Template) -> dict[str, str]:
    return {
        Path(resource["Properties"]["CodeUri"]["Key"]).parts[0]: physical[logical_id]
        for logical_id, resource in template["Resources"].items()
        if resource["Type"] == "AWS::Serverless::Function"
    }


def _edge(template: Template, physical: Mapping[str, str], parameters: list[dict[str, str]]) -> dict[str, Any]:
    """The distribution with its references resolved; nothing for a template without one."""
    if "Distribution" not in template["Resources"]:
        return {}
    values = {**physical, "AWS::StackName": STACK} | {each["ParameterKey"]: each["ParameterValue"] for each in parameters}
    return cdn_template.resolved(template, values, REGION)
