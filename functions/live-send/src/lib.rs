//! `live-send`: tells open clients that something is new.
//!
//! - **Trigger**: SQS `live-send`, subscribed to `notification.told`.
//! - **Access patterns**: one query of the recipient's sockets (0.5 RRU), which is all where nobody is connected.
//!   Then the inbox (1 RRU), and the session of each socket once a minute and process. A socket that is gone is
//!   deleted (1 WRU). So is one whose session has ended, after it was closed.
//! - **Emits**: `{"inbox": {"unread": 3}}` to the sockets.
//! - **Redelivery**: clients get the number as it is by then. Hearing it twice is no harm.
//! - **Failures**: the message comes back. What was told ten minutes ago is sent no more: clients ask for it when
//!   they open the next socket.

mod channel;

use std::sync::Arc;

use domain::{Clock, Timestamp, UserId};
use messages::Event;
use runtime::socket::Sockets;
use runtime::{Aws, metrics};
use serde::Serialize;
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
        if told_at.plus_ms(MAX_AGE_MS) < self.clock.now() {
            metrics::count("hints_too_late", 1);
            return Ok(());
        }
        let Some(audience) = self.channel.audience(recipient).await? else { return Ok(()) };
        let unread = inbox::state_latest(&self.table, recipient).await?.unread;
        let hint = serde_json::to_string(&Hint::Inbox { unread }).map_err(Error::Unwritable)?;
        Ok(self.channel.send(recipient, &audience, &hint).await?)
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
    type Message = Event;
    type Error = Error;
    const CONCURRENCY: usize = 10;

    async fn handle(&self, event: Event) -> Result<(), Error> {
        match event {
            Event::NotificationTold { recipient_id, told_at, .. } => self.inbox(recipient_id, told_at).await,
            other => Err(Error::Unexpected(other.kind())),
        }
    }
}
