//! Likes: the actor's edges, and the derived edges that the photo's counter counts.

use std::collections::HashSet;

use domain::{PhotoId, Timestamp, UserId};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use crate::calls::Range;
use crate::keys::{ItemKey, partition, sort};
use crate::{Page, Result, Table};

/// Likes that are read as one range. For more, exact keys are cheaper.
const RANGE: usize = 200;

/// The attributes of an actor's edge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Like {
    /// Whose photo it is.
    pub author: UserId,
    /// The user name of the user who likes it.
    pub username: String,
    /// Since when the like exists.
    pub at: Timestamp,
}

/// Likes a photo and returns whether `user` did not like it before. 1 WRU.
pub async fn add(table: &Table, user: UserId, photo: PhotoId, like: &Like) -> Result<bool> {
    table.put_new(&ItemKey::Like(user, photo), like).await
}

/// Unlikes a photo and returns whether `user` liked it before. 1 WRU.
pub async fn remove(table: &Table, user: UserId, photo: PhotoId) -> Result<bool> {
    table.delete_existing(&ItemKey::Like(user, photo)).await
}

/// Returns whether `user` likes a photo. 0.5 RRU.
pub async fn exists(table: &Table, user: UserId, photo: PhotoId) -> Result<bool> {
    Ok(table.get::<IgnoredAny>(&ItemKey::Like(user, photo)).await?.is_some())
}

/// Reads the like of `user`, strongly consistent. 1 RRU.
pub async fn get_latest(table: &Table, user: UserId, photo: PhotoId) -> Result<Option<Like>> {
    table.get_latest(&ItemKey::Like(user, photo)).await
}

/// Reads which of `photos` `user` likes.
///
/// One range query of at least 0.5 RRU. When the range holds very many likes, exact keys are read
/// instead, at 0.5 RRU each.
pub async fn liked_among(table: &Table, user: UserId, photos: &[PhotoId]) -> Result<HashSet<PhotoId>> {
    marked_among(table, partition::likes(user), photos, |photo| ItemKey::Like(user, photo)).await
}

/// Reads which of `photos` have an item in a partition that sorts by photo. Costs as [`liked_among`].
pub(crate) async fn marked_among(
    table: &Table,
    pk: String,
    photos: &[PhotoId],
    key: impl Fn(PhotoId) -> ItemKey,
) -> Result<HashSet<PhotoId>> {
    let (Some(oldest), Some(newest)) = (photos.iter().min(), photos.iter().max()) else {
        return Ok(HashSet::new());
    };
    let range = Range {
        pk,
        from: oldest.padded(),
        to: newest.padded(),
        newest_first: true,
        limit: RANGE,
        consistent: false,
    };
    let page = table.query::<IgnoredAny>(range).await?;
    let found: HashSet<ItemKey> = if page.more {
        let keys: Vec<ItemKey> = photos.iter().map(|photo| key(*photo)).collect();
        table.batch_get::<IgnoredAny>(&keys).await?.into_iter().map(|(key, _)| key).collect()
    } else {
        page.items.into_iter().map(|(key, _)| key).collect()
    };
    Ok(photos.iter().filter(|photo| found.contains(&key(**photo))).copied().collect())
}

/// Reads who likes a photo, by user id, after `after`. 0.5 RRU for each 4 KiB.
pub async fn likers(
    table: &Table,
    photo: PhotoId,
    after: Option<UserId>,
    limit: usize,
) -> Result<Page<UserId>> {
    let range = Range {
        pk: partition::likers(photo),
        from: after.map_or_else(|| "0".to_owned(), |after| format!("{}#", after.padded())),
        to: sort::AFTER_DIGITS.to_owned(),
        newest_first: false,
        limit,
        consistent: false,
    };
    let page = table.query::<IgnoredAny>(range).await?;
    let items = page.items.into_iter().filter_map(|(key, _)| match key {
        ItemKey::Liker(_, user) => Some(user),
        _ => None,
    });
    Ok(Page { items: items.collect(), more: page.more })
}

/// Removes one page of the likes of a deleted photo, derived edges and actors' edges.
/// Returns whether more are left.
///
/// 0.5 RRU for each 4 KiB and 2 WRU for each like.
pub async fn forget_some(table: &Table, photo: PhotoId) -> Result<bool> {
    const PAGE: usize = 500;
    let page = likers(table, photo, None, PAGE).await?;
    let keys: Vec<ItemKey> = page
        .items
        .iter()
        .flat_map(|user| [ItemKey::Like(*user, photo), ItemKey::Liker(photo, *user)])
        .collect();
    table.delete_all(&keys).await?;
    Ok(page.more)
}
