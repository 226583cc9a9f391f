//! Executions of the celebrity workflows, step by step. The writes of their states to the head are read
//! from the workflow definitions themselves.

use std::collections::{HashMap, VecDeque};

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::AttributeValue;
use messages::HashRange;
use messages::workflow::{CelebrityCrossing, CelebrityFanout, ItemKey, Segment, Work};
use saphyr::{LoadableYamlNode, Yaml};
use testkit::Engine;

/// Segments of an execution: more than one, so that one may end long before the other.
const SEGMENTS: u32 = 3;

/// A workflow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Workflow {
    /// Pushes a photo.
    Fanout,
    /// Makes an author a celebrity.
    Promotion,
    /// Makes a celebrity an ordinary author.
    Demotion,
}

impl Workflow {
    fn definition(self) -> String {
        let name = match self {
            Self::Fanout => "celebrity-fanout",
            Self::Promotion => "celebrity-promotion",
            Self::Demotion => "celebrity-demotion",
        };
        let path = format!("{}/../../statemachines/{name}.asl.yaml", env!("CARGO_MANIFEST_DIR"));
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
    }
}

/// The next step of an execution.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// A state that writes to the head; the execution ends when its condition fails.
    Mark(&'static str),
    /// A segment, from its position on.
    Segment(Segment),
    /// A wait until running reads have ended.
    Wait,
}

/// A running execution.
#[derive(Clone, Debug)]
pub struct Run {
    workflow: Workflow,
    name: String,
    head: ItemKey,
    photo: Option<String>,
    pub(crate) steps: VecDeque<Step>,
}

impl Run {
    pub(crate) fn fanout(name: String, input: CelebrityFanout) -> Self {
        let work = Work::Push { photo_id: input.photo_id };
        let segments = segments(work, input.author_id);
        let steps = segments.chain([Step::Wait, Step::Mark("MarkPushed")]).collect();
        let photo = Some(input.photo_id.to_string());
        Self { workflow: Workflow::Fanout, name, head: input.head, photo, steps }
    }

    pub(crate) fn crossing(workflow: Workflow, name: String, input: CelebrityCrossing) -> Self {
        let (first, work, last) = match workflow {
            Workflow::Demotion => ("MarkDemoting", Work::Delist, "MarkOrdinary"),
            _ => ("MarkPromoting", Work::Enlist, "MarkCelebrity"),
        };
        let before = [Step::Mark(first), Step::Wait];
        let after = [Step::Wait, Step::Mark(last)];
        let steps = before.into_iter().chain(segments(work, input.author_id)).chain(after).collect();
        Self { workflow, name, head: input.head, photo: None, steps }
    }

    /// Returns the workflow of the execution.
    pub fn workflow(&self) -> Workflow {
        self.workflow
    }

    /// Makes the write of a state. The execution ends when its condition fails.
    pub(crate) async fn mark(mut self, engine: &Engine, state: &str) -> Self {
        let text = self.workflow.definition();
        let documents = Yaml::load_from_str(&text).expect("a definition");
        let arguments = &documents[0]["States"][state]["Arguments"];
        let key = ["pk", "sk"].map(|name| (name.to_owned(), self.value(&arguments["Key"][name])));
        let mut update = engine
            .client()
            .update_item()
            .table_name(engine.table_name())
            .set_key(Some(HashMap::from(key)))
            .update_expression(arguments["UpdateExpression"].as_str().expect("an expression"));
        if let Some(condition) = arguments.as_mapping_get("ConditionExpression") {
            update = update.condition_expression(condition.as_str().expect("a condition"));
        }
        for (name, value) in arguments["ExpressionAttributeValues"].as_mapping().expect("values") {
            update = update.expression_attribute_values(name.as_str().expect("a name"), self.value(value));
        }
        if let Err(error) = update.send().await {
            let refused =
                error.as_service_error().is_some_and(UpdateItemError::is_conditional_check_failed_exception);
            assert!(refused, "{state}: {error:?}");
            self.steps.clear();
        }
        self
    }

    fn value(&self, typed: &Yaml) -> AttributeValue {
        let (kind, value) = typed.as_mapping().expect("a typed value").iter().next().expect("its type");
        let text = |value: &Yaml| self.filled(value.as_str().expect("a text"));
        match kind.as_str() {
            Some("S") => AttributeValue::S(text(value)),
            Some("N") => AttributeValue::N(text(value)),
            Some("SS") => AttributeValue::Ss(value.as_sequence().expect("a set").iter().map(text).collect()),
            other => panic!("an attribute of type {other:?}"),
        }
    }

    /// Replaces variables of the execution in a text.
    fn filled(&self, text: &str) -> String {
        let filled = text
            .replace("{% $head.pk %}", &self.head.pk)
            .replace("{% $head.sk %}", &self.head.sk)
            .replace("{% $execution %}", &self.name)
            .replace("{% $photo_id %}", self.photo.as_deref().unwrap_or_default());
        assert!(!filled.contains("{%"), "{filled}: not a variable that is known here");
        filled
    }
}

fn segments(work: Work, author_id: domain::UserId) -> impl Iterator<Item = Step> {
    HashRange::ALL.split(SEGMENTS).into_iter().map(move |followers| {
        let (after, reached, skipped, done) = (None, 0, 0, false);
        Step::Segment(Segment { work, author_id, followers, after, reached, skipped, done })
    })
}
