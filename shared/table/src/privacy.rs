//! Whether an account is private, and its switches from one to the other.
//!
//! A photo says for whom it is, so that whoever shows it reads nothing more. A switch of the account is one
//! write of its profile, with a mark. `backfill` carries it to the photos. Each photo keeps the mark of the
//! switch that it follows, and a switch with a smaller mark leaves it alone. Switches may therefore reach a
//! photo in any order, and again.

use domain::visibility::Audience;
use domain::{PhotoId, Timestamp, UserId};
use futures::{StreamExt, TryStreamExt, stream};
use serde::Deserialize;
use serde_dynamo::aws_sdk_dynamodb_1::to_attribute_value;

use crate::calls::number;
use crate::error::done;
use crate::keys::{ItemKey, PK};
use crate::{Error, Result, Table};

/// Photos written at once. They are enough to hide round trips, and few enough not to throttle a new table.
const AT_ONCE: usize = 25;

/// Whether an account is private, and how far that is carried out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Privacy {
    /// Whether only followers see its photos and whom it follows.
    #[serde(default)]
    pub private: bool,
    /// The mark of the last switch; 0 before the first one.
    #[serde(default)]
    pub switched: i64,
    /// The mark of a switch that is still carried to photos.
    #[serde(default)]
    pub rebuild: Option<i64>,
}

/// A switch of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Switch {
    /// Whether the account becomes private.
    pub private: bool,
    /// What names it: milliseconds since the epoch, larger than those of all switches before.
    pub mark: i64,
}

impl Privacy {
    /// Returns for whom a photo of the account is.
    pub fn audience(&self) -> Audience {
        Audience::of(self.private)
    }

    /// Returns the switch that makes the account private or public; `None` when it is so already.
    pub fn switch(&self, private: bool, now: Timestamp) -> Option<Switch> {
        (self.private != private).then(|| Switch { private, mark: now.0.max(self.switched + 1) })
    }
}

/// Reads whether an account is private, eventually consistent. 0.5 RRU. An account that is gone is public.
pub async fn get(table: &Table, user: UserId) -> Result<Privacy> {
    Ok(table.get(&ItemKey::User(user)).await?.unwrap_or_default())
}

/// Reads whether an account is private, strongly consistent. 1 RRU. `None` when it is gone.
pub async fn get_latest(table: &Table, user: UserId) -> Result<Option<Privacy>> {
    table.get_latest(&ItemKey::User(user)).await
}

/// Makes photos follow the switch with this mark, unless they follow a later one. Photos that are gone are
/// left out. 1 WRU for each KiB of each photo.
pub async fn set_audience(table: &Table, photos: &[PhotoId], audience: Audience, mark: i64) -> Result<()> {
    let audience = to_attribute_value(audience).map_err(Error::unreadable)?;
    stream::iter(photos.to_vec())
        .map(|photo| {
            let request = table
                .update(&ItemKey::Photo(photo))
                .update_expression("SET audience = :audience, audience_since = :mark")
                .condition_expression(format!(
                    "attribute_exists({PK}) AND (attribute_not_exists(audience_since) OR audience_since < :mark)"
                ))
                .expression_attribute_values(":audience", audience.clone())
                .expression_attribute_values(":mark", number(mark));
            async move { done("UpdateItem", request.send().await) }
        })
        .buffer_unordered(AT_ONCE)
        .try_for_each(|_| std::future::ready(Ok(())))
        .await
}

/// Makes a photo that follows the switch with the mark `since` follow the last one of its author's account.
/// 1 RRU, and 1 WRU for each KiB of the photo where there was another switch since.
pub(crate) async fn catch_up(table: &Table, author: UserId, photo: PhotoId, since: i64) -> Result<()> {
    match get_latest(table, author).await? {
        Some(privacy) if privacy.switched > since => {
            set_audience(table, &[photo], privacy.audience(), privacy.switched).await
        }
        _ => Ok(()),
    }
}

/// Records that a switch is carried out, unless there was a later one. 1 WRU.
pub async fn mark_done(table: &Table, user: UserId, mark: i64) -> Result<()> {
    let answer = table
        .update(&ItemKey::User(user))
        .update_expression("REMOVE #rebuild")
        .condition_expression("#rebuild = :mark")
        .expression_attribute_names("#rebuild", "rebuild")
        .expression_attribute_values(":mark", number(mark))
        .send()
        .await;
    done("UpdateItem", answer).map(|_| ())
}
