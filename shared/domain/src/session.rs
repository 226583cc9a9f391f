//! Refresh tokens: one family per login, one live secret per family.
//!
//! A token is `<family>.<secret>`, 16 and 32 random bytes in hexadecimal. Only the family and the SHA-256 of
//! its live secret are stored. Every use replaces the secret. A secret that is used after it was replaced has
//! been stolen or replayed, and ends the family.

use sha2::{Digest, Sha256};

use crate::account::hex;
use crate::random::Randomness;

/// Days a family lives after its last use.
pub const SESSION_DAYS: i64 = 30;

/// A refresh token with its secret, as its owner holds it.
#[derive(Clone, PartialEq, Eq)]
pub struct RefreshToken {
    family: String,
    secret: String,
}

impl RefreshToken {
    /// Returns the first token of a new family.
    pub fn issue(randomness: &dyn Randomness) -> Self {
        let mut family = [0; 16];
        randomness.fill(&mut family);
        Self { family: hex(&family), secret: String::new() }.rotated(randomness)
    }

    /// Returns the next token of the same family.
    pub fn rotated(&self, randomness: &dyn Randomness) -> Self {
        let mut secret = [0; 32];
        randomness.fill(&mut secret);
        Self { family: self.family.clone(), secret: hex(&secret) }
    }

    /// Parses the text that a client presents; `None` when it cannot be a token.
    pub fn parse(text: &str) -> Option<Self> {
        let (family, secret) = text.split_once('.')?;
        let hexadecimal = |text: &str| text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        (family.len() == 32 && secret.len() == 64 && hexadecimal(family) && hexadecimal(secret))
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
    fn a_token_round_trips_rotates_within_its_family_and_hides_its_secret() {
        let randomness = Counting(AtomicU8::new(1));
        let first = RefreshToken::issue(&randomness);
        let second = first.rotated(&randomness);
        assert_eq!(RefreshToken::parse(&first.expose()), Some(first.clone()));
        assert_eq!(first.family(), second.family());
        assert_ne!(first.digest(), second.digest());
        assert!(!format!("{first:?}").contains(&first.secret));
    }

    #[test]
    fn what_cannot_be_a_token_is_refused() {
        let good = RefreshToken::issue(&Counting(AtomicU8::new(200))).expose();
        for bad in ["", ".", "a.b", &good.to_uppercase(), &good[1..], &format!("{good}0")] {
            assert_eq!(RefreshToken::parse(bad), None, "{bad:?}");
        }
    }
}
