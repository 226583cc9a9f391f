//! What open clients are told, besides events.

use domain::{PhotoId, Timestamp, UserId};
use serde::{Deserialize, Serialize};

use crate::Grouped;

/// A message of the queue of `live-send`: a photo is in a reader's feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InFeed {
    /// Whose feed.
    pub reader_id: UserId,
    /// The photo.
    pub photo_id: PhotoId,
    /// Since when.
    pub at: Timestamp,
}

impl Grouped for InFeed {
    fn group(&self) -> String {
        self.reader_id.to_string()
    }
}

/// A message of the queue of `live-send`: another number of people like a photo that somebody may watch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LikesChanged {
    /// The photo.
    pub photo_id: PhotoId,
    /// Since when.
    pub at: Timestamp,
    /// Whether its sender took the second for it in which it is delivered.
    #[serde(default)]
    pub in_turn: bool,
}

impl Grouped for LikesChanged {
    fn group(&self) -> String {
        self.photo_id.to_string()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn messages_look_like_this_and_belong_to_a_reader_or_a_photo() {
        let message = InFeed {
            reader_id: UserId::try_from(1).unwrap(),
            photo_id: PhotoId::try_from(2).unwrap(),
            at: Timestamp(3),
        };
        let json = json!({ "reader_id": "1", "photo_id": "2", "at": 3 });
        assert_eq!((serde_json::to_value(message).unwrap(), message.group()), (json.clone(), "1".to_owned()));
        assert_eq!(serde_json::from_value::<InFeed>(json).unwrap(), message);
        let message = LikesChanged { photo_id: message.photo_id, at: message.at, in_turn: false };
        let json = json!({ "photo_id": "2", "at": 3, "in_turn": false });
        assert_eq!((serde_json::to_value(message).unwrap(), message.group()), (json.clone(), "2".to_owned()));
        assert_eq!(serde_json::from_value::<LikesChanged>(json).unwrap(), message);
    }
}
