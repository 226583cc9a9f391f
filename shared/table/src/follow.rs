//! Follows: the actors' edges, and the derived edges that both counters count.

use std::collections::HashSet;

use domain::{Home, Timestamp, UserId};
use futures::{StreamExt, TryStreamExt, stream};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use crate::calls::Range;
use crate::keys::{ItemKey, partition, sort};
use crate::{Page, Result, Table};

/// The attributes of an actor's edge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Follow {
    /// The follower's user name.
    pub username: String,
    /// Since when the follow exists.
    pub at: Timestamp,
    /// When it was accepted, if it was a request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted_at: Option<Timestamp>,
}

/// Follows `followee` and returns whether `user` did not before. 1 WRU.
pub async fn add(table: &Table, user: UserId, followee: UserId, follow: &Follow) -> Result<bool> {
    table.put_new(&ItemKey::Following(user, followee), follow).await
}

/// Unfollows `followee` and returns whether `user` followed before. 1 WRU.
pub async fn remove(table: &Table, user: UserId, followee: UserId) -> Result<bool> {
    table.delete_existing(&ItemKey::Following(user, followee)).await
}

/// Returns whether `user` follows `followee`, eventually consistent. 0.5 RRU.
pub async fn exists(table: &Table, user: UserId, followee: UserId) -> Result<bool> {
    Ok(table.get::<IgnoredAny>(&ItemKey::Following(user, followee)).await?.is_some())
}

/// Returns whether `user` follows `followee`, strongly consistent. 1 RRU.
pub async fn exists_latest(table: &Table, user: UserId, followee: UserId) -> Result<bool> {
    Ok(table.get_latest::<IgnoredAny>(&ItemKey::Following(user, followee)).await?.is_some())
}

/// Returns which of `people` `user` follows, eventually consistent. 0.5 RRU each, one round trip for each 100.
pub async fn followed_among(table: &Table, user: UserId, people: &[UserId]) -> Result<HashSet<UserId>> {
    // Nobody follows themselves, so there is no edge to read.
    let others = people.iter().filter(|other| **other != user);
    let keys: Vec<ItemKey> = others.map(|other| ItemKey::Following(user, *other)).collect();
    let found = table.batch_get::<IgnoredAny>(&keys).await?.into_iter().filter_map(|(key, _)| match key {
        ItemKey::Following(_, followee) => Some(followee),
        _ => None,
    });
    Ok(found.collect())
}

/// Returns which of `people` `user` follows, strongly consistent. 1 RRU each, one round trip for each 16.
pub async fn followed_among_latest(
    table: &Table,
    user: UserId,
    people: &[UserId],
) -> Result<HashSet<UserId>> {
    const AT_ONCE: usize = 16;
    let reads = stream::iter(people.to_vec())
        .map(async |other| Ok::<_, crate::Error>(exists_latest(table, user, other).await?.then_some(other)));
    reads.buffer_unordered(AT_ONCE).try_filter_map(|found| std::future::ready(Ok(found))).try_collect().await
}

/// Returns which of `people` follow `followee`, eventually consistent. 0.5 RRU each, one round trip for each 100.
pub async fn followers_among(table: &Table, followee: UserId, people: &[UserId]) -> Result<HashSet<UserId>> {
    let keys: Vec<ItemKey> = people.iter().map(|person| ItemKey::Following(*person, followee)).collect();
    let found = table.batch_get::<IgnoredAny>(&keys).await?.into_iter().filter_map(|(key, _)| match key {
        ItemKey::Following(follower, _) => Some(follower),
        _ => None,
    });
    Ok(found.collect())
}

/// Reads the follow of `user`, eventually consistent. 0.5 RRU.
pub async fn get(table: &Table, user: UserId, followee: UserId) -> Result<Option<Follow>> {
    table.get(&ItemKey::Following(user, followee)).await
}

/// Reads the follow of `user`, strongly consistent. 1 RRU.
pub async fn get_latest(table: &Table, user: UserId, followee: UserId) -> Result<Option<Follow>> {
    table.get_latest(&ItemKey::Following(user, followee)).await
}

/// Reads whom `user` follows, by id, after `after`. 0.5 RRU for each 4 KiB.
pub async fn following(
    table: &Table,
    user: UserId,
    after: Option<UserId>,
    limit: usize,
) -> Result<Page<UserId>> {
    let from = match after {
        Some(after) => format!("{}{}#", sort::FOLLOWS, after.padded()),
        None => sort::FOLLOWS.to_owned(),
    };
    let range = Range {
        pk: partition::user(user),
        from,
        to: format!("{}{}", sort::FOLLOWS, sort::AFTER_DIGITS),
        newest_first: false,
        limit,
        consistent: false,
    };
    let page = table.query::<IgnoredAny>(range).await?;
    let items = page.items.into_iter().filter_map(|(key, _)| match key {
        ItemKey::Following(_, followee) => Some(followee),
        _ => None,
    });
    Ok(Page { items: items.collect(), more: page.more })
}

/// Reads who follows `user`, by home and then by hash, after `after`. 0.5 RRU for each 4 KiB, about 40 edges.
pub async fn followers(
    table: &Table,
    user: UserId,
    after: Option<UserId>,
    limit: usize,
) -> Result<Page<UserId>> {
    let from = after.map_or_else(|| "0".to_owned(), behind);
    follower_range(table, user, from, sort::AFTER_DIGITS.to_owned(), limit, false).await
}

/// Returns a text that sorts after the key of `follower` and before every later one.
fn behind(follower: UserId) -> String {
    format!("{}#", sort::follower(follower))
}

async fn follower_range(
    table: &Table,
    user: UserId,
    from: String,
    to: String,
    limit: usize,
    consistent: bool,
) -> Result<Page<UserId>> {
    let range = Range { pk: partition::followers(user), from, to, newest_first: false, limit, consistent };
    let page = table.query::<IgnoredAny>(range).await?;
    let items = page.items.into_iter().filter_map(|(key, _)| match key {
        ItemKey::Follower(_, follower) => Some(follower),
        _ => None,
    });
    Ok(Page { items: items.collect(), more: page.more })
}

/// Returns which followers on a page no longer follow `author`, strongly consistent. 1 RRU for each 4 KiB.
///
/// The page is in the order of its keys, as a query returns it.
///
/// Code that writes for each follower of a page calls this afterwards. An unfollow that was handled before
/// the write found nothing to remove.
pub async fn gone_since(table: &Table, author: UserId, page: &[UserId]) -> Result<Vec<UserId>> {
    let (Some(&first), Some(&last)) = (page.first(), page.last()) else { return Ok(Vec::new()) };
    let (from, to) = (sort::follower(first), sort::follower(last));
    let still = follower_range(table, author, from, to, usize::MAX, true).await?;
    let still: HashSet<UserId> = still.items.into_iter().collect();
    Ok(page.iter().filter(|follower| !still.contains(follower)).copied().collect())
}

/// Reads the followers of one author page by page, so that only a page of them is in memory.
#[derive(Clone, Debug)]
pub struct FollowerPages {
    author: UserId,
    from: String,
    to: String,
    done: bool,
}

impl FollowerPages {
    /// Followers read at once.
    const PAGE: usize = 1_000;

    /// Starts with the followers of `author` in `home` with hashes from `first` to `last`, or after `after`.
    pub fn new(author: UserId, home: Home, first: u16, last: u16, after: Option<UserId>) -> Self {
        let from = after.map_or_else(|| sort::hash(home, first), behind);
        let to = format!("{}#{}", sort::hash(home, last), sort::AFTER_DIGITS);
        Self { author, from, to, done: false }
    }

    /// Reads the next page; `None` after the last. 0.5 RRU for each 4 KiB, about 40 followers.
    pub async fn next(&mut self, table: &Table) -> Result<Option<Vec<UserId>>> {
        if self.done {
            return Ok(None);
        }
        let (from, to) = (self.from.clone(), self.to.clone());
        let page = follower_range(table, self.author, from, to, Self::PAGE, false).await?;
        match page.items.last() {
            Some(&last) if page.more => self.from = behind(last),
            _ => self.done = true,
        }
        Ok(Some(page.items))
    }

    /// Returns whether the last page has been read.
    pub fn is_done(&self) -> bool {
        self.done
    }
}
