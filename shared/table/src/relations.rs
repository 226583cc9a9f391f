//! What actors say beside what was derived from it: follows, likes, and photos in their author's timeline.
//!
//! In a table that is at work the two differ for as long as the stream takes. What differs for longer is mismatched.

use domain::photo::Photo;
use domain::{PhotoId, UserId};
use futures::{StreamExt, TryStreamExt, stream};
use serde::de::IgnoredAny;

use crate::counters::{KeyPages, KeyRange};
use crate::follow::{self, Follow};
use crate::keys::ItemKey;
use crate::like::{self, Like};
use crate::{Error, Order, Result, Table, listing, photo};

/// Relations looked at, at once.
const AT_ONCE: usize = 16;

/// Something an actor says and something that is derived from it, by their two ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Relation {
    /// The first follows the second, who is followed by the first.
    Follow(UserId, UserId),
    /// The user likes the photo, which is liked by the user.
    Like(UserId, PhotoId),
    /// The author's photo is ready, and is in their timeline.
    Listing(UserId, PhotoId),
}

/// How the two sides of a relation stand to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Agreement {
    /// They agree, or what they are about is gone.
    Agreed,
    /// The actor says so, and it is not derived.
    Underived,
    /// It is derived from what nobody says.
    Orphaned,
}

/// Relations that have one end in common and one side in one partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// Derived: who follows the user.
    Followers(UserId),
    /// Said: whom the user follows.
    Follows(UserId),
    /// Derived: who likes the photo.
    Likers(PhotoId),
    /// Said: what the user likes.
    Likes(UserId),
    /// Derived: what is in the author's timeline.
    Timeline(UserId),
    /// Said: whether the photo is ready, and so to be listed.
    Photo(PhotoId),
}

/// What a relation was brought to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settled {
    /// The actor says so, and it is derived, unless who or what counts it is gone.
    There,
    /// The actor does not say so, and it is not derived.
    Gone,
    /// It was left as it is: the photo is there, but is not ready or is somebody else's. A listing goes with its photo only.
    Open,
}

impl Relation {
    /// What an item says or derives of a relation, if anything; of photos, nothing.
    pub fn of(key: &ItemKey) -> Option<Self> {
        match *key {
            ItemKey::Following(follower, followee) | ItemKey::Follower(followee, follower) => {
                Some(Self::Follow(follower, followee))
            }
            ItemKey::Like(user, photo) | ItemKey::Liker(photo, user) => Some(Self::Like(user, photo)),
            ItemKey::Timeline(author, photo) => Some(Self::Listing(author, photo)),
            _ => None,
        }
    }

    fn derived(self) -> ItemKey {
        match self {
            Self::Follow(follower, followee) => ItemKey::Follower(followee, follower),
            Self::Like(user, photo) => ItemKey::Liker(photo, user),
            Self::Listing(author, photo) => ItemKey::Timeline(author, photo),
        }
    }

    /// The items that count it.
    fn counted_in(self) -> Vec<ItemKey> {
        match self {
            Self::Follow(follower, followee) => vec![ItemKey::User(follower), ItemKey::User(followee)],
            Self::Like(_, photo) => vec![ItemKey::Photo(photo)],
            Self::Listing(author, _) => vec![ItemKey::User(author)],
        }
    }

    async fn is_said(self, table: &Table) -> Result<bool> {
        match self {
            Self::Follow(follower, followee) => {
                exists_latest(table, &ItemKey::Following(follower, followee)).await
            }
            Self::Like(user, photo) => exists_latest(table, &ItemKey::Like(user, photo)).await,
            Self::Listing(author, photo) => {
                let photo = photo::get_latest(table, photo).await?;
                Ok(photo.is_some_and(|photo| is_to_be_listed(&photo, author)))
            }
        }
    }
}

/// How the two sides of a relation stand at this moment. 2 RRU, and 1 or 2 more when they differ.
pub async fn agreement(table: &Table, relation: Relation) -> Result<Agreement> {
    let derived = relation.derived();
    let (said, derived) = futures::try_join!(relation.is_said(table), exists_latest(table, &derived))?;
    if said == derived {
        return Ok(Agreement::Agreed);
    }
    for counted in relation.counted_in() {
        // Nothing is derived for who or what is gone, and what was is being forgotten.
        if !exists_latest(table, &counted).await? {
            return Ok(Agreement::Agreed);
        }
    }
    Ok(if said { Agreement::Underived } else { Agreement::Orphaned })
}

/// Relations of one side whose two sides differ at this moment, at most `most` of them. 1 RRU for each 4 KiB of the side
/// and 2 for each relation.
pub async fn mismatched(table: &Table, side: Side, most: usize) -> Result<Vec<(Relation, Agreement)>> {
    let range = match side {
        Side::Followers(user) => KeyRange::followers(user, 0, u16::MAX),
        Side::Follows(user) => KeyRange::follows(user),
        Side::Likers(photo) => KeyRange::likers(photo),
        Side::Likes(user) => KeyRange::likes(user),
        Side::Timeline(author) => KeyRange::timeline(author),
        Side::Photo(photo) => return of_photo(table, photo).await,
    };
    let mut pages = KeyPages::over(range);
    let mut mismatched = Vec::new();
    while let Some(page) = pages.next(table).await? {
        let relations = page.iter().filter_map(Relation::of);
        let agreements: Vec<_> = stream::iter(relations)
            .map(async |relation| Ok::<_, Error>((relation, agreement(table, relation).await?)))
            .buffered(AT_ONCE)
            .try_collect()
            .await?;
        mismatched.extend(agreements.into_iter().filter(|(_, agreement)| *agreement != Agreement::Agreed));
        if mismatched.len() >= most {
            mismatched.truncate(most);
            break;
        }
    }
    Ok(mismatched)
}

async fn of_photo(table: &Table, id: PhotoId) -> Result<Vec<(Relation, Agreement)>> {
    let Some(Photo { author, .. }) = photo::get_latest(table, id).await? else { return Ok(Vec::new()) };
    let listing = Relation::Listing(author, id);
    Ok(match agreement(table, listing).await? {
        // A listing that is orphaned shows in the timeline.
        Agreement::Agreed | Agreement::Orphaned => Vec::new(),
        Agreement::Underived => vec![(listing, Agreement::Underived)],
    })
}

/// Brings what is derived to what the actor says at this moment, and its counters with it. 1 RRU and, where the two differ,
/// 8 WRU at most; for a listing 1 WRU and 2 RRU more for the author's head.
///
/// Whatever the actor does at the same time wins. Fails as whatever derives such a relation.
pub async fn resettle(table: &Table, relation: Relation) -> Result<Settled> {
    match relation {
        Relation::Follow(follower, followee) => {
            let said: Option<Follow> = table.get_latest(&ItemKey::Following(follower, followee)).await?;
            let change = follow::Change { follower, followee, since: said.map(|follow| follow.at) };
            follow::derive(table, &[change], Order::OutOfOrder).await?;
            Ok(Settled::of(change.since.is_some()))
        }
        Relation::Like(user, photo) => {
            let said: Option<Like> = table.get_latest(&ItemKey::Like(user, photo)).await?;
            let change = like::Change { user, since: said.map(|like| like.at) };
            like::derive(table, photo, &[change], Order::OutOfOrder).await?;
            Ok(Settled::of(change.since.is_some()))
        }
        Relation::Listing(author, id) => {
            let photo = photo::get_latest(table, id).await?;
            if photo.as_ref().is_some_and(|photo| !is_to_be_listed(photo, author)) {
                return Ok(Settled::Open);
            }
            let listed = photo.map(|photo| photo.perceptual_hashes());
            listing::derive(table, author, id, listed.as_deref(), Order::OutOfOrder).await?;
            Ok(Settled::of(listed.is_some()))
        }
    }
}

impl Settled {
    fn of(said: bool) -> Self {
        if said { Self::There } else { Self::Gone }
    }
}

fn is_to_be_listed(photo: &Photo, author: UserId) -> bool {
    photo.author == author && photo.is_listed()
}

async fn exists_latest(table: &Table, key: &ItemKey) -> Result<bool> {
    Ok(table.get_latest::<IgnoredAny>(key).await?.is_some())
}
