//! `backfill`: repairs feeds and takes snapshots of them, and cleans up after photos that failed or were
//! deleted.
//!
//! - **Trigger**: SQS `backfill`, subscribed to `follow.added`, `follow.removed`, `reader.returned`,
//!   `photo.failed`, `photo.deleted`, `comment.removed`, `picture.removed` and `audience.changed`. `fanout`,
//!   `fanout-segment` and `sweep` send `follow.removed` directly. The function sends itself parts of a deletion,
//!   each for a range of the author's followers, what is left of a comment with very many likes or replies, and
//!   parts of a switch to private or public.
//! - **Access patterns**: for a follow, the edge and the reader's state as of now, the author's head and
//!   timeline, the reader's feed. For a snapshot, whom the reader follows, the heads of all of those, and the
//!   timelines of the busy ones. For a photo that failed or was deleted, the originals of its media. For a
//!   deleted one, also its likes, its comments and the feeds of the author's followers. For a removed profile
//!   picture, the user's turn, and whether there is another one. For a switch, the account, its photos and its
//!   requests.
//! - **Emits**: `photo.deleted`, `comment.removed` and `audience.changed` for parts of long work, to its own queue.
//! - **Redelivery**: a message says only that something may have changed. The function reads the current
//!   state, acts, and reads it again. Messages may come twice, late and in any order.
//! - **Failures**: the message comes back, and after its last try goes to the dead-letter queue.

mod comments;
mod deleted;
mod followed;
mod objects;
mod picture;
mod remains;
mod returned;
mod switched;

use std::sync::Arc;

use domain::Clock;
use messages::Event;
use runtime::Aws;
use runtime::queue::{Queue, SendError, Sender};
use table::Table;

use crate::remains::Remains;

pub use objects::{Objects, ObjectsError};

/// Pages that one message removes of what has gone before the rest goes into another message. A page has 500 likes,
/// 500 replies or 100 comments.
const PAGES: usize = 40;

runtime::config! {
    /// Settings of `backfill`.
    pub struct Config {
        /// Name of the table.
        pub table_name: String,
        /// The queue that this function works off, for parts of long work.
        pub backfill_queue_url: String,
        /// The bucket of originals and renditions.
        pub photos_bucket: String,
        /// The bucket of uploads.
        pub uploads_bucket: String,
    }
}

/// Handles everything that brings feeds up to date and cleans up after photos.
pub struct BackfillHandler<Q = Queue> {
    table: Table,
    queue: Q,
    objects: Objects,
    clock: Arc<dyn Clock>,
}

/// The reason why a message cannot be handled now.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The table failed.
    #[error(transparent)]
    Table(#[from] table::Error),
    /// Parts of long work were not sent.
    #[error(transparent)]
    Send(#[from] SendError),
    /// Objects were not deleted.
    #[error(transparent)]
    Objects(#[from] ObjectsError),
    /// The relation of the message changes faster than the feed is aligned.
    #[error("the follow kept changing")]
    Restless,
    /// A subscription passed an event that this function does not handle.
    #[error("{0} is no message for this function")]
    Misdirected(&'static str),
}

impl BackfillHandler {
    /// Connects to the table, the queue and the buckets.
    pub fn connect(config: &Config, aws: &Aws) -> Self {
        Self::new(
            Table::new(aws.dynamodb(), &config.table_name),
            Queue::connect(aws, &config.backfill_queue_url),
            Objects::connect(aws, &config.photos_bucket, &config.uploads_bucket),
            aws.clock(),
        )
    }
}

impl<Q: Sender> BackfillHandler<Q> {
    /// Creates a handler that aligns feeds in `table`, and sends parts of long work to `queue`.
    pub fn new(table: Table, queue: Q, objects: Objects, clock: Arc<dyn Clock>) -> Self {
        Self { table, queue, objects, clock }
    }
}

impl<Q: Sender> runtime::sqs::Handler for BackfillHandler<Q> {
    type Message = Event;
    type Error = Error;

    async fn handle(&self, event: Event) -> Result<(), Error> {
        match event {
            Event::FollowAdded { follower_id, followee_id, .. }
            | Event::FollowRemoved { follower_id, followee_id } => self.align(follower_id, followee_id).await,
            Event::ReaderReturned { user_id, mark } => self.rebuild(user_id, mark).await,
            Event::PhotoDeleted { photo_id, author_id, secret, media, blob_refs, followers } => {
                self.forget(&Remains { photo_id, author_id, secret, media, blob_refs }, followers).await
            }
            Event::PhotoFailed { photo_id, author_id, secret, media, blob_refs } => {
                self.let_go(&Remains { photo_id, author_id, secret, media, blob_refs }).await
            }
            Event::AudienceChanged { user_id, mark, part } => self.carry_switch(user_id, mark, part).await,
            Event::CommentRemoved { comment, author_id, user_id, .. } => {
                self.forget_comment(comment, author_id, user_id).await
            }
            Event::PictureRemoved { user_id } => self.remove_picture(user_id).await,
            other => Err(Error::Misdirected(other.kind())),
        }
    }
}

/// Removes as many pages as fit into one message. `page` removes one, and returns whether more are left, as this does.
async fn remove_pages<P: Future<Output = table::Result<bool>>>(
    mut page: impl FnMut() -> P,
) -> Result<bool, Error> {
    for _ in 0..PAGES {
        if !page().await? {
            return Ok(false);
        }
    }
    Ok(true)
}
