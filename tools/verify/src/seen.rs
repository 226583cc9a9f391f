//! The meaning of one scanned item.

use std::collections::{BTreeSet, HashMap};
use std::num::ParseIntError;

use aws_sdk_dynamodb::types::AttributeValue;
use domain::photo::State;
use domain::visibility::{Circle, Followings, Pair, Tie};
use domain::{CommentId, CommentPath, PhotoId, Relation, Timestamp, UserId};
use serde::Deserialize;
use table::counters::Counter;
use table::keys::{ItemKey, PK, SK};
use table::relations::{End, edge_of};
use table::{circle, followings};

use crate::{Error, Result};

/// The attributes of circles.
const OF_CIRCLE: [&str; 5] = ["blocks", "blocked_by", "mutes_posts", "mutes_stories", "overflows"];
/// The attributes of other items that are no counters.
const OTHERS: [&str; 14] = [
    PK, SK, "author", "state", "by", "block", "mute", "bell", "off_at", "newest", "cut", "version",
    "read_to", "unread",
];

/// Returns the attributes that [`Seen::read`] reads.
pub(crate) fn attributes() -> impl Iterator<Item = &'static str> {
    let nobody = UserId::floor(Timestamp(0));
    let of_user = Counter::OF_USER.into_iter().map(move |of| of(nobody).attribute());
    let nothing = PhotoId::floor(Timestamp(0));
    let of_photo = Counter::OF_PHOTO.into_iter().map(move |of| of(nothing).attribute());
    let comment = CommentPath::new(nothing, CommentId::floor(Timestamp(0)));
    let of_comment = Counter::OF_COMMENT.into_iter().map(move |of| of(comment).attribute());
    let all: BTreeSet<_> = of_user.chain(of_photo).chain(of_comment).collect();
    OTHERS.into_iter().chain(OF_CIRCLE).chain(all)
}

/// The meaning of an item for the count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    /// A user's counters, as [`Counter::OF_USER`] lists them.
    User { id: UserId, counters: [i64; Counter::OF_USER.len()] },
    /// A photo's counters, as [`Counter::OF_PHOTO`] lists them, and the user whose timeline it belongs to.
    Photo { id: PhotoId, counters: [i64; Counter::OF_PHOTO.len()], listed_by: Option<UserId> },
    /// A comment in its thread, with its counters as [`Counter::OF_COMMENT`] lists them: a derived edge.
    Comment { path: CommentPath, counters: [i64; Counter::OF_COMMENT.len()], by: UserId },
    /// A source edge.
    Said(Relation),
    /// A derived edge.
    Derived(Relation),
    /// What somebody says about somebody else.
    Pair { by: UserId, about: UserId, said: Pair },
    /// What a user's circle has no room to say of somebody.
    Beyond(UserId, Tie, UserId),
    /// A user's circle.
    Circle(UserId, Circle),
    /// The first hears of each photo of the second.
    Bell(UserId, UserId),
    /// A user's packed followings.
    Followings(UserId, Followings),
    /// A row of a user's inbox, by when it was told.
    Told(UserId, Timestamp),
    /// How many rows of a user's inbox are unread: those that were told later.
    Inbox(UserId, Unread),
    /// An item that does not count.
    Other,
    /// An item whose key no function creates.
    Strange,
}

/// What an inbox says of its unread rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Unread {
    /// Rows told later are unread.
    pub(crate) read_to: Timestamp,
    /// How many there are.
    pub(crate) unread: i64,
}

#[derive(Deserialize)]
struct Picture {
    author: UserId,
    state: State,
}

#[derive(Deserialize)]
struct Written {
    by: UserId,
}

impl Seen {
    /// Reads an item.
    ///
    /// # Errors
    /// The item is a profile, a photo, a comment, a pair, a circle, packed followings or an inbox, and is malformed.
    pub(crate) fn read(item: HashMap<String, AttributeValue>) -> Result<Self> {
        let text = |attribute| item.get(attribute).and_then(|value| value.as_s().ok());
        let Some(key) = text(PK).zip(text(SK)).and_then(|(pk, sk)| ItemKey::parse(pk, sk)) else {
            return Ok(Self::Strange);
        };
        let unreadable = |error: serde_dynamo::Error| Error::Scan(error.into());
        Ok(match key {
            ItemKey::User(id) => {
                Self::User { id, counters: numbers(&item, Counter::OF_USER.map(|of| of(id)))? }
            }
            ItemKey::Photo(id) => {
                let counters = numbers(&item, Counter::OF_PHOTO.map(|of| of(id)))?;
                let Picture { author, state } = serde_dynamo::from_item(item).map_err(unreadable)?;
                Self::Photo { id, counters, listed_by: (state == State::Ready).then_some(author) }
            }
            ItemKey::Threaded(path) => {
                let counters = numbers(&item, Counter::OF_COMMENT.map(|of| of(path)))?;
                let Written { by } = serde_dynamo::from_item(item).map_err(unreadable)?;
                Self::Comment { path, counters, by }
            }
            ItemKey::Pair(by, about) => {
                Self::Pair { by, about, said: serde_dynamo::from_item(item).map_err(unreadable)? }
            }
            ItemKey::Beyond(viewer, tie, other) => Self::Beyond(viewer, tie, other),
            ItemKey::Circle(user) => Self::Circle(user, circle::read(item)?),
            // One that was switched off is kept for a while, and says nothing.
            ItemKey::Bell(_, _) if item.contains_key("off_at") => Self::Other,
            ItemKey::Bell(author, listener) => Self::Bell(listener, author),
            ItemKey::Followings(user) => Self::Followings(user, followings::read(item)?),
            ItemKey::InboxRow(user, place, _) => Self::Told(user, place),
            ItemKey::InboxState(user) => {
                Self::Inbox(user, serde_dynamo::from_item(item).map_err(unreadable)?)
            }
            _ => match edge_of(&key, None) {
                Some((relation, End::Source)) => Self::Said(relation),
                Some((relation, End::Derived)) => Self::Derived(relation),
                None => Self::Other,
            },
        })
    }
}

fn numbers<const N: usize>(
    item: &HashMap<String, AttributeValue>,
    counters: [Counter; N],
) -> Result<[i64; N]> {
    let mut numbers = [0; N];
    for (number, counter) in numbers.iter_mut().zip(counters) {
        if let Some(value) = item.get(counter.attribute()) {
            let digits = value.as_n().map_err(|_| Error::Scan(format!("{counter}: not a number").into()))?;
            *number = digits.parse().map_err(|error: ParseIntError| Error::Scan(error.into()))?;
        }
    }
    Ok(numbers)
}
