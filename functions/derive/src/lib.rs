//! `derive`: derives everything that follows from a change of the table.
//!
//! - **Trigger**: the table's stream, filtered to the records that something follows from. And SQS `derive`,
//!   with the changes that were not to hold up the stream.
//! - **Access patterns**: transactions of derived edges and their counters, many edges to one. The author's
//!   timeline and head, and whether their account is private. Packed followings. The top comments of a photo.
//!   Comments that the author of their photo removed. Markers of photos that are being processed. Circles of two
//!   people, from what they say about each other by then. For each follow and request both pairs, which may forbid it. For each
//!   photo that was liked whether it is watched (1 RRU).
//! - **Emits**: after derivation `photo.ready`, `photo.failed`, `photo.deleted`, `picture.removed`,
//!   `like.added`, `like.removed`, `follow.added`, `follow.removed`, `request.added`, `request.removed`,
//!   `request.accepted`, `comment.added`, `comment.removed`, `mention.added`, `comment_like.added`,
//!   `comment_like.removed`, `reader.returned`, `audience.changed`, `link.added`,
//!   `password.changed` and `session.added`, to SNS. A record that comes
//!   again emits again. Consumers are idempotent: duplicates are safe, a missing event is not. Likes that go with
//!   their photo or comment emit nothing: `photo.deleted` and `comment.removed` say it. Nor do a follow and a
//!   request that a block ended before they were derived. To `live-send`, which photos were liked that somebody may
//!   watch. Changes to be derived out of order go to its own queue.
//! - **Redelivery**: an edge is written on condition that it does not exist, and removed on condition that it
//!   does, in one transaction with its counters. A batch that starts again from an earlier record ends in the
//!   same state. A change from the queue comes in any order, so it is checked against its source edge in the
//!   same transaction.
//! - **Failures**: for the stream, the answer names the first failed record. Lambda retries from there, and
//!   after the last try sends the batch's position in the stream to the dead-letter queue. A failed message
//!   comes back, and after its last try goes to the dead-letter queue of its queue. It can be redriven at any
//!   time.
//!
//! A batch is split into groups that share no counted item ([`group`]). Groups are derived side by side, each
//! in the order of the stream. If a group fails, all its records count as failed. So everything before the
//! first failed record is done. Later groups may be done too, and doing them again is harmless.
//!
//! A group that keeps meeting throttles or conflicts does not fail. The changes that touch its busiest item
//! go to the queue, and the stream moves on, so one hot photo delays nobody else. For some seconds the
//! function does not try that item at all ([`hot`]). If many items of a batch are busy, the table itself is,
//! and the stream waits. The function also works off the queue ([`out_of_order`]), a few messages at a time
//! and with more patience.

mod group;
mod hot;
mod out_of_order;

use std::collections::HashMap;
use std::sync::Arc;

use domain::{Clock, PhotoId};
use futures::{StreamExt, stream};
use messages::live::LikesChanged;
use runtime::queue::{Queue, SendError, Sender};
use runtime::stream::{Failed, Record};
use runtime::topic::{Publisher, Topic};
use runtime::{Aws, metrics};
use table::change::Change;
use table::keys::ItemKey;
use table::{Order, Table, watch};

pub use out_of_order::{NotDone, OutOfOrder};

use crate::group::{Step, busiest, group};
use crate::hot::Hot;

runtime::config! {
    /// Settings of `derive`.
    pub struct Config {
        /// Name of the table.
        pub table_name: String,
        /// The topic of domain events.
        pub topic_arn: String,
        /// The queue of changes that are derived out of order.
        pub derive_queue_url: String,
        /// The queue of `live-send`.
        pub live_send_queue_url: String,
    }
}

/// Groups derived at once: enough to hide round trips, few enough not to throttle a new table.
const GROUPS_AT_ONCE: usize = 8;
/// Times a group is tried, each time without the item that was busiest before.
const TRIES: usize = 2;

/// Most items of one batch that count as busy one by one. If more are busy, the table itself throttles.
/// The stream then waits, which keeps the order; otherwise all of it would go to the queue.
const BUSY_ITEMS: usize = 16;

/// The queues that `derive` sends to.
#[derive(Clone, Debug)]
pub struct Queues<O = Queue> {
    /// What is to be derived out of order.
    pub out_of_order: O,
    /// Photos that are watched and whose number of likes changed, for `live-send`.
    pub live: O,
}

/// Handles the table's stream: derives from every record, and publishes events.
pub struct DeriveHandler<P = Topic, O = Queue> {
    table: Table,
    publisher: P,
    queues: Queues<O>,
    hot: Hot,
    clock: Arc<dyn Clock>,
}

impl DeriveHandler {
    /// Connects to the table, the topic and the queue.
    pub fn connect(config: &Config, aws: &Aws) -> Self {
        let table = Table::new(aws.dynamodb(), &config.table_name);
        let queues = Queues {
            out_of_order: Queue::connect(aws, &config.derive_queue_url),
            live: Queue::connect(aws, &config.live_send_queue_url),
        };
        Self::new(table, Topic::connect(aws, &config.topic_arn), queues, aws.clock())
    }
}

/// A record that failed, named by its index in the batch.
struct Failure {
    place: usize,
    source: Box<dyn std::error::Error + Send + Sync>,
}

/// The error of a throttled table: too many items of one batch were busy.
#[derive(Debug, thiserror::Error)]
#[error("{0} items of one batch were busy")]
struct TableBusy(usize);

impl Failure {
    fn at(place: usize, source: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self { place, source: Box::new(source) }
    }
}

/// The result of a batch, or of a group of it.
#[derive(Default)]
struct Outcome {
    /// Steps that are derived and are to be published.
    derived: Vec<Step>,
    /// Steps to derive out of order, one list for each busy item.
    out_of_order: Vec<Vec<Step>>,
    /// Items that were found busy.
    busy: Vec<ItemKey>,
    failures: Vec<Failure>,
}

impl<P: Publisher, O: Sender> DeriveHandler<P, O> {
    /// Creates a handler that derives in `table`, publishes to `publisher`, and sends to `queues`.
    pub fn new(table: Table, publisher: P, queues: Queues<O>, clock: Arc<dyn Clock>) -> Self {
        Self { table, publisher, queues, hot: Hot::new(clock.clone()), clock }
    }

    /// Derives the steps of a batch.
    async fn derive(&self, steps: Vec<Step>) -> Outcome {
        let mut hot: HashMap<ItemKey, Vec<Step>> = HashMap::new();
        let mut others = Vec::new();
        for step in steps {
            match self.hot.first_of(&step.change.touches()) {
                Some(item) => hot.entry(item).or_default().push(step),
                None => others.push(step),
            }
        }
        let groups: Vec<Outcome> = stream::iter(group(others))
            .map(|steps| self.derive_group(steps))
            .buffer_unordered(GROUPS_AT_ONCE)
            .collect()
            .await;
        let mut outcome = Outcome::default();
        for group in groups {
            outcome.derived.extend(group.derived);
            outcome.out_of_order.extend(group.out_of_order);
            outcome.busy.extend(group.busy);
            outcome.failures.extend(group.failures);
        }
        if outcome.busy.len() > BUSY_ITEMS {
            let first = outcome.out_of_order.drain(..).flatten().map(|step| step.place).min();
            let error = TableBusy(outcome.busy.len());
            outcome.failures.extend(first.map(|first| Failure::at(first, error)));
        } else {
            outcome.busy.drain(..).for_each(|item| self.hot.mark(item));
        }
        outcome.out_of_order.extend(hot.into_values());
        outcome.derived.sort_unstable_by_key(|step| step.place);
        outcome
    }

    /// Derives a group. Steps that touch a busy item are left to be derived out of order;
    /// the other steps are retried.
    async fn derive_group(&self, mut steps: Vec<Step>) -> Outcome {
        let mut outcome = Outcome::default();
        for _ in 0..TRIES {
            let changes = steps.iter().map(|step| &step.change);
            match (table::apply(&self.table, changes, Order::InOrder).await, busiest(&steps)) {
                (Err(error @ table::Error::Busy { .. }), Some(item)) => {
                    tracing::warn!(steps = steps.len(), error = %runtime::failure::Chain(&error), "busy");
                    let (busy, rest) =
                        steps.into_iter().partition(|step| step.change.touches().contains(&item));
                    outcome.busy.push(item);
                    outcome.out_of_order.push(busy);
                    steps = rest;
                }
                (Err(error), _) => {
                    outcome.failures.extend(steps.first().map(|first| Failure::at(first.place, error)));
                    return outcome;
                }
                (Ok(gone), _) => {
                    steps.retain(|step| !step.change.went_along(&gone));
                    outcome.derived = steps;
                    return outcome;
                }
            }
        }
        outcome.out_of_order.push(steps);
        outcome
    }

    async fn publish(&self, steps: &[Step]) -> Result<(), Failure> {
        let (places, events): (Vec<usize>, Vec<_>) = steps
            .iter()
            .flat_map(|step| step.change.events().into_iter().map(|event| (step.place, event)))
            .unzip();
        if events.is_empty() {
            return Ok(());
        }
        self.publisher.publish(&events).await.map_err(|unpublished| {
            let place = places.get(unpublished.place).or(places.first()).copied().unwrap_or(0);
            Failure::at(place, unpublished)
        })
    }

    /// Sends to `live-send` which photos have another number of likes by now, if somebody may watch them.
    async fn send_likes(&self, changes: impl Iterator<Item = &Change>) -> Result<(), SendError> {
        let mut photos: Vec<PhotoId> = changes.filter_map(Change::liked).collect();
        photos.sort_unstable();
        photos.dedup();
        if photos.is_empty() {
            return Ok(());
        }
        let at = self.clock.now();
        let watched = watch::watched_among(&self.table, &photos, at).await.unwrap_or_else(|error| {
            // Hints hold up nothing. `live-send` finds out who watches.
            tracing::warn!(error = %runtime::failure::Chain(&error), "watchers unknown");
            photos
        });
        let changed = |photo_id| LikesChanged { photo_id, at, in_turn: false };
        let changed: Vec<LikesChanged> = watched.into_iter().map(changed).collect();
        if changed.is_empty() { Ok(()) } else { self.queues.live.send(&changed).await }
    }

    /// Sends steps to the queue. Their events are published when they are derived.
    async fn send_out_of_order(&self, items: &[Vec<Step>]) -> Result<(), Failure> {
        let Some(first) = items.iter().flatten().map(|step| step.place).min() else { return Ok(()) };
        self.queues
            .out_of_order
            .send(&out_of_order::messages(items))
            .await
            .map_err(|error| Failure::at(first, error))?;
        let count = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
        metrics::count("groups_apart", count(items.iter().filter(|steps| !steps.is_empty()).count()));
        metrics::count("changes_apart", count(items.iter().map(Vec::len).sum()));
        Ok(())
    }
}

impl<P: Publisher, O: Sender> runtime::stream::Handler for DeriveHandler<P, O> {
    async fn handle(&self, records: Vec<Record>) -> Result<(), Failed> {
        let (mut steps, mut failures) = (Vec::new(), Vec::new());
        for (place, record) in records.iter().enumerate() {
            match Change::read(record.old.as_ref(), record.new.as_ref()) {
                Ok(Some(change)) => steps.push(Step { place, change }),
                Ok(None) => {}
                Err(error) => failures.push(Failure::at(place, error)),
            }
        }
        let outcome = self.derive(steps).await;
        failures.extend(outcome.failures);
        let likes = self.send_likes(outcome.derived.iter().map(|step| &step.change));
        let (published, told) = futures::join!(self.publish(&outcome.derived), likes);
        failures.extend(published.err());
        let liked = outcome.derived.iter().find(|step| step.change.liked().is_some());
        failures.extend(told.err().zip(liked).map(|(error, first)| Failure::at(first.place, error)));
        failures.extend(self.send_out_of_order(&outcome.out_of_order).await.err());

        failures.sort_by_key(|failure| failure.place);
        let mut failures = failures.into_iter();
        let Some(first) = failures.next() else { return Ok(()) };
        // The caller logs the first failure. Lambda delivers the others again with it; any of them may be
        // first then.
        for other in failures {
            tracing::warn!(place = other.place, error = %runtime::failure::Chain(other.source.as_ref()), "another record failed");
        }
        match records.get(first.place) {
            Some(record) => Err(Failed::at(record, first.source)),
            None => Err(Failed { sequence_number: String::new(), source: first.source }),
        }
    }
}
