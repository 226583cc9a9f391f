//! Comments.

use domain::comment::{Mention, Threaded};
use domain::{CommentPath, PhotoId, UserId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::users::profile_pic;

/// A new comment, or a reply to one.
#[derive(Deserialize, Serialize, ToSchema)]
pub struct CreateCommentRequest {
    /// At most 2,200 characters. `@name` mentions somebody; the first 20 mentions count.
    pub text: String,
    /// The comment that it replies to. A reply to a reply is under the same comment.
    pub reply_to: Option<String>,
}

/// A comment.
#[derive(Serialize, ToSchema)]
pub struct CommentView {
    /// Names the comment on its photo.
    pub comment_id: String,
    /// Names the photo.
    #[schema(value_type = String)]
    pub photo_id: PhotoId,
    /// Who wrote it.
    #[schema(value_type = String)]
    pub user_id: UserId,
    /// Their user name.
    pub username: String,
    /// Where their picture is, 150 pixels square; nothing is there while they have none.
    pub profile_pic: String,
    /// What it says.
    pub text: String,
    /// Whom it mentions, in the order of the text.
    pub mentions: Vec<MentionView>,
    /// When it was written (RFC 3339).
    pub created_at: String,
    /// How many people like it.
    pub likes_count: i64,
    /// How many replies it has.
    pub replies_count: i64,
    /// Whether the caller likes it.
    pub liked_by_user: bool,
    /// The comment that it is under, if it is a reply.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<String>,
    /// Whether the photo's author has pinned it.
    pub pinned: bool,
}

/// Somebody who is mentioned in a text.
#[derive(Serialize, ToSchema)]
pub struct MentionView {
    /// Who.
    #[schema(value_type = String)]
    pub user_id: UserId,
    /// Their user name, as it was written.
    pub username: String,
    /// The place of `@` in the text, in Unicode scalar values.
    pub start: usize,
    /// How many scalar values the mention has, `@` included.
    pub length: usize,
}

/// A page of comments. Pinned ones, and the caller's own newest ones, come in addition to its count.
#[derive(Serialize, ToSchema)]
pub struct CommentPage {
    /// The comments. The page may be short, or even empty, and still go on at its cursor.
    pub comments: Vec<CommentView>,
    /// Where to go on; null at the end.
    #[schema(required)]
    pub next_cursor: Option<String>,
    /// Whether there are more.
    pub has_more: bool,
}

/// What liking or unliking a comment led to.
#[derive(Serialize, ToSchema)]
pub struct CommentLikeState {
    /// Names the comment on its photo.
    pub comment_id: String,
    /// How many people like it.
    pub likes_count: i64,
    /// Whether the caller likes it now.
    pub liked_by_user: bool,
}

impl CommentView {
    /// Shows a comment with pictures under `cdn`.
    pub fn new(path: CommentPath, comment: &Threaded, cdn: &str, liked: bool, pinned: bool) -> Self {
        Self {
            comment_id: path.name(),
            photo_id: path.photo,
            user_id: comment.by,
            username: comment.username.clone(),
            profile_pic: profile_pic(cdn, comment.by),
            text: comment.text.as_str().to_owned(),
            mentions: comment.mentions.iter().map(MentionView::from).collect(),
            created_at: path.written_at().to_string(),
            // The count lags behind the caller's own like.
            likes_count: comment.likes.max(i64::from(liked)),
            replies_count: comment.replies,
            liked_by_user: liked,
            reply_to: path.parent().map(CommentPath::name),
            pinned,
        }
    }
}

impl From<&Mention> for MentionView {
    fn from(mention: &Mention) -> Self {
        let Mention { user, username, start, length } = mention;
        Self { user_id: *user, username: username.clone(), start: *start, length: *length }
    }
}

impl CommentPage {
    /// A page that goes on at a cursor.
    pub fn new(comments: Vec<CommentView>, next_cursor: Option<String>) -> Self {
        Self { comments, has_more: next_cursor.is_some(), next_cursor }
    }
}
