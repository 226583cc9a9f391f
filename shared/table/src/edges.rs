//! Exact counting: a derived edge and the counters it is part of change in one transaction.
//!
//! An edge is stored under the condition that it does not exist, and removed under the condition that it
//! does. A counter changes by the number of edges that really changed. A record that is derived twice,
//! late, or again after a crash therefore changes nothing. Once every record is derived, every counter
//! equals the number of its edges.
//!
//! A derived edge mirrors an actor's edge, its *source edge*. There are two paths:
//!
//! - In the order of the stream ([`Order::InOrder`]) the last of several states is the right one, whatever
//!   was written before it.
//! - Out of order ([`Order::OutOfOrder`]) it is unknown which state is the last. Each edge is written under
//!   the condition that its source edge is in the same state. A state that is out of date is left out: the
//!   newer state is a change of its own, which arrives by one path or the other.
//!
//! Both paths may work on the same edges at once, with stale and repeated changes in any order.
//! The edges end as the actors left them.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{CancellationReason, ConditionCheck, Delete, Put, TransactWriteItem, Update};

use domain::{CommentId, CommentPath, PhotoId, Relation, UserId};
use futures::{StreamExt, TryStreamExt, stream};

use crate::calls::{back_off, key_item, number, stored};
use crate::counters::Counter;
use crate::keys::{ItemKey, PK};
use crate::relations::{Description, EdgeState, describe, outlives};
use crate::{Error, Item, Result, Table, comment, followings, head};

/// A derived edge, its wanted state, and the counters that count it.
struct Edge {
    key: ItemKey,
    /// The item to store, or none when the edge is to be removed.
    item: Option<Item>,
    source: ItemKey,
    counters: Vec<Counter>,
    /// Whether it is removed as long as one of its counted items exists ([`outlives`]).
    outlives: bool,
}

impl Edge {
    fn new(EdgeState { relation, attributes }: &EdgeState) -> Result<Self> {
        let Description { source, derived: key, counters, .. } = describe(*relation);
        let item = attributes.as_ref().map(|attributes| stored(&key, attributes)).transpose()?;
        let outlives = item.is_none() && outlives(*relation);
        Ok(Self { key, item, source, counters, outlives })
    }
}

/// The attribute that counts the changes of an item's counters. It only grows.
///
/// A recount may set a counter if the version is the same as before counting. Then no edge that the item
/// counts was added or removed meanwhile.
pub(crate) const VERSION: &str = "version";

const TRANSACTION: usize = 100;
/// Followers whose packed followings are renewed at once.
const FOLLOWERS_AT_ONCE: usize = 16;

/// The order in which changes arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// In the order of the stream, which is trusted.
    InOrder,
    /// Late or in any order. Each is checked against its source edge, and one that differs
    /// from it does nothing.
    OutOfOrder,
}

impl Order {
    /// Returns how often a transaction is tried.
    ///
    /// In order, later records of the stream wait. The pauses there add up to a quarter of a second at most.
    fn attempts(self) -> u32 {
        match self {
            Self::InOrder => 4,
            Self::OutOfOrder => 7,
        }
    }
}

/// Brings derived edges and their counters into the given states, then renews the heads of the authors whose
/// timelines change and the packed followings of followers. Of several states of one edge the last counts.
/// Returns the counted items that are gone.
///
/// 2 WRU for each edge that changes, 4 out of order, and 2 for each counted item in each transaction of up to
/// 100 writes; 1 WRU and 2 RRU for each head; 1 to 4 WRU and 4 RRU for each follow; and what
/// [`comment::renew_top`] costs for each photo whose comments were liked or answered. Edges that are already in
/// their state are left out, and so are edges whose counted item is gone. Only a comment is removed as long as
/// one of its counted items exists.
///
/// # Errors
/// [`Error::Busy`] when throttling or conflicts outlast the retries. What was written until then stays
/// written. A retry of everything is safe.
pub async fn settle(table: &Table, states: Vec<EdgeState>, order: Order) -> Result<BTreeSet<ItemKey>> {
    let mut last: BTreeMap<ItemKey, usize> = BTreeMap::new();
    let edges: Vec<Edge> = states.iter().map(Edge::new).collect::<Result<_>>()?;
    for (index, edge) in edges.iter().enumerate() {
        last.insert(edge.key.clone(), index);
    }
    let (mut group, mut gone): (Vec<Edge>, _) = (Vec::new(), BTreeSet::new());
    let mut weight = 0;
    for (index, edge) in edges.into_iter().enumerate() {
        if last.get(&edge.key) != Some(&index) {
            continue;
        }
        let mut adds = writes_added(&group, &edge, order);
        if weight + adds > TRANSACTION || collides(&group, &edge) {
            gone.append(&mut settle_group(table, std::mem::take(&mut group), order).await?);
            weight = 0;
            adds = writes_added(&group, &edge, order);
        }
        weight += adds;
        group.push(edge);
    }
    gone.append(&mut settle_group(table, group, order).await?);
    let timelines: BTreeMap<(UserId, PhotoId), bool> = states.iter().filter_map(in_timeline).collect();
    for ((author, photo), listed) in timelines {
        head::renew(table, author, photo, listed).await?;
    }
    stream::iter(followers(&states))
        .map(async |(follower, people)| followings::renew(table, follower, &people).await)
        .buffer_unordered(FOLLOWERS_AT_ONCE)
        .try_collect::<()>()
        .await?;
    let mut ranked: BTreeMap<PhotoId, BTreeSet<CommentId>> = BTreeMap::new();
    for path in states.iter().filter_map(re_ranked) {
        ranked.entry(path.photo).or_default().insert(path.comment);
    }
    for (photo, changed) in ranked {
        comment::renew_top(table, photo, &changed).await?;
    }
    Ok(gone)
}

/// Returns whose follows change, and of whom, each once.
fn followers(states: &[EdgeState]) -> BTreeMap<UserId, Vec<UserId>> {
    let mut followers: BTreeMap<UserId, Vec<UserId>> = BTreeMap::new();
    for state in states {
        if let Relation::Follow(follower, followee) = state.relation {
            let people = followers.entry(follower).or_default();
            if !people.contains(&followee) {
                people.push(followee);
            }
        }
    }
    followers
}

/// Returns the comment on a photo whose place among the top ones a state may change: it is liked, answered or
/// removed.
fn re_ranked(state: &EdgeState) -> Option<CommentPath> {
    match state.relation {
        Relation::CommentLike(_, path) if path.reply.is_none() => Some(path),
        Relation::Comment(_, path) if path.reply.is_some() || !state.is_there() => Some(path.top()),
        _ => None,
    }
}

/// Returns the timeline entry that a state is about, and whether it is to exist.
fn in_timeline(state: &EdgeState) -> Option<((UserId, PhotoId), bool)> {
    match state.relation {
        Relation::Timeline(author, photo) => Some(((author, photo), state.is_there())),
        _ => None,
    }
}

/// Returns whether an edge has to be written after the group and not with it: a transaction writes an item once,
/// and a comment is both an edge and what its replies and likes count on.
fn collides(group: &[Edge], edge: &Edge) -> bool {
    let counts_on = |one: &Edge, other: &Edge| one.counters.iter().any(|counter| counter.item() == other.key);
    group.iter().any(|other| counts_on(edge, other) || counts_on(other, edge))
}

/// Returns how many writes an edge adds to a transaction.
///
/// They are the edge, the check of its source edge, and the counted items that the group does not write yet.
fn writes_added(group: &[Edge], edge: &Edge, order: Order) -> usize {
    let known =
        |item: &ItemKey| group.iter().flat_map(|other| &other.counters).any(|other| other.item() == *item);
    let checks = usize::from(order == Order::OutOfOrder);
    1 + checks + edge.counters.iter().filter(|counter| !known(&counter.item())).count()
}

/// Brings the edges of one transaction into their states, and returns the counted items that are gone.
async fn settle_group(table: &Table, mut edges: Vec<Edge>, order: Order) -> Result<BTreeSet<ItemKey>> {
    let mut gone = BTreeSet::new();
    for attempt in 0..order.attempts() {
        if attempt > 0 {
            back_off(attempt - 1).await;
        }
        loop {
            if edges.is_empty() {
                return Ok(gone);
            }
            match write(table, &edges, order).await? {
                Written::All => return Ok(gone),
                Written::Busy => break,
                Written::Refused(refused) => {
                    let mut indexes = 0..;
                    edges.retain_mut(|edge| {
                        let settled =
                            indexes.next().is_some_and(|index| refused.contains(&Part::Edge(index)));
                        let is_gone = |counter: &Counter| refused.contains(&Part::Counted(counter.item()));
                        if settled || (!edge.outlives && edge.counters.iter().any(is_gone)) {
                            return false;
                        }
                        edge.counters.retain(|counter| !is_gone(counter));
                        !edge.counters.is_empty()
                    });
                    gone.extend(refused.into_iter().filter_map(|part| match part {
                        Part::Counted(item) => Some(item),
                        Part::Edge(_) => None,
                    }));
                }
            }
        }
    }
    Err(Error::busy("TransactWriteItems", "the counted items stayed contended"))
}

/// The changes of one item's counters, by attribute.
type Deltas = BTreeMap<&'static str, i64>;

/// Returns the changes of all counters, by item.
///
/// They are summed because a transaction may write an item only once, and a follower may be followed in the
/// same batch. They are ordered so that writers of the same counters lock them in the same order.
fn sums(edges: &[Edge]) -> BTreeMap<ItemKey, Deltas> {
    let mut sums: BTreeMap<ItemKey, Deltas> = BTreeMap::new();
    for edge in edges {
        let delta = if edge.item.is_some() { 1 } else { -1 };
        for counter in &edge.counters {
            *sums.entry(counter.item()).or_default().entry(counter.attribute()).or_insert(0) += delta;
        }
    }
    sums
}

/// The subject of a write in a transaction.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    /// The edge with this index: its own write, or the check of its source edge.
    Edge(usize),
    /// An item with counters.
    Counted(ItemKey),
}

enum Written {
    All,
    /// Nothing was written, because the conditions of these parts did not hold: an edge that is settled or
    /// out of date, or a counted item that is gone.
    Refused(BTreeSet<Part>),
    /// Nothing was written, because of another writer or throttling.
    Busy,
}

async fn write(table: &Table, edges: &[Edge], order: Order) -> Result<Written> {
    let (mut parts, mut writes) = (Vec::new(), Vec::new());
    for (index, edge) in edges.iter().enumerate() {
        parts.push(Part::Edge(index));
        writes.push(edge_write(table, edge)?);
        if order == Order::OutOfOrder {
            parts.push(Part::Edge(index));
            writes.push(source_check(table, edge)?);
        }
    }
    for (item, deltas) in sums(edges) {
        writes.push(counter_write(table, &item, &deltas)?);
        parts.push(Part::Counted(item));
    }
    Ok(match transact(table, writes).await? {
        Transacted::All => Written::All,
        Transacted::Busy => Written::Busy,
        Transacted::Refused(refused) => {
            let parts = refused.into_iter().filter_map(|index| parts.get(index).cloned());
            Written::Refused(parts.collect())
        }
    })
}

/// The result of a transaction.
pub(crate) enum Transacted {
    All,
    /// Nothing was written, because the conditions of the writes with these indexes did not hold.
    Refused(Vec<usize>),
    /// Nothing was written, because of another writer or throttling.
    Busy,
}

/// Sends a transaction once.
pub(crate) async fn transact(table: &Table, writes: Vec<TransactWriteItem>) -> Result<Transacted> {
    let count = writes.len();
    match table.client.transact_write_items().set_transact_items(Some(writes)).send().await {
        Ok(_) => Ok(Transacted::All),
        Err(error) => match cancellation(&error) {
            Some(reasons) if reasons.len() == count => {
                let failed = |reason: &CancellationReason| reason.code() == Some("ConditionalCheckFailed");
                let refused = reasons.iter().enumerate().filter(|(_, reason)| failed(reason));
                let refused: Vec<usize> = refused.map(|(index, _)| index).collect();
                Ok(if refused.is_empty() { Transacted::Busy } else { Transacted::Refused(refused) })
            }
            _ => match Error::sdk("TransactWriteItems", error) {
                Error::Busy { .. } => Ok(Transacted::Busy),
                other => Err(other),
            },
        },
    }
}

/// Sends a transaction until it is written or refused; returns the indexes of the writes whose conditions did
/// not hold, none when it is written.
///
/// # Errors
/// [`Error::Busy`] when throttling or conflicts outlast the retries.
pub(crate) async fn transact_patiently(
    table: &Table,
    writes: Vec<TransactWriteItem>,
    order: Order,
) -> Result<Vec<usize>> {
    for attempt in 0..order.attempts() {
        if attempt > 0 {
            back_off(attempt - 1).await;
        }
        match transact(table, writes.clone()).await? {
            Transacted::All => return Ok(Vec::new()),
            Transacted::Refused(refused) => return Ok(refused),
            Transacted::Busy => {}
        }
    }
    Err(Error::busy("TransactWriteItems", "the items stayed contended"))
}

/// Returns why a transaction was cancelled, write by write; `None` for any other error.
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
        Some(item) => write.put(
            Put::builder()
                .table_name(&*table.name)
                .set_item(Some(item.clone()))
                .condition_expression(format!("attribute_not_exists({PK})"))
                .build()
                .map_err(Error::unreadable)?,
        ),
        None => write.delete(
            Delete::builder()
                .table_name(&*table.name)
                .set_key(Some(key_item(&edge.key)))
                .condition_expression(format!("attribute_exists({PK})"))
                .build()
                .map_err(Error::unreadable)?,
        ),
    };
    Ok(write.build())
}

/// Returns the check that the source edge is in the state that the edge is to have.
fn source_check(table: &Table, edge: &Edge) -> Result<TransactWriteItem> {
    let wanted = if edge.item.is_some() { "attribute_exists" } else { "attribute_not_exists" };
    let check = ConditionCheck::builder()
        .table_name(&*table.name)
        .set_key(Some(key_item(&edge.source)))
        .condition_expression(format!("{wanted}({PK})"))
        .build()
        .map_err(Error::unreadable)?;
    Ok(TransactWriteItem::builder().condition_check(check).build())
}

fn counter_write(table: &Table, item: &ItemKey, deltas: &Deltas) -> Result<TransactWriteItem> {
    let adds: Vec<String> = (0..deltas.len()).map(|index| format!("#counter{index} :delta{index}")).collect();
    let mut update = Update::builder()
        .table_name(&*table.name)
        .set_key(Some(key_item(item)))
        .update_expression(format!("ADD {VERSION} :move, {}", adds.join(", ")))
        .expression_attribute_values(":move", number(1))
        .condition_expression(format!("attribute_exists({PK})"));
    for (index, (attribute, delta)) in deltas.iter().enumerate() {
        update = update
            .expression_attribute_names(format!("#counter{index}"), *attribute)
            .expression_attribute_values(format!(":delta{index}"), number(*delta));
    }
    let update = update.build().map_err(Error::unreadable)?;
    Ok(TransactWriteItem::builder().update(update).build())
}
