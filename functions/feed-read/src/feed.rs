//! The entries of a feed, from all the places that hold some.

use domain::feed::{Entry, FEED_DAYS, FeedRange, Run, Source, merge};
use domain::{PhotoId, Timestamp, UserId};
use table::reader::Reader;
use table::{Page, Result, Table, snapshot, timeline};

use crate::celebrities::Celebrities;

/// Photos read from a celebrity's timeline when their head does not reach far enough back.
const DEEPER: usize = 20;

/// A reader's entries from some position on.
///
/// They come from four places: what fan-out pushed, the snapshot, authors followed since the snapshot, and
/// celebrities whose photos are not pushed yet. No page reads further than the shallowest of them reaches.
pub(crate) struct Feed {
    reader: UserId,
    now: Timestamp,
    after: Option<PhotoId>,
    state: Reader,
    /// Pushed entries that were read together with the state.
    first: Option<Page<Entry>>,
    /// What was found for a reader who returned and whose snapshot is not whole yet.
    found: Option<Run>,
    beside: Option<Beside>,
}

/// What is read once for all rounds of a page.
struct Beside {
    followed: Vec<Entry>,
    celebrities: Vec<Source>,
}

/// Entries of a feed, newest first.
pub(crate) struct Batch {
    pub(crate) entries: Vec<Entry>,
    /// The position down to which the feed was read, if further than the last entry.
    pub(crate) reached: Option<PhotoId>,
    /// Whether nothing older exists.
    pub(crate) last: bool,
    /// Whether older entries wait for the snapshot to be stored.
    pub(crate) waits: bool,
}

impl Feed {
    /// Opens a feed after a photo, or at its beginning.
    ///
    /// At the beginning, one query (0.5 RRU) returns the reader's state and the first `limit` entries.
    /// Further down, two reads side by side do (1 RRU).
    ///
    /// A reader who was away is marked active *before* anything else is read for them. A fan-out that runs at
    /// the same time then either sees them active, or its photo is seen here.
    pub(crate) async fn open(
        table: &Table,
        reader: UserId,
        after: Option<PhotoId>,
        limit: usize,
        now: Timestamp,
    ) -> Result<Self> {
        let (state, first) = match after {
            None => table::feed::open(table, reader, limit, now).await?,
            Some(after) => futures::try_join!(
                table::reader::get(table, reader),
                table::feed::page(table, reader, after, limit, now),
            )?,
        };
        let unfollowed = state.as_ref().map(|state| state.unfollowed.clone()).unwrap_or_default();
        let mut metric = "feeds_pushed";
        let mut look = async |mark| {
            metric = "feeds_looked_at";
            look(table, reader, mark, now).await
        };
        let (state, found) = match state.filter(|state| !state.has_no_feed(now)) {
            Some(state) => {
                if state.is_old(now) {
                    table::reader::mark_old(table, reader, now).await?;
                } else if state.active_on < now.day() {
                    table::reader::touch(table, reader, now).await?;
                }
                let found = match state.rebuild.filter(|_| state.snapshot.is_none()) {
                    Some(mark) => match snapshot::page(table, reader, mark, after, now).await? {
                        Some(run) => Some(run),
                        // The request of the return has not stored what it found, or never will.
                        None => Some(look(Some(mark)).await?),
                    },
                    None => None,
                };
                (state, found)
            }
            None => {
                let marked = table::reader::mark_returned(table, reader, now).await?;
                let state = Reader {
                    active_on: now.day(),
                    rebuild: marked.then_some(now.0),
                    unfollowed,
                    ..Reader::default()
                };
                let run = look(state.rebuild).await?;
                (state, Some(run))
            }
        };
        runtime::metrics::count(metric, 1);
        Ok(Self { reader, now, after, state, first: Some(first), found, beside: None })
    }

    /// Returns the most RRU that reading the entries of a page costs, whatever the page finds: state, pushed
    /// entries and chunks in both rounds, authors followed since, heads and timelines of celebrities.
    pub(crate) fn read_units(&self) -> usize {
        5 + self.state.followed.len().div_ceil(5) + self.state.celebrities.len()
    }

    /// Returns at most `wanted` next entries.
    pub(crate) async fn next(&mut self, table: &Table, cache: &Celebrities, wanted: usize) -> Result<Batch> {
        let pushed = match (self.first.take(), self.after) {
            (Some(page), _) => page,
            (None, Some(after)) => table::feed::page(table, self.reader, after, wanted, self.now).await?,
            (None, None) => Page { items: Vec::new(), more: false },
        };
        let pushed = Run { entries: pushed.items, more: pushed.more };
        let read_before = self.beside.take();
        let beside = async {
            match read_before {
                Some(beside) => Ok(beside),
                None => self.beside(table, cache).await,
            }
        };
        let (snapshot, beside) = futures::try_join!(self.snapshot(table, &pushed), beside)?;
        let waits = snapshot.more && snapshot.entries.is_empty();
        if waits {
            return Ok(Batch { entries: Vec::new(), reached: self.after, last: false, waits });
        }
        let beside = self.beside.insert(beside);
        let followed = Run { entries: older(&beside.followed, self.after), more: false };
        let known = merge(vec![pushed, snapshot, followed]);
        // Below everything else, celebrities may have photos that were never pushed.
        let down_to = match known.entries.last() {
            Some(last) if known.more => last.photo,
            _ => PhotoId::floor(self.now.plus_days(-FEED_DAYS)),
        };
        let range = FeedRange { before: self.after, down_to: Some(down_to), count: wanted };
        let pulled = timeline::newest_of(table, &mut beside.celebrities, &range, DEEPER).await?;
        let mut run = merge(vec![known, pulled]);
        let last = !run.more && run.entries.len() <= wanted;
        run.entries.truncate(wanted);
        self.after = run.entries.last().map(|entry| entry.photo).or(self.after);
        run.entries.retain(|entry| !self.state.unfollowed.contains(&entry.author));
        Ok(Batch { entries: run.entries, reached: self.after, last, waits })
    }

    /// Returns the snapshot's entries after the position. Costs 1 RRU where the page reaches down to them.
    async fn snapshot(&self, table: &Table, pushed: &Run) -> Result<Run> {
        if let Some(run) = &self.found {
            return Ok(Run { entries: older(&run.entries, self.after), more: run.more });
        }
        let (Some(mark), Some(newest)) = (self.state.snapshot, self.state.newest) else {
            return Ok(Run::default());
        };
        let oldest_pushed = pushed.entries.last().filter(|_| pushed.more).map(|entry| entry.photo);
        if oldest_pushed.is_some_and(|oldest| oldest > newest) {
            return Ok(Run::default());
        }
        let run = snapshot::page(table, self.reader, mark, self.after, self.now).await?;
        Ok(run.unwrap_or_default())
    }

    /// Returns the photos of authors followed since the snapshot, and of celebrities.
    async fn beside(&self, table: &Table, cache: &Celebrities) -> Result<Beside> {
        let followed = async {
            if self.state.followed.is_empty() {
                return Ok(Vec::new());
            }
            snapshot::followed(table, self.reader, self.now).await
        };
        let celebrities = async {
            if self.state.celebrities.is_empty() {
                return Ok(Vec::new());
            }
            cache.unpushed(table, &self.state.celebrities, self.now).await
        };
        let (followed, celebrities) = futures::try_join!(followed, celebrities)?;
        let followed = followed.into_iter().flat_map(|followed| {
            let author = followed.author;
            followed.photos.into_iter().map(move |photo| Entry { photo, author })
        });
        Ok(Beside { followed: followed.collect(), celebrities })
    }
}

fn older(entries: &[Entry], than: Option<PhotoId>) -> Vec<Entry> {
    entries.iter().filter(|entry| than.is_none_or(|than| entry.photo < than)).copied().collect()
}

/// Looks at everyone the reader follows. Stores what it finds for the mark of the return, so that the next
/// page need not look again.
async fn look(table: &Table, reader: UserId, mark: Option<i64>, now: Timestamp) -> Result<Run> {
    let run = snapshot::newest(table, reader).await?.run;
    if let Some(mark) = mark {
        snapshot::store(table, reader, mark, &run, now).await?;
    }
    Ok(run)
}
