//! The messages between functions, over SNS and SQS.
//!
//! A message is an [`Event`], JSON with a `type`, or an [`upload::Upload`]. Consumers are idempotent, so
//! duplicates are safe. Fields are only ever added, with a default, so that messages in flight survive a
//! deployment. Only a new layout of the table may ask for more: messages about items of another layout are
//! not read.

pub mod gather;
pub mod live;
pub mod push;
pub mod repair;
pub mod upload;
pub mod workflow;

use domain::inbox::RowId;
use domain::mail_link::{LinkDigest, Purpose};
use domain::media::AddressSecret;
use domain::photo::BlobRef;
use domain::session::SessionId;
use domain::{CommentPath, PhotoId, Timestamp, UserId};
use serde::{Deserialize, Serialize};

/// The name of the message attribute that subscriptions filter on.
pub const TYPE_ATTRIBUTE: &str = "type";

/// A message that belongs to somebody. Queues deal fairly between groups, so that much work of one holds up
/// no other's.
pub trait Grouped {
    /// Returns the group: at most 128 characters, letters, digits and ASCII punctuation.
    fn group(&self) -> String;
}

/// An event, of which other functions are notified.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type")]
pub enum Event {
    /// Every rendition of a photo is stored. Consumer: `fanout`.
    #[serde(rename = "photo.ready")]
    PhotoReady {
        /// The photo.
        photo_id: PhotoId,
        /// Whose it is.
        author_id: UserId,
        /// The part of the author's followers that this message is for.
        #[serde(default)]
        followers: HashRange,
    },
    /// A photo was deleted. Consumers: `backfill`, `notify`.
    #[serde(rename = "photo.deleted")]
    PhotoDeleted {
        /// The photo.
        photo_id: PhotoId,
        /// Whose it was.
        author_id: UserId,
        /// The secret in the addresses of its pictures.
        secret: AddressSecret,
        /// How many media it had.
        media: usize,
        /// The references of its rendered media to stored bytes.
        #[serde(default, rename = "holdings")]
        blob_refs: Vec<BlobRef>,
        /// The part of the author's followers that this message is for.
        #[serde(default)]
        followers: HashRange,
    },
    /// A photo could not be processed, and nothing of it is shown. Consumer: `backfill`.
    #[serde(rename = "photo.failed")]
    PhotoFailed {
        /// The photo.
        photo_id: PhotoId,
        /// Whose it is.
        author_id: UserId,
        /// The secret in the addresses of its pictures.
        secret: AddressSecret,
        /// How many media it has.
        media: usize,
        /// The references of its rendered media to stored bytes.
        #[serde(rename = "holdings")]
        blob_refs: Vec<BlobRef>,
    },
    /// Somebody likes a photo. Consumer: `notify`.
    #[serde(rename = "like.added")]
    LikeAdded {
        /// The photo.
        photo_id: PhotoId,
        /// Whose it is.
        author_id: UserId,
        /// Who likes it.
        user_id: UserId,
        /// Their user name.
        username: String,
        /// When they liked it.
        at: Timestamp,
    },
    /// Somebody likes a photo no more. For likes of a photo that is gone, [`Self::PhotoDeleted`] speaks.
    /// Consumer: `notify`.
    #[serde(rename = "like.removed")]
    LikeRemoved {
        /// The photo.
        photo_id: PhotoId,
        /// Who liked it.
        user_id: UserId,
    },
    /// Somebody follows somebody. Consumers: `backfill`, `notify`.
    #[serde(rename = "follow.added")]
    FollowAdded {
        /// Who follows.
        follower_id: UserId,
        /// Their user name.
        follower_name: String,
        /// Who is followed.
        followee_id: UserId,
        /// Since when.
        at: Timestamp,
    },
    /// Somebody unfollows somebody. Consumers: `backfill`, `notify`.
    #[serde(rename = "follow.removed")]
    FollowRemoved {
        /// Who followed.
        follower_id: UserId,
        /// Who was followed.
        followee_id: UserId,
    },
    /// Somebody asks to follow a private account. Consumer: `notify`.
    #[serde(rename = "request.added")]
    RequestAdded {
        /// Who asks.
        asker_id: UserId,
        /// Their user name.
        asker_name: String,
        /// Whom they ask to follow.
        user_id: UserId,
        /// When they asked.
        at: Timestamp,
    },
    /// A request to follow is there no more: it was withdrawn or answered, or a block ended it. Consumer: `notify`.
    #[serde(rename = "request.removed")]
    RequestRemoved {
        /// Who asked.
        asker_id: UserId,
        /// Whom they asked to follow.
        user_id: UserId,
    },
    /// A request became a follow: it was answered, or the account was made public. [`Self::FollowAdded`] says of the
    /// same follow that it is there. Consumer: `notify`.
    #[serde(rename = "request.accepted")]
    RequestAccepted {
        /// Who accepted it.
        user_id: UserId,
        /// Who had asked.
        asker_id: UserId,
    },
    /// Somebody commented on a photo, or replied to a comment. Consumer: `notify`.
    #[serde(rename = "comment.added")]
    CommentAdded {
        /// The comment.
        comment: CommentPath,
        /// Whose photo it is on.
        author_id: UserId,
        /// Who wrote it.
        user_id: UserId,
        /// Their user name.
        username: String,
        /// Who wrote the comment that it replies to.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        answers: Option<UserId>,
    },
    /// A comment is gone, by itself or with its photo. Consumers: `backfill`, `notify`.
    #[serde(rename = "comment.removed")]
    CommentRemoved {
        /// The comment.
        comment: CommentPath,
        /// Whose photo it was on.
        author_id: UserId,
        /// Who wrote it.
        user_id: UserId,
        /// Who wrote the comment that it replied to.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        answers: Option<UserId>,
        /// Who was told that it mentions them.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        told: Vec<UserId>,
    },
    /// Somebody was mentioned in a comment and could see it when it was written. Consumer: `notify`.
    #[serde(rename = "mention.added")]
    MentionAdded {
        /// The comment.
        comment: CommentPath,
        /// Whose photo it is on.
        author_id: UserId,
        /// Who wrote it.
        user_id: UserId,
        /// Their user name.
        username: String,
        /// Who was mentioned.
        mentioned_id: UserId,
    },
    /// Somebody likes a comment. Consumer: `notify`.
    #[serde(rename = "comment_like.added")]
    CommentLikeAdded {
        /// The comment.
        comment: CommentPath,
        /// Whose photo it is on.
        author_id: UserId,
        /// Who wrote it.
        writer_id: UserId,
        /// Who likes it.
        user_id: UserId,
        /// Their user name.
        username: String,
        /// When they liked it.
        at: Timestamp,
    },
    /// Somebody likes a comment no more. For likes of a comment that is gone, [`Self::CommentRemoved`] speaks.
    /// Consumer: `notify`.
    #[serde(rename = "comment_like.removed")]
    CommentLikeRemoved {
        /// The comment.
        comment: CommentPath,
        /// Who liked it.
        user_id: UserId,
    },
    /// Somebody removed their profile picture. Consumer: `backfill`.
    #[serde(rename = "picture.removed")]
    PictureRemoved {
        /// Whose it was.
        user_id: UserId,
    },
    /// A reader returned, and their feed lacks the photos posted meanwhile. Consumer: `backfill`.
    #[serde(rename = "reader.returned")]
    ReaderReturned {
        /// The reader.
        user_id: UserId,
        /// The mark that identifies this return. The rebuild clears only this mark.
        mark: i64,
    },
    /// A user made their account private or public. Consumer: `backfill`.
    #[serde(rename = "audience.changed")]
    AudienceChanged {
        /// Whose account.
        user_id: UserId,
        /// The mark that identifies the switch.
        mark: i64,
        /// The part of what follows that this message is for.
        #[serde(default)]
        part: AudiencePart,
    },
    /// A link is to be mailed. Consumer: `mail`.
    #[serde(rename = "link.added")]
    LinkAdded {
        /// To whom.
        user_id: UserId,
        /// What it does.
        purpose: Purpose,
        /// Its name.
        link: LinkDigest,
    },
    /// A user changed their password, or set a new one by a link. Consumers: `mail`, `notify`.
    #[serde(rename = "password.changed")]
    PasswordChanged {
        /// Who.
        user_id: UserId,
        /// When.
        at: Timestamp,
    },
    /// Somebody logged in to an account. The session of its registration is no login. Consumer: `notify`.
    #[serde(rename = "session.added")]
    SessionAdded {
        /// Whose account.
        user_id: UserId,
        /// The session, which tells when it was opened.
        session_id: SessionId,
    },
    /// Somebody's daily mail is due. Consumer: `mail`.
    #[serde(rename = "digest.due")]
    DigestDue {
        /// Whose.
        user_id: UserId,
        /// The hour of the day (UTC) at which they get it.
        hour: u8,
    },
    /// A row of an inbox was told: it moved to the top of the list, and counts as unread. Consumers: `push`,
    /// `live-send`.
    #[serde(rename = "notification.told")]
    NotificationTold {
        /// Whose inbox.
        recipient_id: UserId,
        /// The row.
        row: RowId,
        /// The number of this telling of the row. It grows, and devices drop what they have shown by it.
        state: u64,
        /// When it was told.
        told_at: Timestamp,
    },
    /// Somebody's quiet hours have ended, and something was told in them. Consumer: `push`.
    #[serde(rename = "notification.quiet_ended")]
    QuietEnded {
        /// Whose.
        recipient_id: UserId,
        /// When, to the minute.
        ended_at: Timestamp,
    },
}

impl Event {
    /// Returns an event for each of `followers`, who no longer follow `author`.
    pub fn unfollowed(author: UserId, followers: &[UserId]) -> Vec<Self> {
        let event = |&follower_id| Self::FollowRemoved { follower_id, followee_id: author };
        followers.iter().map(event).collect()
    }

    /// Returns the account whose work it is.
    pub fn actor(&self) -> UserId {
        match self {
            Self::PhotoReady { author_id, .. }
            | Self::PhotoDeleted { author_id, .. }
            | Self::PhotoFailed { author_id, .. }
            // Whoever took it back: what is left of it is work about the author's photo.
            | Self::CommentRemoved { author_id, .. } => *author_id,
            Self::LikeAdded { user_id, .. }
            | Self::LikeRemoved { user_id, .. }
            | Self::PictureRemoved { user_id }
            | Self::RequestAccepted { user_id, .. }
            | Self::CommentAdded { user_id, .. }
            | Self::MentionAdded { user_id, .. }
            | Self::CommentLikeAdded { user_id, .. }
            | Self::CommentLikeRemoved { user_id, .. }
            | Self::ReaderReturned { user_id, .. }
            | Self::AudienceChanged { user_id, .. }
            | Self::LinkAdded { user_id, .. }
            | Self::PasswordChanged { user_id, .. }
            | Self::SessionAdded { user_id, .. }
            | Self::DigestDue { user_id, .. } => *user_id,
            Self::FollowAdded { follower_id, .. } | Self::FollowRemoved { follower_id, .. } => *follower_id,
            Self::RequestAdded { asker_id, .. } | Self::RequestRemoved { asker_id, .. } => *asker_id,
            Self::NotificationTold { recipient_id, .. } | Self::QuietEnded { recipient_id, .. } => *recipient_id,
        }
    }

    /// Returns the value of the `type` attribute.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::PhotoReady { .. } => "photo.ready",
            Self::PhotoDeleted { .. } => "photo.deleted",
            Self::PhotoFailed { .. } => "photo.failed",
            Self::LikeAdded { .. } => "like.added",
            Self::LikeRemoved { .. } => "like.removed",
            Self::FollowAdded { .. } => "follow.added",
            Self::FollowRemoved { .. } => "follow.removed",
            Self::RequestAdded { .. } => "request.added",
            Self::RequestRemoved { .. } => "request.removed",
            Self::RequestAccepted { .. } => "request.accepted",
            Self::CommentAdded { .. } => "comment.added",
            Self::CommentRemoved { .. } => "comment.removed",
            Self::MentionAdded { .. } => "mention.added",
            Self::CommentLikeAdded { .. } => "comment_like.added",
            Self::CommentLikeRemoved { .. } => "comment_like.removed",
            Self::PictureRemoved { .. } => "picture.removed",
            Self::ReaderReturned { .. } => "reader.returned",
            Self::AudienceChanged { .. } => "audience.changed",
            Self::LinkAdded { .. } => "link.added",
            Self::PasswordChanged { .. } => "password.changed",
            Self::SessionAdded { .. } => "session.added",
            Self::DigestDue { .. } => "digest.due",
            Self::NotificationTold { .. } => "notification.told",
            Self::QuietEnded { .. } => "notification.quiet_ended",
        }
    }
}

impl Grouped for Event {
    fn group(&self) -> String {
        self.actor().to_string()
    }
}

/// A part of what follows from a switch of an account; by default the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AudiencePart {
    /// Photos, from the newest on or those before one.
    Photos {
        /// The photo.
        before: Option<PhotoId>,
    },
    /// Requests to follow, from the first on or those after one.
    Requests {
        /// Whose.
        after: Option<UserId>,
    },
}

impl Default for AudiencePart {
    fn default() -> Self {
        Self::Photos { before: None }
    }
}

/// An inclusive range of follower hashes; by default every hash.
///
/// It covers followers in one home. Each region fans out to the followers whose home it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HashRange {
    /// First hash.
    pub first: u16,
    /// Last hash.
    pub last: u16,
}

impl Default for HashRange {
    fn default() -> Self {
        Self::ALL
    }
}

impl HashRange {
    /// Every hash.
    pub const ALL: Self = Self { first: 0, last: u16::MAX };

    /// The approximate number of followers for one message. An invocation handles so many in seconds.
    pub const PART: i64 = 2_500;
    /// Most messages that one message is split into. Sending them takes a second.
    const PARTS: i64 = 100;

    /// Splits this range of an author's followers into parts, one for each message.
    ///
    /// `followers` is the number of all followers. A range that is small enough for one message is returned
    /// as it is. A part may still be too large. Its consumer splits it again, so that no message takes long.
    pub fn parts_for(self, followers: i64) -> Vec<Self> {
        let width = i64::from(self.last.saturating_sub(self.first)) + 1;
        let expected = followers.saturating_mul(width) / (i64::from(u16::MAX) + 1);
        // A range of somewhat more than a part is not split, because parts are never exactly even.
        if expected <= Self::PART + Self::PART / 2 {
            return vec![self];
        }
        let parts = ((expected + Self::PART - 1) / Self::PART).min(Self::PARTS);
        self.split(u32::try_from(parts).unwrap_or(1))
    }

    /// Splits this range into `parts` adjacent ranges of nearly equal width; into fewer when it is narrower.
    pub fn split(self, parts: u32) -> Vec<Self> {
        let (first, width) = (u32::from(self.first), u32::from(self.last.saturating_sub(self.first)) + 1);
        let parts = parts.clamp(1, width);
        let bound = |part: u32| first + width * part / parts;
        (0..parts)
            .filter_map(|part| {
                let first = u16::try_from(bound(part)).ok()?;
                let last = u16::try_from(bound(part + 1) - 1).ok()?;
                Some(Self { first, last })
            })
            .collect()
    }
}

#[cfg(test)]
mod tests;
