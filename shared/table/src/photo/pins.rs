//! Pins: the comments that a photo's author keeps first, in the photo's item.

use aws_sdk_dynamodb::types::AttributeValue;
use domain::comment::MAX_PINS;
use domain::{CommentId, PhotoId, UserId};

use crate::calls::{number, text};
use crate::error::done;
use crate::keys::ItemKey;
use crate::photo::get_latest;
use crate::{Error, Result, Table};

/// The result of pinning a comment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pinning {
    /// It is pinned, now or before.
    Pinned,
    /// Three others are pinned.
    Full,
    /// The author has no such photo.
    NoPhoto,
}

/// Pins a comment under `author`'s photo. 1 WRU for each KiB of the photo; a refusal costs 1 RRU more.
pub async fn pin(table: &Table, photo: PhotoId, author: UserId, comment: CommentId) -> Result<Pinning> {
    let answer = table
        .update(&ItemKey::Photo(photo))
        .update_expression("SET pins = list_append(if_not_exists(pins, :none), :pin)")
        .condition_expression(
            "author = :author AND (attribute_not_exists(pins) OR (size(pins) < :most AND NOT contains(pins, :comment)))",
        )
        .expression_attribute_values(":none", list([]))
        .expression_attribute_values(":pin", list([comment]))
        .expression_attribute_values(":comment", text(comment.to_string()))
        .expression_attribute_values(":author", text(author.to_string()))
        .expression_attribute_values(":most", number(i64::try_from(MAX_PINS).unwrap_or(i64::MAX)))
        .send()
        .await;
    if done("UpdateItem", answer)? {
        return Ok(Pinning::Pinned);
    }
    let photo = get_latest(table, photo).await?.filter(|photo| photo.author == author);
    Ok(match photo {
        Some(photo) if photo.pins.contains(&comment) => Pinning::Pinned,
        Some(_) => Pinning::Full,
        None => Pinning::NoPhoto,
    })
}

/// Takes a pin away, and returns whether `author` has the photo. 1 RRU, and 1 WRU for each KiB of the photo if the
/// comment was pinned.
pub async fn unpin(table: &Table, photo: PhotoId, author: UserId, comment: CommentId) -> Result<bool> {
    // Only the author writes pins, and three at most. Another try is for what they do on two devices at once.
    const TRIES: usize = 4;
    for _ in 0..TRIES {
        let found = get_latest(table, photo).await?.filter(|photo| photo.author == author);
        let Some(found) = found else { return Ok(false) };
        let Some(index) = found.pins.iter().position(|pin| *pin == comment) else { return Ok(true) };
        let answer = table
            .update(&ItemKey::Photo(photo))
            .update_expression(format!("REMOVE pins[{index}]"))
            .condition_expression(format!("author = :author AND pins[{index}] = :comment"))
            .expression_attribute_values(":author", text(author.to_string()))
            .expression_attribute_values(":comment", text(comment.to_string()))
            .send()
            .await;
        if done("UpdateItem", answer)? {
            return Ok(true);
        }
    }
    Err(Error::busy("UpdateItem", "the pins stayed contended"))
}

fn list<const N: usize>(comments: [CommentId; N]) -> AttributeValue {
    let comments = comments.into_iter().map(|comment| text(comment.to_string()));
    AttributeValue::L(comments.collect())
}
