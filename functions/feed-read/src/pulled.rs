//! Entries pulled from the photos of everyone a reader follows.

use domain::feed::{Entry, FeedRange, Source};
use domain::{PhotoId, UserId};
use table::{Result, Table, head, timeline};

/// Followees read in one page.
const FOLLOWEES: usize = 1_000;
/// Most followees a page is pulled from: bounds what one request may cost, far above what people follow.
const MOST: usize = 10_000;
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
            sources.extend(head::of(table, &page.items).await?.sources);
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
        let range = FeedRange { before: after, down_to: None, count: wanted };
        let page = timeline::newest_of(table, &mut self.sources, &range, DEEPER).await?;
        Ok(Batch { entries: page.items, last: !page.more })
    }
}
