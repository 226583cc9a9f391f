//! Sort keys that bound queries.

use super::{
    CommentId, CommentPath, Home, Once, PhotoId, Purpose, Subject, Tie, Timestamp, UserId, follower_hash,
};

/// Returns what keys of a list of a circle begin with.
pub(crate) fn tie(tie: Tie) -> &'static str {
    match tie {
        Tie::Blocks => "BLOCKS#",
        Tie::BlockedBy => "BLOCKED_BY#",
        Tie::MutesPosts => "MUTES_POSTS#",
        Tie::MutesStories => "MUTES_STORIES#",
    }
}

pub(crate) const FOLLOWS: &str = "FOLLOWS#";
pub(crate) const REQUESTS: &str = "REQUESTS#";
/// The kinds of a feed's items. Entries come last before the reader's state.
pub(crate) const AUTHOR: &str = "A#";
pub(crate) const CHUNK: &str = "C#";
pub(crate) const ENTRY: &str = "P#";
/// Sorts after every photo.
pub(crate) const COLLECTION: &str = "C#";
pub(crate) const MARKER: &str = "ACTOR#";
/// Likes of comments. They sort after the likes of photos.
pub(crate) const OF_COMMENT: &str = "C#";
pub(crate) const PASSWORD_CHANGE: &str = "CHANGED#";
pub(crate) const ROW: &str = "N#";
pub(crate) const PLACE: &str = "ROW#";
/// Sorts after every digit.
pub(crate) const AFTER_DIGITS: &str = ":";

/// Returns where a comment is among its writer's: by photo, and the replies after the comments.
pub(crate) fn comment(path: CommentPath) -> String {
    match path.reply {
        None => format!("{}{}", own_comments(path.photo), path.comment.padded()),
        Some(reply) => format!("{}{}", own_replies(path.photo, path.comment), reply.padded()),
    }
}

/// Returns what the comments of one user on a photo begin with.
pub(crate) fn own_comments(photo: PhotoId) -> String {
    format!("{}#C#", photo.padded())
}

/// Returns what the replies of one user to a comment begin with.
pub(crate) fn own_replies(photo: PhotoId, comment: CommentId) -> String {
    format!("{}#R#{}#", photo.padded(), comment.padded())
}

/// Returns the ids of a path, with `#` between them.
pub(crate) fn path(path: CommentPath) -> String {
    let CommentPath { photo, comment, reply } = path;
    let reply = reply.map(|reply| format!("#{}", reply.padded())).unwrap_or_default();
    format!("{}#{}{reply}", photo.padded(), comment.padded())
}

pub(crate) fn entry(photo: PhotoId) -> String {
    format!("{ENTRY}{}", photo.padded())
}

/// Returns the last key of photos that are older than `before`, among keys of photos alone; `None` when there
/// can be none.
pub(crate) fn older(before: Option<PhotoId>) -> Option<String> {
    match before {
        // Bounds are inclusive: older than an id is up to the id before it.
        Some(before) => Some(PhotoId::try_from(before.get().checked_sub(1)?).ok()?.padded()),
        None => Some(AFTER_DIGITS.to_owned()),
    }
}

pub(crate) fn chunk(mark: i64, oldest: PhotoId) -> String {
    format!("{}{}", chunks(mark), oldest.padded())
}

/// Returns what the chunks of one snapshot begin with.
pub(crate) fn chunks(mark: i64) -> String {
    format!("{CHUNK}{mark:013}#")
}

/// Returns what the links of one purpose begin with.
pub(crate) fn links(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Proof => "PROOF#",
        Purpose::Reset => "RESET#",
    }
}

/// Returns what keys about a subject hold of it. A path has dots, so that nothing about a comment is among what is
/// about another one.
fn subject(subject: Subject) -> String {
    match subject {
        Subject::Like(photo) => format!("LIKE#{}#", photo.padded()),
        Subject::Comment(photo) => format!("COMMENT#{}#", photo.padded()),
        Subject::Reply(path) => format!("REPLY#{path}#"),
        Subject::Mention(path) => format!("MENTION#{path}#"),
        Subject::CommentLike(path) => format!("COMMENT_LIKE#{path}#"),
        Subject::Follow => "FOLLOW#".to_owned(),
        Subject::Request => "REQUEST#".to_owned(),
        Subject::Acceptance => "ACCEPTANCE#".to_owned(),
        Subject::Session(at) => format!("SESSION#{:013}#", at.0),
        Subject::Password(at) => format!("PASSWORD#{:013}#", at.0),
    }
}

/// Returns what the markers begin with of those who are told of once within the same.
pub(crate) fn markers_within(once: Once) -> String {
    let markers = format!("{MARKER}{}", subject(once.subject()));
    match once {
        Once::Ever(_) => markers,
        Once::ADay(row) => format!("{markers}{:013}#", row.opened.0),
    }
}

/// Returns what a row begins with that was last told at a moment. It sorts before that row, and after those before.
pub(crate) fn place(place: Timestamp) -> String {
    format!("{ROW}{:013}", place.0)
}

/// Returns where it says where the row is that a subject opened then.
pub(crate) fn row_place(of: Subject, opened: Timestamp) -> String {
    format!("{PLACE}{}{:013}", subject(of), opened.0)
}

pub(crate) fn follower(follower: UserId) -> String {
    format!("{}#{}", hash(follower.home(), follower_hash(follower)), follower.padded())
}

/// Returns a text that sorts between the followers in `home` with smaller hashes and those with `hash`.
pub(crate) fn hash(home: Home, hash: u16) -> String {
    format!("{home}#{hash:04x}")
}
