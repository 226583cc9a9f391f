//! Photos cached in the process for a few seconds. A photo that many feeds show is read once, not once
//! for each.

use std::collections::HashMap;
use std::sync::Arc;

use domain::photo::Photo;
use domain::{PhotoId, Timestamp};
use moka::sync::Cache;
use table::{Result, Table};

/// How long a cached photo is shown. Counts may lag, and a deleted photo may still show, for this long.
const FRESH_MS: i64 = 3_000;
/// Photos that are cached, each about 1 KiB: 10 MiB in all.
const KEPT: u64 = 10_000;

/// Caches photos by id, each with the moment it was read.
pub(crate) struct PhotoCache(Cache<PhotoId, (Timestamp, Arc<Photo>)>);

impl Default for PhotoCache {
    fn default() -> Self {
        Self(Cache::new(KEPT))
    }
}

impl PhotoCache {
    /// Returns photos by id; those that do not exist are left out. Costs 0.5 RRU for each that is not cached.
    pub(crate) async fn get(
        &self,
        table: &Table,
        ids: &[PhotoId],
        now: Timestamp,
    ) -> Result<HashMap<PhotoId, Arc<Photo>>> {
        let mut found = HashMap::with_capacity(ids.len());
        let mut missing = Vec::new();
        for id in ids {
            match self.0.get(id) {
                Some((read_at, photo)) if now.0 - read_at.0 < FRESH_MS => {
                    found.insert(*id, photo);
                }
                _ => missing.push(*id),
            }
        }
        for (id, photo) in table::photo::get_all(table, &missing).await? {
            let photo = Arc::new(photo);
            self.0.insert(id, (now, photo.clone()));
            found.insert(id, photo);
        }
        Ok(found)
    }
}
