//! Keys of the index of names.

use super::{Home, ItemKey, RawKey, TOP, UserId, id, partition};

/// Returns where somebody is under one text of their names.
pub(super) fn token(text: &str, user: UserId) -> RawKey {
    RawKey::new(partition::tokens(text), format!("{text}#{}", user.padded()))
}

/// Returns where the most popular of a prefix are: a partition of its own, as everybody looks for the shortest prefixes.
pub(super) fn top_list(home: Home, prefix: &str) -> RawKey {
    RawKey::new(format!("PREFIX#{home}#{prefix}"), TOP)
}

/// Reads a key of this kind of partition.
pub(super) fn parse(kind: &str, rest: &str, sk: &str) -> Option<ItemKey> {
    Some(match kind {
        "TOKENS" => {
            let (text, user) = sk.rsplit_once('#')?;
            ItemKey::Token(text.to_owned(), id(user)?)
        }
        "PREFIX" => {
            let (home, prefix) = rest.split_once('#')?;
            let home = Home::ALL.into_iter().find(|one| one.to_string() == home)?;
            ItemKey::TopList(home, prefix.to_owned())
        }
        "POPULAR" => {
            let (step, shard) = rest.split_once('#')?;
            ItemKey::Popular(step.parse().ok()?, shard.parse().ok()?, id(sk)?)
        }
        _ => return None,
    })
}
