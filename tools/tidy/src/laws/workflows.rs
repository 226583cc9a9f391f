//! Every workflow has everything that goes with one, and its definition stands for itself.

use std::collections::BTreeSet;

use serde_json::Value;
use template::pascal;

use crate::template::{list, text};
use crate::{Repository, Template};

const ENDING: &str = ".asl.yaml";
const DESCRIPTION: &str = ".workflow.yaml";
/// Where a task runs a Lambda.
const INVOKE: &str = "arn:aws:states:::lambda:invoke";

/// The workflows: path, name, text and parsed definition. One that is not YAML is empty and breaks every law.
fn workflows(repository: &Repository) -> impl Iterator<Item = (&str, &str, &str, Value)> {
    repository.below("statemachines/").filter_map(|(path, text)| {
        let name = path.strip_prefix("statemachines/")?.strip_suffix(ENDING)?;
        let parsed = Template::parse(text).map(|parsed| parsed.document().clone()).unwrap_or_default();
        Some((path, name, text, parsed))
    })
}

/// Every definition has a description, from which its part of the template is made, and every description a definition.
pub fn described(repository: &Repository) -> Vec<String> {
    let missing = |path: String| repository.text(&path).is_none().then(|| format!("{path}: missing"));
    let mut broken = Vec::new();
    for (path, _) in repository.below("statemachines/") {
        if let Some(name) = path.strip_suffix(ENDING) {
            broken.extend(missing(format!("{name}{DESCRIPTION}")));
        } else if let Some(name) = path.strip_suffix(DESCRIPTION) {
            broken.extend(missing(format!("{name}{ENDING}")));
        }
    }
    broken
}

/// A definition names no resource: it says `${Name}`, and its state machine says which that is, for each name and no other.
pub fn wired_by_substitutions(repository: &Repository) -> Vec<String> {
    let mut broken = Vec::new();
    for (path, name, words, definition) in workflows(repository) {
        let id = format!("{}StateMachine", pascal(name));
        let given: BTreeSet<&str> = repository
            .template()
            .resource(&id)
            .and_then(|machine| machine.pointer("/Properties/DefinitionSubstitutions")?.as_object())
            .into_iter()
            .flatten()
            .map(|(key, _)| key.as_str())
            .collect();
        let used: BTreeSet<&str> =
            words.split("${").skip(1).filter_map(|rest| Some(rest.split_once('}')?.0)).collect();
        if given != used {
            broken.push(format!("{path}: uses {used:?}, {id} gives {given:?}"));
        }
        for (state, task) in tasks(&definition) {
            let resource = text(task, "/Resource").unwrap_or_default();
            let function = text(task, "/Arguments/FunctionName").unwrap_or("${");
            let table = text(task, "/Arguments/TableName").unwrap_or("${");
            let of_the_platform = resource.starts_with("arn:aws:states:::");
            if !of_the_platform || !function.starts_with("${") || !table.starts_with("${") {
                broken.push(format!("{path}: {state} names a resource"));
            }
        }
        if words.lines().any(has_account) {
            broken.push(format!("{path}: names an account"));
        }
    }
    broken
}

/// Whether a line holds twelve digits in a row, as an account's number is.
fn has_account(line: &str) -> bool {
    line.split(|letter: char| !letter.is_ascii_digit()).any(|digits| digits.len() == 12)
}

/// Every task is tried again, at times that do not coincide with those of its neighbours; one that runs a Lambda gives up on an
/// attempt a little after the Lambda would.
pub fn tasks_are_retried(repository: &Repository) -> Vec<String> {
    let mut broken = Vec::new();
    for (path, _, _, definition) in workflows(repository) {
        let tasks = tasks(&definition);
        if tasks.is_empty() {
            broken.push(format!("{path}: has no tasks"));
        }
        for (state, task) in tasks {
            let retries = list(task.get("Retry"));
            let mut trying =
                retries.iter().filter(|retry| retry.get("MaxAttempts") != Some(&Value::from(0))).peekable();
            if trying.peek().is_none()
                || trying.any(|retry| {
                    text(retry, "/JitterStrategy") != Some("FULL") || retry.get("MaxDelaySeconds").is_none()
                })
            {
                broken.push(format!(
                    "{path}: {state} needs Retry, each with MaxDelaySeconds and JitterStrategy FULL"
                ));
            }
            if text(task, "/Resource") == Some(INVOKE) && !outlasts(repository, task) {
                broken
                    .push(format!("{path}: {state} needs TimeoutSeconds above the timeout of its function"));
            }
        }
    }
    broken
}

/// Whether a task's time limit is beyond that of the function it names.
fn outlasts(repository: &Repository, task: &Value) -> bool {
    let named = text(task, "/Arguments/FunctionName")
        .and_then(|name| name.strip_prefix("${")?.strip_suffix('}'))
        .unwrap_or_default();
    let function = repository.template().functions().find(|(id, _)| *id == named);
    let limit = function.and_then(|(_, properties)| repository.template().timeout(properties));
    let waits = task.get("TimeoutSeconds").and_then(Value::as_u64);
    limit.zip(waits).is_some_and(|(limit, waits)| waits > limit)
}

/// All tasks of a definition, those within maps too, by the state's name.
fn tasks(definition: &Value) -> Vec<(&str, &Value)> {
    let mut found = Vec::new();
    each(definition, &mut |value| {
        for (name, state) in value.get("States").and_then(Value::as_object).into_iter().flatten() {
            if text(state, "/Type") == Some("Task") {
                found.push((name.as_str(), state));
            }
        }
    });
    found
}

/// Visits a value and everything below it.
fn each<'a>(value: &'a Value, visit: &mut impl FnMut(&'a Value)) {
    visit(value);
    match value {
        Value::Object(entries) => entries.values().for_each(|inner| each(inner, visit)),
        Value::Array(items) => items.iter().for_each(|inner| each(inner, visit)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::laws::Law;

    const TEMPLATE: &str = r"
Resources:
  SegmentFunction: {Type: AWS::Serverless::Function, Properties: {Timeout: 60}}
  StarPushStateMachine:
    Type: AWS::Serverless::StateMachine
    Properties:
      DefinitionSubstitutions: {SegmentFunction: !GetAtt SegmentFunction.Arn, Table: !Ref Table}
";

    const WORKFLOW: &str = r"
States:
  Push:
    Type: Map
    ItemProcessor:
      States:
        Segment:
          Type: Task
          Resource: arn:aws:states:::lambda:invoke
          Arguments:
            FunctionName: ${SegmentFunction}
          TimeoutSeconds: 70
          Retry: [{ErrorEquals: [Busy], MaxDelaySeconds: 60, JitterStrategy: FULL}]
  Mark:
    Type: Task
    Resource: arn:aws:states:::dynamodb:updateItem
    Arguments:
      TableName: ${Table}
    Retry:
      - {ErrorEquals: [DynamoDB.ConditionalCheckFailedException], MaxAttempts: 0}
      - {ErrorEquals: [States.TaskFailed], MaxDelaySeconds: 9, JitterStrategy: FULL}
";

    fn repository(template: &str, workflow: &str) -> Repository {
        let files = [
            ("template.yaml", template),
            ("statemachines/star-push.asl.yaml", workflow),
            ("statemachines/star-push.workflow.yaml", ""),
        ];
        Repository::of(&files).unwrap()
    }

    #[test]
    fn a_good_workflow_keeps_every_law() {
        for law in [described, wired_by_substitutions, tasks_are_retried] {
            assert_eq!(law(&repository(TEMPLATE, WORKFLOW)), Vec::<String>::new());
        }
    }

    #[test]
    fn the_template_can_break_each_law() {
        let cases: &[(Law, &str, &str)] = &[
            (wired_by_substitutions, ", Table: !Ref Table", ""),
            (wired_by_substitutions, "Table: !Ref Table", "Table: !Ref Table, Bucket: !Ref Bucket"),
            (tasks_are_retried, "Timeout: 60", "Timeout: 70"),
        ];
        for (law, from, to) in cases {
            assert!(TEMPLATE.contains(from), "{from}");
            assert!(!law(&repository(&TEMPLATE.replace(from, to), WORKFLOW)).is_empty(), "{from} -> {to}");
        }
    }

    #[test]
    fn the_definition_can_break_each_law() {
        let cases: &[(Law, &str, &str)] = &[
            (wired_by_substitutions, "${Table}", "lambdagram-table"),
            (wired_by_substitutions, "FunctionName: ${SegmentFunction}", "FunctionName: segment"),
            (
                wired_by_substitutions,
                "arn:aws:states:::lambda:invoke",
                "arn:aws:lambda:eu-central-1:x:function:y",
            ),
            (wired_by_substitutions, "TimeoutSeconds: 70", "Comment: see 123456789012"),
            (tasks_are_retried, "TimeoutSeconds: 70", ""),
            (tasks_are_retried, ", JitterStrategy: FULL", ""),
            (tasks_are_retried, "MaxDelaySeconds: 60, ", ""),
            (tasks_are_retried, "Retry: [{", "Other: [{"),
            (
                tasks_are_retried,
                "      - {ErrorEquals: [States.TaskFailed], MaxDelaySeconds: 9, JitterStrategy: FULL}",
                "",
            ),
            (tasks_are_retried, "States:\n  Push:", "States: ]\n"),
        ];
        for (law, from, to) in cases {
            assert!(WORKFLOW.contains(from), "{from}");
            assert!(!law(&repository(TEMPLATE, &WORKFLOW.replace(from, to))).is_empty(), "{from} -> {to}");
        }
    }

    #[test]
    fn definition_and_description_go_together() {
        for (there, missing) in [("asl", "workflow"), ("workflow", "asl")] {
            let path = format!("statemachines/x.{there}.yaml");
            let broken = described(&Repository::of(&[(&path, "")]).unwrap());
            assert_eq!(broken, [format!("statemachines/x.{missing}.yaml: missing")]);
        }
    }
}
