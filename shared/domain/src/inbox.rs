//! Notifications, which group many events into few rows.
//!
//! Events of one kind about one subject share a row for a day. Days are counted from the moment the subject
//! was made. A row's identity so follows from the event alone, and a redelivery finds the same row. Its place in the
//! list is the moment at which it was last told ([`crate::gathering`]).
//! Absorbing is commutative: rows do not depend on the order in which events arrive. An actor who takes back
//! what they did is released from the row.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::clock::{DAY_MS, Timestamp};
use crate::comment::CommentPath;
use crate::id::{PhotoId, UserId};

/// Most actors that a row names.
pub const NAMED_ACTORS: usize = 3;

/// The kinds of notification, as [`Subject::kind`] names them.
pub const KINDS: [&str; 10] = [
    "like",
    "comment",
    "reply",
    "mention",
    "comment_like",
    "follow",
    "request",
    "acceptance",
    "session",
    "password",
];

/// Days a row is kept.
pub const ROW_DAYS: i64 = 90;

/// What happened to the recipient.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// Somebody liked this photo of the recipient's.
    Like(PhotoId),
    /// Somebody commented on this photo of the recipient's.
    Comment(PhotoId),
    /// Somebody replied to what the recipient said, which is this comment or a reply to it.
    Reply(CommentPath),
    /// Somebody mentioned the recipient in this comment.
    Mention(CommentPath),
    /// Somebody liked this comment of the recipient's.
    CommentLike(CommentPath),
    /// Somebody followed the recipient.
    Follow,
    /// Somebody asked to follow the recipient.
    Request,
    /// Somebody accepted the recipient's request to follow them.
    Acceptance,
    /// Somebody opened a session of the recipient's account at this moment.
    Session(Timestamp),
    /// Somebody changed the password of the recipient's account at this moment.
    Password(Timestamp),
}

impl Subject {
    /// Returns its name, on the wire and in row ids.
    pub fn kind(self) -> &'static str {
        match self {
            Self::Like(_) => "like",
            Self::Comment(_) => "comment",
            Self::Reply(_) => "reply",
            Self::Mention(_) => "mention",
            Self::CommentLike(_) => "comment_like",
            Self::Follow => "follow",
            Self::Request => "request",
            Self::Acceptance => "acceptance",
            Self::Session(_) => "session",
            Self::Password(_) => "password",
        }
    }

    /// Returns whether it concerns the safety of the recipient's account.
    pub fn is_security(self) -> bool {
        matches!(self, Self::Session(_) | Self::Password(_))
    }

    /// Returns whether `recipient` may be told of what `actor` did: of what concerns the safety of their account, which
    /// they did themselves or somebody did in their name, and otherwise of nobody's acts but others'.
    pub fn is_for(self, recipient: UserId, actor: UserId) -> bool {
        self.is_security() == (recipient == actor)
    }

    /// Returns the subject of this kind that is about the photo, comment or moment of this name, if any.
    pub fn named(kind: &str, about: Option<&str>) -> Option<Self> {
        Some(match (kind, about) {
            ("like", Some(photo)) => Self::Like(photo.parse().ok()?),
            ("comment", Some(photo)) => Self::Comment(photo.parse().ok()?),
            ("reply", Some(comment)) => Self::Reply(comment.parse().ok()?),
            ("mention", Some(comment)) => Self::Mention(comment.parse().ok()?),
            ("comment_like", Some(comment)) => Self::CommentLike(comment.parse().ok()?),
            ("follow", None) => Self::Follow,
            ("request", None) => Self::Request,
            ("acceptance", None) => Self::Acceptance,
            ("session", Some(at)) => Self::Session(moment(at)?),
            ("password", Some(at)) => Self::Password(moment(at)?),
            _ => return None,
        })
    }

    /// Returns the name of the photo, comment or moment that it is about, if any.
    pub fn about(self) -> Option<String> {
        match self {
            Self::Like(photo) | Self::Comment(photo) => Some(photo.to_string()),
            Self::Reply(comment) | Self::Mention(comment) | Self::CommentLike(comment) => {
                Some(comment.to_string())
            }
            Self::Session(at) | Self::Password(at) => Some(format!("{:013}", at.0)),
            Self::Follow | Self::Request | Self::Acceptance => None,
        }
    }

    /// Returns the photo that it is about, if any.
    pub fn photo(self) -> Option<PhotoId> {
        match self {
            Self::Like(photo) | Self::Comment(photo) => Some(photo),
            Self::Reply(_) | Self::Mention(_) | Self::CommentLike(_) => {
                self.comment().map(|comment| comment.photo)
            }
            Self::Follow | Self::Request | Self::Acceptance | Self::Session(_) | Self::Password(_) => None,
        }
    }

    /// Returns the comment that it is about, if any.
    pub fn comment(self) -> Option<CommentPath> {
        match self {
            Self::Reply(comment) | Self::Mention(comment) | Self::CommentLike(comment) => Some(comment),
            Self::Like(_)
            | Self::Comment(_)
            | Self::Follow
            | Self::Request
            | Self::Acceptance
            | Self::Session(_)
            | Self::Password(_) => None,
        }
    }

    /// Returns the moment from which its days are counted.
    fn anchor(self, recipient: UserId) -> Timestamp {
        match self {
            Self::Like(photo) | Self::Comment(photo) => photo.created_at(),
            Self::Reply(comment) | Self::Mention(comment) | Self::CommentLike(comment) => {
                comment.written_at()
            }
            Self::Follow | Self::Request | Self::Acceptance => recipient.created_at(),
            Self::Session(at) | Self::Password(at) => at,
        }
    }
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
        let anchor = subject.anchor(recipient);
        Self { opened: anchor.plus_days(windows(anchor, at)), subject }
    }

    /// Returns the time whose events belong to the row of `recipient`. The first day has all of before, because
    /// clocks differ.
    pub fn span(self, recipient: UserId) -> Range<Timestamp> {
        let is_first = self.opened <= self.subject.anchor(recipient);
        let from = if is_first { Timestamp(0) } else { self.opened };
        from..self.opened.plus_days(1)
    }
}

/// Within what an actor is told of once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Once {
    /// Whoever likes, unlikes and likes again is told of once.
    Ever(Subject),
    /// Whoever comments again on another day is told of again.
    ADay(RowId),
}

impl Once {
    /// Returns within what whoever is in this row is told of once.
    pub fn within(row: RowId) -> Self {
        match row.subject {
            Subject::Comment(_) | Subject::Reply(_) => Self::ADay(row),
            subject => Self::Ever(subject),
        }
    }

    /// Returns the subject.
    pub fn subject(self) -> Subject {
        match self {
            Self::Ever(subject) | Self::ADay(RowId { subject, .. }) => subject,
        }
    }
}

/// Returns how many whole days there are from `anchor` to `at`; 0 if `at` is earlier.
fn windows(anchor: Timestamp, at: Timestamp) -> i64 {
    at.0.saturating_sub(anchor.0).div_euclid(DAY_MS).max(0)
}

/// Reads 13 digits of milliseconds.
fn moment(digits: &str) -> Option<Timestamp> {
    let is_one = digits.len() == 13 && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_one.then(|| digits.parse().ok()).flatten().map(Timestamp)
}

/// Writes `<13-digit milliseconds>-<kind>`, and `-` with the photo, comment or moment if it is about one.
impl fmt::Display for RowId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:013}-{}", self.opened.0, self.subject.kind())?;
        self.subject.about().map_or(Ok(()), |about| write!(f, "-{about}"))
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
        let opened = moment(opened).ok_or(NotARowId)?;
        let (kind, about) = match subject.split_once('-') {
            Some((kind, about)) => (kind, Some(about)),
            None => (subject, None),
        };
        let subject = Subject::named(kind, about).ok_or(NotARowId)?;
        Ok(Self { opened, subject })
    }
}

/// Where a walk through an inbox is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// The place of the last row that was listed. No two rows of an inbox have the same.
    pub before: Timestamp,
    /// The newest place that was listed. What is told later comes beside the next page.
    pub newest: Timestamp,
}

/// Writes `<13-digit milliseconds>-<13-digit milliseconds>`.
impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:013}-{:013}", self.before.0, self.newest.0)
    }
}

/// The text is no position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a position in an inbox")]
pub struct NotAPosition;

impl FromStr for Position {
    type Err = NotAPosition;

    fn from_str(text: &str) -> Result<Self, NotAPosition> {
        let moment = |digits: &str| digits.parse().map(Timestamp).map_err(|_| NotAPosition);
        let (before, newest) = text.split_once('-').ok_or(NotAPosition)?;
        let position = Self { before: moment(before)?, newest: moment(newest)? };
        if position.to_string() == text { Ok(position) } else { Err(NotAPosition) }
    }
}

impl Serialize for RowId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for RowId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
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
}

impl Row {
    /// Returns the row of a first event.
    pub fn new(actor: Actor) -> Self {
        Self { actors: vec![actor], actor_count: 1 }
    }

    /// Adds an actor who is not in the row yet. A marker beside the row records who is.
    pub fn absorb(&mut self, actor: Actor) {
        self.actor_count += 1;
        let index = self.actors.partition_point(|known| *known > actor);
        self.actors.insert(index, actor);
        self.actors.truncate(NAMED_ACTORS);
    }

    /// Takes out an actor who is in the row, named or not.
    pub fn release(&mut self, actor: UserId) {
        self.actor_count = self.actor_count.saturating_sub(1);
        self.actors.retain(|named| named.user_id != actor);
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
    }

    /// Returns the sentence shown, for example `ann and 5 others liked your photo`.
    pub fn message(&self, subject: Subject) -> String {
        let name = self.actors.first().map_or("Somebody", |actor| actor.username.as_str());
        let did = match subject {
            Subject::Like(_) => "liked your photo",
            Subject::Comment(_) => "commented on your photo",
            Subject::Reply(_) => "replied to your comment",
            Subject::Mention(_) => "mentioned you in a comment",
            Subject::CommentLike(_) => "liked your comment",
            Subject::Follow => "started following you",
            Subject::Request => "asked to follow you",
            Subject::Acceptance => "accepted your request to follow them",
            Subject::Session(_) => return "New login to your account".to_owned(),
            Subject::Password(_) => return "Your password was changed".to_owned(),
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
    use crate::id::CommentId;

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
    fn a_released_actor_leaves_names_and_count() {
        let mut row = Row::new(actor(1, 10));
        for number in 2..=4 {
            row.absorb(actor(number, 10 * i64::try_from(number).unwrap()));
        }
        assert!(!row.lacks_names());
        row.release(actor(4, 40).user_id);
        assert_eq!((row.actor_count, row.actors[0].at, row.lacks_names()), (3, Timestamp(30), true));
        row.name(vec![actor(1, 10), actor(3, 30), actor(2, 20)]);
        assert_eq!(row.actors, [actor(3, 30), actor(2, 20), actor(1, 10)]);
        row.release(actor(2, 20).user_id);
        assert_eq!((row.actor_count, row.actors.len(), row.lacks_names()), (2, 2, false));
    }

    /// One of each kind.
    fn subjects(photo: PhotoId, comment: CommentPath) -> [Subject; 10] {
        [
            Subject::Like(photo),
            Subject::Comment(photo),
            Subject::Reply(comment),
            Subject::Mention(comment),
            Subject::CommentLike(comment),
            Subject::Follow,
            Subject::Request,
            Subject::Acceptance,
            Subject::Session(comment.written_at()),
            Subject::Password(comment.written_at()),
        ]
    }

    /// A photo, a comment that was written two days later, and a user who was there a day before.
    fn scene() -> (PhotoId, CommentPath, UserId) {
        let photo = PhotoId::floor(Timestamp(1_800_000_000_000));
        let comment = CommentPath::new(photo, CommentId::floor(photo.created_at().plus_days(2)));
        (photo, comment, UserId::floor(photo.created_at().plus_days(-1)))
    }

    #[test]
    fn each_kind_has_its_sentence_and_says_what_it_is_about() {
        let (photo, comment, _) = scene();
        let reply = comment.reply(comment.comment);
        let row = Row::new(actor(1, 10));
        let shown = subjects(photo, reply)
            .map(|subject| (row.message(subject), subject.photo().is_some(), subject.comment().is_some()));
        let right = [
            ("user1 liked your photo", true, false),
            ("user1 commented on your photo", true, false),
            ("user1 replied to your comment", true, true),
            ("user1 mentioned you in a comment", true, true),
            ("user1 liked your comment", true, true),
            ("user1 started following you", false, false),
            ("user1 asked to follow you", false, false),
            ("user1 accepted your request to follow them", false, false),
            ("New login to your account", false, false),
            ("Your password was changed", false, false),
        ];
        assert_eq!(shown, right.map(|(message, photo, comment)| (message.to_owned(), photo, comment)));
    }

    #[test]
    fn ones_own_acts_are_told_where_the_account_is_at_stake_and_others_elsewhere() {
        let (photo, comment, recipient) = scene();
        let other = actor(7, 0).user_id;
        for subject in subjects(photo, comment) {
            let is_security = matches!(subject.kind(), "session" | "password");
            assert_eq!(subject.is_for(recipient, recipient), is_security, "{subject:?}");
            assert_eq!(subject.is_for(recipient, other), !is_security, "{subject:?}");
        }
    }

    #[test]
    fn a_day_shares_a_row_and_the_next_opens_another() {
        let (photo, comment, recipient) = scene();
        for subject in subjects(photo, comment) {
            let row = |after| RowId::of(subject, recipient, subject.anchor(recipient).plus_ms(after));
            assert_eq!(row(0), row(DAY_MS - 1));
            assert_ne!(row(0), row(DAY_MS));
            assert_eq!(row(-5), row(0));
        }
    }

    #[test]
    fn comments_and_replies_are_new_each_day_and_nothing_else_is() {
        let (photo, comment, recipient) = scene();
        for subject in subjects(photo, comment) {
            let once = |days| {
                let at = subject.anchor(recipient).plus_days(days);
                Once::within(RowId::of(subject, recipient, at))
            };
            let daily = matches!(subject, Subject::Comment(_) | Subject::Reply(_));
            assert_eq!((once(0) == once(0), once(0) == once(1)), (true, !daily), "{subject:?}");
            assert_eq!(once(1).subject(), subject);
        }
    }

    proptest! {
        #[test]
        fn row_ids_round_trip_and_sort_by_time(
            (a, b) in (0_i64..9_999_999_999_999, 0_i64..9_999_999_999_999),
            (photo, comment) in (0..=i64::MAX as u64, 0..=i64::MAX as u64),
            reply in proptest::option::of(0..=i64::MAX as u64),
        ) {
            let photo = PhotoId::try_from(photo).unwrap();
            let comment = CommentPath {
                photo,
                comment: CommentId::try_from(comment).unwrap(),
                reply: reply.map(|reply| CommentId::try_from(reply).unwrap()),
            };
            let rows = |opened| {
                subjects(photo, comment).map(|subject| RowId { opened: Timestamp(opened), subject })
            };
            let earlier = rows(a);
            for row in &earlier {
                prop_assert_eq!(row.to_string().parse(), Ok(*row));
            }
            for (row, other) in earlier.iter().zip(rows(b).iter().rev()) {
                if a != b {
                    prop_assert_eq!(row.to_string().cmp(&other.to_string()), a.cmp(&b));
                }
            }
        }

        #[test]
        fn an_event_is_within_the_span_of_its_row_and_of_no_other(after in -DAY_MS..40 * DAY_MS) {
            let (photo, comment, recipient) = scene();
            for subject in subjects(photo, comment) {
                let at = subject.anchor(recipient).plus_ms(after);
                let row = RowId::of(subject, recipient, at);
                let beside = [-1, 0, 1].map(|days| RowId { opened: row.opened.plus_days(days), subject });
                // There is no day before the first.
                let days = beside.into_iter().filter(|day| day.opened >= subject.anchor(recipient));
                let holding: Vec<RowId> = days.filter(|day| day.span(recipient).contains(&at)).collect();
                prop_assert_eq!(holding, [row]);
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
