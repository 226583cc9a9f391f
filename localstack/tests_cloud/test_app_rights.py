"""A role may reach apps through the application it names, and its endpoints, and through no other."""

from __future__ import annotations

import uuid

import pytest
from botocore.exceptions import ClientError

from conftest import Cloud


def test_endpoints_are_allowed_by_their_application(cloud: Cloud) -> None:
    owner, sns = cloud.client("sns"), cloud.as_function("sns")
    mine, other = (
        owner.create_platform_application(Name=name, Platform="APNS", Attributes={"PlatformCredential": "x"})["PlatformApplicationArn"]
        for name in ("mine", "other")
    )
    token = uuid.uuid4().hex * 2
    endpoint = sns.create_platform_endpoint(PlatformApplicationArn=mine, Token=token)["EndpointArn"]
    assert endpoint.startswith(mine.replace(":app/", ":endpoint/") + "/")
    assert sns.create_platform_endpoint(PlatformApplicationArn=mine, Token=token)["EndpointArn"] == endpoint
    assert sns.get_endpoint_attributes(EndpointArn=endpoint)["Attributes"] == {"Enabled": "true", "Token": token}
    sns.set_endpoint_attributes(EndpointArn=endpoint, Attributes={"Enabled": "true"})
    sns.publish(TargetArn=endpoint, Message="said")
    foreign = owner.create_platform_endpoint(PlatformApplicationArn=other, Token=token)["EndpointArn"]
    for denied in (
        lambda: sns.create_platform_endpoint(PlatformApplicationArn=other, Token=token),
        lambda: sns.get_endpoint_attributes(EndpointArn=foreign),
        lambda: sns.delete_endpoint(EndpointArn=foreign),
        lambda: sns.publish(TargetArn=foreign, Message="said"),
    ):
        with pytest.raises(ClientError, match="AuthorizationError"):
            denied()
    sns.delete_endpoint(EndpointArn=endpoint)
