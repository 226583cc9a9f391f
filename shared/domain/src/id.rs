//! 64-bit ids that sort by time and carry a home region.
//!
//! From the top: 41 bits of milliseconds since [`EPOCH_MS`], three bits of [`Home`] and 19 random bits. Those
//! are 63 bits, so an id is a positive `i64` of at most 19 decimal digits. The range ends in September 2095.
//!
//! Two ids of one millisecond and one home are equal once in 524,288. The write that stores a new item is
//! therefore conditional on `attribute_not_exists`, and is tried again with another id.
//!
//! Every number of 63 bits is an id and has a home. Ids from before there were homes have random bits in its
//! place. They exist only in tables of layout 1, which are not read any more (`table::keys::LAYOUT`).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::clock::{Clock, Timestamp};
use crate::home::Home;
use crate::random::{Randomness, draw};

/// 2026-01-01T00:00:00Z, the first moment an id can name.
pub const EPOCH_MS: i64 = 1_767_225_600_000;
const RANDOM_BITS: u32 = 19;
/// Bits below the milliseconds.
const LOW_BITS: u32 = Home::BITS + RANDOM_BITS;
const MAX: u64 = i64::MAX as u64;

/// An id's text was not a decimal number in range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an id")]
pub struct NotAnId;

fn generate(home: Home, clock: &dyn Clock, randomness: &dyn Randomness) -> u64 {
    let random = u32::from_le_bytes(draw(randomness));
    let home = u64::from(home.get()) << RANDOM_BITS;
    floor(clock.now()) | home | u64::from(random >> (32 - RANDOM_BITS))
}

/// The smallest id of the millisecond `at`; clamped to the range ids can name.
fn floor(at: Timestamp) -> u64 {
    let since_epoch = u64::try_from(at.0.saturating_sub(EPOCH_MS)).unwrap_or(0);
    since_epoch.min(MAX >> LOW_BITS) << LOW_BITS
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        ///
        /// A decimal string on the wire (JavaScript numbers lose digits above 2^53), nineteen zero-padded
        /// digits in keys ([`Self::padded`]).
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(u64);

        impl $name {
            /// The smallest id of the millisecond `at`: a bound for ranges over time.
            pub fn floor(at: Timestamp) -> Self {
                Self(floor(at))
            }

            /// When the item was made, to the millisecond.
            pub fn created_at(self) -> Timestamp {
                Timestamp(i64::try_from(self.0 >> LOW_BITS).unwrap_or(i64::MAX).saturating_add(EPOCH_MS))
            }

            /// Returns the home region of the user it is, or whose it is.
            pub fn home(self) -> Home {
                Home::of_lowest_bits(self.0 >> RANDOM_BITS)
            }

            /// Nineteen digits: sorting by this text is sorting by time.
            pub fn padded(self) -> String {
                format!("{:019}", self.0)
            }

            /// The number itself.
            pub fn get(self) -> u64 {
                self.0
            }
        }

        impl TryFrom<u64> for $name {
            type Error = NotAnId;

            fn try_from(number: u64) -> Result<Self, NotAnId> {
                if number <= MAX { Ok(Self(number)) } else { Err(NotAnId) }
            }
        }

        impl From<$name> for u64 {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl FromStr for $name {
            type Err = NotAnId;

            /// Reads a decimal number without sign and leading zeros, so that each id has one text.
            fn from_str(text: &str) -> Result<Self, NotAnId> {
                let digits = (1..=19).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
                if !digits || (text.len() > 1 && text.starts_with('0')) {
                    return Err(NotAnId);
                }
                text.parse::<u64>().map_err(|_| NotAnId).and_then(Self::try_from)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )+};
}

ids! {
    /// Names a user.
    UserId,
    /// Names a photo (a post of one to ten media).
    PhotoId,
    /// Names an upload of a profile picture.
    PictureId,
    /// Names a collection of saved photos.
    CollectionId,
    /// Names a comment, or a reply to one.
    CommentId,
}

impl UserId {
    /// Makes an id of this moment for a new user, whose home is `home`.
    pub fn generate(home: Home, clock: &dyn Clock, randomness: &dyn Randomness) -> Self {
        Self(generate(home, clock, randomness))
    }
}

impl PhotoId {
    /// Makes an id of this moment for a new photo of `author`, with the author's home.
    pub fn generate(author: UserId, clock: &dyn Clock, randomness: &dyn Randomness) -> Self {
        Self(generate(author.home(), clock, randomness))
    }
}

impl CommentId {
    /// Makes an id of this moment for a new comment on `photo`, with the home of the photo.
    pub fn generate(photo: PhotoId, clock: &dyn Clock, randomness: &dyn Randomness) -> Self {
        Self(generate(photo.home(), clock, randomness))
    }
}

impl PictureId {
    /// Makes an id of this moment for a new upload of `user`, with the user's home.
    pub fn generate(user: UserId, clock: &dyn Clock, randomness: &dyn Randomness) -> Self {
        Self(generate(user.home(), clock, randomness))
    }
}

impl CollectionId {
    /// Makes an id of this moment for a new collection of `owner`, with the owner's home.
    pub fn generate(owner: UserId, clock: &dyn Clock, randomness: &dyn Randomness) -> Self {
        Self(generate(owner.home(), clock, randomness))
    }
}

/// Position of a user among the followers of another: the top 16 bits of SHA-256 over the id's decimal text.
///
/// Follower edges of one home sort by it. So any range of it is one query, and an author's followers split
/// into any number of segments without resharding.
pub fn follower_hash(follower: UserId) -> u16 {
    use sha2::{Digest, Sha256};
    let digest = Sha256::digest(follower.to_string().as_bytes());
    match digest.first_chunk::<2>() {
        Some(bytes) => u16::from_be_bytes(*bytes),
        None => 0,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    struct At(i64);
    impl Clock for At {
        fn now(&self) -> Timestamp {
            Timestamp(self.0)
        }
    }
    struct Bytes(u8);
    impl Randomness for Bytes {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(self.0);
        }
    }

    fn user(home: Home, at: i64, random: u8) -> UserId {
        UserId::generate(home, &At(at), &Bytes(random))
    }

    fn photo(at: i64, random: u8) -> PhotoId {
        PhotoId::generate(user(Home::LOCAL, 0, 0), &At(at), &Bytes(random))
    }

    #[test]
    fn the_largest_id_has_nineteen_digits_and_survives() {
        let last = user(Home::ALL[7], i64::MAX, 255);
        assert_eq!(last.get(), MAX);
        assert_eq!(last.padded(), "9223372036854775807");
        assert_eq!(last.to_string().parse(), Ok(last));
    }

    #[test]
    fn home_and_chance_have_bits_of_their_own() {
        for home in Home::ALL {
            let id = user(home, EPOCH_MS + 1, 255).get();
            let (since_epoch, low) = (id >> 22, id & 0x3f_ffff);
            assert_eq!((since_epoch, low), (1, u64::from(home.get()) << 19 | 0x7_ffff));
        }
    }

    #[test]
    fn rejects_what_is_not_an_id() {
        for text in [
            "",
            "-1",
            "+1",
            " 1",
            "1 ",
            "0x1",
            "01",
            "00",
            "9223372036854775808",
            "10000000000000000000",
            "١",
        ] {
            assert_eq!(text.parse::<UserId>(), Err(NotAnId), "{text:?}");
        }
        assert_eq!("0".parse::<UserId>(), UserId::try_from(0));
    }

    proptest! {
        #[test]
        fn text_and_json_round_trip(number in 0..=MAX) {
            let id = PhotoId::try_from(number).unwrap();
            prop_assert_eq!(id.to_string().parse(), Ok(id));
            prop_assert_eq!(id.padded().parse::<u64>(), Ok(number));
            prop_assert_eq!(id.padded().parse() == Ok(id), id.padded() == id.to_string());
            let json = serde_json::to_string(&id).unwrap();
            prop_assert_eq!(&json, &format!("\"{number}\""));
            prop_assert_eq!(serde_json::from_str::<PhotoId>(&json).unwrap(), id);
        }

        #[test]
        fn padded_text_sorts_by_time(a in 0_i64..2_000_000_000_000, b in 0_i64..2_000_000_000_000, x: u8, y: u8) {
            let (first, second) = (photo(EPOCH_MS + a, x), photo(EPOCH_MS + b, y));
            if a != b {
                prop_assert_eq!(first.padded().cmp(&second.padded()), a.cmp(&b));
            }
            prop_assert_eq!(first.cmp(&second), first.padded().cmp(&second.padded()));
            prop_assert_eq!(first.created_at(), Timestamp(EPOCH_MS + a));
            prop_assert!(PhotoId::floor(first.created_at()) <= first);
        }

        #[test]
        fn an_id_carries_its_home_and_a_photo_its_authors(
            home in prop::sample::select(&Home::ALL[..]),
            at in 0_i64..4_000_000_000_000,
            random: u8,
        ) {
            let author = user(home, at, random);
            prop_assert_eq!(author.home(), home);
            let photo = PhotoId::generate(author, &At(at), &Bytes(random));
            prop_assert_eq!(photo.home(), home);
            prop_assert_eq!(photo.created_at(), author.created_at());
        }

        #[test]
        fn every_id_has_a_home_whoever_made_it_up(number in 0..=MAX) {
            let expected = u8::try_from(number >> 19 & 7).unwrap();
            prop_assert_eq!(UserId::try_from(number).unwrap().home().get(), expected);
            prop_assert_eq!(PhotoId::try_from(number).unwrap().home().get(), expected);
        }

        #[test]
        fn ids_sort_by_time_whatever_their_homes(
            a in prop::sample::select(&Home::ALL[..]),
            b in prop::sample::select(&Home::ALL[..]),
            at in EPOCH_MS..2_000_000_000_000,
        ) {
            prop_assert!(user(a, at, 255).padded() < user(b, at + 1, 0).padded());
        }
    }
}
