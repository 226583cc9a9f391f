//! Who looks at a photo, and is told how many like it: one item for each socket that watches it.
//!
//! A socket watches one photo at most, which its own item names. Beside the watchers is a state. It says until when
//! there may be any, so that a like of a photo that nobody watches costs one read. It also says which second is
//! taken, so that watchers are told once a second however many like the photo.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{ReturnValue, ReturnValuesOnConditionCheckFailure, Select};
use domain::session::SessionId;
use domain::{PhotoId, Timestamp, UserId};
use serde::{Deserialize, Serialize};

use crate::calls::{Range, key_item, number, parsed, stored, text};
use crate::error::{condition_failed, done, refused};
use crate::keys::{EXPIRES_AT, ItemKey, PK, SK, partition};
use crate::live::{self, Socket};
use crate::{Error, Result, Table};

/// Most watchers of one photo. Some who come within the same seconds may be too many ([`count`]).
pub const MAX_WATCHERS: usize = 1_000;
/// Watchers that are read of one photo.
const LISTED: usize = 2 * MAX_WATCHERS;
/// First and last sort key of watchers. Ids of connections have letters, digits, `-`, `_` and `=`.
const FIRST: &str = "!";
const LAST: &str = "~";
const HOUR_MS: i64 = 60 * 60_000;

/// A socket that watches a photo, and whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watcher {
    /// The user.
    pub user: UserId,
    /// Their socket.
    pub socket: Socket,
}

#[derive(Serialize, Deserialize)]
struct Stored {
    user: UserId,
    opened_at: Timestamp,
    session: SessionId,
    token_at: Timestamp,
    expires_at: i64,
}

/// Until when a photo may be watched, in milliseconds since the epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bound {
    watched_until: i64,
}

impl Bound {
    fn holds(self, at: Timestamp) -> bool {
        at.0 < self.watched_until
    }
}

/// The second that watchers are told in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// This one.
    Now,
    /// This one is taken, and the next one is the caller's.
    Next,
    /// The next one is taken too. Who took it will read what is there by then.
    Taken,
    /// Nobody watches.
    Unwatched,
}

/// Reads until when a photo may be watched. 0.5 RRU.
pub async fn bound(table: &Table, photo: PhotoId) -> Result<Option<Bound>> {
    table.get(&ItemKey::WatchState(photo)).await
}

/// Counts who watches a photo, up to [`MAX_WATCHERS`]. 0.5 RRU for each 20 of them, and once for none.
pub async fn count(table: &Table, photo: PhotoId) -> Result<usize> {
    let request = table
        .client
        .query()
        .table_name(&*table.name)
        .key_condition_expression(format!("{PK} = :pk AND {SK} BETWEEN :from AND :to"))
        .expression_attribute_values(":pk", text(partition::watchers(photo)))
        .expression_attribute_values(":from", text(FIRST))
        .expression_attribute_values(":to", text(LAST))
        .select(Select::Count)
        .limit(i32::try_from(MAX_WATCHERS).unwrap_or(i32::MAX));
    let answer = Box::pin(request.send()).await.map_err(|error| Error::sdk("Query", error))?;
    Ok(usize::try_from(answer.count).unwrap_or_default())
}

/// Lets a socket watch a photo, and no other one any more. Returns false where the socket has ended.
///
/// Repeating it changes nothing. `bound` is what was read of the photo. 1 WRU for the socket's item and one for the
/// watcher; one more for the photo watched before, and one for the first watcher of an hour.
pub async fn watch(
    table: &Table,
    user: UserId,
    connection: &str,
    photo: PhotoId,
    bound: Option<Bound>,
) -> Result<bool> {
    // First, so that the end of the socket ends the watch, wherever this stops.
    let answer = table
        .update(&ItemKey::LiveSocket(user, connection.to_owned()))
        .update_expression("SET watching = :photo")
        .condition_expression(format!("attribute_exists({PK})"))
        .expression_attribute_values(":photo", text(photo.to_string()))
        .return_values(ReturnValue::AllOld)
        .send()
        .await;
    let socket = match answer {
        Ok(answer) => answer.attributes.map(|old| live::socket(connection, old)).transpose()?,
        Err(error) if condition_failed(&error) => None,
        Err(error) => return Err(Error::sdk("UpdateItem", error)),
    };
    let Some(socket) = socket else { return Ok(false) };
    let ends_at = socket.ends_at();
    let leaving = async {
        match socket.watching.filter(|before| *before != photo) {
            Some(before) => forget(table, before, connection).await,
            None => Ok(()),
        }
    };
    let extending = async {
        if bound.unwrap_or_default().holds(ends_at) { Ok(()) } else { extend(table, photo, ends_at).await }
    };
    futures::try_join!(leaving, extending, put(table, user, photo, &socket))?;
    Ok(true)
}

async fn put(table: &Table, user: UserId, photo: PhotoId, socket: &Socket) -> Result<()> {
    let expires_at = socket.ends_at().seconds();
    let Socket { connection, opened_at, session, token_at, .. } = socket.clone();
    let item = stored(
        &ItemKey::Watcher(photo, connection),
        Stored { user, opened_at, session, token_at, expires_at },
    )?;
    let put = table.client.put_item().table_name(&*table.name).set_item(Some(item));
    Box::pin(put.send()).await.map(drop).map_err(|error| Error::sdk("PutItem", error))
}

/// Says that the photo may be watched until then, and up to two hours longer, so that hardly any other watcher has to
/// say it.
async fn extend(table: &Table, photo: PhotoId, until: Timestamp) -> Result<()> {
    let until = Timestamp((until.0 / HOUR_MS + 2) * HOUR_MS);
    let request = table
        .update(&ItemKey::WatchState(photo))
        .update_expression(format!("SET watched_until = :until, {EXPIRES_AT} = :seconds"))
        .condition_expression("attribute_not_exists(watched_until) OR watched_until < :until")
        .expression_attribute_values(":until", number(until.0))
        .expression_attribute_values(":seconds", number(until.seconds()));
    done("UpdateItem", Box::pin(request.send()).await).map(drop)
}

/// Ends the watch of a photo by a socket that watches it. Does nothing where it watches another one or has ended.
/// 1 WRU, and one more if it did.
pub async fn unwatch(table: &Table, user: UserId, connection: &str, photo: PhotoId) -> Result<()> {
    let answer = table
        .update(&ItemKey::LiveSocket(user, connection.to_owned()))
        .update_expression("REMOVE watching")
        .condition_expression("watching = :photo")
        .expression_attribute_values(":photo", text(photo.to_string()))
        .send()
        .await;
    if done("UpdateItem", answer)? {
        forget(table, photo, connection).await?;
    }
    Ok(())
}

/// Forgets that a socket watches a photo. Repeating it changes nothing. 1 WRU.
pub async fn forget(table: &Table, photo: PhotoId, connection: &str) -> Result<()> {
    let key = key_item(&ItemKey::Watcher(photo, connection.to_owned()));
    let delete = table.client.delete_item().table_name(&*table.name).set_key(Some(key));
    Box::pin(delete.send()).await.map(drop).map_err(|error| Error::sdk("DeleteItem", error))
}

/// Reads who watches a photo. 0.5 RRU for each 20 of them, and once for none.
pub async fn watchers(table: &Table, photo: PhotoId, now: Timestamp) -> Result<Vec<Watcher>> {
    let range = Range {
        pk: partition::watchers(photo),
        from: FIRST.to_owned(),
        to: LAST.to_owned(),
        newest_first: false,
        limit: LISTED,
        consistent: true,
    };
    let page = table.query::<Stored>(range).await?;
    let open = page.items.into_iter().filter(|(_, stored)| stored.expires_at > now.seconds());
    let watcher = |(key, Stored { user, opened_at, session, token_at, .. })| match key {
        ItemKey::Watcher(_, connection) => {
            let watching = Some(photo);
            Some(Watcher { user, socket: Socket { connection, opened_at, session, token_at, watching } })
        }
        _ => None,
    };
    Ok(open.filter_map(watcher).collect())
}

/// Returns those of `photos` that somebody may watch. 1 RRU each, one round trip for each 100.
///
/// Strongly consistent: whoever was told before that they watch a photo is known of.
pub async fn watched_among(table: &Table, photos: &[PhotoId], now: Timestamp) -> Result<Vec<PhotoId>> {
    let keys: Vec<ItemKey> = photos.iter().map(|photo| ItemKey::WatchState(*photo)).collect();
    let bounds: HashMap<ItemKey, Bound> = table.batch_get_latest(&keys).await?.into_iter().collect();
    let is_watched =
        |photo: &PhotoId| bounds.get(&ItemKey::WatchState(*photo)).is_some_and(|bound| bound.holds(now));
    Ok(photos.iter().copied().filter(is_watched).collect())
}

/// Takes this second of a photo, in which its watchers are told, or else the next one. 1 WRU; 2 WRU where this one is
/// taken and the next one is not.
pub async fn take_turn(table: &Table, photo: PhotoId, now: Timestamp) -> Result<Turn> {
    let (key, second) = (ItemKey::WatchState(photo), now.seconds());
    let answer = table
        .update(&key)
        .update_expression("SET turn = :second")
        .condition_expression("watched_until > :now AND (attribute_not_exists(turn) OR turn < :second)")
        .expression_attribute_values(":second", number(second))
        .expression_attribute_values(":now", number(now.0))
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
        .send()
        .await;
    let Err(error) = answer else { return Ok(Turn::Now) };
    let Some(found) = refused(&error) else { return Err(Error::sdk("UpdateItem", error)) };
    let state = found.item.map(parsed::<State>).transpose()?;
    let turn = state.filter(|state| state.bound.holds(now)).and_then(|state| state.turn);
    match turn {
        None => Ok(Turn::Unwatched),
        Some(taken) if taken > second => Ok(Turn::Taken),
        Some(taken) => {
            let answer = table
                .update(&key)
                .update_expression("SET turn = :next")
                .condition_expression("turn = :taken")
                .expression_attribute_values(":next", number(second + 1))
                .expression_attribute_values(":taken", number(taken))
                .send()
                .await;
            Ok(if done("UpdateItem", answer)? { Turn::Next } else { Turn::Taken })
        }
    }
}

#[derive(Deserialize)]
struct State {
    #[serde(flatten)]
    bound: Bound,
    turn: Option<i64>,
}
