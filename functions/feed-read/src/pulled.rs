//! Entries that are pulled from the photos of everyone a reader follows.

use domain::feed::{Entry, FeedRange, Source};
use domain::{PhotoId, UserId};
use table::{Result, Table, head, timeline};

/// Followees read in one query.
const FOLLOWEES: usize = 1_000;
/// Most followees that a page is pulled from. It bounds the cost of one request, far above what people
/// follow.
const MOST: usize = 10_000;
/// Photos read from a timeline when a head does not reach far enough back.
const DEEPER: usize = 40;

/// Entries of a feed, newest first.
pub(crate) struct Batch {
    pub(crate) entries: Vec<Entry>,
    /// Whether nothing older exists.
    pub(crate) last: bool,
}

/// The photos read so far of everyone a reader follows.
pub(crate) struct Pulled {
    sources: Vec<Source>,
}

impl Pulled {
    /// Reads the first 10,000 users whom `reader` follows, and their heads. Costs 0.5 RRU for each followee;
    /// heads are read 100 a round trip.
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

    /// Returns exactly the newest `wanted` entries older than `after`, or all if there are fewer.
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
