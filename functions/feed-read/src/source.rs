//! The source of a feed's entries. Pushed entries come first, merged with photos of celebrities. Below them,
//! entries are pulled from everyone whom the reader follows.

use domain::cursor::{FeedMode, FeedPosition};
use domain::feed::{Entry, FeedRange, is_active, merge};
use domain::{PhotoId, Timestamp, UserId};
use table::reader::Reader;
use table::{Page, Result, Table};

use crate::celebrities::Celebrities;
use crate::pulled::{Batch, Pulled};

/// A reader's entries from some position on.
pub(crate) struct Source {
    reader: UserId,
    after: Option<PhotoId>,
    origin: Origin,
}

enum Origin {
    /// Entries that fan-out wrote, and photos of celebrities that it has not written yet.
    /// The first page holds what was read together with the reader's state.
    Pushed(Option<Pushed>),
    /// Photos of everyone the reader follows; loaded when first needed.
    Pulled(Option<Pulled>),
}

/// The pushed entries of a page, and the celebrities to merge among them.
struct Pushed {
    page: Page<Entry>,
    /// The celebrities whose photos the reader pulls.
    celebrities: Vec<UserId>,
}

impl Source {
    /// Opens a feed at `position`, or at its beginning.
    ///
    /// At the beginning, one query (0.5 RRU) returns the reader's state and the first `limit` entries.
    /// A reader who was away is marked active *before* anything is pulled for them. A fan-out that runs
    /// at the same time then either sees them active, or their pull sees its photo. Until `backfill` has
    /// handled that mark, entries are pulled.
    pub(crate) async fn open(
        table: &Table,
        reader: UserId,
        position: Option<FeedPosition>,
        limit: usize,
        now: Timestamp,
    ) -> Result<Self> {
        if let Some(FeedPosition { mode, after }) = position {
            let origin = match mode {
                FeedMode::Pushed => Origin::Pushed(None),
                FeedMode::Pulled => Origin::Pulled(None),
            };
            return Ok(Self { reader, after: Some(after), origin });
        }
        let (state, page) = table::feed::open(table, reader, limit, now).await?;
        let origin = match state.filter(|state| is_active(state.active_on, now)) {
            Some(Reader { active_on, rebuild, celebrities, .. }) => {
                if active_on < now.day() {
                    table::reader::touch(table, reader, now).await?;
                }
                if rebuild.is_none() {
                    Origin::Pushed(Some(Pushed { page, celebrities }))
                } else {
                    Origin::Pulled(None)
                }
            }
            None => {
                table::reader::mark_returned(table, reader, now).await?;
                Origin::Pulled(None)
            }
        };
        Ok(Self { reader, after: None, origin })
    }

    /// Returns how the next entries will be found.
    pub(crate) fn mode(&self) -> FeedMode {
        match self.origin {
            Origin::Pushed(_) => FeedMode::Pushed,
            Origin::Pulled(_) => FeedMode::Pulled,
        }
    }

    /// Returns the name of the metric that counts feeds of this kind.
    pub(crate) fn metric(&self) -> &'static str {
        match self.origin {
            Origin::Pushed(_) => "feeds_pushed",
            Origin::Pulled(_) => "feeds_pulled",
        }
    }

    /// Returns about `wanted` next entries. Pulled entries follow where pushed ones end.
    pub(crate) async fn next(
        &mut self,
        table: &Table,
        cache: &Celebrities,
        wanted: usize,
        now: Timestamp,
    ) -> Result<Batch> {
        let batch = match &mut self.origin {
            Origin::Pushed(first) => {
                let pushed = match (first.take(), self.after) {
                    (Some(pushed), _) => pushed,
                    (None, Some(after)) => Pushed::behind(table, self.reader, after, wanted, now).await?,
                    (None, None) => {
                        Pushed { page: Page { items: Vec::new(), more: false }, celebrities: vec![] }
                    }
                };
                let more = pushed.page.more;
                let mut entries = pushed.with_celebrities(table, cache, self.after, wanted, now).await?;
                // Below the pushed entries lie expired ones, and photos posted before the reader followed
                // their author.
                if !more && entries.len() <= wanted {
                    self.origin = Origin::Pulled(None);
                }
                entries.truncate(wanted);
                Batch { entries, last: false }
            }
            Origin::Pulled(pulled) => {
                let pulled = match pulled {
                    Some(pulled) => pulled,
                    None => pulled.insert(Pulled::load(table, self.reader).await?),
                };
                pulled.next(table, self.after, wanted).await?
            }
        };
        self.after = batch.entries.last().map(|entry| entry.photo).or(self.after);
        Ok(batch)
    }
}

impl Pushed {
    /// Reads the pushed entries after a photo. Costs 1 RRU and one round trip.
    async fn behind(
        table: &Table,
        reader: UserId,
        after: PhotoId,
        wanted: usize,
        now: Timestamp,
    ) -> Result<Self> {
        let (page, state) = futures::try_join!(
            table::feed::page(table, reader, after, wanted, now),
            table::reader::get(table, reader),
        )?;
        let (floor, celebrities) = state.map_or((None, Vec::new()), |state| (state.floor, state.celebrities));
        Ok(Self { page: table::feed::above(page, floor), celebrities })
    }

    /// Returns the entries down to the last pushed one, with photos of celebrities merged in order.
    /// Older photos of celebrities are pulled later, together with those of everyone else.
    async fn with_celebrities(
        self,
        table: &Table,
        cache: &Celebrities,
        before: Option<PhotoId>,
        wanted: usize,
        now: Timestamp,
    ) -> Result<Vec<Entry>> {
        let entries = self.page.items;
        let Some(last) = entries.last().filter(|_| !self.celebrities.is_empty()) else { return Ok(entries) };
        let range = FeedRange { before, down_to: Some(last.photo), count: wanted };
        let pulled = cache.newest(table, &self.celebrities, &range, now).await?;
        Ok(merge(entries, pulled))
    }
}
