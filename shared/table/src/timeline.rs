//! An author's photos: the derived timeline, its counter, and the head that rebuilds read.

use std::collections::BTreeMap;

use domain::feed::{Entry, HEAD_LEN, Merged, Source, merge};
use domain::{PhotoId, UserId};
use futures::{StreamExt, TryStreamExt, stream};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use crate::calls::{Range, back_off, number, stored};
use crate::edges::{Edge, settle};
use crate::error::condition_failed;
use crate::keys::{Name, PK, partition, sort};
use crate::{Error, Page, Result, Table};

/// Timelines read at once.
const TIMELINES_AT_ONCE: usize = 8;

/// The newest photos of an author in one item, so that a rebuild over 150 authors is two round trips.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Head {
    photos: Vec<PhotoId>,
    /// Whether the author has no older photos.
    complete: bool,
    version: u64,
}

/// An author's ready photos older than `before`, newest first. 0.5 RRU for each 4 KiB.
pub async fn page(
    table: &Table,
    author: UserId,
    before: Option<PhotoId>,
    limit: usize,
) -> Result<Page<PhotoId>> {
    newest(table, author, before, limit, false).await
}

async fn newest(
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

/// The newest photos of several authors. 0.5 RRU each, one round trip for each 100.
///
/// An author without a head has no photos.
pub async fn heads(table: &Table, authors: &[UserId]) -> Result<Vec<Source>> {
    let names: Vec<Name> = authors.iter().copied().map(Name::Head).collect();
    let mut found: BTreeMap<Name, Head> = table.batch_get::<Head>(&names).await?.into_iter().collect();
    let sources = authors.iter().map(|author| match found.remove(&Name::Head(*author)) {
        Some(head) => Source { author: *author, photos: head.photos, complete: head.complete },
        None => Source { author: *author, photos: Vec::new(), complete: true },
    });
    Ok(sources.collect())
}

/// Exactly the newest `count` entries older than `after` of several authors, or all there are. Where `sources` do not reach
/// deep enough they are read further down their timelines, `depth` photos at a time: 0.5 RRU for each 4 KiB.
pub async fn newest_of(
    table: &Table,
    sources: &mut [Source],
    after: Option<PhotoId>,
    count: usize,
    depth: usize,
) -> Result<Page<Entry>> {
    loop {
        match merge(sources, after, count) {
            Merged::Page { entries, more } => return Ok(Page { items: entries, more }),
            Merged::Deepen(shallow) => deepen(table, sources, &shallow, after, depth).await?,
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
/// 4 WRU for the edge and the counter, 1 for the head, 1.5 RRU.
pub async fn derive(table: &Table, author: UserId, photo: PhotoId, listed: bool) -> Result<()> {
    let name = Name::Timeline(author, photo);
    let item = listed.then(|| stored(&name.key(), Listed {})).transpose()?;
    settle(table, vec![Edge { name, item, counters: vec![(Name::User(author), "photos")] }]).await?;
    renew_head(table, author).await
}

#[derive(Serialize)]
struct Listed {}

/// Writes the head anew from the timeline. Versioned: of two that renew at once, the one that read first loses and
/// reads again, so that the last head written has seen every photo.
async fn renew_head(table: &Table, author: UserId) -> Result<()> {
    const RACES: u32 = 10;
    for race in 0..RACES {
        let name = Name::Head(author);
        let old: Option<Head> = table.get(&name, true).await?;
        let newest = newest(table, author, None, HEAD_LEN, true).await?;
        let version = old.as_ref().map_or(0, |head| head.version);
        let head = Head { photos: newest.items, complete: !newest.more, version: version + 1 };
        if old.is_some_and(|old| old.photos == head.photos && old.complete == head.complete) {
            return Ok(());
        }
        let answer = table
            .client
            .put_item()
            .table_name(&*table.name)
            .set_item(Some(stored(&name.key(), &head)?))
            .condition_expression(format!("attribute_not_exists({PK}) OR version = :version"))
            .expression_attribute_values(":version", number(version))
            .send()
            .await;
        match answer {
            Ok(_) => return Ok(()),
            Err(error) if condition_failed(&error) => {
                back_off(race).await;
            }
            Err(error) => return Err(Error::sdk("PutItem", error)),
        }
    }
    Err(Error::busy("PutItem", "the author's head stayed contended"))
}
