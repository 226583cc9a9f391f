"""A SAM HttpApi has no routes: every path answers 404.

SAM writes an HTTP API's routes into an OpenAPI document, the API's `Body`, which the emulator's CloudFormation
drops. The document is expanded into the Integration and Route resources it stands for, and its CORS extension
into the API's property, before the stack is planned.
"""

from __future__ import annotations

from typing import Any

Resources = dict[str, dict[str, Any]]


def apply() -> None:
    from samtranslator.translator import transform

    translate = transform.transform

    def translate_and_expand(*args: Any, **options: Any) -> dict[str, Any]:
        template = translate(*args, **options)
        template["Resources"] = expand(template["Resources"])
        return template

    transform.transform = translate_and_expand


def expand(resources: Resources) -> Resources:
    """The resources with each API's OpenAPI body replaced by what it describes."""
    expanded: Resources = {}
    for logical_id, resource in resources.items():
        expanded[logical_id] = resource
        properties = resource.get("Properties", {})
        if resource["Type"] == "AWS::ApiGatewayV2::Api" and "Body" in properties:
            expanded |= _from_body(logical_id, properties)
    return expanded


def _listed(value: Any) -> Any:
    """A parameter that is a comma-delimited list arrives as text; AWS hands over a list."""
    return value.split(",") if isinstance(value, str) else value


def _from_body(api: str, properties: dict[str, Any]) -> Resources:
    body = properties.pop("Body")
    properties.setdefault("ProtocolType", "HTTP")
    properties.setdefault("Name", body.get("info", {}).get("title", api))
    cors = body.get("x-amazon-apigateway-cors")
    if cors:
        # In the spelling of the API and not of CloudFormation: the emulator keeps what it is given.
        properties["CorsConfiguration"] = {name: _listed(value) for name, value in cors.items()}
    found: Resources = {}
    for path, methods in body.get("paths", {}).items():
        for method, operation in methods.items():
            integration = operation.get("x-amazon-apigateway-integration")
            if integration:
                name = f"{api}Route{len(found) // 2 + 1}"
                found[f"{name}Integration"] = _integration(api, integration)
                found[name] = _route(api, f"{name}Integration", path, method)
    return found


def _integration(api: str, described: dict[str, Any]) -> dict[str, Any]:
    return {
        "Type": "AWS::ApiGatewayV2::Integration",
        "Properties": {
            "ApiId": {"Ref": api},
            "IntegrationType": described.get("type", "aws_proxy").upper(),
            "IntegrationMethod": "POST",
            "IntegrationUri": described["uri"],
            "PayloadFormatVersion": str(described.get("payloadFormatVersion", "2.0")),
        },
    }


def _route(api: str, integration: str, path: str, method: str) -> dict[str, Any]:
    verb = "ANY" if method == "x-amazon-apigateway-any-method" else method.upper()
    return {
        "Type": "AWS::ApiGatewayV2::Route",
        "Properties": {
            "ApiId": {"Ref": api},
            "RouteKey": path if path == "$default" else f"{verb} {path}",
            "Target": {"Fn::Sub": f"integrations/${{{integration}}}"},
        },
    }
