//! `celebrity-fanout` step by step, as its state machine goes: plan, segments, a minute's wait, the mark.

use std::collections::{HashMap, VecDeque};

use aws_sdk_dynamodb::types::AttributeValue;
use domain::{Clock, Timestamp};
use messages::HashRange;
use messages::workflow::{CelebrityFanout, Segment, Work};
use table::keys::{PK, SK};

use crate::Result;
use crate::stage::{Spent, Stage};

/// Followers that one segment is planned for, and the most segments there are, as in the state machine.
const SEGMENT: i64 = 10_000;
const SEGMENTS: i64 = 2_000;
/// How long readers go on pulling a photo that is in every feed.
const SETTLE_MS: i64 = 60_000;

/// An execution under way.
pub struct Execution {
    input: CelebrityFanout,
    segments: VecDeque<Segment>,
    settled_at: Option<Timestamp>,
    done: bool,
    /// What its invocations took so far.
    pub spent: Spent,
    /// How many those were.
    pub invocations: usize,
}

impl Execution {
    /// Plans an execution.
    pub fn plan(input: CelebrityFanout) -> Self {
        let count = (input.followers.max(1) + SEGMENT - 1) / SEGMENT;
        let parts = u32::try_from(count.min(SEGMENTS)).unwrap_or(1);
        let segments = HashRange::ALL.split(parts).into_iter().map(|followers| Segment {
            work: Work::Push { photo_id: input.photo_id },
            author_id: input.author_id,
            followers,
            after: None,
            reached: 0,
            skipped: 0,
            done: false,
        });
        let segments = segments.collect();
        Self { input, segments, settled_at: None, done: false, spent: Spent::default(), invocations: 0 }
    }

    /// Whether it has ended.
    pub fn is_done(&self) -> bool {
        self.done
    }

    /// Takes the next step that its time has come for: one invocation for a segment, or the mark.
    ///
    /// # Errors
    /// A step failed.
    pub fn step(&mut self, stage: &Stage) -> Result<()> {
        if let Some(segment) = self.segments.pop_front() {
            let (segment, spent) = stage.invoke(runtime::task::Handler::handle(&stage.segment, segment))?;
            let segment = segment?;
            self.spent.add(&spent);
            self.invocations += 1;
            if !segment.done {
                self.segments.push_back(segment);
            }
            return Ok(());
        }
        let now = stage.clock.now();
        match self.settled_at {
            None => self.settled_at = Some(now.plus_ms(SETTLE_MS)),
            Some(settled) if now >= settled && !self.done => {
                let (marked, spent) = stage.invoke(self.mark(stage))?;
                marked?;
                self.spent.add(&spent);
                self.done = true;
            }
            Some(_) => {}
        }
        Ok(())
    }

    /// Takes all steps, letting time pass.
    ///
    /// # Errors
    /// A step failed.
    pub fn finish(&mut self, stage: &Stage) -> Result<()> {
        while !self.done {
            if self.segments.is_empty() {
                stage.pass(std::time::Duration::from_millis(SETTLE_MS.unsigned_abs()));
            }
            self.step(stage)?;
        }
        Ok(())
    }

    /// The state `MarkPushed`.
    async fn mark(&self, stage: &Stage) -> Result<()> {
        let head = &self.input.head;
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let key = HashMap::from([(PK.to_owned(), text(&head.pk)), (SK.to_owned(), text(&head.sk))]);
        let update = stage.client.update_item().table_name(stage.engine.table_name()).set_key(Some(key));
        update
            .update_expression("SET version = version + :one DELETE unpushed :photo")
            .expression_attribute_values(":one", AttributeValue::N("1".to_owned()))
            .expression_attribute_values(":photo", AttributeValue::Ss(vec![self.input.photo_id.to_string()]))
            .send()
            .await?;
        Ok(())
    }
}
