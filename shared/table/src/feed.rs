//! Feeds: pushed entries, and what is known of the reader.

use domain::feed::{ACTIVE_DAYS, Entry, entry_expiry, is_active};
use domain::{PhotoId, Timestamp, UserId};
use serde::{Deserialize, Serialize};

use crate::calls::{Range, key_item, number, stored};
use crate::error::done;
use crate::keys::{Name, PK, partition, sort};
use crate::{Item, Page, Result, Table};

/// What is known of a reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reader {
    /// Day of the last visit, since the epoch.
    pub active_on: i64,
    /// Set while entries are missing because the reader was away: names the return that a rebuild answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rebuild: Option<i64>,
}

#[derive(Serialize, Deserialize)]
struct StoredEntry {
    author: UserId,
    expires_at: i64,
}

/// An entry or the reader's state: whatever lies in a feed.
#[derive(Deserialize)]
#[serde(untagged)]
enum InFeed {
    Entry(StoredEntry),
    Reader(Reader),
}

/// The first page of a feed and the reader's state, in one query. 0.5 RRU for each 4 KiB: a page of 20 costs 0.5.
pub async fn open(
    table: &Table,
    reader: UserId,
    limit: usize,
    now: Timestamp,
) -> Result<(Option<Reader>, Page<Entry>)> {
    let range = Range {
        pk: partition::feed(reader),
        from: sort::ENTRY.to_owned(),
        // The state sorts after every entry.
        to: Name::FeedState(reader).key().sk,
        newest_first: true,
        limit: limit + 1,
        consistent: false,
    };
    let mut page = table.query::<InFeed>(range).await?;
    let state = match page.items.first() {
        Some((_, InFeed::Reader(state))) => Some(*state),
        _ => None,
    };
    if state.is_none() && page.items.len() > limit {
        page.items.truncate(limit);
        page.more = true;
    }
    Ok((state, Page { items: entries(page.items, now), more: page.more }))
}

/// Entries older than `after`, newest first. 0.5 RRU for each 4 KiB.
pub async fn page(
    table: &Table,
    reader: UserId,
    after: PhotoId,
    limit: usize,
    now: Timestamp,
) -> Result<Page<Entry>> {
    let Some(Ok(last)) = after.get().checked_sub(1).map(PhotoId::try_from) else {
        return Ok(Page { items: Vec::new(), more: false });
    };
    let range = Range {
        pk: partition::feed(reader),
        from: sort::ENTRY.to_owned(),
        to: sort::entry(last),
        newest_first: true,
        limit,
        consistent: false,
    };
    let page = table.query::<InFeed>(range).await?;
    Ok(Page { items: entries(page.items, now), more: page.more })
}

/// Entries that have not expired; TTL deletes late.
fn entries(items: Vec<(Name, InFeed)>, now: Timestamp) -> Vec<Entry> {
    let entries = items.into_iter().filter_map(|item| match item {
        (Name::FeedEntry(_, photo), InFeed::Entry(entry)) if entry.expires_at > now.seconds() => {
            Some(Entry { photo, author: entry.author })
        }
        _ => None,
    });
    entries.collect()
}

/// What is known of a reader at this moment. 1 RRU.
pub async fn reader(table: &Table, reader: UserId) -> Result<Option<Reader>> {
    table.get(&Name::FeedState(reader), true).await
}

/// Notes that an active reader was here today. 1 WRU; called once a day for each reader.
pub async fn touch(table: &Table, reader: UserId, now: Timestamp) -> Result<()> {
    let answer = table
        .client
        .update_item()
        .table_name(&*table.name)
        .set_key(Some(key_item(&Name::FeedState(reader).key())))
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
        .client
        .update_item()
        .table_name(&*table.name)
        .set_key(Some(key_item(&Name::FeedState(reader).key())))
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

/// Takes the mark of a finished rebuild away, unless the reader left and returned since. 1 WRU.
pub async fn mark_rebuilt(table: &Table, reader: UserId, mark: i64) -> Result<()> {
    let answer = table
        .client
        .update_item()
        .table_name(&*table.name)
        .set_key(Some(key_item(&Name::FeedState(reader).key())))
        .update_expression("REMOVE #rebuild")
        .condition_expression("#rebuild = :mark")
        .expression_attribute_names("#rebuild", "rebuild")
        .expression_attribute_values(":mark", number(mark))
        .send()
        .await;
    done("UpdateItem", answer).map(|_| ())
}

/// Those of `readers` who were here within the last week. 0.5 RRU each, one round trip for each 100.
pub async fn active_among(table: &Table, readers: &[UserId], now: Timestamp) -> Result<Vec<UserId>> {
    let names: Vec<Name> = readers.iter().copied().map(Name::FeedState).collect();
    let states = table.batch_get::<Reader>(&names).await?;
    let active = states.into_iter().filter_map(|(name, state)| match name {
        Name::FeedState(reader) if is_active(state.active_on, now) => Some(reader),
        _ => None,
    });
    Ok(active.collect())
}

/// Those of `readers` whose feed holds `photo`. 0.5 RRU each.
pub async fn holding(table: &Table, readers: &[UserId], photo: PhotoId) -> Result<Vec<UserId>> {
    let names: Vec<Name> = readers.iter().map(|reader| Name::FeedEntry(*reader, photo)).collect();
    let found = table.batch_get::<serde::de::IgnoredAny>(&names).await?;
    let holders = found.into_iter().filter_map(|(name, _)| match name {
        Name::FeedEntry(reader, _) => Some(reader),
        _ => None,
    });
    Ok(holders.collect())
}

fn item(reader: UserId, entry: Entry) -> Result<Item> {
    let stored_entry = StoredEntry { author: entry.author, expires_at: entry_expiry(entry.photo).seconds() };
    stored(&Name::FeedEntry(reader, entry.photo).key(), stored_entry)
}

/// Writes one entry into several feeds. 1 WRU each, one round trip for each 25.
pub async fn push(table: &Table, readers: &[UserId], entry: Entry) -> Result<()> {
    table.put_all(readers.iter().map(|reader| item(*reader, entry)).collect::<Result<_>>()?).await
}

/// Takes one entry out of several feeds. 1 WRU each.
pub async fn withdraw(table: &Table, readers: &[UserId], photo: PhotoId) -> Result<()> {
    let names: Vec<Name> = readers.iter().map(|reader| Name::FeedEntry(*reader, photo)).collect();
    table.delete_all(&names).await
}

/// Writes entries into one feed; those that have expired are left out. 1 WRU each.
pub async fn fill(table: &Table, reader: UserId, entries: &[Entry], now: Timestamp) -> Result<()> {
    let fresh = entries.iter().filter(|entry| entry_expiry(entry.photo) > now);
    table.put_all(fresh.map(|entry| item(reader, *entry)).collect::<Result<_>>()?).await
}

/// Takes every entry of `author` out of one feed. 0.5 RRU for each 4 KiB of the feed, 1 WRU for each entry.
pub async fn withdraw_author(table: &Table, reader: UserId, author: UserId) -> Result<()> {
    const PAGE: usize = 1000;
    let mut to = format!("{}{}", sort::ENTRY, sort::AFTER_DIGITS);
    loop {
        let range = Range {
            pk: partition::feed(reader),
            from: sort::ENTRY.to_owned(),
            to: to.clone(),
            newest_first: true,
            limit: PAGE,
            consistent: true,
        };
        let page = table.query::<StoredEntry>(range).await?;
        let names: Vec<Name> = page
            .items
            .iter()
            .filter(|(_, entry)| entry.author == author)
            .map(|(name, _)| name.clone())
            .collect();
        table.delete_all(&names).await?;
        // Bounds are inclusive: the last entry of a page is met again, which is harmless.
        match page.items.last() {
            Some((last, _)) if page.more => to = last.key().sk,
            _ => return Ok(()),
        }
    }
}

/// Takes every entry older than `oldest` out of one feed. 1 RRU for each 4 KiB read and 1 WRU for each entry.
pub async fn withdraw_older(table: &Table, reader: UserId, oldest: PhotoId) -> Result<()> {
    const PAGE: usize = 1000;
    let Some(Ok(last)) = oldest.get().checked_sub(1).map(PhotoId::try_from) else { return Ok(()) };
    loop {
        let range = Range {
            pk: partition::feed(reader),
            from: sort::ENTRY.to_owned(),
            to: sort::entry(last),
            newest_first: true,
            limit: PAGE,
            consistent: true,
        };
        let page = table.query::<StoredEntry>(range).await?;
        let names: Vec<Name> = page.items.into_iter().map(|(name, _)| name).collect();
        table.delete_all(&names).await?;
        if !page.more {
            return Ok(());
        }
    }
}
