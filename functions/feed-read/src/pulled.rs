//! Entries pulled from the photos of everyone a reader follows.

use domain::feed::{Entry, Merged, Source, merge};
use domain::{PhotoId, UserId};
use futures::{StreamExt, TryStreamExt, stream};
use table::{Error, Result, Table, timeline};

/// Followees read in one page.
const FOLLOWEES: usize = 1_000;
/// Most followees a page is pulled from: bounds what one request may cost, far above what people follow.
const MOST: usize = 10_000;
/// Timelines read at once.
const AT_ONCE: usize = 8;
/// Photos read when a head does not reach deep enough.
const DEEPER: usize = 40;

/// Some entries, newest first.
pub(crate) struct Batch {
    pub(crate) entries: Vec<Entry>,
    /// Whether nothing older exists.
    pub(crate) last: bool,
}

/// What is known of the photos of everyone a reader follows.
pub(crate) struct Pulled {
    sources: Vec<Source>,
}

impl Pulled {
    /// Reads whom `reader` follows and the heads of all of them: 0.5 RRU for each, 100 a round trip; of the
    /// first 10,000 of them.
    pub(crate) async fn load(table: &Table, reader: UserId) -> Result<Self> {
        let mut sources = Vec::new();
        let mut after = None;
        loop {
            let page = table::follow::following(table, reader, after, FOLLOWEES).await?;
            sources.extend(timeline::heads(table, &page.items).await?);
            after = page.items.last().copied();
            if !page.more || sources.len() >= MOST {
                return Ok(Self { sources });
            }
        }
    }

    /// Exactly the newest `wanted` entries older than `after`, or all there are.
    pub(crate) async fn next(
        &mut self,
        table: &Table,
        after: Option<PhotoId>,
        wanted: usize,
    ) -> Result<Batch> {
        loop {
            match merge(&self.sources, after, wanted) {
                Merged::Page { entries, more } => return Ok(Batch { entries, last: !more }),
                Merged::Deepen(shallow) => self.deepen(table, after, &shallow).await?,
            }
        }
    }

    /// Reads further down the timelines of some authors.
    async fn deepen(&mut self, table: &Table, after: Option<PhotoId>, shallow: &[usize]) -> Result<()> {
        let starts = shallow.iter().filter_map(|&index| {
            let source = self.sources.get(index)?;
            // What lies above the page's start is of no use: skip what is known and what was shown.
            let before = source.photos.last().copied().into_iter().chain(after).min();
            Some((index, source.author, before))
        });
        let pages: Vec<_> = stream::iter(starts.collect::<Vec<_>>())
            .map(|(index, author, before)| async move {
                let page = timeline::page(table, author, before, DEEPER).await?;
                Ok::<_, Error>((index, page))
            })
            .buffer_unordered(AT_ONCE)
            .try_collect()
            .await?;
        for (index, page) in pages {
            if let Some(source) = self.sources.get_mut(index) {
                source.photos.extend(page.items);
                source.complete = !page.more;
            }
        }
        Ok(())
    }
}
