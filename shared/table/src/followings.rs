//! Packed followings: whom a user follows, in one item of 4 KiB at most. It is derived from the user's edges.

use std::collections::{HashMap, HashSet};

use aws_sdk_dynamodb::types::AttributeValue;
use domain::UserId;
use domain::visibility::Followings;
use serde::{Deserialize, Serialize};

use crate::calls::{back_off, parsed};
use crate::counters::{KeyPages, KeyRange};
use crate::keys::ItemKey;
use crate::{Error, Result, Table, follow, packed};

/// Most people whom the item names. With its key and its other attributes they take less than 4 KiB.
pub const NEWEST: usize = 480;
/// Times that an item is written which others write too, or whose edges change meanwhile.
const RACES: u32 = 8;

/// Packed followings as they are stored: eight bytes for each followed user.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Stored {
    /// In the order in which they were followed.
    #[serde(with = "packed")]
    pub(crate) newest: Vec<UserId>,
    /// Whether older ones were left out.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) cut: bool,
    /// Counts the changes, so that a write on top of an older state is refused.
    pub(crate) version: u64,
}

/// Reads whom `user` follows, eventually consistent. 0.5 RRU.
pub async fn get(table: &Table, user: UserId) -> Result<Followings> {
    let stored: Option<Stored> = table.get(&ItemKey::Followings(user)).await?;
    // Nothing is stored before the first follow is derived.
    Ok(stored.unwrap_or_default().into())
}

/// Returns the packed followings that an item stores.
pub fn read(item: HashMap<String, AttributeValue>) -> Result<Followings> {
    Ok(parsed::<Stored>(item)?.into())
}

/// Reads the people, at most `most`, of whom the packed followings of `user` say something else than the edges.
/// Whom packed followings that were cut do not name is not among them. 1 RRU for each 4 KiB of both.
pub async fn mismatched(table: &Table, user: UserId, most: usize) -> Result<Vec<UserId>> {
    let stored: Option<Stored> = table.get_latest(&ItemKey::Followings(user)).await?;
    let Followings { newest: mut unfollowed, whole } = stored.unwrap_or_default().into();
    let (mut mismatched, mut pages) = (Vec::new(), KeyPages::over(KeyRange::follows(user)));
    while let Some(page) = pages.next(table).await? {
        for (key, _) in page {
            let ItemKey::Following(_, followee) = key else { continue };
            if !unfollowed.remove(&followee) && whole {
                mismatched.push(followee);
            }
        }
    }
    mismatched.extend(unfollowed);
    mismatched.truncate(most);
    Ok(mismatched)
}

impl From<Stored> for Followings {
    fn from(Stored { newest, cut, .. }: Stored) -> Self {
        Self { newest: newest.into_iter().collect(), whole: !cut }
    }
}

impl Stored {
    /// Returns the followings with these people in them or not, as `followed` says of each.
    fn with(&self, people: &[UserId], followed: &HashSet<UserId>) -> Self {
        let Self { mut newest, mut cut, version } = self.clone();
        newest.retain(|user| !people.contains(user) || followed.contains(user));
        for user in people.iter().filter(|user| followed.contains(user)) {
            if !newest.contains(user) {
                newest.push(*user);
            }
        }
        let too_many = newest.len().saturating_sub(NEWEST);
        newest.drain(..too_many);
        cut |= too_many > 0;
        Self { newest, cut, version }
    }
}

/// Brings the packed followings of `user` in line with whether they follow these people now.
///
/// 1 RRU, and for each of these people 1 RRU before a write and 1 after it; a write is 1 WRU for each 127 people
/// in the item, 4 at most. Nothing is written where nothing changes.
///
/// Renewals may overlap, and may be repeated in any order. What is written is the state of the edges, which are
/// read again afterwards. An edge that changed meanwhile is renewed again, and so the last write is right.
///
/// # Errors
/// [`Error::Busy`] when the item or its edges kept changing.
pub(crate) async fn renew(table: &Table, user: UserId, people: &[UserId]) -> Result<()> {
    let key = ItemKey::Followings(user);
    let reading = async || table.get_latest::<Stored>(&key).await;
    let (mut before, mut followed) =
        futures::try_join!(reading(), follow::followed_among_latest(table, user, people))?;
    for race in 0..RACES {
        let known = before.clone().unwrap_or_default();
        let mut after = known.with(people, &followed);
        if after == known {
            return Ok(());
        }
        after.version += 1;
        let written = table.put_version(&key, &after, known.version).await?;
        if !written {
            back_off(race).await;
        }
        let (stored, now) =
            futures::try_join!(reading(), follow::followed_among_latest(table, user, people))?;
        if written && now == followed {
            return Ok(());
        }
        (before, followed) = (stored, now);
    }
    Err(Error::busy("PutItem", "the packed followings kept changing"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calls::stored;

    fn users(numbers: std::ops::Range<u64>) -> Vec<UserId> {
        numbers.map(|number| UserId::try_from(number).unwrap()).collect()
    }

    #[test]
    fn the_newest_stay_and_it_is_said_that_older_ones_are_left_out() {
        let all = users(0..500);
        let followed: HashSet<UserId> = all.iter().copied().collect();
        let full = Stored::default().with(&all[..NEWEST], &followed);
        assert_eq!((full.newest.len(), full.cut), (NEWEST, false));
        let cut = full.with(&all[NEWEST..], &followed);
        assert_eq!((&cut.newest[..], cut.cut), (&all[20..], true));
        assert_eq!(cut.with(&all[..20], &HashSet::new()), cut);
        let fewer = cut.with(&all[20..490], &HashSet::new());
        assert_eq!((&fewer.newest[..], fewer.cut), (&all[490..], true));
    }

    #[test]
    fn the_item_is_read_by_half_a_unit() {
        let last = u64::try_from(i64::MAX).unwrap();
        let newest = users(last - NEWEST as u64..last);
        let item =
            stored(&ItemKey::Followings(newest[0]), Stored { newest, cut: true, version: last }).unwrap();
        let size = |value: &aws_sdk_dynamodb::types::AttributeValue| match value {
            aws_sdk_dynamodb::types::AttributeValue::B(bytes) => bytes.as_ref().len(),
            aws_sdk_dynamodb::types::AttributeValue::S(text) => text.len(),
            _ => 21,
        };
        let bytes: usize = item.iter().map(|(name, value)| name.len() + size(value)).sum();
        assert!(bytes <= 4096, "{bytes}");
    }
}
