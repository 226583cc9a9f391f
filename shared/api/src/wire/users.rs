//! Profiles, lists of users, and follows.

use domain::cursor::List;
use domain::media::{Encoding, Size};
use domain::user::User;
use domain::{UserId, profile_picture};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Somebody's profile.
#[derive(Serialize, ToSchema)]
pub struct Profile {
    /// Names the user.
    #[schema(value_type = String)]
    pub user_id: UserId,
    /// The user name.
    pub username: String,
    /// The name beside it.
    #[schema(required)]
    pub full_name: Option<String>,
    /// What they say about themselves.
    #[schema(required)]
    pub bio: Option<String>,
    /// Where their picture is, 150 pixels square; nothing is there while they have none.
    pub profile_pic: String,
    /// How many people follow them.
    pub follower_count: i64,
    /// How many people they follow.
    pub following_count: i64,
    /// How many photos they have.
    pub photo_count: i64,
    /// Whether the caller follows them.
    pub followed_by_you: bool,
    /// When the account was opened (RFC 3339).
    pub created_at: String,
}

/// Changes to one's own profile; absent and null fields stay, empty text removes.
#[derive(Deserialize, ToSchema)]
pub struct UpdateProfileRequest {
    /// At most 100 characters in one line, at least one of them visible.
    pub full_name: Option<String>,
    /// At most 150 characters.
    pub bio: Option<String>,
}

/// Somebody in a list.
#[derive(Serialize, ToSchema)]
pub struct UserCard {
    /// Names the user.
    #[schema(value_type = String)]
    pub user_id: UserId,
    /// The user name.
    pub username: String,
    /// The name beside it.
    #[schema(required)]
    pub full_name: Option<String>,
    /// Where their picture is, 150 pixels square; nothing is there while they have none.
    pub profile_pic: String,
    /// Whether the caller follows them.
    pub followed_by_you: bool,
}

/// A page of people.
#[derive(Serialize, ToSchema)]
pub struct UserPage {
    /// The people.
    pub users: Vec<UserCard>,
    /// Where to go on; null at the end.
    #[schema(required)]
    pub next_cursor: Option<String>,
    /// Whether there are more.
    pub has_more: bool,
}

/// What following or unfollowing somebody led to.
#[derive(Serialize, ToSchema)]
pub struct FollowState {
    /// Who is or was followed.
    #[schema(value_type = String)]
    pub user_id: UserId,
    /// Whether the caller follows them now.
    pub following: bool,
    /// How many people follow them.
    pub follower_count: i64,
    /// How many people they follow.
    pub following_count: i64,
}

/// Returns the URL of a user's small picture under `cdn`. It is made of their id, whether they have one or not.
pub(super) fn profile_pic(cdn: &str, user: UserId) -> String {
    format!("{cdn}/{}", profile_picture::rendition_key(user, Size::Small, Encoding::Jpeg))
}

impl Profile {
    /// Shows `user`, with pictures under `cdn`, to somebody who follows them or not.
    pub fn new(user: User, cdn: &str, followed_by_you: bool) -> Self {
        Self {
            user_id: user.id,
            username: user.username.as_str().to_owned(),
            full_name: user.full_name,
            bio: user.bio,
            profile_pic: profile_pic(cdn, user.id),
            follower_count: user.followers,
            following_count: user.following,
            photo_count: user.photos,
            followed_by_you,
            created_at: user.id.created_at().to_string(),
        }
    }
}

impl UserCard {
    /// Shows `user`, with pictures under `cdn`, to somebody who follows them or not.
    pub fn new(user: User, cdn: &str, followed_by_you: bool) -> Self {
        Self {
            user_id: user.id,
            username: user.username.as_str().to_owned(),
            full_name: user.full_name,
            profile_pic: profile_pic(cdn, user.id),
            followed_by_you,
        }
    }
}

impl UserPage {
    /// A page of `list` that goes on after `next`.
    pub fn new(users: Vec<UserCard>, list: List, next: Option<UserId>) -> Self {
        let next_cursor = next.map(|last| list.cursor(&last));
        Self { users, has_more: next_cursor.is_some(), next_cursor }
    }
}
