//! Links that are mailed: whoever follows one has read the mailbox.
//!
//! A token is `<user>.<secret>`. The secret holds 32 random bytes, in hexadecimal. The table has the SHA-256
//! of the secret, and the token sealed so that the function `mail` alone can open it. So a link that is
//! mailed again is the same link, and a stolen table has no link that works.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::account::hex;
use crate::clock::Timestamp;
use crate::id::UserId;
use crate::random::{Randomness, draw};

const HOUR: i64 = 60 * 60;
/// Hexadecimal digits of a secret, and of its digest.
const DIGITS: usize = 64;

/// What a link does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// Proves that the account's owner reads its e-mail address.
    Proof,
    /// Sets a new password.
    Reset,
}

impl Purpose {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Proof, Self::Reset];

    /// Returns when a link that is made now expires, in seconds: after a day, or an hour.
    pub fn expiry(self, now: Timestamp) -> i64 {
        now.seconds()
            + match self {
                Self::Proof => 24 * HOUR,
                Self::Reset => HOUR,
            }
    }

    /// Returns the path of the web client's page that presents the token.
    pub fn path(self) -> &'static str {
        match self {
            Self::Proof => "prove",
            Self::Reset => "reset",
        }
    }
}

/// Names a link: the SHA-256 of its secret, as lower-case hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LinkDigest(String);

impl LinkDigest {
    /// Parses the text of a digest; `None` when it cannot be one.
    pub fn parse(text: &str) -> Option<Self> {
        is_hexadecimal(text).then(|| Self(text.to_owned()))
    }

    /// Returns its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The token of a link, as the reader of the mail holds it.
#[derive(Clone, PartialEq, Eq)]
pub struct LinkToken {
    user: UserId,
    secret: String,
}

impl LinkToken {
    /// Draws a token for an account.
    pub fn draw(user: UserId, randomness: &dyn Randomness) -> Self {
        Self { user, secret: hex(&draw::<32>(randomness)) }
    }

    /// Parses the text that a client presents; `None` when it cannot be a token.
    pub fn parse(text: &str) -> Option<Self> {
        let (user, secret) = text.split_once('.')?;
        let token = Self { user: user.parse().ok()?, secret: secret.to_owned() };
        (is_hexadecimal(secret) && token.expose() == text).then_some(token)
    }

    /// Returns whose account it is for.
    pub fn user(&self) -> UserId {
        self.user
    }

    /// Returns the name of the link.
    pub fn digest(&self) -> LinkDigest {
        LinkDigest(hex(&Sha256::digest(self.secret.as_bytes())))
    }

    /// Returns the text for the link.
    pub fn expose(&self) -> String {
        format!("{}.{}", self.user, self.secret)
    }
}

impl std::fmt::Debug for LinkToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "LinkToken({}.…)", self.user)
    }
}

fn is_hexadecimal(text: &str) -> bool {
    text.len() == DIGITS && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Bytes(u8);
    impl Randomness for Bytes {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(self.0);
        }
    }

    fn token(byte: u8) -> LinkToken {
        LinkToken::draw(UserId::try_from(7).unwrap(), &Bytes(byte))
    }

    #[test]
    fn a_token_round_trips_and_hides_its_secret() {
        let token = token(0xab);
        assert_eq!(token.expose(), format!("7.{}", "ab".repeat(32)));
        assert_eq!(LinkToken::parse(&token.expose()), Some(token.clone()));
        assert!(!format!("{token:?}").contains("ab"));
        assert_eq!(LinkDigest::parse(token.digest().as_str()), Some(token.digest()));
        assert!(!token.expose().contains(token.digest().as_str()));
        assert_ne!(token.digest(), self::token(0xac).digest());
    }

    #[test]
    fn what_cannot_be_a_token_is_refused() {
        let good = token(0xab).expose();
        for bad in
            ["", ".", "7.", "a.b", &good.to_uppercase(), &good[1..], &format!("0{good}"), &format!("{good}0")]
        {
            assert_eq!(LinkToken::parse(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn a_proof_lives_a_day_and_a_reset_an_hour() {
        let now = Timestamp(1_795_348_800_000);
        let hours = |purpose: Purpose| (purpose.expiry(now) - now.seconds()) / 3_600;
        assert_eq!(Purpose::ALL.map(hours), [24, 1]);
    }
}
