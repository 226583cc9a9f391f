//! What the edges of each user and each photo come to, in a few words of memory for each.
//!
//! Of the edges nothing is kept but sums. For each counter: what it says, less the edges it counts; 0 when it is right. For
//! each end of a relation: the hashes of what actors say, less the hashes of what was derived; 0 when both sides are the
//! same set, in whatever order they came, and 0 by chance once in 2^64.
//!
//! A user takes 72 bytes and a photo 40. A hash table is between 7/16 and 7/8 full and has a byte of its own for each place,
//! so that is 83 to 167 bytes for a user and 47 to 94 for a photo, and half as much again in the moment in which the
//! table grows: 100 million of each want 16 GB, and 20 at most.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

use domain::{PhotoId, UserId};
use table::counters::Counter;
use table::relations::{Relation, Side};

use crate::recheck::Suspect;
use crate::seen::Seen;

/// Sums over everything that was seen.
#[derive(Default)]
pub(crate) struct Tally {
    users: HashMap<UserId, User>,
    photos: HashMap<PhotoId, Photo>,
    /// Keyed anew in each run, so that nobody can choose edges whose hashes cancel each other.
    hasher: RandomState,
}

/// Counters, less their edges; then said, less derived.
#[derive(Default)]
struct User {
    exists: bool,
    followers: i64,
    following: i64,
    photos: i64,
    follower_edges: u64,
    follow_edges: u64,
    like_edges: u64,
    timeline: u64,
}

#[derive(Default)]
struct Photo {
    exists: bool,
    likes: i64,
    liker_edges: u64,
    listing: u64,
}

impl Tally {
    /// Takes note of an item.
    pub(crate) fn add(&mut self, seen: Seen) {
        match seen {
            Seen::User { id, followers, following, photos } => {
                let user = self.user(id);
                user.exists = true;
                user.followers += followers;
                user.following += following;
                user.photos += photos;
            }
            Seen::Photo { id, likes, listed_by } => {
                let photo = self.photo(id);
                photo.exists = true;
                photo.likes += likes;
                if let Some(author) = listed_by {
                    self.said(Relation::Listing(author, id));
                }
            }
            Seen::Said(relation) => self.said(relation),
            Seen::Derived(relation) => self.derived(relation),
            Seen::Other | Seen::Strange => {}
        }
    }

    fn user(&mut self, id: UserId) -> &mut User {
        self.users.entry(id).or_default()
    }

    fn photo(&mut self, id: PhotoId) -> &mut Photo {
        self.photos.entry(id).or_default()
    }

    fn said(&mut self, relation: Relation) {
        let hash = self.hasher.hash_one(relation);
        self.weigh(relation, hash);
    }

    fn derived(&mut self, relation: Relation) {
        let hash = self.hasher.hash_one(relation);
        self.weigh(relation, hash.wrapping_neg());
        match relation {
            Relation::Follow(follower, followee) => {
                self.user(followee).followers -= 1;
                self.user(follower).following -= 1;
            }
            Relation::Like(_, photo) => self.photo(photo).likes -= 1,
            Relation::Listing(author, _) => self.user(author).photos -= 1,
        }
    }

    /// Adds to the sums of both ends.
    fn weigh(&mut self, relation: Relation, weight: u64) {
        let add = |sum: &mut u64| *sum = sum.wrapping_add(weight);
        match relation {
            Relation::Follow(follower, followee) => {
                add(&mut self.user(follower).follow_edges);
                add(&mut self.user(followee).follower_edges);
            }
            Relation::Like(user, photo) => {
                add(&mut self.user(user).like_edges);
                add(&mut self.photo(photo).liker_edges);
            }
            Relation::Listing(author, photo) => {
                add(&mut self.user(author).timeline);
                add(&mut self.photo(photo).listing);
            }
        }
    }

    /// How many counters there are.
    pub(crate) fn counters(&self) -> u64 {
        let users = self.users.values().filter(|user| user.exists).count();
        let photos = self.photos.values().filter(|photo| photo.exists).count();
        u64::try_from(3 * users + photos).unwrap_or(u64::MAX)
    }

    /// What does not add up, in order.
    pub(crate) fn suspects(&self) -> Vec<Suspect> {
        let users = self.users.iter().flat_map(|(&id, user)| {
            [
                (user.exists && user.followers != 0, Suspect::Counter(Counter::Followers(id))),
                (user.exists && user.following != 0, Suspect::Counter(Counter::Following(id))),
                (user.exists && user.photos != 0, Suspect::Counter(Counter::Photos(id))),
                // Each side is looked at for what only its partition shows: derived edges that are orphaned here, and
                // what is said and not derived at the other end.
                (user.follower_edges != 0, Suspect::Side(Side::Followers(id))),
                (user.follow_edges != 0, Suspect::Side(Side::Follows(id))),
                (user.like_edges != 0, Suspect::Side(Side::Likes(id))),
                (user.timeline != 0, Suspect::Side(Side::Timeline(id))),
            ]
        });
        let photos = self.photos.iter().filter(|(_, photo)| photo.exists).flat_map(|(&id, photo)| {
            [
                (photo.likes != 0, Suspect::Counter(Counter::Likes(id))),
                (photo.liker_edges != 0, Suspect::Side(Side::Likers(id))),
                (photo.listing != 0, Suspect::Side(Side::Photo(id))),
            ]
        });
        let suspicious = users.chain(photos).filter_map(|(suspicious, what)| suspicious.then_some(what));
        let mut suspects: Vec<Suspect> = suspicious.collect();
        suspects.sort_unstable();
        suspects
    }
}

#[cfg(test)]
mod tests;
