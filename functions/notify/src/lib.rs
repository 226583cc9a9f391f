//! `notify`: records notifications in the inboxes of those concerned.
//!
//! - **Trigger**: SQS `notify`, subscribed to `like.added` and `follow.added`.
//! - **Access patterns**: one get of the recipient's row of the day, then one transaction of the row and of a
//!   marker for the actor.
//! - **Emits**: nothing.
//! - **Redelivery**: the marker lets each actor in once per subject, however often they like, unlike and like
//!   again, and however often the message comes.
//! - **Failures**: the message comes back, and after its last try goes to the dead-letter queue.

use domain::UserId;
use domain::inbox::{Actor, RowId, Subject};
use messages::Event;
use runtime::Aws;
use table::Table;
use table::inbox::{self, Recorded};

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
}

/// The reason why a message cannot be handled now.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The table failed.
    #[error(transparent)]
    Table(#[from] table::Error),
    /// A subscription passed an event that this function does not handle.
    #[error("{0} is no message for this function")]
    Misdirected(&'static str),
}

impl NotifyHandler {
    /// Connects to the table.
    pub fn connect(config: &Config, aws: &Aws) -> Self {
        Self::new(Table::new(aws.dynamodb(), &config.table_name))
    }

    /// Creates a handler that records notifications in `table`.
    pub fn new(table: Table) -> Self {
        Self { table }
    }

    async fn tell(&self, recipient: UserId, subject: Subject, actor: &Actor) -> Result<(), Error> {
        // Nobody is notified of their own acts.
        if recipient == actor.user_id {
            return Ok(());
        }
        let row = RowId::of(subject, recipient, actor.at);
        match inbox::record(&self.table, recipient, row, actor).await? {
            Recorded::Added => runtime::metrics::count("notifications_recorded", 1),
            Recorded::Known => runtime::metrics::count("notifications_known", 1),
        }
        Ok(())
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
            Event::LikeAdded { photo_id, author_id, user_id, username, at } => {
                self.tell(author_id, Subject::Like(photo_id), &Actor { at, user_id, username }).await
            }
            Event::FollowAdded { follower_id, follower_name, followee_id, at } => {
                let actor = Actor { at, user_id: follower_id, username: follower_name };
                self.tell(followee_id, Subject::Follow, &actor).await
            }
            other => Err(Error::Misdirected(other.kind())),
        }
    }
}
