//! Saved photos and their collections. They are their owner's alone: nothing is derived from them.

use std::collections::HashSet;

use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use domain::saved::MAX_COLLECTIONS;
use domain::{CollectionId, PhotoId, Timestamp, UserId};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use crate::calls::{Range, number, text, text_set};
use crate::error::done;
use crate::keys::{ItemKey, PK, partition, sort};
use crate::{Page, Result, Table, like};

/// Most saved photos that one request looks through for those of a collection: 12.5 RRU.
const EXAMINED: usize = 1_000;

/// A saved photo, as far as lists need it.
#[derive(Deserialize)]
struct Saved {
    /// The collections that it was put into. Some may have been deleted since.
    #[serde(default, with = "serde_dynamo::string_set")]
    collections: Vec<CollectionId>,
}

/// A collection of saved photos.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Collection {
    /// Its name.
    pub name: String,
}

/// Saves a photo, and puts it into a collection if one is named. Repeating it changes nothing. 1 WRU.
pub async fn add(
    table: &Table,
    user: UserId,
    photo: PhotoId,
    collection: Option<CollectionId>,
    now: Timestamp,
) -> Result<()> {
    let request =
        table.update(&ItemKey::Saved(user, photo)).expression_attribute_values(":now", number(now.0));
    // `at` is a word of the language of expressions.
    let set = "SET #at = if_not_exists(#at, :now)";
    let request = match collection {
        None => request.update_expression(set),
        Some(collection) => {
            with_collection(request.update_expression(format!("{set} ADD collections :one")), collection)
        }
    };
    done("UpdateItem", request.expression_attribute_names("#at", "at").send().await).map(drop)
}

/// Takes a photo out of a collection; it stays saved. 1 WRU.
pub async fn take_out(table: &Table, user: UserId, photo: PhotoId, collection: CollectionId) -> Result<()> {
    let request = table
        .update(&ItemKey::Saved(user, photo))
        .update_expression("DELETE collections :one")
        .condition_expression(format!("attribute_exists({PK})"));
    done("UpdateItem", with_collection(request, collection).send().await).map(drop)
}

fn with_collection(request: UpdateItemFluentBuilder, collection: CollectionId) -> UpdateItemFluentBuilder {
    request.expression_attribute_values(":one", text_set(&[collection]))
}

/// Saves a photo no more, in no collection either. 1 WRU.
pub async fn remove(table: &Table, user: UserId, photo: PhotoId) -> Result<()> {
    table.delete_existing(&ItemKey::Saved(user, photo)).await.map(drop)
}

/// Returns whether `user` saved a photo. 0.5 RRU.
pub async fn exists(table: &Table, user: UserId, photo: PhotoId) -> Result<bool> {
    Ok(table.get::<IgnoredAny>(&ItemKey::Saved(user, photo)).await?.is_some())
}

/// Reads which of `photos` `user` saved, as [`like::liked_among`] reads which they like.
pub async fn saved_among(table: &Table, user: UserId, photos: &[PhotoId]) -> Result<HashSet<PhotoId>> {
    like::marked_among(table, partition::saved(user), photos, |photo| ItemKey::Saved(user, photo)).await
}

/// What a request for saved photos found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The photos, newest first.
    pub photos: Vec<PhotoId>,
    /// The photo down to which was looked; none at the end of the list.
    pub reached: Option<PhotoId>,
}

/// Reads the newest `limit` saved photos that are older than `before`, of one collection or of all.
///
/// 0.5 RRU for each 4 KiB, about forty photos. For a collection up to 1,000 photos are looked through, so that
/// fewer may be found although there are more.
pub async fn page(
    table: &Table,
    user: UserId,
    collection: Option<CollectionId>,
    before: Option<PhotoId>,
    limit: usize,
) -> Result<Found> {
    let mut found = Found { photos: Vec::new(), reached: None };
    let Some(to) = sort::older(before) else { return Ok(found) };
    let range = Range {
        pk: partition::saved(user),
        from: "0".to_owned(),
        to,
        newest_first: true,
        limit: if collection.is_some() { EXAMINED } else { limit },
        consistent: false,
    };
    let Page { items, more } = table.query::<Saved>(range).await?;
    let last = items.len();
    for (place, (key, saved)) in items.into_iter().enumerate() {
        let ItemKey::Saved(_, photo) = key else { continue };
        if collection.is_none_or(|collection| saved.collections.contains(&collection)) {
            found.photos.push(photo);
        }
        let is_full = found.photos.len() == limit;
        if is_full || place + 1 == last {
            found.reached = (more || place + 1 < last).then_some(photo);
            break;
        }
    }
    Ok(found)
}

/// Reads the collections of `user`, oldest first. 0.5 RRU for each 4 KiB, of which there are four at most.
pub async fn collections(table: &Table, user: UserId) -> Result<Vec<(CollectionId, Collection)>> {
    let range = Range {
        pk: partition::saved(user),
        from: sort::COLLECTION.to_owned(),
        to: format!("{}{}", sort::COLLECTION, sort::AFTER_DIGITS),
        newest_first: false,
        // Two requests at once may make one too many.
        limit: 2 * MAX_COLLECTIONS,
        consistent: false,
    };
    let page = table.query::<Collection>(range).await?;
    let found = page.items.into_iter().filter_map(|(key, collection)| match key {
        ItemKey::Collection(_, id) => Some((id, collection)),
        _ => None,
    });
    Ok(found.collect())
}

/// Returns whether `user` has a collection, strongly consistent: it may have been made a moment ago. 1 RRU.
pub async fn has_collection(table: &Table, user: UserId, id: CollectionId) -> Result<bool> {
    Ok(table.get_latest::<IgnoredAny>(&ItemKey::Collection(user, id)).await?.is_some())
}

/// Stores a new collection. 1 WRU.
pub async fn create(table: &Table, user: UserId, id: CollectionId, collection: &Collection) -> Result<()> {
    table.put_new(&ItemKey::Collection(user, id), collection).await.map(drop)
}

/// Renames a collection and returns whether there is one. 1 WRU.
pub async fn rename(table: &Table, user: UserId, id: CollectionId, name: &str) -> Result<bool> {
    let answer = table
        .update(&ItemKey::Collection(user, id))
        .update_expression("SET #name = :name")
        .condition_expression(format!("attribute_exists({PK})"))
        .expression_attribute_names("#name", "name")
        .expression_attribute_values(":name", text(name))
        .send()
        .await;
    done("UpdateItem", answer)
}

/// Deletes a collection and returns whether there was one. Its photos stay saved. 1 WRU.
pub async fn delete(table: &Table, user: UserId, id: CollectionId) -> Result<bool> {
    table.delete_existing(&ItemKey::Collection(user, id)).await
}
