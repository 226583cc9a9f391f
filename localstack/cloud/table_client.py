"""A DynamoDB client of a hundred lines for the emulator's own use: one kept connection a thread, no retries."""

from __future__ import annotations

import http.client
import json
import threading
from typing import Any
from urllib.parse import urlsplit

# The engine checks that a request is signed, not by whom.
_HEADERS = {
    "Content-Type": "application/x-amz-json-1.0",
    "X-Amz-Date": "20260101T000000Z",
    "Authorization": "AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host;x-amz-date, Signature=0000",
}


class TableError(Exception):
    """The engine refused: `kind` is the bare name of the exception."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(f"{kind}: {message}")
        self.kind = kind


class TableClient:
    """Speaks to the table engine at one address; may be shared between threads."""

    def __init__(self, url: str) -> None:
        self._address = urlsplit(url).netloc
        self._local = threading.local()

    def call(self, operation: str, request: dict[str, Any], service: str = "DynamoDB_20120810") -> dict[str, Any]:
        """One operation, its answer decoded; a refusal is a `TableError`."""
        status, body = self.raw(f"{service}.{operation}", json.dumps(request).encode())
        answer = json.loads(body) if body else {}
        if status != http.client.OK:
            kind = str(answer.get("__type", status)).rpartition("#")[2]
            raise TableError(kind, str(answer.get("message") or answer.get("Message") or ""))
        return answer

    def stream(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        """One operation of the table's stream."""
        return self.call(operation, request, "DynamoDBStreams_20120810")

    def raw(self, target: str, body: bytes) -> tuple[int, bytes]:
        """Status and body as the engine sent them; a connection the engine closed meanwhile is opened anew."""
        headers = _HEADERS | {"X-Amz-Target": target}
        for last in (False, True):
            connection = self._connection()
            try:
                connection.request("POST", "/", body, headers)
                response = connection.getresponse()
                return response.status, response.read()
            except (http.client.HTTPException, OSError):
                connection.close()
                self._local.connection = None
                if last:
                    raise
        raise AssertionError("unreachable")

    def _connection(self) -> http.client.HTTPConnection:
        connection: http.client.HTTPConnection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = http.client.HTTPConnection(self._address, timeout=30)
            self._local.connection = connection
        return connection
