//! Sessions and their refresh tokens: one session per login, one live secret per session.
//!
//! A token is `<user>.<session>.<secret>`. The session's id holds 16 random bytes and the secret 32, in
//! hexadecimal. Only the SHA-256 of its live secret is stored. Every use replaces the secret: the next one
//! is an HMAC of the last under a stored nonce. Whoever presents the last secret within [`GRACE_MS`] gets
//! the same next one, because the answer may have been lost. A secret that is used later has been stolen or
//! replayed, and ends the session.

use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::account::hex;
use crate::clock::Timestamp;
use crate::id::UserId;
use crate::random::{Randomness, draw};
use crate::text::{Form, bounded};

/// Days a session lives after its last use.
const UNUSED_DAYS: i64 = 30;
/// Days a session lives, however much it is used.
const LONGEST_DAYS: i64 = 365;

/// Milliseconds for which a replaced token is answered with its successor.
pub const GRACE_MS: i64 = 60_000;

/// Milliseconds after a registration within which a login repeats it, because its answer was lost.
const REGISTERING_MS: i64 = 60_000;

/// Hexadecimal digits of the moment at which a session was opened, in milliseconds.
const OPENED: usize = 11;
/// Hexadecimal digits of a session's id.
const SESSION: usize = OPENED + 32;
/// Hexadecimal digits of a secret.
const SECRET: usize = 64;

fn is_hexadecimal(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// Names a session: the moment at which it was opened, then 128 random bits. It is no secret, and sorts by
/// age.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SessionId(String);

impl SessionId {
    /// Draws the id of a session that is opened now.
    pub fn draw(now: Timestamp, randomness: &dyn Randomness) -> Self {
        Self(format!("{:011x}{}", now.0.max(0), hex(&draw::<16>(randomness))))
    }

    /// Parses the text of an id; `None` when it cannot be one.
    pub fn parse(text: &str) -> Option<Self> {
        is_hexadecimal(text, SESSION).then(|| Self(text.to_owned()))
    }

    /// Returns its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns when the session was opened.
    pub fn opened_at(&self) -> Timestamp {
        let moment = self.0.get(..OPENED).and_then(|digits| i64::from_str_radix(digits, 16).ok());
        Timestamp(moment.unwrap_or_default())
    }

    /// Returns whether it was opened with the account of `user`, or so soon after that it repeats the registration.
    pub fn is_of_registration(&self, user: UserId) -> bool {
        self.opened_at() < user.created_at().plus_ms(REGISTERING_MS)
    }

    /// Returns when the session ends, in seconds, if it is used now and not again: after 30 days, and a
    /// year after it was opened at the latest.
    pub fn expiry(&self, now: Timestamp) -> i64 {
        now.plus_days(UNUSED_DAYS).seconds().min(self.longest_expiry())
    }

    /// Returns when the session ends, in seconds, however much it is used: a year after it was opened.
    pub fn longest_expiry(&self) -> i64 {
        self.opened_at().plus_days(LONGEST_DAYS).seconds()
    }
}

/// From where a session was used last, as far as the request tells.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// The `User-Agent`, cut.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    /// City and country of the viewer's address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
}

impl Seen {
    /// Returns what is kept of a request's `User-Agent`, 120 ASCII characters, and of a place, 60 characters.
    pub fn new(user_agent: Option<&str>, place: Option<&str>) -> Self {
        let ascii = user_agent.map(|text| text.chars().filter(char::is_ascii).collect::<String>());
        Self { device: ascii.and_then(|text| cut(&text, 120)), place: place.and_then(|text| cut(text, 60)) }
    }
}

/// Returns the first `most` characters of a text in one line; `None` when nothing of it is visible.
fn cut(text: &str, most: usize) -> Option<String> {
    let start: String = text.chars().take(most).collect();
    bounded(&start, Form::Label, most, "", "").ok().flatten()
}

/// A random value that makes a token's successor. It is no secret: without the token it is worthless.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Nonce(String);

impl Nonce {
    /// Draws a nonce.
    pub fn draw(randomness: &dyn Randomness) -> Self {
        Self(hex(&draw::<32>(randomness)))
    }

    /// Returns its text, to be stored.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A refresh token with its secret, as its owner holds it.
#[derive(Clone, PartialEq, Eq)]
pub struct RefreshToken {
    user: UserId,
    session: SessionId,
    secret: String,
}

impl RefreshToken {
    /// Returns the first token of a session of `user` that is opened now.
    pub fn issue(user: UserId, now: Timestamp, randomness: &dyn Randomness) -> Self {
        Self { user, session: SessionId::draw(now, randomness), secret: hex(&draw::<32>(randomness)) }
    }

    /// Returns the successor of this token under `nonce`: always the same one.
    pub fn successor(&self, nonce: &Nonce) -> Self {
        // A key of 64 bytes fits, and HMAC takes any length.
        let secret = Hmac::<Sha256>::new_from_slice(self.secret.as_bytes())
            .map(|mac| hex(&mac.chain_update(nonce.as_str()).finalize().into_bytes()))
            .unwrap_or_default();
        Self { user: self.user, session: self.session.clone(), secret }
    }

    /// Parses the text that a client presents; `None` when it cannot be a token.
    pub fn parse(text: &str) -> Option<Self> {
        let (user, rest) = text.split_once('.')?;
        let (session, secret) = rest.split_once('.')?;
        let (user, session) = (user.parse().ok()?, SessionId::parse(session)?);
        is_hexadecimal(secret, SECRET).then(|| Self { user, session, secret: secret.to_owned() })
    }

    /// Returns whose session it is.
    pub fn user(&self) -> UserId {
        self.user
    }

    /// Returns its session.
    pub fn session(&self) -> &SessionId {
        &self.session
    }

    /// Returns the SHA-256 of the secret as lower-case hexadecimal. This is what is stored.
    pub fn digest(&self) -> String {
        hex(&Sha256::digest(self.secret.as_bytes()))
    }

    /// Returns the text for the client.
    pub fn expose(&self) -> String {
        format!("{}.{}.{}", self.user, self.session.0, self.secret)
    }
}

impl std::fmt::Debug for RefreshToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RefreshToken({}.{}.…)", self.user, self.session.0)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU8, Ordering};

    use super::*;

    struct Counting(AtomicU8);
    impl Randomness for Counting {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(self.0.fetch_add(1, Ordering::Relaxed));
        }
    }

    const NOW: Timestamp = Timestamp(1_795_348_800_000);

    fn issue(randomness: &dyn Randomness) -> RefreshToken {
        RefreshToken::issue(UserId::try_from(7).unwrap(), NOW, randomness)
    }

    #[test]
    fn a_session_tells_when_it_was_opened_and_ends_within_a_year() {
        let randomness = Counting(AtomicU8::new(1));
        let id = SessionId::draw(NOW, &randomness);
        assert_eq!((SessionId::parse(id.as_str()), id.opened_at()), (Some(id.clone()), NOW));
        assert!(SessionId::draw(NOW.plus_ms(1), &randomness) > SessionId::draw(NOW, &randomness));
        assert_eq!(id.expiry(NOW), NOW.plus_days(30).seconds());
        assert_eq!(id.expiry(NOW.plus_days(334)), NOW.plus_days(364).seconds());
        for late in [336, 365, 400] {
            assert_eq!(id.expiry(NOW.plus_days(late)), NOW.plus_days(365).seconds());
        }
    }

    #[test]
    fn a_session_of_the_first_minute_is_that_of_the_registration() {
        let (randomness, user) = (Counting(AtomicU8::new(1)), UserId::floor(NOW));
        for (after, right) in
            [(-5, true), (0, true), (59_999, true), (60_000, false), (i64::from(u32::MAX), false)]
        {
            let session = SessionId::draw(NOW.plus_ms(after), &randomness);
            assert_eq!(session.is_of_registration(user), right, "{after}");
        }
    }

    #[test]
    fn device_and_place_are_one_line_and_cut() {
        let seen = Seen::new(Some("Mozilla/5.0\n(X11)ü"), Some(" Bückeburg, Germany "));
        assert_eq!(seen.device.as_deref(), Some("Mozilla/5.0 (X11)"));
        assert_eq!(seen.place.as_deref(), Some("Bückeburg, Germany"));
        let long = Seen::new(Some(&"x".repeat(100_000)), Some(&"ü".repeat(100_000)));
        assert_eq!((long.device.unwrap().len(), long.place.unwrap().chars().count()), (120, 60));
        assert_eq!(Seen::new(Some("\u{200b}"), None), Seen::default());
    }

    #[test]
    fn a_token_round_trips_and_hides_its_secret() {
        let first = issue(&Counting(AtomicU8::new(1)));
        assert_eq!(RefreshToken::parse(&first.expose()), Some(first.clone()));
        assert!(!format!("{first:?}").contains(&first.secret));
    }

    #[test]
    fn a_token_has_one_successor_under_a_nonce_and_others_under_others() {
        let randomness = Counting(AtomicU8::new(1));
        let (first, other) = (issue(&randomness), issue(&randomness));
        let (nonce, another) = (Nonce::draw(&randomness), Nonce::draw(&randomness));
        let next = first.successor(&nonce);
        assert_eq!(next, first.successor(&nonce));
        assert_eq!(next.session(), first.session());
        assert_eq!(RefreshToken::parse(&next.expose()), Some(next.clone()));
        let digests = [first.digest(), next.digest(), first.successor(&another).digest()];
        assert!(!digests.contains(&other.successor(&nonce).digest()));
        assert!(digests[0] != digests[1] && digests[1] != digests[2] && digests[0] != digests[2]);
    }

    #[test]
    fn what_cannot_be_a_token_is_refused() {
        let good = issue(&Counting(AtomicU8::new(200))).expose();
        for bad in [
            "",
            ".",
            "a.b",
            "7..",
            &good.to_uppercase(),
            &good[2..],
            &good[..good.len() - 1],
            &format!("{good}0"),
        ] {
            assert_eq!(RefreshToken::parse(bad), None, "{bad:?}");
        }
    }
}
