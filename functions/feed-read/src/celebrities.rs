//! Photos of celebrities that fan-out has not written to every feed yet. The process caches them for a few
//! seconds, so that readers share what one of them pulled.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use domain::feed::Source;
use domain::{Timestamp, UserId};
use futures::FutureExt;
use futures::future::{BoxFuture, Shared, join_all};
use moka::sync::Cache;
use table::{Result, Table, head};

/// How long a cached head is used. A celebrity's new photo may be missing from feeds for this long.
const FRESH_MS: i64 = 3_000;
/// Heads that are cached, each about 0.5 KiB at most: 5 MiB in all.
const KEPT: u64 = 10_000;

/// One read of several heads, shared by all who wait for one of them. It yields `None` when the read failed.
type Reading = Shared<BoxFuture<'static, Option<Arc<HashMap<UserId, Source>>>>>;

/// Caches heads by celebrity, each with the moment its read began.
///
/// Pages that miss the same head at the same moment share one read of it. All heads that one page misses
/// are one round trip.
pub(crate) struct Celebrities {
    readings: Cache<UserId, (Timestamp, Reading)>,
    /// Held while it is decided who reads which head, never during a read.
    deciding: Mutex<()>,
}

impl Default for Celebrities {
    fn default() -> Self {
        Self { readings: Cache::new(KEPT), deciding: Mutex::default() }
    }
}

impl Celebrities {
    /// Returns the photos of `celebrities` that are not in every feed yet. Costs 0.5 RRU for each head that
    /// is not cached.
    pub(crate) async fn unpushed(
        &self,
        table: &Table,
        celebrities: &[UserId],
        now: Timestamp,
    ) -> Result<Vec<Source>> {
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
            // The failed read may have been started by another page. It leaves the cache, and this page reads
            // for itself.
            for celebrity in &unread {
                self.readings.invalidate(celebrity);
            }
            sources.extend(head::unpushed(table, &unread).await?);
        }
        Ok(sources)
    }

    /// Returns the read to wait for, for each celebrity: a fresh one, or one read begun now for all
    /// the others.
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
