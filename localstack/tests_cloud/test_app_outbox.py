"""What is pushed to apps can be read, and SNS refuses what it refuses in the cloud."""

from __future__ import annotations

import json
import urllib.request
import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from conftest import Cloud

APNS = {"aps": {"alert": {"title": "New like", "body": "bob likes your photo"}}, "url": "/p/1"}
FCM = {"fcmV1Message": {"message": {"notification": {"title": "New like"}, "data": {"url": "/p/1"}}}}


class Device:
    """An app on a device."""

    def __init__(self, cloud: Cloud, platform: str) -> None:
        self.url = f"{cloud.settings.cloud_url}/_lambdagram/apps"
        self.sns, self.token = cloud.client("sns"), uuid.uuid4().hex * 2
        attributes = {"PlatformCredential": "x"}
        self.application = self.sns.create_platform_application(Name="mine", Platform=platform, Attributes=attributes)["PlatformApplicationArn"]
        self.endpoint = self.register()

    def register(self) -> str:
        made: str = self.sns.create_platform_endpoint(PlatformApplicationArn=self.application, Token=self.token)["EndpointArn"]
        return made

    def publish(self, said: Any, **attributes: str) -> None:
        named = {f"AWS.SNS.MOBILE.APNS.{name}": {"DataType": "String", "StringValue": value} for name, value in attributes.items()}
        self.sns.publish(TargetArn=self.endpoint, Message=json.dumps(said), MessageStructure="json", MessageAttributes=named)

    def ask(self, method: str, path: str) -> list[dict[str, Any]]:
        request = urllib.request.Request(f"{self.url}{path}", method=method)
        with urllib.request.urlopen(request) as answer:
            listed: list[dict[str, Any]] = json.load(answer)
            return listed


def test_what_is_pushed_is_listed_by_token_oldest_first(cloud: Cloud) -> None:
    phone, tablet = Device(cloud, "APNS"), Device(cloud, "GCM")
    phone.publish({"default": "said", "APNS": json.dumps(APNS)}, COLLAPSE_ID="tag", PUSH_TYPE="alert")
    tablet.publish({"default": "said", "GCM": json.dumps(FCM)})
    phone.publish({"default": "für Zoë"})
    first, second = phone.ask("GET", f"/{phone.token}")
    assert (first["platform"], first["payload"], second["payload"]) == ("APNS", APNS, "für Zoë")
    assert first["attributes"] == {"AWS.SNS.MOBILE.APNS.COLLAPSE_ID": "tag", "AWS.SNS.MOBILE.APNS.PUSH_TYPE": "alert"}
    assert [message["payload"] for message in tablet.ask("GET", f"/{tablet.token}")] == [FCM]
    tokens = [message["token"] for message in phone.ask("GET", "") if message["token"] in (phone.token, tablet.token)]
    assert tokens == [phone.token, tablet.token, phone.token]


def test_an_app_that_was_removed_gets_nothing_until_it_is_registered_again(cloud: Cloud) -> None:
    phone = Device(cloud, "APNS")
    phone.ask("DELETE", f"/{phone.token}")
    with pytest.raises(ClientError, match="EndpointDisabled"):
        phone.publish({"default": "said"})
    with pytest.raises(ClientError, match=f"Endpoint {phone.endpoint} already exists with the same Token"):
        phone.register()
    phone.sns.set_endpoint_attributes(EndpointArn=phone.endpoint, Attributes={"Enabled": "true", "Token": phone.token})
    assert phone.register() == phone.endpoint
    phone.publish({"default": "said"})
    phone.sns.delete_endpoint(EndpointArn=phone.endpoint)
    with pytest.raises(ClientError, match="No endpoint found"):
        phone.publish({"default": "said"})
    assert len(phone.ask("GET", f"/{phone.token}")) == 1


def test_what_no_push_service_takes_is_refused(cloud: Cloud) -> None:
    phone, tablet = Device(cloud, "APNS"), Device(cloud, "GCM")
    long = {"aps": {"alert": "x" * 4_096}}
    for device, said, attributes in [
        (phone, {"APNS": json.dumps(APNS)}, {}),
        (phone, {"default": "said", "APNS": json.dumps(long)}, {}),
        (phone, {"default": "said", "APNS": json.dumps({"url": "/p/1"})}, {}),
        (phone, {"default": "said", "APNS": json.dumps(APNS)}, {"COLLAPSE_ID": "x" * 65}),
        (tablet, {"default": "said", "GCM": json.dumps({"notification": {}})}, {}),
        (tablet, {"default": "said", "GCM": json.dumps({"fcmV1Message": {"message": {"data": {"state": 1}}}})}, {}),
    ]:
        with pytest.raises(ClientError, match="InvalidParameter"):
            device.publish(said, **attributes)
    assert phone.ask("GET", f"/{phone.token}") == tablet.ask("GET", f"/{tablet.token}") == []
