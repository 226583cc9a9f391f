"""Policies cannot ask for a table's partition keys, a signing algorithm or TLS: conditions on them never hold as in the cloud.

The template narrows each function to the partition keys it touches (`dynamodb:LeadingKeys`), signing to one algorithm
(`kms:SigningAlgorithm`), and refuses plain HTTP to the buckets (`aws:SecureTransport`). The emulator knows the value of none of
these; here they are read from the request. On loopback every request counts as secure, for there is no TLS to ask for.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator
from typing import Any

from ministack import app
from ministack.core import iam_actions, iam_evaluator

Context = dict[str, Any]

_log = logging.getLogger("rights")

_PARTITION_KEY = "pk"
_EQUALS = re.compile(r"([#\w]+)\s*=\s*(:\w+)")


def apply() -> None:
    pin = app.pin_request_origin
    app.pin_request_origin = lambda address, _secure: pin(address, True)

    tags = iam_actions.request_tag_context
    iam_actions.request_tag_context = lambda service, action, body, params: (
        tags(service, action, body, params) | (_signing(body) if service == "kms" else {})
    )

    items = iam_actions.dynamodb_service_context
    iam_actions.dynamodb_service_context = lambda body: items(body) | _keys(leading_keys(_decoded(body)))

    transaction = iam_actions.dynamodb_transaction_checks

    def checks_with_keys(action: str, body: bytes, region: str, account: str) -> list[tuple[str, str]]:
        """The emulator's checks of a transaction, in the order of its items, each knowing its item's key."""
        details = [detail for item in _decoded(body).get("TransactItems", []) for detail in item.values()]
        checks = transaction(action, body, region, account)
        return [(what, KeyedArn(arn, detail)) for (what, arn), detail in zip(checks, details, strict=True)]

    iam_actions.dynamodb_transaction_checks = checks_with_keys

    enforce = iam_evaluator.enforce

    def enforce_with_keys(*args: Any, resource_arn: str = "*", service_context: Context | None = None) -> Any:
        keys = _keys(resource_arn.leading) if isinstance(resource_arn, KeyedArn) else {}
        context = (service_context or {}) | keys
        denied = enforce(*args, resource_arn=resource_arn, service_context=context)
        if denied is not None:
            # The answer names neither the resource nor the keys, and the right is missing in the template.
            _log.warning("denied: %s on %s with %s", args[1:2], resource_arn, context)
        return denied

    iam_evaluator.enforce = enforce_with_keys


class KeyedArn(str):
    """A table's ARN that remembers which partition key the check is about."""

    __slots__ = ("leading",)
    leading: list[str]

    def __new__(cls, arn: str, detail: dict[str, Any]) -> KeyedArn:
        keyed = super().__new__(cls, arn)
        keyed.leading = list(leading_keys(detail))
        return keyed


def leading_keys(request: dict[str, Any]) -> Iterator[str]:
    """The partition keys that a request, or one item of a transaction, is about."""
    yield from _of(request.get("Key") or request.get("Item"))
    for wanted in request.get("RequestItems", {}).values():
        if isinstance(wanted, dict):
            for key in wanted.get("Keys", []):
                yield from _of(key)
        else:
            for write in wanted:
                for detail in write.values():
                    yield from _of(detail.get("Key") or detail.get("Item"))
    names, values = request.get("ExpressionAttributeNames", {}), request.get("ExpressionAttributeValues", {})
    for name, value in _EQUALS.findall(request.get("KeyConditionExpression", "")):
        yield from _of({names.get(name, name): values.get(value, {})})


def _of(item: dict[str, Any] | None) -> Iterator[str]:
    key = (item or {}).get(_PARTITION_KEY, {}).get("S")
    if key is not None:
        yield key


def _keys(found: Iterator[str] | list[str]) -> Context:
    keys = list(found)
    return {"dynamodb:LeadingKeys": keys} if keys else {}


def _signing(body: bytes) -> Context:
    algorithm = _decoded(body).get("SigningAlgorithm")
    return {"kms:SigningAlgorithm": algorithm} if algorithm else {}


def _decoded(body: bytes) -> dict[str, Any]:
    try:
        decoded = json.loads(body or b"{}")
    except ValueError:
        return {}
    return decoded if isinstance(decoded, dict) else {}
