//! How names are compared.

use icu_properties::CodePointMapData;
use icu_properties::props::{GeneralCategory, GeneralCategoryGroup};
use unicode_normalization::UnicodeNormalization;

use crate::text::case_folded;

/// Folds a name, or what somebody types of one: without case, accents and compatibility forms, digits of any script as
/// ASCII. Anything that is no letter, mark or digit separates words, which are separated by one space. Dots,
/// underscores and apostrophes are left out.
///
/// Marks that are vowels or tones of their script stay: without them Thai or Hindi names are not the same.
pub fn fold(text: &str) -> String {
    let category = CodePointMapData::<GeneralCategory>::new();
    let letters = GeneralCategoryGroup::Letter.union(GeneralCategoryGroup::Mark);
    let once = |text: &str| -> String {
        let mut folded = String::with_capacity(text.len());
        for character in case_folded(text).nfkd().filter(|character| !is_accent(*character)) {
            match (character, category.get(character)) {
                ('.' | '_' | '\'' | '\u{2019}' | '\u{200c}' | '\u{200d}', _) => {}
                (digit, GeneralCategory::DecimalNumber) => folded.push(ascii_digit(digit)),
                (letter, kind) if letters.contains(kind) => match unfolded(letter) {
                    Some(letters) => folded.push_str(letters),
                    None => folded.push(letter),
                },
                _ => folded.push(' '),
            }
        }
        folded.nfc().collect()
    };
    // Compatibility forms unfold to capitals.
    let folded = once(&once(text));
    let words = folded.split(' ').filter(|word| word.chars().any(|c| !is_mark(category.get(c))));
    words.collect::<Vec<_>>().join(" ")
}

fn is_mark(category: GeneralCategory) -> bool {
    GeneralCategoryGroup::Mark.contains(category)
}

/// Returns whether a mark is an accent, or a vowel point that Hebrew and Arabic leave out.
fn is_accent(character: char) -> bool {
    matches!(character,
        '\u{300}'..='\u{36f}' | '\u{591}'..='\u{5c7}' | '\u{610}'..='\u{61a}' | '\u{64b}'..='\u{65f}' | '\u{670}'
        | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}' | '\u{fe20}'..='\u{fe2f}')
}

/// Returns the letters that people type for one that Unicode does not decompose.
fn unfolded(letter: char) -> Option<&'static str> {
    Some(match letter {
        'æ' => "ae",
        'œ' => "oe",
        'ø' => "o",
        'đ' | 'ð' => "d",
        'ħ' => "h",
        'ı' => "i",
        'ł' => "l",
        'ŋ' => "n",
        'ŧ' => "t",
        'þ' => "th",
        'ə' => "e",
        _ => return None,
    })
}

/// Returns the digit of a script as ASCII. The ten digits of a script follow each other.
fn ascii_digit(digit: char) -> char {
    let category = CodePointMapData::<GeneralCategory>::new();
    let is_digit =
        |code: u32| char::from_u32(code).is_some_and(|c| category.get(c) == GeneralCategory::DecimalNumber);
    let code = u32::from(digit);
    let before = (1..10).take_while(|back| is_digit(code - back)).count();
    u32::try_from(before).ok().and_then(|value| char::from_digit(value % 10, 10)).unwrap_or(digit)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_people_type_is_what_is_written() {
        for (written, typed) in [
            ("José Ángel", "jose angel"),
            ("Ngọc Ánh Nguyễn", "ngoc anh nguyen"),
            ("Søren Łukasz Þór", "soren lukasz thor"),
            ("İpek Işıl", "ipek isil"),
            ("STRASSE", "straße"),
            ("ΟΔΟΣ", "οδος"),
            ("ﬁona Ａｎｎａ", "fiona anna"),
            ("anna_lee.92", "annalee92"),
            ("O’Neil-Brien", "oneil brien"),
            ("٠١٢٣", "0123"),
            ("１２", "12"),
            ("שָׁלוֹם", "שלום"),
            ("مُحَمَّد", "محمد"),
            ("Й", "и"),
            ("カ\u{3099}", "ｶﾞ"),
        ] {
            assert_eq!(fold(written), fold(typed), "{written}");
        }
        assert_eq!(fold("José  Ángel!"), "jose angel");
        assert_eq!(fold("김민수"), "김민수");
        assert_ne!(fold("กำ"), fold("กา"));
        assert_ne!(fold("कि"), fold("की"));
        assert_eq!(fold(" 🙂 anna 🙂 "), "anna");
        assert_eq!(fold("\u{301}"), "");
    }

    proptest! {
        #[test]
        fn folding_again_changes_nothing(text in "\\PC{0,40}") {
            let folded = fold(&text);
            prop_assert_eq!(fold(&folded), folded);
        }
    }
}
