//! The parts of an account: user name, e-mail address, password, profile texts.

mod email;
mod reserved;

use icu_properties::CodePointMapData;
use icu_properties::props::GeneralCategory;
use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

use crate::text::{Form, Invalid, bounded, case_folded, fits, shown_name};

pub use email::{Email, EmailDigest, EmailSecret, MAX_EMAIL};

/// The name of the product, which is nobody's user name or password.
const PRODUCT: &str = "lambdagram";
const MAX_USER_NAME: usize = 30;
const MIN_PASSWORD: usize = 10;
const MAX_PASSWORD: usize = 128;

/// A user name as its owner wrote it: 1 to 30 ASCII letters, digits, dots and underscores.
///
/// A dot is neither first nor last nor doubled. Names are unique by their folded form. Only ASCII is allowed,
/// because letters of other scripts that look alike are the impostor's first tool.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UserName(String);

impl UserName {
    /// Parses a name that somebody wants to register: it may not be reserved, or look like one that is.
    pub fn choose(text: &str) -> Result<Self, Invalid> {
        let name = Self::parse(text)?;
        if reserved::is_reserved(&name.0, PRODUCT) {
            return Err(Invalid::new(
                "username_reserved",
                "This user name is reserved, or looks like one that is.",
            ));
        }
        Ok(name)
    }

    /// Parses a name that somebody may have.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let invalid = |detail: &str| Err(Invalid::new("username_invalid", detail));
        let name = if fits(text, MAX_USER_NAME) { text.trim() } else { "" };
        if !(1..=MAX_USER_NAME).contains(&name.len()) {
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

/// Returns the bytes as lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// A password: at most 128 characters. It is never logged and never stored as it is.
#[derive(Clone)]
pub struct Password(String);

impl Password {
    /// Prepares a password as RFC 8265 does (`OpaqueString`): in NFC, and with every space the space bar's.
    ///
    /// Keyboards of other makers write the same password in other code points. The rules of new passwords are
    /// not asked here: a password that was chosen under older rules still logs in.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let too_long = || Invalid::new("password_too_long", "A password has at most 128 characters.");
        if !fits(text, MAX_PASSWORD) {
            return Err(too_long());
        }
        let category = CodePointMapData::<GeneralCategory>::new();
        let space = |character| category.get(character) == GeneralCategory::SpaceSeparator;
        let spaced = text.chars().map(|character| if space(character) { ' ' } else { character });
        let password: String = spaced.nfc().collect();
        if password.chars().nth(MAX_PASSWORD).is_some() { Err(too_long()) } else { Ok(Self(password)) }
    }

    /// Parses a new password of somebody with these names: 10 to 128 characters, and more than a name.
    ///
    /// As NIST SP 800-63B-4 says, the whole password is compared and not what it contains. What is made of a
    /// name by case, digits and punctuation, or by repeating it, is that name.
    pub fn choose(text: &str, names: &[&str]) -> Result<Self, Invalid> {
        let password = Self::parse(text)?;
        if password.0.chars().count() < MIN_PASSWORD {
            return Err(Invalid::new("password_too_short", "A password has at least 10 characters."));
        }
        if names.iter().chain(&[PRODUCT]).any(|name| password.is_made_of(name)) {
            let detail = "A password is more than a name or an address with digits and punctuation.";
            return Err(Invalid::new("password_is_name", detail));
        }
        Ok(password)
    }

    fn is_made_of(&self, name: &str) -> bool {
        let letters =
            |text: &str| case_folded(text).chars().filter(|c| c.is_alphabetic()).collect::<String>();
        let (password, of_name) = (letters(&self.0), letters(name));
        if password.is_empty() || of_name.is_empty() {
            return case_folded(&self.0) == case_folded(name);
        }
        password.replace(&of_name, "").is_empty()
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

/// Parses the name shown beside the user name: at most 100 characters in one line, and at least one that is
/// visible. `None` when it is blank.
pub fn parse_full_name(text: &str) -> Result<Option<String>, Invalid> {
    shown_name(text, 100, "full_name_too_long", "full_name_invisible", "A full name")
}

/// Parses what somebody says about themselves: at most 150 characters; `None` when nothing is visible.
pub fn parse_bio(text: &str) -> Result<Option<String>, Invalid> {
    bounded(text, Form::Prose, 150, "bio_too_long", "A bio")
}

/// What somebody names an account by when they log in. No user name is an e-mail address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Login {
    /// A user name.
    Name(UserName),
    /// An e-mail address.
    Email(Email),
    /// Neither, so that there is no such account. Holds how the text begins.
    Neither(String),
}

impl Login {
    /// Returns what the text is.
    pub fn parse(text: &str) -> Self {
        let name = UserName::parse(text).map(Self::Name);
        name.or_else(|_| Email::parse(text).map(Self::Email))
            .unwrap_or_else(|_| Self::Neither(text.chars().take(MAX_EMAIL).collect()))
    }

    /// Returns the one form of all spellings of the same name or address. Of an address that is its digest
    /// under `secret`.
    pub fn folded(&self, secret: &EmailSecret) -> String {
        match self {
            Self::Name(name) => name.folded(),
            Self::Email(email) => secret.digest(email).as_str().to_owned(),
            Self::Neither(text) => text.clone(),
        }
    }
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
        for bad in
            ["", ".a", "a.", "a..b", "a b", "jöhn", "аdmin", "___", &"a".repeat(31), &" ".repeat(100_000)]
        {
            assert_eq!(UserName::parse(bad).unwrap_err().code, "username_invalid", "{bad:?}");
        }
        for reserved in ["admin", "Me", "LAMBDAGRAM", "adm1n_"] {
            assert_eq!(UserName::choose(reserved).unwrap_err().code, "username_reserved");
            // Somebody may have had the name before it was reserved.
            assert!(UserName::parse(reserved).is_ok());
        }
        assert_ne!(UserName::choose("ann1").unwrap(), UserName::choose("annl").unwrap());
        assert_eq!(UserName::parse("John_Doe").unwrap().folded(), UserName::fold(" jOHN_dOE "));
    }

    #[test]
    fn a_login_is_a_name_an_address_or_neither() {
        let secret: EmailSecret = "a secret of a stack".parse().unwrap();
        let folded = |text: &str| Login::parse(text).folded(&secret);
        assert_eq!(folded(" JOHN "), folded("john"));
        assert_eq!(folded("Ann@Bücher.example"), folded("ann@XN--BCHER-KVA.example"));
        assert_ne!(folded("john"), folded("john@example.org"));
        assert_eq!(folded(&"x ".repeat(100_000)).len(), MAX_EMAIL);
    }

    #[test]
    fn a_full_name_is_one_line_of_which_something_is_visible() {
        let name = |text: &str| parse_full_name(text).map_err(|invalid| invalid.code);
        assert_eq!(name(" Ann\r\nLee\u{202e}\u{200f} "), Ok(Some("Ann Lee".to_owned())));
        assert_eq!(name(" \n\t"), Ok(None));
        for unseen in ["\u{200b}", "\u{3164}", "\u{2800}", "\u{202e}", "\u{301}", " \u{feff} "] {
            assert_eq!(name(unseen), Err("full_name_invisible"), "{unseen:?}");
        }
        assert_eq!(name(&"a".repeat(101)), Err("full_name_too_long"));
        assert_eq!(name(&"\u{200b}".repeat(80_000)), Err("full_name_too_long"));
        assert_eq!(parse_bio("one\rtwo\tthree").unwrap().unwrap(), "one\ntwo three");
    }

    #[test]
    fn a_password_is_the_same_from_every_keyboard() {
        let prepared = |text: &str| Password::parse(text).map(|password| password.expose().to_owned());
        assert_eq!(prepared("passwo\u{308}rter").unwrap(), prepared("passwörter").unwrap());
        assert_eq!(prepared("correct\u{a0}horse\u{3000}1").unwrap(), "correct horse 1");
        // Case, width and spaces at the ends stay as they are.
        assert_eq!(prepared(" Ｐassword ").unwrap(), " Ｐassword ");
        assert_eq!(prepared(&"o\u{308}".repeat(128)).unwrap(), "ö".repeat(128));
        let chosen = Password::choose(&"o\u{308}".repeat(9), &[]);
        assert_eq!(chosen.unwrap_err().code, "password_too_short");
    }

    #[test]
    fn passwords_have_a_least_and_a_greatest_length() {
        let chosen = |text: &str| Password::choose(text, &[]).map_err(|invalid| invalid.code);
        assert_eq!(chosen("nine char").unwrap_err(), "password_too_short");
        assert!(chosen("ten  chars").is_ok());
        for long in ["x".repeat(129), "\u{301}".repeat(80_000)] {
            assert_eq!(chosen(&long).unwrap_err(), "password_too_long");
            assert_eq!(Password::parse(&long).unwrap_err().code, "password_too_long");
        }
        let fine = Password::choose("correct horse", &[]).unwrap();
        assert_eq!((fine.expose(), format!("{fine:?}").as_str()), ("correct horse", "Password(…)"));
    }

    #[test]
    fn a_password_of_older_rules_still_logs_in() {
        assert_eq!(Password::parse("short").unwrap().expose(), "short");
    }

    #[test]
    fn a_new_password_is_more_than_a_name() {
        let names = ["john_doe", "J.Doe@example.org", "J.Doe"];
        let chosen = |text: &str| Password::choose(text, &names).map(|_| ()).map_err(|invalid| invalid.code);
        for name in [
            "JohnDoe1990!",
            "john_doejohn_doe",
            "j.doe@EXAMPLE.org",
            "jdoe.jdoe.jdoe",
            "--Lambdagram--",
            "LAMBDAgram2026",
        ] {
            assert_eq!(chosen(name), Err("password_is_name"), "{name}");
        }
        // A name within a longer password is no fault, and neither are digits alone.
        for fine in ["john doe likes rain", "not lambdagram", "8462 8472 61", "john_do_1990"] {
            assert_eq!(chosen(fine), Ok(()), "{fine}");
        }
        let digits = |name: &str| Password::choose("8462847261", &[name]).is_ok();
        assert!(digits("_._") && digits("84628472") && !digits("8462847261"));
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
