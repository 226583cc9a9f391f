//! Pairs: what somebody says about somebody else. Whatever follows from it is derived.

use aws_sdk_dynamodb::types::AttributeValue;
use domain::visibility::{Answer, Bell, Mute, Pair};
use domain::{Timestamp, UserId};
use serde::Serialize;
use serde_dynamo::aws_sdk_dynamodb_1::to_attribute_value;

use crate::calls::{Range, number};
use crate::error::done;
use crate::keys::{ItemKey, partition, sort};
use crate::{Error, Result, Table};

pub(crate) const BLOCK: &str = "block";
const MUTE: &str = "mute";
const CLOSE: &str = "close";
const BELL: &str = "bell";
const REMOVED: &str = "removed";
const LEFT: &str = "left";
const ANSWER: &str = "answer";

/// A list that somebody keeps of others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// Whom they block.
    Blocks,
    /// Whom they mute.
    Mutes,
    /// Whom they count among their close friends.
    CloseFriends,
}

impl Kept {
    fn holds(self, pair: &Pair) -> bool {
        match self {
            Self::Blocks => pair.block.is_some(),
            Self::Mutes => pair.mute.is_some(),
            Self::CloseFriends => pair.close.is_some(),
        }
    }
}

/// A page of a list that somebody keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The others, by id, and what is said about each.
    pub people: Vec<(UserId, Pair)>,
    /// After whom the list continues; none at its end.
    pub next: Option<UserId>,
}

/// The follows that a block ends, each named by the moment since which it exists.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ended {
    /// The other's follow of who blocks.
    pub theirs: Option<Timestamp>,
    /// The follow of the other by who blocks.
    pub own: Option<Timestamp>,
}

/// Reads what `user` says about `other`, eventually consistent. 0.5 RRU.
pub async fn get(table: &Table, user: UserId, other: UserId) -> Result<Pair> {
    Ok(table.get(&ItemKey::Pair(user, other)).await?.unwrap_or_default())
}

/// Reads what `user` says about `other`, strongly consistent. 1 RRU.
pub async fn get_latest(table: &Table, user: UserId, other: UserId) -> Result<Pair> {
    Ok(table.get_latest(&ItemKey::Pair(user, other)).await?.unwrap_or_default())
}

/// Reads what `user` says about each of `others` and what each says about `user`, eventually consistent; pairs
/// of nothing are left out. 0.5 RRU each, twice as many as others, one round trip for each 50 of them.
pub async fn between(
    table: &Table,
    user: UserId,
    others: &[UserId],
) -> Result<Vec<((UserId, UserId), Pair)>> {
    let pairs = others.iter().filter(|other| **other != user);
    let keys: Vec<ItemKey> =
        pairs.flat_map(|other| [ItemKey::Pair(user, *other), ItemKey::Pair(*other, user)]).collect();
    let found = table.batch_get::<Pair>(&keys).await?.into_iter().filter_map(|(key, pair)| match key {
        ItemKey::Pair(by, about) => Some(((by, about), pair)),
        _ => None,
    });
    Ok(found.collect())
}

/// Reads up to `limit` of those whom a list of `user`'s has after `after`, strongly consistent.
///
/// 1 RRU for each 4 KiB of what `user` says about anybody, about 40 pairs, and for 4,000 pairs at most: then
/// the page is short and continues. One round trip for each 500.
pub async fn page(
    table: &Table,
    user: UserId,
    kept: Kept,
    after: Option<UserId>,
    limit: usize,
) -> Result<Listed> {
    const EXAMINED: usize = 500;
    const ROUNDS: usize = 8;
    let mut people = Vec::with_capacity(limit);
    let mut last = after;
    for _ in 0..ROUNDS {
        let range = Range {
            pk: partition::pairs(user),
            from: last.map_or_else(|| "0".to_owned(), |last| format!("{}#", last.padded())),
            to: sort::AFTER_DIGITS.to_owned(),
            newest_first: false,
            limit: EXAMINED,
            consistent: true,
        };
        let examined = table.query::<Pair>(range).await?;
        for (key, pair) in examined.items {
            let ItemKey::Pair(_, other) = key else { continue };
            if kept.holds(&pair) {
                if people.len() == limit {
                    return Ok(Listed { people, next: last });
                }
                people.push((other, pair));
            }
            last = Some(other);
        }
        if !examined.more {
            return Ok(Listed { people, next: None });
        }
    }
    Ok(Listed { people, next: last })
}

/// Blocks `other`, and ends both follows; returns whether `user` did not block them before. 1 WRU.
pub async fn block(table: &Table, user: UserId, other: UserId, ended: Ended, at: Timestamp) -> Result<bool> {
    let mut sets = vec!["#block = :at"];
    let mut request = table
        .update(&ItemKey::Pair(user, other))
        .condition_expression("attribute_not_exists(#block)")
        .expression_attribute_names("#block", BLOCK)
        .expression_attribute_values(":at", number(at.0));
    let named = [
        ("#removed = :removed", "#removed", REMOVED, ":removed", ended.theirs),
        ("#left = :left", "#left", LEFT, ":left", ended.own),
    ];
    for (set, name, attribute, value, since) in named {
        if let Some(since) = since {
            sets.push(set);
            request = request
                .expression_attribute_names(name, attribute)
                .expression_attribute_values(value, number(since.0));
        }
    }
    let answer = request.update_expression(format!("SET {}", sets.join(", "))).send().await;
    done("UpdateItem", answer)
}

/// Blocks `other` no more; returns whether `user` did. 1 WRU. What the block ended stays ended.
pub async fn unblock(table: &Table, user: UserId, other: UserId) -> Result<bool> {
    take_back(table, user, other, BLOCK).await
}

/// Mutes something of `other`; returns whether that changes anything. 1 WRU.
pub async fn mute(table: &Table, user: UserId, other: UserId, mute: Mute) -> Result<bool> {
    say(table, user, other, MUTE, mute, true).await
}

/// Mutes nothing of `other`; returns whether `user` did. 1 WRU.
pub async fn unmute(table: &Table, user: UserId, other: UserId) -> Result<bool> {
    take_back(table, user, other, MUTE).await
}

/// Counts `other` among the close friends of `user`; returns whether that is new. 1 WRU.
pub async fn befriend(table: &Table, user: UserId, other: UserId, at: Timestamp) -> Result<bool> {
    say(table, user, other, CLOSE, at, false).await
}

/// Counts `other` among the close friends of `user` no more; returns whether they were. 1 WRU.
pub async fn unfriend(table: &Table, user: UserId, other: UserId) -> Result<bool> {
    take_back(table, user, other, CLOSE).await
}

/// Switches on the bell of `user` in their follow of `other` that exists since `follow`; returns whether it was off in
/// that. 1 WRU.
pub async fn ring(table: &Table, user: UserId, other: UserId, follow: Timestamp) -> Result<bool> {
    say(table, user, other, BELL, Bell { follow, off_at: None }, true).await
}

/// Switches off the bell of `user` for `other`; returns whether one was on. 1 WRU.
pub async fn silence(table: &Table, user: UserId, other: UserId, at: Timestamp) -> Result<bool> {
    let answer = table
        .update(&ItemKey::Pair(user, other))
        .update_expression("SET #bell.off_at = :at")
        .condition_expression("attribute_exists(#bell) AND attribute_not_exists(#bell.off_at)")
        .expression_attribute_names("#bell", BELL)
        .expression_attribute_values(":at", number(at.0))
        .send()
        .await;
    done("UpdateItem", answer)
}

/// Ends the follow of `user` by `other` that exists since `since`; returns whether that was not said before.
/// 1 WRU.
pub async fn remove(table: &Table, user: UserId, other: UserId, since: Timestamp) -> Result<bool> {
    say(table, user, other, REMOVED, since, true).await
}

/// Answers the request of `other` to follow `user`; returns whether that was not said before. 1 WRU.
pub async fn answer(table: &Table, user: UserId, other: UserId, answer: Answer) -> Result<bool> {
    say(table, user, other, ANSWER, answer, true).await
}

/// Sets one thing that `user` says about `other`. What is there already stays, unless it is `replaced`.
async fn say(
    table: &Table,
    user: UserId,
    other: UserId,
    what: &str,
    value: impl Serialize,
    replaced: bool,
) -> Result<bool> {
    let value: AttributeValue = to_attribute_value(value).map_err(Error::unreadable)?;
    let differs = if replaced { " OR #said <> :said" } else { "" };
    let answer = table
        .update(&ItemKey::Pair(user, other))
        .update_expression("SET #said = :said")
        .condition_expression(format!("attribute_not_exists(#said){differs}"))
        .expression_attribute_names("#said", what)
        .expression_attribute_values(":said", value)
        .send()
        .await;
    done("UpdateItem", answer)
}

async fn take_back(table: &Table, user: UserId, other: UserId, what: &str) -> Result<bool> {
    let answer = table
        .update(&ItemKey::Pair(user, other))
        .update_expression("REMOVE #said")
        .condition_expression("attribute_exists(#said)")
        .expression_attribute_names("#said", what)
        .send()
        .await;
    done("UpdateItem", answer)
}
