//! Who gets the daily mail: one item for each, by the hour of the day at which they get it.

use aws_sdk_dynamodb::types::TransactWriteItem;
use domain::{Timestamp, UserId};
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::calls::{Range, number};
use crate::error::done;
use crate::keys::{ItemKey, PK, partition, sort};
use crate::{Page, Result, Table};

/// Partitions over which the people of an hour spread.
pub const SHARDS: u8 = 16;

/// People that are read at once.
const PAGE: usize = 500;

/// Less than a day, because a schedule is never quite punctual.
const APART_MS: i64 = 12 * 60 * 60 * 1000;

#[derive(Deserialize)]
struct Stored {
    /// When the last mail was sent.
    #[serde(default)]
    sent_at: Option<Timestamp>,
}

fn key(user: UserId, hour: u8) -> ItemKey {
    // The low bits of an id are random.
    let shard = u8::try_from(user.get() % u64::from(SHARDS)).unwrap_or(0);
    ItemKey::Digest(hour, shard, user)
}

/// Returns the part of a transaction that has somebody get the mail of an hour, or get it no more.
pub(crate) fn subscription(table: &Table, user: UserId, hour: u8, wanted: bool) -> Result<TransactWriteItem> {
    table.presence(&key(user, hour), wanted)
}

/// Reads people of an hour after one of them, from one of the hour's shards. 0.5 RRU for each 4 KiB.
pub async fn subscribers(table: &Table, hour: u8, shard: u8, after: Option<UserId>) -> Result<Page<UserId>> {
    let range = Range {
        pk: partition::digests(hour, shard),
        from: after.map_or_else(|| "0".to_owned(), |user| format!("{}{}", user.padded(), sort::AFTER_DIGITS)),
        to: sort::AFTER_DIGITS.to_owned(),
        newest_first: false,
        limit: PAGE,
        consistent: false,
    };
    let page = table.query::<IgnoredAny>(range).await?;
    let users = page.items.into_iter().filter_map(|(key, _)| match key {
        ItemKey::Digest(_, _, user) => Some(user),
        _ => None,
    });
    Ok(Page { items: users.collect(), more: page.more })
}

/// Returns whether somebody is to get the mail of an hour now. Strongly consistent, 1 RRU.
pub async fn is_due_latest(table: &Table, user: UserId, hour: u8, now: Timestamp) -> Result<bool> {
    let stored: Option<Stored> = table.get_latest(&key(user, hour)).await?;
    Ok(stored.is_some_and(|stored| stored.sent_at.is_none_or(|sent_at| sent_at.plus_ms(APART_MS) <= now)))
}

/// Records that somebody got the mail of an hour, if they are subscribed still. 1 WRU.
pub async fn mark_sent(table: &Table, user: UserId, hour: u8, now: Timestamp) -> Result<()> {
    let answer = table
        .update(&key(user, hour))
        .update_expression("SET sent_at = :now")
        .condition_expression(format!("attribute_exists({PK})"))
        .expression_attribute_values(":now", number(now.0))
        .send()
        .await;
    done("UpdateItem", answer).map(|_| ())
}
