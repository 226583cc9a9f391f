"""What the CDN takes from `template.yaml`, and that it refuses what it does not do."""

from collections.abc import Callable
from typing import Any

import edge
import pytest

from cloud.cdn_template import Resolver, Unsupported, matches

Template = dict[str, Any]


def config(template: Template) -> Template:
    found: Template = template["Resources"]["Distribution"]["Properties"]["DistributionConfig"]
    return found


def test_paths_are_tried_in_the_templates_order_and_the_default_is_last() -> None:
    found = edge.distribution()
    assert [behaviour["pattern"] for behaviour in found["behaviours"]] == ["/photos/*", "/api/*", "/live", "/_app/immutable/*", "*"]
    assert [behaviour["origin"] for behaviour in found["behaviours"]] == ["photos", "api", "live", "web", "web"]
    renditions = ["photos/large/*", "photos/medium/*", "photos/small/*", "photos/profile/*"]
    assert found["origins"]["photos"] == {"bucket": "renditions", "readable": renditions}
    assert found["origins"]["web"] == {"bucket": "client", "readable": ["*"]}
    assert (found["origins"]["api"]["domain"], found["origins"]["live"]["domain"]) == (edge.DOMAIN, edge.LIVE_DOMAIN)


def test_lives_are_those_of_the_cache_policies() -> None:
    lives = {behaviour["pattern"]: behaviour["life"] for behaviour in edge.distribution()["behaviours"]}
    assert (lives.pop("/api/*"), lives.pop("/live")) == (None, None)
    assert lives == {"/photos/*": [1, edge.LIFE, edge.LIFE], "/_app/immutable/*": [0, 0, 31536000], "*": [0, 0, 31536000]}


def test_no_error_is_kept_whatever_its_code() -> None:
    errors = config(edge.template())["CustomErrorResponses"]
    kept = {error["ErrorCode"]: error["ErrorCachingMinTTL"] for error in errors}
    # All that the service lets one say it of.
    assert kept == dict.fromkeys([400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504], 0)


def test_a_pattern_covers_paths_below_it_and_not_beside_it() -> None:
    assert matches("/api/*", "/api/") and matches("/api/*", "/api/v1/feed") and matches("*", "/")
    assert not matches("/api/*", "/api") and not matches("/api/*", "/API/v1") and not matches("/a[b]/*", "/ab/")


def compress(template: Template) -> None:
    config(template)["DefaultCacheBehavior"]["Compress"] = True


def edge_lambda(template: Template) -> None:
    config(template)["DefaultCacheBehavior"]["LambdaFunctionAssociations"] = []


def viewer_response(template: Template) -> None:
    config(template)["CacheBehaviors"][0]["FunctionAssociations"][0]["EventType"] = "viewer-response"


def error_page(template: Template) -> None:
    config(template)["CustomErrorResponses"][0]["ResponsePagePath"] = "/index.html"


def kept_error(template: Template) -> None:
    config(template)["CustomErrorResponses"][0]["ErrorCachingMinTTL"] = 5


def query_in_the_key(template: Template) -> None:
    policy = template["Resources"]["WebCachePolicy"]["Properties"]["CachePolicyConfig"]
    policy["ParametersInCacheKeyAndForwardedToOrigin"]["QueryStringsConfig"]["QueryStringBehavior"] = "all"


def named_headers(template: Template) -> None:
    policy = template["Resources"]["ApiRequestPolicy"]["Properties"]["OriginRequestPolicyConfig"]
    policy["HeadersConfig"]["HeaderBehavior"] = "whitelist"


def cors_headers(template: Template) -> None:
    template["Resources"]["ApiHeadersPolicy"]["Properties"]["ResponseHeadersPolicyConfig"]["CorsConfig"] = {}


@pytest.mark.parametrize("change", [compress, edge_lambda, viewer_response, error_page, kept_error, query_in_the_key, named_headers, cors_headers])
def test_what_the_cdn_does_not_do_is_refused(change: Callable[[Template], None]) -> None:
    template = edge.template()
    change(template)
    with pytest.raises(Unsupported):
        edge.distribution(template)


@pytest.mark.parametrize(
    ("node", "value"),
    [
        ({"Ref": "Names"}, ["a", "b"]),
        ({"Fn::Join": ["-", {"Ref": "Names"}]}, "a-b"),
        ({"Fn::Sub": "${Bucket.Arn}/${AWS::Region}/{{x}}"}, "arn:aws:s3:::id/north/{{x}}"),
        ({"Fn::Sub": ["${A}${B}", {"A": {"Ref": "Word"}, "B": ""}]}, "w"),
        ({"Fn::If": ["HasWord", "yes", "no"]}, "yes"),
        ({"Fn::GetAtt": ["Bucket", "RegionalDomainName"]}, "id.s3.north.amazonaws.com"),
        ([{"a": {"Ref": "Word"}}], [{"a": "w"}]),
    ],
)
def test_functions_of_the_template_are_resolved(node: Any, value: Any) -> None:
    template = {
        "Parameters": {"Word": {"Type": "String", "Default": ""}, "Names": {"Type": "CommaDelimitedList", "Default": "a,b"}},
        "Conditions": {"HasWord": {"Fn::Not": [{"Fn::Equals": [{"Ref": "Word"}, ""]}]}},
    }
    assert Resolver(template, {"Word": "w", "Bucket": "id"}, "north").value(node) == value


@pytest.mark.parametrize("node", [{"Ref": "Nothing"}, {"Fn::ImportValue": "x"}, {"Fn::GetAtt": ["Bucket", "Colour"]}])
def test_what_is_not_known_is_refused(node: Any) -> None:
    with pytest.raises(Unsupported):
        Resolver({}, {"Bucket": "id"}, "north").value(node)
