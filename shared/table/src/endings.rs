//! Follows and requests that end, or begin, by what somebody else says: a block, a removal, an answer.
//!
//! What is said is an item of who says it. `derive` applies it to the actors' edges, and the ordinary
//! derivations do the rest. Each edge is named by the moment since which it exists. So a stale or repeated
//! record never ends an edge that began later.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use aws_sdk_dynamodb::types::{ConditionCheck, Delete, TransactWriteItem};
use domain::visibility::Pair;
use domain::{Relation, Timestamp, UserId};
use serde::Deserialize;

use crate::calls::{key_item, number};
use crate::edges::{Order, transact_patiently};
use crate::error::done;
use crate::keys::ItemKey;
use crate::pair::BLOCK;
use crate::relations::describe;
use crate::{Error, Result, Table, pair, request};

#[derive(Deserialize)]
struct Since {
    at: Timestamp,
}

/// Applies what `by` says about `about` at present to the follows and requests between them.
///
/// 1 RRU. For a block 4 RRU more, and 4 WRU for each edge that ends. For a removal or a declined request
/// 1 WRU, for an accepted one 1 RRU and 4 WRU.
///
/// # Errors
/// [`Error::Busy`] when another writer holds an edge. A retry is safe.
pub(crate) async fn apply(table: &Table, by: UserId, about: UserId, order: Order) -> Result<()> {
    let Pair { block, removed, left, answer, .. } = pair::get_latest(table, by, about).await?;
    // What is named ends whatever is said by now. An unblock that came before this does not bring it back.
    if let Some(since) = removed {
        end(table, &ItemKey::Following(about, by), since).await?;
    }
    if let Some(since) = left {
        end(table, &ItemKey::Following(by, about), since).await?;
    }
    if block.is_some() {
        return end_all(table, by, about, order).await;
    }
    match answer {
        Some(answer) if answer.accepted => request::accept(table, about, by, answer, order).await,
        Some(answer) => request::decline(table, about, by, answer.to).await,
        None => Ok(()),
    }
}

/// Returns which of these follows and requests a block forbids, and ends them. Each is named by the moment since
/// which it exists; other relations are left out.
///
/// 2 RRU for each, one round trip for each 50, and 4 WRU for each that is forbidden.
///
/// # Errors
/// [`Error::Busy`] when another writer holds an edge. A retry is safe.
pub(crate) async fn forbidden(
    table: &Table,
    edges: &BTreeMap<Relation, Timestamp>,
    order: Order,
) -> Result<BTreeSet<Relation>> {
    // The other's block is likelier, so it is tried first.
    let between = edges.iter().filter_map(|(relation, since)| match *relation {
        Relation::Follow(user, other) | Relation::Request(user, other) => {
            Some((*relation, *since, [(other, user), (user, other)]))
        }
        _ => None,
    });
    let between: Vec<_> = between.collect();
    let keys = between.iter().flat_map(|(.., pairs)| pairs.map(|(by, about)| ItemKey::Pair(by, about)));
    let keys: Vec<ItemKey> = keys.collect();
    let said = table.batch_get_latest::<Pair>(&keys).await?;
    let blocks = said.into_iter().filter(|(_, pair)| pair.block.is_some());
    let blocks: HashSet<ItemKey> = blocks.map(|(key, _)| key).collect();
    let mut forbidden = BTreeSet::new();
    for (relation, since, pairs) in between {
        for (by, about) in pairs {
            if blocks.contains(&ItemKey::Pair(by, about))
                && end_while_blocked(table, &describe(relation).source, since, (by, about), order).await?
            {
                forbidden.insert(relation);
                break;
            }
        }
    }
    Ok(forbidden)
}

/// Ends every follow and request between two people, of whom `by` blocks the other.
async fn end_all(table: &Table, by: UserId, about: UserId, order: Order) -> Result<()> {
    let keys = [
        ItemKey::Following(about, by),
        ItemKey::Following(by, about),
        ItemKey::Request(about, by),
        ItemKey::Request(by, about),
    ];
    for (edge, Since { at }) in table.batch_get_latest::<Since>(&keys).await? {
        end_while_blocked(table, &edge, at, (by, about), order).await?;
    }
    Ok(())
}

/// Deletes an actor's edge that exists since `since`, if it is still that. 1 WRU.
pub(crate) async fn end(table: &Table, edge: &ItemKey, since: Timestamp) -> Result<()> {
    let answer = table
        .client
        .delete_item()
        .table_name(&*table.name)
        .set_key(Some(key_item(edge)))
        .condition_expression("#at = :at")
        .expression_attribute_names("#at", "at")
        .expression_attribute_values(":at", number(since.0))
        .send()
        .await;
    done("DeleteItem", answer).map(|_| ())
}

/// Returns the same as a part of a transaction.
pub(crate) fn deletion(table: &Table, edge: &ItemKey, since: Timestamp) -> Result<TransactWriteItem> {
    let delete = Delete::builder()
        .table_name(&*table.name)
        .set_key(Some(key_item(edge)))
        .condition_expression("#at = :at")
        .expression_attribute_names("#at", "at")
        .expression_attribute_values(":at", number(since.0))
        .build()
        .map_err(Error::unreadable)?;
    Ok(TransactWriteItem::builder().delete(delete).build())
}

/// Deletes an actor's edge that exists since `since`, in a transaction with the check that the pair still
/// blocks. Returns whether it does. 4 WRU.
async fn end_while_blocked(
    table: &Table,
    edge: &ItemKey,
    since: Timestamp,
    (by, about): (UserId, UserId),
    order: Order,
) -> Result<bool> {
    let delete = deletion(table, edge, since)?;
    let check = ConditionCheck::builder()
        .table_name(&*table.name)
        .set_key(Some(key_item(&ItemKey::Pair(by, about))))
        .condition_expression("attribute_exists(#block)")
        .expression_attribute_names("#block", BLOCK)
        .build()
        .map_err(Error::unreadable)?;
    let check = TransactWriteItem::builder().condition_check(check).build();
    let refused = transact_patiently(table, vec![delete, check], order).await?;
    Ok(!refused.contains(&1))
}
