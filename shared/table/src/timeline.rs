//! Timelines: an author's photos, newest first.

use domain::feed::{FeedRange, Run, Source, settled, shallow};
use domain::media::PerceptualHash;
use domain::{PhotoId, UserId};
use futures::{StreamExt, TryStreamExt, stream};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use crate::calls::Range;
use crate::keys::{ItemKey, partition, sort};
use crate::{Error, Page, Result, Table, packed};

/// Photos whose hashes are read at once. One page of a query has room for many times as many.
const HASHES: usize = 1_000;
/// Timelines read at once.
const TIMELINES_AT_ONCE: usize = 25;

/// Reads an author's ready photos older than `before`, newest first. 0.5 RRU for each 4 KiB.
pub async fn page(
    table: &Table,
    author: UserId,
    before: Option<PhotoId>,
    limit: usize,
) -> Result<Page<PhotoId>> {
    newest(table, author, before, limit, false).await
}

/// Reads as [`page`], strongly consistent. 1 RRU for each 4 KiB.
pub async fn page_latest(
    table: &Table,
    author: UserId,
    before: Option<PhotoId>,
    limit: usize,
) -> Result<Page<PhotoId>> {
    newest(table, author, before, limit, true).await
}

pub(crate) async fn newest(
    table: &Table,
    author: UserId,
    before: Option<PhotoId>,
    limit: usize,
    consistent: bool,
) -> Result<Page<PhotoId>> {
    let Some(to) = sort::older(before) else { return Ok(Page { items: Vec::new(), more: false }) };
    let range = Range {
        pk: partition::timeline(author),
        from: "0".to_owned(),
        to,
        newest_first: true,
        limit,
        consistent,
    };
    let page = table.query::<IgnoredAny>(range).await?;
    let items = page.items.into_iter().filter_map(|(key, _)| match key {
        ItemKey::Timeline(_, photo) => Some(photo),
        _ => None,
    });
    Ok(Page { items: items.collect(), more: page.more })
}

/// Reads exactly the newest entries of a range of several authors' photos.
///
/// Sources that do not reach deep enough are read `depth` photos further down their timelines, all in one
/// round trip. 0.5 RRU for each 4 KiB. A page for which that is not enough ends early, where the shallowest
/// source does.
pub async fn newest_of(
    table: &Table,
    sources: &mut [Source],
    range: &FeedRange,
    depth: usize,
) -> Result<Run> {
    let shallow = shallow(sources, range);
    deepen(table, sources, &shallow, range.before, depth).await?;
    Ok(settled(sources, range))
}

/// Reads further down the timelines of those sources that do not reach down to `oldest` yet, `step` photos at
/// a time. 0.5 RRU for each 4 KiB.
pub(crate) async fn deepen_to(
    table: &Table,
    sources: &mut [Source],
    oldest: PhotoId,
    step: usize,
) -> Result<()> {
    loop {
        let reaches =
            |source: &Source| source.complete || source.photos.last().is_some_and(|last| *last < oldest);
        let shallow: Vec<usize> = sources
            .iter()
            .enumerate()
            .filter(|(_, source)| !reaches(source))
            .map(|(index, _)| index)
            .collect();
        if shallow.is_empty() {
            return Ok(());
        }
        deepen(table, sources, &shallow, None, step).await?;
    }
}

/// Reads further down the timelines of some sources.
async fn deepen(
    table: &Table,
    sources: &mut [Source],
    shallow: &[usize],
    after: Option<PhotoId>,
    depth: usize,
) -> Result<()> {
    let starts = shallow.iter().filter_map(|&index| {
        let source = sources.get(index)?;
        // Photos that are known already, or newer than the page's start, need not be read.
        let before = source.photos.last().copied().into_iter().chain(after).min();
        Some((index, source.author, before))
    });
    let pages: Vec<_> = stream::iter(starts.collect::<Vec<_>>())
        .map(|(index, author, before)| async move {
            let page = page(table, author, before, depth).await?;
            Ok::<_, Error>((index, page))
        })
        .buffer_unordered(TIMELINES_AT_ONCE)
        .try_collect()
        .await?;
    for (index, page) in pages {
        if let Some(source) = sources.get_mut(index) {
            source.photos.extend(page.items);
            source.complete = !page.more;
        }
    }
    Ok(())
}

/// Reads the perceptual hashes of the media of an author's newest photos, newest first,
/// eventually consistent.
///
/// 0.5 RRU for each 4 KiB, which are some 50 photos.
pub async fn hashes(table: &Table, author: UserId) -> Result<Vec<(PhotoId, PerceptualHash)>> {
    let range = Range {
        pk: partition::timeline(author),
        from: "0".to_owned(),
        to: sort::AFTER_DIGITS.to_owned(),
        newest_first: true,
        limit: HASHES,
        consistent: false,
    };
    let page = table.query::<TimelineEntry>(range).await?;
    let hashes = page.items.into_iter().flat_map(|(key, entry)| match key {
        ItemKey::Timeline(_, photo) => entry.hashes.into_iter().map(|hash| (photo, hash)).collect(),
        _ => Vec::new(),
    });
    Ok(hashes.collect())
}

/// An entry of a timeline.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct TimelineEntry {
    /// Stored as eight bytes for each medium.
    #[serde(default, rename = "looks", with = "packed", skip_serializing_if = "Vec::is_empty")]
    pub(crate) hashes: Vec<PerceptualHash>,
}
