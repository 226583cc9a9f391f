//! Cleaning of text: line breaks, control characters, bidirectional controls, and what is visible.

use icu_properties::props::{BidiControl, DefaultIgnorableCodePoint, GeneralCategory, GeneralCategoryGroup};
use icu_properties::{CodePointMapData, CodePointSetData};
use unicode_normalization::UnicodeNormalization;

/// Closes an embedding or an override (PDF).
const POP_DIRECTION: char = '\u{202c}';
/// Closes an isolate (PDI).
const POP_ISOLATE: char = '\u{2069}';

/// Characters that are printed as a blank although their properties do not say so.
const BLANK: [char; 4] = [
    '\u{2800}',  // Braille pattern blank
    '\u{13441}', // Egyptian hieroglyph full blank
    '\u{13442}', // Egyptian hieroglyph half blank
    '\u{1d159}', // musical symbol null notehead
];

/// Returns a text of several lines in NFC: with `\n` as its only line break, without other control
/// characters, and with every bidirectional control closed in its line.
pub(super) fn prose(text: &str) -> String {
    balanced(&plain(text)).nfc().collect()
}

/// Returns a text of one line in NFC, without control characters and without bidirectional controls.
pub(super) fn label(text: &str) -> String {
    let controls = CodePointSetData::new::<BidiControl>();
    let line = plain(text).replace('\n', " ");
    line.chars().filter(|character| !controls.contains(*character)).nfc().collect()
}

/// Returns whether a reader sees something of the text.
///
/// White space, controls, default-ignorable code points and blank glyphs are not seen. Marks are seen
/// only on a character that is.
pub(super) fn is_visible(text: &str) -> bool {
    let category = CodePointMapData::<GeneralCategory>::new();
    let unseen = GeneralCategoryGroup::Mark
        .union(GeneralCategoryGroup::Separator)
        .union(GeneralCategoryGroup::Control);
    text.chars().any(|character| {
        !unseen.contains(category.get(character)) && !is_ignorable(character) && !BLANK.contains(&character)
    })
}

/// Returns whether the text is made of white space and control characters alone.
pub(super) fn is_blank(text: &str) -> bool {
    text.chars().all(|character| character.is_whitespace() || character.is_control())
}

/// Returns whether the character has no glyph of its own (`Default_Ignorable_Code_Point`).
pub(super) fn is_ignorable(character: char) -> bool {
    CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(character)
}

/// Makes every line break `\n` and every tab or separator a space. Takes out all other control characters.
fn plain(text: &str) -> String {
    let text = text.replace("\r\n", "\n");
    let kept = text.chars().filter_map(|character| match character {
        '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}' => Some('\n'),
        '\t' | '\u{1c}'..='\u{1f}' => Some(' '),
        character => (!character.is_control()).then_some(character),
    });
    kept.collect()
}

/// Closes in each line what is open at its end, and takes out what closes nothing.
///
/// An override that stays open would turn around what stands after the text on the page.
fn balanced(text: &str) -> String {
    let mut balanced = String::with_capacity(text.len());
    // The characters that close what is open, outermost first; and how many of them close isolates.
    let (mut open, mut isolates) = (Vec::new(), 0_usize);
    for character in text.chars() {
        match character {
            '\u{202a}' | '\u{202b}' | '\u{202d}' | '\u{202e}' => open.push(POP_DIRECTION),
            '\u{2066}'..='\u{2068}' => {
                open.push(POP_ISOLATE);
                isolates += 1;
            }
            POP_DIRECTION if open.last() == Some(&POP_DIRECTION) => drop(open.pop()),
            POP_ISOLATE if isolates > 0 => {
                // What was opened inside an isolate ends with it.
                while let Some(POP_DIRECTION) = open.pop() {
                    balanced.push(POP_DIRECTION);
                }
                isolates -= 1;
            }
            POP_DIRECTION | POP_ISOLATE => continue,
            '\n' => {
                balanced.extend(open.drain(..).rev());
                isolates = 0;
            }
            _ => {}
        }
        balanced.push(character);
    }
    balanced.extend(open.into_iter().rev());
    balanced
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_break_is_one_and_no_words_are_glued() {
        let breaks = ["\r\n", "\r", "\n", "\u{b}", "\u{c}", "\u{85}", "\u{2028}", "\u{2029}"];
        for line_break in breaks {
            assert_eq!(prose(&format!("a{line_break}b")), "a\nb", "{line_break:?}");
            assert_eq!(label(&format!("a{line_break}b")), "a b", "{line_break:?}");
        }
        assert_eq!(prose("a\r\n\r\nb\n\rc"), "a\n\nb\n\nc");
        for space in ["\t", "\u{1c}", "\u{1d}", "\u{1e}", "\u{1f}"] {
            assert_eq!(prose(&format!("price:{space}5")), "price: 5", "{space:?}");
        }
        assert_eq!(prose("a\u{0}b\u{7f}c\u{9b}d\u{1b}e"), "abcde");
        // A control between a letter and its mark does not keep them apart.
        assert_eq!(prose("e\u{0}\u{301}"), "é");
    }

    #[test]
    fn what_is_open_is_closed_in_its_line_and_what_closes_nothing_goes() {
        for (text, right) in [
            ("\u{202e}abc", "\u{202e}abc\u{202c}"),
            ("a\u{2067}b\u{202a}c", "a\u{2067}b\u{202a}c\u{202c}\u{2069}"),
            ("\u{2067}\u{202e}a\u{2069}b", "\u{2067}\u{202e}a\u{202c}\u{2069}b"),
            ("\u{202b}a\nb", "\u{202b}a\u{202c}\nb"),
            ("a\u{202c}b\u{2069}c", "abc"),
            ("\u{202a}a\u{2069}b", "\u{202a}ab\u{202c}"),
            ("\u{2068}a\u{202c}b\u{2069}", "\u{2068}ab\u{2069}"),
            ("\u{2067}a\nb\u{2069}", "\u{2067}a\u{2069}\nb"),
            // Marks open nothing.
            ("a\u{200f}b\u{61c}", "a\u{200f}b\u{61c}"),
        ] {
            assert_eq!(prose(text), right, "{text:?}");
            assert_eq!(prose(right), right, "{text:?}");
        }
    }

    #[test]
    fn a_label_has_no_bidirectional_control() {
        let controls = ['\u{61c}', '\u{200e}', '\u{200f}'];
        let controls = controls.into_iter().chain('\u{202a}'..='\u{202e}').chain('\u{2066}'..='\u{2069}');
        for control in controls {
            assert_eq!(label(&format!("An{control}na")), "Anna", "{control:?}");
        }
        // A family of emoji is held together by joiners.
        assert_eq!(label("Ann 👩‍👩‍👧"), "Ann 👩‍👩‍👧");
    }

    #[test]
    fn letters_digits_signs_and_emoji_are_visible_and_blanks_are_not() {
        for seen in ["a", "1", "ا", "한", "👍🏽", "♥\u{fe0f}", "…", "_", "e\u{301}", "⠁", "\u{200b}x"]
        {
            assert!(is_visible(seen), "{seen:?}");
        }
        for unseen in [
            "",
            " ",
            "\u{a0}",
            "\u{3000}",
            "\u{200b}",
            "\u{200d}",
            "\u{ad}",
            "\u{feff}",
            "\u{115f}",
            "\u{3164}",
            "\u{ffa0}",
            "\u{2800}",
            "\u{34f}",
            "\u{fe0f}",
            "\u{e0020}",
            "\u{301}",
            "\u{1d159}",
            "\u{17b4}",
            "\u{200b}\u{2800} \u{3164}",
        ] {
            assert!(!is_visible(unseen), "{unseen:?}");
        }
    }
}
