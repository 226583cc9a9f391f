//! What a record of the table's stream means.

use domain::media::PerceptualHash;
use domain::photo::{BlobRef, Photo, State};
use domain::{PhotoId, UserId};
use serde::{Deserialize, Serialize};
use serde_dynamo::Item;

use crate::follow::Follow;
use crate::keys::{ItemKey, PK, SK};
use crate::like::Like;
use crate::reader::Reader;
use crate::{Error, Result};

/// Something happened that other items are derived from. As JSON it waits in a queue: fields are only ever added, with a
/// default.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// Somebody likes a photo.
    Liked {
        /// Who.
        user: UserId,
        /// What.
        photo: PhotoId,
        /// Details of the edge.
        like: Like,
    },
    /// Somebody likes a photo no more.
    Unliked {
        /// Who.
        user: UserId,
        /// What.
        photo: PhotoId,
    },
    /// Somebody follows somebody.
    Followed {
        /// Who.
        follower: UserId,
        /// Whom.
        followee: UserId,
        /// Details of the edge.
        follow: Follow,
    },
    /// Somebody follows somebody no more.
    Unfollowed {
        /// Who.
        follower: UserId,
        /// Whom.
        followee: UserId,
    },
    /// A photo waits for its uploads.
    #[serde(rename = "announced")]
    Drafted {
        /// The photo.
        photo: PhotoId,
    },
    /// Every rendition of a photo is stored.
    Ready {
        /// The photo.
        photo: PhotoId,
        /// Whose.
        author: UserId,
        /// What its media look like.
        #[serde(default, rename = "looks")]
        hashes: Vec<PerceptualHash>,
    },
    /// A photo could not be processed.
    Failed {
        /// The photo.
        photo: PhotoId,
        /// Whose; nobody's in a message from before anybody wanted to know.
        #[serde(default)]
        author: Option<UserId>,
        /// How many media it has.
        #[serde(default)]
        media: usize,
        /// What those of them that were rendered are shown with.
        #[serde(default, rename = "holdings")]
        blob_refs: Vec<BlobRef>,
    },
    /// A photo was deleted.
    Deleted {
        /// The photo.
        photo: PhotoId,
        /// Whose.
        author: UserId,
        /// How many media it had.
        media: usize,
        /// What those of them that were rendered are shown with.
        #[serde(default, rename = "holdings")]
        blob_refs: Vec<BlobRef>,
    },
    /// A dormant reader came back.
    Returned {
        /// Who.
        reader: UserId,
        /// Names the return.
        mark: i64,
    },
}

impl Change {
    /// Reads a stream record from its old and new image; `None` when nothing is derived from it.
    pub fn read(old: Option<&Item>, new: Option<&Item>) -> Result<Option<Self>> {
        let Some(name) = new.or(old).and_then(name) else { return Ok(None) };
        let change = match (name, old, new) {
            (ItemKey::Like(user, photo), None, Some(new)) => Self::Liked { user, photo, like: parse(new)? },
            (ItemKey::Like(user, photo), Some(_), None) => Self::Unliked { user, photo },
            (ItemKey::Following(follower, followee), None, Some(new)) => {
                Self::Followed { follower, followee, follow: parse(new)? }
            }
            (ItemKey::Following(follower, followee), Some(_), None) => {
                Self::Unfollowed { follower, followee }
            }
            (ItemKey::Photo(photo), None, Some(_)) => Self::Drafted { photo },
            (ItemKey::Photo(_), Some(old), Some(new)) => {
                return Ok(Self::processed(&parse(old)?, &parse(new)?));
            }
            (ItemKey::Photo(photo), Some(old), None) => {
                let old: Photo = parse(old)?;
                let blob_refs = old.blob_refs();
                Self::Deleted { photo, author: old.author, media: old.media.len(), blob_refs }
            }
            (ItemKey::FeedState(reader), old, Some(new)) => {
                let before = old.map(parse::<Reader>).transpose()?.and_then(|state| state.rebuild);
                match parse::<Reader>(new)?.rebuild {
                    Some(mark) if before != Some(mark) => Self::Returned { reader, mark },
                    _ => return Ok(None),
                }
            }
            _ => return Ok(None),
        };
        Ok(Some(change))
    }

    fn processed(old: &Photo, new: &Photo) -> Option<Self> {
        match (old.state, new.state) {
            (State::Processing, State::Ready) => {
                Some(Self::Ready { photo: new.id, author: new.author, hashes: new.perceptual_hashes() })
            }
            (State::Processing, State::Failed) => Some(Self::Failed {
                photo: new.id,
                author: Some(new.author),
                media: new.media.len(),
                blob_refs: new.blob_refs(),
            }),
            _ => None,
        }
    }
}

fn name(item: &Item) -> Option<ItemKey> {
    let text = |attribute| match item.get(attribute) {
        Some(serde_dynamo::AttributeValue::S(text)) => Some(text),
        _ => None,
    };
    ItemKey::parse(text(PK)?, text(SK)?)
}

fn parse<T: serde::de::DeserializeOwned>(item: &Item) -> Result<T> {
    serde_dynamo::from_item(item.clone()).map_err(Error::unreadable)
}
