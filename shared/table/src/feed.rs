//! Feeds: the entries that were pushed.

use domain::feed::{Entry, entry_expiry};
use domain::{PhotoId, Timestamp, UserId};
use serde::{Deserialize, Serialize};

use crate::calls::{Range, stored};
use crate::keys::{ItemKey, partition, sort};
use crate::reader::{Active, Reader};
use crate::{Item, Page, Result, Table, follow, reader};

#[derive(Serialize, Deserialize)]
struct StoredEntry {
    author: UserId,
    expires_at: i64,
}

/// An item of a feed's partition: an entry, or the reader's state.
#[derive(Deserialize)]
#[serde(untagged)]
enum InFeed {
    Entry(StoredEntry),
    Reader(Reader),
}

/// Reads the reader's state and the newest pushed entries, in one query.
///
/// 0.5 RRU for each 4 KiB: a page of 20 costs 0.5.
pub async fn open(
    table: &Table,
    reader: UserId,
    limit: usize,
    now: Timestamp,
) -> Result<(Option<Reader>, Page<Entry>)> {
    beginning(table, reader, sort::ENTRY.to_owned(), limit, now).await
}

/// Reads the reader's state and the newest `limit` entries whose keys begin with `from` or sort after it.
async fn beginning(
    table: &Table,
    reader: UserId,
    from: String,
    limit: usize,
    now: Timestamp,
) -> Result<(Option<Reader>, Page<Entry>)> {
    let range = Range {
        pk: partition::feed(reader),
        from,
        // The state sorts after every entry.
        to: ItemKey::FeedState(reader).raw().sk,
        newest_first: true,
        limit: limit + 1,
        consistent: false,
    };
    let mut page = table.query::<InFeed>(range).await?;
    let state = match page.items.first() {
        Some((_, InFeed::Reader(state))) => Some(state.clone()),
        _ => None,
    };
    if state.is_none() && page.items.len() > limit {
        page.items.truncate(limit);
        page.more = true;
    }
    if state.is_some() {
        page.items.remove(0);
    }
    Ok((state, fresh(page, now)))
}

/// Reads the reader's state and the newest `limit` pushed entries that are newer than a photo, in one query.
///
/// 0.5 RRU for each 4 KiB: 20 entries cost 0.5.
pub async fn newer(
    table: &Table,
    reader: UserId,
    than: PhotoId,
    limit: usize,
    now: Timestamp,
) -> Result<(Option<Reader>, Page<Entry>)> {
    // The state sorts after every entry, so it is read even where no entry is newer.
    beginning(table, reader, format!("{}#", sort::entry(than)), limit, now).await
}

/// Reads pushed entries older than `after`, newest first. 0.5 RRU for each 4 KiB.
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
    Ok(fresh(page, now))
}

/// Returns the entries that have not expired, because TTL deletes late.
/// All entries after an expired one have expired.
fn fresh(page: Page<(ItemKey, InFeed)>, now: Timestamp) -> Page<Entry> {
    let found = page.items.len();
    let entries = page.items.into_iter().filter_map(|item| match item {
        (ItemKey::FeedEntry(_, photo), InFeed::Entry(entry)) if entry.expires_at > now.seconds() => {
            Some(Entry { photo, author: entry.author })
        }
        _ => None,
    });
    let items: Vec<Entry> = entries.collect();
    Page { more: page.more && items.len() == found, items }
}

/// Returns those of `readers` whose feed holds `photo`. 0.5 RRU each.
pub async fn holding(table: &Table, readers: &[UserId], photo: PhotoId) -> Result<Vec<UserId>> {
    let keys: Vec<ItemKey> = readers.iter().map(|reader| ItemKey::FeedEntry(*reader, photo)).collect();
    let found = table.batch_get::<serde::de::IgnoredAny>(&keys).await?;
    let holders = found.into_iter().filter_map(|(key, _)| match key {
        ItemKey::FeedEntry(reader, _) => Some(reader),
        _ => None,
    });
    Ok(holders.collect())
}

fn item(reader: UserId, entry: Entry) -> Result<Item> {
    let stored_entry = StoredEntry { author: entry.author, expires_at: entry_expiry(entry.photo).seconds() };
    stored(&ItemKey::FeedEntry(reader, entry.photo), stored_entry)
}

/// Writes several entries into several feeds. Expired entries are left out.
/// 1 WRU for each entry in each feed.
pub async fn push(table: &Table, readers: &[UserId], entries: &[Entry], now: Timestamp) -> Result<()> {
    let fresh = entries.iter().filter(|entry| entry_expiry(entry.photo) > now);
    let items = fresh.flat_map(|entry| readers.iter().map(|reader| item(*reader, *entry)));
    table.put_all(items.collect::<Result<_>>()?).await
}

/// The result of a delivery to a page of followers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Delivery {
    /// The active followers, who were reached.
    pub reached: Vec<UserId>,
    /// The number of dormant followers, who were skipped.
    pub skipped: usize,
    /// Those reached who no longer follow the author. Their unfollow may have been handled before the
    /// delivery and found nothing to remove. It has to be handled again.
    pub gone: Vec<UserId>,
    /// Those reached who still follow and may have an open socket.
    pub connected: Vec<UserId>,
}

/// Writes an author's photos into the feeds of the active followers among a page of followers.
///
/// 0.5 RRU for each follower; 1 WRU and 0.025 RRU a photo for each reached. Three round trips,
/// and one for each 25 entries.
pub async fn deliver(
    table: &Table,
    author: UserId,
    page: &[UserId],
    photos: &[PhotoId],
    now: Timestamp,
) -> Result<Delivery> {
    let entries: Vec<Entry> = photos.iter().map(|&photo| Entry { photo, author }).collect();
    let active = reader::active_among(table, page, now).await?;
    push(table, &active.readers, &entries, now).await?;
    delivery(table, author, page, active).await
}

/// Adds the author to those whose photos the active followers among a page pull. Costs what [`deliver`] does.
pub async fn enlist(table: &Table, author: UserId, page: &[UserId], now: Timestamp) -> Result<Delivery> {
    let active = reader::active_among(table, page, now).await?;
    reader::all_pull_from(table, &active.readers, author).await?;
    delivery(table, author, page, active).await
}

async fn delivery(table: &Table, author: UserId, page: &[UserId], active: Active) -> Result<Delivery> {
    let Active { readers: reached, mut connected } = active;
    let skipped = page.len() - reached.len();
    let mut gone =
        if reached.is_empty() { Vec::new() } else { follow::gone_since(table, author, page).await? };
    gone.retain(|follower| reached.contains(follower));
    connected.retain(|follower| !gone.contains(follower));
    Ok(Delivery { reached, skipped, gone, connected })
}

/// Removes one entry from several feeds. 1 WRU each.
pub async fn withdraw(table: &Table, readers: &[UserId], photo: PhotoId) -> Result<()> {
    let keys: Vec<ItemKey> = readers.iter().map(|reader| ItemKey::FeedEntry(*reader, photo)).collect();
    table.delete_all(&keys).await
}

/// Removes every pushed entry of `author` from one feed. 1 RRU for each 4 KiB of the entries, 1 WRU for each
/// of the author's.
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
        let keys: Vec<ItemKey> = page
            .items
            .iter()
            .filter(|(_, entry)| entry.author == author)
            .map(|(key, _)| key.clone())
            .collect();
        table.delete_all(&keys).await?;
        // Bounds are inclusive: the next page repeats the last entry, which is harmless.
        match page.items.last() {
            Some((last, _)) if page.more => to = last.raw().sk,
            _ => return Ok(()),
        }
    }
}
