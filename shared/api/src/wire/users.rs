//! Profiles, lists of users, and follows.

use domain::cursor::List;
use domain::media::{Encoding, Size};
use domain::photo::State;
use domain::profile_picture::ProfilePicture;
use domain::search::Listed;
use domain::user::User;
use domain::visibility::Mute;
use domain::{UserId, profile_picture};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::photos::{FailureView, Upload};

/// Somebody's profile.
#[derive(Serialize, ToSchema)]
#[expect(clippy::struct_excessive_bools, reason = "the contract with clients, in which each is a field")]
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
    /// Whether only followers see their photos, their lists and these counts.
    pub private: bool,
    /// How many people follow them; null where the caller may not see it.
    #[schema(required)]
    pub follower_count: Option<i64>,
    /// How many people they follow; null where the caller may not see it.
    #[schema(required)]
    pub following_count: Option<i64>,
    /// How many photos they have; null where the caller may not see it.
    #[schema(required)]
    pub photo_count: Option<i64>,
    /// Whether the caller follows them.
    pub followed_by_you: bool,
    /// Whether the caller asks to follow them.
    pub requested_by_you: bool,
    /// Whether they follow the caller.
    pub follows_you: bool,
    /// What the caller mutes of them; null for nothing.
    #[schema(required)]
    pub muted: Option<Muted>,
    /// Whether the caller counts them among their close friends.
    pub close_friend: bool,
    /// Whether the caller is told of each photo of theirs.
    pub bell: bool,
    /// When the account was opened (RFC 3339).
    pub created_at: String,
    /// Whether the e-mail address is proved. Of one's own profile alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email_verified: Option<bool>,
    /// How many ask to follow. Of one's own profile alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_count: Option<i64>,
    /// How far one's own picture is. Said to oneself alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub picture: Option<PictureView>,
}

/// How far one's own profile picture is.
#[derive(Serialize, ToSchema)]
pub struct PictureView {
    /// How far the upload is that was begun last.
    pub status: PictureStatus,
    /// Why it failed, when it did. A picture from before is still there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<FailureView>,
    /// When the status changed last (RFC 3339); absent while there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<String>,
}

/// How far a profile picture is.
#[derive(Serialize, ToSchema, Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum PictureStatus {
    /// There is none.
    None,
    /// Waiting for its upload or its renditions.
    Processing,
    /// To be seen by everyone.
    Ready,
    /// It could not be processed.
    Failed,
}

/// A new profile picture.
#[derive(Deserialize, ToSchema)]
pub struct CreatePictureRequest {
    /// As for a medium of a photo.
    pub content_type: String,
    /// Bytes, at most 10 MiB.
    pub size: u64,
}

/// A profile picture that waits for its upload.
#[derive(Serialize, ToSchema)]
pub struct CreatedPicture {
    /// Where it goes.
    pub upload: Upload,
}

/// Changes to one's own profile; absent and null fields stay, empty text removes.
#[derive(Deserialize, ToSchema)]
pub struct UpdateProfileRequest {
    /// At most 100 characters in one line, at least one of them visible.
    pub full_name: Option<String>,
    /// At most 150 characters.
    pub bio: Option<String>,
    /// Whether only followers see one's photos and whom one follows. It can be switched twice a day.
    pub private: Option<bool>,
}

/// What is muted of somebody.
#[derive(Serialize, ToSchema, Clone, Copy, Debug, PartialEq, Eq)]
pub struct Muted {
    /// Their photos in the feed, and notifications of what they do.
    pub posts: bool,
    /// Their stories.
    pub stories: bool,
}

/// What to mute of somebody; all of it where nothing is said.
#[derive(Deserialize, ToSchema, Default)]
pub struct MuteRequest {
    /// Their photos in the feed, and notifications of what they do.
    pub posts: Option<bool>,
    /// Their stories.
    pub stories: Option<bool>,
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
    /// Whether their account is private.
    pub private: bool,
    /// Whether the caller follows them.
    pub followed_by_you: bool,
    /// What the caller mutes of them. In the list of whom the caller mutes alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mute: Option<Muted>,
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
    /// Whether the caller asks to follow them: their account is private.
    pub requested: bool,
    /// How many people follow them; null while a private account does not admit the caller.
    #[schema(required)]
    pub follower_count: Option<i64>,
    /// How many people they follow; null while a private account does not admit the caller.
    #[schema(required)]
    pub following_count: Option<i64>,
}

/// What switching a bell led to.
#[derive(Serialize, ToSchema)]
pub struct BellState {
    /// Whether the caller is told of each photo of the other.
    pub bell: bool,
}

/// Returns the URL of a user's small picture under `cdn`. It is made of their id, whether they have one or not.
pub(super) fn profile_pic(cdn: &str, user: UserId) -> String {
    format!("{cdn}/{}", profile_picture::rendition_key(user, Size::Small, Encoding::Jpeg))
}

impl Muted {
    /// Shows what is muted; `None` for nothing.
    pub fn new(mute: Option<Mute>) -> Option<Self> {
        mute.map(|Mute { posts, stories }| Self { posts, stories })
    }
}

impl MuteRequest {
    /// Returns what to mute.
    pub fn mute(&self) -> Mute {
        Mute { posts: self.posts.unwrap_or(true), stories: self.stories.unwrap_or(true) }
    }
}

/// How a user and who looks at their profile stand to each other.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each may hold with or without any other")]
pub struct Regard {
    /// Whether the viewer sees their counts.
    pub admitted: bool,
    /// Whether the viewer follows them.
    pub followed: bool,
    /// Whether the viewer asks to follow them.
    pub requested: bool,
    /// Whether they follow the viewer.
    pub follows: bool,
    /// What the viewer mutes of them.
    pub mute: Option<Mute>,
    /// Whether the viewer counts them among their close friends.
    pub close: bool,
    /// Whether the viewer is told of each photo of theirs.
    pub bell: bool,
}

impl Profile {
    /// Shows `user`, with pictures under `cdn`, to somebody who regards them so.
    pub fn new(user: User, cdn: &str, regard: &Regard) -> Self {
        let counted = |count: i64| regard.admitted.then_some(count);
        Self {
            user_id: user.id,
            username: user.username.as_str().to_owned(),
            full_name: user.full_name,
            bio: user.bio,
            profile_pic: profile_pic(cdn, user.id),
            private: user.private,
            follower_count: counted(user.followers),
            following_count: counted(user.following),
            photo_count: counted(user.photos),
            followed_by_you: regard.followed,
            requested_by_you: regard.requested,
            follows_you: regard.follows,
            muted: Muted::new(regard.mute),
            close_friend: regard.close,
            bell: regard.bell,
            created_at: user.id.created_at().to_string(),
            email_verified: None,
            request_count: None,
            picture: None,
        }
    }

    /// Shows `user` to themselves, with how far their picture is.
    pub fn own(user: User, cdn_url: &str, picture: Option<ProfilePicture>) -> Self {
        let (email_verified, picture) = (Some(user.email_verified), Some(PictureView::new(picture)));
        let request_count = Some(user.requests);
        // Nobody follows themselves.
        let regard = Regard { admitted: true, ..Regard::default() };
        Self { email_verified, request_count, picture, ..Self::new(user, cdn_url, &regard) }
    }
}

impl PictureView {
    fn new(picture: Option<ProfilePicture>) -> Self {
        let Some(picture) = picture else {
            return Self { status: PictureStatus::None, failure: None, updated_at: None };
        };
        let status = match picture.state {
            State::Processing => PictureStatus::Processing,
            State::Ready => PictureStatus::Ready,
            State::Failed => PictureStatus::Failed,
        };
        let failure =
            picture.failure.map(|failure| FailureView { code: failure.code, detail: failure.detail });
        Self { status, failure, updated_at: Some(picture.updated_at.to_string()) }
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
            private: user.private,
            followed_by_you,
            mute: None,
        }
    }

    /// Shows somebody of an index of names, as [`Self::new`] does.
    pub fn listed(listed: Listed, cdn: &str, followed_by_you: bool) -> Self {
        Self {
            user_id: listed.id,
            username: listed.username,
            full_name: listed.full_name,
            profile_pic: profile_pic(cdn, listed.id),
            private: listed.private,
            followed_by_you,
            mute: None,
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
