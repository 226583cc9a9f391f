//! Words that are at most one edit away from what was typed.

use fst::Automaton;

/// Most characters that are compared: positions are bits.
const MOST: usize = 120;

/// Recognises words at most one edit away from what was typed: a character more, less, or another one, or two
/// neighbours swapped. Or words that begin so.
///
/// `fst` has an automaton of its own, which knows no swaps and does not find every word beyond ASCII.
#[derive(Debug)]
pub(crate) struct OneEdit {
    typed: Vec<char>,
    in_part: bool,
}

/// Where in what was typed a word may be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct State {
    /// Positions without an error.
    exact: u128,
    /// Positions after one.
    once: u128,
    /// Positions of which the second of two swapped characters came first.
    swapping: u128,
    /// Whether a beginning was recognised, and whatever follows is.
    begun: bool,
    /// The bytes of a character that is not complete yet.
    bytes: [u8; 4],
    length: usize,
}

impl OneEdit {
    /// Returns the automaton; `None` for a text that is too long.
    pub(crate) fn new(typed: &str, in_part: bool) -> Option<Self> {
        let typed: Vec<char> = typed.chars().collect();
        (typed.len() <= MOST).then_some(Self { typed, in_part })
    }

    /// Returns the positions whose character is `found`.
    fn having(&self, found: char) -> u128 {
        let places = self.typed.iter().enumerate().filter(|(_, character)| **character == found);
        places.fold(0, |bits, (at, _)| bits | 1 << at)
    }

    fn step(&self, state: &State, found: char) -> State {
        let having = self.having(found);
        let within = (1 << self.typed.len()) - 1;
        let State { exact, once, swapping, .. } = *state;
        let another = (exact & within) << 1;
        let more = exact;
        let less = (exact & within & having >> 1) << 2;
        let next = State {
            exact: (exact & having) << 1,
            once: (once & having) << 1 | another | more | less | (swapping & having) << 2,
            swapping: exact & having >> 1,
            ..State::default()
        };
        State { begun: self.in_part && self.accepts(&next), ..next }
    }

    fn accepts(&self, state: &State) -> bool {
        let end = 1 << self.typed.len();
        // The last character may be the one that is missing.
        let almost = end >> 1;
        (state.exact | state.once) & end != 0 || state.exact & almost != 0
    }
}

impl Automaton for OneEdit {
    type State = State;

    fn start(&self) -> State {
        State { exact: 1, ..State::default() }
    }

    fn is_match(&self, state: &State) -> bool {
        state.begun || (state.length == 0 && self.accepts(state))
    }

    fn can_match(&self, state: &State) -> bool {
        state.begun || state.exact | state.once | state.swapping != 0
    }

    fn will_always_match(&self, state: &State) -> bool {
        state.begun
    }

    fn accept(&self, state: &State, byte: u8) -> State {
        if state.begun {
            return *state;
        }
        let mut state = *state;
        if let Some(place) = state.bytes.get_mut(state.length) {
            *place = byte;
            state.length += 1;
        }
        let bytes = state.bytes.get(..state.length).unwrap_or_default();
        match std::str::from_utf8(bytes).ok().and_then(|text| text.chars().next()) {
            Some(found) => self.step(&state, found),
            // It is not complete. Four bytes that are no character are no word.
            None if state.length == state.bytes.len() => State::default(),
            None => state,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn recognises(typed: &str, word: &str, in_part: bool) -> bool {
        let automaton = OneEdit::new(typed, in_part).unwrap();
        let end = word.bytes().fold(automaton.start(), |state, byte| automaton.accept(&state, byte));
        automaton.is_match(&end)
    }

    /// The distance in which a swap of neighbours is one edit, by the table that defines it.
    fn distance(one: &[char], other: &[char]) -> usize {
        let mut rows = vec![(0..=other.len()).collect::<Vec<_>>()];
        for i in 1..=one.len() {
            let mut row = vec![i];
            for j in 1..=other.len() {
                let cost = usize::from(one[i - 1] != other[j - 1]);
                let mut least = (rows[i - 1][j] + 1).min(row[j - 1] + 1).min(rows[i - 1][j - 1] + cost);
                if i > 1 && j > 1 && one[i - 1] == other[j - 2] && one[i - 2] == other[j - 1] {
                    least = least.min(rows[i - 2][j - 2] + 1);
                }
                row.push(least);
            }
            rows.push(row);
        }
        rows[one.len()][other.len()]
    }

    proptest! {
        #[test]
        fn it_recognises_what_is_one_edit_away_and_nothing_else(typed in "[abлй]{1,6}", word in "[abлй]{0,7}") {
            let (letters, of_word) = (typed.chars().collect::<Vec<_>>(), word.chars().collect::<Vec<_>>());
            prop_assert_eq!(recognises(&typed, &word, false), distance(&letters, &of_word) <= 1);
            let begins = (0..=of_word.len()).any(|end| distance(&letters, &of_word[..end]) <= 1);
            // Before a first character nothing is recognised.
            prop_assert_eq!(recognises(&typed, &word, true), begins && !word.is_empty() || typed.chars().count() == 1 && word.is_empty());
        }
    }
}
