"""Nobody can be allowed to reach apps by name: SNS's calls of endpoints are asked for on every resource at once.

In the cloud they are allowed on an application, `…:app/APNS/name`, or on its endpoints, `…:endpoint/APNS/name/…`; the template's
roles of `device` and `push` name both. The emulator finds no resource in the request, and its endpoints have ARNs of applications.
"""

from __future__ import annotations

from typing import Any

from ministack.core import iam_actions
from ministack.services import sns


def apply() -> None:
    resource_of = iam_actions.extract_resource_arn

    def app_or_resource_of(service: str, method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any], *rest: Any) -> str:
        named = [iam_actions._query_param(query, name) for name in ("PlatformApplicationArn", "EndpointArn")] if service == "sns" else []
        resource: str = next(filter(None, named), None) or resource_of(service, method, path, headers, body, query, *rest)
        return resource

    iam_actions.extract_resource_arn = app_or_resource_of

    create = sns._create_platform_endpoint

    def create_endpoint(params: dict[str, Any]) -> Any:
        status, headers, body = create(params)
        for arn in [arn for arn in sns._platform_endpoints if ":app/" in arn]:
            endpoint = sns._platform_endpoints.pop(arn)
            endpoint["arn"] = _named(arn)
            sns._platform_endpoints[endpoint["arn"]] = endpoint
        return status, headers, body if status >= 400 else _named(body.decode()).encode()

    sns._create_platform_endpoint = create_endpoint


def _named(text: str) -> str:
    """A text with the ARNs of endpoints as the cloud has them."""
    return text.replace(":app/", ":endpoint/")
