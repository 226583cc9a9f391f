//! Notifications, which group many events into few rows.
//!
//! Events of one kind about one subject share a row for a day. Days are counted from the moment the subject
//! was made. A row's identity so follows from the event alone, and a redelivery finds the same row.
//! Absorbing is commutative: rows do not depend on the order in which events arrive. An actor who takes back
//! what they did is released from the row.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::clock::{DAY_MS, Timestamp};
use crate::id::{PhotoId, UserId};

/// Most actors that a row names.
pub const NAMED_ACTORS: usize = 3;

/// Days a row is kept.
pub const ROW_DAYS: i64 = 90;

/// What happened to the recipient.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "type", content = "photo")]
pub enum Subject {
    /// Somebody liked this photo.
    Like(PhotoId),
    /// Somebody followed the recipient.
    Follow,
}

/// Identifies a row in a recipient's inbox. Row ids sort by time, then by subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RowId {
    /// Start of the day-long window.
    pub opened: Timestamp,
    /// The subject of the row's events.
    pub subject: Subject,
}

impl RowId {
    /// Returns the row in `recipient`'s inbox to which an event about `subject` at `at` belongs.
    pub fn of(subject: Subject, recipient: UserId, at: Timestamp) -> Self {
        let anchor = match subject {
            Subject::Like(photo) => photo.created_at(),
            Subject::Follow => recipient.created_at(),
        };
        Self { opened: anchor.plus_days(windows(anchor, at)), subject }
    }

    /// Returns every row about `photo` that may exist at `now`: one for each of its days, at most 92.
    pub fn of_photo(photo: PhotoId, now: Timestamp) -> impl Iterator<Item = Self> {
        let anchor = photo.created_at();
        // Clocks differ, so the next day may have begun elsewhere.
        let last = windows(anchor, now) + 1;
        let days = (last - ROW_DAYS - 1).max(0)..=last;
        days.map(move |day| Self { opened: anchor.plus_days(day), subject: Subject::Like(photo) })
    }
}

/// Returns how many whole days there are from `anchor` to `at`; 0 if `at` is earlier.
fn windows(anchor: Timestamp, at: Timestamp) -> i64 {
    at.0.saturating_sub(anchor.0).div_euclid(DAY_MS).max(0)
}

/// Writes `<13-digit milliseconds>-like-<photo>` or `<13-digit milliseconds>-follow`.
impl fmt::Display for RowId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.subject {
            Subject::Like(photo) => write!(f, "{:013}-like-{photo}", self.opened.0),
            Subject::Follow => write!(f, "{:013}-follow", self.opened.0),
        }
    }
}

/// The text is no row id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a row id")]
pub struct NotARowId;

impl FromStr for RowId {
    type Err = NotARowId;

    fn from_str(text: &str) -> Result<Self, NotARowId> {
        let (opened, subject) = text.split_once('-').ok_or(NotARowId)?;
        if opened.len() != 13 || !opened.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(NotARowId);
        }
        let opened = Timestamp(opened.parse().map_err(|_| NotARowId)?);
        let subject = match subject.split_once('-') {
            Some(("like", photo)) => Subject::Like(photo.parse().map_err(|_| NotARowId)?),
            None if subject == "follow" => Subject::Follow,
            _ => return Err(NotARowId),
        };
        Ok(Self { opened, subject })
    }
}

/// Somebody who did something, and when.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Actor {
    /// When they did it.
    pub at: Timestamp,
    /// Who.
    pub user_id: UserId,
    /// Their user name.
    pub username: String,
}

/// One row of an inbox.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// The newest few actors, newest first.
    pub actors: Vec<Actor>,
    /// How many actors there are.
    pub actor_count: u64,
    /// When the newest of them acted.
    pub updated_at: Timestamp,
}

impl Row {
    /// Returns the row of a first event.
    pub fn new(actor: Actor) -> Self {
        Self { updated_at: actor.at, actors: vec![actor], actor_count: 1 }
    }

    /// Adds an actor who is not in the row yet. A marker beside the row records who is.
    pub fn absorb(&mut self, actor: Actor) {
        self.actor_count += 1;
        self.updated_at = self.updated_at.max(actor.at);
        let index = self.actors.partition_point(|known| *known > actor);
        self.actors.insert(index, actor);
        self.actors.truncate(NAMED_ACTORS);
    }

    /// Takes out an actor who is in the row, named or not.
    pub fn release(&mut self, actor: UserId) {
        self.actor_count = self.actor_count.saturating_sub(1);
        self.actors.retain(|named| named.user_id != actor);
        self.renew();
    }

    /// Takes out an actor if the row names them.
    pub fn leave_out(&mut self, actor: UserId) {
        if self.actors.iter().any(|named| named.user_id == actor) {
            self.release(actor);
        }
    }

    /// Returns whether the row could name more actors than it does.
    pub fn lacks_names(&self) -> bool {
        let could = NAMED_ACTORS.min(usize::try_from(self.actor_count).unwrap_or(usize::MAX));
        self.actors.len() < could
    }

    /// Names the newest of these actors, who are all in the row.
    pub fn name(&mut self, mut actors: Vec<Actor>) {
        actors.sort_unstable_by(|one, other| other.cmp(one));
        actors.truncate(NAMED_ACTORS);
        self.actors = actors;
        self.renew();
    }

    fn renew(&mut self) {
        self.updated_at = self.actors.first().map_or(self.updated_at, |newest| newest.at);
    }

    /// Returns the sentence shown, for example `ann and 5 others liked your photo`.
    pub fn message(&self, subject: Subject) -> String {
        let name = self.actors.first().map_or("Somebody", |actor| actor.username.as_str());
        let did = match subject {
            Subject::Like(_) => "liked your photo",
            Subject::Follow => "started following you",
        };
        match self.actor_count.saturating_sub(1) {
            0 => format!("{name} {did}"),
            1 => format!("{name} and 1 other {did}"),
            others => format!("{name} and {others} others {did}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn actor(number: u64, at: i64) -> Actor {
        Actor {
            at: Timestamp(at),
            user_id: UserId::try_from(number).unwrap(),
            username: format!("user{number}"),
        }
    }

    #[test]
    fn messages_name_the_newest_actor_and_count_the_others() {
        let mut row = Row::new(actor(1, 10));
        let like = Subject::Like(PhotoId::try_from(9).unwrap());
        assert_eq!(row.message(like), "user1 liked your photo");
        row.absorb(actor(2, 20));
        assert_eq!(row.message(like), "user2 and 1 other liked your photo");
        row.absorb(actor(3, 5));
        assert_eq!(row.message(Subject::Follow), "user2 and 2 others started following you");
    }

    #[test]
    fn a_released_actor_leaves_name_count_and_time() {
        let mut row = Row::new(actor(1, 10));
        for number in 2..=4 {
            row.absorb(actor(number, 10 * i64::try_from(number).unwrap()));
        }
        assert!(!row.lacks_names());
        row.release(actor(4, 40).user_id);
        assert_eq!((row.actor_count, row.updated_at, row.lacks_names()), (3, Timestamp(30), true));
        row.name(vec![actor(1, 10), actor(3, 30), actor(2, 20)]);
        assert_eq!(row.actors, [actor(3, 30), actor(2, 20), actor(1, 10)]);
        row.release(actor(2, 20).user_id);
        assert_eq!((row.actor_count, row.actors.len(), row.lacks_names()), (2, 2, false));
    }

    #[test]
    fn the_rows_of_a_photo_are_its_days_of_the_last_three_months() {
        let photo = PhotoId::floor(Timestamp(1_800_000_000_000));
        let recipient = UserId::try_from(1).unwrap();
        let subject = Subject::Like(photo);
        for days in [0, 1, 30, 89, 90, 91, 400] {
            let now = photo.created_at().plus_days(days).plus_ms(5);
            let rows: Vec<RowId> = RowId::of_photo(photo, now).collect();
            assert!(rows.len() <= 92 && rows.len() == usize::try_from(days.min(90) + 2).unwrap(), "{days}");
            for ago in 0..=ROW_DAYS.min(days) {
                assert!(rows.contains(&RowId::of(subject, recipient, now.plus_days(-ago))), "{days} {ago}");
            }
        }
    }

    #[test]
    fn a_day_shares_a_row_and_the_next_opens_another() {
        let photo = PhotoId::floor(Timestamp(1_800_000_000_000));
        let recipient = UserId::try_from(1).unwrap();
        let row = |after| RowId::of(Subject::Like(photo), recipient, photo.created_at().plus_ms(after));
        assert_eq!(row(0), row(DAY_MS - 1));
        assert_ne!(row(0), row(DAY_MS));
        assert_eq!(row(-5), row(0));
    }

    proptest! {
        #[test]
        fn row_ids_round_trip_and_sort_by_time(a in 0_i64..9_999_999_999_999, b in 0_i64..9_999_999_999_999, photo in 0..=i64::MAX as u64) {
            let like = RowId { opened: Timestamp(a), subject: Subject::Like(PhotoId::try_from(photo).unwrap()) };
            let follow = RowId { opened: Timestamp(b), subject: Subject::Follow };
            prop_assert_eq!(like.to_string().parse(), Ok(like));
            prop_assert_eq!(follow.to_string().parse(), Ok(follow));
            if a != b {
                prop_assert_eq!(like.to_string().cmp(&follow.to_string()), a.cmp(&b));
            }
        }

        #[test]
        fn rows_do_not_depend_on_the_order_of_events(times in proptest::collection::vec(0_i64..50, 1..12), seed: u64) {
            let actors: Vec<Actor> = times.iter().enumerate().map(|(number, at)| actor(number as u64, *at)).collect();
            let fold = |actors: &[Actor]| {
                let mut row = Row::new(actors[0].clone());
                actors[1..].iter().for_each(|actor| row.absorb(actor.clone()));
                row
            };
            let mut shuffled = actors.clone();
            shuffled.sort_by_key(|actor| (actor.user_id.get() + 1).wrapping_mul(seed | 1));
            prop_assert_eq!(fold(&actors), fold(&shuffled));
        }
    }
}
