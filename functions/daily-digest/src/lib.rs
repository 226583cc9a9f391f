//! `daily-digest`: says whose daily mail is due.
//!
//! - **Trigger**: an hourly schedule, whose event says when it was. The function runs on the task adapter, which
//!   returns its errors to Lambda.
//! - **Access patterns**: the people of one hour of the day, by pages of 500 from each of its shards (0.5 RRU for each
//!   4 KiB).
//! - **Emits**: `digest.due` for each, to SNS, ten in a call.
//! - **Redelivery**: everybody is named again. `mail` sends to each at most once in 12 hours.
//! - **Failures**: a shard that fails does not stop the others. The run then fails as `DigestIncomplete`, and Lambda
//!   repeats it twice with the same event, before the event goes to the dead-letter queue. Who was not named gets the
//!   next mail a day later.

use std::sync::Arc;

use domain::{Clock, Timestamp};
use futures::{StreamExt, stream};
use messages::Event;
use runtime::Aws;
use runtime::task::TaskError;
use runtime::topic::{Publisher, Topic, Unpublished};
use serde::{Deserialize, Serialize};
use table::{Table, digest};

/// Shards that are worked on at once.
const AT_ONCE: usize = 4;

runtime::config! {
    /// Settings of `digest`.
    pub struct Config {
        /// Name of the table.
        pub table_name: String,
        /// ARN of the topic of events.
        pub topic_arn: String,
    }
}

/// Handles the hour.
pub struct DailyDigestHandler<P = Topic> {
    table: Table,
    topic: P,
    clock: Arc<dyn Clock>,
}

impl DailyDigestHandler {
    /// Connects to the table and the topic.
    pub fn connect(config: &Config, aws: &Aws) -> Self {
        let topic = Topic::connect(aws, &config.topic_arn);
        Self::new(Table::new(aws.dynamodb(), &config.table_name), topic, aws.clock())
    }
}

/// The schedule's event.
#[derive(Debug, Deserialize)]
pub struct Input {
    /// When it was (RFC 3339). A repetition after a failure may be in the next hour.
    time: Option<String>,
}

/// The result of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Named {
    /// The hour of the day (UTC).
    pub hour: u8,
    /// How many people were named.
    pub people: usize,
}

/// Some people were not named.
#[derive(Debug, thiserror::Error)]
#[error("the people of {failed} shards were not all named")]
pub struct Incomplete {
    failed: usize,
    source: Error,
}

impl TaskError for Incomplete {
    fn name(&self) -> &'static str {
        "DigestIncomplete"
    }
}

/// The reason why the people of a shard were not all named.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The table failed.
    #[error(transparent)]
    Table(#[from] table::Error),
    /// The topic failed.
    #[error(transparent)]
    Publish(#[from] Unpublished),
}

impl<P: Publisher> DailyDigestHandler<P> {
    /// Creates a handler of who is in `table`, which tells `topic`.
    pub fn new(table: Table, topic: P, clock: Arc<dyn Clock>) -> Self {
        Self { table, topic, clock }
    }

    /// Names the people of a shard; returns how many.
    async fn name(&self, hour: u8, shard: u8) -> Result<usize, Error> {
        let (mut named, mut after) = (0, None);
        loop {
            let page = digest::subscribers(&self.table, hour, shard, after).await?;
            let due: Vec<Event> =
                page.items.iter().map(|&user_id| Event::DigestDue { user_id, hour }).collect();
            self.topic.publish(&due).await?;
            named += due.len();
            after = page.items.last().copied();
            if !page.more {
                return Ok(named);
            }
        }
    }
}

impl<P: Publisher> runtime::task::Handler for DailyDigestHandler<P> {
    type Input = Input;
    type Output = Named;
    type Error = Incomplete;

    async fn handle(&self, input: Input) -> Result<Named, Incomplete> {
        let scheduled = input.time.and_then(|time| time.parse::<Timestamp>().ok());
        let hour = scheduled.unwrap_or_else(|| self.clock.now()).hour_of_day();
        let outcomes: Vec<_> = stream::iter(0..digest::SHARDS)
            .map(|shard| self.name(hour, shard))
            .buffer_unordered(AT_ONCE)
            .collect()
            .await;
        let (mut people, mut failures) = (0, Vec::new());
        for outcome in outcomes {
            match outcome {
                Ok(named) => people += named,
                Err(error) => failures.push(error),
            }
        }
        runtime::metrics::count("digests_due", u64::try_from(people).unwrap_or(u64::MAX));
        let failed = failures.len();
        match failures.into_iter().next() {
            None => Ok(Named { hour, people }),
            Some(source) => Err(Incomplete { failed, source }),
        }
    }
}
