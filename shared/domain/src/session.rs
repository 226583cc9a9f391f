//! Refresh tokens: one family per login, one live secret per family.
//!
//! A token is `<family>.<secret>`, 16 and 32 random bytes in hexadecimal. Only the family and the SHA-256 of
//! its live secret are stored. Every use replaces the secret: the next one is an HMAC of the last under a
//! stored nonce. Whoever presents the last secret within [`GRACE_MS`] gets the same next one, because the
//! answer may have been lost. A secret that is used later has been stolen or replayed, and ends the family.

use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::account::hex;
use crate::random::Randomness;

/// Days a family lives after its last use.
pub const SESSION_DAYS: i64 = 30;

/// Milliseconds for which a replaced token is answered with its successor.
pub const GRACE_MS: i64 = 60_000;

/// Hexadecimal digits of a family's id.
const FAMILY: usize = 32;
/// Hexadecimal digits of a secret.
const SECRET: usize = 64;

/// A random value that makes a token's successor. It is no secret: without the token it is worthless.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Nonce(String);

impl Nonce {
    /// Draws a nonce.
    pub fn draw(randomness: &dyn Randomness) -> Self {
        Self(hex(&random::<32>(randomness)))
    }

    /// Returns its text, to be stored.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn random<const BYTES: usize>(randomness: &dyn Randomness) -> [u8; BYTES] {
    let mut bytes = [0; BYTES];
    randomness.fill(&mut bytes);
    bytes
}

/// A refresh token with its secret, as its owner holds it.
#[derive(Clone, PartialEq, Eq)]
pub struct RefreshToken {
    family: String,
    secret: String,
}

impl RefreshToken {
    /// Returns the first token of a new family.
    pub fn issue(randomness: &dyn Randomness) -> Self {
        Self { family: hex(&random::<16>(randomness)), secret: hex(&random::<32>(randomness)) }
    }

    /// Returns the successor of this token under `nonce`: always the same one.
    pub fn successor(&self, nonce: &Nonce) -> Self {
        // A key of 64 bytes fits, and HMAC takes any length.
        let secret = Hmac::<Sha256>::new_from_slice(self.secret.as_bytes())
            .map(|mac| hex(&mac.chain_update(nonce.as_str()).finalize().into_bytes()))
            .unwrap_or_default();
        Self { family: self.family.clone(), secret }
    }

    /// Parses the text that a client presents; `None` when it cannot be a token.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() != FAMILY + 1 + SECRET {
            return None;
        }
        let (family, secret) = text.split_once('.')?;
        let hexadecimal = |text: &str| text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        (family.len() == FAMILY && hexadecimal(family) && hexadecimal(secret))
            .then(|| Self { family: family.to_owned(), secret: secret.to_owned() })
    }

    /// Returns the family's id, which is no secret.
    pub fn family(&self) -> &str {
        &self.family
    }

    /// Returns the SHA-256 of the secret as lower-case hexadecimal. This is what is stored.
    pub fn digest(&self) -> String {
        hex(&Sha256::digest(self.secret.as_bytes()))
    }

    /// Returns the text for the client.
    pub fn expose(&self) -> String {
        format!("{}.{}", self.family, self.secret)
    }
}

impl std::fmt::Debug for RefreshToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RefreshToken({}.…)", self.family)
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

    #[test]
    fn a_token_round_trips_and_hides_its_secret() {
        let first = RefreshToken::issue(&Counting(AtomicU8::new(1)));
        assert_eq!(RefreshToken::parse(&first.expose()), Some(first.clone()));
        assert!(!format!("{first:?}").contains(&first.secret));
    }

    #[test]
    fn a_token_has_one_successor_under_a_nonce_and_others_under_others() {
        let randomness = Counting(AtomicU8::new(1));
        let (first, other) = (RefreshToken::issue(&randomness), RefreshToken::issue(&randomness));
        let (nonce, another) = (Nonce::draw(&randomness), Nonce::draw(&randomness));
        let next = first.successor(&nonce);
        assert_eq!(next, first.successor(&nonce));
        assert_eq!(next.family(), first.family());
        assert_eq!(RefreshToken::parse(&next.expose()), Some(next.clone()));
        let digests = [first.digest(), next.digest(), first.successor(&another).digest()];
        assert!(!digests.contains(&other.successor(&nonce).digest()));
        assert!(digests[0] != digests[1] && digests[1] != digests[2] && digests[0] != digests[2]);
    }

    #[test]
    fn what_cannot_be_a_token_is_refused() {
        let good = RefreshToken::issue(&Counting(AtomicU8::new(200))).expose();
        for bad in ["", ".", "a.b", &good.to_uppercase(), &good[1..], &format!("{good}0")] {
            assert_eq!(RefreshToken::parse(bad), None, "{bad:?}");
        }
    }
}
