//! The inbox.

use domain::inbox::{Row, RowId, Subject};
use domain::{PhotoId, Timestamp, UserId};
use serde::Serialize;
use utoipa::ToSchema;

/// A page of the inbox, newest first.
#[derive(Serialize, ToSchema)]
pub struct Notifications {
    /// The rows.
    pub notifications: Vec<Notification>,
    /// Rows not read yet, in the whole inbox; counted up to 100.
    pub unread_count: usize,
    /// Where to go on; null at the end.
    #[schema(required)]
    pub next_cursor: Option<String>,
    /// Whether there are more.
    pub has_more: bool,
}

/// One row: everyone who did the same thing within a day.
#[derive(Serialize, ToSchema)]
pub struct Notification {
    /// Names the row.
    pub id: String,
    /// `like` or `follow`.
    pub r#type: &'static str,
    /// The newest actors, at most three.
    pub actors: Vec<Actor>,
    /// How many actors there are.
    pub actor_count: u64,
    /// The photo it is about, if any.
    #[schema(value_type = Option<String>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub photo_id: Option<PhotoId>,
    /// A sentence in English.
    pub message: String,
    /// When the newest actor acted (RFC 3339).
    pub created_at: String,
    /// Whether it was read.
    pub read: bool,
}

/// Somebody who did something.
#[derive(Serialize, ToSchema)]
pub struct Actor {
    /// Names the user.
    #[schema(value_type = String)]
    pub user_id: UserId,
    /// Their user name.
    pub username: String,
}

/// The inbox after reading it.
#[derive(Serialize, ToSchema)]
pub struct MarkedRead {
    /// Rows that are still not read.
    pub unread_count: usize,
}

impl Notification {
    /// Shows `row` to somebody who has read everything up to `read_to`.
    pub fn new(id: RowId, row: Row, read_to: Timestamp) -> Self {
        let (kind, photo_id) = match id.subject {
            Subject::Like(photo) => ("like", Some(photo)),
            Subject::Follow => ("follow", None),
        };
        Self {
            id: id.to_string(),
            r#type: kind,
            message: row.message(id.subject),
            actor_count: row.actor_count,
            photo_id,
            created_at: row.updated_at.to_string(),
            read: row.updated_at <= read_to,
            actors: row
                .actors
                .into_iter()
                .map(|actor| Actor { user_id: actor.user_id, username: actor.username })
                .collect(),
        }
    }
}
