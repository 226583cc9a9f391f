//! Sums over the edges of each user, each photo and each comment, in a few words of memory for each.
//!
//! Only sums of the edges are kept:
//!
//! - For each counter, its value less the number of its edges. The sum is 0 when the counter is right.
//! - For each end of a relation, the hashes of source edges less the hashes of derived edges.
//!   The sum is 0 when both sides are the same set, in whatever order they came.
//!   It is 0 by chance once in 2^64.
//! - For each circle, the hashes of what people say about each other less the hashes of what is in it or beyond it.
//!   A block is also in the sum of who blocks, because who is blocked does not know of whom to ask it. A bell and its
//!   edge are in the sums of both.
//! - For packed followings, the hashes of the user's edges less the hashes of the people in the item.
//! - For each inbox, the number of its unread rows less those that were seen. Its rows come before its state, as their
//!   keys sort, so that they are kept for a moment only.
//!
//! Packed followings that were cut do not name everybody. Their sums are not 0, so they are checked one by one.
//!
//! A user takes 112 bytes and 24 more for their lists of people, a photo 64 and a comment 64. A hash table is between
//! 7/16 and 7/8 full and has one more byte for each slot. That makes 158 to 315 bytes for a user and 74 to 149 for a
//! photo or a comment, and half as much again while the table grows. 100 million of each take 36 GB, and 44 at most.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

use domain::visibility::{Bell, Pair, Tie};
use domain::{CommentPath, PhotoId, Relation, Timestamp, UserId};
use table::counters::Counter;
use table::keys::ItemKey;
use table::relations::{Description, Owner, Side, describe};

use crate::recheck::Suspect;
use crate::seen::{Seen, Unread};

/// Sums over all items seen.
#[derive(Default)]
pub(crate) struct Tally {
    users: HashMap<UserId, OfUser>,
    photos: HashMap<PhotoId, OfPhoto>,
    comments: HashMap<CommentPath, OfComment>,
    /// Of each user who is in somebody's list, or has one.
    lists: HashMap<UserId, Lists>,
    inboxes: HashMap<UserId, Inbox>,
    /// The hash key is new in each run, so that nobody can choose edges whose hashes cancel each other.
    hasher: RandomState,
}

type OfUser = Sums<{ Counter::OF_USER.len() }, { Side::OF_USER.len() }>;
type OfPhoto = Sums<{ Counter::OF_PHOTO.len() }, { Side::OF_PHOTO.len() }>;
type OfComment = Sums<{ Counter::OF_COMMENT.len() }, { Side::OF_COMMENT.len() }>;

/// The sums of the lists of people that are derived for one user.
#[derive(Default)]
struct Lists {
    circle: u64,
    followings: u64,
}

/// The unread rows of one inbox.
enum Inbox {
    /// When each row was told. The state of the inbox is not seen yet.
    Rows(Vec<Timestamp>),
    /// What the state says, and how many unread rows it counts beyond those that were seen.
    Counted(Unread, i64),
}

impl Default for Inbox {
    fn default() -> Self {
        Self::Rows(Vec::new())
    }
}

/// The sums of one user, photo or comment, in the order of the lists of its counters and sides.
struct Sums<const COUNTERS: usize, const SIDES: usize> {
    exists: bool,
    /// Each counter, less its edges.
    counters: [i64; COUNTERS],
    /// The hashes of each side: those of source edges, less those of derived edges.
    sides: [u64; SIDES],
}

impl<const COUNTERS: usize, const SIDES: usize> Default for Sums<COUNTERS, SIDES> {
    fn default() -> Self {
        Self { exists: false, counters: [0; COUNTERS], sides: [0; SIDES] }
    }
}

impl<const COUNTERS: usize, const SIDES: usize> Sums<COUNTERS, SIDES> {
    fn exists(&mut self, stored: [i64; COUNTERS]) {
        self.exists = true;
        for (counter, stored) in self.counters.iter_mut().zip(stored) {
            *counter += stored;
        }
    }

    /// Returns the sums of `owner` that are not 0. Counters of an owner that does not exist are left out.
    fn suspects<I: Copy>(
        &self,
        owner: I,
        counters: &[fn(I) -> Counter; COUNTERS],
        sides: &[fn(I) -> Side; SIDES],
    ) -> impl Iterator<Item = Suspect> {
        let counters = self.counters.iter().zip(counters).filter(|(sum, _)| self.exists && **sum != 0);
        let sides = self.sides.iter().zip(sides).filter(|(sum, _)| **sum != 0);
        let counters = counters.map(move |(_, of)| Suspect::Counter(of(owner)));
        counters.chain(sides.map(move |(_, of)| Suspect::Side(of(owner))))
    }
}

impl Tally {
    /// Adds an item to the sums.
    pub(crate) fn add(&mut self, seen: Seen) {
        match seen {
            Seen::User { id, counters } => self.users.entry(id).or_default().exists(counters),
            Seen::Photo { id, counters, listed_by } => {
                self.photos.entry(id).or_default().exists(counters);
                if let Some(author) = listed_by {
                    self.said(Relation::Timeline(author, id));
                }
            }
            Seen::Comment { path, counters, by } => {
                self.comments.entry(path).or_default().exists(counters);
                self.derived(Relation::Comment(by, path));
            }
            Seen::Said(relation) => self.said(relation),
            Seen::Derived(relation) => self.derived(relation),
            Seen::Pair { by, about, said } => {
                let nothing = Pair::default();
                for tie in Tie::ALL {
                    if tie.is_between(&said, &nothing) {
                        self.tied(by, tie, about, u64::wrapping_add);
                    }
                    if tie.is_between(&nothing, &said) {
                        self.tied(about, tie, by, u64::wrapping_add);
                    }
                }
                if said.bell.is_some_and(Bell::is_on) {
                    self.rings(by, about, u64::wrapping_add);
                }
            }
            Seen::Bell(by, about) => self.rings(by, about, u64::wrapping_sub),
            Seen::Circle(viewer, circle) => {
                for tie in Tie::ALL {
                    for other in circle.list(tie) {
                        self.tied(viewer, tie, *other, u64::wrapping_sub);
                    }
                }
            }
            Seen::Beyond(viewer, tie, other) => self.tied(viewer, tie, other, u64::wrapping_sub),
            Seen::Followings(user, followings) => {
                for other in followings.newest {
                    let hash = self.hasher.hash_one(Relation::Follow(user, other));
                    let sums = self.lists.entry(user).or_default();
                    sums.followings = sums.followings.wrapping_sub(hash);
                }
            }
            Seen::Told(user, place) => match self.inboxes.entry(user).or_default() {
                Inbox::Rows(rows) => rows.push(place),
                Inbox::Counted(state, sum) => *sum -= i64::from(place > state.read_to),
            },
            Seen::Inbox(user, state) => {
                let inbox = self.inboxes.entry(user).or_default();
                let Inbox::Rows(rows) = std::mem::take(inbox) else { return };
                let unread = rows.into_iter().filter(|place| *place > state.read_to);
                let sum = unread.fold(state.unread, |sum, _| sum.saturating_sub(1));
                *inbox = Inbox::Counted(state, sum);
            }
            Seen::Other | Seen::Strange => {}
        }
    }

    fn said(&mut self, relation: Relation) {
        let hash = self.hasher.hash_one(relation);
        self.weigh(&describe(relation), hash);
        if let Relation::Follow(follower, _) = relation {
            let sums = self.lists.entry(follower).or_default();
            sums.followings = sums.followings.wrapping_add(hash);
        }
    }

    /// Adds to or takes from the sums what the circle of `viewer` says of `other`.
    fn tied(&mut self, viewer: UserId, tie: Tie, other: UserId, sum: fn(u64, u64) -> u64) {
        let hash = self.hasher.hash_one((viewer, tie, other));
        let blocker = (tie == Tie::BlockedBy).then_some(other);
        for user in [viewer].into_iter().chain(blocker) {
            let sums = self.lists.entry(user).or_default();
            sums.circle = sum(sums.circle, hash);
        }
    }

    /// Adds to or takes from the sums that `by` hears of each photo of `about`.
    fn rings(&mut self, by: UserId, about: UserId, sum: fn(u64, u64) -> u64) {
        let hash = self.hasher.hash_one(("bell", by, about));
        for user in [by, about] {
            let sums = self.lists.entry(user).or_default();
            sums.circle = sum(sums.circle, hash);
        }
    }

    fn derived(&mut self, relation: Relation) {
        let hash = self.hasher.hash_one(relation);
        let description = describe(relation);
        self.weigh(&description, hash.wrapping_neg());
        for counter in description.counters {
            if let Some(sum) = self.counter(counter) {
                *sum -= 1;
            }
        }
    }

    /// Adds to the sums of both ends.
    fn weigh(&mut self, description: &Description, weight: u64) {
        for side in [description.source_side, description.derived_side] {
            if let Some(sum) = self.side(side) {
                *sum = sum.wrapping_add(weight);
            }
        }
    }

    fn counter(&mut self, counter: Counter) -> Option<&mut i64> {
        match counter.item() {
            ItemKey::User(id) => {
                let sums = self.users.entry(id).or_default();
                pick(&mut sums.counters, &Counter::OF_USER, id, &counter)
            }
            ItemKey::Photo(id) => {
                let sums = self.photos.entry(id).or_default();
                pick(&mut sums.counters, &Counter::OF_PHOTO, id, &counter)
            }
            ItemKey::Threaded(path) => {
                let sums = self.comments.entry(path).or_default();
                pick(&mut sums.counters, &Counter::OF_COMMENT, path, &counter)
            }
            _ => None,
        }
    }

    fn side(&mut self, side: Side) -> Option<&mut u64> {
        match side.owner() {
            Owner::User(id) => pick(&mut self.users.entry(id).or_default().sides, &Side::OF_USER, id, &side),
            Owner::Photo(id) => {
                pick(&mut self.photos.entry(id).or_default().sides, &Side::OF_PHOTO, id, &side)
            }
            Owner::Comment(path) => {
                pick(&mut self.comments.entry(path).or_default().sides, &Side::OF_COMMENT, path, &side)
            }
        }
    }

    /// Returns the number of counters.
    pub(crate) fn counters(&self) -> u64 {
        let users = self.users.values().filter(|user| user.exists).count();
        let photos = self.photos.values().filter(|photo| photo.exists).count();
        let comments = self.comments.values().filter(|comment| comment.exists).count();
        let inboxes = self.inboxes.values().filter(|inbox| matches!(inbox, Inbox::Counted(..))).count();
        let counters = inboxes
            + Counter::OF_USER.len() * users
            + Counter::OF_PHOTO.len() * photos
            + Counter::OF_COMMENT.len() * comments;
        u64::try_from(counters).unwrap_or(u64::MAX)
    }

    /// Returns the differences, in order.
    ///
    /// Each side is checked for what only its partition shows: derived edges that are orphaned here,
    /// and source edges whose derived edge is missing at the other end.
    pub(crate) fn suspects(&self) -> Vec<Suspect> {
        let users = self.users.iter();
        let users = users.flat_map(|(&id, sums)| sums.suspects(id, &Counter::OF_USER, &Side::OF_USER));
        let photos = self.photos.iter().filter(|(_, sums)| sums.exists);
        let photos = photos.flat_map(|(&id, sums)| sums.suspects(id, &Counter::OF_PHOTO, &Side::OF_PHOTO));
        let comments = self.comments.iter().filter(|(_, sums)| sums.exists);
        let comments =
            comments.flat_map(|(&path, sums)| sums.suspects(path, &Counter::OF_COMMENT, &Side::OF_COMMENT));
        let lists = self.lists.iter().flat_map(|(&id, Lists { circle, followings })| {
            let suspects = [(*circle, Suspect::Circle(id)), (*followings, Suspect::Followings(id))];
            suspects.into_iter().filter(|(sum, _)| *sum != 0).map(|(_, suspect)| suspect)
        });
        // Rows without a state are wrong, too.
        let inboxes = self.inboxes.iter().filter(|(_, inbox)| !matches!(inbox, Inbox::Counted(_, 0)));
        let inboxes = inboxes.map(|(&id, _)| Suspect::Unread(id));
        let mut suspects: Vec<Suspect> =
            users.chain(photos).chain(comments).chain(lists).chain(inboxes).collect();
        suspects.sort_unstable();
        suspects
    }
}

/// Returns the sum of `wanted` among the sums of an owner's kinds.
fn pick<'a, S, I: Copy, K: PartialEq>(
    sums: &'a mut [S],
    kinds: &[fn(I) -> K],
    owner: I,
    wanted: &K,
) -> Option<&'a mut S> {
    sums.iter_mut().zip(kinds).find(|(_, kind)| kind(owner) == *wanted).map(|(sum, _)| sum)
}

#[cfg(test)]
mod tests;
