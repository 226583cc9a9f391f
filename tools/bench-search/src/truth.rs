//! What a scan of everybody finds: whom a search ought to find.

use domain::UserId;
use domain::search::{Listed, Query};
use domain::user::User;

/// People who are compared.
pub const COMPARED: usize = 10;

/// Everybody, most followed first, with the folded words of their names.
pub struct Everybody {
    people: Vec<(UserId, i64, Vec<Vec<char>>)>,
}

impl Everybody {
    /// Returns everybody in the order of their followers.
    pub fn new(people: &[User]) -> Self {
        let mut people: Vec<_> = people
            .iter()
            .map(|user| {
                let words = Listed::from(user).words().into_iter();
                (user.id, user.followers, words.map(|word| word.chars().collect()).collect())
            })
            .collect();
        people.sort_unstable_by_key(|(id, followers, _)| (std::cmp::Reverse(*followers), *id));
        Self { people }
    }

    /// Returns the most followed of those whose names have words that begin as those of a query do; of a mistyped one,
    /// those for whom one edit in it is enough. With the least number of followers among them.
    pub fn best(&self, query: &Query, mistyped: bool) -> (Vec<UserId>, i64) {
        let wanted: Vec<Vec<char>> = query.as_str().split(' ').map(|word| word.chars().collect()).collect();
        let matching = self.people.iter().filter(|(.., words)| {
            wanted.iter().all(|wanted| words.iter().any(|word| begins(word, wanted, mistyped)))
        });
        let best: Vec<_> = matching.take(COMPARED).collect();
        let least = best.last().map_or(0, |(_, followers, _)| *followers);
        (best.into_iter().map(|(id, ..)| *id).collect(), least)
    }
}

/// Returns whether a word begins with what is wanted, where `mistyped` with one edit.
fn begins(word: &[char], wanted: &[char], mistyped: bool) -> bool {
    if word.starts_with(wanted) {
        return true;
    }
    let lengths = wanted.len().saturating_sub(1)..=wanted.len() + 1;
    mistyped && lengths.filter_map(|length| word.get(..length)).any(|prefix| is_one_edit(prefix, wanted))
}

fn is_one_edit(one: &[char], other: &[char]) -> bool {
    let front = one.iter().zip(other).take_while(|(a, b)| a == b).count();
    let (one, other) = (one.get(front..).unwrap_or_default(), other.get(front..).unwrap_or_default());
    let same = |a: &[char], b: &[char]| a == b;
    match (one, other) {
        ([_, a @ ..], [_, b @ ..]) if same(a, b) || same(a, other) || same(one, b) => true,
        ([a, b, rest @ ..], [c, d, others @ ..]) => a == d && b == c && rest == others,
        ([_], []) | ([], [_]) => true,
        _ => false,
    }
}
