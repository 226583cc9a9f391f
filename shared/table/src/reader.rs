//! Readers: when they were active last, and whose photos they pull.

use domain::feed::{ACTIVE_DAYS, is_active};
use domain::{PhotoId, Timestamp, UserId};
use futures::{StreamExt, TryStreamExt, stream};
use serde::{Deserialize, Serialize};

use crate::calls::{number, text, text_set};
use crate::error::done;
use crate::keys::{ItemKey, PK};
use crate::{Result, Table};

/// Readers written to at once. They are enough to hide round trips, and few enough not to
/// throttle a new table.
const WRITES_AT_ONCE: usize = 50;

/// The state of a reader.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reader {
    /// The day of the last visit, in days since the epoch.
    pub active_on: i64,
    /// The mark of a return, set until a rebuild has written the entries that are missing since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rebuild: Option<i64>,
    /// Authors whose photos the reader pulls. Some may no longer be celebrities; they have nothing to pull.
    #[serde(default, with = "serde_dynamo::string_set", skip_serializing_if = "Vec::is_empty")]
    pub celebrities: Vec<UserId>,
    /// The oldest photo that the last rebuild wrote, when it did not write all there were.
    /// Older entries may be missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub floor: Option<PhotoId>,
}

/// Reads a reader's state, strongly consistent. 1 RRU.
pub async fn get_latest(table: &Table, reader: UserId) -> Result<Option<Reader>> {
    table.get_latest(&ItemKey::FeedState(reader)).await
}

/// Reads a reader's state, eventually consistent. 0.5 RRU.
pub async fn get(table: &Table, reader: UserId) -> Result<Option<Reader>> {
    table.get(&ItemKey::FeedState(reader)).await
}

/// Records that an active reader was here today. 1 WRU; called once a day for each reader.
pub async fn touch(table: &Table, reader: UserId, now: Timestamp) -> Result<()> {
    let answer = table
        .update(&ItemKey::FeedState(reader))
        .update_expression("SET active_on = :today")
        .condition_expression("active_on < :today")
        .expression_attribute_values(":today", number(now.day()))
        .send()
        .await;
    done("UpdateItem", answer).map(|_| ())
}

/// Marks a dormant reader active and in need of a rebuild, before anything is read for them. 1 WRU.
///
/// From then on fan-out writes to them, and the stream turns the mark into a rebuild.
/// Does nothing when a concurrent request has marked them already.
pub async fn mark_returned(table: &Table, reader: UserId, now: Timestamp) -> Result<()> {
    let answer = table
        .update(&ItemKey::FeedState(reader))
        .update_expression("SET active_on = :today, #rebuild = :mark")
        .condition_expression(format!("attribute_not_exists({PK}) OR active_on < :dormant"))
        .expression_attribute_names("#rebuild", "rebuild")
        .expression_attribute_values(":today", number(now.day()))
        .expression_attribute_values(":mark", number(now.0))
        .expression_attribute_values(":dormant", number(now.day() - ACTIVE_DAYS))
        .send()
        .await;
    done("UpdateItem", answer).map(|_| ())
}

/// Removes the mark of a finished rebuild and records how deep it went, unless the reader
/// left and returned since.
///
/// 1 WRU.
pub async fn mark_rebuilt(table: &Table, reader: UserId, mark: i64, floor: Option<PhotoId>) -> Result<()> {
    let mut request = table
        .update(&ItemKey::FeedState(reader))
        .condition_expression("#rebuild = :mark")
        .expression_attribute_names("#rebuild", "rebuild")
        .expression_attribute_names("#floor", "floor")
        .expression_attribute_values(":mark", number(mark));
    request = match floor {
        Some(floor) => request
            .update_expression("SET #floor = :floor REMOVE #rebuild")
            .expression_attribute_values(":floor", text(floor.to_string())),
        None => request.update_expression("REMOVE #rebuild, #floor"),
    };
    done("UpdateItem", request.send().await).map(|_| ())
}

/// Returns those of `readers` who were active within the last week.
/// 0.5 RRU each, one round trip for each 100.
pub async fn active_among(table: &Table, readers: &[UserId], now: Timestamp) -> Result<Vec<UserId>> {
    let keys: Vec<ItemKey> = readers.iter().copied().map(ItemKey::FeedState).collect();
    let states = table.batch_get::<Reader>(&keys).await?;
    let active = states.into_iter().filter_map(|(key, state)| match key {
        ItemKey::FeedState(reader) if is_active(state.active_on, now) => Some(reader),
        _ => None,
    });
    Ok(active.collect())
}

/// Adds some celebrities to those whose photos a reader pulls. 1 WRU.
///
/// Does nothing for a reader without a state, who has never visited: the first visit starts a rebuild.
pub async fn pull_from(table: &Table, reader: UserId, celebrities: &[UserId]) -> Result<()> {
    name_celebrities(table, reader, "ADD", celebrities).await
}

/// Removes `celebrity` from those whose photos a reader pulls. 1 WRU.
pub async fn stop_pulling_from(table: &Table, reader: UserId, celebrity: UserId) -> Result<()> {
    name_celebrities(table, reader, "DELETE", &[celebrity]).await
}

/// Adds `celebrity` to those whose photos several readers pull. 1 WRU each.
pub async fn all_pull_from(table: &Table, readers: &[UserId], celebrity: UserId) -> Result<()> {
    stream::iter(readers.iter().copied())
        .map(|reader| async move { pull_from(table, reader, &[celebrity]).await })
        .buffer_unordered(WRITES_AT_ONCE)
        .try_collect()
        .await
}

/// Removes `celebrity` from those whose photos several readers pull. 1 WRU each.
pub async fn all_stop_pulling_from(table: &Table, readers: &[UserId], celebrity: UserId) -> Result<()> {
    stream::iter(readers.iter().copied())
        .map(|reader| stop_pulling_from(table, reader, celebrity))
        .buffer_unordered(WRITES_AT_ONCE)
        .try_collect()
        .await
}

async fn name_celebrities(table: &Table, reader: UserId, verb: &str, celebrities: &[UserId]) -> Result<()> {
    if celebrities.is_empty() {
        return Ok(());
    }
    let answer = table
        .update(&ItemKey::FeedState(reader))
        .update_expression(format!("{verb} celebrities :celebrities"))
        .condition_expression(format!("attribute_exists({PK})"))
        .expression_attribute_values(":celebrities", text_set(celebrities))
        .send()
        .await;
    done("UpdateItem", answer).map(|_| ())
}
