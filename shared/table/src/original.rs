//! Originals: the bytes that an author has uploaded, where they are stored, and which media refer to them.
//!
//! A medium is in the `refs` of its original from the moment its photo records it as stored there.
//! Both are written in one transaction ([`crate::photo::finish_medium`]). The reference is released by what
//! follows from the photo's deletion or failure.
//!
//! The stored bytes are deleted only after the original's item. That is deleted only while nothing refers to
//! it. A medium that adds its reference before has bytes that stay. A medium that comes later finds
//! no original and stores its own.
//!
//! Renditions are not shared: they have the address of their photo, and go with it. The item names those of
//! the medium that was recorded last, so that the next one copies them. They may be gone by then.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::{Put, ReturnValue, TransactWriteItem, Update};
use domain::UserId;
use domain::media::{MediumAddress, MediumId, MediumPlace, PerceptualHash};
use domain::photo::{Photo, Rendered};
use serde::{Deserialize, Serialize};
use serde_dynamo::aws_sdk_dynamodb_1::to_attribute_value;

use crate::calls::{key_item, number, parsed, stored, text, text_set};
use crate::error::{condition_failed, done};
use crate::keys::{ItemKey, PK};
use crate::{Error, Result, Table};

/// Most media with one original. With so many the item stays within 1 KiB.
/// The next medium is stored by itself.
pub const MOST_REFS: usize = 32;

/// The item of the bytes that an author has uploaded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Original {
    /// Where it is stored.
    pub place: MediumPlace,
    /// Renditions of these bytes, to be copied: those of the medium that was recorded last.
    pub source: MediumAddress,
    /// The media that have it. It is empty between the release of the last one and the
    /// deletion of the item.
    #[serde(default, with = "serde_dynamo::string_set", skip_serializing_if = "BTreeSet::is_empty")]
    pub refs: BTreeSet<MediumPlace>,
    width: u32,
    height: u32,
    blurhash: String,
    phash: PerceptualHash,
}

impl Original {
    /// Returns the original of a photo's medium that has stored it for others to join.
    pub fn new(photo: &Photo, index: usize, facts: &Rendered) -> Self {
        let Rendered { width, height, ref blurhash, phash, .. } = *facts;
        let place = MediumPlace { photo: photo.id, index };
        let (source, refs) = (photo.address(index), BTreeSet::from([place]));
        Self { place, source, refs, width, height, blurhash: blurhash.clone(), phash }
    }

    /// Returns whether one more medium can refer to it.
    pub fn has_room(&self) -> bool {
        self.refs.len() < MOST_REFS
    }

    /// Returns the result that rendering a medium with these bytes would have.
    pub fn facts(&self, sha256: &str) -> Rendered {
        Rendered {
            width: self.width,
            height: self.height,
            blurhash: self.blurhash.clone(),
            sha256: sha256.to_owned(),
            phash: self.phash,
            stored_at: None,
            similar_to: None,
        }
    }
}

/// Reads an original, eventually consistent. 0.5 RRU.
pub async fn get(table: &Table, author: UserId, sha256: &str) -> Result<Option<Original>> {
    table.get(&ItemKey::Original(author, sha256.to_owned())).await
}

/// Reads an original, strongly consistent. 1 RRU.
pub async fn get_latest(table: &Table, author: UserId, sha256: &str) -> Result<Option<Original>> {
    table.get_latest(&ItemKey::Original(author, sha256.to_owned())).await
}

/// How a medium's original is shared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Share {
    /// The medium has stored it, as the first of its author's with these bytes. Others may join.
    First,
    /// Another medium has stored it.
    Joined,
    /// The medium has stored the bytes for itself alone, because the original has no room.
    Alone,
}

/// Returns the write that goes with the one that records a photo's medium: the original, or a reference to
/// it.
///
/// `None` for a medium that is alone.
pub(crate) fn write(
    table: &Table,
    photo: &Photo,
    index: usize,
    facts: &Rendered,
    share: Share,
) -> Result<Option<TransactWriteItem>> {
    let key = ItemKey::Original(photo.author, facts.sha256.clone());
    let write = TransactWriteItem::builder();
    let write = match share {
        Share::First => {
            let put = Put::builder()
                .table_name(&*table.name)
                .set_item(Some(stored(&key, Original::new(photo, index, facts))?))
                .condition_expression(format!("attribute_not_exists({PK})"));
            write.put(put.build().map_err(Error::unreadable)?)
        }
        Share::Joined => {
            let place =
                facts.stored_at.ok_or_else(|| Error::unreadable("a joined medium without a place"))?;
            let me = MediumPlace { photo: photo.id, index };
            let source = to_attribute_value(photo.address(index)).map_err(Error::unreadable)?;
            let update = Update::builder()
                .table_name(&*table.name)
                .set_key(Some(key_item(&key)))
                .update_expression("SET #source = :source ADD refs :me")
                .expression_attribute_names("#source", "source")
                .expression_attribute_values(":source", source)
                .condition_expression("place = :place AND (attribute_not_exists(refs) OR size(refs) < :most)")
                .expression_attribute_values(":me", text_set(&[me]))
                .expression_attribute_values(":place", text(place.to_string()))
                .expression_attribute_values(":most", number(i128::try_from(MOST_REFS).unwrap_or(i128::MAX)));
            write.update(update.build().map_err(Error::unreadable)?)
        }
        Share::Alone => return Ok(None),
    };
    Ok(Some(write.build()))
}

/// Releases the reference of `medium` to the original at `place`. Returns whether it was the last one,
/// and the stored bytes have to be deleted.
///
/// 1 WRU, 2 when it was the last. A repeated call returns the same, until another medium releases the
/// last reference. After that, a repeated call may also return true, so that the bytes are deleted by
/// either caller or by both.
pub async fn release(table: &Table, medium: MediumId, sha256: &str, place: MediumPlace) -> Result<bool> {
    let key = ItemKey::Original(medium.author, sha256.to_owned());
    let answer = table
        .update(&key)
        .update_expression("DELETE refs :me")
        // For media stored alone, and for a repeated release after the last, there is no item or
        // one of another place.
        .condition_expression("place = :place")
        .expression_attribute_values(":me", text_set(&[medium.place()]))
        .expression_attribute_values(":place", text(place.to_string()))
        .return_values(ReturnValue::AllNew)
        .send()
        .await;
    let left: Option<Original> = match answer {
        Ok(answer) => answer.attributes.map(parsed).transpose()?,
        Err(error) if condition_failed(&error) => return Ok(true),
        Err(error) => return Err(Error::sdk("UpdateItem", error)),
    };
    if left.is_some_and(|left| !left.refs.is_empty()) {
        return Ok(false);
    }
    // The item stays if a medium has referred to it since.
    let answer = table
        .client
        .delete_item()
        .table_name(&*table.name)
        .set_key(Some(key_item(&key)))
        .condition_expression("place = :place AND attribute_not_exists(refs)")
        .expression_attribute_values(":place", text(place.to_string()))
        .send()
        .await;
    done("DeleteItem", answer)
}
