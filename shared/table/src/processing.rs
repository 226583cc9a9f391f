//! Photos in processing, by the hour in which they were created. Stuck photos are found here and only here.

use domain::{PhotoId, Timestamp};
use serde::Serialize;
use serde::de::IgnoredAny;

use crate::calls::{Range, stored};
use crate::keys::{ItemKey, partition, sort};
use crate::{Result, Table};

/// Partitions over which the photos of an hour spread.
pub const SHARDS: u8 = 4;
const HOUR_MS: i64 = 60 * 60 * 1000;

#[derive(Serialize)]
struct Waiting {}

/// Returns the hour of a moment, in hours since the epoch.
pub fn hour(at: Timestamp) -> i64 {
    at.0.div_euclid(HOUR_MS)
}

pub(crate) fn key(photo: PhotoId) -> ItemKey {
    // The low bits of an id are random.
    let shard = u8::try_from(photo.get() % u64::from(SHARDS)).unwrap_or(0);
    ItemKey::Processing(hour(photo.created_at()), shard, photo)
}

/// Records that a photo is in processing. 1 WRU.
pub async fn add(table: &Table, photo: PhotoId) -> Result<()> {
    let key = key(photo);
    table.put_all(vec![stored(&key, Waiting {})?]).await
}

/// Records that a photo is no longer in processing. 1 WRU.
pub async fn remove(table: &Table, photo: PhotoId) -> Result<()> {
    table.delete_all(&[key(photo)]).await
}

/// Reads the photos of one hour that are still in processing, from one of its shards. 0.5 RRU for each 4 KiB.
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
