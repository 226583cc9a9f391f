"""A push service that stands in for those of browsers, and the browsers that subscribe at it.

It takes what RFC 8030 has sent to it as strictly as they do: a token by which it knows the sender (RFC 8292), one encrypted
record of 4,096 bytes at most (RFC 8188). It reads messages as the browser does (RFC 8291), with a library that shares no line
with the sender, and keeps what they say.
"""

from __future__ import annotations

import base64
import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import http_ece
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

# Bytes of a message, and seconds for which a token may be valid (RFC 8030, 7.2; RFC 8292, 2).
_LONGEST = 4_096
_VALID = 24 * 60 * 60


class Refused(Exception):
    """A message that a push service does not take, with the status that says why."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


@dataclass
class _Subscription:
    """A browser's, and what was pushed to it."""

    key: ec.EllipticCurvePrivateKey
    auth: bytes
    application_key: str | None
    messages: list[dict[str, Any]] = field(default_factory=list)


class PushService:
    """The subscriptions at one origin, in memory."""

    def __init__(self) -> None:
        self._subscriptions: dict[str, _Subscription] = {}

    def subscribe(self, endpoints: str, application_key: str | None = None) -> dict[str, Any]:
        """A new browser's subscription as JavaScript has it; endpoints begin with `endpoints`."""
        name = secrets.token_urlsafe(24)
        subscription = _Subscription(ec.generate_private_key(ec.SECP256R1()), secrets.token_bytes(16), application_key)
        self._subscriptions[name] = subscription
        point = subscription.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        keys = {"p256dh": _text(point), "auth": _text(subscription.auth)}
        return {"endpoint": f"{endpoints}/{name}", "expirationTime": None, "keys": keys}

    def unsubscribe(self, name: str) -> None:
        self._subscriptions.pop(name, None)

    def messages(self, name: str) -> list[dict[str, Any]]:
        """What was pushed to a browser, oldest first: each message's text, topic, urgency and TTL."""
        return self._known(name).messages

    def take(self, name: str, origin: str, headers: Mapping[str, str], body: bytes) -> None:
        """Takes a message to a browser; the names of headers are in lower case."""
        subscription = self._known(name)
        _check_token(headers.get("authorization", ""), origin, subscription.application_key)
        if not headers.get("ttl", "").isdigit():
            raise Refused(400, "there is no TTL")
        topic = headers.get("topic", "")
        if len(topic) > 32 or not all(letter.isascii() and (letter.isalnum() or letter in "-_") for letter in topic):
            raise Refused(400, "the topic is no base64url of 32 characters at most")
        if headers.get("urgency", "normal") not in ("very-low", "low", "normal", "high"):
            raise Refused(400, "there is no such urgency")
        if headers.get("content-encoding") != "aes128gcm":
            raise Refused(415, "the content encoding is not aes128gcm")
        if len(body) > _LONGEST:
            raise Refused(413, f"the message has more than {_LONGEST} bytes")
        try:
            text = http_ece.decrypt(body, private_key=subscription.key, auth_secret=subscription.auth, version="aes128gcm")
        except Exception as error:
            raise Refused(400, f"the browser cannot read it: {error!r}") from None
        # A newer message takes the place of one with its topic at the service; a browser that listens has got both.
        said = {"text": text.decode(), "topic": topic, "urgency": headers.get("urgency", "normal"), "ttl": int(headers["ttl"])}
        subscription.messages.append({**said, "length": len(body), "at": time.time()})

    def _known(self, name: str) -> _Subscription:
        known = self._subscriptions.get(name)
        if known is None:
            raise Refused(410, "there is no such subscription any more")
        return known


def _check_token(authorization: str, origin: str, application_key: str | None) -> None:
    scheme, _, rest = authorization.partition(" ")
    given = dict(part.strip().partition("=")[::2] for part in rest.split(","))
    if scheme.lower() != "vapid" or "t" not in given or "k" not in given:
        raise Refused(401, "there is no token of VAPID")
    if application_key is not None and given["k"] != application_key.rstrip("="):
        raise Refused(403, "the browser subscribed with another key")
    try:
        signed, _, signature = given["t"].rpartition(".")
        header, claims = (json.loads(_bytes(part)) for part in signed.split("."))
        raw = _bytes(signature)
        der = utils.encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
        key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), _bytes(given["k"]))
        key.verify(der, signed.encode(), ec.ECDSA(hashes.SHA256()))
    except (ValueError, InvalidSignature) as error:
        raise Refused(403, f"the token is not signed by its key: {error!r}") from None
    now = time.time()
    if header.get("alg") != "ES256" or claims.get("aud") != origin or not now < claims.get("exp", 0) <= now + _VALID:
        raise Refused(403, f"the token is for others, or for another time: {claims}")
    if not str(claims.get("sub", "")).startswith(("https://", "http://", "mailto:")):
        raise Refused(403, "the token names nobody to ask")


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
