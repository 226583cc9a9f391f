//! Inboxes: aggregated rows, a marker for each actor in them, and up to when the recipient has read.

use aws_sdk_dynamodb::types::{Delete, Put, TransactWriteItem};
use domain::clock::DAY_MS;
use domain::inbox::{Actor, Once, ROW_DAYS, Row, RowId, Subject};
use domain::{Timestamp, UserId};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use crate::calls::{Range, back_off, key_item, number, stored};
use crate::edges::cancellation;
use crate::error::done;
use crate::keys::{ItemKey, PK, partition, sort};
use crate::{Error, Page, Result, Table};

#[derive(Serialize, Deserialize)]
struct StoredRow {
    #[serde(flatten)]
    row: Row,
    version: u64,
    expires_at: i64,
}

/// When an actor did something for the first time. Doing it again does not make it new.
#[derive(Serialize, Deserialize)]
struct Marker {
    at: Timestamp,
    #[serde(default)]
    username: String,
    /// Set while the actor is not in the row.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    taken_back: bool,
    expires_at: i64,
}

#[derive(Serialize, Deserialize)]
struct State {
    read_to: Timestamp,
}

/// The result of aligning an inbox with what an actor does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aligned {
    /// The actor is in the row now.
    Added,
    /// The actor is in the row no more.
    TakenBack,
    /// The inbox was right already.
    Unchanged,
}

/// Brings `recipient`'s inbox in line with what `actor` does: `edge` is the actor's edge as it is now, if there is
/// one. Of one that is told of once a day it is one of that day.
///
/// An actor is told of once. Liking, unliking and liking again brings the row back as it was, with the moment
/// of the first like. A row without actors is deleted.
///
/// Marker and row read (2 RRU), both written in one transaction (4 WRU); the marker alone if nothing is to be
/// done (1 RRU). As much again for each race lost. Up to 100 markers more (4 RRU) when one of the newest
/// actors of many takes back.
pub async fn align(
    table: &Table,
    recipient: UserId,
    once: Once,
    actor: UserId,
    edge: Option<&Actor>,
) -> Result<Aligned> {
    const RACES: u32 = 10;
    let marker_key = ItemKey::InboxMarker(recipient, once, actor);
    for race in 0..RACES {
        let marker: Option<Marker> = table.get_latest(&marker_key).await?;
        let (at, username) = match (&marker, edge) {
            (None, Some(edge)) => (edge.at, edge.username.clone()),
            (Some(marker), edge) if marker.taken_back == edge.is_some() => {
                (marker.at, edge.map_or_else(|| marker.username.clone(), |edge| edge.username.clone()))
            }
            _ => return Ok(Aligned::Unchanged),
        };
        let row_id = RowId::of(once.subject(), recipient, at);
        let row_key = ItemKey::InboxRow(recipient, row_id);
        let expires_at = at.plus_days(ROW_DAYS).seconds();
        let old: Option<StoredRow> = table.get_latest(&row_key).await?;
        let version = old.as_ref().map(|old| old.version);
        let entering = edge.map(|_| Actor { at, user_id: actor, username: username.clone() });
        let row = match (old, entering) {
            (None, None) => return Ok(Aligned::Unchanged),
            (None, Some(actor)) => Some(StoredRow { row: Row::new(actor), version: 1, expires_at }),
            (Some(mut old), Some(actor)) => {
                old.row.absorb(actor);
                old.expires_at = old.expires_at.max(expires_at);
                Some(old)
            }
            (Some(mut old), None) => {
                old.row.release(actor);
                if old.row.lacks_names() {
                    old.row.name(actors(table, recipient, row_id, actor).await?);
                }
                (old.row.actor_count > 0).then_some(old)
            }
        };
        let taken_back = edge.is_none();
        let new_marker = stored(&marker_key, Marker { at, username, taken_back, expires_at })?;
        let writes =
            [put_marker(table, new_marker, marker.as_ref())?, write_row(table, &row_key, row, version)?];
        let answer = table.client.transact_write_items().set_transact_items(Some(writes.into())).send().await;
        let Err(error) = answer else {
            return Ok(if taken_back { Aligned::TakenBack } else { Aligned::Added });
        };
        if cancellation(&error).is_none() {
            return Err(Error::sdk("TransactWriteItems", error));
        }
        back_off(race).await;
    }
    Err(Error::busy("TransactWriteItems", "the notification stayed contended"))
}

/// Returns the write of a marker that is still as `old`.
fn put_marker(table: &Table, item: crate::Item, old: Option<&Marker>) -> Result<TransactWriteItem> {
    let condition = match old {
        None => format!("attribute_not_exists({PK})"),
        Some(Marker { taken_back: true, .. }) => "attribute_exists(taken_back)".to_owned(),
        Some(_) => format!("attribute_exists({PK}) AND attribute_not_exists(taken_back)"),
    };
    let put = Put::builder().table_name(&*table.name).set_item(Some(item)).condition_expression(condition);
    Ok(TransactWriteItem::builder().put(put.build().map_err(Error::unreadable)?).build())
}

/// Returns the write of a row that still has the version that was read. A row that is none is deleted.
fn write_row(
    table: &Table,
    key: &ItemKey,
    row: Option<StoredRow>,
    version: Option<u64>,
) -> Result<TransactWriteItem> {
    let condition = match version {
        Some(_) => "version = :version".to_owned(),
        None => format!("attribute_not_exists({PK})"),
    };
    let values = version.map(|version| [(":version".to_owned(), number(version))].into_iter().collect());
    let write = TransactWriteItem::builder();
    Ok(if let Some(mut row) = row {
        row.version = version.unwrap_or(0) + 1;
        let put = Put::builder()
            .table_name(&*table.name)
            .set_item(Some(stored(key, row)?))
            .condition_expression(condition)
            .set_expression_attribute_values(values);
        write.put(put.build().map_err(Error::unreadable)?)
    } else {
        let delete = Delete::builder()
            .table_name(&*table.name)
            .set_key(Some(key_item(key)))
            .condition_expression(condition)
            .set_expression_attribute_values(values);
        write.delete(delete.build().map_err(Error::unreadable)?)
    }
    .build())
}

/// Reads up to 100 actors of a row, other than `leaving`. 1 RRU for each 4 KiB.
async fn actors(table: &Table, recipient: UserId, row: RowId, leaving: UserId) -> Result<Vec<Actor>> {
    const MARKERS: usize = 100;
    let once = Once::within(row);
    let range = markers(recipient, sort::markers_within(once), MARKERS);
    let markers = table.query::<Marker>(range).await?.items;
    let actors = markers.into_iter().filter_map(|(key, Marker { at, username, taken_back, .. })| match key {
        ItemKey::InboxMarker(_, _, user_id)
            if !taken_back && user_id != leaving && RowId::of(row.subject, recipient, at) == row =>
        {
            Some(Actor { at, user_id, username })
        }
        _ => None,
    });
    Ok(actors.collect())
}

/// Returns the range of the markers that begin with a text.
fn markers(recipient: UserId, from: String, limit: usize) -> Range {
    let to = format!("{from}{}", sort::AFTER_DIGITS);
    Range { pk: partition::inbox(recipient), from, to, newest_first: false, limit, consistent: true }
}

/// Deletes every row about a photo or comment that is gone. 1 RRU, and where anybody was told of 1 WRU for each day
/// since it was made, at most 92.
///
/// The markers stay, and expire. Nothing shows them.
pub async fn forget(table: &Table, recipient: UserId, subject: Subject, now: Timestamp) -> Result<()> {
    let marked = table.query::<IgnoredAny>(markers(recipient, sort::markers(subject), 1)).await?;
    if marked.items.is_empty() {
        return Ok(());
    }
    let rows = RowId::all_of(subject, recipient, now).map(|row| ItemKey::InboxRow(recipient, row));
    table.delete_all(&rows.collect::<Vec<_>>()).await
}

/// Reads rows older than `before`, newest first. 0.5 RRU for each 4 KiB.
///
/// TTL deletes late. Expired rows are left out, and the page is refilled from older rows, so that only
/// the last page is short.
pub async fn page(
    table: &Table,
    recipient: UserId,
    before: Option<RowId>,
    limit: usize,
    now: Timestamp,
) -> Result<Page<(RowId, Row)>> {
    let mut items = Vec::new();
    let mut before = before;
    loop {
        let part = older(table, recipient, before, limit.saturating_sub(items.len())).await?;
        before = part.items.last().map(|(id, _)| *id);
        let live = part.items.into_iter().filter(|(_, row)| row.expires_at > now.seconds());
        items.extend(live.map(|(id, row)| (id, row.row)));
        if items.len() >= limit || !part.more {
            return Ok(Page { items, more: part.more });
        }
    }
}

async fn older(
    table: &Table,
    recipient: UserId,
    before: Option<RowId>,
    limit: usize,
) -> Result<Page<(RowId, StoredRow)>> {
    let to = match before {
        Some(before) => format!("{}{before}", sort::ROW),
        None => format!("{}{}", sort::ROW, sort::AFTER_DIGITS),
    };
    // Bounds are inclusive, and the row that the cursor names may be gone.
    // So read one more and drop that row.
    let limit_with_it = limit + usize::from(before.is_some());
    let mut page = rows(table, recipient, sort::ROW.to_owned(), to, limit_with_it).await?;
    page.items.retain(|(id, _)| Some(*id) != before);
    page.more |= page.items.len() > limit;
    page.items.truncate(limit);
    Ok(page)
}

/// Reads the rows that changed after `read_to`, newest first, up to `max`. 0.5 RRU for each 4 KiB.
pub async fn unread(
    table: &Table,
    recipient: UserId,
    read_to: Timestamp,
    max: usize,
    now: Timestamp,
) -> Result<Vec<RowId>> {
    // A row changes for a day after it was opened. Older ones have been read.
    let from = format!("{}{:013}", sort::ROW, read_to.plus_ms(-DAY_MS).0.max(0));
    let to = format!("{}{}", sort::ROW, sort::AFTER_DIGITS);
    let page = rows(table, recipient, from, to, max).await?;
    let unread = page
        .items
        .into_iter()
        .filter(|(_, row)| row.row.updated_at > read_to && row.expires_at > now.seconds());
    Ok(unread.map(|(id, _)| id).collect())
}

async fn rows(
    table: &Table,
    recipient: UserId,
    from: String,
    to: String,
    limit: usize,
) -> Result<Page<(RowId, StoredRow)>> {
    let range =
        Range { pk: partition::inbox(recipient), from, to, newest_first: true, limit, consistent: false };
    let page = table.query::<StoredRow>(range).await?;
    let items = page.items.into_iter().filter_map(|(key, row)| match key {
        ItemKey::InboxRow(_, id) => Some((id, row)),
        _ => None,
    });
    Ok(Page { items: items.collect(), more: page.more })
}

/// Reads up to when the recipient has read. 0.5 RRU.
pub async fn read_to(table: &Table, recipient: UserId) -> Result<Timestamp> {
    let state: Option<State> = table.get(&ItemKey::InboxState(recipient)).await?;
    Ok(state.map_or(Timestamp(0), |state| state.read_to))
}

/// Marks everything up to `up_to` as read, unless more is. 1 WRU.
pub async fn mark_read(table: &Table, recipient: UserId, up_to: Timestamp) -> Result<()> {
    let answer = table
        .update(&ItemKey::InboxState(recipient))
        .update_expression("SET read_to = :up_to")
        .condition_expression(format!("attribute_not_exists({PK}) OR read_to < :up_to"))
        .expression_attribute_values(":up_to", number(up_to.0))
        .send()
        .await;
    done("UpdateItem", answer).map(|_| ())
}

/// A row as it is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Telling {
    /// The row.
    pub row: Row,
    /// The number of the telling.
    pub state: u64,
    /// How many rows of the inbox are unread.
    pub unread: u64,
}

/// Reads a row as it was told last, strongly consistent.
pub async fn telling_latest(table: &Table, recipient: UserId, id: RowId) -> Result<Option<Telling>> {
    let row = table.get_latest::<StoredRow>(&ItemKey::InboxRow(recipient, id)).await?;
    Ok(row.map(|StoredRow { row, version, .. }| Telling { row, state: version, unread: 1 }))
}
