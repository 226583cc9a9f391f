//! Tags: one word of any script, by which photos are found.

use icu_properties::CodePointMapData;
use icu_properties::props::{GeneralCategory, GeneralCategoryGroup, JoiningType};
use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::canonical_combining_class;

use super::clean::is_ignorable;
use super::{Invalid, case_folded, fits};

/// A tag, folded: in NFKC, by full case folding, without default-ignorable code points.
///
/// It is a hashtag identifier of [UAX #31]: letters, marks, digits and connectors of any script, at least one
/// letter, and [`MEDIAL`] characters between two others. Joiners stand only where they change a word.
///
/// [UAX #31]: https://www.unicode.org/reports/tr31/#hashtag_identifiers
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Tag(String);

/// Most tags a photo carries.
pub const MAX_TAGS: usize = 30;
const MAX_TAG_CHARS: usize = 100;
/// Most texts of a list, repetitions included, that are looked at.
const MAX_TEXTS: usize = 10 * MAX_TAGS;

/// Characters of UAX #31, table 3a, that stand between two others. Its ASCII characters end a tag instead.
const MEDIAL: [char; 9] = [
    '\u{b7}',   // middle dot: Catalan
    '\u{58a}',  // Armenian hyphen
    '\u{5f4}',  // Hebrew gershayim
    TSHEG,      // Tibetan
    '\u{2010}', // hyphen
    '\u{2019}', // apostrophe
    '\u{2027}', // hyphenation point: Catalan
    '\u{30a0}', // katakana-hiragana double hyphen
    '\u{30fb}', // katakana middle dot
];
/// Hebrew geresh, the one character of UAX #31, table 3b. It may also end a word.
const GERESH: char = '\u{5f3}';
/// Ends a syllable of Tibetan, also the last one of a word.
const TSHEG: char = '\u{f0b}';
const NON_JOINER: char = '\u{200c}';
const JOINER: char = '\u{200d}';
/// The combining class of viramas.
const VIRAMA: u8 = 9;

impl Tag {
    /// Parses one tag, with or without its leading `#`. The error names the tag.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let too_long =
            || invalid("tag_too_long", text, &format!("A tag may have at most {MAX_TAG_CHARS} characters"));
        if !fits(text, MAX_TAG_CHARS) {
            return Err(too_long());
        }
        let word = text.trim();
        let word = folded(word.strip_prefix(['#', '﹟', '＃']).unwrap_or(word));
        if word.chars().nth(MAX_TAG_CHARS).is_some() {
            return Err(too_long());
        }
        joined(word.trim_end_matches(TSHEG)).filter(|word| is_identifier(word)).map(Self).ok_or_else(|| {
            let rule = "A tag is one word of letters, digits and underscores, with at least one letter";
            invalid("tag_invalid", text, rule)
        })
    }

    /// Parses a list of at most [`MAX_TAGS`] distinct tags. Repetitions are dropped; the order is kept.
    pub fn parse_all<'a>(texts: impl IntoIterator<Item = &'a str>) -> Result<Vec<Self>, Invalid> {
        let too_many = || Invalid::new("too_many_tags", format!("A photo has at most {MAX_TAGS} tags."));
        let texts: Vec<&str> = texts.into_iter().take(MAX_TEXTS + 1).collect();
        if texts.len() > MAX_TEXTS {
            return Err(too_many());
        }
        let mut tags: Vec<Self> = Vec::new();
        for text in texts {
            let tag = Self::parse(text)?;
            if !tags.contains(&tag) {
                if tags.len() == MAX_TAGS {
                    return Err(too_many());
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

/// Returns the error that names the tag by its first characters.
fn invalid(code: &'static str, text: &str, rule: &str) -> Invalid {
    const NAMED: usize = 40;
    let mut name: String = text.chars().take(NAMED).collect();
    if name.len() < text.len() {
        name.push('…');
    }
    Invalid::new(code, format!("{rule}; {name:?} is none."))
}

/// Folds as `NFKC_Casefold` of Unicode does, but keeps the two joiners.
fn folded(text: &str) -> String {
    let once = |text: &str| -> String {
        let kept = |character: &char| matches!(*character, NON_JOINER | JOINER) || !is_ignorable(*character);
        case_folded(text).nfkc().filter(kept).collect()
    };
    // Compatibility characters unfold to capitals, and marks to letters.
    once(&once(text)).nfc().collect()
}

/// Returns the word without the joiners that change nothing; `None` if a joiner has no place in it.
///
/// A joiner stands after a virama, a non-joiner also between two letters that would join (RFC 5892, A.1,
/// A.2). A non-joiner between letters that would not join is not seen.
fn joined(word: &str) -> Option<String> {
    let mut joined = String::with_capacity(word.len());
    for (at, character) in word.char_indices() {
        if matches!(character, JOINER | NON_JOINER) {
            let (before, after) = (word.get(..at)?, word.get(at + character.len_utf8()..)?);
            if before.chars().next_back().is_none_or(|last| canonical_combining_class(last) != VIRAMA) {
                let follows = [JoiningType::DualJoining, JoiningType::RightJoining];
                if character == JOINER || before.is_empty() || !joins(after.chars(), &follows) {
                    return None;
                }
                let leads = [JoiningType::DualJoining, JoiningType::LeftJoining];
                if !joins(before.chars().rev(), &leads) {
                    continue;
                }
            }
        }
        joined.push(character);
    }
    Some(joined)
}

/// Returns whether the first letter, past marks, has one of these joining types.
fn joins(mut letters: impl Iterator<Item = char>, types: &[JoiningType]) -> bool {
    let joining_type = CodePointMapData::<JoiningType>::new();
    let first = letters.find(|letter| joining_type.get(*letter) != JoiningType::Transparent);
    first.is_some_and(|letter| types.contains(&joining_type.get(letter)))
}

/// Returns whether the word is `<continue>+ (<medial> <continue>+)*` with at least one letter.
fn is_identifier(word: &str) -> bool {
    let category = CodePointMapData::<GeneralCategory>::new();
    let beside = GeneralCategoryGroup::Mark.union(GeneralCategoryGroup::ConnectorPunctuation);
    let continues = |character: char| {
        character.is_alphanumeric()
            || matches!(character, GERESH | NON_JOINER | JOINER)
            || beside.contains(category.get(character))
    };
    word.split(MEDIAL).all(|part| !part.is_empty() && part.chars().all(continues))
        && word.chars().any(char::is_alphabetic)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tag(text: &str) -> String {
        Tag::parse(text).unwrap_or_else(|invalid| panic!("{text:?}: {invalid}")).as_str().to_owned()
    }

    fn refused(text: &str) -> &'static str {
        Tag::parse(text).unwrap_err().code
    }

    #[test]
    fn tags_fold_case_and_keep_every_script() {
        for (text, right) in [
            ("#Sunset", "sunset"),
            ("＃ＦＵＬＬ", "full"),
            ("﹟small", "small"),
            ("#日本語", "日本語"),
            ("#हिन्दी", "हिन्दी"),
            ("#e\u{301}te\u{301}", "été"),
            ("snake_case‿2", "snake_case‿2"),
        ] {
            assert_eq!(tag(text), right);
        }
        for bad in ["", "#", "#123", "a b", "a-b", "a.b", "a:b", "a'b", "a#b", "##a", "_", "a!", "😀"] {
            assert_eq!(refused(bad), "tag_invalid", "{bad:?}");
        }
    }

    #[test]
    fn words_that_differ_in_case_alone_are_one_tag() {
        for (one, other) in [
            ("ΟΔΟΣ", "οδος"),
            ("οδοσ", "οδος"),
            ("STRASSE", "straße"),
            ("STRAẞE", "straße"),
            ("ﬃ", "FFI"),
            ("ΰ", "Ϋ\u{301}"),
            ("ᾳ", "ΑΙ"),
            ("ՄԵՒ", "մեւ"),
            ("ꭰ", "Ꭰ"),
            ("ĳ", "IJ"),
            ("ſ", "S"),
            ("㎏", "KG"),
            ("İ", "i\u{307}"),
        ] {
            assert_eq!(tag(one), tag(other), "{one} {other}");
        }
    }

    #[test]
    fn words_may_have_a_mark_of_their_script_between_two_letters() {
        for word in [
            "col·lecció",
            "col‧lecció",
            "ハリー・ポッター",
            "ウィリアム゠テル",
            "צה״ל",
            "ג׳ירפה",
            "רח׳",
            "བོད་ཡིག",
            "մայր֊հայր",
            "п’ять",
            "rock’n’roll",
        ] {
            assert_eq!(tag(word), word);
        }
        // Other code points of the same characters.
        assert_eq!(tag("coŀlecció"), "col·lecció");
        assert_eq!(tag("ﾊﾘｰ･ﾎﾟｯﾀｰ"), "ハリー・ポッター");
        assert_eq!(tag("བོད༌ཡིག་"), "བོད་ཡིག");
        for medial in MEDIAL {
            for bad in [format!("{medial}a"), format!("a{medial}{medial}b"), format!("a{medial}!")] {
                assert_eq!(refused(&bad), "tag_invalid", "{bad:?}");
            }
            let last = Tag::parse(&format!("a{medial}"));
            assert_eq!(last.is_ok(), medial == TSHEG, "{medial:?}");
        }
    }

    #[test]
    fn joiners_stand_where_a_word_needs_them() {
        for word in
            ["نامه\u{200c}ای", "می\u{200c}روم", "ශ්\u{200d}රී", "क्\u{200d}ष", "ക്\u{200c}ല", "അവന്\u{200d}"]
        {
            assert_eq!(tag(word), word);
        }
        // Between letters that do not join it is not seen.
        assert_eq!(tag("کار\u{200c}ها"), "کارها");
        assert_ne!(tag("می\u{200c}روم"), tag("میروم"));
        for bad in ["a\u{200c}b", "a\u{200d}b", "\u{200c}ای", "نامه\u{200c}", "می\u{200d}روم", "日\u{200d}本"]
        {
            assert_eq!(refused(bad), "tag_invalid", "{bad:?}");
        }
    }

    #[test]
    fn what_is_not_seen_makes_no_other_tag() {
        for unseen in
            ['\u{ad}', '\u{34f}', '\u{200b}', '\u{200f}', '\u{202e}', '\u{2060}', '\u{fe0f}', '\u{feff}']
        {
            assert_eq!(tag(&format!("sun{unseen}set")), "sunset", "{unseen:?}");
        }
        assert_eq!(tag("葛\u{e0100}城"), "葛城");
        for nothing in ["\u{3164}", "\u{115f}", "\u{200b}", "\u{2800}"] {
            assert_eq!(refused(nothing), "tag_invalid", "{nothing:?}");
        }
    }

    #[test]
    fn a_tag_has_at_most_a_hundred_characters_and_is_measured_first() {
        assert_eq!(tag(&"e\u{301}".repeat(100)), "é".repeat(100));
        assert_eq!(refused(&"é".repeat(101)), "tag_too_long");
        // One character that folds to eighteen.
        assert_eq!(refused(&"\u{fdfa}".repeat(6)), "tag_too_long");
        // It would be short if it were folded.
        assert_eq!(refused(&format!("a{}", "\u{200b}".repeat(80_000))), "tag_too_long");
    }

    #[test]
    fn at_most_thirty_distinct_tags() {
        let names: Vec<String> = (0..31).map(|number| format!("tag{number}")).collect();
        let texts = || names.iter().map(String::as_str);
        assert_eq!(Tag::parse_all(texts().take(30).chain(["#TAG0"])).unwrap().len(), 30);
        assert_eq!(Tag::parse_all(texts()).unwrap_err().code, "too_many_tags");
        assert_eq!(Tag::parse_all(["sea"; MAX_TEXTS]).unwrap().len(), 1);
        assert_eq!(Tag::parse_all(["sea"; MAX_TEXTS + 1]).unwrap_err().code, "too_many_tags");
    }

    #[test]
    fn the_error_of_one_bad_tag_of_many_names_it() {
        let detail = |bad: &str| Tag::parse_all(["fine", bad, "too"]).unwrap_err().detail;
        assert!(detail("new york").contains("\"new york\""), "{}", detail("new york"));
        assert!(detail("a\u{202e}!").contains("\"a\\u{202e}!\""), "{}", detail("a\u{202e}!"));
        let long = detail(&"x".repeat(240_000));
        assert!(long.contains("\"xxxx") && long.len() < 200, "{long:.200}");
    }

    proptest! {
        #[test]
        fn parsing_a_parsed_tag_changes_nothing(text in "(\\PC|[\u{b7}\u{200b}-\u{200d}\u{301}\u{345}\u{3c3}ſßŉǰΐﬃİ]){0,40}") {
            if let Ok(tag) = Tag::parse(&text) {
                prop_assert_eq!(Tag::parse(tag.as_str()).unwrap(), tag);
            }
        }

        #[test]
        fn upper_and_lower_case_are_one_tag(text in "\\p{L}{1,20}") {
            if let Ok(tag) = Tag::parse(&text) {
                // Dotless i has the capital of another letter.
                prop_assume!(!text.contains('ı'));
                prop_assert_eq!(Tag::parse(&text.to_uppercase()).unwrap(), tag);
            }
        }
    }
}
