//! `fanout-segment`: works on one hash range of a celebrity's followers.
//!
//! - **Trigger**: a task of the workflows `celebrity-fanout`, `celebrity-promotion` and `celebrity-demotion`,
//!   once for each segment.
//! - **Access patterns**: followers in pages of 1,000. A page takes one query of edges, `BatchGetItem` of the
//!   readers' states, a write for each active one (1 WRU), and one query for who left meanwhile.
//! - **Emits**: `follow.removed` to the queue `backfill`, for followers who left meanwhile.
//! - **Redelivery**: an entry is its key, and a reader's celebrities are a set. A segment that is done again,
//!   from any position, changes nothing.
//! - **Failures**: the workflow gets the error by name and retries. An execution that still fails ends as
//!   failed.
//!
//! A segment takes as long as it has active followers. After half a minute the function returns its position,
//! and the workflow calls it again. So Lambda's time limit does not limit a segment.

use std::sync::Arc;

use domain::{Clock, Fault, FaultKind, Home, PhotoId, Timestamp, UserId};
use messages::Event;
use messages::workflow::{Segment, Work};
use runtime::Aws;
use runtime::queue::{Queue, SendError, Sender};
use runtime::task::TaskError;
use table::feed::Delivery;
use table::follow::FollowerPages;
use table::{Table, feed, head, photo, reader, timeline};

runtime::config! {
    /// Settings of `fanout-segment`.
    pub struct Config {
        /// Name of the table.
        pub table_name: String,
        /// The queue of `backfill`, for followers who left meanwhile.
        pub backfill_queue_url: String,
    }
}

/// Time after which a segment's position is handed back. It is half of the function's timeout, so that work
/// in progress still ends in time, throttled or not.
const WORK_MS: i64 = 30_000;
/// Entries written between two checks of the clock: some seconds, and some megabytes.
const ENTRIES_AT_ONCE: usize = 5_000;
/// Photos read from a timeline when the head does not hold all that are not in every feed.
const UNPUSHED: usize = 200;

/// Handles one segment of a celebrity's followers: pushes, enlists or delists.
pub struct FanoutSegmentHandler<Q = Queue> {
    table: Table,
    backfill: Q,
    clock: Arc<dyn Clock>,
}

/// The reason why a segment cannot be finished now.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The table failed.
    #[error(transparent)]
    Table(#[from] table::Error),
    /// Followers who unfollowed were not sent on.
    #[error(transparent)]
    Send(#[from] SendError),
}

impl TaskError for Error {
    fn name(&self) -> &'static str {
        match self {
            Self::Table(error) if error.kind() == FaultKind::Permanent => "Unavailable",
            Self::Table(_) | Self::Send(_) => "Busy",
        }
    }
}

impl FanoutSegmentHandler {
    /// Connects to the table and the queue.
    pub fn connect(config: &Config, aws: &Aws) -> Self {
        let table = Table::new(aws.dynamodb(), &config.table_name);
        Self::new(table, Queue::connect(aws, &config.backfill_queue_url), aws.clock())
    }
}

impl<Q: Sender> FanoutSegmentHandler<Q> {
    /// Creates a handler for segments in `table`. Followers who unfollowed go to `backfill`.
    pub fn new(table: Table, backfill: Q, clock: Arc<dyn Clock>) -> Self {
        Self { table, backfill, clock }
    }

    async fn work_on(&self, mut segment: Segment) -> Result<Segment, Error> {
        let started = self.clock.now();
        let Some(task) = self.task(&segment).await? else {
            return Ok(Segment { done: true, ..segment });
        };
        let range = segment.followers;
        let mut walk =
            FollowerPages::new(segment.author_id, Home::LOCAL, range.first, range.last, segment.after);
        while let Some(page) = walk.next(&self.table).await? {
            let mut parts = page.chunks(task.readers_at_once()).peekable();
            while let Some(part) = parts.next() {
                let delivery = self.deliver(&segment, &task, part, started).await?;
                let (reached, skipped) = (delivery.reached.len() as u64, delivery.skipped as u64);
                runtime::metrics::count("followers_reached", reached);
                runtime::metrics::count("inactive_skipped", skipped);
                segment.reached += reached;
                segment.skipped += skipped;
                segment.after = part.last().copied();
                if self.clock.now().0 - started.0 >= WORK_MS {
                    segment.done = walk.is_done() && parts.peek().is_none();
                    return Ok(segment);
                }
            }
        }
        segment.done = true;
        Ok(segment)
    }

    /// Returns the work to do for each follower, or none for a photo that is gone.
    async fn task(&self, segment: &Segment) -> Result<Option<Task>, Error> {
        Ok(match segment.work {
            Work::Push { photo_id } => {
                let photo = photo::get_latest(&self.table, photo_id).await?;
                photo.is_some_and(|photo| photo.is_listed()).then(|| Task::Deliver(vec![photo_id]))
            }
            Work::Enlist => Some(Task::Enlist),
            Work::Delist => {
                let unpushed = head::status_latest(&self.table, segment.author_id).await?.unpushed;
                Some(Task::Delist(if unpushed.complete {
                    unpushed.photos
                } else {
                    timeline::page(&self.table, segment.author_id, None, UNPUSHED).await?.items
                }))
            }
        })
    }

    async fn deliver(
        &self,
        segment: &Segment,
        task: &Task,
        page: &[UserId],
        now: Timestamp,
    ) -> Result<Delivery, Error> {
        let (table, author) = (&self.table, segment.author_id);
        let delivery = match task {
            Task::Enlist => feed::enlist(table, author, page, now).await?,
            Task::Deliver(photos) => feed::deliver(table, author, page, photos, now).await?,
            Task::Delist(photos) => {
                // Entries are written first. In between, a reader has both entry and pull,
                // and shows each photo once.
                let delivery = feed::deliver(table, author, page, photos, now).await?;
                reader::all_stop_pulling_from(table, &delivery.reached, author).await?;
                delivery
            }
        };
        self.backfill.send(&Event::unfollowed(author, &delivery.gone)).await?;
        Ok(delivery)
    }
}

/// The work done for each active follower.
enum Task {
    Deliver(Vec<PhotoId>),
    Enlist,
    Delist(Vec<PhotoId>),
}

impl Task {
    /// Returns how many followers are handled between two checks of the clock.
    fn readers_at_once(&self) -> usize {
        match self {
            Self::Enlist => ENTRIES_AT_ONCE,
            Self::Deliver(photos) | Self::Delist(photos) => (ENTRIES_AT_ONCE / photos.len().max(1)).max(1),
        }
    }
}

impl<Q: Sender> runtime::task::Handler for FanoutSegmentHandler<Q> {
    type Input = Segment;
    type Output = Segment;
    type Error = Error;

    async fn handle(&self, segment: Segment) -> Result<Segment, Error> {
        self.work_on(segment).await
    }
}
