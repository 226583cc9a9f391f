"""`make push-apps`: the two platform applications of SNS that reach apps on iOS and Android.

They hold credentials, which a template would show to everybody who may read the stack. So they are made here, from files, and the
stack is given their ARNs. A second time renews the credentials of those that are there.
"""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from cloud.settings import ROOT, STACK, Refusal, Settings

_APNS = ("APNS_KEY_FILE", "APNS_KEY_ID", "APNS_TEAM_ID", "APNS_BUNDLE_ID")
_FCM = "FCM_ACCOUNT_FILE"


@dataclass(frozen=True)
class Application:
    """A platform application, and the parameter of the template that takes its ARN."""

    parameter: str
    platform: str
    # Credentials are in here, so nothing shows it.
    attributes: dict[str, str] = field(repr=False)


def push_apps(settings: Settings, stage: str) -> None:
    """Makes the applications of a stage of samconfig.toml in AWS, or of the cloud at ENDPOINT, and says the parameters."""
    wanted = read(os.environ)
    sns, name = _service(settings, stage)
    for parameter, arn in ensure(sns, name, wanted).items():
        print(f"{parameter}={arn}")


def read(environ: Mapping[str, str]) -> list[Application]:
    """The applications that there are credentials for."""
    given = {variable: environ[variable] for variable in (*_APNS, _FCM) if environ.get(variable)}
    found = []
    if any(variable in given for variable in _APNS):
        if missing := [variable for variable in _APNS if variable not in given]:
            raise Refusal(f"for iOS all of {', '.join(_APNS)} are needed; missing: {', '.join(missing)}")
        key = _content("APNS_KEY_FILE", given)
        if "BEGIN PRIVATE KEY" not in key:
            raise Refusal("APNS_KEY_FILE is no signing key of APNs (.p8)")
        found.append(apns(key, *(given[variable] for variable in _APNS[1:]), sandbox=environ.get("APNS_SANDBOX", "") not in ("", "0")))
    if _FCM in given:
        account = _content(_FCM, given)
        if not _is_account(account):
            raise Refusal(f"{_FCM} is no service account of Firebase (JSON)")
        found.append(fcm(account))
    if not found:
        raise Refusal(f"nothing to do: set {', '.join(_APNS)} for iOS, {_FCM} for Android (docs/deploying.md)")
    return found


def apns(key: str, key_id: str, team_id: str, bundle_id: str, *, sandbox: bool = False) -> Application:
    """The application of iOS, by a signing key of APNs. `sandbox` reaches builds that were not distributed."""
    attributes = {
        "PlatformCredential": key,
        "PlatformPrincipal": key_id,
        "ApplePlatformTeamID": team_id,
        "ApplePlatformBundleID": bundle_id,
    }
    return Application("ApnsApplicationArn", "APNS_SANDBOX" if sandbox else "APNS", attributes)


def fcm(account: str) -> Application:
    """The application of Android, by a service account in JSON, with which SNS speaks FCM v1."""
    return Application("FcmApplicationArn", "GCM", {"PlatformCredential": account})


def ensure(sns: Any, name: str, wanted: list[Application]) -> dict[str, str]:
    """Makes what is missing and renews the rest; the ARNs by parameter."""
    pages = sns.get_paginator("list_platform_applications").paginate()
    known = {application["PlatformApplicationArn"] for page in pages for application in page["PlatformApplications"]}
    arns = {}
    for application in wanted:
        arn = next((arn for arn in known if arn.endswith(f":app/{application.platform}/{name}")), None)
        try:
            if arn is None:
                request = {"Name": name, "Platform": application.platform, "Attributes": application.attributes}
                arn = sns.create_platform_application(**request)["PlatformApplicationArn"]
            else:
                sns.set_platform_application_attributes(PlatformApplicationArn=arn, Attributes=application.attributes)
        except ClientError as error:
            # What SNS says of credentials may quote them.
            raise Refusal(f"SNS refuses the application {application.platform}: {error.response['Error']['Code']}") from None
        arns[application.parameter] = arn
    return arns


def made_up() -> list[Application]:
    """Applications for a cloud that passes nothing on."""
    return [apns("made up", "KEY0000000", "TEAM000000", "example.lambdagram"), fcm('{"type": "service_account"}')]


def _service(settings: Settings, stage: str) -> tuple[Any, str]:
    """SNS, and the name of the stack."""
    if settings.endpoint is not None:
        from cloud import deploy

        return deploy.client(settings, "sns"), STACK
    import boto3

    config = tomllib.loads((ROOT / "samconfig.toml").read_text())
    if "deploy" not in config.get(stage, {}):
        raise Refusal(f"samconfig.toml has no stage {stage}")
    region = config[stage]["global"]["parameters"]["region"]
    return boto3.client("sns", region_name=region), config[stage]["deploy"]["parameters"]["stack_name"]


def _content(variable: str, given: Mapping[str, str]) -> str:
    try:
        return Path(given[variable]).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise Refusal(f"{variable}: {given[variable]} cannot be read ({type(error).__name__})") from None


def _is_account(text: str) -> bool:
    try:
        account = json.loads(text)
    except ValueError:
        return False
    return isinstance(account, dict) and account.get("type") == "service_account" and "private_key" in account
