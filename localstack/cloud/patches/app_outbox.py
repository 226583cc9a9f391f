"""What SNS takes for an app is kept nowhere, and a disabled endpoint takes it as well.

In the cloud SNS refuses what its push service would, and `EndpointDisabled` is how a sender hears that an app was removed. Below
`/_lambdagram/apps` of the emulator stand the devices:

- `GET` lists all that was pushed, oldest first: to which token on which platform, payload, attributes, and when.
- `GET /TOKEN` lists what was pushed to one.
- `DELETE /TOKEN` removes the app from the device, upon which SNS disables the endpoint.
"""

from __future__ import annotations

import json
import time
import urllib.parse
from collections.abc import Callable
from typing import Any

from ministack import app
from ministack.services import sns

PATH = "/_lambdagram/apps"

# Bytes of a payload that APNs and FCM take, and of what APNs replaces one notification by another by.
_LONGEST = 4_096
_COLLAPSE_ID = 64


def apply() -> None:
    outbox: list[dict[str, Any]] = []
    serve, publish, create = app.app, sns._publish, sns._create_platform_endpoint

    def publish_or_keep(params: dict[str, Any]) -> Any:
        endpoint = sns._platform_endpoints.get(sns._p(params, "TargetArn"))
        if endpoint is None:
            if ":endpoint/" in sns._p(params, "TargetArn"):
                return _invalid("TargetArn Reason: No endpoint found for the target arn specified")
            return publish(params)
        if endpoint["attributes"]["Enabled"] != "true":
            return sns._error("EndpointDisabled", "Endpoint is disabled", 400)
        platform = endpoint["application_arn"].partition(":app/")[2].partition("/")[0]
        attributes = {name: value.get("StringValue", value.get("Value")) for name, value in sns._parse_message_attributes(params).items()}
        try:
            payload = _payload(platform, sns._p(params, "Message"), sns._p(params, "MessageStructure"), attributes)
        except ValueError as error:
            return _invalid(str(error))
        token = endpoint["attributes"]["Token"]
        outbox.append({"token": token, "platform": platform, "payload": payload, "attributes": attributes, "at": time.time()})
        return publish(params)

    def create_unless_disabled(params: dict[str, Any]) -> Any:
        known = _endpoint(sns._p(params, "Token"), sns._p(params, "PlatformApplicationArn"))
        if known is not None and known["attributes"]["Enabled"] != "true":
            return _invalid(f"Token Reason: Endpoint {known['arn']} already exists with the same Token, but different attributes.")
        return create(params)

    async def serve_or_list(scope: dict[str, Any], receive: Callable[..., Any], send: Callable[..., Any]) -> None:
        if scope["type"] != "http" or not f"{scope['path']}/".startswith(f"{PATH}/"):
            await serve(scope, receive, send)
            return
        token = urllib.parse.unquote(scope["path"].removeprefix(PATH).removeprefix("/"))
        if scope["method"] == "DELETE" and (endpoint := _endpoint(token)):
            endpoint["attributes"]["Enabled"] = "false"
        shown = [message for message in outbox if token in ("", message["token"])]
        headers = [(b"content-type", b"application/json; charset=utf-8"), (b"cache-control", b"no-store")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": json.dumps(shown, ensure_ascii=False, indent=1).encode()})

    sns._publish, sns._create_platform_endpoint, app.app = publish_or_keep, create_unless_disabled, serve_or_list


def _endpoint(token: str, application: str = "") -> dict[str, Any] | None:
    for endpoint in sns._platform_endpoints.values():
        if endpoint["attributes"]["Token"] == token and application in ("", endpoint["application_arn"]):
            found: dict[str, Any] = endpoint
            return found
    return None


def _invalid(reason: str) -> Any:
    return sns._error("InvalidParameter", f"Invalid parameter: {reason}", 400)


def _payload(platform: str, message: str, structure: str, attributes: dict[str, Any]) -> Any:
    """What a platform's push service gets of a message."""
    if structure != "json":
        return message
    said = json.loads(message)
    if "default" not in said:
        raise ValueError("Message Structure - No default entry in JSON message body")
    if platform not in said:
        return said["default"]
    text = said[platform]
    if len(text.encode()) > _LONGEST:
        raise ValueError("Message too long")
    if len(attributes.get("AWS.SNS.MOBILE.APNS.COLLAPSE_ID", "").encode()) > _COLLAPSE_ID:
        raise ValueError("the collapse id is too long")
    payload = json.loads(text)
    expected = ("fcmV1Message", "message") if platform == "GCM" else ("aps", "alert")
    if expected[1] not in payload.get(expected[0], {}):
        raise ValueError(f"there is no {'.'.join(expected)}")
    if platform == "GCM" and not all(isinstance(value, str) for value in payload["fcmV1Message"]["message"].get("data", {}).values()):
        raise ValueError("data has something else than texts")
    return payload
