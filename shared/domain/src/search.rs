//! Search of people: how names are compared, what is indexed of them, and who comes first.
//!
//! A name is found by the beginning of any of its words. So an index holds it once for each word, turned so that this
//! word comes first: [`Listed::rotations`]. A query of several words in the order of the name is then one prefix too.

mod fold;

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use crate::id::UserId;
use crate::text::{Invalid, fits};
use crate::user::User;

pub use fold::fold;

/// Most people of a prefix that are listed by popularity.
pub const LISTED: usize = 20;

/// Longest prefix with a list of its own, in characters.
pub const LONGEST_LISTED: usize = 12;

/// Longest prefix whose list takes everybody, in characters. Longer ones take whom [`LISTED_STEP`] admits: below it
/// the entries of the index itself are few enough to be read.
const SHORTEST: usize = 2;

/// The step from which people are in the lists of longer prefixes: eight followers.
pub const LISTED_STEP: u8 = 4;

/// Most characters of a query.
const MAX_QUERY: usize = 100;
/// Most words of a full name that are indexed.
const FULL_NAME_WORDS: usize = 5;
/// Most entries of one person.
const MAX_ROTATIONS: usize = 8;
/// Most bytes of an entry's text.
const ROTATION_BYTES: usize = 64;
/// Most bytes of a full name in an index.
const SHOWN_BYTES: usize = 100;

/// The highest step: more followers than there are people.
pub const TOP_STEP: u8 = 34;

/// Returns how popular somebody is who has so many followers, from 0 to [`TOP_STEP`]: one step more each time their
/// number doubles.
pub fn step(followers: i64) -> u8 {
    let followers = u64::try_from(followers).unwrap_or(0);
    u8::try_from(u64::BITS - followers.leading_zeros()).map_or(TOP_STEP, |step| step.min(TOP_STEP))
}

/// Somebody as an index of names holds them: all that a list of results shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed {
    /// Who.
    pub id: UserId,
    /// The user name as written.
    pub username: String,
    /// The name beside it, at most 100 bytes of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub full_name: Option<String>,
    /// Whether the account is private.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub private: bool,
    /// How popular they are: [`step`].
    pub step: u8,
}

impl From<&User> for Listed {
    fn from(user: &User) -> Self {
        Self {
            id: user.id,
            username: user.username.as_str().to_owned(),
            full_name: user.full_name.as_deref().map(|name| cut(name, SHOWN_BYTES)),
            private: user.private,
            step: step(user.followers),
        }
    }
}

impl Listed {
    /// Returns the texts under which somebody is indexed: their names, each time with another word first. At most
    /// eight, of at most 64 bytes.
    ///
    /// The user name is a word, without its dots and underscores, and so is what they separate. Of a word of Chinese,
    /// Japanese or Korean, which has no spaces between its parts, the index has what begins at any character but the
    /// last.
    pub fn rotations(&self) -> Vec<String> {
        let Names { username, full, parts } = self.names();
        let mut texts = vec![joined([&username].into_iter().chain(&full))];
        for (place, word) in full.iter().enumerate() {
            let turned = || full.iter().skip(place + 1).chain(full.iter().take(place)).chain([&username]);
            texts.push(joined([word].into_iter().chain(turned())));
            texts.extend(endings(word).map(|ending| joined([&ending].into_iter().chain(turned()))));
        }
        texts.extend(parts.iter().map(|part| joined([part].into_iter().chain(&full).chain([&username]))));
        let mut known = HashSet::new();
        texts.retain(|text| known.insert(text.clone()));
        texts.truncate(MAX_ROTATIONS);
        texts
    }

    /// Returns the folded words of both names, each once.
    pub fn words(&self) -> HashSet<String> {
        let Names { username, full, parts } = self.names();
        [username].into_iter().chain(full).chain(parts).collect()
    }

    /// Returns the prefixes in whose lists somebody may be, of 1 to 12 characters.
    pub fn prefixes(&self) -> HashSet<String> {
        let rotations = self.rotations();
        let lengths = (1..=LONGEST_LISTED).filter(|length| self.is_listed(*length));
        let prefixes =
            lengths.flat_map(|length| rotations.iter().filter_map(move |text| prefix(text, length)));
        prefixes.map(ToOwned::to_owned).collect()
    }

    /// Returns whether somebody may be in lists of prefixes of so many characters.
    pub fn is_listed(&self, length: usize) -> bool {
        length <= SHORTEST || self.step >= LISTED_STEP
    }

    fn names(&self) -> Names {
        let username = fold(&self.username).replace(' ', "");
        let full = self.full_name.as_deref().map(fold).unwrap_or_default();
        let full: Vec<String> =
            full.split(' ').filter(|word| !word.is_empty()).map(ToOwned::to_owned).collect();
        let parts = self.username.split(['.', '_']).skip(1).map(fold);
        let parts = parts.filter(|part| !part.is_empty() && !full.contains(part)).collect();
        Names { username, full: full.into_iter().take(FULL_NAME_WORDS).collect(), parts }
    }
}

/// The folded words of somebody's names.
struct Names {
    username: String,
    full: Vec<String>,
    /// What dots and underscores separate in the user name, without the first.
    parts: Vec<String>,
}

impl Names {
    fn words(&self) -> impl Iterator<Item = &String> {
        [&self.username].into_iter().chain(&self.full).chain(&self.parts)
    }
}

/// What somebody searches for, folded: one word or several, the last of which may be typed in part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query(String);

impl Query {
    /// Parses what was typed: at most 100 characters, with a letter or a digit.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let too_long = || Invalid::new("query_too_long", "A search has at most 100 characters.");
        if !fits(text, MAX_QUERY) || text.chars().nth(MAX_QUERY).is_some() {
            return Err(too_long());
        }
        let folded = fold(text);
        if folded.is_empty() {
            return Err(Invalid::new("query_empty", "A search has at least one letter or digit."));
        }
        Ok(Self(folded))
    }

    /// Returns the query that was meant, of folded words.
    pub fn corrected(folded: String) -> Self {
        Self(folded)
    }

    /// Returns the folded text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the prefix whose list answers the query, or holds the most popular of those among whom its answers are.
    pub fn listed_prefix(&self) -> &str {
        let end = self.0.char_indices().nth(LONGEST_LISTED).map_or(self.0.len(), |(at, _)| at);
        self.0.get(..end).unwrap_or(&self.0).trim_end()
    }

    /// Returns whether every word of the query begins a word of somebody's names. A word without spaces between its
    /// parts is also found within another.
    pub fn matches(&self, person: &Listed) -> bool {
        let names = person.names();
        self.0.split(' ').all(|wanted| {
            let within = has_no_spaces(wanted);
            names.words().any(|word| word.starts_with(wanted) || (within && word.contains(wanted)))
        })
    }

    /// Sorts people: who is named exactly so, whom the searcher follows, who is popular. Then by name.
    pub fn rank(&self, people: &mut [Listed], followed: impl Fn(UserId) -> bool) {
        people.sort_by_cached_key(|person| {
            let names = person.names();
            let is_exact = names.username == self.0 || joined(&names.full) == self.0;
            let standing = (is_exact, followed(person.id), person.step);
            (std::cmp::Reverse(standing), person.username.clone(), person.id)
        });
    }
}

/// Returns the first characters of a text, so many; `None` where it is shorter, or a word would begin after them.
pub fn prefix(text: &str, length: usize) -> Option<&str> {
    let (at, last) = text.char_indices().nth(length.checked_sub(1)?).filter(|(_, last)| *last != ' ')?;
    text.get(..at + last.len_utf8())
}

/// Returns the part of the index in which texts are that begin so: the first three characters of the first word, or
/// the first two where a word has no spaces between its parts.
pub fn bucket(text: &str) -> &str {
    let word = text.split(' ').next().unwrap_or(text);
    let length = if has_no_spaces(word) { 2 } else { 3 };
    word.char_indices().nth(length).and_then(|(end, _)| word.get(..end)).unwrap_or(word)
}

/// Returns the endings of a word that has no spaces between its parts, of two characters at least.
fn endings(word: &str) -> impl Iterator<Item = String> {
    let starts = word.char_indices().map(|(at, _)| at).skip(1).filter(move |_| has_no_spaces(word));
    let endings = starts.filter_map(|at| word.get(at..));
    endings.filter(|rest| has_no_spaces(rest) && rest.chars().nth(1).is_some()).map(ToOwned::to_owned)
}

/// Returns whether a word begins with a script that puts no spaces between the parts of a name.
fn has_no_spaces(word: &str) -> bool {
    word.chars().next().is_some_and(|first| {
        matches!(first, '\u{3040}'..='\u{30ff}' | '\u{31f0}'..='\u{31ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}'
            | '\u{ac00}'..='\u{d7a3}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
    })
}

fn joined<'a>(words: impl IntoIterator<Item = &'a String>) -> String {
    let text = words.into_iter().map(String::as_str).collect::<Vec<_>>().join(" ");
    cut(&text, ROTATION_BYTES).trim_end().to_owned()
}

/// Returns the beginning of a text, of at most so many bytes.
fn cut(text: &str, bytes: usize) -> String {
    let end =
        text.char_indices().map(|(at, character)| at + character.len_utf8()).take_while(|end| *end <= bytes);
    end.last().and_then(|end| text.get(..end)).unwrap_or_default().to_owned()
}

/// The most popular people under a prefix, the most popular first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TopList(pub Vec<Listed>);

impl TopList {
    /// Returns the list with what is known of somebody now, at most [`LISTED`] people; without them where `person` is
    /// none.
    #[must_use]
    pub fn with(&self, id: UserId, person: Option<&Listed>) -> Self {
        let others = self.0.iter().filter(|other| other.id != id);
        let mut people: Vec<Listed> = others.chain(person).cloned().collect();
        people.sort_by_key(|person| (std::cmp::Reverse(person.step), person.id));
        people.truncate(LISTED);
        Self(people)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn person(number: u64, username: &str, full_name: &str, followers: i64) -> Listed {
        let username = crate::account::UserName::parse(username).unwrap();
        let full_name = Some(full_name.to_owned()).filter(|name| !name.is_empty());
        let mut user = User::new(UserId::try_from(number).unwrap(), username, full_name);
        user.followers = followers;
        Listed::from(&user)
    }

    fn query(text: &str) -> Query {
        Query::parse(text).unwrap()
    }

    #[test]
    fn steps_are_powers_of_two() {
        assert_eq!(
            [-1, 0, 1, 2, 3, 4, 7, 8, 1_000_000, i64::MAX].map(step),
            [0, 0, 1, 2, 2, 3, 3, 4, 20, TOP_STEP]
        );
        assert_eq!(step(8), LISTED_STEP);
    }

    #[test]
    fn each_word_of_both_names_begins_an_entry() {
        let maria = person(1, "m.lopez_92", "María del Carmen López", 0);
        let expected = [
            "mlopez92 maria del carmen lopez",
            "maria del carmen lopez mlopez92",
            "del carmen lopez maria mlopez92",
            "carmen lopez maria del mlopez92",
            "lopez maria del carmen mlopez92",
            "92 maria del carmen lopez mlopez92",
        ];
        assert_eq!(maria.rotations(), expected);
        for text in ["m.l", "MLOPEZ", "lopez", "Carmen L", "lopez mar", "maría lópez", "92"] {
            assert!(query(text).matches(&maria), "{text}");
        }
        for text in ["opez", "maria x", "armen"] {
            assert!(!query(text).matches(&maria), "{text}");
        }
    }

    #[test]
    fn names_without_spaces_are_found_by_their_parts() {
        let tanaka = person(1, "tanaka", "田中太郎", 0);
        let texts = tanaka.rotations();
        let begins = |text: &str| texts.iter().any(|rotation| rotation.starts_with(query(text).as_str()));
        for text in ["田", "田中", "中太", "太郎"] {
            assert!(begins(text) && query(text).matches(&tanaka), "{text}");
        }
        assert!(!begins("郎太") && !query("郎太").matches(&tanaka));
        assert_eq!(
            (bucket("田中太郎"), bucket("maria lopez"), bucket("li wei"), bucket("a")),
            ("田中", "mar", "li", "a")
        );
        let minsu = person(2, "minsu", "김민수", 0);
        assert!(minsu.rotations().iter().any(|text| text.starts_with(query("민수").as_str())));
    }

    #[test]
    fn lists_are_of_short_prefixes_and_of_longer_ones_for_the_popular() {
        let quiet = person(1, "annalee", "", 7);
        assert_eq!(quiet.prefixes(), HashSet::from(["a".to_owned(), "an".to_owned()]));
        let popular = person(1, "annaleenordstrom", "", 8);
        let prefixes = popular.prefixes();
        assert_eq!(prefixes.len(), LONGEST_LISTED);
        assert!(prefixes.contains("annaleenords") && !prefixes.contains("annaleenordst"));
        assert_eq!(query("annaleenordst").listed_prefix(), "annaleenords");
        assert_eq!(query("abcdefghijk lm").listed_prefix(), "abcdefghijk");
    }

    #[test]
    fn the_exact_name_comes_first_then_whom_one_follows_then_popularity() {
        let exact = person(1, "anna", "", 0);
        let followed = person(2, "anna_b", "", 3);
        let famous = person(3, "anna_c", "", 1_000_000);
        let known = person(4, "anna_d", "", 90);
        let mut people = vec![known, famous, followed, exact];
        query("Anna").rank(&mut people, |id| id.get() == 2);
        assert_eq!(people.iter().map(|person| person.id.get()).collect::<Vec<_>>(), [1, 2, 3, 4]);
    }

    #[test]
    fn a_query_needs_a_letter_or_a_digit_and_is_measured_first() {
        for empty in ["", "  ", "@", "#!?", "🙂", "\u{301}"] {
            assert_eq!(Query::parse(empty).unwrap_err().code, "query_empty", "{empty:?}");
        }
        assert_eq!(Query::parse(&"a".repeat(101)).unwrap_err().code, "query_too_long");
        assert_eq!(Query::parse(&"a".repeat(9_000_000)).unwrap_err().code, "query_too_long");
        assert_eq!(query(" @Anna.Lee ").as_str(), "annalee");
    }

    #[test]
    fn a_list_keeps_the_most_popular_and_takes_changes() {
        let mut list = TopList::default();
        for number in 0..30 {
            let one = person(number, &format!("anna{number}"), "", 1 << number);
            list = list.with(one.id, Some(&one));
        }
        assert_eq!(list.0.len(), LISTED);
        assert_eq!((list.0[0].id.get(), list.0[19].id.get()), (29, 10));
        let risen = person(12, "anna12", "Anna", 1 << 33);
        list = list.with(risen.id, Some(&risen));
        assert_eq!((list.0.len(), &list.0[0]), (LISTED, &risen));
        list = list.with(risen.id, None);
        assert_eq!((list.0.len(), list.0[0].id.get()), (LISTED - 1, 29));
        let unknown = person(99, "anna99", "", 1);
        assert_eq!(list.with(unknown.id, None), list);
    }

    proptest! {
        #[test]
        fn an_entry_is_short_and_whoever_has_it_is_found_by_it(
            username in "[a-z][a-z0-9]{0,9}(_[a-z0-9]{1,9}){0,2}",
            full_name in "\\PC{0,40}",
        ) {
            let person = person(1, &username, &full_name, 0);
            let rotations = person.rotations();
            prop_assert!((1..=MAX_ROTATIONS).contains(&rotations.len()));
            for text in rotations {
                prop_assert!(text.len() <= ROTATION_BYTES && !text.is_empty());
                prop_assert!(text.starts_with(bucket(&text)));
                let first = text.split(' ').next().unwrap();
                prop_assert!(Query::corrected(first.to_owned()).matches(&person), "{}", first);
            }
        }
    }
}
