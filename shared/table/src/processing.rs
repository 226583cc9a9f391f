//! Photos that wait to be processed, by the hour they were made in: the one way to find those that got stuck.

use domain::{PhotoId, Timestamp};
use serde::Serialize;
use serde::de::IgnoredAny;

use crate::calls::{Range, stored};
use crate::keys::{ItemKey, partition, sort};
use crate::{Result, Table};

/// Partitions an hour's photos spread over.
pub const SHARDS: u8 = 4;
const HOUR_MS: i64 = 60 * 60 * 1000;

#[derive(Serialize)]
struct Waiting {}

/// The hour, since the epoch, of a moment.
pub fn hour(at: Timestamp) -> i64 {
    at.0.div_euclid(HOUR_MS)
}

pub(crate) fn key(photo: PhotoId) -> ItemKey {
    // The low bits of an id are random.
    let shard = u8::try_from(photo.get() % u64::from(SHARDS)).unwrap_or(0);
    ItemKey::Processing(hour(photo.created_at()), shard, photo)
}

/// Notes that a photo waits. 1 WRU.
pub async fn add(table: &Table, photo: PhotoId) -> Result<()> {
    let key = key(photo);
    table.put_all(vec![stored(&key, Waiting {})?]).await
}

/// Notes that a photo waits no more. 1 WRU.
pub async fn remove(table: &Table, photo: PhotoId) -> Result<()> {
    table.delete_all(&[key(photo)]).await
}

/// Photos of one hour that still wait, in one of its shards. 0.5 RRU for each 4 KiB.
pub async fn waiting(table: &Table, hour: i64, shard: u8) -> Result<Vec<PhotoId>> {
    let range = Range {
        pk: partition::processing(hour, shard),
        from: "0".to_owned(),
        to: sort::AFTER_DIGITS.to_owned(),
        newest_first: false,
        limit: usize::MAX,
        consistent: false,
    };
    let page = table.query::<IgnoredAny>(range).await?;
    let photos = page.items.into_iter().filter_map(|(key, _)| match key {
        ItemKey::Processing(_, _, photo) => Some(photo),
        _ => None,
    });
    Ok(photos.collect())
}
