"""Nothing subscribes as a browser does, and push services of browsers are on the internet.

Below `/_lambdagram/push` of the emulator one stands in ([`cloud.push_service`]):

- `POST subscriptions` subscribes a browser, for senders with the key in `applicationServerKey` of the body, if there is one.
- `GET subscriptions/NAME` lists what was pushed to it, and `DELETE` ends it. The name is the last part of its endpoint.
- `POST to/NAME` is the endpoint.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from ministack import app

from cloud.push_service import PushService, Refused

PATH = "/_lambdagram/push"


def apply() -> None:
    serve = app.app
    service = PushService()

    async def serve_or_push(scope: dict[str, Any], receive: Callable[..., Any], send: Callable[..., Any]) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(f"{PATH}/"):
            await serve(scope, receive, send)
            return
        body, more = b"", True
        while more:
            event = await receive()
            body, more = body + event.get("body", b""), event.get("more_body", False)
        headers = {name.decode().lower(): value.decode() for name, value in scope["headers"]}
        try:
            status, answer = _answer(service, scope["method"], scope["path"].removeprefix(f"{PATH}/"), headers, body)
        except Refused as refused:
            status, answer = refused.status, {"reason": str(refused)}
        said = b"" if answer is None else json.dumps(answer, ensure_ascii=False, indent=1).encode()
        kinds = [(b"content-type", b"application/json; charset=utf-8"), (b"content-length", str(len(said)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": kinds})
        await send({"type": "http.response.body", "body": said})

    app.app = serve_or_push


def _answer(service: PushService, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, Any]:
    origin = f"http://{headers.get('host', '')}"
    match method, path.split("/"):
        case "POST", ["subscriptions"]:
            key = json.loads(body or b"{}").get("applicationServerKey")
            return 201, service.subscribe(f"{origin}{PATH}/to", key)
        case "GET", ["subscriptions", name]:
            return 200, service.messages(name)
        case "DELETE", ["subscriptions", name]:
            service.unsubscribe(name)
            return 204, None
        case "POST", ["to", name]:
            service.take(name, origin, headers, body)
            return 201, None
    return 404, {"reason": "there is nothing here"}
