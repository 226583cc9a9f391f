//! The stream's mapping lets in the records that derive something, and no others.

use serde_json::{Value, json};

use crate::Repository;
use crate::template::list;

/// One filter each, by what they let in.
fn wanted() -> [Value; 5] {
    let prefix = |prefix: &str| json!({"S": [{"prefix": prefix}]});
    [
        // A like or a comment came or went, a photo was begun or deleted, its author removed a comment, a profile
        // picture was removed, a link is to be mailed, or somebody logged in.
        json!({"eventName": ["INSERT", "REMOVE"], "dynamodb": {"Keys": {"pk": {"S": [{"prefix": "LIKES#"},
            {"prefix": "PHOTO#"}, {"prefix": "PICTURE#"}, {"prefix": "LINKS#"}, {"prefix": "COMMENTS#"},
            {"prefix": "REMOVALS#"}, {"prefix": "SESSION#"}]}}}}),
        // Someone follows or asks to, or takes it back.
        json!({"eventName": ["INSERT", "REMOVE"],
            "dynamodb": {"Keys": {"pk": prefix("USER#"), "sk": {"S": [{"prefix": "FOLLOWS#"}, {"prefix": "REQUESTS#"}]}}}}),
        // Someone says something about somebody.
        json!({"eventName": ["INSERT", "MODIFY"], "dynamodb": {"Keys": {"pk": prefix("PAIRS#")}}}),
        // A photo came out of processing.
        json!({"eventName": ["MODIFY"], "dynamodb": {"Keys": {"sk": {"S": ["PHOTO"]}},
            "OldImage": {"state": {"S": ["processing"]}}, "NewImage": {"state": {"S": ["ready", "failed"]}}}}),
        // A reader came back and asks for a rebuilt feed, or an account was made private or public.
        json!({"eventName": ["INSERT", "MODIFY"],
            "dynamodb": {"Keys": {"pk": {"S": [{"prefix": "FEED#"}, {"prefix": "USER#"}]}, "sk": {"S": ["~STATE", "PROFILE"]}},
            "NewImage": {"rebuild": {"N": [{"exists": true}]}}}}),
    ]
}

/// The filters of `DeriveStream` are exactly the wanted ones. A record that `derive` writes itself matches none of them, but those
/// of follows and requests that end or begin by what somebody says: that is what keeps it from deriving from its own derivations.
pub fn filters(repository: &Repository) -> Vec<String> {
    let mapping = repository.template().resource("DeriveStream");
    let criteria = mapping.and_then(|mapping| mapping.pointer("/Properties/FilterCriteria/Filters"));
    let found: Vec<Option<Value>> = list(criteria)
        .iter()
        .map(|filter| serde_json::from_str(filter.get("Pattern")?.as_str()?).ok())
        .collect();
    let missing = wanted().into_iter().filter(|filter| !found.contains(&Some(filter.clone())));
    let mut broken: Vec<String> =
        missing.map(|filter| format!("template.yaml: DeriveStream needs the filter {filter}")).collect();
    for filter in found {
        match filter {
            None => broken.push("template.yaml: DeriveStream has a filter that is not JSON".to_owned()),
            Some(filter) if !wanted().contains(&filter) => {
                broken.push(format!("template.yaml: DeriveStream must not have the filter {filter}"));
            }
            Some(_) => {}
        }
    }
    broken
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(filters: &[Value]) -> Repository {
        let filters: Vec<Value> =
            filters.iter().map(|filter| json!({"Pattern": filter.to_string()})).collect();
        let properties = json!({"FilterCriteria": {"Filters": filters}});
        let template = json!({"Resources": {"DeriveStream": {"Properties": properties}}});
        Repository::of(&[("template.yaml", &template.to_string())]).unwrap()
    }

    #[test]
    fn the_wanted_filters_and_no_others() {
        assert_eq!(filters(&with(&wanted())), Vec::<String>::new());
        assert_eq!(filters(&with(&wanted()[1..])).len(), 1);
        let broad = json!({"eventName": ["INSERT"]});
        assert_eq!(filters(&with(&[&wanted()[..], &[broad]].concat())).len(), 1);
    }
}
