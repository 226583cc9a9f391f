//! Where a feed's entries come from: those that were pushed, then those that are pulled.

use domain::cursor::{FeedMode, FeedPosition};
use domain::feed::{Entry, is_active};
use domain::{PhotoId, Timestamp, UserId};
use table::feed::Reader;
use table::{Page, Result, Table};

use crate::pulled::{Batch, Pulled};

/// A reader's entries from some position on.
pub(crate) struct Source {
    reader: UserId,
    after: Option<PhotoId>,
    from: From,
}

enum From {
    /// Entries that fan-out wrote; the first page may have been read with the reader's state.
    Pushed(Option<Page<Entry>>),
    /// The photos of everyone the reader follows; loaded when first needed.
    Pulled(Option<Pulled>),
}

impl Source {
    /// Opens a feed at `position`, or at its beginning.
    ///
    /// At the beginning one query (0.5 RRU) tells who the reader is and gives the first `limit` entries. A reader who
    /// was away is marked active *before* anything is pulled for them: either a fan-out running now sees them active,
    /// or their pull sees its photo. Until `backfill` has caught up with that mark, entries are pulled.
    pub(crate) async fn open(
        table: &Table,
        reader: UserId,
        position: Option<FeedPosition>,
        limit: usize,
        now: Timestamp,
    ) -> Result<Self> {
        if let Some(FeedPosition { mode, after }) = position {
            let from = match mode {
                FeedMode::Pushed => From::Pushed(None),
                FeedMode::Pulled => From::Pulled(None),
            };
            return Ok(Self { reader, after: Some(after), from });
        }
        let (state, page) = table::feed::open(table, reader, limit, now).await?;
        let from = match state {
            Some(Reader { active_on, .. }) if !is_active(active_on, now) => None,
            Some(Reader { active_on, rebuild }) => {
                if active_on < now.day() {
                    table::feed::touch(table, reader, now).await?;
                }
                Some(if rebuild.is_none() { From::Pushed(Some(page)) } else { From::Pulled(None) })
            }
            None => None,
        };
        let from = match from {
            Some(from) => from,
            None => {
                table::feed::mark_returned(table, reader, now).await?;
                From::Pulled(None)
            }
        };
        Ok(Self { reader, after: None, from })
    }

    /// How the next entries will be found.
    pub(crate) fn mode(&self) -> FeedMode {
        match self.from {
            From::Pushed(_) => FeedMode::Pushed,
            From::Pulled(_) => FeedMode::Pulled,
        }
    }

    /// Name of the metric that counts feeds of this kind.
    pub(crate) fn metric(&self) -> &'static str {
        match self.from {
            From::Pushed(_) => "feeds_pushed",
            From::Pulled(_) => "feeds_pulled",
        }
    }

    /// The next entries, about `wanted` of them. Where the pushed ones end, pulled ones go on.
    pub(crate) async fn next(&mut self, table: &Table, wanted: usize, now: Timestamp) -> Result<Batch> {
        let batch = match &mut self.from {
            From::Pushed(first) => {
                let page = match (first.take(), self.after) {
                    (Some(page), _) => page,
                    (None, Some(after)) => table::feed::page(table, self.reader, after, wanted, now).await?,
                    (None, None) => Page { items: Vec::new(), more: false },
                };
                // Below what was pushed lies what expired, and what was posted before the reader followed.
                if !page.more {
                    self.from = From::Pulled(None);
                }
                Batch { entries: page.items, last: false }
            }
            From::Pulled(pulled) => {
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
