//! Exact counting: a derived edge and the counters it is part of change in one transaction.
//!
//! An edge is stored under the condition that it is not there yet, and removed under the condition that it is. A
//! counter moves by the edges that really changed. So a record derived twice, late, or again after a crash changes
//! nothing, and at rest every counter equals the number of its edges.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{CancellationReason, Delete, Put, TransactWriteItem, Update};

use crate::calls::{Item, back_off, key_item, number};
use crate::keys::{Name, PK};
use crate::{Error, Result, Table};

/// A counter: an item and one of its attributes.
pub(crate) type Counter = (Name, &'static str);

/// The state an edge should be in, and the counters that count it.
pub(crate) struct Edge {
    pub(crate) name: Name,
    /// The item to store, or none when the edge is to go.
    pub(crate) item: Option<Item>,
    pub(crate) counters: Vec<Counter>,
}

const TRANSACTION: usize = 100;
const ATTEMPTS: u32 = 6;

/// Brings edges and their counters into the given states; of several states of one edge the last counts.
///
/// 2 WRU for each edge that changes and 2 for each counter in each transaction of up to 100 writes. Edges already in
/// their state, and edges whose counted item is gone, are left out. [`Error::Busy`] when throttles or conflicts outlast
/// the retries; everything done until then stays done, and doing all again is safe.
pub(crate) async fn settle(table: &Table, edges: Vec<Edge>) -> Result<()> {
    let mut last: HashMap<crate::keys::Key, usize> = HashMap::new();
    for (index, edge) in edges.iter().enumerate() {
        last.insert(edge.name.key(), index);
    }
    let mut group: Vec<Edge> = Vec::new();
    let mut weight = 0;
    for (index, edge) in edges.into_iter().enumerate() {
        if last.get(&edge.name.key()) != Some(&index) {
            continue;
        }
        let mut adds = writes_added(&group, &edge);
        if weight + adds > TRANSACTION {
            settle_group(table, std::mem::take(&mut group)).await?;
            weight = 0;
            adds = writes_added(&group, &edge);
        }
        weight += adds;
        group.push(edge);
    }
    settle_group(table, group).await
}

/// Writes that an edge adds to a transaction: itself, and the counters that no edge of the group counts yet.
fn writes_added(group: &[Edge], edge: &Edge) -> usize {
    let new =
        edge.counters.iter().filter(|counter| !group.iter().any(|other| other.counters.contains(counter)));
    1 + new.count()
}

async fn settle_group(table: &Table, mut edges: Vec<Edge>) -> Result<()> {
    for attempt in 0..ATTEMPTS {
        loop {
            if edges.is_empty() {
                return Ok(());
            }
            let counters = sums(&edges);
            match write(table, &edges, &counters).await? {
                Written::All => return Ok(()),
                Written::Busy => break,
                Written::Refused(refused) => {
                    let gone: Vec<&Counter> = counters
                        .keys()
                        .zip(refused.iter().skip(edges.len()))
                        .filter_map(|(counter, refused)| refused.then_some(counter))
                        .collect();
                    let mut refusals = refused.iter();
                    edges.retain(|edge| {
                        let settled = refusals.next().copied().unwrap_or(false);
                        !settled && !edge.counters.iter().any(|counter| gone.contains(&counter))
                    });
                }
            }
        }
        back_off(attempt).await;
    }
    Err(Error::busy("TransactWriteItems", "the counted items stayed contended"))
}

/// How far each counter moves. Ordered, so that writers of the same counters lock them in the same order.
fn sums(edges: &[Edge]) -> BTreeMap<Counter, i64> {
    let mut sums = BTreeMap::new();
    for edge in edges {
        let step = if edge.item.is_some() { 1 } else { -1 };
        for counter in &edge.counters {
            *sums.entry(counter.clone()).or_insert(0) += step;
        }
    }
    sums
}

enum Written {
    All,
    /// Nothing was written; for each write, whether its condition did not hold.
    Refused(Vec<bool>),
    /// Nothing was written; another writer or the partition was in the way.
    Busy,
}

async fn write(table: &Table, edges: &[Edge], counters: &BTreeMap<Counter, i64>) -> Result<Written> {
    let edge_writes = edges.iter().map(|edge| edge_write(table, edge));
    let counter_writes = counters.iter().map(|(counter, step)| counter_write(table, counter, *step));
    let writes = edge_writes.chain(counter_writes).collect::<Result<Vec<_>>>()?;
    let expected = writes.len();
    match table.client.transact_write_items().set_transact_items(Some(writes)).send().await {
        Ok(_) => Ok(Written::All),
        Err(error) => match cancellation(&error) {
            Some(reasons) if reasons.len() == expected => {
                let refused: Vec<bool> =
                    reasons.iter().map(|reason| reason.code() == Some("ConditionalCheckFailed")).collect();
                Ok(if refused.contains(&true) { Written::Refused(refused) } else { Written::Busy })
            }
            _ => match Error::sdk("TransactWriteItems", error) {
                Error::Busy { .. } => Ok(Written::Busy),
                other => Err(other),
            },
        },
    }
}

/// Why a transaction was cancelled, write by write; `None` for any other error.
pub(crate) fn cancellation<R>(error: &SdkError<TransactWriteItemsError, R>) -> Option<&[CancellationReason]> {
    match error.as_service_error()? {
        TransactWriteItemsError::TransactionCanceledException(canceled) => {
            Some(canceled.cancellation_reasons())
        }
        _ => None,
    }
}

fn edge_write(table: &Table, edge: &Edge) -> Result<TransactWriteItem> {
    let write = TransactWriteItem::builder();
    let write = match &edge.item {
        Some(item) => {
            let mut item = item.clone();
            item.extend(key_item(&edge.name.key()));
            write.put(
                Put::builder()
                    .table_name(&*table.name)
                    .set_item(Some(item))
                    .condition_expression(format!("attribute_not_exists({PK})"))
                    .build()
                    .map_err(Error::unreadable)?,
            )
        }
        None => write.delete(
            Delete::builder()
                .table_name(&*table.name)
                .set_key(Some(key_item(&edge.name.key())))
                .condition_expression(format!("attribute_exists({PK})"))
                .build()
                .map_err(Error::unreadable)?,
        ),
    };
    Ok(write.build())
}

fn counter_write(table: &Table, (name, attribute): &Counter, step: i64) -> Result<TransactWriteItem> {
    let update = Update::builder()
        .table_name(&*table.name)
        .set_key(Some(key_item(&name.key())))
        .update_expression("ADD #counter :step")
        .condition_expression(format!("attribute_exists({PK})"))
        .expression_attribute_names("#counter", *attribute)
        .expression_attribute_values(":step", number(step))
        .build()
        .map_err(Error::unreadable)?;
    Ok(TransactWriteItem::builder().update(update).build())
}
