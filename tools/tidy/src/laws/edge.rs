//! One distribution serves pictures, API and web client, and what that asks of the template.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::Repository;
use crate::template::{list, text};

/// The codes of which CloudFront can be told how long an error is kept. It keeps the others not at all.
const CODES: [u64; 11] = [400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504];
/// AWS's own cache policy `CachingDisabled`.
const CACHING_DISABLED: &str = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad";

/// No resource depends on itself through others. CloudFormation would refuse the template when it is deployed.
pub fn no_circles(repository: &Repository) -> Vec<String> {
    let mut graph: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (id, resource) in repository.template().resources() {
        let mut named = BTreeSet::new();
        references(resource, &mut named);
        graph.insert(id, named);
    }
    // What depends on nothing that is left is taken away, again and again. A circle stays, and what depends on
    // it.
    loop {
        let left: BTreeSet<&str> = graph.keys().copied().collect();
        let before = graph.len();
        graph.retain(|_, named| !named.is_disjoint(&left));
        if graph.len() == before {
            break;
        }
    }
    circle(&graph).map(|ids| format!("template.yaml: a circle: {}", ids.join(" -> "))).into_iter().collect()
}

/// Follows dependencies in a graph in which everything depends on something, until a resource comes again.
fn circle<'a>(graph: &BTreeMap<&'a str, BTreeSet<&'a str>>) -> Option<Vec<&'a str>> {
    let mut way: Vec<&str> = Vec::new();
    let mut next = graph.keys().next().copied()?;
    while !way.contains(&next) {
        way.push(next);
        next = graph.get(next)?.iter().find(|id| graph.contains_key(**id))?;
    }
    let mut around: Vec<_> = way.into_iter().skip_while(|id| *id != next).collect();
    around.push(next);
    Some(around)
}

/// Collects what a resource refers to, by logical id. Parameters are among it.
fn references<'a>(value: &'a Value, named: &mut BTreeSet<&'a str>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| references(item, named)),
        Value::Object(entries) => {
            named.extend(text(value, "/Ref"));
            named.extend(text(value, "/Fn::GetAtt").and_then(|attribute| attribute.split('.').next()));
            named.extend(list(entries.get("DependsOn")).iter().filter_map(Value::as_str));
            let template = text(value, "/Fn::Sub").or_else(|| text(value, "/Fn::Sub/0")).unwrap_or_default();
            let variables = template.split("${").skip(1);
            named.extend(variables.filter_map(|rest| rest.split(['.', '}']).next()));
            entries.values().for_each(|entry| references(entry, named));
        }
        _ => {}
    }
}

/// A distribution in front of an API keeps none of its answers, errors among them, and turns none into a page.
pub fn answers_of_the_api_are_not_kept(repository: &Repository) -> Vec<String> {
    let mut broken = Vec::new();
    for (id, properties) in repository.template().of_type("AWS::CloudFront::Distribution") {
        let config = properties.get("DistributionConfig").unwrap_or(&Value::Null);
        let origins = list(config.get("Origins"));
        let is_api = |origin: &&Value| origin.get("CustomOriginConfig").is_some();
        let apis: BTreeSet<_> =
            origins.iter().filter(is_api).filter_map(|origin| text(origin, "/Id")).collect();
        let behaviours = list(config.get("CacheBehaviors")).iter().chain(config.get("DefaultCacheBehavior"));
        for behaviour in behaviours {
            let to_api = text(behaviour, "/TargetOriginId").is_some_and(|origin| apis.contains(origin));
            if to_api && text(behaviour, "/CachePolicyId") != Some(CACHING_DISABLED) {
                let pattern = text(behaviour, "/PathPattern").unwrap_or("*");
                broken.push(format!("template.yaml: {id} may keep the API's answers to {pattern}"));
            }
        }
        let errors = list(config.get("CustomErrorResponses"));
        let number = |error: &Value, name: &str| error.get(name).and_then(Value::as_u64);
        let forgotten = |code: u64| {
            errors.iter().any(|error| {
                number(error, "ErrorCode") == Some(code) && number(error, "ErrorCachingMinTTL") == Some(0)
            })
        };
        let kept = CODES.iter().filter(|code| !apis.is_empty() && !forgotten(**code));
        broken.extend(kept.map(|code| format!("template.yaml: {id} keeps errors {code} of the API")));
        if !apis.is_empty() && errors.iter().any(|error| error.get("ResponsePagePath").is_some()) {
            broken.push(format!("template.yaml: {id} turns errors of the API into a page"));
        }
    }
    broken
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(resources: &str) -> Repository {
        Repository::of(&[("template.yaml", &format!("Resources:\n{resources}"))]).unwrap()
    }

    #[test]
    fn a_circle_is_named_whatever_it_is_made_of() {
        let circle = "  Cdn: {Type: T, Properties: {Origin: !Sub \"${Api}.example\"}}
  Api: {Type: T, Properties: {Body: [!GetAtt Like.Arn]}}
  Like: {Type: T, DependsOn: Log, Properties: {Url: !If [C, !Ref Own, !Sub [\"https://${X}${Cdn.Domain}\", {X: \"\"}]]}}
  Log: {Type: T}
  Alarm: {Type: T, Properties: {Of: !Ref Like}}
";
        assert_eq!(no_circles(&with(circle)), ["template.yaml: a circle: Like -> Cdn -> Api -> Like"]);
        let broken_up = circle.replace("!GetAtt Like.Arn", "!Sub \"function:${AWS::StackName}-like\"");
        assert!(no_circles(&with(&broken_up)).is_empty());
        let of_one = with("  A: {Type: T, Properties: {B: !Ref A}}\n");
        assert_eq!(no_circles(&of_one), ["template.yaml: a circle: A -> A"]);
    }

    fn distribution(policy: &str, errors: &str) -> Repository {
        with(&format!(
            "  Cdn:
    Type: AWS::CloudFront::Distribution
    Properties:
      DistributionConfig:
        Origins: [{{Id: files, S3OriginConfig: {{}}}}, {{Id: api, CustomOriginConfig: {{}}}}]
        CacheBehaviors: [{{PathPattern: /api/*, TargetOriginId: api, CachePolicyId: {policy}}}]
        DefaultCacheBehavior: {{TargetOriginId: files, CachePolicyId: !Ref Policy}}
        CustomErrorResponses: [{errors}]
"
        ))
    }

    #[test]
    fn an_api_behind_a_cache_that_keeps_is_found() {
        let all = CODES.map(|code| format!("{{ErrorCode: {code}, ErrorCachingMinTTL: 0}}")).join(", ");
        let law = answers_of_the_api_are_not_kept;
        assert!(law(&distribution(CACHING_DISABLED, &all)).is_empty());
        assert_eq!(
            law(&distribution("!Ref Policy", &all)),
            ["template.yaml: Cdn may keep the API's answers to /api/*"]
        );
        let some = all.replace("404, ErrorCachingMinTTL: 0", "404, ErrorCachingMinTTL: 5");
        assert_eq!(
            law(&distribution(CACHING_DISABLED, &some)),
            ["template.yaml: Cdn keeps errors 404 of the API"]
        );
        let page =
            all.replace("404, ErrorCachingMinTTL: 0", "404, ErrorCachingMinTTL: 0, ResponsePagePath: /x");
        assert_eq!(
            law(&distribution(CACHING_DISABLED, &page)),
            ["template.yaml: Cdn turns errors of the API into a page"]
        );
    }

    #[test]
    fn a_distribution_of_files_alone_may_keep_errors() {
        let files = "  Cdn: {Type: AWS::CloudFront::Distribution, Properties: {DistributionConfig: {Origins: [{Id: files}]}}}\n";
        assert!(answers_of_the_api_are_not_kept(&with(files)).is_empty());
    }
}
