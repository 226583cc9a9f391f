//! Executions of the celebrity workflows, step by step. What their states write is read from `statemachines/`.
//!
//! Whoever runs an execution takes its steps and does them: tests in any order, measurements one invocation at a time.

use std::collections::{HashMap, VecDeque};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::UserId;
use domain::feed::Crossing;
use messages::HashRange;
use messages::workflow::{CelebrityCrossing, CelebrityFanout, Segment, Work};
use saphyr::{LoadableYamlNode, Yaml};

/// What an execution does next.
#[derive(Clone, Debug)]
pub enum Step {
    /// Work on a segment, from its position.
    Segment(Segment),
    /// Wait a minute, in which reads under way end.
    Wait,
    /// Write to the author's head.
    Mark(Mark),
}

/// An execution under way.
#[derive(Clone, Debug)]
pub struct Execution(VecDeque<Step>);

impl Execution {
    /// `celebrity-fanout` in this many segments.
    pub fn fanout(input: &CelebrityFanout, segments: u32) -> Self {
        let photo_id = input.photo_id.to_string();
        let variables = [
            ("head.pk", input.head.pk.as_str()),
            ("head.sk", input.head.sk.as_str()),
            ("photo_id", photo_id.as_str()),
        ];
        let mark = Mark::of("celebrity-fanout", "MarkPushed", &variables);
        let work = Work::Push { photo_id: input.photo_id };
        Self(plan(work, input.author_id, segments).chain([Step::Wait, Step::Mark(mark)]).collect())
    }

    /// The execution `name` of `celebrity-promotion` or `celebrity-demotion`, in this many segments.
    pub fn crossing(crossing: Crossing, name: &str, input: &CelebrityCrossing, segments: u32) -> Self {
        let (workflow, first, work, last) = match crossing {
            Crossing::Promotion => ("celebrity-promotion", "MarkPromoting", Work::Enlist, "MarkCelebrity"),
            Crossing::Demotion => ("celebrity-demotion", "MarkDemoting", Work::Delist, "MarkOrdinary"),
        };
        let variables =
            [("head.pk", input.head.pk.as_str()), ("head.sk", input.head.sk.as_str()), ("execution", name)];
        let mark = |state| Step::Mark(Mark::of(workflow, state, &variables));
        let before = [mark(first), Step::Wait];
        let after = [Step::Wait, mark(last)];
        Self(before.into_iter().chain(plan(work, input.author_id, segments)).chain(after).collect())
    }

    /// Takes out the next step; none at the end.
    pub fn take_step(&mut self) -> Option<Step> {
        self.0.pop_front()
    }

    /// Goes on with a segment that was worked on, unless it is done.
    pub fn resume(&mut self, segment: Segment) {
        if !segment.done {
            self.0.push_front(Step::Segment(segment));
        }
    }

    /// Ends the execution, as it ends when the condition of a mark does not hold.
    pub fn end(&mut self) {
        self.0.clear();
    }

    /// Whether no step is left.
    pub fn is_done(&self) -> bool {
        self.0.is_empty()
    }
}

fn plan(work: Work, author_id: UserId, segments: u32) -> impl Iterator<Item = Step> {
    HashRange::ALL.split(segments).into_iter().map(move |followers| {
        let (after, reached, skipped, done) = (None, 0, 0, false);
        Step::Segment(Segment { work, author_id, followers, after, reached, skipped, done })
    })
}

/// What a state writes to an author's head.
#[derive(Clone, Debug)]
pub struct Mark {
    key: HashMap<String, AttributeValue>,
    update: String,
    condition: Option<String>,
    values: HashMap<String, AttributeValue>,
}

impl Mark {
    /// The write of a state in the definition of `workflow`, with the execution's variables filled in.
    fn of(workflow: &str, state: &str, variables: &[(&str, &str)]) -> Self {
        let path = format!("{}/../../statemachines/{workflow}.asl.yaml", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
        let documents = Yaml::load_from_str(&text).expect("a definition");
        let arguments = &documents[0]["States"][state]["Arguments"];
        let attributes = |of: &str| -> HashMap<String, AttributeValue> {
            let pairs = arguments[of].as_mapping().expect("attributes").iter();
            pairs.map(|(name, typed)| (text_of(name), attribute(typed, variables))).collect()
        };
        Self {
            key: attributes("Key"),
            update: text_of(&arguments["UpdateExpression"]),
            condition: arguments.as_mapping_get("ConditionExpression").map(text_of),
            values: attributes("ExpressionAttributeValues"),
        }
    }

    /// Writes it to `table`; whether its condition held.
    ///
    /// # Errors
    /// The table did not do it.
    pub async fn write(&self, client: &Client, table: &str) -> Result<bool, aws_sdk_dynamodb::Error> {
        let update = client
            .update_item()
            .table_name(table)
            .set_key(Some(self.key.clone()))
            .update_expression(&self.update)
            .set_condition_expression(self.condition.clone())
            .set_expression_attribute_values(Some(self.values.clone()));
        match update.send().await {
            Ok(_) => Ok(true),
            Err(error) => {
                let refused = error
                    .as_service_error()
                    .is_some_and(UpdateItemError::is_conditional_check_failed_exception);
                if refused { Ok(false) } else { Err(error.into()) }
            }
        }
    }
}

fn text_of(yaml: &Yaml) -> String {
    yaml.as_str().expect("a text").to_owned()
}

/// An attribute value such as `{N: "1"}`.
fn attribute(typed: &Yaml, variables: &[(&str, &str)]) -> AttributeValue {
    let (kind, value) = typed.as_mapping().expect("a typed value").iter().next().expect("its type");
    let text = |value: &Yaml| filled(text_of(value), variables);
    match kind.as_str() {
        Some("S") => AttributeValue::S(text(value)),
        Some("N") => AttributeValue::N(text(value)),
        Some("SS") => AttributeValue::Ss(value.as_sequence().expect("a set").iter().map(text).collect()),
        other => panic!("an attribute of type {other:?}"),
    }
}

/// A text of a definition with the execution's variables in it.
fn filled(mut text: String, variables: &[(&str, &str)]) -> String {
    for (name, value) in variables {
        text = text.replace(&format!("{{% ${name} %}}"), value);
    }
    assert!(!text.contains("{%"), "{text}: not a variable that is known here");
    text
}

#[cfg(test)]
mod tests {
    use domain::PhotoId;
    use messages::workflow::ItemKey;

    use super::*;

    fn head() -> ItemKey {
        ItemKey { pk: "p".to_owned(), sk: "s".to_owned() }
    }

    #[test]
    fn a_fan_out_works_on_all_followers_then_waits_then_marks_the_photo() {
        let photo_id = PhotoId::try_from(5).unwrap();
        let author_id = UserId::try_from(1).unwrap();
        let input = CelebrityFanout { photo_id, author_id, followers: 9, head: head() };
        let mut execution = Execution::fanout(&input, 2);
        let mut ranges = Vec::new();
        for last in [false, true] {
            let Some(Step::Segment(segment)) = execution.take_step() else { panic!("a segment") };
            ranges.push(segment.followers);
            execution.resume(Segment { done: last, ..segment });
            if !last {
                let Some(Step::Segment(again)) = execution.take_step() else { panic!("the same segment") };
                assert_eq!(again.followers, ranges[0]);
            }
        }
        assert_eq!(ranges, HashRange::ALL.split(2));
        assert!(matches!(execution.take_step(), Some(Step::Wait)));
        let Some(Step::Mark(mark)) = execution.take_step() else { panic!("a mark") };
        assert_eq!(mark.values[":photo"], AttributeValue::Ss(vec!["5".to_owned()]));
        assert_eq!(
            (&mark.key["pk"], &mark.key["sk"]),
            (&AttributeValue::S("p".into()), &AttributeValue::S("s".into()))
        );
        assert!(execution.is_done());
    }

    #[tokio::test]
    async fn a_mark_writes_only_under_its_condition() {
        let engine = crate::Engine::start().await;
        let input = CelebrityCrossing { author_id: UserId::try_from(1).unwrap(), followers: 9, head: head() };
        let mut execution = Execution::crossing(Crossing::Demotion, "e", &input, 1);
        let Some(Step::Mark(mark)) = execution.take_step() else { panic!("a mark") };
        let held = mark.write(&engine.client(), engine.table_name()).await.unwrap();
        assert!(!held, "nobody there is a celebrity");
        execution.end();
        assert!(execution.take_step().is_none());
    }
}
