//! Checks whether source edges and derived edges agree, and repairs those that do not.
//!
//! In a table in use the two differ until the stream's record is derived.
//! Edges that differ for longer are mismatched.

use std::collections::BTreeMap;

use domain::comment::Comment;
use domain::photo::Photo;
use domain::{PhotoId, Relation, Timestamp, UserId};
use futures::{StreamExt, TryStreamExt, stream};
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::counters::KeyPages;
use crate::keys::ItemKey;
use crate::relations::{Description, EdgeState, Keys, Side, describe, edge_of, outlives};
use crate::{Error, Order, Result, Table, endings, photo, settle};

/// Relations checked at once.
const AT_ONCE: usize = 16;

/// The result of comparing the two edges of a relation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Agreement {
    /// They agree, or the counted item is gone.
    Agreed,
    /// The source edge exists, the derived edge does not.
    Underived,
    /// The derived edge exists, the source edge does not.
    Orphaned,
}

/// The state into which a relation was brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settled {
    /// The source edge exists, and so does the derived edge, unless the counted item is gone.
    There,
    /// Neither edge exists.
    Gone,
    /// Nothing was changed: the photo exists, but is not ready or is another author's.
    /// A timeline entry is removed only with its photo.
    Open,
}

/// The state of a relation's source edge.
enum Source {
    Says(EdgeState),
    /// The photo exists, but is not to be listed by this author.
    Undecided,
}

#[derive(Deserialize)]
struct Since {
    at: Timestamp,
}

/// Reads the source edge. 1 RRU for each 4 KiB.
async fn source(table: &Table, relation: Relation) -> Result<Source> {
    if let Relation::Timeline(author, id) = relation {
        let photo = photo::get_latest(table, id).await?;
        if photo.as_ref().is_some_and(|photo| !is_to_be_listed(photo, author)) {
            return Ok(Source::Undecided);
        }
        let hashes = photo.map(|photo| photo.perceptual_hashes());
        return Ok(Source::Says(EdgeState::timeline(author, id, hashes.as_deref())));
    }
    if let Relation::Comment(user, path) = relation {
        let comment: Option<Comment> = table.get_latest(&ItemKey::Comment(user, path)).await?;
        return Ok(Source::Says(EdgeState::comment(user, path, comment.as_ref())));
    }
    let since: Option<Since> = table.get_latest(&describe(relation).source).await?;
    Ok(Source::Says(EdgeState::since(relation, since.map(|since| since.at))))
}

fn is_to_be_listed(photo: &Photo, author: UserId) -> bool {
    photo.author == author && photo.is_listed()
}

/// Compares the two edges of a relation, strongly consistent. 2 RRU, and 1 or 2 more when they differ.
pub async fn agreement(table: &Table, relation: Relation) -> Result<Agreement> {
    let Description { derived, counters, .. } = describe(relation);
    let (source, derived) = futures::try_join!(source(table, relation), exists_latest(table, &derived))?;
    let said = matches!(source, Source::Says(state) if state.is_there());
    if said == derived {
        return Ok(Agreement::Agreed);
    }
    // For a deleted user, photo or comment nothing is derived, and what was derived is being removed. A reply that
    // was derived is one of its photo's as long as that exists.
    let mut exists = Vec::with_capacity(counters.len());
    for counter in counters {
        exists.push(exists_latest(table, &counter.item()).await?);
    }
    let all = !exists.contains(&false);
    Ok(match said {
        true if all => Agreement::Underived,
        false if all || (outlives(relation) && exists.contains(&true)) => Agreement::Orphaned,
        _ => Agreement::Agreed,
    })
}

/// Reads the relations of one side whose two edges differ, at most `most` of them.
///
/// 1 RRU for each 4 KiB of the side and 2 for each relation.
pub async fn mismatched(table: &Table, side: Side, most: usize) -> Result<Vec<(Relation, Agreement)>> {
    let range = match side.keys() {
        Keys::Range(range) => range,
        Keys::Photo(photo) => return of_photo(table, photo).await,
    };
    let mut pages = KeyPages::over(range);
    let mut mismatched = Vec::new();
    while let Some(page) = pages.next(table).await? {
        let relations = page.iter().filter_map(|(key, by)| edge_of(key, *by)).map(|(relation, _)| relation);
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
    let relation = Relation::Timeline(author, id);
    Ok(match agreement(table, relation).await? {
        // An orphaned entry is found from the timeline's side.
        Agreement::Agreed | Agreement::Orphaned => Vec::new(),
        Agreement::Underived => vec![(relation, Agreement::Underived)],
    })
}

/// Brings the derived edge, and its counters, into the state of the source edge.
///
/// 1 RRU and, where the two differ, 8 WRU at most; for a timeline 1 WRU and 2 RRU more for the author's head, and
/// for a follow or request 2 RRU more. One that a block forbids is ended (4 WRU).
/// An act of the actor at the same time wins. Fails as [`settle`].
pub async fn resettle(table: &Table, relation: Relation) -> Result<Settled> {
    let Source::Says(mut state) = source(table, relation).await? else { return Ok(Settled::Open) };
    if let Some(since) = state.existing_since() {
        let edge = BTreeMap::from([(relation, since)]);
        if !endings::forbidden(table, &edge, Order::OutOfOrder).await?.is_empty() {
            state = EdgeState::since(relation, None);
        }
    }
    let settled = if state.is_there() { Settled::There } else { Settled::Gone };
    settle(table, vec![state], Order::OutOfOrder).await?;
    Ok(settled)
}

async fn exists_latest(table: &Table, key: &ItemKey) -> Result<bool> {
    Ok(table.get_latest::<IgnoredAny>(key).await?.is_some())
}
