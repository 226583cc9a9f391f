//! Snapshots of feeds: what everyone whom a reader follows has posted, packed into few items.
//!
//! A snapshot is taken when a reader returns, and again every two weeks. A feed is its snapshot together with
//! the entries that were pushed since. The snapshot reaches back 30 days, and at least 200 entries.
//!
//! A chunk holds consecutive entries, 16 bytes each. 240 of them take 4 WRU, where single entries take 240.
//! Authors who are followed meanwhile have an item of their own until the next snapshot.

use std::cmp::Reverse;
use std::collections::HashSet;

use domain::feed::{Entry, FEED_DAYS, FEED_LEN, FeedRange, Run, Source, keep_newest};
use domain::{PhotoId, Timestamp, UserId};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use crate::calls::{Range, stored};
use crate::keys::{ItemKey, partition, sort};
use crate::{Result, Table, follow, head, packed, timeline};

/// Most followees that a feed shows.
const FOLLOWEES: usize = 7_500;
/// Entries of a chunk. With so many it stays within 4 KiB.
const CHUNK_LEN: usize = 240;
/// Chunks that one page reads: it begins within one, and goes on in the next.
const CHUNKS: usize = 2;
/// Authors followed since the snapshot of whom one page reads. With more of them the snapshot is of no use.
pub const AUTHORS: usize = 40;

#[derive(Serialize, Deserialize)]
struct Chunk {
    /// Newest first.
    #[serde(with = "packed")]
    photos: Vec<PhotoId>,
    /// The author of each photo.
    #[serde(with = "packed")]
    authors: Vec<UserId>,
    /// Whether the snapshot is not taken further yet, although there is more.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    more: bool,
    expires_at: i64,
}

#[derive(Serialize, Deserialize)]
struct FeedAuthor {
    /// Newest first.
    #[serde(with = "packed")]
    photos: Vec<PhotoId>,
    at: Timestamp,
    expires_at: i64,
}

/// What everyone whom a reader follows has posted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// The entries, newest first.
    pub run: Run,
    /// The celebrities among the followees. Those who posted last come first.
    pub celebrities: Vec<UserId>,
}

/// Reads the newest 200 entries of everyone `reader` follows.
///
/// Costs 0.6 RRU for each followee, and 1.5 for each timeline that is read beside the head: ten at most.
/// Two round trips for the first 7,500 followees, whom alone it considers, and one for timelines.
pub async fn newest(table: &Table, reader: UserId) -> Result<Snapshot> {
    let (mut sources, celebrities) = of_followees(table, reader).await?;
    keep_newest(&mut sources, FEED_LEN);
    let run = newest_of(table, &mut sources).await?;
    Ok(Snapshot { run, celebrities })
}

/// Reads the entries of the last 30 days of everyone `reader` follows, and at least the newest 200.
///
/// Costs what [`newest`] does, and 0.5 RRU for each 4 KiB of the timelines of those who posted more than 20
/// photos in 30 days.
pub async fn whole(table: &Table, reader: UserId, now: Timestamp) -> Result<Snapshot> {
    let (mut sources, celebrities) = of_followees(table, reader).await?;
    let oldest = PhotoId::floor(now.plus_days(-FEED_DAYS));
    timeline::deepen_to(table, &mut sources, oldest, FEED_LEN).await?;
    let of = |source: &Source| {
        let author = source.author;
        source.photos.iter().map(|&photo| Entry { photo, author }).collect::<Vec<_>>()
    };
    let mut entries: Vec<Entry> = sources.iter().flat_map(of).filter(|entry| entry.photo >= oldest).collect();
    entries.sort_unstable_by(|a, b| b.cmp(a));
    if entries.len() < FEED_LEN {
        keep_newest(&mut sources, FEED_LEN);
        entries = newest_of(table, &mut sources).await?.entries;
    }
    Ok(Snapshot { run: Run { entries, more: false }, celebrities })
}

async fn of_followees(table: &Table, reader: UserId) -> Result<(Vec<Source>, Vec<UserId>)> {
    let followees = follow::following(table, reader, None, FOLLOWEES).await?.items;
    let heads = head::of(table, &followees).await?;
    let celebrities: HashSet<UserId> = heads.celebrities.into_iter().collect();
    let listed = heads.sources.iter().filter(|source| celebrities.contains(&source.author));
    let mut celebrities: Vec<&Source> = listed.collect();
    celebrities.sort_by_key(|source| Reverse(source.photos.first()));
    let celebrities = celebrities.into_iter().map(|source| source.author).collect();
    Ok((heads.sources, celebrities))
}

async fn newest_of(table: &Table, sources: &mut [Source]) -> Result<Run> {
    let range = FeedRange { count: FEED_LEN, ..FeedRange::default() };
    timeline::newest_of(table, sources, &range, FEED_LEN).await
}

/// Stores the snapshot taken for `mark`. 4 WRU for each 240 entries.
///
/// A deeper one for the same mark may be stored beside it: chunks that overlap agree.
pub async fn store(table: &Table, reader: UserId, mark: i64, run: &Run, now: Timestamp) -> Result<()> {
    let item = |entries: &[Entry], is_last: bool| {
        // A snapshot without entries is a chunk without entries. What is not stored was not taken.
        let oldest = entries.last().map_or(PhotoId::floor(Timestamp(0)), |entry| entry.photo);
        let chunk = Chunk {
            photos: entries.iter().map(|entry| entry.photo).collect(),
            authors: entries.iter().map(|entry| entry.author).collect(),
            more: run.more && is_last,
            expires_at: expiry(now),
        };
        stored(&ItemKey::FeedChunk(reader, mark, oldest), chunk)
    };
    let (first, last) = run.entries.split_at(run.entries.len().saturating_sub(1) / CHUNK_LEN * CHUNK_LEN);
    let mut items =
        first.chunks(CHUNK_LEN).map(|entries| item(entries, false)).collect::<Result<Vec<_>>>()?;
    items.push(item(last, true)?);
    table.put_all(items).await
}

/// A snapshot is taken again long before.
fn expiry(now: Timestamp) -> i64 {
    now.plus_days(FEED_DAYS).seconds()
}

/// Reads the entries older than `before` in up to two chunks of the snapshot taken for `mark`.
///
/// At most 1 RRU. `None` when it was not stored. A run without entries that has more is not taken further
/// yet.
pub async fn page(
    table: &Table,
    reader: UserId,
    mark: i64,
    before: Option<PhotoId>,
    now: Timestamp,
) -> Result<Option<Run>> {
    let chunks = sort::chunks(mark);
    let range = Range {
        pk: partition::feed(reader),
        to: before
            .map_or_else(|| format!("{chunks}{}", sort::AFTER_DIGITS), |before| sort::chunk(mark, before)),
        from: chunks,
        newest_first: true,
        limit: CHUNKS,
        consistent: false,
    };
    let found = table.query::<Chunk>(range).await?;
    let chunks =
        found.items.into_iter().map(|(_, chunk)| chunk).filter(|chunk| chunk.expires_at > now.seconds());
    let mut run = None;
    for chunk in chunks {
        let run: &mut Run = run.get_or_insert_default();
        let older = |photo: &PhotoId| before.is_none_or(|before| *photo < before);
        let pairs = chunk.photos.into_iter().zip(chunk.authors).filter(|(photo, _)| older(photo));
        run.entries.extend(pairs.map(|(photo, author)| Entry { photo, author }));
        run.more = chunk.more;
    }
    Ok(run.map(|run| Run { more: run.more || found.more, ..run }))
}

/// Keeps the photos of an author whom the reader follows since the last snapshot, until the next one.
/// 1 WRU for each 120 photos.
pub async fn add_author(
    table: &Table,
    reader: UserId,
    author: UserId,
    photos: Vec<PhotoId>,
    now: Timestamp,
) -> Result<()> {
    let item = FeedAuthor { photos, at: now, expires_at: expiry(now) };
    table.put_all(vec![stored(&ItemKey::FeedAuthor(reader, author), item)?]).await
}

/// Removes the photos of an author followed since the last snapshot. 1 WRU for each KiB of them, 1 for none.
pub async fn remove_author(table: &Table, reader: UserId, author: UserId) -> Result<()> {
    table.delete_all(&[ItemKey::FeedAuthor(reader, author)]).await
}

/// An author followed since the last snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Followed {
    /// The author.
    pub author: UserId,
    /// When their photos were read.
    pub at: Timestamp,
    /// The photos, newest first.
    pub photos: Vec<PhotoId>,
}

/// Reads the photos of authors followed since the last snapshot: of 40 at most. 0.5 RRU for each 4 KiB.
pub async fn followed(table: &Table, reader: UserId, now: Timestamp) -> Result<Vec<Followed>> {
    let range = Range {
        pk: partition::feed(reader),
        from: sort::AUTHOR.to_owned(),
        to: format!("{}{}", sort::AUTHOR, sort::AFTER_DIGITS),
        newest_first: false,
        limit: AUTHORS,
        consistent: false,
    };
    let found = table.query::<FeedAuthor>(range).await?.items.into_iter();
    let fresh =
        found.filter(|(_, item)| item.expires_at > now.seconds()).filter_map(|(key, item)| match key {
            ItemKey::FeedAuthor(_, author) => Some(Followed { author, at: item.at, photos: item.photos }),
            _ => None,
        });
    Ok(fresh.collect())
}

/// Deletes what only snapshots before `mark` need: their chunks, and authors followed before them.
///
/// 0.5 RRU for each 4 KiB, 4 WRU for each chunk, 1 or 2 for each author. A page that still reads the
/// snapshot of `mark` finds all of it.
pub async fn forget_before(table: &Table, reader: UserId, mark: i64, followed: &[Followed]) -> Result<()> {
    let range = Range {
        pk: partition::feed(reader),
        from: sort::CHUNK.to_owned(),
        to: sort::chunks(mark),
        newest_first: false,
        limit: usize::MAX,
        consistent: false,
    };
    let chunks = table.query::<IgnoredAny>(range).await?.items.into_iter().map(|(key, _)| key);
    let before = followed.iter().filter(|followed| followed.at.0 < mark);
    let authors = before.map(|followed| ItemKey::FeedAuthor(reader, followed.author));
    table.delete_all(&chunks.chain(authors).collect::<Vec<_>>()).await
}
