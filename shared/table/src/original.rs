//! Originals: which bytes an author has uploaded, where what was made of them lies, and which media are shown with that.
//!
//! A medium is in the `refs` of its bytes' original exactly while its photo records it as stored there, until what follows
//! from the photo's deletion, or its failure, has let go of it. Both change in one transaction
//! ([`crate::photo::finish_medium`]). Objects go only after the original does, which goes only while nothing refers to it:
//! so whoever gets a reference in before is shown with objects that stay, and whoever comes after finds no original and
//! stores objects of its own.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::{Put, ReturnValue, TransactWriteItem, Update};
use domain::UserId;
use domain::media::{MediumId, MediumPlace, PerceptualHash};
use domain::photo::Rendered;
use serde::{Deserialize, Serialize};

use crate::calls::{key_item, number, parsed, stored, text, text_set};
use crate::error::{condition_failed, done};
use crate::keys::{ItemKey, PK};
use crate::{Error, Result, Table};

/// Media shown with one copy: as many as keep the item within 1 KiB. The next is stored by itself.
pub const MOST_REFS: usize = 32;

/// Bytes that an author has uploaded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Original {
    /// Where original and renditions lie.
    pub place: MediumPlace,
    /// The media shown with them. None of them for the moment in which the last is let go.
    #[serde(default, with = "serde_dynamo::string_set", skip_serializing_if = "BTreeSet::is_empty")]
    pub refs: BTreeSet<MediumPlace>,
    width: u32,
    height: u32,
    blurhash: String,
    phash: PerceptualHash,
}

impl Original {
    /// The original of a medium that has stored it for others to join.
    pub fn new(medium: MediumId, facts: &Rendered) -> Self {
        let Rendered { width, height, ref blurhash, phash, .. } = *facts;
        let place = medium.place();
        Self { place, refs: BTreeSet::from([place]), width, height, blurhash: blurhash.clone(), phash }
    }

    /// Whether one more medium can be shown with it.
    pub fn has_room(&self) -> bool {
        self.refs.len() < MOST_REFS
    }

    /// What rendering a medium with these bytes would find out.
    pub fn facts(&self, sha256: &str) -> Rendered {
        Rendered {
            width: self.width,
            height: self.height,
            blurhash: self.blurhash.clone(),
            sha256: sha256.to_owned(),
            phash: self.phash,
            stored_at: Some(self.place),
            similar_to: None,
        }
    }
}

/// An original, perhaps as it was a moment ago. 0.5 RRU.
pub async fn get(table: &Table, author: UserId, sha256: &str) -> Result<Option<Original>> {
    table.get(&ItemKey::Original(author, sha256.to_owned())).await
}

/// An original as it is at this moment. 1 RRU.
pub async fn get_latest(table: &Table, author: UserId, sha256: &str) -> Result<Option<Original>> {
    table.get_latest(&ItemKey::Original(author, sha256.to_owned())).await
}

/// How a medium's objects are shared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Share {
    /// The medium has stored them, as the first of its author's with these bytes; others may be shown with them.
    First,
    /// Another medium has stored them.
    Joined,
    /// The medium has stored them for itself alone, because the original has no room.
    Alone,
}

/// The write beside the one that records `medium`: the original, or a reference to it. None for a medium that is alone.
pub(crate) fn write(
    table: &Table,
    medium: MediumId,
    facts: &Rendered,
    share: Share,
) -> Result<Option<TransactWriteItem>> {
    let key = ItemKey::Original(medium.author, facts.sha256.clone());
    let write = TransactWriteItem::builder();
    let write = match share {
        Share::First => {
            let put = Put::builder()
                .table_name(&*table.name)
                .set_item(Some(stored(&key, Original::new(medium, facts))?))
                .condition_expression(format!("attribute_not_exists({PK})"));
            write.put(put.build().map_err(Error::unreadable)?)
        }
        Share::Joined => {
            let place =
                facts.stored_at.ok_or_else(|| Error::unreadable("a joined medium without a place"))?;
            let update = Update::builder()
                .table_name(&*table.name)
                .set_key(Some(key_item(&key)))
                .update_expression("ADD refs :me")
                .condition_expression("place = :place AND (attribute_not_exists(refs) OR size(refs) < :most)")
                .expression_attribute_values(":me", text_set(&[medium.place()]))
                .expression_attribute_values(":place", text(place.to_string()))
                .expression_attribute_values(":most", number(i128::try_from(MOST_REFS).unwrap_or(i128::MAX)));
            write.update(update.build().map_err(Error::unreadable)?)
        }
        Share::Alone => return Ok(None),
    };
    Ok(Some(write.build()))
}

/// Lets go of what `medium` is shown with, which lies at `place`; whether nothing else is, so that it has to be deleted. 1
/// WRU, 2 when it was the last.
///
/// The same once more is the same answer, until a medium that is still shown with it lets go too: then either may be told
/// to delete it, or both.
pub async fn release(table: &Table, medium: MediumId, sha256: &str, place: MediumPlace) -> Result<bool> {
    let key = ItemKey::Original(medium.author, sha256.to_owned());
    let answer = table
        .update(&key)
        .update_expression("DELETE refs :me")
        // There is none, or one elsewhere, for media that are stored alone; and for what is let go again after the last.
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
    // A medium that refers to it by now keeps it.
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
