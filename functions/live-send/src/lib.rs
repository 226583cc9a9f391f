//! `live-send`: tells open clients that something is new.
//!
//! - **Trigger**: SQS `live-send`, subscribed to `notification.told`; from `fanout`, for connected readers; from
//!   `derive`, for watched photos whose number of likes changed; from itself, a second later.
//! - **Access patterns**: one query of the user's sockets (0.5 RRU), which is all where nobody is connected. Then
//!   the inbox, of what was told (1 RRU), and the session of each socket once a minute and process. A socket that is
//!   gone is deleted (1 WRU), and so is its watch. So is one whose session has ended, after it was closed. After the
//!   last of them the reader's state says so (0.5 RRU, 1 WRU). Of likes one update of the photo's watch state, which
//!   takes a second of it: 1 WRU, and all where the next one is taken. In that second one query of the watchers (1 RRU
//!   for each 20), and one get of the photo and of its author's circle; of a private photo 2 RRU for each watcher.
//! - **Emits**: `{"inbox": {"unread": 3}}`, `{"feed": {"newest": "7"}}` and `{"photo": {"id": "7", "likes": 12}}` to the
//!   sockets. A message to itself, for the next second of a photo.
//! - **Redelivery**: clients get the number as it is by then. Hearing it twice is no harm. A message comes again after
//!   minutes, when the seconds that it took are over.
//! - **Failures**: the message comes back. What was told ten minutes ago is sent no more: clients ask for it when
//!   they open the next socket.

mod channel;

use std::sync::Arc;

use domain::{Clock, PhotoId, Timestamp, UserId};
use futures::{StreamExt, stream};
use messages::Event;
use messages::live::{InFeed, LikesChanged};
use runtime::queue::{Queue, SendError, Sender};
use runtime::socket::Sockets;
use runtime::{Aws, metrics};
use serde::{Deserialize, Serialize};
use table::watch::{self, Turn};
use table::{Table, inbox, photo, sight};

pub use channel::{Channel, ChannelError, NotedSockets};

runtime::config! {
    /// Settings of `live-send`.
    pub struct Config {
        /// Name of the table.
        pub table_name: String,
        /// Address of the stage of the WebSocket API.
        pub live_api_url: String,
        /// Its own queue, to which it sends what is due a second later.
        pub live_send_queue_url: String,
    }
}

/// Milliseconds after which a hint is sent no more.
const MAX_AGE_MS: i64 = 10 * 60 * 1_000;
/// Watchers of a photo that are sent to at once.
const WATCHERS_AT_ONCE: usize = 50;

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
    /// People like the photo that is looked at.
    Photo {
        /// The photo.
        id: PhotoId,
        /// How many.
        likes: i64,
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
    /// Another number of people like a photo, from `derive`; or its second has come.
    LikesChanged(LikesChanged),
}

/// Tells open clients what is new.
pub struct LiveSendHandler<C, Q = Queue> {
    table: Table,
    channel: C,
    queue: Q,
    clock: Arc<dyn Clock>,
}

impl LiveSendHandler<NotedSockets<Sockets>> {
    /// Connects to the table and to the sockets.
    pub fn connect(config: &Config, aws: &Aws) -> Self {
        let table = Table::new(aws.dynamodb(), &config.table_name);
        let gateway = Sockets::connect(aws, &config.live_api_url);
        let channel = NotedSockets::new(table.clone(), gateway, aws.clock());
        Self::new(table, channel, Queue::connect(aws, &config.live_send_queue_url), aws.clock())
    }
}

impl<C: Channel, Q: Sender> LiveSendHandler<C, Q> {
    /// Creates the handler for inboxes and photos in `table`, whose owners and watchers are reached by `channel`. Its own
    /// queue is `queue`.
    pub fn new(table: Table, channel: C, queue: Q, clock: Arc<dyn Clock>) -> Self {
        Self { table, channel, queue, clock }
    }

    async fn inbox(&self, recipient: UserId, told_at: Timestamp) -> Result<(), Error> {
        let Some(audience) = self.audience(recipient, told_at).await? else { return Ok(()) };
        let unread = inbox::state_latest(&self.table, recipient).await?.unread;
        self.send(recipient, &audience, &Hint::Inbox { unread }).await?;
        self.told(told_at);
        Ok(())
    }

    async fn feed(&self, InFeed { reader_id, photo_id, at }: InFeed) -> Result<(), Error> {
        let Some(audience) = self.audience(reader_id, at).await? else { return Ok(()) };
        self.send(reader_id, &audience, &Hint::Feed { newest: photo_id }).await?;
        self.told(at);
        Ok(())
    }

    /// Tells the watchers of a photo how many like it, in a second of which nobody else does.
    ///
    /// The one who takes the next second sends itself a message for it, and reads the number by then. So all others may
    /// leave it to them.
    async fn likes(&self, changed: LikesChanged) -> Result<(), Error> {
        let LikesChanged { photo_id, at, in_turn } = changed;
        if self.is_late(at) {
            return Ok(());
        }
        if !in_turn {
            match watch::take_turn(&self.table, photo_id, self.clock.now()).await? {
                Turn::Now => {}
                Turn::Next => {
                    return Ok(self.queue.send_later(&LikesChanged { in_turn: true, ..changed }, 1).await?);
                }
                Turn::Taken | Turn::Unwatched => return Ok(()),
            }
        }
        let watchers = self.channel.watchers(photo_id).await?;
        if watchers.is_empty() {
            return Ok(());
        }
        let Some(photo) = photo::get_latest(&self.table, photo_id).await? else { return Ok(()) };
        let users: Vec<UserId> = watchers.iter().map(|(user, _)| *user).collect();
        let seeing = sight::viewers_of(&self.table, &photo, &users).await?;
        let hint = Hint::Photo { id: photo_id, likes: photo.likes };
        let shown = |user: &UserId| seeing.contains(user) && photo.shows_likes_to(*user);
        let told: Vec<_> = watchers.into_iter().filter(|(user, _)| shown(user)).collect();
        let hint = &hint;
        let sent: Vec<Result<(), Error>> = stream::iter(told)
            .map(|(user, audience)| async move { self.send(user, &audience, hint).await })
            .buffer_unordered(WATCHERS_AT_ONCE)
            .collect()
            .await;
        // One that cannot be written to keeps it from none of the others.
        sent.into_iter().collect::<Result<(), Error>>()?;
        self.told(at);
        Ok(())
    }

    /// Returns who listens for a user, if anybody does and it is not too late.
    async fn audience(&self, user: UserId, since: Timestamp) -> Result<Option<C::Audience>, Error> {
        if self.is_late(since) {
            return Ok(None);
        }
        Ok(self.channel.audience(user).await?)
    }

    /// Notes how old what is hinted at was when it was sent.
    fn told(&self, since: Timestamp) {
        metrics::sample("hint_age", self.clock.now().0 - since.0);
    }

    fn is_late(&self, since: Timestamp) -> bool {
        let late = since.plus_ms(MAX_AGE_MS) < self.clock.now();
        if late {
            metrics::count("hints_too_late", 1);
        }
        late
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
    #[error("the table failed")]
    Table(#[from] table::Error),
    /// The next second of a photo cannot be sent for.
    #[error(transparent)]
    Queue(#[from] SendError),
    /// A hint is no JSON.
    #[error("a hint cannot be written")]
    Unwritable(#[source] serde_json::Error),
    /// The queue is filtered to other events.
    #[error("{0} is no event that clients are told of")]
    Unexpected(&'static str),
}

impl<C: Channel, Q: Sender> runtime::sqs::Handler for LiveSendHandler<C, Q> {
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
            Message::LikesChanged(changed) => self.likes(changed).await,
        }
    }
}
