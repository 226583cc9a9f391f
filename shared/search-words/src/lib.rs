//! The words of popular names, in one finite-state transducer: what a query with a typing error was meant to be.
//!
//! A word is known with how popular its people are together, and how many of them are popular enough for lists of
//! prefixes. The transducer is stored as one object, a few bytes for each word, and is searched as it is stored.

mod automaton;
mod store;

use std::collections::{BTreeMap, HashMap};

use fst::automaton::Str;
use fst::{Automaton, IntoStreamer, Map, Streamer};

use crate::automaton::OneEdit;

pub use store::{HeldWords, StoreError, WordStore};

/// Fewest characters of a word that is corrected. Shorter ones are an edit away from too much.
const SHORTEST: usize = 3;
/// How many times as popular a correction is as what was typed, so that both are shown.
const FAR_MORE: u64 = 100;
/// Words with a prefix that are looked at, at most.
const LOOKED_AT: usize = 20_000;
/// Bits of a word's weight; how many of its people are listed is above them.
const WEIGHT_BITS: u32 = 44;
const WEIGHT: u64 = (1 << WEIGHT_BITS) - 1;

/// What a word stands for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Weight {
    /// How popular its people are together: roughly the number of their followers, and one for each.
    pub popularity: u64,
    /// How many of them are popular enough for the lists of longer prefixes.
    pub listed: u64,
}

impl Weight {
    fn packed(self) -> u64 {
        self.listed.min(u64::MAX >> WEIGHT_BITS) << WEIGHT_BITS | self.popularity.min(WEIGHT)
    }

    fn unpacked(packed: u64) -> Self {
        Self { popularity: packed & WEIGHT, listed: packed >> WEIGHT_BITS }
    }

    fn add(&mut self, other: Self) {
        self.popularity = self.popularity.saturating_add(other.popularity);
        self.listed = self.listed.saturating_add(other.listed);
    }
}

/// The bytes are no transducer, or one that was cut.
#[derive(Debug, thiserror::Error)]
#[error("the words cannot be read")]
pub struct Unreadable(#[from] fst::Error);

/// What a query was meant to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Correction {
    /// The folded query, with one word changed by one edit.
    pub query: String,
    /// How many people who are listed the changed word begins.
    pub listed: u64,
}

/// The words of popular names.
#[derive(Debug)]
pub struct Words(Map<Vec<u8>>);

/// Collects words.
#[derive(Clone, Debug, Default)]
pub struct WordsBuilder(BTreeMap<String, Weight>);

impl WordsBuilder {
    /// Adds somebody whose names have these words, without repetitions.
    pub fn add(&mut self, words: impl IntoIterator<Item = String>, weight: Weight) {
        for word in words {
            self.0.entry(word).or_default().add(weight);
        }
    }

    /// Returns how many words there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the words as they are stored.
    pub fn build(self) -> Result<Vec<u8>, Unreadable> {
        let mut builder = fst::MapBuilder::memory();
        for (word, weight) in self.0 {
            builder.insert(word, weight.packed())?;
        }
        Ok(builder.into_inner()?)
    }
}

impl Words {
    /// Reads words as they are stored. The checksum at their end is compared, so that an object that was cut is refused.
    pub fn read(bytes: Vec<u8>) -> Result<Self, Unreadable> {
        let map = Map::new(bytes)?;
        map.as_fst().verify()?;
        Ok(Self(map))
    }

    /// Returns what a folded query was meant to be: with one edit in one of its words, where the swap of two neighbours
    /// is one. The last word may be typed in part. `None` where all words are known, and as popular as what they may
    /// have been meant to be.
    pub fn correct(&self, query: &str) -> Option<Correction> {
        let words: Vec<&str> = query.split(' ').collect();
        let last = words.len().checked_sub(1)?;
        let typed: Vec<u64> =
            words.iter().enumerate().map(|(at, word)| self.known(word, at == last)).collect();
        // The one that is known least.
        let (at, &popularity) = typed.iter().enumerate().min_by_key(|(_, popularity)| **popularity)?;
        if typed.iter().filter(|popularity| **popularity == 0).count() > 1 {
            return None;
        }
        let word = words.get(at)?;
        let (meant, weight) = self.nearest(word, at == last)?;
        if weight.popularity <= popularity.saturating_mul(FAR_MORE) {
            return None;
        }
        let meant =
            words.iter().enumerate().map(|(place, word)| if place == at { meant.as_str() } else { word });
        Some(Correction { query: meant.collect::<Vec<_>>().join(" "), listed: weight.listed })
    }

    /// Returns how popular the people are of whose names a word is one, or begins one.
    fn known(&self, word: &str, in_part: bool) -> u64 {
        if in_part { self.weight_below(word).popularity } else { self.whole(word).popularity }
    }

    fn whole(&self, word: &str) -> Weight {
        self.0.get(word).map(Weight::unpacked).unwrap_or_default()
    }

    /// Returns the weight of all words that begin so.
    fn weight_below(&self, prefix: &str) -> Weight {
        let mut words = self.0.search(Str::new(prefix).starts_with()).into_stream();
        let mut weight = Weight::default();
        let mut left = LOOKED_AT;
        while let Some((_, packed)) = words.next() {
            weight.add(Weight::unpacked(packed));
            left -= 1;
            if left == 0 {
                break;
            }
        }
        weight
    }

    /// Returns the most popular text one edit away from a word, of those that are a word or begin one.
    fn nearest(&self, word: &str, in_part: bool) -> Option<(String, Weight)> {
        word.chars().nth(SHORTEST - 1)?;
        let mut near: HashMap<String, Weight> = HashMap::new();
        let mut words = self.0.search(OneEdit::new(word, in_part)?).into_stream();
        let mut left = LOOKED_AT;
        while let Some((found, packed)) = words.next().filter(|_| left > 0) {
            left -= 1;
            let Ok(found) = std::str::from_utf8(found) else { continue };
            let texts = if in_part { prefixes_near(found, word) } else { vec![found] };
            for text in texts {
                near.entry(text.to_owned()).or_default().add(Weight::unpacked(packed));
            }
        }
        near.remove(word);
        let best = near.into_iter().filter(|(_, weight)| weight.popularity > 0);
        best.max_by(|(one, a), (other, b)| {
            // Of texts that begin the same words the longest says most.
            a.popularity
                .cmp(&b.popularity)
                .then_with(|| one.len().cmp(&other.len()))
                .then_with(|| other.cmp(one))
        })
    }
}

/// Returns the prefixes of a word that are one edit away from what was typed.
fn prefixes_near<'a>(word: &'a str, typed: &str) -> Vec<&'a str> {
    let typed: Vec<char> = typed.chars().collect();
    let ends: Vec<usize> = word.char_indices().map(|(at, character)| at + character.len_utf8()).collect();
    let lengths = typed.len().saturating_sub(1)..=typed.len() + 1;
    let prefixes = lengths.filter_map(|length| word.get(..*ends.get(length.checked_sub(1)?)?));
    prefixes.filter(|prefix| is_one_edit(&prefix.chars().collect::<Vec<_>>(), &typed)).collect()
}

/// Returns whether two words differ by one edit: a character more, less, or another one, or two neighbours swapped.
fn is_one_edit(one: &[char], other: &[char]) -> bool {
    let (short, long) = if one.len() <= other.len() { (one, other) } else { (other, one) };
    let front = short.iter().zip(long).take_while(|(a, b)| a == b).count();
    let back = short
        .iter()
        .rev()
        .zip(long.iter().rev())
        .take_while(|(a, b)| a == b)
        .count()
        .min(short.len() - front);
    let (short, long) = (short.get(front..short.len() - back), long.get(front..long.len() - back));
    match (short.unwrap_or_default(), long.unwrap_or_default()) {
        ([] | [_], [_]) => true,
        ([a, b], [c, d]) => a == d && b == c,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn words(all: &[(&str, u64, u64)]) -> Words {
        let mut builder = WordsBuilder::default();
        for (word, popularity, listed) in all {
            builder.add([(*word).to_owned()], Weight { popularity: *popularity, listed: *listed });
        }
        Words::read(builder.build().unwrap()).unwrap()
    }

    fn meant(words: &Words, query: &str) -> Option<String> {
        words.correct(query).map(|correction| correction.query)
    }

    #[test]
    fn one_edit_is_forgiven_and_a_swap_is_one() {
        let words = words(&[("maria", 900, 3), ("mariana", 400, 2), ("jonathan", 50, 1), ("lopez", 70, 0)]);
        for typed in ["mraia", "amria", "maira", "marua", "marria", "mria"] {
            assert_eq!(meant(&words, typed).as_deref().map(|text| &text[..3]), Some("mar"), "{typed}");
        }
        assert_eq!(meant(&words, "jonahtan").as_deref(), Some("jonathan"));
        assert_eq!(meant(&words, "jontah").as_deref(), Some("jonath"));
        for typed in ["maria", "mar", "marian", "xyzzy", "ma", "jomahtan"] {
            assert_eq!(meant(&words, typed), None, "{typed}");
        }
    }

    #[test]
    fn one_word_of_several_is_corrected_and_whole_words_are_whole() {
        let words = words(&[("maria", 900, 3), ("mariana", 4_000, 2), ("lopez", 70, 0)]);
        assert_eq!(meant(&words, "maira lop").as_deref(), Some("maria lop"));
        assert_eq!(meant(&words, "maria loepz").as_deref(), Some("maria lopez"));
        assert_eq!(meant(&words, "maria lopez"), None);
        assert_eq!(meant(&words, "maira loepz"), None);
    }

    #[test]
    fn a_rare_word_beside_a_popular_one_is_a_likely_error() {
        let words = words(&[("maria", 100_000, 50), ("mraia", 1, 0)]);
        let correction = words.correct("mraia").unwrap();
        assert_eq!(correction, Correction { query: "maria".to_owned(), listed: 50 });
        assert_eq!(meant(&words, "maria"), None);
    }

    #[test]
    fn words_of_other_scripts_are_corrected_by_characters() {
        let words = words(&[("ελενη", 9, 0), ("дмитрий", 9, 0)]);
        assert_eq!(meant(&words, "ελεην").as_deref(), Some("ελενη"));
        assert_eq!(meant(&words, "дмтрий").as_deref(), Some("дмитрий"));
    }

    #[test]
    fn bytes_that_were_cut_are_refused() {
        let mut builder = WordsBuilder::default();
        builder.add((0..1_000).map(|number| format!("name{number}")), Weight { popularity: 1, listed: 0 });
        let bytes = builder.build().unwrap();
        assert!(Words::read(bytes.clone()).is_ok());
        for end in [0, 10, bytes.len() / 2, bytes.len() - 1] {
            assert!(Words::read(bytes[..end].to_vec()).is_err(), "{end}");
        }
        let mut changed = bytes;
        changed[40] ^= 1;
        assert!(Words::read(changed).is_err());
    }

    proptest! {
        #[test]
        fn any_single_error_in_a_known_word_is_found(word in "[a-e]{4,9}", at in 0_usize..9, kind in 0..4, with in "[f-h]") {
            let mut typed: Vec<char> = word.chars().collect();
            let at = at % typed.len();
            match kind {
                0 => drop(typed.remove(at)),
                1 => typed.insert(at, with.chars().next().unwrap()),
                2 => typed[at] = with.chars().next().unwrap(),
                _ => typed.swap(at, (at + 1) % word.len()),
            }
            let typed: String = typed.into_iter().collect();
            let swapped_ends = kind == 3 && at + 1 == word.len();
            prop_assume!(typed != word && !swapped_ends && !word.starts_with(&typed));
            let words = words(&[(&word, 5, 0)]);
            let found = words.correct(&typed).map(|correction| correction.query);
            prop_assert!(found.as_deref().is_some_and(|found| word.starts_with(found)), "{} {:?}", typed, found);
        }
    }
}
