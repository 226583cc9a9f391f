//! `bell`: has everybody looked at who has a bell on of an author, when a photo of theirs is shared or deleted.
//!
//! - **Trigger**: SQS `bell`, subscribed to `photo.ready` and `photo.deleted`. The function sends itself parts of a large
//!   number of bells.
//! - **Access patterns**: one get of a photo that is shared (1 RRU), then the edges of bells page by page (1 RRU for each
//!   4 KiB, about 50 of them). It writes nothing.
//! - **Emits**: `post.announced` for each recipient, to the queue `notify`: of a shared photo for everybody whose bell is
//!   on, of a deleted one also for those who switched it off since. `photo.ready` and `photo.deleted` for parts, to its
//!   own queue.
//! - **Redelivery**: everything is sent again. `notify` looks at what is so by then, and tells each recipient once. A
//!   message about a shared photo that is gone is done.
//! - **Failures**: the message comes back, and after its last try goes to the dead-letter queue.
//!
//! Nobody counts bells. Who meets more of them than one message is for tells how many are left by how dense they were, and
//! sends the rest on in parts.

use domain::id::follower_hash;
use domain::{Home, PhotoId, UserId};
use messages::{Event, HashRange};
use runtime::Aws;
use runtime::queue::{Queue, SendError, Sender};
use table::bell::{self, Listener};
use table::{Table, photo};

/// Edges read at once.
const PAGE: usize = 500;

runtime::config! {
    /// Settings of `bell`.
    pub struct Config {
        /// Name of the table.
        pub table_name: String,
        /// The queue that this function works off, for parts of a large number of bells.
        pub bell_queue_url: String,
        /// The queue of `notify`, for recipients.
        pub notify_queue_url: String,
    }
}

/// Handles photos that were shared or deleted: passes everybody on who may be told of them.
pub struct BellHandler<Q = Queue> {
    table: Table,
    queues: Queues<Q>,
}

/// The queues that this function sends to.
#[derive(Clone, Debug)]
pub struct Queues<Q> {
    /// Takes parts of a large number of bells.
    pub bell: Q,
    /// Takes recipients.
    pub notify: Q,
}

/// The reason why a message cannot be handled now.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The table failed.
    #[error(transparent)]
    Table(#[from] table::Error),
    /// A message was not sent.
    #[error(transparent)]
    Send(#[from] SendError),
    /// A subscription passed an event that this function does not handle.
    #[error("{0} is no message for this function")]
    Misdirected(&'static str),
}

impl BellHandler {
    /// Connects to the table and the queues.
    pub fn connect(config: &Config, aws: &Aws) -> Self {
        let queues = Queues {
            bell: Queue::connect(aws, &config.bell_queue_url),
            notify: Queue::connect(aws, &config.notify_queue_url),
        };
        Self::new(Table::new(aws.dynamodb(), &config.table_name), queues)
    }
}

/// Whom a photo is announced to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum To {
    /// Those whose bell is on.
    Listening,
    /// Those, and whoever switched it off: they may have been told.
    Told,
}

impl<Q: Sender> BellHandler<Q> {
    /// Creates a handler that reads bells in `table`, and passes on through `queues`.
    pub fn new(table: Table, queues: Queues<Q>) -> Self {
        Self { table, queues }
    }

    /// Announces a photo to those in a range of its author's bells. Returns the parts that are left where there are many.
    async fn announce(
        &self,
        photo_id: PhotoId,
        author_id: UserId,
        range: HashRange,
        to: To,
    ) -> Result<Vec<HashRange>, Error> {
        let (mut after, mut read) = (None, 0_i64);
        loop {
            let page = bell::listeners(&self.table, author_id, Home::LOCAL, range, after, PAGE).await?;
            let recipients = page.items.iter().filter(|listener| to == To::Told || listener.is_on);
            let announced: Vec<Event> = recipients
                .map(|&Listener { id: recipient_id, .. }| Event::PostAnnounced {
                    recipient_id,
                    photo_id,
                    author_id,
                })
                .collect();
            self.queues.notify.send(&announced).await?;
            runtime::metrics::count("posts_announced", announced.len() as u64);
            after = page.items.last().map(|listener| listener.id);
            let Some(last) = after.filter(|_| page.more) else { return Ok(Vec::new()) };
            read += i64::try_from(page.items.len()).unwrap_or(i64::MAX);
            let rest = HashRange { first: follower_hash(last), ..range };
            // Whoever has the same hash as the last may come again; a range of one hash is never split.
            if read >= HashRange::PART && rest.first > range.first {
                return Ok(rest.parts_for(estimated(read, range.first, rest.first)));
            }
        }
    }
}

/// Returns about how many bells there are, where so many have hashes from `first` to `last`.
fn estimated(read: i64, first: u16, last: u16) -> i64 {
    read * (i64::from(u16::MAX) + 1) / i64::from(last.saturating_sub(first)).max(1)
}

impl<Q: Sender> runtime::sqs::Handler for BellHandler<Q> {
    type Message = Event;
    type Error = Error;

    async fn handle(&self, event: Event) -> Result<(), Error> {
        let (photo_id, author_id, range, to) = match &event {
            Event::PhotoReady { photo_id, author_id, followers } => {
                // This is a strong read. An eventual one might say that the photo is not ready yet, and the message would
                // be lost.
                let photo = photo::get_latest(&self.table, *photo_id).await?;
                if !photo.is_some_and(|photo| photo.is_listed()) {
                    return Ok(());
                }
                (*photo_id, *author_id, *followers, To::Listening)
            }
            Event::PhotoDeleted { photo_id, author_id, followers, .. } => {
                (*photo_id, *author_id, *followers, To::Told)
            }
            other => return Err(Error::Misdirected(other.kind())),
        };
        let parts = self.announce(photo_id, author_id, range, to).await?;
        let part = |range| {
            let mut part = event.clone();
            if let Event::PhotoReady { followers, .. } | Event::PhotoDeleted { followers, .. } = &mut part {
                *followers = range;
            }
            part
        };
        Ok(self.queues.bell.send(&parts.into_iter().map(part).collect::<Vec<_>>()).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_many_there_are_is_told_by_how_dense_they_were() {
        assert_eq!(estimated(2_500, 0, 32_768), 5_000);
        assert_eq!(estimated(2_500, 1_000, 1_001), 163_840_000);
        assert_eq!(estimated(2_500, 7, 7), 163_840_000);
    }
}
