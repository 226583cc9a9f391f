"""A WebSocket opens without a subprotocol whatever `$connect` answers, and `RouteResponse` is an unknown type.

A browser that offers subprotocols closes a socket whose handshake names none of them. API Gateway takes the one
from the header `Sec-WebSocket-Protocol` of the answer to `$connect`. The type is registered: the emulator hands over
what a function answers to a message with it and without it.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

from ministack.services import apigateway
from ministack.services.cloudformation import provisioners

_TYPE = "AWS::ApiGatewayV2::RouteResponse"
_HEADER = "sec-websocket-protocol"

_chosen: ContextVar[str | None] = ContextVar("chosen subprotocol", default=None)


def apply() -> None:
    provisioners._RESOURCE_HANDLERS[_TYPE] = {"create": _create, "delete": _delete}
    invoke, serve = apigateway._invoke_ws_lambda, apigateway.handle_websocket

    async def noting(*args: Any, **named: Any) -> Any:
        answer = await invoke(*args, **named)
        headers = (answer or {}).get("headers") or {}
        _chosen.set(next((value for name, value in headers.items() if name.lower() == _HEADER), None))
        return answer

    async def choosing(scope: Any, receive: Any, send: Any, *args: Any, **named: Any) -> None:
        async def with_protocol(message: dict[str, Any]) -> None:
            if message["type"] == "websocket.accept" and _chosen.get() is not None:
                message = message | {"subprotocol": _chosen.get()}
            await send(message)

        await serve(scope, receive, with_protocol, *args, **named)

    apigateway._invoke_ws_lambda, apigateway.handle_websocket = noting, choosing


def _create(logical_id: str, properties: dict[str, Any], _stack: str) -> tuple[str, dict[str, str]]:
    return f"{properties['RouteId']}/{logical_id}", {}


def _delete(_physical_id: str, _properties: dict[str, Any]) -> None:
    pass
