//! Who may see what: the rules. `table::sight` reads what they go by, and every function that shows something
//! asks it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::id::UserId;

/// Most people in one list of a circle. Beyond it the pairs themselves are asked.
pub const CIRCLE_LEN: usize = 200;

/// For whom a photo is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Audience {
    /// For everyone.
    #[default]
    Everyone,
    /// For the author's followers: the account is private.
    Followers,
}

impl Audience {
    /// Returns the audience of what an account shows.
    pub fn of(private: bool) -> Self {
        if private { Self::Followers } else { Self::Everyone }
    }

    /// Returns whether it is for everyone.
    pub fn is_everyone(&self) -> bool {
        *self == Self::Everyone
    }
}

/// What is muted of somebody.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mute {
    /// Their photos in the feed, and notifications of what they do.
    pub posts: bool,
    /// Their stories.
    pub stories: bool,
}

impl Mute {
    /// Returns whether anything is muted.
    pub fn is_any(self) -> bool {
        self.posts || self.stories
    }
}

/// What somebody says about somebody else, besides following them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pair {
    /// Since when they block them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub block: Option<Timestamp>,
    /// What they mute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mute: Option<Mute>,
    /// Since when they count them among their close friends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub close: Option<Timestamp>,
    /// The bell that they switched on last: whether they hear of each photo of the other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bell: Option<Bell>,
    /// The other's follow of them that they ended, named by the moment since which it existed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub removed: Option<Timestamp>,
    /// Their own follow of the other that ended with a block, named likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left: Option<Timestamp>,
    /// Their answer to a request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<Answer>,
}

/// A bell: whether somebody hears of each photo of somebody whom they follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bell {
    /// The follow that it belongs to, named by the moment since which it exists. It ends with that.
    pub follow: Timestamp,
    /// When it was switched off, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub off_at: Option<Timestamp>,
}

impl Bell {
    /// Returns whether it is on.
    pub fn is_on(self) -> bool {
        self.off_at.is_none()
    }
}

/// An answer to a follow request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The request, named by the moment at which it was made.
    pub to: Timestamp,
    /// Whether it was accepted.
    pub accepted: bool,
    /// When it was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
}

impl Pair {
    /// Returns whether nothing is derived from a change between the two, but from a bell: at most whom they count
    /// among their close friends, which nobody but them is shown.
    pub fn derives_as(&self, other: &Self) -> bool {
        let derived_from = |pair: &Self| Self { close: None, bell: None, ..pair.clone() };
        derived_from(self) == derived_from(other)
    }

    /// Returns whether a bell is on in the follow that exists since `since`.
    pub fn rings(&self, since: Timestamp) -> bool {
        self.bell.is_some_and(|bell| bell.is_on() && bell.follow == since)
    }

    /// Returns whether they mute the other's photos.
    pub fn mutes_posts(&self) -> bool {
        self.mute.is_some_and(|mute| mute.posts)
    }

    /// Returns whether a follow that exists since `since` still counts.
    pub fn admits(&self, since: Timestamp) -> bool {
        self.block.is_none() && self.removed != Some(since)
    }
}

/// What a circle says of those in one of its lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tie {
    /// The viewer blocks them.
    Blocks,
    /// They block the viewer.
    BlockedBy,
    /// The viewer mutes their photos.
    MutesPosts,
    /// The viewer mutes their stories.
    MutesStories,
}

impl Tie {
    /// One for each list of a circle.
    pub const ALL: [Self; 4] = [Self::Blocks, Self::BlockedBy, Self::MutesPosts, Self::MutesStories];

    /// Returns whether it is between a viewer and somebody of whom they say `said`, and who says `heard` of them.
    pub fn is_between(self, said: &Pair, heard: &Pair) -> bool {
        match self {
            Self::Blocks => said.block.is_some(),
            Self::BlockedBy => heard.block.is_some(),
            Self::MutesPosts => said.mutes_posts(),
            Self::MutesStories => said.mute.is_some_and(|mute| mute.stories),
        }
    }
}

/// Whom a viewer blocks and mutes, and who blocks them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Circle {
    /// Whom they block.
    pub blocks: BTreeSet<UserId>,
    /// Who blocks them.
    pub blocked_by: BTreeSet<UserId>,
    /// Whose photos they mute.
    pub mutes_posts: BTreeSet<UserId>,
    /// Whose stories they mute.
    pub mutes_stories: BTreeSet<UserId>,
    /// Whether one of the lists has no room for somebody, so that whom they do not name is unknown.
    pub overflows: bool,
}

impl Circle {
    /// Returns one of its lists.
    pub fn list(&self, tie: Tie) -> &BTreeSet<UserId> {
        match tie {
            Tie::Blocks => &self.blocks,
            Tie::BlockedBy => &self.blocked_by,
            Tie::MutesPosts => &self.mutes_posts,
            Tie::MutesStories => &self.mutes_stories,
        }
    }

    /// Returns whether a block hides `other` and the viewer from each other; `None` when the pairs must be
    /// asked.
    pub fn hides(&self, other: UserId) -> Option<bool> {
        let named = self.blocks.contains(&other) || self.blocked_by.contains(&other);
        (named || !self.overflows).then_some(named)
    }

    /// Returns whether the viewer's feed leaves out photos of `other`, and their notifications what that person does;
    /// `None` when the pair must be asked.
    pub fn mutes_posts(&self, other: UserId) -> Option<bool> {
        let named = self.mutes_posts.contains(&other);
        (named || !self.overflows).then_some(named)
    }
}

/// Whom a viewer follows, as far as one small item holds them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Followings {
    /// Those whom they followed last.
    pub newest: BTreeSet<UserId>,
    /// Whether these are all.
    pub whole: bool,
}

impl Followings {
    /// Returns whether the viewer follows `other`; `None` when the edge must be asked.
    pub fn holds(&self, other: UserId) -> Option<bool> {
        let named = self.newest.contains(&other);
        (named || self.whole).then_some(named)
    }
}
