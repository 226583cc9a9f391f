//! The inbox.

use domain::inbox::{self, Row, RowId};
use domain::media::{Encoding, Size};
use domain::photo::Photo;
use domain::{CommentPath, PhotoId, Timestamp, UserId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::users::profile_pic;

/// A page of the inbox, what was told last first.
#[derive(Serialize, ToSchema)]
pub struct Notifications {
    /// The rows.
    pub notifications: Vec<Notification>,
    /// With a cursor: rows that were told since the first page, newest first. They may have been listed before, and are
    /// listed no more. Where there are more than a page, the oldest come first, and the rest beside the next page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub newer: Option<Vec<Notification>>,
    /// Rows not read yet, in the whole inbox; 100 where there are more.
    pub unread_count: u64,
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
    /// `like`, `comment`, `reply`, `mention`, `comment_like`, `follow`, `request`, `acceptance`,
    /// `session` (a login to one's own account) or `password` (a change of one's own password). Others may be added.
    pub r#type: &'static str,
    /// The newest actors, at most three.
    pub actors: Vec<Actor>,
    /// How many actors there are.
    pub actor_count: u64,
    /// The photo it is about, if any.
    #[schema(value_type = Option<String>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub photo_id: Option<PhotoId>,
    /// The comment it is about, if any: that mentions one, was liked, or was replied to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comment_id: Option<String>,
    /// The first picture of that photo, small; null of a row that is about no photo.
    #[schema(required)]
    pub photo_thumbnail: Option<String>,
    /// A sentence in English.
    pub message: String,
    /// When it was last told (RFC 3339), by which the list is sorted.
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
    /// Where their picture is, 150 pixels square; nothing is there while they have none.
    pub profile_pic: String,
}

impl Actor {
    /// Shows a user with pictures under `cdn`.
    pub fn new(user_id: UserId, username: String, cdn: &str) -> Self {
        Self { profile_pic: profile_pic(cdn, user_id), user_id, username }
    }
}

/// Up to when the inbox was read.
#[derive(Deserialize, ToSchema, Default)]
pub struct MarkReadRequest {
    /// The moment (RFC 3339): `created_at` of the newest row that was seen. Everything that was told, where it is absent.
    pub up_to: Option<String>,
}

/// The inbox after reading it.
#[derive(Serialize, ToSchema)]
pub struct MarkedRead {
    /// Rows that are still not read.
    pub unread_count: u64,
}

impl Notification {
    /// Shows `row`, which is about `photo` if about any and was told at `place`, to somebody who has read everything up
    /// to `read_to`. Pictures are under `cdn`.
    pub fn new(
        id: RowId,
        row: Row,
        photo: Option<&Photo>,
        place: Timestamp,
        read_to: Timestamp,
        cdn: &str,
    ) -> Self {
        let message = row.message(id.subject);
        let actor = |actor: inbox::Actor| Actor::new(actor.user_id, actor.username, cdn);
        let actors = row.actors.into_iter().map(actor);
        Self {
            id: id.to_string(),
            r#type: id.subject.kind(),
            message,
            actor_count: row.actor_count,
            photo_id: id.subject.photo(),
            comment_id: id.subject.comment().map(CommentPath::name),
            photo_thumbnail: photo.map(|photo| {
                let key = photo.address(0).key(Size::Small, Encoding::Jpeg);
                format!("{cdn}/{key}")
            }),
            created_at: place.to_string(),
            read: place <= read_to,
            actors: actors.collect(),
        }
    }
}
