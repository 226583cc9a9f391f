//! `live-message`: answers what a client says over its socket, and notes which photo it watches.
//!
//! - **Trigger**: API Gateway, each message of a socket (route `$default`).
//! - **Access patterns**: of a ping none: it keeps a socket open, and costs the table nothing. To watch, in one round
//!   trip: one get of the photo, of the user's circle and of the photo's watch state, one count of its watchers (0.5 RRU
//!   for each 20, remembered for some seconds), the quota of watches (1 WRU), and the session once a minute and
//!   process. For a photo of a private account two more gets. Then one update of the socket's item, and side by side
//!   one put of the watcher, one delete of the former one, and once an hour and photo one update of its state. To
//!   watch no more, one update and one delete.
//! - **Emits**: nothing.
//! - **Redelivery**: none. A client that gets no answer asks again. Watching a photo twice is watching it once.
//! - **Failures**: a message that is none of ours is answered with an error, and the socket stays open. What cannot be
//!   noted now is not answered.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};

use domain::{Clock, PhotoId, Timestamp, quota};
use lru::LruCache;
use runtime::socket::{Answer, Connection, Event};
use runtime::{Aws, metrics};
use serde::Deserialize;
use serde_json::json;
use table::guard::Quotas;
use table::sight::Viewer;
use table::watch::MAX_WATCHERS;
use table::{Table, photo, watch};
use tokens::OpenSessions;

runtime::config! {
    /// Settings of `live-message`.
    pub struct Config {
        /// Name of the table.
        pub table_name: String,
        /// By how much the limits of the table of quotas are multiplied.
        pub quota_scale: u32,
    }
}

/// Milliseconds for which a process remembers how many watch a photo. A thousand clients that come at once then do not
/// each count the others.
const COUNTED_MS: i64 = 5_000;
/// Photos whose watchers a process remembers the number of.
const REMEMBERED: NonZeroUsize = NonZeroUsize::new(1_024).unwrap();
/// Watchers from which on their number is remembered: fewer cost 0.5 RRU to count.
const REMEMBERED_FROM: usize = 20;

/// What a client may say.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Message {
    /// Is anybody there? The number comes back.
    Ping(i64),
    /// Tell me how many like what I look at.
    Watch(Watched),
    /// I look at it no more.
    Unwatch(Watched),
}

/// What is watched.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Watched {
    /// A photo, by its id as the client wrote it.
    Photo(String),
}

/// Handles messages of clients.
pub struct LiveMessageHandler {
    table: Table,
    quotas: Quotas,
    sessions: OpenSessions,
    counted: Mutex<LruCache<PhotoId, (usize, Timestamp)>>,
    clock: Arc<dyn Clock>,
}

impl LiveMessageHandler {
    /// Connects to the table.
    pub fn connect(config: &Config, aws: &Aws) -> Self {
        Self::new(Table::new(aws.dynamodb(), &config.table_name), config.quota_scale, aws.clock())
    }

    /// Creates the handler for watchers in `table`, with limits multiplied by `quota_scale`.
    pub fn new(table: Table, quota_scale: u32, clock: Arc<dyn Clock>) -> Self {
        let quotas = Quotas::new(table.clone(), quota_scale);
        let sessions = OpenSessions::new(table.clone(), clock.clone());
        Self { table, quotas, sessions, counted: Mutex::new(LruCache::new(REMEMBERED)), clock }
    }

    async fn reply(&self, connection: &Connection, said: &str) -> Result<Answer, table::Error> {
        match serde_json::from_str(said) {
            Ok(Message::Ping(number)) => Ok(Answer::Say(json!({ "pong": number }))),
            Ok(Message::Watch(Watched::Photo(id))) => self.watch(connection, id.parse().ok()).await,
            Ok(Message::Unwatch(Watched::Photo(id))) => {
                if let Ok(photo) = id.parse() {
                    watch::unwatch(&self.table, connection.opener.user_id, &connection.id, photo).await?;
                }
                Ok(Answer::Say(json!({ "unwatched": { "photo": id } })))
            }
            Err(_) => {
                metrics::count("messages_unknown", 1);
                Ok(refused("unknown_message", "The server does not know this message."))
            }
        }
    }

    async fn watch(&self, connection: &Connection, id: Option<PhotoId>) -> Result<Answer, table::Error> {
        let no_photo = || refused("not_found", "There is no such photo.");
        let Some(id) = id else { return Ok(no_photo()) };
        let (table, user, now) = (&self.table, connection.opener.user_id, self.clock.now());
        let session = connection.opener.session();
        let (open, taken, photo, viewer, bound, watchers) = futures::try_join!(
            self.sessions.is_open(user, &session),
            self.quotas.take(&quota::WATCHES, user, &[1], now),
            photo::get(table, id),
            Viewer::get(table, user),
            watch::bound(table, id),
            self.count(id, now),
        )?;
        if !open {
            return Ok(refused("session_ended", "This session has ended. Log in again."));
        }
        if taken.is_err() {
            metrics::count(quota::WATCHES.metric, 1);
            return Ok(refused(quota::WATCHES.code, quota::WATCHES.detail));
        }
        if !viewer.sees_photo(table, photo.as_ref()).await? {
            return Ok(no_photo());
        }
        if watchers >= MAX_WATCHERS {
            metrics::count("watchers_refused", 1);
            return Ok(refused(
                "too_many_watchers",
                "Too many clients watch this photo. Ask for it again later.",
            ));
        }
        // A socket that has ended hears no answer.
        Ok(if watch::watch(table, user, &connection.id, id, bound).await? {
            Answer::Say(json!({ "watching": { "photo": id } }))
        } else {
            Answer::Done
        })
    }

    /// Returns how many watch a photo, or did some seconds ago if they were more than a few.
    async fn count(&self, photo: PhotoId, now: Timestamp) -> Result<usize, table::Error> {
        let known = self.counted.lock().unwrap_or_else(PoisonError::into_inner).get(&photo).copied();
        if let Some((count, _)) = known.filter(|(_, at)| now < at.plus_ms(COUNTED_MS)) {
            return Ok(count);
        }
        let count = watch::count(&self.table, photo).await?;
        if count >= REMEMBERED_FROM {
            self.counted.lock().unwrap_or_else(PoisonError::into_inner).put(photo, (count, now));
        }
        Ok(count)
    }
}

fn refused(code: &str, detail: &str) -> Answer {
    Answer::Say(json!({ "error": { "code": code, "detail": detail } }))
}

impl runtime::socket::Handler for LiveMessageHandler {
    type Error = table::Error;

    async fn handle(&self, event: Event) -> Result<Answer, table::Error> {
        match event {
            Event::Said(connection, said) => self.reply(&connection, &said).await,
            Event::Asked(_) => Ok(Answer::Refuse),
            Event::Opened(..) | Event::Closed(_) => Ok(Answer::Done),
        }
    }
}
