//! The open sockets of users: one item for each. API Gateway ends a socket after two hours, and the item goes
//! with it.

use domain::session::SessionId;
use domain::{Timestamp, UserId};
use serde::{Deserialize, Serialize};

use crate::calls::{Range, stored};
use crate::keys::{ItemKey, partition};
use crate::{Error, Result, Table};

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
}

#[derive(Serialize, Deserialize)]
struct Stored {
    opened_at: Timestamp,
    session: SessionId,
    token_at: Timestamp,
    expires_at: i64,
}

/// Notes an open socket. 1 WRU.
pub async fn open(table: &Table, user: UserId, socket: &Socket) -> Result<()> {
    let Socket { connection, opened_at, session, token_at } = socket.clone();
    let expires_at = opened_at.plus_ms(LIFE_MS).seconds();
    let item =
        stored(&ItemKey::LiveSocket(user, connection), Stored { opened_at, session, token_at, expires_at })?;
    let put = table.client.put_item().table_name(&*table.name).set_item(Some(item));
    put.send().await.map(drop).map_err(|error| Error::sdk("PutItem", error))
}

/// Forgets a socket that has ended. Repeating it changes nothing. 1 WRU.
pub async fn close(table: &Table, user: UserId, connection: &str) -> Result<()> {
    table.delete_existing(&ItemKey::LiveSocket(user, connection.to_owned())).await.map(drop)
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
        .filter_map(|(key, Stored { opened_at, session, token_at, .. })| match key {
            ItemKey::LiveSocket(_, connection) => Some(Socket { connection, opened_at, session, token_at }),
            _ => None,
        })
        .collect();
    sockets.sort_by_key(|socket| socket.opened_at);
    Ok(sockets)
}
