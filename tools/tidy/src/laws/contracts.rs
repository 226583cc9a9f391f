//! What is said in two places is said alike.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::Repository;
use crate::repository::extension;
use crate::rust::{is_test_file, product_lines};
use crate::template::{list, text};

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// The routes of the API are the operations of `docs/openapi.json`, and its settings of single routes are of routes it has.
pub fn routes_are_documented(repository: &Repository) -> Vec<String> {
    let mut routes = BTreeSet::new();
    let mut broken = Vec::new();
    for (id, api) in repository.template().of_type("AWS::Serverless::HttpApi") {
        routes.extend(operations(api.get("DefinitionBody").unwrap_or(&Value::Null)));
        let settings = api.get("RouteSettings").and_then(Value::as_object).into_iter().flatten();
        let strays = settings.filter(|(route, _)| !routes.contains(*route));
        broken.extend(strays.map(|(route, _)| format!("template.yaml: {id} has no route {route} to set")));
    }
    let document: Value = repository
        .text("docs/openapi.json")
        .and_then(|text| serde_json::from_str(text).ok())
        .unwrap_or_default();
    let documented = operations(&document);
    broken.extend(routes.difference(&documented).map(|route| format!("docs/openapi.json: lacks {route}")));
    broken.extend(
        documented.difference(&routes).map(|route| format!("template.yaml: no function answers {route}")),
    );
    if routes.is_empty() {
        broken.push("template.yaml: has no routes".to_owned());
    }
    broken
}

/// The operations of an OpenAPI document, as `GET /path`.
fn operations(document: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (path, operations) in document.get("paths").and_then(Value::as_object).into_iter().flatten() {
        for method in METHODS.iter().filter(|method| operations.get(**method).is_some()) {
            found.insert(format!("{} {path}", method.to_uppercase()));
        }
    }
    found
}

/// The dashboard's body, which the template holds as text, is the JSON it has to be.
pub fn dashboard_is_json(repository: &Repository) -> Vec<String> {
    let dashboards = repository.template().of_type("AWS::CloudWatch::Dashboard");
    let parse = |(id, properties): (&str, &Value)| {
        let error = serde_json::from_str::<Value>(text(properties, "/DashboardBody/Fn::Sub")?).err()?;
        Some(format!("template.yaml: {id}: {error}"))
    };
    dashboards.filter_map(parse).collect()
}

/// The error names that a state machine catches or retries are said by some function. Names with a dot are the platform's.
pub fn caught_errors_exist(repository: &Repository) -> Vec<String> {
    let mut broken = Vec::new();
    let machines =
        repository.below("statemachines/").filter(|(path, _)| ["yaml", "json"].contains(&extension(path)));
    for (path, machine) in machines {
        let Ok(parsed) = crate::Template::parse(machine) else {
            broken.push(format!("{path}: is not YAML"));
            continue;
        };
        let mut names = BTreeSet::new();
        error_names(parsed.document(), &mut names);
        for name in names {
            let literal = format!("\"{name}\"");
            if !name.contains('.') && !is_said(repository, &literal) {
                broken.push(format!("{path}: catches {name}, which no function returns"));
            }
        }
    }
    broken
}

fn is_said(repository: &Repository, literal: &str) -> bool {
    let code = repository.files().filter(|(path, _)| extension(path) == "rs" && !is_test_file(path));
    code.flat_map(|(_, text)| product_lines(text)).any(|(_, line)| line.contains(literal))
}

/// Collects every `ErrorEquals` below a value.
fn error_names<'a>(value: &'a Value, names: &mut BTreeSet<&'a str>) {
    match value {
        Value::Object(entries) => {
            names.extend(list(entries.get("ErrorEquals")).iter().filter_map(Value::as_str));
            entries.values().for_each(|inner| error_names(inner, names));
        }
        Value::Array(items) => items.iter().for_each(|inner| error_names(inner, names)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEMPLATE: &str = r"
Resources:
  HttpApi:
    Type: AWS::Serverless::HttpApi
    Properties: {DefinitionBody: {paths: {/like: {post: {}}}}, RouteSettings: {POST /like: {}}}
";

    fn with(path: &str, text: &str) -> Repository {
        Repository::of(&[("template.yaml", TEMPLATE), (path, text)]).unwrap()
    }

    #[test]
    fn routes_and_operations_are_compared_both_ways() {
        let document = |text: &str| routes_are_documented(&with("docs/openapi.json", text));
        assert!(document(r#"{"paths": {"/like": {"post": {}, "parameters": []}}}"#).is_empty());
        assert_eq!(document(r#"{"paths": {}}"#).len(), 1);
        assert_eq!(document(r#"{"paths": {"/like": {"post": {}, "get": {}}}}"#).len(), 1);
    }

    #[test]
    fn settings_are_of_routes() {
        let template = TEMPLATE.replace("RouteSettings: {POST", "RouteSettings: {GET");
        let document = ("docs/openapi.json", r#"{"paths": {"/like": {"post": {}}}}"#);
        let broken =
            routes_are_documented(&Repository::of(&[("template.yaml", &template), document]).unwrap());
        assert_eq!(broken, ["template.yaml: HttpApi has no route GET /like to set"]);
    }

    #[test]
    fn a_dashboard_is_json() {
        let dashboard = |body: &str| {
            let template = format!(
                "Resources: {{D: {{Type: AWS::CloudWatch::Dashboard, Properties: {{DashboardBody: !Sub '{body}'}}}}}}"
            );
            dashboard_is_json(&Repository::of(&[("template.yaml", &template)]).unwrap())
        };
        assert!(dashboard(r#"{"widgets": []}"#).is_empty());
        assert_eq!(dashboard(r#"{"widgets": ]}"#).len(), 1);
    }

    #[test]
    fn a_caught_error_must_be_said() {
        let machine = "States: {A: {Catch: [{ErrorEquals: [TooLarge, States.Timeout]}]}}";
        let path = "statemachines/celebrity.asl.yaml";
        assert_eq!(caught_errors_exist(&with(path, machine)).len(), 1);
        let said = ("functions/fanout/src/lib.rs", "fn name() -> &str { \"TooLarge\" }");
        assert!(caught_errors_exist(&Repository::of(&[(path, machine), said]).unwrap()).is_empty());
    }
}
