//! Circles: whom a viewer blocks and mutes, and who blocks them, in one item that is read beside what they ask
//! for. It is derived from pairs.

use std::collections::{BTreeSet, HashMap};

use aws_sdk_dynamodb::types::AttributeValue;
use domain::UserId;
use domain::visibility::{CIRCLE_LEN, Circle, Pair, Tie};
use futures::{StreamExt, TryStreamExt, stream};
use serde::{Deserialize, Serialize};

use crate::calls::{back_off, parsed};
use crate::counters::{KeyPages, KeyRange};
use crate::keys::ItemKey;
use crate::{Error, Result, Table, packed, pair};

/// A circle as it is stored: eight bytes for each person of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Stored {
    #[serde(default, with = "packed", skip_serializing_if = "Vec::is_empty")]
    pub(crate) blocks: Vec<UserId>,
    #[serde(default, with = "packed", skip_serializing_if = "Vec::is_empty")]
    pub(crate) blocked_by: Vec<UserId>,
    #[serde(default, with = "packed", skip_serializing_if = "Vec::is_empty")]
    pub(crate) mutes_posts: Vec<UserId>,
    #[serde(default, with = "packed", skip_serializing_if = "Vec::is_empty")]
    pub(crate) mutes_stories: Vec<UserId>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) overflows: bool,
    /// Counts the changes, so that a write on top of an older state is refused.
    pub(crate) version: u64,
}

impl Stored {
    /// Returns it with what its viewer and `other` say about each other: `said` by the viewer, `heard` by the
    /// other.
    fn renewed(&self, other: UserId, said: &Pair, heard: &Pair) -> Self {
        let mut new = self.clone();
        for tie in Tie::ALL {
            let list = match tie {
                Tie::Blocks => &mut new.blocks,
                Tie::BlockedBy => &mut new.blocked_by,
                Tie::MutesPosts => &mut new.mutes_posts,
                Tie::MutesStories => &mut new.mutes_stories,
            };
            match (list.contains(&other), tie.is_between(said, heard)) {
                (false, true) if list.len() < CIRCLE_LEN => list.push(other),
                // Who is left out is not known later. So it stays said that somebody is.
                (false, true) => new.overflows = true,
                (true, false) => list.retain(|listed| *listed != other),
                (true, true) | (false, false) => {}
            }
        }
        new
    }
}

impl From<Stored> for Circle {
    fn from(stored: Stored) -> Self {
        let set = |list: Vec<UserId>| list.into_iter().collect::<BTreeSet<_>>();
        Self {
            blocks: set(stored.blocks),
            blocked_by: set(stored.blocked_by),
            mutes_posts: set(stored.mutes_posts),
            mutes_stories: set(stored.mutes_stories),
            overflows: stored.overflows,
        }
    }
}

/// Reads the circle of `viewer`, eventually consistent. 0.5 RRU for each 4 KiB, of which there are two at most.
pub async fn get(table: &Table, viewer: UserId) -> Result<Circle> {
    Ok(table.get::<Stored>(&ItemKey::Circle(viewer)).await?.unwrap_or_default().into())
}

/// Brings the circles of two people in line with what they say about each other at present.
///
/// The pairs are read again after each write, so that of several renewals at once, with stale and repeated
/// records in any order, the last write is right.
///
/// 4 RRU where nothing changes, in one round trip; otherwise 8 RRU and 1 WRU for each KiB of each circle that
/// changes, in three. As much again for each race lost.
///
/// # Errors
/// [`Error::Busy`] when a circle stays contended. A retry is safe.
pub async fn renew(table: &Table, one: UserId, other: UserId) -> Result<()> {
    const RACES: u32 = 8;
    for race in 0..RACES {
        let [(of_one, new_of_one), (of_other, new_of_other)] = compared(table, one, other).await?;
        if new_of_one == of_one && new_of_other == of_other {
            return Ok(());
        }
        let (first, second) = futures::try_join!(
            store(table, one, of_one, new_of_one),
            store(table, other, of_other, new_of_other)
        )?;
        if !(first && second) {
            back_off(race).await;
        }
    }
    Err(Error::busy("PutItem", "the circle stayed contended"))
}

/// Reads the circles of two people, each as it is and as what they say about each other has it. 4 RRU.
async fn compared(table: &Table, one: UserId, other: UserId) -> Result<[(Stored, Stored); 2]> {
    let (said, heard, of_one, of_other) = futures::try_join!(
        pair::get_latest(table, one, other),
        pair::get_latest(table, other, one),
        stored_latest(table, one),
        stored_latest(table, other),
    )?;
    let new_of_one = of_one.renewed(other, &said, &heard);
    let new_of_other = of_other.renewed(one, &heard, &said);
    Ok([(of_one, new_of_one), (of_other, new_of_other)])
}

/// Reads the people, at most `most`, between whom and `user` a circle of either says something else than they do.
///
/// It looks at those of whom `user` says anything, and at those in the circle of `user`. Whoever says something
/// about `user` is found from their own side. 1 RRU for each 4 KiB of what `user` says and of their circle, and 4
/// for each person.
pub async fn mismatched(table: &Table, user: UserId, most: usize) -> Result<Vec<UserId>> {
    const AT_ONCE: usize = 16;
    let circle = Circle::from(stored_latest(table, user).await?);
    let mut people: BTreeSet<UserId> = Tie::ALL.iter().flat_map(|tie| circle.list(*tie)).copied().collect();
    let mut pages = KeyPages::over(KeyRange::pairs(user));
    while let Some(page) = pages.next(table).await? {
        people.extend(page.into_iter().filter_map(|(key, _)| match key {
            ItemKey::Pair(_, other) => Some(other),
            _ => None,
        }));
    }
    let differing = stream::iter(people).map(async |other| {
        let differs = compared(table, user, other).await?.iter().any(|(is, should_be)| is != should_be);
        Ok::<_, Error>(differs.then_some(other))
    });
    differing
        .buffered(AT_ONCE)
        .try_filter_map(|other| std::future::ready(Ok(other)))
        .take(most)
        .try_collect()
        .await
}

/// Returns the circle that an item stores.
pub fn read(item: HashMap<String, AttributeValue>) -> Result<Circle> {
    Ok(parsed::<Stored>(item)?.into())
}

async fn stored_latest(table: &Table, viewer: UserId) -> Result<Stored> {
    Ok(table.get_latest(&ItemKey::Circle(viewer)).await?.unwrap_or_default())
}

/// Stores a changed circle if it is still `old`; returns whether it was. Nothing is written if nothing changed.
async fn store(table: &Table, viewer: UserId, old: Stored, new: Stored) -> Result<bool> {
    if old == new {
        return Ok(true);
    }
    let new = Stored { version: old.version + 1, ..new };
    table.put_version(&ItemKey::Circle(viewer), new, old.version).await
}
