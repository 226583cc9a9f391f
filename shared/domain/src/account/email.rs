//! E-mail addresses, and the digests by which they are compared.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use email_address::{EmailAddress, Options};
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use unicode_normalization::UnicodeNormalization;

use super::hex;
use crate::id::UserId;
use crate::text::{Invalid, case_folded, fits};

/// Most bytes of an address (RFC 5321, with the erratum on its length).
pub const MAX_EMAIL: usize = 254;
/// Fewest characters of a secret.
const SHORTEST_SECRET: usize = 12;

/// An e-mail address, its domain in ASCII (IDNA). It is compared, and stored in keys, only
/// as an [`EmailDigest`]. It is never logged.
#[derive(Clone, PartialEq, Eq)]
pub struct Email(String);

impl Email {
    /// Parses an address of at most 254 bytes with a dotted domain. The domain may be written in any script.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let options = Options::default().with_required_tld().without_display_text().without_domain_literal();
        let parts = if fits(text, MAX_EMAIL) { text.trim().rsplit_once('@') } else { None };
        let address = parts.and_then(|(local, domain)| {
            let domain = idna::domain_to_ascii_strict(domain).ok()?;
            Some(format!("{}@{domain}", local.nfc()))
        });
        let is_valid = |address: &String| {
            address.len() <= MAX_EMAIL && EmailAddress::parse_with_options(address, options).is_ok()
        };
        let invalid = || Invalid::new("email_invalid", "This is not an e-mail address.");
        address.filter(is_valid).map(Self).ok_or_else(invalid)
    }

    /// Returns the address: for the rules of passwords, and to be sealed.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Email(…)")
    }
}

/// The digest of an address under a stack's secret, as lower-case hexadecimal. All spellings of an address
/// have one.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EmailDigest(String);

impl EmailDigest {
    /// Returns the digest that has this text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Returns its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The secret under which a stack digests addresses. Without it nobody can try addresses on a stolen table.
/// It is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct EmailSecret(String);

impl EmailSecret {
    /// Returns the digest of an address: HMAC-SHA256 over the SHA-256 of the case-folded address.
    pub fn digest(&self, email: &Email) -> EmailDigest {
        let plain = hex(&Sha256::digest(case_folded(&email.0).as_bytes()));
        // HMAC takes a key of any length.
        let digest = Hmac::<Sha256>::new_from_slice(self.0.as_bytes())
            .map(|mac| hex(&mac.chain_update(plain).finalize().into_bytes()))
            .unwrap_or_default();
        EmailDigest(digest)
    }

    /// Returns the token by which the daily mail is unsubscribed from without logging in: `<user>.<hmac>`. It can do
    /// nothing else, so it never expires and is nowhere stored.
    pub fn unsubscription(&self, user: UserId) -> String {
        let tag =
            self.unsubscription_mac(user).map(|mac| URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()));
        format!("{user}.{}", tag.unwrap_or_default())
    }

    /// Returns whose token this is, if it is one.
    pub fn unsubscribed(&self, token: &str) -> Option<UserId> {
        let (user, tag) = token.split_once('.')?;
        let (user, tag) = (user.parse().ok()?, URL_SAFE_NO_PAD.decode(tag).ok()?);
        self.unsubscription_mac(user)?.verify_slice(&tag).is_ok().then_some(user)
    }

    /// Returns the authentication of an unsubscription. Its text has a space, which no digest of an address has.
    fn unsubscription_mac(&self, user: UserId) -> Option<Hmac<Sha256>> {
        let mac = Hmac::<Sha256>::new_from_slice(self.0.as_bytes()).ok()?;
        Some(mac.chain_update(format!("unsubscribe {user}")))
    }
}

impl FromStr for EmailSecret {
    type Err = ShortSecret;

    fn from_str(text: &str) -> Result<Self, ShortSecret> {
        if text.len() < SHORTEST_SECRET { Err(ShortSecret) } else { Ok(Self(text.to_owned())) }
    }
}

impl fmt::Debug for EmailSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EmailSecret")
    }
}

/// A secret is too short to be one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a secret has at least {SHORTEST_SECRET} characters")]
pub struct ShortSecret;

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> EmailSecret {
        text.parse().unwrap()
    }

    #[test]
    fn addresses_compare_by_keyed_hash_without_case_and_never_show() {
        let one = Email::parse("Ann@Example.org").unwrap();
        let two = Email::parse(" ann@example.ORG ").unwrap();
        let stack = secret("a secret of a stack");
        assert_eq!(stack.digest(&one), stack.digest(&two));
        assert_eq!(stack.digest(&one).as_str().len(), 64);
        assert_ne!(stack.digest(&one), secret("another secret").digest(&one));
        // HMAC-SHA256 under the secret, of the hexadecimal SHA-256 of the folded address.
        assert_eq!(
            stack.digest(&one).as_str(),
            "08fa4bbd85173cb1e2d5b981bfd6ba55653d1bb8fa826838c12809d57f19811b"
        );
        assert_eq!(format!("{stack:?}"), "EmailSecret");
        assert!("short".parse::<EmailSecret>().is_err());
        assert_eq!(format!("{one:?}"), "Email(…)");
        for bad in
            ["", "ann", "ann@", "@example.org", "ann@localhost", "Ann <ann@example.org>", "a@[127.0.0.1]"]
        {
            assert_eq!(Email::parse(bad).unwrap_err().code, "email_invalid", "{bad:?}");
        }
    }

    #[test]
    fn the_spellings_of_one_address_have_one_digest() {
        let secret = secret("a secret of a stack");
        let digest = |text: &str| Email::parse(text).map(|email| secret.digest(&email));
        for (one, other) in [
            ("ann@bücher.example", "ann@xn--bcher-kva.example"),
            ("ann@bücher.example", "ANN@BU\u{308}CHER.EXAMPLE"),
            ("ann@bücher.example", "ann@ｂücher。example"),
            ("ann@faß.example", "ann@xn--fa-hia.example"),
            ("anné@example.org", "anne\u{301}@example.org"),
            ("ΟΔΟΣ@example.org", "οδος@example.org"),
        ] {
            assert_eq!(digest(one).unwrap(), digest(other).unwrap(), "{one} {other}");
        }
        assert_ne!(digest("ann@faß.example"), digest("ann@fass.example"), "two domains since IDNA 2008");
        let label = "ü".repeat(60);
        for bad in ["ann@xn--a.example", "ann@-a.example", "ann@a_b.example", &format!("ann@{label}.example")]
        {
            assert_eq!(digest(bad).unwrap_err().code, "email_invalid", "{bad}");
        }
        assert_eq!(
            digest(&format!("ann@example.org{}", " ".repeat(10_000))).unwrap_err().code,
            "email_invalid"
        );
    }

    #[test]
    fn an_unsubscription_names_its_user_and_cannot_be_made_up() {
        let (one, other) = (secret("a secret of the stack"), secret("a secret of another stack"));
        let user = UserId::try_from(7).unwrap();
        let token = one.unsubscription(user);
        assert_eq!(one.unsubscribed(&token), Some(user));
        assert_eq!(other.unsubscribed(&token), None);
        let theirs = token.replacen("7.", "8.", 1);
        for bad in ["", ".", "7", "7.", "7.AA", &theirs, &token.to_uppercase(), &token[..token.len() - 2]] {
            assert_eq!(one.unsubscribed(bad), None, "{bad}");
        }
    }
}
