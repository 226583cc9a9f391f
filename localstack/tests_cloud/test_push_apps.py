"""Applications are made once, from files, and nothing of the files is shown."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from cloud import push_apps
from cloud.settings import Refusal, Settings
from conftest import Cloud

KEY = "-----BEGIN PRIVATE KEY-----\nsecret\n-----END PRIVATE KEY-----\n"
ACCOUNT = json.dumps({"type": "service_account", "private_key": "secret"})


@pytest.fixture
def given(tmp_path: Path) -> dict[str, str]:
    key, account = tmp_path / "key.p8", tmp_path / "account.json"
    key.write_text(KEY)
    account.write_text(ACCOUNT)
    apns = {"APNS_KEY_FILE": str(key), "APNS_KEY_ID": "KEY", "APNS_TEAM_ID": "TEAM", "APNS_BUNDLE_ID": "app.example"}
    return {**apns, "FCM_ACCOUNT_FILE": str(account)}


def test_both_applications_are_made_once_and_renewed(
    cloud: Cloud, given: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    settings = Settings(state=cloud.settings.state, port=cloud.settings.port, endpoint=cloud.settings.cloud_url)
    for key_id in ("KEY", "ANOTHER"):
        monkeypatch.setenv("APNS_KEY_ID", key_id)
        push_apps.push_apps(settings, "dev")
        said = capsys.readouterr().out
        account = "arn:aws:sns:us-east-1:000000000000"
        assert said == f"ApnsApplicationArn={account}:app/APNS/lambdagram\nFcmApplicationArn={account}:app/GCM/lambdagram\n"
        arn = f"{account}:app/APNS/lambdagram"
        attributes = cloud.client("sns").get_platform_application_attributes(PlatformApplicationArn=arn)["Attributes"]
        assert (attributes["PlatformPrincipal"], attributes["ApplePlatformBundleID"]) == (key_id, "app.example")


def test_credentials_that_are_none_are_refused_without_being_shown(given: dict[str, str], tmp_path: Path) -> None:
    wrong = tmp_path / "wrong"
    wrong.write_text("secret")
    for environ, reason in [
        ({}, "nothing to do"),
        ({name: value for name, value in given.items() if name != "APNS_TEAM_ID"}, "missing: APNS_TEAM_ID"),
        (given | {"APNS_KEY_FILE": str(wrong)}, "no signing key"),
        (given | {"APNS_KEY_FILE": os.devnull}, "no signing key"),
        (given | {"APNS_KEY_FILE": str(tmp_path / "none")}, "cannot be read"),
        (given | {"FCM_ACCOUNT_FILE": str(wrong)}, "no service account"),
    ]:
        with pytest.raises(Refusal, match=reason) as refused:
            push_apps.read(environ)
        assert "secret" not in str(refused.value)
    found = push_apps.read(given | {"APNS_SANDBOX": "1"})
    assert [application.platform for application in found] == ["APNS_SANDBOX", "GCM"]
    assert "secret" not in repr(found)


def test_what_sns_refuses_is_said_without_credentials(given: dict[str, str]) -> None:
    from botocore.exceptions import ClientError

    class Sns:
        def get_paginator(self, _operation: str) -> Sns:
            return self

        def paginate(self) -> list[dict[str, list[Any]]]:
            return [{"PlatformApplications": []}]

        def create_platform_application(self, **request: Any) -> Any:
            raise ClientError({"Error": {"Code": "InvalidParameter", "Message": str(request)}}, "CreatePlatformApplication")

    with pytest.raises(Refusal) as refused:
        push_apps.ensure(Sns(), "lambdagram", push_apps.read(given))
    assert str(refused.value) == "SNS refuses the application APNS: InvalidParameter"
