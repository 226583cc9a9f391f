//! A user as others see them.

use serde::{Deserialize, Serialize};

use crate::account::UserName;
use crate::id::UserId;

/// A user's profile with its counters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// Names the user.
    pub id: UserId,
    /// The user name as written.
    pub username: UserName,
    /// The name beside it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub full_name: Option<String>,
    /// What they say about themselves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bio: Option<String>,
    /// How many follow them: the number of follower edges.
    #[serde(default)]
    pub followers: i64,
    /// How many they follow.
    #[serde(default)]
    pub following: i64,
    /// How many photos are in their timeline.
    #[serde(default)]
    pub photos: i64,
    /// How many ask to follow them. Shown to them alone.
    #[serde(default)]
    pub requests: i64,
    /// Whether only followers see their photos and whom they follow.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub private: bool,
    /// Whether they have proved their e-mail address. Shown to them alone.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub email_verified: bool,
}

impl User {
    /// Somebody new.
    pub fn new(id: UserId, username: UserName, full_name: Option<String>) -> Self {
        Self {
            id,
            username,
            full_name,
            bio: None,
            followers: 0,
            following: 0,
            photos: 0,
            requests: 0,
            private: false,
            email_verified: false,
        }
    }
}
