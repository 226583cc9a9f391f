//! The description of each relation: its two edges, its counters, and what is published.
//!
//! An actor's edge is the *source edge*. The stream carries it to `derive`, which stores the *derived edge*
//! and changes the counters that count it. Everything else follows from the description:
//! settling ([`crate::settle`]), grouping and publishing ([`crate::change`]), verification and repair
//! ([`crate::agreement`]), and the test kit. A new relation takes a variant of [`Relation`], its keys in
//! [`crate::keys`], and its match arms here.

use std::collections::BTreeSet;

use domain::comment::{Comment, Threaded};
use domain::media::PerceptualHash;
use domain::{CommentPath, PhotoId, Relation, Timestamp, UserId};
use messages::Event;
use serde::{Deserialize, Serialize};
use serde_dynamo::Item;

use crate::Result;
use crate::change::parse;
use crate::comment::CommentLike;
use crate::counters::{Counter, KeyRange};
use crate::follow::Follow;
use crate::keys::ItemKey;
use crate::like::Like;
use crate::timeline::TimelineEntry;

/// The description of a relation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    /// The actor's edge.
    pub source: ItemKey,
    /// The edge that is derived from it.
    pub derived: ItemKey,
    /// The counters that count the derived edge. The one whose item is likelier to be contended comes first.
    pub counters: Vec<Counter>,
    /// The side that the source edge is on.
    pub source_side: Side,
    /// The side that the derived edge is on.
    pub derived_side: Side,
}

/// Describes a relation.
pub fn describe(relation: Relation) -> Description {
    match relation {
        Relation::Follow(follower, followee) => Description {
            source: ItemKey::Following(follower, followee),
            derived: ItemKey::Follower(followee, follower),
            counters: vec![Counter::Followers(followee), Counter::Following(follower)],
            source_side: Side::Follows(follower),
            derived_side: Side::Followers(followee),
        },
        Relation::Request(asker, user) => Description {
            source: ItemKey::Request(asker, user),
            derived: ItemKey::Requested(user, asker),
            counters: vec![Counter::Requests(user)],
            source_side: Side::Requests(asker),
            derived_side: Side::Requested(user),
        },
        Relation::Like(user, photo) => Description {
            source: ItemKey::Like(user, photo),
            derived: ItemKey::Liker(photo, user),
            counters: vec![Counter::Likes(photo)],
            source_side: Side::Likes(user),
            derived_side: Side::Likers(photo),
        },
        // Replies count among the photo's comments, also when the comment that they are under is gone.
        Relation::Comment(user, path) => Description {
            source: ItemKey::Comment(user, path),
            derived: ItemKey::Threaded(path),
            counters: [Some(Counter::Comments(path.photo)), path.parent().map(Counter::Replies)]
                .into_iter()
                .flatten()
                .collect(),
            source_side: Side::Comments(user),
            derived_side: match path.reply {
                None => Side::Thread(path.photo),
                Some(_) => Side::Replies(path.photo),
            },
        },
        Relation::CommentLike(user, path) => Description {
            source: ItemKey::CommentLike(user, path),
            derived: ItemKey::CommentLiker(path, user),
            counters: vec![Counter::CommentLikes(path)],
            source_side: Side::CommentLikes(user),
            derived_side: Side::CommentLikers(path),
        },
        // The photo itself is the source edge. `Ready` is its last state:
        // after it, a photo exists or was deleted.
        Relation::Timeline(author, photo) => Description {
            source: ItemKey::Photo(photo),
            derived: ItemKey::Timeline(author, photo),
            counters: vec![Counter::Photos(author)],
            source_side: Side::Photo(photo),
            derived_side: Side::Timeline(author),
        },
    }
}

/// Returns whether a derived edge of the relation is removed, and not left, while only some of its counted items
/// exist: a reply to a comment that is gone is still one of the photo's.
pub(crate) fn outlives(relation: Relation) -> bool {
    matches!(relation, Relation::Comment(..))
}

/// One of the two edges of a relation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The actor's edge.
    Source,
    /// The derived edge.
    Derived,
}

/// Returns the relation that an item is an edge of, and which of the two edges it is.
///
/// `by` is the item's attribute of that name: the key of a comment in a thread does not name its writer. A photo
/// is not recognized as an edge, because its key does not name its author.
pub fn edge_of(key: &ItemKey, by: Option<UserId>) -> Option<(Relation, End)> {
    Some(match *key {
        ItemKey::Following(follower, followee) => (Relation::Follow(follower, followee), End::Source),
        ItemKey::Follower(followee, follower) => (Relation::Follow(follower, followee), End::Derived),
        ItemKey::Request(asker, user) => (Relation::Request(asker, user), End::Source),
        ItemKey::Requested(user, asker) => (Relation::Request(asker, user), End::Derived),
        ItemKey::Like(user, photo) => (Relation::Like(user, photo), End::Source),
        ItemKey::Liker(photo, user) => (Relation::Like(user, photo), End::Derived),
        ItemKey::Comment(user, path) => (Relation::Comment(user, path), End::Source),
        ItemKey::Threaded(path) => (Relation::Comment(by?, path), End::Derived),
        ItemKey::CommentLike(user, path) => (Relation::CommentLike(user, path), End::Source),
        ItemKey::CommentLiker(path, user) => (Relation::CommentLike(user, path), End::Derived),
        ItemKey::Timeline(author, photo) => (Relation::Timeline(author, photo), End::Derived),
        _ => return None,
    })
}

/// The edges of one kind in one partition. They are one side of the relations that share this end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// Derived: who follows the user.
    Followers(UserId),
    /// Source: whom the user follows.
    Follows(UserId),
    /// Derived: who asks to follow the user.
    Requested(UserId),
    /// Source: whom the user asks to follow.
    Requests(UserId),
    /// Derived: who likes the photo.
    Likers(PhotoId),
    /// Source: what the user likes.
    Likes(UserId),
    /// Source: the user's comments and replies.
    Comments(UserId),
    /// Derived: the comments on the photo.
    Thread(PhotoId),
    /// Derived: the replies to the photo's comments.
    Replies(PhotoId),
    /// Source: which comments the user likes.
    CommentLikes(UserId),
    /// Derived: who likes the comment.
    CommentLikers(CommentPath),
    /// Derived: what is in the author's timeline.
    Timeline(UserId),
    /// Source: the photo, which is to be listed once it is ready.
    Photo(PhotoId),
}

impl Side {
    /// Every side that belongs to a user.
    pub const OF_USER: [fn(UserId) -> Self; 8] = [
        Self::Followers,
        Self::Follows,
        Self::Requested,
        Self::Requests,
        Self::Likes,
        Self::Comments,
        Self::CommentLikes,
        Self::Timeline,
    ];
    /// Every side that belongs to a photo.
    pub const OF_PHOTO: [fn(PhotoId) -> Self; 4] = [Self::Likers, Self::Thread, Self::Replies, Self::Photo];
    /// Every side that belongs to a comment.
    pub const OF_COMMENT: [fn(CommentPath) -> Self; 1] = [Self::CommentLikers];

    /// Returns the keys of its edges.
    pub(crate) fn keys(self) -> Keys {
        match self {
            Self::Followers(user) => Keys::Range(KeyRange::followers(user)),
            Self::Follows(user) => Keys::Range(KeyRange::follows(user)),
            Self::Requested(user) => Keys::Range(KeyRange::requested(user)),
            Self::Requests(user) => Keys::Range(KeyRange::requests(user)),
            Self::Likers(photo) => Keys::Range(KeyRange::likers(photo)),
            Self::Likes(user) => Keys::Range(KeyRange::likes(user)),
            Self::Comments(user) => Keys::Range(KeyRange::comments(user)),
            Self::Thread(photo) => Keys::Range(KeyRange::thread(photo)),
            Self::Replies(photo) => Keys::Range(KeyRange::replies(photo)),
            Self::CommentLikes(user) => Keys::Range(KeyRange::comment_likes(user)),
            Self::CommentLikers(path) => Keys::Range(KeyRange::comment_likers(path)),
            Self::Timeline(author) => Keys::Range(KeyRange::timeline(author)),
            Self::Photo(photo) => Keys::Photo(photo),
        }
    }

    /// Returns the user, photo or comment to which it belongs.
    pub fn owner(self) -> Owner {
        match self {
            Self::Followers(user)
            | Self::Follows(user)
            | Self::Requested(user)
            | Self::Requests(user)
            | Self::Likes(user)
            | Self::Comments(user)
            | Self::CommentLikes(user)
            | Self::Timeline(user) => Owner::User(user),
            Self::Likers(photo) | Self::Thread(photo) | Self::Replies(photo) | Self::Photo(photo) => {
                Owner::Photo(photo)
            }
            Self::CommentLikers(path) => Owner::Comment(path),
        }
    }
}

/// The keys of the edges of a side.
pub(crate) enum Keys {
    /// A range of one partition.
    Range(KeyRange),
    /// The photo itself.
    Photo(PhotoId),
}

/// The owner of a side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// A user's.
    User(UserId),
    /// A photo's.
    Photo(PhotoId),
    /// A comment's.
    Comment(CommentPath),
}

/// A source edge with its attributes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Said {
    /// The first user, the follower, follows the second.
    Follow(UserId, UserId, Follow),
    /// The first user asks to follow the second.
    Request(UserId, UserId, Follow),
    /// The user likes the photo.
    Like(UserId, PhotoId, Like),
    /// The user commented, or replied.
    Comment(UserId, CommentPath, Box<Comment>),
    /// The user likes the comment.
    CommentLike(UserId, CommentPath, CommentLike),
}

impl Said {
    /// Reads the source edge of a relation. `None` for a timeline, whose source edge is a whole photo.
    pub(crate) fn read(relation: Relation, item: &Item) -> Result<Option<Self>> {
        Ok(match relation {
            Relation::Follow(follower, followee) => Some(Self::Follow(follower, followee, parse(item)?)),
            Relation::Request(asker, user) => Some(Self::Request(asker, user, parse(item)?)),
            Relation::Like(user, photo) => Some(Self::Like(user, photo, parse(item)?)),
            Relation::Comment(user, path) => Some(Self::Comment(user, path, Box::new(parse(item)?))),
            Relation::CommentLike(user, path) => Some(Self::CommentLike(user, path, parse(item)?)),
            Relation::Timeline(..) => None,
        })
    }

    /// Returns the relation.
    pub fn relation(&self) -> Relation {
        match *self {
            Self::Follow(follower, followee, _) => Relation::Follow(follower, followee),
            Self::Request(asker, user, _) => Relation::Request(asker, user),
            Self::Like(user, photo, _) => Relation::Like(user, photo),
            Self::Comment(user, path, _) => Relation::Comment(user, path),
            Self::CommentLike(user, path, _) => Relation::CommentLike(user, path),
        }
    }

    /// Returns the state of the derived edge.
    pub(crate) fn state(&self) -> EdgeState {
        match self {
            Self::Follow(.., Follow { at, .. })
            | Self::Request(.., Follow { at, .. })
            | Self::Like(.., Like { at, .. })
            | Self::CommentLike(.., CommentLike { at, .. }) => EdgeState::since(self.relation(), Some(*at)),
            Self::Comment(user, path, comment) => EdgeState::comment(*user, *path, Some(comment)),
        }
    }

    /// Returns whether it is said under a photo or comment that is among the items `gone`. It is then not derived.
    pub(crate) fn is_lost(&self, gone: &BTreeSet<ItemKey>) -> bool {
        let under = match self {
            Self::Comment(_, path, _) => {
                [Some(ItemKey::Photo(path.photo)), path.parent().map(ItemKey::Threaded)]
            }
            Self::CommentLike(_, path, _) => [Some(ItemKey::Threaded(*path)), None],
            Self::Follow(..) | Self::Request(..) | Self::Like(..) => [None, None],
        };
        under.into_iter().flatten().any(|item| gone.contains(&item))
    }

    /// Returns the events that are published of it.
    pub(crate) fn events(&self) -> Vec<Event> {
        let event = match self {
            Self::Follow(follower_id, followee_id, Follow { username, at, accepted_at }) => {
                let added = Event::FollowAdded {
                    follower_id: *follower_id,
                    follower_name: username.clone(),
                    followee_id: *followee_id,
                    at: *at,
                };
                let accepted = accepted_at
                    .map(|_| Event::RequestAccepted { user_id: *followee_id, asker_id: *follower_id });
                return std::iter::once(added).chain(accepted).collect();
            }
            Self::Request(asker_id, user_id, Follow { username, at, .. }) => Event::RequestAdded {
                asker_id: *asker_id,
                asker_name: username.clone(),
                user_id: *user_id,
                at: *at,
            },
            Self::Like(user_id, photo_id, Like { author, username, at }) => Event::LikeAdded {
                photo_id: *photo_id,
                author_id: *author,
                user_id: *user_id,
                username: username.clone(),
                at: *at,
            },
            Self::CommentLike(user_id, path, CommentLike { author, writer, username, at }) => {
                Event::CommentLikeAdded {
                    comment: *path,
                    author_id: *author,
                    writer_id: *writer,
                    user_id: *user_id,
                    username: username.clone(),
                    at: *at,
                }
            }
            Self::Comment(user_id, path, comment) => {
                let (comment_path, author_id, username) = (*path, comment.author, &comment.username);
                let mention = |mentioned: &UserId| Event::MentionAdded {
                    comment: comment_path,
                    author_id,
                    user_id: *user_id,
                    username: username.clone(),
                    mentioned_id: *mentioned,
                };
                let added = Event::CommentAdded {
                    comment: comment_path,
                    author_id,
                    user_id: *user_id,
                    username: username.clone(),
                    answers: comment.answers,
                };
                return std::iter::once(added).chain(comment.told.iter().map(mention)).collect();
            }
        };
        vec![event]
    }
}

/// Returns the event that is published when an actor takes a relation back, if any.
pub(crate) fn taken_back(relation: Relation) -> Option<Event> {
    match relation {
        Relation::Follow(follower_id, followee_id) => Some(Event::FollowRemoved { follower_id, followee_id }),
        Relation::Like(user_id, photo_id) => Some(Event::LikeRemoved { photo_id, user_id }),
        Relation::CommentLike(user_id, comment) => Some(Event::CommentLikeRemoved { comment, user_id }),
        Relation::Request(asker_id, user_id) => Some(Event::RequestRemoved { asker_id, user_id }),
        // A removed comment is a change of its own, because the event says what only its edge did.
        Relation::Comment(..) | Relation::Timeline(..) => None,
    }
}

/// Returns the item with whose end the relation ends too, if that is published as an event of its own which speaks
/// for it: `photo.deleted` for the likes of the photo, and `comment.removed` for the likes of the comment. Nothing
/// speaks for a comment, because whom it answers and mentions is said by its own edge alone.
pub(crate) fn ends_with(relation: Relation) -> Option<ItemKey> {
    match relation {
        Relation::Like(_, photo) => Some(ItemKey::Photo(photo)),
        Relation::CommentLike(_, path) => Some(ItemKey::Threaded(path)),
        Relation::Follow(..) | Relation::Request(..) | Relation::Comment(..) | Relation::Timeline(..) => None,
    }
}

/// The wanted state of a derived edge.
#[derive(Clone, Debug)]
pub struct EdgeState {
    /// The relation.
    pub relation: Relation,
    /// The attributes of the edge; none when it is to be removed.
    pub(crate) attributes: Option<Attributes>,
}

/// The attributes of a derived edge.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Attributes {
    Since { at: Timestamp },
    Timeline(TimelineEntry),
    Comment(Box<Threaded>),
}

impl EdgeState {
    /// Returns the state of an edge that exists since some moment, or is to be removed.
    pub fn since(relation: Relation, since: Option<Timestamp>) -> Self {
        Self { relation, attributes: since.map(|at| Attributes::Since { at }) }
    }

    /// Returns the state of a timeline entry with the perceptual hashes of the photo's media,
    /// or of one to be removed.
    pub fn timeline(author: UserId, photo: PhotoId, hashes: Option<&[PerceptualHash]>) -> Self {
        let entry = hashes.map(|hashes| Attributes::Timeline(TimelineEntry { hashes: hashes.to_vec() }));
        Self { relation: Relation::Timeline(author, photo), attributes: entry }
    }

    /// Returns the state of a comment in its thread, or of one to be removed.
    pub fn comment(user: UserId, path: CommentPath, comment: Option<&Comment>) -> Self {
        let entry = comment.map(|comment| Attributes::Comment(Box::new(Threaded::new(user, comment))));
        Self { relation: Relation::Comment(user, path), attributes: entry }
    }

    /// Returns since when the edge is to exist, where its attributes say it.
    pub(crate) fn existing_since(&self) -> Option<Timestamp> {
        match &self.attributes {
            Some(Attributes::Since { at }) => Some(*at),
            Some(Attributes::Timeline(_) | Attributes::Comment(_)) | None => None,
        }
    }

    /// Returns whether the edge is to exist.
    pub fn is_there(&self) -> bool {
        self.attributes.is_some()
    }
}

#[cfg(test)]
mod tests {
    use domain::CommentId;

    use super::*;

    /// One of each kind, with every end in another home.
    fn relations() -> [Relation; 7] {
        // The home is above nineteen random bits.
        let user = |home: u64| UserId::try_from(home << 19 | home).unwrap();
        let photo = PhotoId::try_from(3 << 19 | 3).unwrap();
        let path = CommentPath::new(photo, CommentId::try_from(3 << 19 | 4).unwrap());
        [
            Relation::Follow(user(1), user(2)),
            Relation::Request(user(1), user(2)),
            Relation::Like(user(1), photo),
            Relation::Comment(user(1), path),
            Relation::Comment(user(1), path.reply(path.comment)),
            Relation::CommentLike(user(1), path),
            Relation::Timeline(user(1), photo),
        ]
    }

    #[test]
    fn keys_lead_back_to_their_relation() {
        for relation in relations() {
            let Description { source, derived, .. } = describe(relation);
            let by = match relation {
                Relation::Comment(user, _) => Some(user),
                _ => None,
            };
            assert_eq!(edge_of(&derived, by), Some((relation, End::Derived)));
            let found = edge_of(&source, None);
            assert!(found == Some((relation, End::Source)) || matches!(relation, Relation::Timeline(..)));
        }
    }

    #[test]
    fn each_edge_and_the_busier_counter_have_the_home_of_what_they_are_about() {
        let home = |side: Side| match side.owner() {
            Owner::User(user) => user.home(),
            Owner::Photo(photo) => photo.home(),
            Owner::Comment(path) => path.photo.home(),
        };
        for relation in relations() {
            let Description { source, derived, counters, source_side, derived_side } = describe(relation);
            assert_eq!(source.home(), Some(home(source_side)));
            assert_eq!(derived.home(), Some(home(derived_side)));
            assert_eq!(counters[0].item().home(), Some(home(derived_side)));
        }
    }

    #[test]
    fn every_counter_and_side_is_listed_with_its_owner() {
        for relation in relations() {
            let Description { counters, source_side, derived_side, .. } = describe(relation);
            for counter in counters {
                let listed = match counter.item() {
                    ItemKey::User(user) => Counter::OF_USER.map(|of| of(user)).contains(&counter),
                    ItemKey::Photo(photo) => Counter::OF_PHOTO.map(|of| of(photo)).contains(&counter),
                    ItemKey::Threaded(path) => Counter::OF_COMMENT.map(|of| of(path)).contains(&counter),
                    _ => false,
                };
                assert!(listed, "{counter}");
            }
            for side in [source_side, derived_side] {
                let listed = match side.owner() {
                    Owner::User(user) => Side::OF_USER.map(|of| of(user)).contains(&side),
                    Owner::Photo(photo) => Side::OF_PHOTO.map(|of| of(photo)).contains(&side),
                    Owner::Comment(path) => Side::OF_COMMENT.map(|of| of(path)).contains(&side),
                };
                assert!(listed, "{side:?}");
            }
        }
    }
}
