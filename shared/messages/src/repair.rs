//! The repairs that an operator requests from `sweep`. `verify` writes them, one request a line.

use domain::{CommentPath, PhotoId, Relation, UserId};
use serde::{Deserialize, Serialize};

/// Most counters, edges and pairs in one request. `sweep` repairs so many well within its time.
pub const MOST: usize = 1_000;

/// A request for repairs. All of it is idempotent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Repair {
    /// Counters to recount.
    #[serde(skip_serializing_if = "is_default")]
    pub recount: Recount,
    /// Relations whose derived edges are to be brought into the state of their source edges.
    #[serde(skip_serializing_if = "is_default")]
    pub resettle: Vec<Relation>,
    /// Pairs of people, for whom all is to be derived again from what they say about each other.
    #[serde(skip_serializing_if = "is_default")]
    pub pairs: Vec<(UserId, UserId)>,
}

/// Counters to recount.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Recount {
    /// Users whose followers and photos are recounted.
    #[serde(skip_serializing_if = "is_default")]
    pub users: Vec<UserId>,
    /// Photos whose likes and comments are recounted.
    #[serde(skip_serializing_if = "is_default")]
    pub photos: Vec<PhotoId>,
    /// Comments whose replies and likes are recounted.
    #[serde(skip_serializing_if = "is_default")]
    pub comments: Vec<CommentPath>,
    /// Users whose unread rows are counted again.
    #[serde(skip_serializing_if = "is_default")]
    pub inboxes: Vec<UserId>,
    /// Counters with their counts, because only a scan of the whole table can count them.
    #[serde(skip_serializing_if = "is_default")]
    pub following: Vec<Following>,
}

/// How many people a user follows, as counted by a scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Following {
    /// The user.
    pub user_id: UserId,
    /// How many they follow.
    pub edges: i64,
    /// The version of their counters at the time of the scan.
    /// The count is valid while the version is the same.
    #[serde(default, skip_serializing_if = "is_default")]
    pub version: Option<u64>,
}

impl Repair {
    /// Returns how many counters, edges and pairs it names.
    pub fn len(&self) -> usize {
        let Recount { users, photos, comments, inboxes, following } = &self.recount;
        let recounted = users.len() + photos.len() + comments.len() + inboxes.len() + following.len();
        recounted + self.resettle.len() + self.pairs.len()
    }

    /// Returns whether it names nothing.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(number: u64) -> UserId {
        UserId::try_from(number).unwrap()
    }

    fn photo(number: u64) -> PhotoId {
        PhotoId::try_from(number).unwrap()
    }

    #[test]
    fn a_request_looks_like_this() {
        let repair = Repair {
            recount: Recount {
                users: vec![user(1)],
                photos: vec![photo(2)],
                comments: vec!["2.7.8".parse().unwrap()],
                inboxes: vec![user(9)],
                following: vec![
                    Following { user_id: user(3), edges: 4, version: Some(5) },
                    Following { user_id: user(6), edges: 0, version: None },
                ],
            },
            resettle: vec![
                Relation::Follow(user(1), user(3)),
                Relation::Like(user(1), photo(2)),
                Relation::Timeline(user(3), photo(2)),
            ],
            pairs: vec![(user(1), user(3))],
        };
        assert_eq!(repair.len(), 10);
        let json = serde_json::to_value(&repair).unwrap();
        assert_eq!(serde_json::from_value::<Repair>(json).unwrap(), repair);
        insta::assert_json_snapshot!(repair);
    }

    #[test]
    fn empty_lists_are_left_out_and_unknown_fields_are_refused() {
        let nothing: Repair = serde_json::from_str("{}").unwrap();
        assert!(nothing.is_empty());
        assert_eq!(serde_json::to_string(&nothing).unwrap(), "{}");
        assert!(serde_json::from_str::<Repair>(r#"{"recount":{"user":["1"]}}"#).is_err());
    }
}
