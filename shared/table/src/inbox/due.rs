//! Rows that are told again, by the minute in which they are due.

use aws_sdk_dynamodb::types::{Put, TransactWriteItem};
use domain::inbox::RowId;
use domain::{Timestamp, UserId};
use serde::Serialize;
use serde::de::IgnoredAny;

use crate::calls::{Range, stored};
use crate::keys::{ItemKey, partition, sort};
use crate::{Error, Page, Result, Table};

/// Partitions over which the rows of a minute spread.
pub const SHARDS: u8 = 16;
const MINUTE_MS: i64 = 60_000;
/// Seconds for which a row is kept that nobody tells. Whatever happens in it later tells it.
const KEPT_SECONDS: i64 = 24 * 60 * 60;

#[derive(Serialize)]
struct Waiting {
    expires_at: i64,
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
    let key = key(minute(due.plus_ms(MINUTE_MS - 1)), recipient, row);
    let item = stored(&key, Waiting { expires_at: due.seconds().saturating_add(KEPT_SECONDS) })?;
    let put = Put::builder().table_name(&*table.name).set_item(Some(item)).build();
    Ok(TransactWriteItem::builder().put(put.map_err(Error::unreadable)?).build())
}

fn key(minute: i64, recipient: UserId, row: RowId) -> ItemKey {
    // The low bits of an id are random.
    let shard = u8::try_from(recipient.get() % u64::from(SHARDS)).unwrap_or(0);
    ItemKey::Due(minute, shard, recipient, row)
}

/// Reads up to `limit` rows that are due in a minute, from one of its shards. 0.5 RRU for each 4 KiB.
pub async fn rows(table: &Table, minute: i64, shard: u8, limit: usize) -> Result<Page<(UserId, RowId)>> {
    let pk = partition::due(minute, shard);
    let (from, to) = ("0".to_owned(), sort::AFTER_DIGITS.to_owned());
    let range = Range { pk, from, to, newest_first: false, limit, consistent: false };
    let Page { items, more } = table.query::<IgnoredAny>(range).await?;
    let rows = items.into_iter().filter_map(|(key, _)| match key {
        ItemKey::Due(_, _, recipient, row) => Some((recipient, row)),
        _ => None,
    });
    Ok(Page { items: rows.collect(), more })
}

/// Forgets that rows were due in a minute. 1 WRU each.
pub async fn remove(table: &Table, minute: i64, rows: &[(UserId, RowId)]) -> Result<()> {
    let keys = rows.iter().map(|(recipient, row)| key(minute, *recipient, *row));
    table.delete_all(&keys.collect::<Vec<_>>()).await
}
