//! Relations between users, and between users and photos or comments, identified by their two ends.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::comment::CommentPath;
use crate::id::{PhotoId, UserId};

/// A relation that an actor states and from which another edge is derived. The crate `table` describes each.
///
/// As JSON: `{"follow": ["<follower>", "<followee>"]}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Relation {
    /// The first follows the second.
    Follow(UserId, UserId),
    /// The first asks to follow the second, whose account is private.
    Request(UserId, UserId),
    /// The user likes the photo.
    Like(UserId, PhotoId),
    /// The user commented on a photo, or replied to a comment.
    Comment(UserId, CommentPath),
    /// The user likes the comment.
    CommentLike(UserId, CommentPath),
    /// The author's photo is ready, and so is in their timeline.
    Timeline(UserId, PhotoId),
}

/// Writes the relation in words, for operators.
impl fmt::Display for Relation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Follow(follower, followee) => write!(f, "user {follower} follows user {followee}"),
            Self::Request(asker, user) => write!(f, "user {asker} asks to follow user {user}"),
            Self::Like(user, photo) => write!(f, "user {user} likes photo {photo}"),
            Self::Comment(user, comment) => write!(f, "comment {comment} of user {user}"),
            Self::CommentLike(user, comment) => write!(f, "user {user} likes comment {comment}"),
            Self::Timeline(author, photo) => write!(f, "photo {photo} in the timeline of user {author}"),
        }
    }
}
