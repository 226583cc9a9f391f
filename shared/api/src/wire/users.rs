//! Profiles, lists of users, and follows.

use domain::UserId;
use domain::cursor::List;
use domain::user::User;
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
    /// Their picture; null while they have none.
    #[schema(required)]
    pub profile_pic: Option<String>,
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
    /// Their picture; null while they have none.
    #[schema(required)]
    pub profile_pic: Option<String>,
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

impl Profile {
    /// Shows `user` to somebody who follows them or not.
    pub fn new(user: User, followed_by_you: bool) -> Self {
        Self {
            user_id: user.id,
            username: user.username.as_str().to_owned(),
            full_name: user.full_name,
            bio: user.bio,
            profile_pic: None,
            follower_count: user.followers,
            following_count: user.following,
            photo_count: user.photos,
            followed_by_you,
            created_at: user.id.created_at().to_string(),
        }
    }
}

impl From<User> for UserCard {
    fn from(user: User) -> Self {
        let username = user.username.as_str().to_owned();
        Self { user_id: user.id, username, full_name: user.full_name, profile_pic: None }
    }
}

impl UserPage {
    /// A page of `list` that goes on after `next`.
    pub fn new(users: Vec<User>, list: List, next: Option<UserId>) -> Self {
        let next_cursor = next.map(|last| list.cursor(&last));
        let users = users.into_iter().map(UserCard::from).collect();
        Self { users, has_more: next_cursor.is_some(), next_cursor }
    }
}
