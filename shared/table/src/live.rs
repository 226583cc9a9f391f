//! The open sockets of users: one item for each. API Gateway ends a socket after two hours, and the item goes
//! with it.
//!
//! The state of a reader says until when they may be connected, because a fan-out reads it anyway.

use aws_sdk_dynamodb::types::ReturnValue;
use domain::session::SessionId;
use domain::{PhotoId, Timestamp, UserId};
use serde::{Deserialize, Serialize};

use crate::calls::{Range, key_item, parsed, stored};
use crate::keys::{ItemKey, partition};
use crate::{Error, Item, Result, Table, reader, watch};

/// Most sockets of one user. The oldest gives way to another one.
pub const MAX_SOCKETS: usize = 10;
/// Milliseconds that API Gateway keeps a socket, and a minute: its end is told late.
const LIFE_MS: i64 = (2 * 60 + 1) * 60_000;
/// Sockets that are read of one user. Some that are opened at once may be too many.
const LISTED: usize = 5 * MAX_SOCKETS;

/// An open socket of a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Socket {
    /// The id that API Gateway gave it.
    pub connection: String,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// The session in which it was opened.
    pub session: SessionId,
    /// When the access token was issued with which it was opened. The session was open then.
    pub token_at: Timestamp,
    /// The photo that it watches.
    pub watching: Option<PhotoId>,
}

impl Socket {
    fn new(connection: String, stored: Stored) -> Self {
        let Stored { opened_at, session, token_at, watching, .. } = stored;
        Self { connection, opened_at, session, token_at, watching }
    }

    /// Returns when it has ended at the latest.
    pub(crate) fn ends_at(&self) -> Timestamp {
        self.opened_at.plus_ms(LIFE_MS)
    }
}

#[derive(Serialize, Deserialize)]
struct Stored {
    opened_at: Timestamp,
    session: SessionId,
    token_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    watching: Option<PhotoId>,
    expires_at: i64,
}

/// Returns the socket of a connection from its item.
pub(crate) fn socket(connection: &str, item: Item) -> Result<Socket> {
    Ok(Socket::new(connection.to_owned(), parsed(item)?))
}

/// Notes an open socket. 2 WRU.
pub async fn open(table: &Table, user: UserId, socket: &Socket) -> Result<()> {
    let until = socket.ends_at();
    let Socket { connection, opened_at, session, token_at, watching } = socket.clone();
    let expires_at = until.seconds();
    let item = Stored { opened_at, session, token_at, watching, expires_at };
    let item = stored(&ItemKey::LiveSocket(user, connection), item)?;
    let put = table.client.put_item().table_name(&*table.name).set_item(Some(item));
    put.send().await.map_err(|error| Error::sdk("PutItem", error))?;
    reader::connected(table, user, until).await
}

/// Forgets a socket that has ended, and that it watches a photo. Repeating it changes nothing. 1 WRU, and one more for
/// a photo. For the one that would have ended last 0.5 RRU and 1 WRU more.
pub async fn close(table: &Table, user: UserId, connection: &str) -> Result<()> {
    let key = ItemKey::LiveSocket(user, connection.to_owned());
    let delete = table.client.delete_item().table_name(&*table.name).set_key(Some(key_item(&key)));
    let answer = delete.return_values(ReturnValue::AllOld).send().await;
    let ended = answer.map_err(|error| Error::sdk("DeleteItem", error))?.attributes;
    let Some(ended) = ended.map(|item| socket(connection, item)).transpose()? else { return Ok(()) };
    if let Some(photo) = ended.watching {
        watch::forget(table, photo, connection).await?;
    }
    // A socket that opens meanwhile ends later, and says so after it is noted.
    let others = of(table, user, ended.opened_at).await?;
    let others = others.iter().filter(|socket| socket.connection != connection).map(Socket::ends_at);
    match others.max() {
        Some(until) if until >= ended.ends_at() => Ok(()),
        until => reader::disconnected(table, user, ended.ends_at(), until).await,
    }
}

/// Reads the open sockets of a user, oldest first. 0.5 RRU, which ten of them cost as well as none.
pub async fn of(table: &Table, user: UserId, now: Timestamp) -> Result<Vec<Socket>> {
    let range = Range {
        pk: partition::live(user),
        // Ids have letters, digits, `-`, `_` and `=`.
        from: "!".to_owned(),
        to: "~".to_owned(),
        newest_first: false,
        limit: LISTED,
        consistent: false,
    };
    let page = table.query::<Stored>(range).await?;
    let mut sockets: Vec<Socket> = page
        .items
        .into_iter()
        .filter(|(_, stored)| stored.expires_at > now.seconds())
        .filter_map(|(key, stored)| match key {
            ItemKey::LiveSocket(_, connection) => Some(Socket::new(connection, stored)),
            _ => None,
        })
        .collect();
    sockets.sort_by_key(|socket| socket.opened_at);
    Ok(sockets)
}
