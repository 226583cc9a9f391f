//! Recounts: comparing a counter with the number of edges it counts, and setting it.
//!
//! Each write of a counted edge increases the counted item's `version` in the same transaction.
//! If two reads find the same `version`, the edges counted between them are those of one moment, however many
//! pages they fill. A counter is set under the condition that `version` is what it was before counting.
//! It is then exact, because an edge added or removed since makes the write fail.
//!
//! `following` is the exception. The edges it counts are in the partitions of everybody followed.
//! Only those that the user's own edges point at can be counted here. An edge whose source edge is gone (an
//! unfollow that is not derived yet) is not seen, so such a count is a lower bound.
//! A scan of the whole table has the exact count and sets the counter by [`set_following`].

use std::fmt;

use domain::{CommentPath, Home, PhotoId, UserId};
use futures::{StreamExt, TryStreamExt, stream};
use serde::de::IgnoredAny;

use crate::calls::{back_off, number};
use crate::edges::VERSION;
use crate::error::done;
use crate::keys::{ItemKey, PK, sort};
use crate::{Error, Item, Result, Table};

mod key_range;

pub(crate) use key_range::{KeyPages, KeyRange};

/// Ranges of one partition counted at once, or items read at once.
const AT_ONCE: usize = 16;
/// Followers that are counted one page after the other. More are split into ranges.
const RANGE: i64 = 50_000;

/// A counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Counter {
    /// How many follow the user.
    Followers(UserId),
    /// How many the user follows.
    Following(UserId),
    /// How many photos are in the user's timeline.
    Photos(UserId),
    /// How many ask to follow the user.
    Requests(UserId),
    /// How many like the photo.
    Likes(PhotoId),
    /// How many comments the photo has, replies included.
    Comments(PhotoId),
    /// How many replies the comment has.
    Replies(CommentPath),
    /// How many like the comment.
    CommentLikes(CommentPath),
}

impl Counter {
    /// Every counter of a user.
    pub const OF_USER: [fn(UserId) -> Self; 4] =
        [Self::Followers, Self::Following, Self::Photos, Self::Requests];
    /// Every counter of a photo.
    pub const OF_PHOTO: [fn(PhotoId) -> Self; 2] = [Self::Likes, Self::Comments];
    /// Every counter of a comment.
    pub const OF_COMMENT: [fn(CommentPath) -> Self; 2] = [Self::Replies, Self::CommentLikes];

    /// Returns the item that holds it.
    pub fn item(self) -> ItemKey {
        match self {
            Self::Followers(user) | Self::Following(user) | Self::Photos(user) | Self::Requests(user) => {
                ItemKey::User(user)
            }
            Self::Likes(photo) | Self::Comments(photo) => ItemKey::Photo(photo),
            Self::Replies(path) | Self::CommentLikes(path) => ItemKey::Threaded(path),
        }
    }

    /// Returns the attribute that holds it.
    pub fn attribute(self) -> &'static str {
        match self {
            Self::Followers(_) => "followers",
            Self::Following(_) => "following",
            Self::Photos(_) => "photos",
            Self::Requests(_) => "requests",
            Self::Likes(_) | Self::CommentLikes(_) => "likes",
            Self::Comments(_) => "comments",
            Self::Replies(_) => "replies",
        }
    }
}

/// Writes the counter in words, for operators.
impl fmt::Display for Counter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Followers(user) | Self::Following(user) | Self::Photos(user) | Self::Requests(user) => {
                write!(f, "{} of user {user}", self.attribute())
            }
            Self::Likes(photo) | Self::Comments(photo) => {
                write!(f, "{} of photo {photo}", self.attribute())
            }
            Self::Replies(path) | Self::CommentLikes(path) => {
                write!(f, "{} of comment {path}", self.attribute())
            }
        }
    }
}

/// A counter as it is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Its value.
    pub value: i64,
    /// The version of its item's counters.
    pub version: Option<u64>,
}

/// A counter and the number of its edges at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count {
    /// The counter's value.
    pub stored: i64,
    /// The number of edges.
    pub edges: i64,
    /// The version of its item's counters.
    pub version: Option<u64>,
}

/// The result of inspecting a counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inspection {
    /// The item that holds it is gone.
    Gone,
    /// It changed while its edges were counted.
    Moved,
    /// It did not change while its edges were counted.
    Still(Count),
}

/// Reads a counter, strongly consistent; `None` when the item that holds it is gone.
/// 1 RRU for each 4 KiB of the item.
pub async fn stored_latest(table: &Table, counter: Counter) -> Result<Option<Stored>> {
    let Some(item) = table.item_latest(&counter.item()).await? else { return Ok(None) };
    let value = integer(&item, counter.attribute())?.unwrap_or(0);
    let version = integer(&item, VERSION)?.map(u64::try_from).transpose().map_err(Error::unreadable)?;
    Ok(Some(Stored { value, version }))
}

fn integer(item: &Item, attribute: &str) -> Result<Option<i64>> {
    let Some(value) = item.get(attribute) else { return Ok(None) };
    let number = value.as_n().map_err(|_| Error::unreadable("a counter that is no number"))?;
    number.parse().map(Some).map_err(Error::unreadable)
}

/// Counts the edges of a counter and compares them with its value.
///
/// 2 RRU for the item and 1 for each 4 KiB of edges; for `following` 1 more for each edge.
pub async fn inspect(table: &Table, counter: Counter) -> Result<Inspection> {
    let Some(before) = stored_latest(table, counter).await? else { return Ok(Inspection::Gone) };
    let edges = count(table, counter, before.value).await?;
    Ok(match stored_latest(table, counter).await? {
        None => Inspection::Gone,
        Some(after) if after != before => Inspection::Moved,
        Some(Stored { value, version }) => Inspection::Still(Count { stored: value, edges, version }),
    })
}

/// Recounts a user's followers, photos and requests, sets each counter that is wrong, and returns the counts found.
/// They are none for an account that is gone.
///
/// Costs three [`inspect`]s, and 1 WRU for each counter that is set. [`Error::Busy`] when edges keep changing
/// while they are counted.
pub async fn recount_user(table: &Table, user: UserId) -> Result<Vec<Count>> {
    recount_all(table, [Counter::Followers(user), Counter::Photos(user), Counter::Requests(user)]).await
}

/// Recounts a photo's likes and comments, sets each counter that is wrong, and returns the counts found.
/// They are none for a photo that is gone.
///
/// Costs two [`inspect`]s, and 1 WRU for each counter that is set. Fails as [`recount_user`].
pub async fn recount_photo(table: &Table, photo: PhotoId) -> Result<Vec<Count>> {
    recount_all(table, Counter::OF_PHOTO.map(|of| of(photo))).await
}

/// Recounts the replies and the likes of a comment, as [`recount_photo`].
pub async fn recount_comment(table: &Table, path: CommentPath) -> Result<Vec<Count>> {
    recount_all(table, Counter::OF_COMMENT.map(|of| of(path))).await
}

async fn recount_all<const N: usize>(table: &Table, counters: [Counter; N]) -> Result<Vec<Count>> {
    let mut counts = Vec::with_capacity(counters.len());
    for counter in counters {
        counts.extend(recount(table, counter).await?);
    }
    Ok(counts)
}

async fn recount(table: &Table, counter: Counter) -> Result<Option<Count>> {
    const RACES: u32 = 5;
    for race in 0..RACES {
        match inspect(table, counter).await? {
            Inspection::Gone => return Ok(None),
            Inspection::Moved => {}
            Inspection::Still(count) if count.stored == count.edges => return Ok(Some(count)),
            Inspection::Still(count) => {
                if set(table, counter, count.edges, count.version).await? {
                    return Ok(Some(count));
                }
            }
        }
        back_off(race).await;
    }
    Err(Error::busy("UpdateItem", "the counter kept moving while its edges were counted"))
}

/// Sets how many people `user` follows to the count of a scan, unless their counters have changed since.
/// Returns whether it did. 1 WRU.
pub async fn set_following(table: &Table, user: UserId, edges: i64, version: Option<u64>) -> Result<bool> {
    set(table, Counter::Following(user), edges, version).await
}

/// Sets a counter and increases the version, so that a recount at the same time has to start again.
async fn set(table: &Table, counter: Counter, edges: i64, version: Option<u64>) -> Result<bool> {
    let unchanged = if version.is_some() { "#version = :version" } else { "attribute_not_exists(#version)" };
    let mut request = table
        .update(&counter.item())
        .update_expression("SET #counter = :edges ADD #version :one")
        .condition_expression(format!("attribute_exists({PK}) AND {unchanged}"))
        .expression_attribute_names("#counter", counter.attribute())
        .expression_attribute_names("#version", VERSION)
        .expression_attribute_values(":edges", number(edges))
        .expression_attribute_values(":one", number(1));
    if let Some(version) = version {
        request = request.expression_attribute_values(":version", number(version));
    }
    done("UpdateItem", request.send().await)
}

async fn count(table: &Table, counter: Counter, expected: i64) -> Result<i64> {
    match counter {
        Counter::Followers(user) => {
            let counts = stream::iter(follower_ranges(user, expected))
                .map(|range| range.count(table))
                .buffer_unordered(AT_ONCE);
            counts.try_fold(0, |sum, part| std::future::ready(Ok(sum + part))).await
        }
        Counter::Photos(user) => KeyRange::timeline(user).count(table).await,
        Counter::Requests(user) => KeyRange::requested(user).count(table).await,
        Counter::Likes(photo) => KeyRange::likers(photo).count(table).await,
        Counter::Comments(photo) => {
            let (thread, replies) = futures::try_join!(
                KeyRange::thread(photo).count(table),
                KeyRange::replies(photo).count(table),
            )?;
            Ok(thread + replies)
        }
        Counter::Replies(path) => KeyRange::replies_to(path).count(table).await,
        Counter::CommentLikes(path) => KeyRange::comment_likers(path).count(table).await,
        Counter::Following(user) => count_following(table, user).await,
    }
}

/// Returns all followers as ranges, several when there are many, so that they are counted in parallel.
///
/// The ranges are cut at hashes of the local home. Followers of other homes are in the first or last range.
fn follower_ranges(user: UserId, expected: i64) -> Vec<KeyRange> {
    const HASHES: u32 = 1 << 16;
    let parts = u32::try_from(expected / RANGE).unwrap_or(0).clamp(1, 16);
    let hashes = (1..parts).filter_map(|part| u16::try_from(part * HASHES / parts).ok());
    KeyRange::followers(user).cut(hashes.map(|hash| sort::hash(Home::LOCAL, hash)))
}

async fn count_following(table: &Table, user: UserId) -> Result<i64> {
    let mut pages = KeyPages::over(KeyRange::follows(user));
    let mut derived = 0;
    while let Some(page) = pages.next(table).await? {
        let edges = page.into_iter().filter_map(|(key, _)| match key {
            ItemKey::Following(user, followee) => Some(ItemKey::Follower(followee, user)),
            _ => None,
        });
        let found: Vec<bool> = stream::iter(edges)
            .map(async |edge| Ok::<_, Error>(table.get_latest::<IgnoredAny>(&edge).await?.is_some()))
            .buffer_unordered(AT_ONCE)
            .try_collect()
            .await?;
        derived += found.into_iter().map(i64::from).sum::<i64>();
    }
    Ok(derived)
}

#[cfg(test)]
mod tests;
