//! Partition keys that are queried.

use super::{CommentPath, PhotoId, UserId, sort};

pub(crate) fn user(user: UserId) -> String {
    format!("USER#{}", user.padded())
}

pub(crate) fn sessions(user: UserId) -> String {
    format!("SESSION#{}", user.padded())
}

pub(crate) fn links(user: UserId) -> String {
    format!("LINKS#{}", user.padded())
}

pub(crate) fn followers(user: UserId) -> String {
    format!("FOLLOWERS#{}", user.padded())
}

pub(crate) fn photo(photo: PhotoId) -> String {
    format!("PHOTO#{}", photo.padded())
}

pub(crate) fn timeline(user: UserId) -> String {
    format!("TIMELINE#{}", user.padded())
}

pub(crate) fn feed(user: UserId) -> String {
    format!("FEED#{}", user.padded())
}

pub(crate) fn likes(user: UserId) -> String {
    format!("LIKES#{}", user.padded())
}

pub(crate) fn likers(photo: PhotoId) -> String {
    format!("LIKERS#{}", photo.padded())
}

pub(crate) fn saved(user: UserId) -> String {
    format!("SAVED#{}", user.padded())
}

pub(crate) fn comments(user: UserId) -> String {
    format!("COMMENTS#{}", user.padded())
}

pub(crate) fn thread(photo: PhotoId) -> String {
    format!("THREAD#{}", photo.padded())
}

pub(crate) fn replies(photo: PhotoId) -> String {
    format!("REPLIES#{}", photo.padded())
}

pub(crate) fn comment_likers(path: CommentPath) -> String {
    format!("COMMENT#{}", sort::path(path))
}

pub(crate) fn beyond(user: UserId) -> String {
    format!("BEYOND#{}", user.padded())
}

pub(crate) fn pairs(user: UserId) -> String {
    format!("PAIRS#{}", user.padded())
}

pub(crate) fn requested(user: UserId) -> String {
    format!("REQUESTED#{}", user.padded())
}

pub(crate) fn inbox(user: UserId) -> String {
    format!("INBOX#{}", user.padded())
}

pub(crate) fn digests(hour: u8, shard: u8) -> String {
    format!("DIGEST#{hour:02}#{shard}")
}

pub(crate) fn live(user: UserId) -> String {
    format!("LIVE#{}", user.padded())
}

pub(crate) fn watchers(photo: PhotoId) -> String {
    format!("WATCHERS#{}", photo.padded())
}

pub(crate) fn processing(hour: i64, shard: u8) -> String {
    format!("PROCESSING#{hour:010}#{shard}")
}

pub(crate) fn due(minute: i64, shard: u8) -> String {
    format!("DUE#{minute:010}#{shard}")
}
