//! Inboxes: aggregated rows, a marker for each actor in them, and up to when the recipient has read.

use aws_sdk_dynamodb::types::{Put, TransactWriteItem};
use domain::clock::DAY_MS;
use domain::inbox::{Actor, ROW_DAYS, Row, RowId};
use domain::{Timestamp, UserId};
use serde::{Deserialize, Serialize};

use crate::calls::{Range, back_off, number, stored};
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

#[derive(Serialize)]
struct Marker {
    at: Timestamp,
    expires_at: i64,
}

#[derive(Serialize, Deserialize)]
struct State {
    read_to: Timestamp,
}

/// The result of recording an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recorded {
    /// The actor is in the row now.
    Added,
    /// The recipient was notified of this actor and subject before.
    Known,
}

/// Adds an actor to a row, once for each recipient, subject and actor.
/// Liking, unliking and liking again notifies once.
///
/// One read (1 RRU) and one transaction of marker and row (4 WRU); as much again for each race lost.
pub async fn record(table: &Table, recipient: UserId, id: RowId, actor: &Actor) -> Result<Recorded> {
    const RACES: u32 = 10;
    let row_name = ItemKey::InboxRow(recipient, id);
    let marker_name = ItemKey::InboxMarker(recipient, id.subject, actor.user_id);
    let expires_at = actor.at.plus_days(ROW_DAYS).seconds();
    let marker = stored(&marker_name, Marker { at: actor.at, expires_at })?;
    for race in 0..RACES {
        let old: Option<StoredRow> = table.get_latest(&row_name).await?;
        let version = old.as_ref().map_or(0, |old| old.version);
        let row = match old {
            Some(old) => {
                let mut row = old.row;
                row.absorb(actor.clone());
                row
            }
            None => Row::new(actor.clone()),
        };
        let row = StoredRow { row, version: version + 1, expires_at };
        let put_marker = Put::builder()
            .table_name(&*table.name)
            .set_item(Some(marker.clone()))
            .condition_expression(format!("attribute_not_exists({PK})"))
            .build()
            .map_err(Error::unreadable)?;
        let put_row = Put::builder()
            .table_name(&*table.name)
            .set_item(Some(stored(&row_name, row)?))
            .condition_expression(if version == 0 {
                format!("attribute_not_exists({PK})")
            } else {
                "version = :version".to_owned()
            })
            .set_expression_attribute_values(
                (version > 0).then(|| [(":version".to_owned(), number(version))].into_iter().collect()),
            )
            .build()
            .map_err(Error::unreadable)?;
        let answer = table
            .client
            .transact_write_items()
            .transact_items(TransactWriteItem::builder().put(put_marker).build())
            .transact_items(TransactWriteItem::builder().put(put_row).build())
            .send()
            .await;
        let Err(error) = answer else { return Ok(Recorded::Added) };
        let Some(reasons) = cancellation(&error) else { return Err(Error::sdk("TransactWriteItems", error)) };
        if reasons.first().is_some_and(|reason| reason.code() == Some("ConditionalCheckFailed")) {
            return Ok(Recorded::Known);
        }
        back_off(race).await;
    }
    Err(Error::busy("TransactWriteItems", "the notification stayed contended"))
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

/// Counts the rows that changed after `read_to`, up to `max`. 0.5 RRU for each 4 KiB.
pub async fn unread(
    table: &Table,
    recipient: UserId,
    read_to: Timestamp,
    max: usize,
    now: Timestamp,
) -> Result<usize> {
    // A row changes for a day after it was opened. Older ones have been read.
    let from = format!("{}{:013}", sort::ROW, read_to.plus_ms(-DAY_MS).0.max(0));
    let to = format!("{}{}", sort::ROW, sort::AFTER_DIGITS);
    let page = rows(table, recipient, from, to, max).await?;
    let unread =
        page.items.iter().filter(|(_, row)| row.row.updated_at > read_to && row.expires_at > now.seconds());
    Ok(unread.count())
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

/// Marks everything up to `now` as read. 1 WRU.
pub async fn mark_read(table: &Table, recipient: UserId, now: Timestamp) -> Result<()> {
    let answer = table
        .update(&ItemKey::InboxState(recipient))
        .update_expression("SET read_to = :now")
        .condition_expression(format!("attribute_not_exists({PK}) OR read_to < :now"))
        .expression_attribute_values(":now", number(now.0))
        .send()
        .await;
    done("UpdateItem", answer).map(|_| ())
}
