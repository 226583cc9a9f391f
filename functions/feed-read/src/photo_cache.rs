//! Photos cached in the process for a few seconds. A photo that many feeds show is read once, not once
//! for each.

use std::collections::HashMap;
use std::sync::Arc;

use domain::photo::Photo;
use domain::{PhotoId, Timestamp};
use moka::sync::Cache;
use table::photo::TextBudget;
use table::{Result, Table};

/// How long a cached photo is shown. Counts may lag, and a deleted photo may still show, for this long.
const FRESH_MS: i64 = 3_000;
/// Bytes of cached photos.
const KEPT_BYTES: u64 = 20 * 1024 * 1024;
/// Bytes of a cached photo without its texts.
const BARE_BYTES: usize = 1024;

/// Caches photos by id, each with the moment it was read.
pub(crate) struct PhotoCache(Cache<PhotoId, (Timestamp, Arc<Photo>)>);

impl Default for PhotoCache {
    fn default() -> Self {
        let weigh = |_: &PhotoId, (_, photo): &(Timestamp, Arc<Photo>)| {
            u32::try_from(BARE_BYTES + photo.text_bytes()).unwrap_or(u32::MAX)
        };
        Self(Cache::builder().max_capacity(KEPT_BYTES).weigher(weigh).build())
    }
}

impl PhotoCache {
    /// Returns the photos of a page by id. Those that do not exist are left out, and so are those whose long
    /// texts exceed the page's budget. Costs 0.5 RRU for each that is not cached, and its long texts.
    pub(crate) async fn get(
        &self,
        table: &Table,
        ids: &[PhotoId],
        now: Timestamp,
        texts: &mut TextBudget,
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
        for (id, photo) in table::photo::get_page(table, &missing, texts).await? {
            let photo = Arc::new(photo);
            self.0.insert(id, (now, photo.clone()));
            found.insert(id, photo);
        }
        Ok(found)
    }
}
