//! Rows that are told again and quiet hours that end, by the minute in which they are due.

use aws_sdk_dynamodb::types::{Put, TransactWriteItem};
use domain::inbox::RowId;
use domain::{Timestamp, UserId};
use serde::Serialize;
use serde::de::IgnoredAny;

use crate::calls::{Range, stored};
use crate::keys::{ItemKey, partition, sort};
use crate::{Error, Page, Result, Table};

/// Partitions over which what is due in a minute spreads.
pub const SHARDS: u8 = 16;
const MINUTE_MS: i64 = 60_000;
/// Seconds for which it is kept that nobody looks at. Whatever happens in a row later tells it.
const KEPT_SECONDS: i64 = 24 * 60 * 60;

#[derive(Serialize)]
struct Waiting {
    expires_at: i64,
}

impl Waiting {
    fn until(due: Timestamp) -> Self {
        Self { expires_at: due.seconds().saturating_add(KEPT_SECONDS) }
    }
}

/// What is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// A row of somebody's inbox is told.
    Row(UserId, RowId),
    /// Somebody's quiet hours end.
    QuietEnd(UserId),
}

impl Due {
    fn key(self, minute: i64) -> ItemKey {
        let (Self::Row(user, _) | Self::QuietEnd(user)) = self;
        // The low bits of an id are random.
        let shard = u8::try_from(user.get() % u64::from(SHARDS)).unwrap_or(0);
        match self {
            Self::Row(user, row) => ItemKey::Due(minute, shard, user, row),
            Self::QuietEnd(user) => ItemKey::QuietEnd(minute, shard, user),
        }
    }
}

/// Returns the minute that has begun at a moment, in minutes since the epoch.
pub fn minute(at: Timestamp) -> i64 {
    at.0.div_euclid(MINUTE_MS)
}

/// Returns when a minute begins.
pub fn begins(minute: i64) -> Timestamp {
    Timestamp(minute.saturating_mul(MINUTE_MS))
}

/// Returns the write that has a row told in the first minute that begins at `due` or after it.
pub(super) fn put(table: &Table, recipient: UserId, row: RowId, due: Timestamp) -> Result<TransactWriteItem> {
    let item = stored(&Due::Row(recipient, row).key(first_minute(due)), Waiting::until(due))?;
    let put = Put::builder().table_name(&*table.name).set_item(Some(item)).build();
    Ok(TransactWriteItem::builder().put(put.map_err(Error::unreadable)?).build())
}

/// Has it noticed that somebody's quiet hours end at `end`. Once for each end: 1 WRU, also where it is noted already.
pub async fn note_quiet_end(table: &Table, user: UserId, end: Timestamp) -> Result<()> {
    table.put_new(&Due::QuietEnd(user).key(first_minute(end)), Waiting::until(end)).await.map(|_| ())
}

/// Returns the first minute that begins at `due` or after it.
fn first_minute(due: Timestamp) -> i64 {
    minute(due.plus_ms(MINUTE_MS - 1))
}

/// Reads up to `limit` things that are due in a minute, from one of its shards. 0.5 RRU for each 4 KiB.
pub async fn read(table: &Table, minute: i64, shard: u8, limit: usize) -> Result<Page<Due>> {
    let pk = partition::due(minute, shard);
    let (from, to) = ("0".to_owned(), sort::AFTER_DIGITS.to_owned());
    let range = Range { pk, from, to, newest_first: false, limit, consistent: false };
    let Page { items, more } = table.query::<IgnoredAny>(range).await?;
    let due = items.into_iter().filter_map(|(key, _)| match key {
        ItemKey::Due(_, _, recipient, row) => Some(Due::Row(recipient, row)),
        ItemKey::QuietEnd(_, _, user) => Some(Due::QuietEnd(user)),
        _ => None,
    });
    Ok(Page { items: due.collect(), more })
}

/// Forgets what was due in a minute. 1 WRU each.
pub async fn remove(table: &Table, minute: i64, due: &[Due]) -> Result<()> {
    let keys = due.iter().map(|due| due.key(minute));
    table.delete_all(&keys.collect::<Vec<_>>()).await
}
