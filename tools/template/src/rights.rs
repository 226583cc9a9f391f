//! What a function or workflow may do: one line for each right, which becomes an IAM statement.

use serde_json::Value;

use crate::Refusal;
use crate::block::Entry;

const FORM: &str = "a right is `GetItem, Query on PHOTO#*` for the table, `sqs:SendMessage on FanoutQueue` for another \
                    resource (with `where <condition key> is <value>` if need be), or an IAM statement";

/// Returns the statements of a list of rights, as a list in YAML.
pub(crate) fn statements(rights: &Entry) -> Result<String, Refusal> {
    rights.children()?.iter().map(statement).collect()
}

fn statement(right: &Entry) -> Result<String, Refusal> {
    match right.value()? {
        Value::String(text) => {
            let statement = on_the_table(&text).or_else(|| on_resources(&text));
            Ok(right.comment() + &statement.ok_or_else(|| right.refuse(FORM))?)
        }
        Value::Object(statement) if statement.contains_key("Effect") => Ok(right.source()),
        _ => Err(right.refuse(FORM)),
    }
}

/// Returns the statement of `GetItem, Query on PHOTO#*`: actions on items, narrowed to partition keys.
fn on_the_table(text: &str) -> Option<String> {
    let (actions, keys) = text.split_once(" on ")?;
    let actions = words(actions, is_action)?;
    let keys = words(keys, |key| {
        let (entity, rest) = key.split_once('#').unwrap_or_default();
        !entity.is_empty()
            && entity.chars().all(|letter| letter.is_ascii_uppercase())
            && rest.chars().all(|letter| letter.is_ascii_alphanumeric() || "*#_-".contains(letter))
    })?;
    let actions: Vec<_> = actions.iter().map(|action| format!("dynamodb:{action}")).collect();
    let keys: Vec<_> = keys.iter().map(|key| format!("\"{key}\"")).collect();
    Some(format!(
        "- Effect: Allow\n  Action: [{}]\n  Resource: !GetAtt Table.Arn\n  Condition:\n    ForAllValues:StringLike:\n      \
         dynamodb:LeadingKeys: [{}]\n",
        actions.join(", "),
        keys.join(", ")
    ))
}

/// Returns the statement of `s3:PutObject on UploadsBucket/incoming/*`: actions on resources of the stack.
fn on_resources(text: &str) -> Option<String> {
    let (rule, condition) = match text.split_once(" where ") {
        Some((rule, condition)) => (rule, Some(condition.split_once(" is ")?)),
        None => (text, None),
    };
    let (actions, resources) = rule.split_once(" on ")?;
    let actions = words(actions, |action| {
        action.split_once(':').is_some_and(|(service, name)| !service.is_empty() && is_action(name))
    })?;
    let resources = words(resources, |resource| {
        resource.starts_with(|letter: char| letter.is_ascii_uppercase())
            && resource.chars().all(|letter| letter.is_ascii_alphanumeric() || "/*._-".contains(letter))
    })?;
    let mut statement = allow(&actions.join(", "), &resources);
    if let Some((key, value)) = condition {
        statement += &format!("  Condition:\n    StringEquals:\n      {key}: {value}\n");
    }
    Some(statement)
}

/// Returns a statement that allows actions on resources of the stack.
pub(crate) fn allow(actions: &str, resources: &[&str]) -> String {
    let resources: String = match resources {
        [one] => format!("  Resource: !Arn {one}\n"),
        _ => {
            let lines: String = resources.iter().map(|resource| format!("    - !Arn {resource}\n")).collect();
            format!("  Resource:\n{lines}")
        }
    };
    format!("- Effect: Allow\n  Action: [{actions}]\n{resources}")
}

fn is_action(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|letter| letter.is_ascii_alphanumeric())
}

/// Returns the words of a list with commas, if each of them is right.
fn words(list: &str, is_right: impl Fn(&str) -> bool) -> Option<Vec<&str>> {
    let words: Vec<_> = list.split(", ").collect();
    words.iter().all(|word| is_right(word)).then_some(words)
}
