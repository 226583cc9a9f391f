//! Packed followings: whom a user follows, in one item of 4 KiB at most. It is derived from the user's edges.

use domain::UserId;
use domain::visibility::Followings;
use serde::{Deserialize, Serialize};

use crate::keys::ItemKey;
use crate::{Result, Table, packed};

/// Packed followings as they are stored: eight bytes for each followed user.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Stored {
    /// In the order in which they were followed.
    #[serde(with = "packed")]
    pub(crate) newest: Vec<UserId>,
    /// Whether older ones were left out.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) cut: bool,
    /// Counts the changes, so that a write on top of an older state is refused.
    pub(crate) version: u64,
}

/// Reads whom `user` follows, eventually consistent. 0.5 RRU.
pub async fn get(table: &Table, user: UserId) -> Result<Followings> {
    let stored: Option<Stored> = table.get(&ItemKey::Followings(user)).await?;
    // Nothing is stored before the first follow is derived.
    let Stored { newest, cut, .. } = stored.unwrap_or_default();
    Ok(Followings { newest: newest.into_iter().collect(), whole: !cut })
}
