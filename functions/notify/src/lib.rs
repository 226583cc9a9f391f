//! `notify`: keeps inboxes in line with what people do.
//!
//! - **Trigger**: SQS `notify`, subscribed to `like.added`, `like.removed`, `follow.added`, `follow.removed`
//!   and `photo.deleted`.
//! - **Access patterns**: the actor's edge as it is now, for a like beside the photo. Then the recipient's circle,
//!   the marker of the actor and the recipient's row of the day, and one transaction of both. Then the edge again. For a
//!   deleted photo, deletes of its rows.
//! - **Emits**: nothing.
//! - **Redelivery**: a message says only that something may have changed. The function reads the current
//!   state, acts, and reads it again. Messages may come twice, late and in any order. The marker lets each
//!   actor be new once per subject, however often they like, unlike and like again.
//! - **Failures**: the message comes back, and after its last try goes to the dead-letter queue.

use std::sync::Arc;

use domain::inbox::{Actor, Subject};
use domain::{Clock, PhotoId, UserId};
use messages::Event;
use runtime::Aws;
use table::inbox::{self, Aligned};
use table::sight::Viewer;
use table::{Table, follow, like, photo};

/// Times a relation is read before a message is given up for now.
const TURNS: u32 = 5;

runtime::config! {
    /// Settings of `notify`.
    pub struct Config {
        /// Name of the table.
        pub table_name: String,
    }
}

/// Handles events that somebody is notified of.
pub struct NotifyHandler {
    table: Table,
    clock: Arc<dyn Clock>,
}

/// The reason why a message cannot be handled now.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The table failed.
    #[error(transparent)]
    Table(#[from] table::Error),
    /// The relation of the message changes faster than the inbox is aligned.
    #[error("the relation kept changing")]
    Restless,
    /// A subscription passed an event that this function does not handle.
    #[error("{0} is no message for this function")]
    Misdirected(&'static str),
}

impl NotifyHandler {
    /// Connects to the table.
    pub fn connect(config: &Config, aws: &Aws) -> Self {
        Self::new(Table::new(aws.dynamodb(), &config.table_name), aws.clock())
    }

    /// Creates a handler that records notifications in `table`.
    pub fn new(table: Table, clock: Arc<dyn Clock>) -> Self {
        Self { table, clock }
    }

    /// Aligns the inbox of the photo's author with whether `user` likes the photo. `author` is said by a like
    /// that was added; a removed one does not name them.
    async fn align_like(&self, photo: PhotoId, user: UserId, author: Option<UserId>) -> Result<(), Error> {
        let subject = Subject::Like(photo);
        let (mut author, mut applied) = (author, None);
        for _ in 0..TURNS {
            // Nobody is notified of their own acts.
            if author == Some(user) {
                return Ok(());
            }
            let found = photo::get_latest(&self.table, photo);
            let (found, edge) = futures::try_join!(found, like::get_latest(&self.table, user, photo))?;
            let Some(found) = found else {
                return match author {
                    Some(author) => self.forget(author, photo).await,
                    // `photo.deleted` names the author, and forgets the rows.
                    None => Ok(()),
                };
            };
            author = Some(found.author);
            let edge = self.told(found.author, user, edge).await?;
            let edge = edge.map(|like| Actor { at: like.at, user_id: user, username: like.username });
            if self.is_settled(found.author, subject, user, edge.as_ref(), &mut applied).await? {
                return Ok(());
            }
        }
        Err(Error::Restless)
    }

    /// Aligns the inbox of `followee` with whether `follower` follows them.
    async fn align_follow(&self, follower: UserId, followee: UserId) -> Result<(), Error> {
        let mut applied = None;
        for _ in 0..TURNS {
            let edge = follow::get_latest(&self.table, follower, followee).await?;
            let edge = self.told(followee, follower, edge).await?;
            let edge = edge.map(|edge| Actor { at: edge.at, user_id: follower, username: edge.username });
            if self.is_settled(followee, Subject::Follow, follower, edge.as_ref(), &mut applied).await? {
                return Ok(());
            }
        }
        Err(Error::Restless)
    }

    /// Returns the edge of `actor` if `recipient` is told of it: of somebody whom a block hides, nothing is told.
    async fn told<T>(&self, recipient: UserId, actor: UserId, edge: Option<T>) -> Result<Option<T>, Error> {
        let Some(edge) = edge else { return Ok(None) };
        let viewer = Viewer::get(&self.table, recipient).await?;
        Ok((!viewer.is_hidden(&self.table, actor).await?).then_some(edge))
    }

    /// Aligns an inbox with an edge that was just read. Returns whether it is certainly right: nothing was
    /// written, or the edge is as it was when it was `applied` a turn before.
    async fn is_settled(
        &self,
        recipient: UserId,
        subject: Subject,
        actor: UserId,
        edge: Option<&Actor>,
        applied: &mut Option<bool>,
    ) -> Result<bool, Error> {
        if recipient == actor || applied.replace(edge.is_some()) == Some(edge.is_some()) {
            return Ok(true);
        }
        let aligned = inbox::align(&self.table, recipient, subject, actor, edge).await?;
        match aligned {
            Aligned::Added => runtime::metrics::count("notifications_recorded", 1),
            Aligned::TakenBack => runtime::metrics::count("notifications_taken_back", 1),
            Aligned::Unchanged => runtime::metrics::count("notifications_known", 1),
        }
        Ok(aligned == Aligned::Unchanged)
    }

    async fn forget(&self, author: UserId, photo: PhotoId) -> Result<(), Error> {
        Ok(inbox::forget(&self.table, author, photo, self.clock.now()).await?)
    }
}

impl runtime::sqs::Handler for NotifyHandler {
    type Message = Event;
    type Error = Error;
    /// Messages are handled one at a time, because a batch is often about one photo
    /// and would conflict on its row.
    const CONCURRENCY: usize = 1;

    async fn handle(&self, event: Event) -> Result<(), Error> {
        match event {
            Event::LikeAdded { photo_id, author_id, user_id, .. } => {
                self.align_like(photo_id, user_id, Some(author_id)).await
            }
            Event::LikeRemoved { photo_id, user_id } => self.align_like(photo_id, user_id, None).await,
            Event::FollowAdded { follower_id, followee_id, .. }
            | Event::FollowRemoved { follower_id, followee_id } => {
                self.align_follow(follower_id, followee_id).await
            }
            Event::PhotoDeleted { photo_id, author_id, .. } => self.forget(author_id, photo_id).await,
            other => Err(Error::Misdirected(other.kind())),
        }
    }
}
