//! The texts of a photo: caption, tags, location, alt text. They are parsed once, at the boundary.

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

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

/// Returns the text trimmed, in NFC, and without control characters other than line breaks.
///
/// `None` when nothing is left. [`Invalid`] with `code` when more than `max` characters
/// (Unicode scalar values) are.
pub(crate) fn bounded(
    text: &str,
    max: usize,
    code: &'static str,
    what: &str,
) -> Result<Option<String>, Invalid> {
    let clean: String =
        text.nfc().filter(|&character| character == '\n' || !character.is_control()).collect();
    let clean = clean.trim();
    if clean.chars().nth(max).is_some() {
        return Err(Invalid::new(code, format!("{what} may have at most {max} characters.")));
    }
    Ok((!clean.is_empty()).then(|| clean.to_owned()))
}

macro_rules! bounded_text {
    ($($(#[$doc:meta])* $name:ident: at most $max:literal, $code:literal, $what:literal);+ $(;)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Parses the text; `None` when it is blank.
            pub fn parse(text: &str) -> Result<Option<Self>, Invalid> {
                Ok(bounded(text, $max, $code, $what)?.map(Self))
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
    Caption: at most 2200, "caption_too_long", "A caption";
    /// Where a photo was taken, in the author's words: at most 100 characters.
    Location: at most 100, "location_too_long", "A location";
    /// A description of the picture for those who cannot see it: at most 1,000 characters.
    AltText: at most 1000, "alt_too_long", "An alternative text";
}

/// A tag in NFKC and lower case.
///
/// It is made of letters, marks, digits and underscores of any script, with at least one letter.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Tag(String);

/// Most tags a photo carries.
pub const MAX_TAGS: usize = 30;
const MAX_TAG_CHARS: usize = 100;

impl Tag {
    /// Parses one tag, with or without its leading `#`.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let text = text.trim();
        let text = text.strip_prefix(['#', '＃']).unwrap_or(text);
        let folded: String = text.nfkc().flat_map(char::to_lowercase).nfc().collect();
        let allowed = |character: char| {
            character.is_alphanumeric()
                || character == '_'
                || unicode_normalization::char::is_combining_mark(character)
        };
        if folded.chars().nth(MAX_TAG_CHARS).is_some() {
            return Err(Invalid::new(
                "tag_too_long",
                format!("A tag may have at most {MAX_TAG_CHARS} characters."),
            ));
        }
        if !folded.chars().all(allowed) || !folded.chars().any(char::is_alphabetic) {
            return Err(Invalid::new(
                "tag_invalid",
                "A tag is made of letters, digits and underscores, with at least one letter.",
            ));
        }
        Ok(Self(folded))
    }

    /// Parses a list of at most [`MAX_TAGS`] distinct tags. Repetitions are dropped; the order is kept.
    pub fn parse_all<'a>(texts: impl IntoIterator<Item = &'a str>) -> Result<Vec<Self>, Invalid> {
        let mut tags: Vec<Self> = Vec::new();
        for text in texts {
            let tag = Self::parse(text)?;
            if !tags.contains(&tag) {
                if tags.len() == MAX_TAGS {
                    return Err(Invalid::new(
                        "too_many_tags",
                        format!("A photo has at most {MAX_TAGS} tags."),
                    ));
                }
                tags.push(tag);
            }
        }
        Ok(tags)
    }

    /// Returns the folded text, without `#`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
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
    fn tags_fold_case_and_keep_every_script() {
        let folded = |text: &str| Tag::parse(text).map(|tag| tag.as_str().to_owned());
        assert_eq!(folded("#Sunset").unwrap(), "sunset");
        assert_eq!(folded("ＦＵＬＬ").unwrap(), "full");
        assert_eq!(folded("#Straße").unwrap(), "straße");
        assert_eq!(folded("#日本語").unwrap(), "日本語");
        assert_eq!(folded("#हिन्दी").unwrap(), "हिन्दी");
        assert_eq!(folded("#e\u{301}te\u{301}").unwrap(), "été");
        for bad in ["", "#", "#123", "a b", "a-b", "a#b", "_"] {
            assert_eq!(Tag::parse(bad).unwrap_err().code, "tag_invalid", "{bad:?}");
        }
    }

    #[test]
    fn at_most_thirty_distinct_tags() {
        let names: Vec<String> = (0..31).map(|number| format!("tag{number}")).collect();
        let texts = || names.iter().map(String::as_str);
        assert_eq!(Tag::parse_all(texts().take(30).chain(["#TAG0"])).unwrap().len(), 30);
        assert_eq!(Tag::parse_all(texts()).unwrap_err().code, "too_many_tags");
    }

    proptest! {
        #[test]
        fn parsing_a_parsed_tag_changes_nothing(text in "\\PC{0,40}") {
            if let Ok(tag) = Tag::parse(&text) {
                prop_assert_eq!(Tag::parse(tag.as_str()).unwrap(), tag);
            }
        }

        #[test]
        fn parsing_a_parsed_caption_changes_nothing(text in "\\PC{0,300}") {
            if let Some(caption) = Caption::parse(&text).unwrap() {
                prop_assert_eq!(Caption::parse(caption.as_str()).unwrap(), Some(caption));
            }
        }
    }
}
