//! Pairs: what somebody says about somebody else. Whatever follows from it is derived.

use domain::UserId;
use domain::visibility::Pair;

use crate::keys::ItemKey;
use crate::{Result, Table};

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
