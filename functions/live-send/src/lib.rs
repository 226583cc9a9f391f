//! `live-send`: tells open clients that something is new.
//!
//! - **Trigger**: SQS `live-send`, subscribed to `notification.told`; from `fanout`, for connected readers.
//! - **Access patterns**: one query of the user's sockets (0.5 RRU), which is all where nobody is connected. Then
//!   the inbox, of what was told (1 RRU), and the session of each socket once a minute and process. A socket that is
//!   gone is deleted (1 WRU). So is one whose session has ended, after it was closed. After the last of them the
//!   reader's state says so (0.5 RRU, 1 WRU).
//! - **Emits**: `{"inbox": {"unread": 3}}` and `{"feed": {"newest": "7"}}` to the sockets.
//! - **Redelivery**: clients get the number as it is by then. Hearing it twice is no harm.
//! - **Failures**: the message comes back. What was told ten minutes ago is sent no more: clients ask for it when
//!   they open the next socket.

mod channel;

use std::sync::Arc;

use domain::{Clock, PhotoId, Timestamp, UserId};
use messages::Event;
use messages::live::InFeed;
use runtime::socket::Sockets;
use runtime::{Aws, metrics};
use serde::{Deserialize, Serialize};
use table::{Table, inbox};

pub use channel::{Channel, ChannelError, NotedSockets};

runtime::config! {
    /// Settings of `live-send`.
    pub struct Config {
        /// Name of the table.
        pub table_name: String,
        /// Address of the stage of the WebSocket API.
        pub live_api_url: String,
    }
}

/// Milliseconds after which a hint is sent no more.
const MAX_AGE_MS: i64 = 10 * 60 * 1_000;

/// What open clients are told.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Hint {
    /// Something happened in the inbox.
    Inbox {
        /// How many rows are unread.
        unread: u64,
    },
    /// A photo is in the feed.
    Feed {
        /// The photo.
        newest: PhotoId,
    },
}

/// A message of the queue.
#[derive(Deserialize)]
#[serde(untagged)]
pub enum Message {
    /// An event, from the topic.
    Event(Event),
    /// A photo is in a reader's feed, from `fanout`.
    InFeed(InFeed),
}

/// Tells open clients what is new.
pub struct LiveSendHandler<C> {
    table: Table,
    channel: C,
    clock: Arc<dyn Clock>,
}

impl LiveSendHandler<NotedSockets<Sockets>> {
    /// Connects to the table and to the sockets.
    pub fn connect(config: &Config, aws: &Aws) -> Self {
        let table = Table::new(aws.dynamodb(), &config.table_name);
        let gateway = Sockets::connect(aws, &config.live_api_url);
        Self::new(table.clone(), NotedSockets::new(table, gateway, aws.clock()), aws.clock())
    }
}

impl<C: Channel> LiveSendHandler<C> {
    /// Creates the handler for inboxes in `table`, whose owners are reached by `channel`.
    pub fn new(table: Table, channel: C, clock: Arc<dyn Clock>) -> Self {
        Self { table, channel, clock }
    }

    async fn inbox(&self, recipient: UserId, told_at: Timestamp) -> Result<(), Error> {
        let Some(audience) = self.audience(recipient, told_at).await? else { return Ok(()) };
        let unread = inbox::state_latest(&self.table, recipient).await?.unread;
        self.send(recipient, &audience, &Hint::Inbox { unread }).await
    }

    async fn feed(&self, InFeed { reader_id, photo_id, at }: InFeed) -> Result<(), Error> {
        let Some(audience) = self.audience(reader_id, at).await? else { return Ok(()) };
        self.send(reader_id, &audience, &Hint::Feed { newest: photo_id }).await
    }

    /// Returns who listens for a user, if anybody does and it is not too late.
    async fn audience(&self, user: UserId, since: Timestamp) -> Result<Option<C::Audience>, Error> {
        if since.plus_ms(MAX_AGE_MS) < self.clock.now() {
            metrics::count("hints_too_late", 1);
            return Ok(None);
        }
        Ok(self.channel.audience(user).await?)
    }

    async fn send(&self, user: UserId, audience: &C::Audience, hint: &Hint) -> Result<(), Error> {
        let message = serde_json::to_string(hint).map_err(Error::Unwritable)?;
        Ok(self.channel.send(user, audience, &message).await?)
    }
}

/// Why nobody could be told.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The channel failed.
    #[error(transparent)]
    Channel(#[from] ChannelError),
    /// The table does not answer.
    #[error("the inbox cannot be read")]
    Table(#[from] table::Error),
    /// A hint is no JSON.
    #[error("a hint cannot be written")]
    Unwritable(#[source] serde_json::Error),
    /// The queue is filtered to other events.
    #[error("{0} is no event that clients are told of")]
    Unexpected(&'static str),
}

impl<C: Channel> runtime::sqs::Handler for LiveSendHandler<C> {
    type Message = Message;
    type Error = Error;
    const CONCURRENCY: usize = 10;

    async fn handle(&self, message: Message) -> Result<(), Error> {
        match message {
            Message::Event(Event::NotificationTold { recipient_id, told_at, .. }) => {
                self.inbox(recipient_id, told_at).await
            }
            Message::Event(other) => Err(Error::Unexpected(other.kind())),
            Message::InFeed(in_feed) => self.feed(in_feed).await,
        }
    }
}
