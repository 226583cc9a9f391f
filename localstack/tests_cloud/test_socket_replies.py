"""A socket has the subprotocol that `$connect` answers, and the answers of its function."""

from __future__ import annotations

import sockets
from wsproto.events import AcceptConnection

from conftest import Cloud


def url(cloud: Cloud) -> str:
    return f"ws://{cloud.settings.apis_url.partition('://')[2]}/{cloud.outputs['SocketApi']}/live"


def test_a_socket_has_the_subprotocol_that_the_function_chose(cloud: Cloud) -> None:
    with sockets.client(url(cloud), "other", "chosen") as client:
        assert isinstance(client.opened, AcceptConnection), client.opened
        assert client.opened.subprotocol == "chosen"
        client.say('{"ping": 1}')
        assert client.hear() == '{"ping": 1}'


def test_a_socket_without_subprotocols_has_none(cloud: Cloud) -> None:
    with sockets.client(url(cloud)) as client:
        assert isinstance(client.opened, AcceptConnection), client.opened
        assert client.opened.subprotocol is None
