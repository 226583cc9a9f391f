"""What `template.yaml` says of the distribution, with every reference resolved: behaviours, origins, functions, policies.

The CDN serves by this and by nothing else, so it cannot differ from what is deployed. A property that changes how a request is
answered and that the CDN does not know is refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

Json = dict[str, Any]

# AWS's own policy CachingDisabled.
_CACHING_DISABLED = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"

_ATTRIBUTES = {
    "RegionalDomainName": "{id}.s3.{region}.amazonaws.com",
    "Arn": "arn:aws:s3:::{id}",
}

_PSEUDO = {"AWS::Partition": "aws", "AWS::URLSuffix": "amazonaws.com", "AWS::AccountId": "000000000000"}

_BEHAVIOUR = {
    "PathPattern",
    "TargetOriginId",
    "ViewerProtocolPolicy",
    "AllowedMethods",
    "Compress",
    "CachePolicyId",
    "OriginRequestPolicyId",
    "ResponseHeadersPolicyId",
    "FunctionAssociations",
}


class Unsupported(Exception):
    """The template has something here that the CDN does not do."""


class Resolver:
    """Resolves the functions of CloudFormation: parameters by the values of the stack, resources by their physical ids."""

    def __init__(self, template: Json, values: Mapping[str, str], region: str) -> None:
        self._parameters: Json = template.get("Parameters", {})
        self._conditions: Json = template.get("Conditions", {})
        self._values = {**_PSEUDO, "AWS::Region": region, **values}
        self._region = region

    def value(self, node: Any) -> Any:
        """The value of a property."""
        if isinstance(node, list):
            return [self.value(item) for item in node]
        if not isinstance(node, dict):
            return node
        if len(node) == 1:
            ((name, argument),) = node.items()
            if name == "Ref":
                return self._ref(argument)
            if name == "Condition" and isinstance(argument, str):
                return self._holds(argument)
            if name.startswith("Fn::"):
                return self._function(name.removeprefix("Fn::"), argument)
        return {name: self.value(item) for name, item in node.items()}

    def _function(self, name: str, argument: Any) -> Any:
        match name:
            case "Sub":
                text, variables = (argument, {}) if isinstance(argument, str) else argument
                known = {key: self.value(value) for key, value in variables.items()}
                return re.sub(r"\$\{([\w:.]+)\}", lambda found: self._named(found[1], known), text)
            case "GetAtt":
                return self._attribute(*(argument if isinstance(argument, list) else argument.split(".", 1)))
            case "If":
                condition, then, otherwise = argument
                return self.value(then if self._holds(condition) else otherwise)
            case "Join":
                separator, items = argument
                return separator.join(self.value(items))
            case "Equals":
                left, right = (self.value(side) for side in argument)
                return left == right
            case "Not":
                return not self.value(argument[0])
        raise Unsupported(f"Fn::{name}")

    def _named(self, name: str, known: Mapping[str, Any]) -> str:
        if name in known:
            return str(known[name])
        return str(self._attribute(*name.split(".", 1)) if "." in name else self._ref(name))

    def _ref(self, name: str) -> Any:
        declared = self._parameters.get(name)
        value = self._values.get(name, declared.get("Default") if declared else None)
        if value is None:
            raise Unsupported(f"{name} is not known")
        if declared and declared["Type"] == "CommaDelimitedList":
            return str(value).split(",")
        return str(value)

    def _attribute(self, resource: str, attribute: str) -> str:
        if attribute not in _ATTRIBUTES:
            raise Unsupported(f"attribute {attribute} of {resource}")
        return _ATTRIBUTES[attribute].format(id=self._ref(resource), region=self._region)

    def _holds(self, condition: str) -> bool:
        return bool(self.value(self._conditions[condition]))


def resolved(template: Json, values: Mapping[str, str], region: str) -> Json:
    """The distribution of a template: `origins` by id, and `behaviours` in the order in which paths are tried, the default last."""
    edge = _Edge(template, Resolver(template, values, region))
    config = edge.properties("Distribution")["DistributionConfig"]
    _only(config["DefaultCacheBehavior"], _BEHAVIOUR - {"PathPattern"}, "the default behaviour")
    listed = [*config.get("CacheBehaviors", []), {"PathPattern": "*", **config["DefaultCacheBehavior"]}]
    errors = config.get("CustomErrorResponses", [])
    if any("ResponsePagePath" in error or error["ErrorCachingMinTTL"] for error in errors):
        raise Unsupported("an error that is kept, or turned into a page")
    return {
        "origins": {origin["Id"]: edge.origin(origin) for origin in config["Origins"]},
        "behaviours": [edge.behaviour(behaviour) for behaviour in listed],
    }


def matches(pattern: str, path: str) -> bool:
    """Whether a path pattern of a behaviour covers a path."""
    return fnmatchcase(path, pattern.replace("[", "[[]"))


class _Edge:
    def __init__(self, template: Json, resolver: Resolver) -> None:
        self._resources: Json = template["Resources"]
        self._resolver = resolver

    def properties(self, resource: str) -> Json:
        found: Json = self._resources[resource]["Properties"]
        return found

    def origin(self, origin: Json) -> Json:
        if "S3OriginConfig" in origin:
            bucket = _target(origin["DomainName"])
            return {"bucket": self._resolver.value({"Ref": bucket}), "readable": self._readable(bucket)}
        return {"domain": self._resolver.value(origin["DomainName"]), "headers": self._custom_headers(origin)}

    def behaviour(self, behaviour: Json) -> Json:
        _only(behaviour, _BEHAVIOUR, f"the behaviour of {behaviour['PathPattern']}")
        if behaviour.get("Compress"):
            raise Unsupported("compression by the distribution")
        return {
            "pattern": behaviour["PathPattern"],
            "origin": behaviour["TargetOriginId"],
            "methods": behaviour["AllowedMethods"],
            "function": self._function(behaviour),
            "life": self._life(behaviour["CachePolicyId"]),
            "forwarded": self._forwarded(behaviour),
            "headers": self._headers(behaviour.get("ResponseHeadersPolicyId")),
        }

    def _custom_headers(self, origin: Json) -> dict[str, str]:
        headers = origin.get("OriginCustomHeaders", [])
        return {header["HeaderName"].lower(): self._resolver.value(header["HeaderValue"]) for header in headers}

    def _readable(self, bucket: str) -> list[str]:
        """Patterns of the keys that the bucket's policy lets the distribution read."""
        arn = self._resolver.value({"Fn::GetAtt": f"{bucket}.Arn"})
        patterns = []
        for resource in self._resources.values():
            if resource["Type"] != "AWS::S3::BucketPolicy" or _target(resource["Properties"]["Bucket"]) != bucket:
                continue
            for statement in resource["Properties"]["PolicyDocument"]["Statement"]:
                principal = statement.get("Principal")
                if statement["Effect"] == "Allow" and statement["Action"] == "s3:GetObject" and isinstance(principal, dict):
                    allowed = self._resolver.value(statement["Resource"])
                    patterns += [each.removeprefix(f"{arn}/") for each in (allowed if isinstance(allowed, list) else [allowed])]
        return patterns

    def _function(self, behaviour: Json) -> str:
        associations = behaviour.get("FunctionAssociations", [])
        if [each["EventType"] for each in associations] != ["viewer-request"]:
            raise Unsupported("functions other than one for viewer requests")
        source: str = self._resolver.value(self.properties(_target(associations[0]["FunctionARN"]))["FunctionCode"])
        return source

    def _life(self, policy: Any) -> list[int] | None:
        """Seconds that an answer is kept: at least, without a `Cache-Control`, at most. Nothing where none is."""
        if policy == _CACHING_DISABLED:
            return None
        config = self.properties(_target(policy))["CachePolicyConfig"]
        key = config["ParametersInCacheKeyAndForwardedToOrigin"]
        for part in ("Cookie", "Header", "QueryString"):
            if key[f"{part}sConfig"][f"{part}Behavior"] != "none":
                raise Unsupported(f"{part}s in a cache key")
        return [int(self._resolver.value(config[name])) for name in ("MinTTL", "DefaultTTL", "MaxTTL")]

    def _forwarded(self, behaviour: Json) -> Json | None:
        """The headers of a request that the origin gets: all of the viewer's but some, and some of CloudFront's."""
        if "OriginRequestPolicyId" not in behaviour:
            return None
        config = self.properties(_target(behaviour["OriginRequestPolicyId"]))["OriginRequestPolicyConfig"]
        if config["CookiesConfig"] != {"CookieBehavior": "all"} or config["QueryStringsConfig"] != {"QueryStringBehavior": "all"}:
            raise Unsupported("an origin request policy that forwards some cookies or query strings")
        headers = [name.lower() for name in config["HeadersConfig"].get("Headers", [])]
        match config["HeadersConfig"]["HeaderBehavior"]:
            case "allExcept":
                return {"except": headers, "cloudfront": []}
            case "allViewerAndWhitelistCloudFront":
                return {"except": [], "cloudfront": headers}
        raise Unsupported("an origin request policy that names the viewer's headers")

    def _headers(self, policy: Any) -> list[list[Any]]:
        """Name, value, and whether it replaces the origin's, of each header that the policy adds."""
        if policy is None:
            return []
        config = self._resolver.value(self.properties(_target(policy))["ResponseHeadersPolicyConfig"])
        _only(config, {"Name", "SecurityHeadersConfig", "CustomHeadersConfig"}, "a response headers policy")
        security = config.get("SecurityHeadersConfig", {})
        _only(security, set(_SECURITY), "SecurityHeadersConfig")
        added = [[*_SECURITY[name](said), bool(said["Override"])] for name, said in security.items()]
        custom = config.get("CustomHeadersConfig", {}).get("Items", [])
        return added + [[item["Header"].lower(), item["Value"], bool(item["Override"])] for item in custom]


def _transport(said: Json) -> tuple[str, str]:
    subdomains = "; includeSubDomains" if said.get("IncludeSubdomains") else ""
    return "strict-transport-security", f"max-age={said['AccessControlMaxAgeSec']}{subdomains}"


_SECURITY: dict[str, Any] = {
    "StrictTransportSecurity": _transport,
    "ContentTypeOptions": lambda _: ("x-content-type-options", "nosniff"),
    "ContentSecurityPolicy": lambda said: ("content-security-policy", said["ContentSecurityPolicy"]),
    "FrameOptions": lambda said: ("x-frame-options", said["FrameOption"]),
    "ReferrerPolicy": lambda said: ("referrer-policy", said["ReferrerPolicy"]),
}


def _target(node: Any) -> str:
    """The resource that a reference or an attribute is of."""
    if isinstance(node, dict) and "Ref" in node:
        return str(node["Ref"])
    if isinstance(node, dict) and "Fn::GetAtt" in node:
        attribute = node["Fn::GetAtt"]
        return str(attribute[0] if isinstance(attribute, list) else attribute.split(".")[0])
    raise Unsupported(f"a reference like {node}")


def _only(said: Json, known: set[str], what: str) -> None:
    beyond = said.keys() - known
    if beyond:
        raise Unsupported(f"{', '.join(sorted(beyond))} of {what}")
