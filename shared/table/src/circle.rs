//! Circles: whom a viewer blocks and mutes, and who blocks them, in one item that is read beside what they ask
//! for. It is derived from pairs.

use std::collections::BTreeSet;

use domain::UserId;
use domain::visibility::Circle;
use serde::{Deserialize, Serialize};

use crate::keys::ItemKey;
use crate::{Result, Table, packed};

/// A circle as it is stored: eight bytes for each person of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Stored {
    #[serde(default, with = "packed", skip_serializing_if = "Vec::is_empty")]
    pub(crate) blocks: Vec<UserId>,
    #[serde(default, with = "packed", skip_serializing_if = "Vec::is_empty")]
    pub(crate) blocked_by: Vec<UserId>,
    #[serde(default, with = "packed", skip_serializing_if = "Vec::is_empty")]
    pub(crate) mutes_posts: Vec<UserId>,
    #[serde(default, with = "packed", skip_serializing_if = "Vec::is_empty")]
    pub(crate) mutes_stories: Vec<UserId>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) overflows: bool,
    /// Counts the changes, so that a write on top of an older state is refused.
    pub(crate) version: u64,
}

impl From<Stored> for Circle {
    fn from(stored: Stored) -> Self {
        let set = |list: Vec<UserId>| list.into_iter().collect::<BTreeSet<_>>();
        Self {
            blocks: set(stored.blocks),
            blocked_by: set(stored.blocked_by),
            mutes_posts: set(stored.mutes_posts),
            mutes_stories: set(stored.mutes_stories),
            overflows: stored.overflows,
        }
    }
}

/// Reads the circle of `viewer`, eventually consistent. 0.5 RRU for each 4 KiB, of which there are two at most.
pub async fn get(table: &Table, viewer: UserId) -> Result<Circle> {
    Ok(table.get::<Stored>(&ItemKey::Circle(viewer)).await?.unwrap_or_default().into())
}
