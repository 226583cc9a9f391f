//! `fanout`: a new photo into the feeds of those who follow its author and were here lately.
//!
//! - **Trigger**: SQS `fanout`, subscribed to `photo.ready`; and messages of its own, each for a part of a large
//!   following.
//! - **Access patterns**: one get of the photo; one of the author, to see how many follow them; then followers page by
//!   page: one query of edges, `BatchGetItem` of the readers' states, `BatchWriteItem` of the entries of those active.
//!   An entry costs 1 WRU and little more than 0.5 RRU, a reader who is away only the read.
//! - **Emits**: `photo.ready` for parts of a large following, to its own queue.
//! - **Redelivery**: an entry is its key: writing it again changes nothing. A following that is split twice is written
//!   twice. Messages for a photo that is gone are done.
//! - **Failures**: the message comes back, and after some tries waits in the dead-letter queue. What is not in a feed by
//!   then is still found by whoever pulls.
//!
//! A photo deleted while its entries are being written may leave some of them behind. They are never shown, because a page
//! shows only photos that are there, and they expire. In the same way an unfollow that overtakes a page of followers under
//! way may leave the entry of that one photo.

use std::sync::Arc;

use domain::feed::Entry;
use domain::{Clock, PhotoId, UserId};
use messages::{Event, HashRange};
use runtime::Aws;
use runtime::queue::{Outlet, Queue, SendError};
use table::follow::{self, From};
use table::{Table, feed, photo, user};

runtime::config! {
    /// Settings of `fanout`.
    pub struct Config {
        /// Name of the table.
        pub table_name: String,
        /// The queue that this function works off, for parts of a large following.
        pub fanout_queue_url: String,
    }
}

/// Followers that one message is for, about: what takes seconds.
pub const PART: u32 = 2_500;
/// Followers read at once: all that is ever held of a following.
const PAGE: usize = 1_000;

/// What photos are fanned out with.
pub struct Deps<Q = Queue> {
    table: Table,
    queue: Q,
    clock: Arc<dyn Clock>,
}

/// Why a message cannot be handled now.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The table did not do it.
    #[error(transparent)]
    Table(#[from] table::Error),
    /// The parts of a large following were not sent.
    #[error(transparent)]
    Send(#[from] SendError),
    /// A subscription lets through what nobody here handles.
    #[error("{0} is no message for this function")]
    Misdirected(&'static str),
}

impl Deps {
    /// Connects to the table and the queue.
    pub fn connect(config: &Config, aws: &Aws) -> Self {
        let table = Table::new(aws.dynamodb(), &config.table_name);
        Self::new(table, Queue::connect(aws, &config.fanout_queue_url), aws.clock())
    }
}

impl<Q: Outlet> Deps<Q> {
    /// Fans out in `table`, large followings through `queue`.
    pub fn new(table: Table, queue: Q, clock: Arc<dyn Clock>) -> Self {
        Self { table, queue, clock }
    }

    async fn fan_out(&self, photo: PhotoId, author: UserId, range: HashRange) -> Result<(), Error> {
        // As it is at this moment: a copy that lags behind might say that the photo is not ready yet, and the message
        // would be gone.
        let listed = photo::get_latest(&self.table, photo).await?.is_some_and(|photo| photo.is_listed());
        if !listed {
            return Ok(());
        }
        if range == HashRange::ALL && self.split(photo, author).await? {
            return Ok(());
        }
        self.push(Entry { photo, author }, range).await
    }

    /// Splits a large following into messages of their own; whether it was one.
    async fn split(&self, photo_id: PhotoId, author_id: UserId) -> Result<bool, Error> {
        let followers = user::get(&self.table, author_id).await?.map_or(0, |author| author.followers);
        let parts = u32::try_from(followers).unwrap_or(0).div_ceil(PART);
        if parts < 2 {
            return Ok(false);
        }
        let ranges = HashRange::ALL.split(parts).into_iter();
        let events: Vec<Event> =
            ranges.map(|followers| Event::PhotoReady { photo_id, author_id, followers }).collect();
        self.queue.send(&events).await?;
        Ok(true)
    }

    async fn push(&self, entry: Entry, range: HashRange) -> Result<(), Error> {
        let now = self.clock.now();
        let mut from = From::Hash(range.first);
        loop {
            let page = follow::followers(&self.table, entry.author, from, range.last, PAGE).await?;
            let active = feed::active_among(&self.table, &page.items, now).await?;
            feed::push(&self.table, &active, entry).await?;
            runtime::metrics::count("entries_pushed", u64::try_from(active.len()).unwrap_or(u64::MAX));
            let skipped = page.items.len().saturating_sub(active.len());
            runtime::metrics::count("inactive_skipped", u64::try_from(skipped).unwrap_or(u64::MAX));
            match page.items.last() {
                Some(&last) if page.more => from = From::After(last),
                _ => return Ok(()),
            }
        }
    }
}

impl<Q: Outlet> runtime::sqs::Handler for Deps<Q> {
    type Message = Event;
    type Error = Error;

    async fn handle(&self, event: Event) -> Result<(), Error> {
        match event {
            Event::PhotoReady { photo_id, author_id, followers } => {
                self.fan_out(photo_id, author_id, followers).await
            }
            other => Err(Error::Misdirected(other.kind())),
        }
    }
}
