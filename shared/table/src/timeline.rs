//! An author's photos: the derived timeline and its counter.

use domain::feed::{Entry, Merged, Source, Stretch, merge};
use domain::{PhotoId, UserId};
use futures::{StreamExt, TryStreamExt, stream};
use serde::Serialize;
use serde::de::IgnoredAny;

use crate::calls::{Range, stored};
use crate::edges::{Edge, settle, settle_apart};
use crate::keys::{Name, partition, sort};
use crate::{Error, Page, Result, Table, head};

/// Timelines read at once.
const TIMELINES_AT_ONCE: usize = 8;

/// An author's ready photos older than `before`, newest first. 0.5 RRU for each 4 KiB.
pub async fn page(
    table: &Table,
    author: UserId,
    before: Option<PhotoId>,
    limit: usize,
) -> Result<Page<PhotoId>> {
    newest(table, author, before, limit, false).await
}

pub(crate) async fn newest(
    table: &Table,
    author: UserId,
    before: Option<PhotoId>,
    limit: usize,
    consistent: bool,
) -> Result<Page<PhotoId>> {
    let to = match before {
        // Everything below an id sorts at or below the id before it.
        Some(before) => match before.get().checked_sub(1).map(PhotoId::try_from) {
            Some(Ok(last)) => last.padded(),
            _ => return Ok(Page { items: Vec::new(), more: false }),
        },
        None => sort::AFTER_DIGITS.to_owned(),
    };
    let range = Range {
        pk: partition::timeline(author),
        from: "0".to_owned(),
        to,
        newest_first: true,
        limit,
        consistent,
    };
    let page = table.query::<IgnoredAny>(range).await?;
    let items = page.items.into_iter().filter_map(|(name, _)| match name {
        Name::Timeline(_, photo) => Some(photo),
        _ => None,
    });
    Ok(Page { items: items.collect(), more: page.more })
}

/// Exactly the newest entries of a stretch of several authors' photos. Where `sources` do not reach deep enough they are
/// read further down their timelines, `depth` photos at a time: 0.5 RRU for each 4 KiB.
pub async fn newest_of(
    table: &Table,
    sources: &mut [Source],
    stretch: &Stretch,
    depth: usize,
) -> Result<Page<Entry>> {
    loop {
        match merge(sources, stretch) {
            Merged::Page { entries, more } => return Ok(Page { items: entries, more }),
            Merged::Deepen(shallow) => deepen(table, sources, &shallow, stretch.before, depth).await?,
        }
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
        // What lies above the page's start is of no use: skip what is known and what was shown.
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

/// Puts a photo into its author's timeline and counts it, or takes it out, then renews the head.
///
/// 4 WRU for the edge and the counter, 1 for the head, 2 RRU.
pub async fn derive(table: &Table, author: UserId, photo: PhotoId, listed: bool) -> Result<()> {
    settle(table, vec![edge(author, photo, listed)?]).await?;
    head::renew(table, author, photo, listed).await
}

/// As [`derive`], apart from the order in which things happened: a photo that is gone is not listed, one that is there not
/// taken out. 2 WRU more.
pub async fn derive_apart(table: &Table, author: UserId, photo: PhotoId, listed: bool) -> Result<()> {
    settle_apart(table, vec![edge(author, photo, listed)?]).await?;
    head::renew(table, author, photo, listed).await
}

fn edge(author: UserId, photo: PhotoId, listed: bool) -> Result<Edge> {
    let name = Name::Timeline(author, photo);
    let item = listed.then(|| stored(&name.key(), Listed {})).transpose()?;
    // Ready is the last state of a photo: from then on it is there, or it was deleted.
    Ok(Edge { name, item, witness: Name::Photo(photo), counters: vec![(Name::User(author), "photos")] })
}

#[derive(Serialize)]
struct Listed {}
