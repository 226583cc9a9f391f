//! Photos that are stuck in processing.

use domain::photo::{Failure, State};
use domain::{PhotoId, Timestamp};
use futures::{StreamExt, TryStreamExt, stream};
use runtime::metrics;
use serde::Serialize;
use table::{photo, processing};

use crate::{AT_ONCE, Failed, Failures, SweepHandler};

const HOUR_MS: i64 = 60 * 60 * 1000;
/// How long processing may take. Uploads are accepted for an hour; a photo that is not processed
/// an hour later never will be.
const DUE_MS: i64 = 2 * HOUR_MS;
/// How far back a sweep looks.
const BACK_MS: i64 = 48 * HOUR_MS;

/// The result of a sweep.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Swept {
    /// Photos that were stuck and are failed now.
    pub stuck: u64,
    /// Markers of photos that were already settled or gone.
    pub settled: u64,
}

impl<Q> SweepHandler<Q> {
    pub(crate) async fn sweep(&self) -> Result<Swept, Failed> {
        let due = self.due(self.clock.now()).await;
        let due = due.map_err(|source| Failed::Incomplete { failed: 1, source: source.into() })?;
        let (mut swept, mut failures) = (Swept::default(), Failures::default());
        let steps = due.into_iter().map(|photo| self.settle(photo));
        let done = |stuck| if stuck { swept.stuck += 1 } else { swept.settled += 1 };
        failures.gather(steps, done).await;
        metrics::count("photos_stuck", swept.stuck);
        tracing::info!(stuck = swept.stuck, settled = swept.settled, "swept");
        failures.or(swept)
    }

    /// Returns the photos that should be settled by now.
    async fn due(&self, now: Timestamp) -> table::Result<Vec<PhotoId>> {
        let deadline = now.plus_ms(-DUE_MS);
        let hours = processing::hour(now.plus_ms(-BACK_MS))..=processing::hour(deadline);
        let shards = hours.flat_map(|hour| (0..processing::SHARDS).map(move |shard| (hour, shard)));
        let found: Vec<Vec<PhotoId>> = stream::iter(shards)
            .map(|(hour, shard)| processing::waiting(&self.table, hour, shard))
            .buffered(AT_ONCE)
            .try_collect()
            .await?;
        Ok(found.into_iter().flatten().filter(|photo| photo.created_at() <= deadline).collect())
    }

    /// Settles one photo, unless it is settled, and removes its marker. Returns whether the photo was stuck.
    async fn settle(&self, id: PhotoId) -> table::Result<bool> {
        let photo = photo::get_latest(&self.table, id).await?;
        let stuck = photo.is_some_and(|photo| photo.state == State::Processing)
            && photo::fail(&self.table, id, &incomplete()).await?;
        processing::remove(&self.table, id).await?;
        Ok(stuck)
    }
}

fn incomplete() -> Failure {
    Failure {
        code: "upload_incomplete".to_owned(),
        detail: "Not every picture arrived and could be processed in time. Please post the photo again."
            .to_owned(),
    }
}
