//! What an operator asks `sweep` to put right. `verify` writes it, a line for each request.

use domain::{PhotoId, Relation, UserId};
use serde::{Deserialize, Serialize};

/// Most counters and edges in one request: what `sweep` does well within its time.
pub const MOST: usize = 1_000;

/// One request. Everything in it may be done again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Repair {
    /// Counters to count again.
    #[serde(skip_serializing_if = "is_default")]
    pub recount: Recount,
    /// Derived edges to bring to what their actors' edges say.
    #[serde(skip_serializing_if = "is_default")]
    pub resettle: Vec<Relation>,
}

/// Counters to count again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Recount {
    /// Whose followers and photos.
    #[serde(skip_serializing_if = "is_default")]
    pub users: Vec<UserId>,
    /// Whose likes.
    #[serde(skip_serializing_if = "is_default")]
    pub photos: Vec<PhotoId>,
    /// Counters that were counted already, because only a whole scan can count them.
    #[serde(skip_serializing_if = "is_default")]
    pub following: Vec<Following>,
}

/// How many people somebody follows, as a scan found it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Following {
    /// Who.
    pub user_id: UserId,
    /// How many they follow.
    pub edges: i64,
    /// How often their counters had moved then; what was counted holds as long as this is so.
    #[serde(default, skip_serializing_if = "is_default")]
    pub version: Option<u64>,
}

impl Repair {
    /// How many counters and edges it names.
    pub fn len(&self) -> usize {
        let Recount { users, photos, following } = &self.recount;
        users.len() + photos.len() + following.len() + self.resettle.len()
    }

    /// Whether there is nothing to do.
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
        };
        assert_eq!(repair.len(), 7);
        let json = serde_json::to_value(&repair).unwrap();
        assert_eq!(serde_json::from_value::<Repair>(json).unwrap(), repair);
        insta::assert_json_snapshot!(repair);
    }

    #[test]
    fn what_is_not_asked_for_is_left_out_and_what_is_not_known_is_refused() {
        let nothing: Repair = serde_json::from_str("{}").unwrap();
        assert!(nothing.is_empty());
        assert_eq!(serde_json::to_string(&nothing).unwrap(), "{}");
        assert!(serde_json::from_str::<Repair>(r#"{"recount":{"user":["1"]}}"#).is_err());
    }
}
