"""Sockets through the edge, with a server of the test's own behind it."""

from __future__ import annotations

import socket
import socketserver
import threading
from collections.abc import Iterator
from typing import Any

import edge
import pytest
import sockets
from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, CloseConnection, RejectConnection, Request, TextMessage


class Server(socketserver.ThreadingTCPServer):
    """Opens sockets and says back what is said. It ends one that says `bye`."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Served)
        self.asked: list[dict[str, Any]] = []
        self.ended = threading.Event()


class _Served(socketserver.BaseRequestHandler):
    server: Server

    def handle(self) -> None:
        connection = WSConnection(ConnectionType.SERVER)
        while received := self._receive():
            # wsproto forgets what a server gets in one piece with the handshake.
            head, end, rest = received.partition(b"\r\n\r\n") if connection.connection is None else (received, b"", b"")
            for part in filter(None, (head + end, rest)):
                connection.receive_data(part)
                for event in connection.events():
                    answer = self._answer(event)
                    if answer is not None:
                        self.request.sendall(connection.send(answer))
                    if isinstance(answer, (CloseConnection, RejectConnection)):
                        return
        self.server.ended.set()

    def _receive(self) -> bytes:
        try:
            received: bytes = self.request.recv(65536)
        except ConnectionError:
            return b""
        return received

    def _answer(self, event: object) -> Any:
        if isinstance(event, Request):
            headers = {name.decode(): value.decode() for name, value in event.extra_headers}
            self.server.asked.append({"target": event.target, "host": event.host, "headers": headers, "protocols": event.subprotocols})
            if "refuse" in event.target:
                return RejectConnection(status_code=403)
            return AcceptConnection(subprotocol=next(iter(event.subprotocols), None))
        if isinstance(event, TextMessage):
            return CloseConnection(code=1000) if event.data == "bye" else TextMessage(data=event.data)
        return None


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as serving:
        thread = threading.Thread(target=serving.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield serving
        serving.shutdown()
        thread.join()


@pytest.fixture
def url(server: Server) -> Iterator[str]:
    with edge.running(edge.edge(api=server.server_address[1])) as port:
        yield f"ws://127.0.0.1:{port}/live"


def test_a_handshake_reaches_the_api_whole_and_messages_pass_both_ways(server: Server, url: str) -> None:
    headers = {"Origin": "http://127.0.0.1:1", "Cookie": "access=a.b"}
    with sockets.client(f"{url}?access_token=t", "lambdagram.v1", "bearer.t", **headers) as client:
        assert isinstance(client.opened, AcceptConnection) and client.opened.subprotocol == "lambdagram.v1"
        for text in ("one", "x" * 200_000):
            client.say(text)
            heard = ""
            while len(heard) < len(text):
                heard += client.hear()
            assert heard == text
    (asked,) = server.asked
    # The name of the stage is the path.
    assert (asked["target"], asked["protocols"]) == ("/base/def/live?access_token=t", ["lambdagram.v1", "bearer.t"])
    assert {name: asked["headers"][name.lower()] for name in headers} == headers


def test_a_socket_ends_when_either_side_ends_it(server: Server, url: str) -> None:
    with sockets.client(url) as client:
        client.say("bye")
        assert sockets.has_ended(client.next())
        assert sockets.has_ended(client.next())
    with sockets.client(url) as client:
        assert sockets.is_open(client)
    assert server.ended.wait(10)


def test_a_refused_handshake_keeps_its_status(url: str) -> None:
    with sockets.client(f"{url}?refuse") as client:
        assert sockets.status(client) == 403


def test_what_is_sent_with_the_handshake_is_not_lost(url: str) -> None:
    with socket.create_connection(("127.0.0.1", int(url.split(":")[2].split("/")[0])), timeout=10) as raw:
        connection = WSConnection(ConnectionType.CLIENT)
        handshake = connection.send(Request(host="127.0.0.1", target="/live"))
        # A masked text frame.
        frame = bytes([0x81, 0x82, 0, 0, 0, 0]) + b"hi"
        raw.sendall(handshake + frame)
        while b"hi" not in connection_data(raw, connection):
            pass


def connection_data(raw: socket.socket, connection: WSConnection) -> bytes:
    """The text that came."""
    received = raw.recv(65536)
    assert received, "the socket ended"
    connection.receive_data(received)
    return b"".join(event.data.encode() for event in connection.events() if isinstance(event, TextMessage))


def test_an_api_that_is_not_there_is_a_bad_gateway() -> None:
    with edge.running(edge.edge()) as port, sockets.client(f"ws://127.0.0.1:{port}/live") as client:
        assert sockets.status(client) == 502


def test_a_bucket_opens_no_socket(url: str) -> None:
    with sockets.client(url.replace("/live", "/index.html")) as client:
        assert sockets.status(client) == 502


def test_no_other_path_leads_to_the_sockets(server: Server, url: str) -> None:
    for path in ("/live/", "/live/x", "/alive"):
        with sockets.client(url.replace("/live", path)) as client:
            assert not sockets.is_open(client), path
    assert server.asked == []
