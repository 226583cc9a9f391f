//! The texts of a photo: caption, tags, location, alt text, comments. They are parsed once, at the boundary.
//!
//! A text is measured before anything else is done with it ([`fits`]), then cleaned, then measured again.

mod clean;
mod tag;

use serde::{Deserialize, Serialize};
use unicase::UniCase;
use unicode_normalization::UnicodeNormalization;

pub use tag::{MAX_TAGS, Tag};

/// Input that breaks a rule. `code` is stable and part of the API; `detail` is for people.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct Invalid {
    /// Stable name of the broken rule, for example `caption_too_long`.
    pub code: &'static str,
    /// One sentence for people.
    pub detail: String,
}

impl Invalid {
    /// Returns the error of a broken rule.
    pub fn new(code: &'static str, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into() }
    }
}

/// Returns whether a text of at most `max` characters may be this long before it is cleaned.
///
/// A code point has at most four bytes, and at most four code points are composed to one.
pub(crate) fn fits(text: &str, max: usize) -> bool {
    text.len() <= max.saturating_mul(16)
}

/// Returns the text in NFC after full case folding (Unicode's `CaseFolding`).
pub(crate) fn case_folded(text: &str) -> String {
    UniCase::unicode(text.nfd().collect::<String>()).to_folded_case().nfc().collect()
}

/// How a text is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// In several lines. Bidirectional controls are balanced.
    Prose,
    /// In one line. Line breaks are spaces, and bidirectional controls are taken out.
    Label,
}

/// Returns the text cleaned and trimmed; `None` when nothing of it is visible.
///
/// [`Invalid`] with `code` when it has more than `max` characters (Unicode scalar values).
pub(crate) fn bounded(
    text: &str,
    form: Form,
    max: usize,
    code: &'static str,
    what: &str,
) -> Result<Option<String>, Invalid> {
    let too_long = || Invalid::new(code, format!("{what} may have at most {max} characters."));
    if !fits(text, max) {
        return Err(too_long());
    }
    let clean = match form {
        Form::Prose => clean::prose(text),
        Form::Label => clean::label(text),
    };
    let clean = clean.trim();
    if clean.chars().nth(max).is_some() {
        return Err(too_long());
    }
    Ok(clean::is_visible(clean).then(|| clean.to_owned()))
}

/// Returns a name to be shown; `None` when it is blank.
///
/// [`Invalid`] with `too_long` or `invisible` when it has more than `max` characters, or none to be seen.
pub(crate) fn shown_name(
    text: &str,
    max: usize,
    too_long: &'static str,
    invisible: &'static str,
    what: &str,
) -> Result<Option<String>, Invalid> {
    let name = bounded(text, Form::Label, max, too_long, what)?;
    if name.is_none() && !clean::is_blank(text) {
        return Err(Invalid::new(invisible, format!("{what} has at least one visible character.")));
    }
    Ok(name)
}

macro_rules! bounded_text {
    ($($(#[$doc:meta])* $name:ident: $form:ident, at most $max:literal, $code:literal, $what:literal);+ $(;)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Parses the text; `None` when nothing of it is visible.
            pub fn parse(text: &str) -> Result<Option<Self>, Invalid> {
                Ok(bounded(text, Form::$form, $max, $code, $what)?.map(Self))
            }

            /// Returns the text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
    )+};
}

bounded_text! {
    /// The author's text under a photo: at most 2,200 characters.
    Caption: Prose, at most 2200, "caption_too_long", "A caption";
    /// What a comment says: at most 2,200 characters.
    CommentText: Prose, at most 2200, "comment_too_long", "A comment";
    /// Where a photo was taken, in the author's words: at most 100 characters.
    Location: Label, at most 100, "location_too_long", "A location";
    /// A description of the picture for those who cannot see it: at most 1,000 characters.
    AltText: Prose, at most 1000, "alt_too_long", "An alternative text";
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_caption_counts_characters_not_bytes() {
        let longest = "🌅".repeat(2200);
        assert_eq!(Caption::parse(&longest).unwrap().unwrap().as_str(), longest);
        assert_eq!(Caption::parse(&"🌅".repeat(2201)).unwrap_err().code, "caption_too_long");
        assert_eq!(Caption::parse(" \n\t ").unwrap(), None);
        assert_eq!(Caption::parse("a\u{0}b\nc").unwrap().unwrap().as_str(), "ab\nc");
    }

    #[test]
    fn a_text_is_measured_before_it_is_cleaned() {
        // Both would be short if they were cleaned.
        let long = "\u{0}".repeat(40_000);
        assert_eq!(Caption::parse(&long).unwrap_err().code, "caption_too_long");
        assert_eq!(Location::parse(&long).unwrap_err().code, "location_too_long");
        assert_eq!(AltText::parse(&long).unwrap_err().code, "alt_too_long");
        // Decomposed text is longer than it will be.
        let decomposed = "e\u{323}\u{302}".repeat(100);
        assert_eq!(Location::parse(&decomposed).unwrap().unwrap().as_str(), "ệ".repeat(100));
    }

    #[test]
    fn a_caption_keeps_its_lines_and_a_location_has_one() {
        assert_eq!(Caption::parse("price:\t5\r\na\rb").unwrap().unwrap().as_str(), "price: 5\na\nb");
        assert_eq!(AltText::parse("one\r\ntwo").unwrap().unwrap().as_str(), "one\ntwo");
        assert_eq!(Location::parse("Bay\r\nArea\u{202e}").unwrap().unwrap().as_str(), "Bay Area");
    }

    #[test]
    fn a_text_of_which_nothing_is_visible_is_none() {
        for unseen in ["\u{200b}", "\u{3164}", "\u{2800}", "\u{202e}", "\u{feff} \u{2060}"] {
            assert_eq!(Caption::parse(unseen).unwrap(), None, "{unseen:?}");
            assert_eq!(Location::parse(unseen).unwrap(), None, "{unseen:?}");
        }
    }

    proptest! {
        #[test]
        fn parsing_a_parsed_text_changes_nothing(text in "(.|[\r\n\t\u{0}\u{301}\u{202a}-\u{202e}\u{2066}-\u{2069}]){0,60}") {
            if let Some(caption) = Caption::parse(&text).unwrap() {
                prop_assert_eq!(Caption::parse(caption.as_str()).unwrap(), Some(caption));
            }
            if let Some(location) = Location::parse(&text).unwrap() {
                prop_assert_eq!(Location::parse(location.as_str()).unwrap(), Some(location));
            }
        }
    }
}
