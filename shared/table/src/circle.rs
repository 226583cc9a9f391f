//! Circles: whom a viewer blocks and mutes, and who blocks them, in one item that is read beside what they ask
//! for. It is derived from pairs. Of whom it has no room for there is an item each beside it.

use std::collections::BTreeSet;

use domain::UserId;
use domain::visibility::{CIRCLE_LEN, Circle, Pair, Tie};
use futures::{StreamExt, TryStreamExt, stream};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use crate::calls::{Range, back_off, parsed};
use crate::counters::{KeyPages, KeyRange};
use crate::edges::{Transacted, transact};
use crate::keys::{ItemKey, partition, sort};
use crate::{Error, Item, Result, Table, bell, packed, pair};

/// Times that a circle is written which others write too.
const RACES: u32 = 8;

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
    /// other. And in which of its lists there is no room for the other.
    fn renewed(&self, other: UserId, said: &Pair, heard: &Pair) -> (Self, BTreeSet<Tie>) {
        let (mut new, mut left_out) = (self.clone(), BTreeSet::new());
        for tie in Tie::ALL {
            let list = new.list_mut(tie);
            match (list.contains(&other), tie.is_between(said, heard)) {
                (false, true) if list.len() < CIRCLE_LEN => list.push(other),
                (false, true) => _ = left_out.insert(tie),
                (true, false) => list.retain(|listed| *listed != other),
                (true, true) | (false, false) => {}
            }
        }
        new.overflows |= !left_out.is_empty();
        (new, left_out)
    }

    fn list_mut(&mut self, tie: Tie) -> &mut Vec<UserId> {
        match tie {
            Tie::Blocks => &mut self.blocks,
            Tie::BlockedBy => &mut self.blocked_by,
            Tie::MutesPosts => &mut self.mutes_posts,
            Tie::MutesStories => &mut self.mutes_stories,
        }
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
/// changes, in three. As much again for each race lost. 8 RRU more for a circle that overflows, and what it costs
/// to renew those for whom there is room again.
///
/// # Errors
/// [`Error::Busy`] when a circle stays contended. A retry is safe.
pub async fn renew(table: &Table, one: UserId, other: UserId) -> Result<()> {
    for viewer in renew_both(table, one, other).await? {
        // On the heap, because hardly any circle overflows.
        Box::pin(refill(table, viewer)).await?;
    }
    Ok(())
}

/// Renews both circles, and returns whose of the two overflows.
async fn renew_both(table: &Table, one: UserId, other: UserId) -> Result<Vec<UserId>> {
    for race in 0..RACES {
        let [of_one, of_other] = compared(table, one, other).await?;
        if !(of_one.changes() || of_other.changes()) {
            let both = [of_one, of_other].into_iter().filter(|renewal| renewal.new.overflows);
            return Ok(both.map(|renewal| renewal.viewer).collect());
        }
        let (first, second) = futures::try_join!(of_one.store(table), of_other.store(table))?;
        if !(first && second) {
            back_off(race).await;
        }
    }
    Err(Error::busy("PutItem", "the circle stayed contended"))
}

/// Moves people for whom a circle had no room into it as far as it has room now. Where it has for all of them, it
/// overflows no longer.
///
/// The people beyond a circle change in one transaction with its version. So nobody comes to them between looking
/// at them and the write that says that there is nobody.
async fn refill(table: &Table, viewer: UserId) -> Result<()> {
    /// People of one list at once.
    const SOME: usize = 25;
    for race in 0..RACES {
        let circle = stored_latest(table, viewer).await?;
        if !circle.overflows {
            return Ok(());
        }
        let listed = Circle::from(circle.clone());
        let mut is_complete = true;
        let mut movable = BTreeSet::new();
        for tie in Tie::ALL {
            let room = CIRCLE_LEN.saturating_sub(listed.list(tie).len());
            let beyond = beyond(table, viewer, tie, room.clamp(1, SOME)).await?;
            is_complete &= beyond.is_empty();
            movable.extend(beyond.into_iter().take(room));
        }
        if is_complete {
            let new = Stored { overflows: false, ..circle.clone() };
            let ended = Renewal { viewer, old: circle, new, beyond: Vec::new() };
            if ended.store(table).await? {
                return Ok(());
            }
            back_off(race).await;
        } else if movable.is_empty() {
            return Ok(());
        }
        for other in movable {
            renew_both(table, viewer, other).await?;
        }
    }
    // The next change of the circle goes on with it.
    Ok(())
}

/// Reads for whom the circle of `viewer` has no room in one list, at most `most`, strongly consistent. 1 RRU.
async fn beyond(table: &Table, viewer: UserId, tie: Tie, most: usize) -> Result<Vec<UserId>> {
    let range = Range {
        pk: partition::beyond(viewer),
        from: sort::tie(tie).to_owned(),
        to: format!("{}{}", sort::tie(tie), sort::AFTER_DIGITS),
        newest_first: false,
        limit: most,
        consistent: true,
    };
    let page = table.query::<IgnoredAny>(range).await?;
    let people = page.items.into_iter().filter_map(|(key, _)| match key {
        ItemKey::Beyond(_, _, other) => Some(other),
        _ => None,
    });
    Ok(people.collect())
}

/// A circle as it is, and as what its viewer and somebody else say about each other has it.
struct Renewal {
    viewer: UserId,
    old: Stored,
    new: Stored,
    /// Items of what the circle has no room to say, each to be there or to go.
    beyond: Vec<(ItemKey, bool)>,
}

impl Renewal {
    async fn of(
        table: &Table,
        (viewer, said): (UserId, &Pair),
        (other, heard): (UserId, &Pair),
        old: Stored,
    ) -> Result<Self> {
        let (new, left_out) = old.renewed(other, said, heard);
        let key = |tie| ItemKey::Beyond(viewer, tie, other);
        let there = if old.overflows {
            table.batch_get_latest::<IgnoredAny>(&Tie::ALL.map(key)).await?
        } else {
            // Nobody is beyond a circle that does not overflow.
            Vec::new()
        };
        let there: BTreeSet<ItemKey> = there.into_iter().map(|(key, _)| key).collect();
        let wanted = Tie::ALL.map(|tie| (key(tie), left_out.contains(&tie)));
        let beyond = wanted.into_iter().filter(|(key, wanted)| there.contains(key) != *wanted).collect();
        Ok(Self { viewer, old, new, beyond })
    }

    fn changes(&self) -> bool {
        self.old != self.new || !self.beyond.is_empty()
    }

    /// Stores the circle if it is still the old one; returns whether it was. Nothing is written if nothing changes.
    async fn store(self, table: &Table) -> Result<bool> {
        if !self.changes() {
            return Ok(true);
        }
        let Self { viewer, old, new, beyond } = self;
        let new = Stored { version: old.version + 1, ..new };
        let key = ItemKey::Circle(viewer);
        if beyond.is_empty() {
            return table.put_version(&key, new, old.version).await;
        }
        let mut writes = vec![table.version_put(&key, new, old.version)?];
        for (key, there) in beyond {
            writes.push(table.presence(&key, there)?);
        }
        Ok(matches!(transact(table, writes).await?, Transacted::All))
    }
}

/// Reads what two people say about each other, and compares the circles of both with it. 4 RRU, and 4 more for
/// each that overflows.
async fn compared(table: &Table, one: UserId, other: UserId) -> Result<[Renewal; 2]> {
    let (said, heard, of_one, of_other) = futures::try_join!(
        pair::get_latest(table, one, other),
        pair::get_latest(table, other, one),
        stored_latest(table, one),
        stored_latest(table, other),
    )?;
    let of_one = Renewal::of(table, (one, &said), (other, &heard), of_one);
    let of_other = Renewal::of(table, (other, &heard), (one, &said), of_other);
    let (of_one, of_other) = futures::try_join!(of_one, of_other)?;
    Ok([of_one, of_other])
}

/// Reads the people, at most `most`, between whom and `user` a circle of either or a bell's edge says something else
/// than they do.
///
/// It looks at those of whom `user` says anything, at those in the circle of `user` and beyond it, and at those who
/// hear of each photo of theirs. Whoever says something about `user` is found from their own side. 1 RRU for each
/// 4 KiB of what `user` says, of their circle and of those edges, and 8 for each person.
pub async fn mismatched(table: &Table, user: UserId, most: usize) -> Result<Vec<UserId>> {
    const AT_ONCE: usize = 16;
    let circle = Circle::from(stored_latest(table, user).await?);
    let mut people: BTreeSet<UserId> = Tie::ALL.iter().flat_map(|tie| circle.list(*tie)).copied().collect();
    let beyond = Tie::ALL.into_iter().map(|tie| KeyRange::beyond(user, tie));
    for range in beyond.chain([KeyRange::pairs(user), KeyRange::bells(user)]) {
        let mut pages = KeyPages::over(range);
        while let Some(page) = pages.next(table).await? {
            people.extend(page.into_iter().filter_map(|(key, _)| match key {
                ItemKey::Pair(_, other) | ItemKey::Bell(_, other) | ItemKey::Beyond(_, _, other) => {
                    Some(other)
                }
                _ => None,
            }));
        }
    }
    let differing = stream::iter(people).map(async |other| {
        let (circles, own, theirs) = futures::try_join!(
            compared(table, user, other),
            bell::differs(table, user, other),
            bell::differs(table, other, user),
        )?;
        let differs = circles.iter().any(Renewal::changes) || own || theirs;
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
pub fn read(item: Item) -> Result<Circle> {
    Ok(parsed::<Stored>(item)?.into())
}

async fn stored_latest(table: &Table, viewer: UserId) -> Result<Stored> {
    Ok(table.get_latest(&ItemKey::Circle(viewer)).await?.unwrap_or_default())
}
