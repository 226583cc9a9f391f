//! What one item of a scan says.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use domain::photo::State;
use domain::{PhotoId, UserId};
use serde::Deserialize;
use table::keys::{ItemKey, PK, SK};
use table::relations::Relation;

use crate::{Error, Result};

/// The attributes that [`Seen::read`] looks at.
pub(crate) const ATTRIBUTES: [&str; 8] =
    [PK, SK, "author", "followers", "following", "likes", "photos", "state"];

/// What an item has to do with counting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    /// A user's counters.
    User { id: UserId, followers: i64, following: i64, photos: i64 },
    /// A photo's counter, and whose timeline it belongs into.
    Photo { id: PhotoId, likes: i64, listed_by: Option<UserId> },
    /// What an actor says.
    Said(Relation),
    /// What was derived.
    Derived(Relation),
    /// Nothing.
    Other,
    /// It lies under a key that nothing here makes.
    Strange,
}

#[derive(Deserialize)]
struct Profile {
    #[serde(default)]
    followers: i64,
    #[serde(default)]
    following: i64,
    #[serde(default)]
    photos: i64,
}

#[derive(Deserialize)]
struct Picture {
    author: UserId,
    state: State,
    #[serde(default)]
    likes: i64,
}

impl Seen {
    /// Reads an item.
    ///
    /// # Errors
    /// It is a profile or a photo and does not look like one.
    pub(crate) fn read(item: HashMap<String, AttributeValue>) -> Result<Self> {
        let key = |attribute| item.get(attribute).and_then(|value| value.as_s().ok());
        let Some(name) = key(PK).zip(key(SK)).and_then(|(pk, sk)| ItemKey::parse(pk, sk)) else {
            return Ok(Self::Strange);
        };
        let unreadable = |error: serde_dynamo::Error| Error::Scan(error.into());
        Ok(match name {
            ItemKey::User(id) => {
                let Profile { followers, following, photos } =
                    serde_dynamo::from_item(item).map_err(unreadable)?;
                Self::User { id, followers, following, photos }
            }
            ItemKey::Photo(id) => {
                let Picture { author, state, likes } = serde_dynamo::from_item(item).map_err(unreadable)?;
                Self::Photo { id, likes, listed_by: (state == State::Ready).then_some(author) }
            }
            ItemKey::Following(..) | ItemKey::Like(..) => Relation::of(&name).map_or(Self::Other, Self::Said),
            _ => Relation::of(&name).map_or(Self::Other, Self::Derived),
        })
    }
}
