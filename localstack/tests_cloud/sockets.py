"""A client of WebSockets."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from urllib.parse import urlsplit

from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, CloseConnection, Event, RejectConnection, Request, TextMessage


class Client:
    """One connection."""

    def __init__(self, url: str, protocols: Sequence[str], headers: Sequence[tuple[str, str]]) -> None:
        there = urlsplit(url)
        target = there.path + (f"?{there.query}" if there.query else "")
        self._connection = WSConnection(ConnectionType.CLIENT)
        self.raw = socket.create_connection((there.hostname or "", there.port or 80), timeout=10)
        extra = [(name.encode(), value.encode()) for name, value in headers]
        self._send(Request(host=there.netloc, target=target, subprotocols=list(protocols), extra_headers=extra))
        self.opened = self.next()

    def say(self, text: str) -> None:
        self._send(TextMessage(data=text))

    def hear(self) -> str:
        """The next message."""
        said = self.next()
        assert isinstance(said, TextMessage), said
        return said.data

    def next(self) -> Event | None:
        """What comes next; nothing once the other side has ended the connection."""
        while True:
            for event in self._connection.events():
                return event
            received = self.raw.recv(65536)
            if not received:
                return None
            self._connection.receive_data(received)

    def _send(self, event: Event) -> None:
        self.raw.sendall(self._connection.send(event))


@contextmanager
def client(url: str, *protocols: str, **headers: str) -> Iterator[Client]:
    """A client that opens a socket, and ends it with the block."""
    connected = Client(url, protocols, [(name.replace("_", "-"), value) for name, value in headers.items()])
    try:
        yield connected
    finally:
        connected.raw.close()


def is_open(connected: Client) -> bool:
    return isinstance(connected.opened, AcceptConnection)


def status(connected: Client) -> int:
    """What a handshake was refused with."""
    assert isinstance(connected.opened, RejectConnection), connected.opened
    return connected.opened.status_code


def has_ended(event: Event | None) -> bool:
    return event is None or isinstance(event, CloseConnection)
