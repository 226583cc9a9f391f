//! An author's head: the newest photos in one item, and how new ones reach feeds.

use std::collections::{BTreeMap, BTreeSet};

use domain::feed::{DeliveryMode, HEAD_LEN, Source, UNPUSHED_LEN};
use domain::{PhotoId, UserId};
use serde::{Deserialize, Serialize};

use crate::calls::{back_off, number, stored};
use crate::error::condition_failed;
use crate::keys::{ItemKey, PK, RawKey};
use crate::{Error, Page, Result, Table, timeline};

/// The newest photos of an author in one item, so that a rebuild over 150 authors takes two round trips.
///
/// It has two writers. Derivation writes all of it whenever the timeline changes.
/// The celebrity workflows change the mode and the unpushed photos. Each increases `version`, so that
/// derivation notices the workflows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Head {
    photos: Vec<PhotoId>,
    /// Whether the author has no older photos.
    complete: bool,
    version: u64,
    /// How photos that arrive now reach feeds.
    #[serde(default, rename = "standing", skip_serializing_if = "is_ordinary")]
    mode: DeliveryMode,
    /// Photos that arrived while the author was a celebrity and are not in every feed yet. Readers pull them.
    #[serde(default, with = "serde_dynamo::string_set", skip_serializing_if = "BTreeSet::is_empty")]
    unpushed: BTreeSet<PhotoId>,
    /// Whether there are older unpushed photos, which are read from the timeline.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    unpushed_below: bool,
    /// The workflow execution that changes the mode, or changed it last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    crossing: Option<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_ordinary(mode: &DeliveryMode) -> bool {
    *mode == DeliveryMode::Ordinary
}

impl Head {
    /// Returns the head once the author's newest photos are `newest`.
    ///
    /// Only here it is decided whether a photo is pulled or pushed: once for each photo,
    /// and in one write with the author's mode. A photo that was in the head before has been
    /// decided. A photo that enters at the end of a full head is an old one, which moves up
    /// because another was deleted.
    fn renewed(self, newest: Page<PhotoId>) -> Self {
        let oldest = self.photos.last().copied();
        let arrived = |photo: &PhotoId| {
            !self.photos.contains(photo) && (self.complete || oldest.is_none_or(|oldest| *photo > oldest))
        };
        let arrivals: Vec<PhotoId> = match self.mode {
            DeliveryMode::Celebrity => newest.items.iter().copied().filter(arrived).collect(),
            _ => Vec::new(),
        };
        let mut unpushed = self.unpushed;
        unpushed.extend(arrivals);
        let mut unpushed_below = self.unpushed_below;
        while unpushed.len() > UNPUSHED_LEN {
            unpushed.pop_first();
            unpushed_below = true;
        }
        Self {
            photos: newest.items,
            complete: !newest.more,
            version: self.version + 1,
            mode: self.mode,
            unpushed,
            unpushed_below,
            crossing: self.crossing,
        }
    }

    fn unpushed(&self, author: UserId) -> Source {
        let photos = self.unpushed.iter().rev().copied().collect();
        Source { author, photos, complete: !self.unpushed_below }
    }
}

/// The newest photos of several authors.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Heads {
    /// Their newest photos, in the order of the request. An author without a head has no photos.
    pub sources: Vec<Source>,
    /// The authors whose photos have to be pulled.
    pub celebrities: Vec<UserId>,
}

/// Reads the newest photos of several authors. 0.5 RRU each, one round trip for each 100.
pub async fn of(table: &Table, authors: &[UserId]) -> Result<Heads> {
    let mut found = read(table, authors).await?;
    let mut heads = Heads::default();
    for author in authors {
        let head = found.remove(author).unwrap_or(Head { complete: true, ..Head::default() });
        if head.mode.is_listed() {
            heads.celebrities.push(*author);
        }
        heads.sources.push(Source { author: *author, photos: head.photos, complete: head.complete });
    }
    Ok(heads)
}

/// Reads the photos of several celebrities that are not in every feed yet, newest first.
///
/// 0.5 RRU each, one round trip for each 100.
pub async fn unpushed(table: &Table, authors: &[UserId]) -> Result<Vec<Source>> {
    let found = read(table, authors).await?;
    let sources = authors.iter().map(|author| match found.get(author) {
        Some(head) => head.unpushed(*author),
        None => Source { author: *author, photos: Vec::new(), complete: true },
    });
    Ok(sources.collect())
}

async fn read(table: &Table, authors: &[UserId]) -> Result<BTreeMap<UserId, Head>> {
    let keys: Vec<ItemKey> = authors.iter().copied().map(ItemKey::Head).collect();
    let found = table.batch_get::<Head>(&keys).await?.into_iter().filter_map(|(key, head)| match key {
        ItemKey::Head(author) => Some((author, head)),
        _ => None,
    });
    Ok(found.collect())
}

/// How an author's photos reach feeds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// How photos that arrive now reach feeds.
    pub mode: DeliveryMode,
    /// The photos that are not in every feed yet.
    pub unpushed: Source,
}

/// Reads how an author's photos reach feeds, strongly consistent. 1 RRU.
pub async fn status_latest(table: &Table, author: UserId) -> Result<Status> {
    let head = table.get_latest::<Head>(&ItemKey::Head(author)).await?.unwrap_or_default();
    Ok(Status { mode: head.mode, unpushed: head.unpushed(author) })
}

/// Returns the key of an author's head, for the workflows that write to it without a function.
pub fn key(author: UserId) -> RawKey {
    ItemKey::Head(author).raw()
}

/// Writes the head again from the timeline, in which `photo` is now `listed` or not. 2 RRU and 1 WRU.
///
/// The write is conditional on the version. Of two concurrent renewals, the one that read first fails and
/// reads again. So the last head written includes every photo.
pub(crate) async fn renew(table: &Table, author: UserId, photo: PhotoId, listed: bool) -> Result<()> {
    const RACES: u32 = 10;
    for race in 0..RACES {
        let key = ItemKey::Head(author);
        let old: Option<Head> = table.get_latest(&key).await?;
        let newest = timeline::newest(table, author, None, HEAD_LEN, true).await?;
        let before = old.clone().unwrap_or(Head { complete: true, ..Head::default() });
        let version = before.version;
        let mut head = before.renewed(newest);
        if !listed {
            head.unpushed.remove(&photo);
        }
        if old.is_some_and(|old| Head { version: head.version, ..old } == head) {
            return Ok(());
        }
        let answer = table
            .client
            .put_item()
            .table_name(&*table.name)
            .set_item(Some(stored(&key, &head)?))
            .condition_expression(format!("attribute_not_exists({PK}) OR version = :version"))
            .expression_attribute_values(":version", number(version))
            .send()
            .await;
        match answer {
            Ok(_) => return Ok(()),
            Err(error) if condition_failed(&error) => back_off(race).await,
            Err(error) => return Err(Error::sdk("PutItem", error)),
        }
    }
    Err(Error::busy("PutItem", "the author's head stayed contended"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn photos(numbers: impl IntoIterator<Item = u64>) -> Vec<PhotoId> {
        numbers.into_iter().map(|number| PhotoId::try_from(number).unwrap()).collect()
    }

    fn unpushed(numbers: impl IntoIterator<Item = u64>) -> BTreeSet<PhotoId> {
        photos(numbers).into_iter().collect()
    }

    fn head(mode: DeliveryMode, numbers: impl IntoIterator<Item = u64>, complete: bool) -> Head {
        Head { photos: photos(numbers), complete, mode, ..Head::default() }
    }

    fn newest(numbers: impl IntoIterator<Item = u64>, more: bool) -> Page<PhotoId> {
        Page { items: photos(numbers), more }
    }

    #[test]
    fn photos_that_arrive_while_the_author_is_a_celebrity_are_pulled() {
        for mode in [DeliveryMode::Ordinary, DeliveryMode::Promoting, DeliveryMode::Demoting] {
            let renewed = head(mode, [2, 1], true).renewed(newest([3, 2, 1], false));
            assert!(renewed.unpushed.is_empty(), "{mode:?}");
        }
        let renewed = head(DeliveryMode::Celebrity, [2, 1], true).renewed(newest([3, 2, 1], false));
        assert_eq!(renewed.unpushed, unpushed([3]));
        // The change comes again after the photo was pushed. Nothing arrives twice.
        let pushed = Head { unpushed: unpushed([]), ..renewed };
        assert!(pushed.renewed(newest([3, 2, 1], false)).unpushed.is_empty());
    }

    #[test]
    fn an_old_photo_that_moves_up_has_not_arrived() {
        let full = head(DeliveryMode::Celebrity, [9, 8, 7], false);
        assert!(full.clone().renewed(newest([9, 7, 6], true)).unpushed.is_empty());
        assert!(full.renewed(newest([9, 8, 7, 5], true)).unpushed.is_empty());
        // A photo that was long in processing arrives in the middle.
        let gap = head(DeliveryMode::Celebrity, [9, 7], false);
        assert_eq!(gap.renewed(newest([9, 8, 7], true)).unpushed, unpushed([8]));
    }

    #[test]
    fn the_oldest_unpushed_photos_are_left_to_the_timeline() {
        let mut author = head(DeliveryMode::Celebrity, [], true);
        let most = UNPUSHED_LEN as u64 + 5;
        for last in 1..=most {
            let items = (last.saturating_sub(19).max(1)..=last).rev();
            author = author.renewed(newest(items, last > 20));
        }
        assert_eq!(author.unpushed, unpushed(6..=most));
        assert!(author.unpushed_below);
        assert!(!author.unpushed(UserId::try_from(1).unwrap()).complete);
    }
}
