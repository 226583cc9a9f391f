//! Readers: when they were here last, and whose photos they pull.

use domain::feed::{ACTIVE_DAYS, is_active};
use domain::{PhotoId, Timestamp, UserId};
use futures::{StreamExt, TryStreamExt, stream};
use serde::{Deserialize, Serialize};

use crate::calls::{number, text, text_set};
use crate::error::done;
use crate::keys::{ItemKey, PK};
use crate::{Result, Table};

/// Readers written to at once: enough to hide round trips, few enough not to throttle a new table.
const WRITES_AT_ONCE: usize = 50;

/// What is known of a reader.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reader {
    /// Day of the last visit, since the epoch.
    pub active_on: i64,
    /// Set while entries are missing because the reader was away: names the return that a rebuild answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rebuild: Option<i64>,
    /// Authors whose photos the reader pulls. May name some who are celebrities no more: they have nothing to pull.
    #[serde(default, with = "serde_dynamo::string_set", skip_serializing_if = "Vec::is_empty")]
    pub celebrities: Vec<UserId>,
    /// The oldest photo that the last rebuild wrote, when it did not write all there were: below it entries may be
    /// missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub floor: Option<PhotoId>,
}

/// What is known of a reader at this moment. 1 RRU.
pub async fn get_latest(table: &Table, reader: UserId) -> Result<Option<Reader>> {
    table.get_latest(&ItemKey::FeedState(reader)).await
}

/// What is known of a reader, perhaps a moment ago. 0.5 RRU.
pub async fn get(table: &Table, reader: UserId) -> Result<Option<Reader>> {
    table.get(&ItemKey::FeedState(reader)).await
}

/// Notes that an active reader was here today. 1 WRU; called once a day for each reader.
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
/// From here on fan-out writes to them, and the stream turns the mark into a rebuild. Does nothing when a request
/// beside this one has marked them already.
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

/// Takes the mark of a finished rebuild away and notes how deep it went, unless the reader left and returned since. 1 WRU.
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

/// Those of `readers` who were here within the last week. 0.5 RRU each, one round trip for each 100.
pub async fn active_among(table: &Table, readers: &[UserId], now: Timestamp) -> Result<Vec<UserId>> {
    let keys: Vec<ItemKey> = readers.iter().copied().map(ItemKey::FeedState).collect();
    let states = table.batch_get::<Reader>(&keys).await?;
    let active = states.into_iter().filter_map(|(key, state)| match key {
        ItemKey::FeedState(reader) if is_active(state.active_on, now) => Some(reader),
        _ => None,
    });
    Ok(active.collect())
}

/// Has a reader pull the photos of some celebrities. 1 WRU; nothing for a reader who has never been here, whom a
/// rebuild awaits.
pub async fn pull_from(table: &Table, reader: UserId, celebrities: &[UserId]) -> Result<()> {
    name_celebrities(table, reader, "ADD", celebrities).await
}

/// Has a reader no longer pull the photos of `celebrity`. 1 WRU.
pub async fn stop_pulling_from(table: &Table, reader: UserId, celebrity: UserId) -> Result<()> {
    name_celebrities(table, reader, "DELETE", &[celebrity]).await
}

/// Has several readers pull the photos of `celebrity`. 1 WRU each.
pub async fn all_pull_from(table: &Table, readers: &[UserId], celebrity: UserId) -> Result<()> {
    stream::iter(readers.iter().copied())
        .map(|reader| async move { pull_from(table, reader, &[celebrity]).await })
        .buffer_unordered(WRITES_AT_ONCE)
        .try_collect()
        .await
}

/// Has several readers no longer pull the photos of `celebrity`. 1 WRU each.
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
