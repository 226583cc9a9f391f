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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_message_looks_like_this_and_belongs_to_its_reader() {
        let message = InFeed {
            reader_id: UserId::try_from(1).unwrap(),
            photo_id: PhotoId::try_from(2).unwrap(),
            at: Timestamp(3),
        };
        let json = json!({ "reader_id": "1", "photo_id": "2", "at": 3 });
        assert_eq!((serde_json::to_value(message).unwrap(), message.group()), (json.clone(), "1".to_owned()));
        assert_eq!(serde_json::from_value::<InFeed>(json).unwrap(), message);
    }
}
