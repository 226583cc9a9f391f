//! Made-up people, and what others type of their names.

use std::collections::HashSet;

use domain::account::UserName;
use domain::search::fold;
use domain::user::User;
use domain::{Clock, Home, Timestamp, UserId};
use fake::locales::{DE_DE, Data, EN, FR_FR, IT_IT, PT_BR};
use rand::distr::Distribution;
use rand::{RngExt, SeedableRng};
use rand_distr::{LogNormal, Zipf};
use rand_pcg::Pcg64;
use testkit::SeededRandom;

use crate::Result;

/// First and last names of a language, and its share of people in hundredths.
type Names = (&'static [&'static str], &'static [&'static str], u32);

const LANGUAGES: [Names; 5] = [
    (EN::NAME_FIRST_NAME, EN::NAME_LAST_NAME, 50),
    (PT_BR::NAME_FIRST_NAME, PT_BR::NAME_LAST_NAME, 20),
    (FR_FR::NAME_FIRST_NAME, FR_FR::NAME_LAST_NAME, 12),
    (DE_DE::NAME_FIRST_NAME, DE_DE::NAME_LAST_NAME, 10),
    (IT_IT::NAME_FIRST_NAME, IT_IT::NAME_LAST_NAME, 8),
];

/// A prime, by which a list is gone through in another order than its own.
const STRIDE: usize = 7_919;

/// The moment at which the first of them registered.
struct Registered(Timestamp);

impl Clock for Registered {
    fn now(&self) -> Timestamp {
        self.0
    }
}

/// Makes up people. Names are as frequent as Zipf's law says, and the numbers of their followers are lognormal.
pub fn people(count: usize, seed: u64) -> Result<Vec<User>> {
    let mut chance = Pcg64::seed_from_u64(seed);
    let random = SeededRandom::new(seed);
    let followers = LogNormal::new(2.5, 2.0)?;
    let mut taken = HashSet::with_capacity(count);
    let mut people = Vec::with_capacity(count);
    for number in 0..count {
        let mut share = chance.random_range(0..100_u32);
        let language = LANGUAGES.iter().find(|(.., of)| {
            let is_here = share < *of;
            share = share.saturating_sub(*of);
            is_here
        });
        let Some((firsts, lasts, _)) = language else { continue };
        let (first, last) = (drawn(firsts, &mut chance)?, drawn(lasts, &mut chance)?);
        let username = loop {
            let name = username(first, last, &mut chance);
            if taken.insert(name.to_ascii_lowercase()) {
                break UserName::parse(&name)?;
            }
        };
        let registered = Registered(Timestamp(1_700_000_000_000 + i64::try_from(number)?));
        let id = UserId::generate(Home::LOCAL, &registered, &random);
        let full_name = chance.random_bool(0.8).then(|| format!("{first} {last}"));
        let mut user = User::new(id, username, full_name);
        let drawn: f64 = followers.sample(&mut chance);
        #[expect(clippy::cast_possible_truncation, reason = "a number of followers")]
        let drawn = drawn.min(5e8) as i64;
        user.followers = drawn;
        people.push(user);
    }
    Ok(people)
}

/// Draws one of a list: the k-th of its order is about k times as rare as the first. The lists are sorted by letters, so
/// that the order is another one.
fn drawn(list: &'static [&'static str], chance: &mut Pcg64) -> Result<&'static str> {
    #[expect(clippy::cast_precision_loss, reason = "a list of names is short")]
    let zipf = Zipf::new(list.len() as f64, 0.9)?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a rank of that list")]
    let rank = zipf.sample(chance) as usize;
    let at = rank.wrapping_mul(STRIDE) % list.len().max(1);
    Ok(list.get(at).copied().unwrap_or_default())
}

fn username(first: &str, last: &str, chance: &mut Pcg64) -> String {
    let plain = |name: &str| fold(name).replace(|letter: char| !letter.is_ascii_alphanumeric(), "");
    let (first, last) = (plain(first), plain(last));
    let number = chance.random_range(1..100_000_u32);
    let name = match chance.random_range(0..5_u32) {
        0 => format!("{first}.{last}.{number}"),
        1 => format!("{first}_{last}{number}"),
        2 => format!("{first}{number}"),
        3 => format!("{first}{last}{number}"),
        _ => format!("the.real.{first}{number}"),
    };
    name.chars().take(30).collect::<String>().trim_matches('.').replace("..", ".")
}

/// What somebody types.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// The beginning of a user name.
    UserName,
    /// The beginning of a word of a full name.
    Word,
    /// A word, and the beginning of the one after it.
    TwoWords,
    /// A word with a character too many, one too few or another one.
    Error,
    /// A word with two neighbours swapped.
    Swap,
}

impl Kind {
    /// All of them, in the order of the report.
    pub const ALL: [Self; 5] = [Self::UserName, Self::Word, Self::TwoWords, Self::Error, Self::Swap];

    /// Returns its name in the report.
    pub fn name(self) -> &'static str {
        match self {
            Self::UserName => "beginning of a user name",
            Self::Word => "beginning of a word of a full name",
            Self::TwoWords => "a word and the beginning of the next",
            Self::Error => "a word with an error",
            Self::Swap => "a word with a swap",
        }
    }

    /// Returns whether what is typed is no beginning of a name.
    pub fn is_mistyped(self) -> bool {
        matches!(self, Self::Error | Self::Swap)
    }
}

/// Returns searches for people, as many of each kind. Everybody is searched for alike.
pub fn searches(people: &[User], count: usize, seed: u64) -> Vec<(Kind, String)> {
    let mut chance = Pcg64::seed_from_u64(seed ^ 0x5eed);
    let mut searches = Vec::with_capacity(count);
    while searches.len() < count && !people.is_empty() {
        let Some(kind) = Kind::ALL.get(searches.len() % Kind::ALL.len()).copied() else { break };
        let Some(person) = people.get(chance.random_range(0..people.len())) else { break };
        searches.extend(typed(kind, person, &mut chance).map(|text| (kind, text)));
    }
    searches
}

/// Returns what is typed for somebody; `None` where their names are too short for that.
fn typed(kind: Kind, person: &User, chance: &mut Pcg64) -> Option<String> {
    let full_name = person.full_name.as_deref().map(fold);
    let words: Vec<&str> = full_name.as_deref().unwrap_or_default().split(' ').collect();
    let mut beginning = |text: &str| -> Option<String> {
        let length = text.chars().count();
        let end = if length < 3 { length } else { chance.random_range(2..=length.min(8)) };
        (length > 1).then(|| text.chars().take(end).collect())
    };
    match kind {
        Kind::UserName => beginning(person.username.as_str()),
        Kind::Word => beginning(words.last()?),
        Kind::TwoWords => {
            let (first, second) = (words.first()?, words.get(1)?);
            Some(format!("{first} {}", beginning(second)?))
        }
        Kind::Error | Kind::Swap => {
            let mut letters: Vec<char> = words.first()?.chars().collect();
            if letters.len() < 5 {
                return None;
            }
            let at = chance.random_range(1..letters.len() - 1);
            let letter = char::from(chance.random_range(b'a'..=b'z'));
            match (kind, chance.random_range(0..3_u32)) {
                (Kind::Swap, _) => letters.swap(at, at + 1),
                (_, 0) => drop(letters.remove(at)),
                (_, 1) => letters.insert(at, letter),
                _ => *letters.get_mut(at)? = letter,
            }
            let mistyped: String = letters.into_iter().collect();
            (mistyped != *words.first()?).then_some(mistyped)
        }
    }
}
