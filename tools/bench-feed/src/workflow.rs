//! `celebrity-fanout` step by step, as in its state machine: plan, segments, a minute's wait, the mark.

use std::time::Duration;

use domain::{Clock, Timestamp};
use messages::workflow::CelebrityFanout;
use runtime::task::Handler;
use testkit::workflow::{Execution, Step};

use crate::Result;
use crate::stage::{Spent, Stage};

/// Followers that one segment is planned for, and the most segments there are, as in the state `Plan`.
const SEGMENT: i64 = 10_000;
const SEGMENTS: i64 = 2_000;

/// An execution under way, and what it took so far.
pub struct Push {
    execution: Execution,
    /// When the wait is over that it is in.
    wakes_at: Option<Timestamp>,
    /// What its invocations took so far.
    pub spent: Spent,
    /// Number of those invocations.
    pub invocations: usize,
}

impl Push {
    /// Plans an execution.
    pub fn plan(input: &CelebrityFanout) -> Self {
        let count = (input.followers.max(1) + SEGMENT - 1) / SEGMENT;
        let segments = u32::try_from(count.min(SEGMENTS)).unwrap_or(1);
        let execution = Execution::fanout(input, segments);
        Self { execution, wakes_at: None, spent: Spent::default(), invocations: 0 }
    }

    /// Returns whether the execution has ended.
    pub fn is_done(&self) -> bool {
        self.execution.is_done()
    }

    /// Takes the next step that is due: one invocation for a segment, or the mark.
    ///
    /// # Errors
    /// A step failed.
    pub fn step(&mut self, stage: &Stage) -> Result<()> {
        let now = stage.clock.now();
        if self.wakes_at.is_some_and(|wakes_at| now < wakes_at) {
            return Ok(());
        }
        self.wakes_at = None;
        match self.execution.take_step() {
            Some(Step::Segment(segment)) => {
                let (segment, spent) = stage.invoke(stage.segment.handle(segment))?;
                self.spent.add(&spent);
                self.invocations += 1;
                self.execution.resume(segment?);
            }
            Some(Step::Wait) => self.wakes_at = Some(now.plus_ms(60_000)),
            Some(Step::Mark(mark)) => {
                let (held, spent) = stage.invoke(mark.write(&stage.client, stage.engine.table_name()))?;
                self.spent.add(&spent);
                if !held? {
                    self.execution.end();
                }
            }
            None => {}
        }
        Ok(())
    }

    /// Takes all steps, and moves the clock forward as they need.
    ///
    /// # Errors
    /// A step failed.
    pub fn finish(&mut self, stage: &Stage) -> Result<()> {
        while !self.is_done() {
            if self.wakes_at.is_some() {
                stage.pass(Duration::from_mins(1));
            }
            self.step(stage)?;
        }
        Ok(())
    }
}
