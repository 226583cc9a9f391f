//! A state machine with all that belongs to it, from the description beside its definition.

use std::collections::BTreeSet;

use crate::block::{Block, Entry};
use crate::description::{Description, Form};
use crate::part::{EXTRA_SECTIONS, Part};
use crate::shape::fill;
use crate::{Refusal, pascal, rights};

const WORKFLOW: &str = include_str!("shapes/workflow.yaml");
const DISTRIBUTED_MAP: &str = include_str!("shapes/distributed-map.yaml");

const UNFINISHED: &str = "unfinished";
const FORM: Form = Form {
    keys: &["alarms", "distributed_map", "rights", "substitutions", "tasks"],
    generated: &[
        "Definition",
        "DefinitionSubstitutions",
        "DefinitionUri",
        "Logging",
        "Name",
        "Policies",
        "Role",
        "Tags",
        "Tracing",
        "Type",
    ],
    alarms: &[UNFINISHED],
};

/// Returns what `statemachines/<name>.workflow.yaml` contributes, and adds the functions it runs to `run`.
pub(crate) fn part<'a>(
    path: &'a str,
    name: &str,
    piece: &Block<'a>,
    run: &mut BTreeSet<String>,
) -> Result<Part<'a>, Refusal> {
    let described = Description::new(format!("{path}:1"), piece.entries()?, &FORM)?;
    let unfinished = described.alarm(UNFINISHED)?;
    let tasks = described.get("tasks");
    let mut statements = tasks.map(Entry::comment).unwrap_or_default();
    let mut substitutions = String::new();
    for task in tasks.map(Entry::texts).transpose()?.unwrap_or_default() {
        let function = format!("{}Function", pascal(&task));
        statements += &rights::allow("lambda:InvokeFunction", &[&function]);
        substitutions += &format!("{function}: !GetAtt {function}.Arn\n");
        run.insert(task);
    }
    if let Some(rights) = described.get("rights") {
        statements += &rights.comment();
        statements += &rights::statements(rights)?;
    }
    if let Some(map) = described.get("distributed_map") {
        statements += &map.comment();
        if map.value()? == true {
            statements += &fill(DISTRIBUTED_MAP, &[("name", name)]);
        }
    }
    if let Some(entry) = described.get("substitutions") {
        substitutions += &entry.comment();
        substitutions.extend(entry.children()?.iter().map(Entry::source));
    }
    let workflow = fill(
        WORKFLOW,
        &[
            ("Name", &pascal(name)),
            ("name", name),
            ("properties", &described.properties(&EXTRA_SECTIONS)),
            ("substitutions", &substitutions),
            ("statements", &statements),
            ("comment", &unfinished.comment),
            ("meaning", &unfinished.meaning),
        ],
    );
    let mut part = Part::new(path, Some(format!("{}StateMachine", pascal(name))), Vec::new());
    part.add(&Block::made(path, &workflow))?;
    part.add_extra(&described)?;
    Ok(part)
}
