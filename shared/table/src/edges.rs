//! Exact counting: a derived edge and the counters it is part of change in one transaction.
//!
//! An edge is stored under the condition that it is not there yet, and removed under the condition that it is. A
//! counter moves by the edges that really changed. So a record derived twice, late, or again after a crash changes
//! nothing, and at rest every counter equals the number of its edges.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{CancellationReason, Delete, Put, TransactWriteItem, Update};

use crate::calls::{back_off, key_item, number};
use crate::keys::{Name, PK};
use crate::{Error, Item, Result, Table};

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
/// 2 WRU for each edge that changes and 2 for each counted item in each transaction of up to 100 writes. Edges already in
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

/// Writes that an edge adds to a transaction: itself, and the counted items that no edge of the group counts in yet.
fn writes_added(group: &[Edge], edge: &Edge) -> usize {
    let known =
        |item: &Name| group.iter().any(|other| other.counters.iter().any(|(counted, _)| counted == item));
    1 + edge.counters.iter().filter(|(item, _)| !known(item)).count()
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
                    let gone: Vec<&Name> = counters
                        .keys()
                        .zip(refused.iter().skip(edges.len()))
                        .filter_map(|(item, refused)| refused.then_some(item))
                        .collect();
                    let mut refusals = refused.iter();
                    edges.retain(|edge| {
                        let settled = refusals.next().copied().unwrap_or(false);
                        !settled && !edge.counters.iter().any(|(item, _)| gone.contains(&item))
                    });
                }
            }
        }
        back_off(attempt).await;
    }
    Err(Error::busy("TransactWriteItems", "the counted items stayed contended"))
}

/// How far the counters of one item move.
type Steps = BTreeMap<&'static str, i64>;

/// How far each counter moves, by item: a transaction may write an item once only, and whoever follows may be followed
/// in the same batch. Ordered, so that writers of the same counters lock them in the same order.
fn sums(edges: &[Edge]) -> BTreeMap<Name, Steps> {
    let mut sums: BTreeMap<Name, Steps> = BTreeMap::new();
    for edge in edges {
        let step = if edge.item.is_some() { 1 } else { -1 };
        for (item, attribute) in &edge.counters {
            *sums.entry(item.clone()).or_default().entry(attribute).or_insert(0) += step;
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

async fn write(table: &Table, edges: &[Edge], counters: &BTreeMap<Name, Steps>) -> Result<Written> {
    let edge_writes = edges.iter().map(|edge| edge_write(table, edge));
    let counter_writes = counters.iter().map(|(item, steps)| counter_write(table, item, steps));
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

fn counter_write(table: &Table, item: &Name, steps: &Steps) -> Result<TransactWriteItem> {
    let adds: Vec<String> = (0..steps.len()).map(|place| format!("#counter{place} :step{place}")).collect();
    let mut update = Update::builder()
        .table_name(&*table.name)
        .set_key(Some(key_item(&item.key())))
        .update_expression(format!("ADD {}", adds.join(", ")))
        .condition_expression(format!("attribute_exists({PK})"));
    for (place, (attribute, step)) in steps.iter().enumerate() {
        update = update
            .expression_attribute_names(format!("#counter{place}"), *attribute)
            .expression_attribute_values(format!(":step{place}"), number(*step));
    }
    let update = update.build().map_err(Error::unreadable)?;
    Ok(TransactWriteItem::builder().update(update).build())
}
