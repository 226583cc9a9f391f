//! Photos: creation, texts, processing, deletion.

mod pins;
mod texts;

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use aws_sdk_dynamodb::types::{
    AttributeValue, CancellationReason, Delete, Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem,
    Update,
};
use domain::comment::Commenting;
use domain::photo::{Failure, Photo, Rendered, State};
use domain::text::{AltText, Caption, Location, Tag};
use domain::{PhotoId, UserId};
use serde_dynamo::aws_sdk_dynamodb_1::to_attribute_value;

use crate::calls::{back_off, key_item, number, parsed, stored, text};
use crate::edges::cancellation;
use crate::error::done;
use crate::guard::Idempotency;
use crate::keys::{ItemKey, PK};
use crate::original::{self, Share};
use crate::{Error, Item, Patch, Result, Table};

pub use pins::{Pinning, pin, unpin};
use texts::{BESIDE, EDITS, assignments, complete};
pub use texts::{PhotoItem, TextBudget, get_item, get_page};

/// The result of creating a photo.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Creation {
    /// It is stored.
    Done,
    /// The key was used meanwhile, or the id is taken: read the key and try again with another id.
    Raced,
}

/// Stores a photo in one transaction with its idempotency key and with the texts that go beside it.
/// 2 WRU for each KiB of each item, 4 in all for a usual photo.
pub async fn create(table: &Table, photo: &Photo, idempotency: Option<&Idempotency>) -> Result<Creation> {
    let (item, texts) = PhotoItem::new(photo.clone(), None);
    let put = Put::builder()
        .table_name(&*table.name)
        .set_item(Some(stored(&ItemKey::Photo(photo.id), item)?))
        .condition_expression(format!("attribute_not_exists({PK})"))
        .build()
        .map_err(Error::unreadable)?;
    let mut writes = vec![TransactWriteItem::builder().put(put).build()];
    if let Some(texts) = texts {
        writes.push(put_texts(table, stored(&ItemKey::PhotoTexts(photo.id), texts)?)?);
    }
    if let Some(idempotency) = idempotency {
        writes.push(idempotency.write(table, photo.author, photo.id.created_at())?);
    }
    match table.client.transact_write_items().set_transact_items(Some(writes)).send().await {
        Ok(_) => Ok(Creation::Done),
        Err(error) => {
            // A conflict is a race too: another transaction is writing the same key.
            let lost = |code| matches!(code, Some("ConditionalCheckFailed" | "TransactionConflict"));
            let raced =
                cancellation(&error).is_some_and(|reasons| reasons.iter().any(|reason| lost(reason.code())));
            if raced { Ok(Creation::Raced) } else { Err(Error::sdk("TransactWriteItems", error)) }
        }
    }
}

/// Reads one photo without long texts, eventually consistent. 0.5 RRU.
pub async fn get(table: &Table, id: PhotoId) -> Result<Option<Photo>> {
    table.get(&ItemKey::Photo(id)).await
}

/// Reads one photo without long texts, strongly consistent. 1 RRU.
pub async fn get_latest(table: &Table, id: PhotoId) -> Result<Option<Photo>> {
    table.get_latest(&ItemKey::Photo(id)).await
}

/// Reads several photos without long texts, eventually consistent. Those that do not exist are left out.
/// 0.5 RRU for each 4 KiB of each, one round trip for each 100.
pub async fn get_all(table: &Table, ids: &[PhotoId]) -> Result<HashMap<PhotoId, Photo>> {
    let keys: Vec<ItemKey> = ids.iter().copied().map(ItemKey::Photo).collect();
    let found = table.batch_get::<Photo>(&keys).await?;
    Ok(found.into_iter().map(|(_, photo)| (photo.id, photo)).collect())
}

/// Changes of what a photo says, how it may be answered, and whether its author is told of that.
#[derive(Clone, Debug, Default)]
pub struct TextChanges {
    /// Text under the photo.
    pub caption: Patch<Caption>,
    /// Where it was taken.
    pub place: Patch<Location>,
    /// All its tags.
    pub tags: Patch<Vec<Tag>>,
    /// Alternative texts of media, by their index.
    pub alts: BTreeMap<usize, Patch<AltText>>,
    /// Who may comment on it.
    pub commenting: Option<Commenting>,
    /// Whether the number of likes is for its author alone.
    pub hides_likes: Option<bool>,
    /// Whether its author is told nothing of what happens under it.
    pub muted: Option<bool>,
}

impl TextChanges {
    /// Applies the changes to a photo, and returns whether it has every medium they name.
    fn apply(&self, photo: &mut Photo) -> bool {
        self.caption.clone().apply(&mut photo.caption);
        self.place.clone().apply(&mut photo.place);
        photo.commenting = self.commenting.unwrap_or(photo.commenting);
        photo.hides_likes = self.hides_likes.unwrap_or(photo.hides_likes);
        photo.muted = self.muted.unwrap_or(photo.muted);
        let mut tags = Some(std::mem::take(&mut photo.tags));
        self.tags.clone().apply(&mut tags);
        photo.tags = tags.unwrap_or_default();
        self.alts.iter().all(|(index, alt)| {
            let medium = photo.media.get_mut(*index);
            medium.map(|medium| alt.clone().apply(&mut medium.alt)).is_some()
        })
    }
}

/// Changes the texts of `author`'s photo and returns the changed photo; `None` when they have no such photo,
/// or it has no such medium.
///
/// 1 RRU, then 1 WRU for each KiB of the photo. For long texts, before or after, one round trip more to read
/// them and a transaction to write them: 2 WRU for each KiB of the photo and of the texts.
///
/// `admission` runs beside the first read. Nothing is written unless it is `Ok`.
pub async fn edit<E: From<Error>>(
    table: &Table,
    id: PhotoId,
    author: UserId,
    changes: &TextChanges,
    admission: impl Future<Output = Result<(), E>>,
) -> Result<Option<Photo>, E> {
    const RACES: u32 = 8;
    let reading = async || table.get_latest::<PhotoItem>(&ItemKey::Photo(id)).await.map_err(E::from);
    let (mut read, ()) = futures::try_join!(reading(), admission)?;
    for race in 0..RACES {
        let Some(item) = read else { return Ok(None) };
        if item.photo.author != author {
            return Ok(None);
        }
        let (edits, beside) = (item.edits, item.beside.is_some());
        if let Some(before) = complete(table, item, true).await? {
            let mut after = before.clone();
            if !changes.apply(&mut after) {
                return Ok(None);
            }
            if after == before || write_texts(table, &after, edits, beside).await? {
                return Ok(Some(after));
            }
        }
        back_off(race).await;
        read = reading().await?;
    }
    Err(Error::busy("UpdateItem", "the photo's texts stayed contended").into())
}

/// Writes all texts of a photo if they were edited `edits` times, and returns whether they were written.
async fn write_texts(table: &Table, photo: &Photo, edits: Option<u64>, beside: bool) -> Result<bool> {
    let (item, texts) = PhotoItem::new(photo.clone(), Some(edits.unwrap_or(0) + 1));
    let assignments = assignments(&item)?;
    let unchanged = match edits {
        Some(_) => format!("{EDITS} = :edits"),
        None => format!("attribute_exists({PK}) AND attribute_not_exists({EDITS})"),
    };
    let mut values = assignments.values;
    values.extend(edits.map(|edits| (":edits".to_owned(), number(edits))));
    let key = ItemKey::Photo(photo.id);
    let texts_key = ItemKey::PhotoTexts(photo.id);
    let texts = match texts {
        Some(texts) => Some(put_texts(table, stored(&texts_key, texts)?)?),
        None if beside => Some(delete_texts(table, photo.id)?),
        None => None,
    };
    let Some(texts) = texts else {
        let request = table.update(&key).update_expression(assignments.expression);
        let request = request.condition_expression(unchanged).set_expression_attribute_values(Some(values));
        return done("UpdateItem", request.send().await);
    };
    let update = Update::builder()
        .table_name(&*table.name)
        .set_key(Some(key_item(&key)))
        .update_expression(assignments.expression)
        .condition_expression(unchanged)
        .set_expression_attribute_values(Some(values))
        .build()
        .map_err(Error::unreadable)?;
    let writes = vec![TransactWriteItem::builder().update(update).build(), texts];
    Ok(transact(table, writes).await? == Transaction::Done)
}

fn put_texts(table: &Table, item: Item) -> Result<TransactWriteItem> {
    let put = Put::builder().table_name(&*table.name).set_item(Some(item));
    Ok(TransactWriteItem::builder().put(put.build().map_err(Error::unreadable)?).build())
}

fn delete_texts(table: &Table, id: PhotoId) -> Result<TransactWriteItem> {
    let key = key_item(&ItemKey::PhotoTexts(id));
    let delete = Delete::builder().table_name(&*table.name).set_key(Some(key));
    Ok(TransactWriteItem::builder().delete(delete.build().map_err(Error::unreadable)?).build())
}

/// The result of a transaction whose first write is conditional.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Transaction {
    Done,
    /// The condition did not hold.
    Refused,
    /// Another writer was in conflict, or the partition throttled.
    Conflict,
}

async fn transact(table: &Table, writes: Vec<TransactWriteItem>) -> Result<Transaction> {
    let answer = table.client.transact_write_items().set_transact_items(Some(writes)).send().await;
    let Err(error) = answer else { return Ok(Transaction::Done) };
    match cancellation(&error) {
        Some([first, ..]) if first.code() == Some("ConditionalCheckFailed") => Ok(Transaction::Refused),
        Some(_) => Ok(Transaction::Conflict),
        None => Err(Error::sdk("TransactWriteItems", error)),
    }
}

/// Deletes `author`'s photo and returns whether they had it. 1 WRU for each KiB. A photo with long texts
/// costs one round trip more, and 2 WRU for each KiB of photo and texts.
///
/// Everything else that belongs to the photo is removed by what follows from the stream.
pub async fn delete(table: &Table, id: PhotoId, author: UserId) -> Result<bool> {
    let answer = table
        .client
        .delete_item()
        .table_name(&*table.name)
        .set_key(Some(key_item(&ItemKey::Photo(id))))
        .condition_expression(format!("author = :author AND attribute_not_exists({BESIDE})"))
        .expression_attribute_values(":author", text(author.to_string()))
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
        .send()
        .await;
    let Err(error) = answer else { return Ok(true) };
    match error.as_service_error() {
        Some(DeleteItemError::ConditionalCheckFailedException(refused)) => {
            let photo = refused.item.clone().map(parsed::<Photo>).transpose()?;
            // The condition has two parts. The other one did not hold for the author's own photo.
            if photo.is_some_and(|photo| photo.author == author) {
                delete_with_texts(table, id, author).await
            } else {
                Ok(false)
            }
        }
        _ => Err(Error::sdk("DeleteItem", error)),
    }
}

async fn delete_with_texts(table: &Table, id: PhotoId, author: UserId) -> Result<bool> {
    // Likes write the photo's item too, and some of them win each round.
    const CONFLICTS: u32 = 8;
    for conflict in 0..CONFLICTS {
        let delete = Delete::builder()
            .table_name(&*table.name)
            .set_key(Some(key_item(&ItemKey::Photo(id))))
            .condition_expression("author = :author")
            .expression_attribute_values(":author", text(author.to_string()))
            .build()
            .map_err(Error::unreadable)?;
        let writes = vec![TransactWriteItem::builder().delete(delete).build(), delete_texts(table, id)?];
        match transact(table, writes).await? {
            Transaction::Done => return Ok(true),
            Transaction::Refused => return Ok(false),
            Transaction::Conflict => back_off(conflict).await,
        }
    }
    Err(Error::busy("TransactWriteItems", "the photo kept changing"))
}

/// The result of recording a rendered medium.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finish {
    /// It is recorded. Other media are still missing.
    Waiting,
    /// It is recorded. It was the last, and the photo is ready.
    Ready,
    /// It was recorded before, or the photo is no longer in processing.
    Already,
    /// The photo is gone.
    Gone,
    /// Nothing is recorded, because the original is not as the caller read it. The caller reads it again.
    Moved,
}

/// Records a rendered medium, and makes the photo ready with the last one.
///
/// One transaction writes the photo and the original, which holds the references to the stored bytes.
/// However many media finish at once, and however often, exactly one of them makes the photo ready.
///
/// 2 WRU for each KiB of the photo and, unless it is alone, 2 for the original.
/// As much again for each race lost.
pub async fn finish_medium(
    table: &Table,
    photo: &Photo,
    index: usize,
    rendered: &Rendered,
    share: Share,
) -> Result<Finish> {
    // Others write to the same photo only to finish media of it, or to like it. Some of them win each round.
    const CONFLICTS: u32 = 8;
    let mut last = photo.pending == 1;
    let mut conflicts = 0;
    // Each other refusal means that another medium finished. There are at most as many refusals as media.
    let mut turns = 0..=photo.media.len() * 2;
    while conflicts < CONFLICTS && !turns.is_empty() {
        match try_finish(table, photo, index, rendered, share, last).await? {
            Attempt::Recorded => return Ok(if last { Finish::Ready } else { Finish::Waiting }),
            Attempt::Refused(None) => return Ok(Finish::Gone),
            Attempt::Refused(Some(now)) => {
                let already = now.media.get(index).is_none_or(|medium| medium.rendered.is_some());
                if already || now.state != State::Processing {
                    return Ok(Finish::Already);
                }
                last = now.pending == 1;
                turns.next();
            }
            Attempt::Moved => return Ok(Finish::Moved),
            Attempt::Conflict => {
                back_off(conflicts).await;
                conflicts += 1;
            }
        }
    }
    Err(Error::busy("TransactWriteItems", "the photo kept changing"))
}

enum Attempt {
    Recorded,
    /// The photo's condition did not hold.
    Refused(Option<Box<Photo>>),
    /// The photo's condition held, and the original's did not.
    Moved,
    /// Another writer was in conflict, or the partition throttled.
    Conflict,
}

async fn try_finish(
    table: &Table,
    photo: &Photo,
    index: usize,
    rendered: &Rendered,
    share: Share,
    last: bool,
) -> Result<Attempt> {
    let mut writes = vec![record(table, photo.id, index, rendered, last)?];
    writes.extend(original::write(table, photo, index, rendered, share)?);
    let answer = table.client.transact_write_items().set_transact_items(Some(writes)).send().await;
    let Err(error) = answer else { return Ok(Attempt::Recorded) };
    let failed = |reason: &CancellationReason| reason.code() == Some("ConditionalCheckFailed");
    match cancellation(&error) {
        Some([photo, ..]) if failed(photo) => {
            let now = photo.item.clone().map(parsed).transpose()?;
            Ok(Attempt::Refused(now.map(Box::new)))
        }
        Some([_, original]) if failed(original) => Ok(Attempt::Moved),
        Some(_) => Ok(Attempt::Conflict),
        None => Err(Error::sdk("TransactWriteItems", error)),
    }
}

/// Returns the write that records a medium, the last one or not. It returns the photo when its
/// condition does not hold.
fn record(
    table: &Table,
    photo: PhotoId,
    index: usize,
    rendered: &Rendered,
    last: bool,
) -> Result<TransactWriteItem> {
    let facts = to_attribute_value(rendered).map_err(Error::unreadable)?;
    let step = if last { "pending = :zero, #state = :ready" } else { "pending = pending - :one" };
    let left = if last { "pending = :one" } else { "pending > :one" };
    let mut update = Update::builder()
        .table_name(&*table.name)
        .set_key(Some(key_item(&ItemKey::Photo(photo))))
        .update_expression(format!("SET media[{index}].rendered = :facts, {step}"))
        .condition_expression(format!(
            "#state = :processing AND attribute_exists(media[{index}]) AND attribute_not_exists(media[{index}].rendered) AND {left}"
        ))
        .expression_attribute_names("#state", "state")
        .expression_attribute_values(":facts", facts)
        .expression_attribute_values(":processing", state(State::Processing)?)
        .expression_attribute_values(":one", number(1))
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
    if last {
        update = update
            .expression_attribute_values(":zero", number(0))
            .expression_attribute_values(":ready", state(State::Ready)?);
    }
    Ok(TransactWriteItem::builder().update(update.build().map_err(Error::unreadable)?).build())
}

/// Marks a photo failed with a reason and returns whether it was still in processing. 1 WRU for each KiB.
pub async fn fail(table: &Table, id: PhotoId, failure: &Failure) -> Result<bool> {
    let answer = table
        .update(&ItemKey::Photo(id))
        .update_expression("SET #state = :failed, failure = :failure")
        .condition_expression("#state = :processing")
        .expression_attribute_names("#state", "state")
        .expression_attribute_values(":failed", state(State::Failed)?)
        .expression_attribute_values(":processing", state(State::Processing)?)
        .expression_attribute_values(":failure", to_attribute_value(failure).map_err(Error::unreadable)?)
        .send()
        .await;
    done("UpdateItem", answer)
}

fn state(state: State) -> Result<AttributeValue> {
    to_attribute_value(state).map_err(Error::unreadable)
}
