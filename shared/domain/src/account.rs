//! The parts of an account: user name, e-mail address, password, profile texts.

use email_address::{EmailAddress, Options};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::text::{Invalid, bounded};

/// Names that look like a part of the product, or that an impostor would want.
const RESERVED: [&str; 24] = [
    "about",
    "account",
    "admin",
    "administrator",
    "api",
    "auth",
    "everyone",
    "explore",
    "feed",
    "help",
    "lambdagram",
    "login",
    "logout",
    "me",
    "moderator",
    "notifications",
    "null",
    "official",
    "register",
    "root",
    "security",
    "settings",
    "support",
    "undefined",
];

/// A user name as its owner wrote it: 1 to 30 ASCII letters, digits, dots and underscores.
///
/// A dot is neither first nor last nor doubled. Names are unique by their folded form. Only ASCII is allowed,
/// because letters of other scripts that look alike are the impostor's first tool.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UserName(String);

impl UserName {
    /// Parses a name that somebody wants to register.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let name = text.trim();
        let invalid = |detail: &str| Err(Invalid::new("username_invalid", detail));
        if !(1..=30).contains(&name.len()) {
            return invalid("A user name has 1 to 30 characters.");
        }
        if !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'.' || byte == b'_') {
            return invalid("A user name is made of the letters a to z, digits, dots and underscores.");
        }
        if name.starts_with('.') || name.ends_with('.') || name.contains("..") {
            return invalid("A dot in a user name stands between two other characters.");
        }
        if !name.bytes().any(|byte| byte.is_ascii_alphanumeric()) {
            return invalid("A user name has at least one letter or digit.");
        }
        if RESERVED.contains(&name.to_ascii_lowercase().as_str()) {
            return Err(Invalid::new("username_reserved", "This user name is reserved."));
        }
        Ok(Self(name.to_owned()))
    }

    /// Returns the name as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the form in which names are compared.
    pub fn folded(&self) -> String {
        Self::fold(&self.0)
    }

    /// Folds a text that somebody typed as a name, to find it.
    pub fn fold(text: &str) -> String {
        text.trim().to_ascii_lowercase()
    }
}

/// An e-mail address. It is compared, and stored in keys, only as a hash. It is never logged.
#[derive(Clone, PartialEq, Eq)]
pub struct Email(String);

impl Email {
    /// Parses an address of at most 254 bytes with a dotted domain.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let options = Options::default().with_required_tld().without_display_text().without_domain_literal();
        let text = text.trim();
        if text.len() > 254 || EmailAddress::parse_with_options(text, options).is_err() {
            return Err(Invalid::new("email_invalid", "This is not an e-mail address."));
        }
        Ok(Self(text.to_owned()))
    }

    /// Returns the SHA-256 of the address in lower case, as lower-case hexadecimal.
    pub fn digest(&self) -> String {
        hex(&Sha256::digest(self.0.to_lowercase().as_bytes()))
    }
}

impl std::fmt::Debug for Email {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Email(…)")
    }
}

/// Returns the bytes as lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// A password that somebody chose: 8 to 128 characters. It is never logged and never stored as it is.
#[derive(Clone)]
pub struct Password(String);

impl Password {
    /// Parses a new password.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let length = text.chars().take(129).count();
        match length {
            0..8 => Err(Invalid::new("password_too_short", "A password has at least 8 characters.")),
            8..=128 => Ok(Self(text.to_owned())),
            _ => Err(Invalid::new("password_too_long", "A password has at most 128 characters.")),
        }
    }

    /// Returns the secret, for the hash function alone.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Password(…)")
    }
}

/// Parses the name shown beside the user name: at most 100 characters; `None` when blank.
pub fn parse_full_name(text: &str) -> Result<Option<String>, Invalid> {
    bounded(text, 100, "full_name_too_long", "A full name")
}

/// Parses what somebody says about themselves: at most 150 characters; `None` when blank.
pub fn parse_bio(text: &str) -> Result<Option<String>, Invalid> {
    bounded(text, 150, "bio_too_long", "A bio")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn user_names_are_checked_and_fold() {
        for good in ["a", "John_Doe", "j.d", "_x_", &"a".repeat(30)] {
            assert_eq!(UserName::parse(good).unwrap().as_str(), good);
        }
        for bad in ["", ".a", "a.", "a..b", "a b", "jöhn", "аdmin", "___", &"a".repeat(31)] {
            assert_eq!(UserName::parse(bad).unwrap_err().code, "username_invalid", "{bad:?}");
        }
        for reserved in ["admin", "Me", "LAMBDAGRAM"] {
            assert_eq!(UserName::parse(reserved).unwrap_err().code, "username_reserved");
        }
        assert_eq!(UserName::parse("John_Doe").unwrap().folded(), UserName::fold(" jOHN_dOE "));
    }

    #[test]
    fn e_mail_addresses_compare_by_hash_without_case_and_never_show() {
        let one = Email::parse("Ann@Example.org").unwrap();
        let two = Email::parse(" ann@example.ORG ").unwrap();
        assert_eq!(one.digest(), two.digest());
        assert_eq!(one.digest().len(), 64);
        assert_eq!(format!("{one:?}"), "Email(…)");
        for bad in
            ["", "ann", "ann@", "@example.org", "ann@localhost", "Ann <ann@example.org>", "a@[127.0.0.1]"]
        {
            assert_eq!(Email::parse(bad).unwrap_err().code, "email_invalid", "{bad:?}");
        }
    }

    #[test]
    fn passwords_have_a_least_and_a_greatest_length() {
        assert_eq!(Password::parse("short").unwrap_err().code, "password_too_short");
        assert_eq!(Password::parse(&"x".repeat(129)).unwrap_err().code, "password_too_long");
        let fine = Password::parse("correct horse").unwrap();
        assert_eq!((fine.expose(), format!("{fine:?}").as_str()), ("correct horse", "Password(…)"));
    }

    proptest! {
        #[test]
        fn a_parsed_name_parses_to_itself_and_folds_once(text in "[a-zA-Z0-9._]{1,30}") {
            if let Ok(name) = UserName::parse(&text) {
                prop_assert_eq!(UserName::fold(&name.folded()), name.folded());
                prop_assert_eq!(UserName::parse(name.as_str()).unwrap(), name);
            }
        }
    }
}
