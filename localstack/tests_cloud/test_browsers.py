"""The push service that stands in: it takes what browsers can read and is signed, and refuses the rest."""

from __future__ import annotations

import base64
import json
import os
import time
import urllib.error
import urllib.request
from typing import Any

import http_ece
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from cloud.push_service import PushService, Refused
from conftest import Cloud

ORIGIN = "http://127.0.0.1:4566"


def text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Sender:
    """Somebody who pushes."""

    def __init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())

    @property
    def public(self) -> str:
        return text(self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))

    def token(self, origin: str = ORIGIN, **claims: Any) -> str:
        said = {"aud": origin, "exp": int(time.time()) + 3600, "sub": "https://network.test", **claims}
        signed = f"{text(json.dumps({'typ': 'JWT', 'alg': 'ES256'}).encode())}.{text(json.dumps(said).encode())}"
        r, s = utils.decode_dss_signature(self.key.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
        return f"vapid t={signed}.{text(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}, k={self.public}"

    def headers(self, **changed: str) -> dict[str, str]:
        said = {"authorization": self.token(), "ttl": "60", "topic": "row", "urgency": "high", "content-encoding": "aes128gcm"}
        return said | {name.replace("_", "-"): value for name, value in changed.items()}


def encrypted(subscription: dict[str, Any], said: bytes) -> bytes:
    keys = {name: base64.urlsafe_b64decode(key + "==") for name, key in subscription["keys"].items()}
    private = ec.generate_private_key(ec.SECP256R1())
    return bytes(http_ece.encrypt(said, private_key=private, dh=keys["p256dh"], auth_secret=keys["auth"], version="aes128gcm", salt=os.urandom(16)))


@pytest.fixture
def sender() -> Sender:
    return Sender()


def test_what_is_signed_and_encrypted_is_taken_and_read(sender: Sender) -> None:
    service = PushService()
    subscription = service.subscribe(f"{ORIGIN}/to", sender.public)
    name = subscription["endpoint"].rpartition("/")[2]
    for said in ("one", "zwei für Zoë"):
        service.take(name, ORIGIN, sender.headers(), encrypted(subscription, said.encode()))
    messages = service.messages(name)
    assert [message["text"] for message in messages] == ["one", "zwei für Zoë"]
    assert (messages[0]["topic"], messages[0]["urgency"], messages[0]["ttl"]) == ("row", "high", 60)
    service.unsubscribe(name)
    with pytest.raises(Refused) as refused:
        service.take(name, ORIGIN, sender.headers(), b"")
    assert refused.value.status == 410


def test_what_a_push_service_does_not_take_is_refused(sender: Sender) -> None:
    service = PushService()
    subscription = service.subscribe(f"{ORIGIN}/to", sender.public)
    name = subscription["endpoint"].rpartition("/")[2]
    body = encrypted(subscription, b"text")
    other, elsewhere = Sender(), service.subscribe(f"{ORIGIN}/to")
    forged = other.token().rpartition(", k=")[0] + f", k={sender.public}"
    for status, headers, content in [
        (401, sender.headers(authorization=""), body),
        (401, sender.headers(authorization="Bearer t"), body),
        (403, sender.headers(authorization=other.token()), body),
        (403, sender.headers(authorization=forged), body),
        (403, sender.headers(authorization=sender.token("https://push.test")), body),
        (403, sender.headers(authorization=sender.token(exp=int(time.time()) - 1)), body),
        (403, sender.headers(authorization=sender.token(exp=int(time.time()) + 25 * 3600)), body),
        (403, sender.headers(authorization=sender.token(sub="")), body),
        (400, sender.headers(ttl=""), body),
        (400, sender.headers(topic="x" * 33), body),
        (400, sender.headers(topic="a b"), body),
        (400, sender.headers(urgency="now"), body),
        (415, sender.headers(content_encoding="aesgcm"), body),
        (413, sender.headers(), b"x" * 4097),
        (400, sender.headers(), body[:-1]),
        (400, sender.headers(), encrypted(elsewhere, b"text")),
    ]:
        with pytest.raises(Refused) as refused:
            service.take(name, ORIGIN, headers, content)
        assert refused.value.status == status, headers
    assert service.messages(name) == []


def test_the_emulator_serves_it(cloud: Cloud, sender: Sender) -> None:
    origin = cloud.settings.cloud_url

    def ask(method: str, url: str, body: bytes | None = None, **headers: str) -> Any:
        request = urllib.request.Request(url, body, headers, method=method)
        with urllib.request.urlopen(request) as answer:
            return json.loads(answer.read() or b"null")

    key = json.dumps({"applicationServerKey": sender.public}).encode()
    subscription = ask("POST", f"{origin}/_lambdagram/push/subscriptions", key)
    listed = subscription["endpoint"].replace("/to/", "/subscriptions/")
    headers = sender.headers(authorization=sender.token(origin))
    ask("POST", subscription["endpoint"], encrypted(subscription, b"text"), **headers)
    assert [message["text"] for message in ask("GET", listed)] == ["text"]
    ask("DELETE", listed)
    with pytest.raises(urllib.error.HTTPError) as gone:
        ask("POST", subscription["endpoint"], b"", **headers)
    assert gone.value.code == 410
