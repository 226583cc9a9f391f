//! `derive`: everything that follows from what somebody did.
//!
//! - **Trigger**: the table's stream, filtered to the records that derive something.
//! - **Access patterns**: transactions of derived edges and the counters that count them, many edges to one; the author's
//!   timeline and head; rows of photos that wait to be processed.
//! - **Emits**: `photo.ready`, `photo.deleted`, `like.added`, `follow.added`, `follow.removed` and `reader.returned`, to
//!   SNS, for every record seen, also when it comes again: consumers are idempotent, so publishing twice is safe and
//!   publishing never is not.
//! - **Redelivery**: an edge is written under the condition that it is not there, and removed under the condition that it
//!   is, in one transaction with its counters. A batch that starts again from an earlier record ends in the same state.
//! - **Failures**: the answer names the first record of the batch that failed; Lambda starts again there and after some
//!   tries sends its place in the stream to the dead-letter queue.
//!
//! A batch falls into groups that share no counted item ([`group`]). They are derived side by side, each in the order of
//! the stream, and what is derived is published. When a group fails, all its records count as failed, so that everything
//! before the first failed record of the batch is done. Groups behind it may be done too: doing them again is harmless.

mod apply;
mod group;
mod publish;

use futures::{StreamExt, stream};
use runtime::Aws;
use runtime::stream::{Failed, Record};
use table::Table;
use table::change::Change;

pub use publish::{Publisher, Topic, Unpublished};

use crate::group::{Step, group};

runtime::config! {
    /// Settings of `derive`.
    pub struct Config {
        /// Name of the table.
        pub table_name: String,
        /// The topic of domain events.
        pub topic_arn: String,
    }
}

/// Groups derived at once: enough to hide round trips, few enough not to throttle a new table.
const GROUPS_AT_ONCE: usize = 8;

/// What is derived with.
pub struct Deps<P = Topic> {
    table: Table,
    publisher: P,
}

impl Deps {
    /// Connects to the table and the topic.
    pub fn connect(config: &Config, aws: &Aws) -> Self {
        let table = Table::new(aws.dynamodb(), &config.table_name);
        Self::new(table, Topic::connect(aws, &config.topic_arn))
    }
}

/// A record that failed, by its place in the batch.
struct Failure {
    place: usize,
    source: Box<dyn std::error::Error + Send + Sync>,
}

impl Failure {
    fn at(place: usize, source: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self { place, source: Box::new(source) }
    }
}

impl<P: Publisher> Deps<P> {
    /// Derives in `table` and publishes to `publisher`.
    pub fn new(table: Table, publisher: P) -> Self {
        Self { table, publisher }
    }

    /// Derives `steps`; those that were derived, in their order.
    async fn derive(&self, steps: Vec<Step>, failures: &mut Vec<Failure>) -> Vec<Step> {
        let outcomes: Vec<_> = stream::iter(group(steps))
            .map(|steps| async move {
                let outcome = apply::apply(&self.table, &steps).await;
                (steps, outcome)
            })
            .buffer_unordered(GROUPS_AT_ONCE)
            .collect()
            .await;
        let mut derived = Vec::new();
        for (steps, outcome) in outcomes {
            match (outcome, steps.first()) {
                (Err(error), Some(first)) => failures.push(Failure::at(first.place, error)),
                _ => derived.extend(steps),
            }
        }
        derived.sort_unstable_by_key(|step| step.place);
        derived
    }

    async fn publish(&self, steps: &[Step], failures: &mut Vec<Failure>) {
        let (places, events): (Vec<usize>, Vec<_>) =
            steps.iter().filter_map(|step| Some((step.place, publish::event(&step.change)?))).unzip();
        if events.is_empty() {
            return;
        }
        if let Err(unpublished) = self.publisher.publish(&events).await {
            let place = places.get(unpublished.place).or(places.first()).copied().unwrap_or(0);
            failures.push(Failure::at(place, unpublished));
        }
    }
}

impl<P: Publisher> runtime::stream::Handler for Deps<P> {
    async fn handle(&self, records: Vec<Record>) -> Result<(), Failed> {
        let (mut steps, mut failures) = (Vec::new(), Vec::new());
        for (place, record) in records.iter().enumerate() {
            match Change::read(record.old.as_ref(), record.new.as_ref()) {
                Ok(Some(change)) => steps.push(Step { place, change }),
                Ok(None) => {}
                Err(error) => failures.push(Failure::at(place, error)),
            }
        }
        let derived = self.derive(steps, &mut failures).await;
        self.publish(&derived, &mut failures).await;

        failures.sort_by_key(|failure| failure.place);
        let mut failures = failures.into_iter();
        let Some(first) = failures.next() else { return Ok(()) };
        // The first is logged by whoever gets it; the others come again with it and may then be the first.
        for other in failures {
            tracing::warn!(place = other.place, error = %runtime::failure::Chain(other.source.as_ref()), "failed too");
        }
        match records.get(first.place) {
            Some(record) => Err(Failed::at(record, first.source)),
            None => Err(Failed { sequence_number: String::new(), source: first.source }),
        }
    }
}
