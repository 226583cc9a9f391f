//! Photos of celebrities that are not in every feed yet, kept in the process for a few seconds: what one reader pulled,
//! the next ones need not.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use domain::feed::{Entry, FeedRange, Source};
use domain::{Timestamp, UserId};
use futures::FutureExt;
use futures::future::{BoxFuture, Shared, join_all};
use moka::sync::Cache;
use table::{Result, Table, head, timeline};

/// How long a head is taken as it was: a new photo of a celebrity may be missing this long.
const FRESH_MS: i64 = 3_000;
/// Heads kept; at most about 0.5 KiB each, 5 MiB.
const KEPT: u64 = 10_000;
/// Photos read when a head does not reach deep enough.
const DEEPER: usize = 40;

/// One read of some heads, for all who wait for one of them. None when it failed.
type Reading = Shared<BoxFuture<'static, Option<Arc<HashMap<UserId, Source>>>>>;

/// Heads by celebrity, each with the moment its reading began.
///
/// A head that nobody has read lately is read once, however many ask for it at that moment; all that one page misses are
/// one round trip.
pub(crate) struct Celebrities {
    readings: Cache<UserId, (Timestamp, Reading)>,
    /// Held while it is decided who reads what, and never while anything is read.
    deciding: Mutex<()>,
}

impl Default for Celebrities {
    fn default() -> Self {
        Self { readings: Cache::new(KEPT), deciding: Mutex::default() }
    }
}

impl Celebrities {
    /// Exactly the newest photos of a range that `celebrities` posted and that are not in every feed yet. 0.5 RRU for
    /// each head that is not kept.
    pub(crate) async fn newest(
        &self,
        table: &Table,
        celebrities: &[UserId],
        range: &FeedRange,
        now: Timestamp,
    ) -> Result<Vec<Entry>> {
        let mut sources = self.unpushed(table, celebrities, now).await?;
        Ok(timeline::newest_of(table, &mut sources, range, DEEPER).await?.items)
    }

    async fn unpushed(&self, table: &Table, celebrities: &[UserId], now: Timestamp) -> Result<Vec<Source>> {
        let readings = self.readings_of(table, celebrities, now);
        let heads = join_all(readings.iter().map(|(_, reading)| reading.clone())).await;
        let mut sources = Vec::with_capacity(celebrities.len());
        let mut unread = Vec::new();
        for ((celebrity, _), found) in readings.iter().zip(heads) {
            match found.and_then(|found| found.get(celebrity).cloned()) {
                Some(source) => sources.push(source),
                None => unread.push(*celebrity),
            }
        }
        if !unread.is_empty() {
            // The reading that failed may have been another page's. It is not kept, and this page asks for itself.
            for celebrity in &unread {
                self.readings.invalidate(celebrity);
            }
            sources.extend(head::unpushed(table, &unread).await?);
        }
        Ok(sources)
    }

    /// For each celebrity the reading to wait for: one that is fresh, or one that begins now for all the others.
    fn readings_of(&self, table: &Table, celebrities: &[UserId], now: Timestamp) -> Vec<(UserId, Reading)> {
        let _deciding = self.deciding.lock().unwrap_or_else(PoisonError::into_inner);
        let mut readings = Vec::with_capacity(celebrities.len());
        let mut missing = Vec::new();
        for celebrity in celebrities {
            match self.readings.get(celebrity) {
                Some((since, reading)) if now.0 - since.0 < FRESH_MS => readings.push((*celebrity, reading)),
                _ => missing.push(*celebrity),
            }
        }
        runtime::metrics::count("celebrity_head_hits", readings.len() as u64);
        runtime::metrics::count("celebrity_head_misses", missing.len() as u64);
        if !missing.is_empty() {
            let reading = read(table.clone(), missing.clone());
            for celebrity in missing {
                self.readings.insert(celebrity, (now, reading.clone()));
                readings.push((celebrity, reading.clone()));
            }
        }
        readings
    }
}

fn read(table: Table, celebrities: Vec<UserId>) -> Reading {
    let reading = async move {
        let sources = head::unpushed(&table, &celebrities).await.ok()?;
        Some(Arc::new(sources.into_iter().map(|source| (source.author, source)).collect()))
    };
    reading.boxed().shared()
}
