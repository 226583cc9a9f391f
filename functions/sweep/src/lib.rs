//! Ends what got stuck: a photo whose pictures never came, or never came out of processing, fails with a reason.
//!
//! - Trigger: a schedule, hourly. The event says nothing that the clock does not, so any JSON object will do. It runs
//!   on the task adapter: like a task it is one input, one answer, and an error that Lambda is to see.
//! - Access patterns: one query (0.5 RRU) for each hour of the last two days and each shard of its markers; for every
//!   marker that is due one consistent read (1 RRU), one conditional write when the photo is stuck (1 WRU) and one
//!   deletion of the marker (1 WRU).
//! - Emits nothing itself; the stream sees the photo fail.
//! - Again: a photo that is settled is not touched, and deleting a marker twice is harmless. The write that fails a
//!   photo is conditional, so that the last rendition arriving in the same moment wins or loses as a whole.
//! - Failures: what can be swept is swept, then the run fails as `SweepIncomplete`. Lambda tries again twice and then
//!   sends the event to the dead-letter queue; the markers stay, so the next hour tries again too. A marker is found
//!   for two days: as long as the sweep succeeds once in that time, none is missed.

use std::sync::Arc;

use domain::photo::{Failure, State};
use domain::{Clock, PhotoId, Timestamp};
use futures::{StreamExt, TryStreamExt, stream};
use runtime::task::{Handler, TaskError};
use runtime::{Aws, metrics};
use serde::{Deserialize, Serialize};
use table::{Table, photo, processing};

const HOUR_MS: i64 = 60 * 60 * 1000;
/// How long a photo may take. Uploads are accepted for an hour; what is not processed an hour later never will be.
const DUE_MS: i64 = 2 * HOUR_MS;
/// How far back to look.
const BACK_MS: i64 = 48 * HOUR_MS;
/// Queries, and photos, under way at once.
const AT_ONCE: usize = 8;

runtime::config! {
    /// Settings of `sweep`.
    pub struct Config {
        /// Name of the table.
        pub table_name: String,
    }
}

/// What the function works with.
pub struct Deps {
    table: Table,
    clock: Arc<dyn Clock>,
}

impl Deps {
    /// Connects to the table.
    pub fn connect(config: &Config, aws: &Aws) -> Self {
        Self::new(Table::new(aws.dynamodb(), &config.table_name), aws.clock())
    }

    /// Sweeps `table` by the time of `clock`.
    pub fn new(table: Table, clock: Arc<dyn Clock>) -> Self {
        Self { table, clock }
    }

    /// Photos that should be settled by now.
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

    /// Settles one photo, if that has not happened, and removes its marker; whether it was stuck.
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

/// The schedule's event. Nothing in it is needed.
#[derive(Debug, Deserialize)]
pub struct Tick {}

/// What one sweep did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Swept {
    /// Photos that were stuck and now are failed.
    pub stuck: u64,
    /// Markers of photos that were settled, or gone, already.
    pub settled: u64,
}

/// Not everything could be swept.
#[derive(Debug, thiserror::Error)]
#[error("the sweep is incomplete: {failed} of its steps failed")]
pub struct Incomplete {
    failed: usize,
    /// The first failure.
    source: table::Error,
}

impl TaskError for Incomplete {
    fn name(&self) -> &'static str {
        "SweepIncomplete"
    }
}

impl Handler for Deps {
    type Input = Tick;
    type Output = Swept;
    type Error = Incomplete;

    async fn handle(&self, _tick: Tick) -> Result<Swept, Incomplete> {
        let due = self.due(self.clock.now()).await.map_err(|source| Incomplete { failed: 1, source })?;
        let mut outcomes = stream::iter(due).map(|photo| self.settle(photo)).buffer_unordered(AT_ONCE);
        let (mut swept, mut failure) = (Swept::default(), None::<Incomplete>);
        // One photo that cannot be settled keeps no other from it.
        while let Some(outcome) = outcomes.next().await {
            match outcome {
                Ok(true) => swept.stuck += 1,
                Ok(false) => swept.settled += 1,
                Err(source) => match &mut failure {
                    Some(failure) => failure.failed += 1,
                    None => failure = Some(Incomplete { failed: 1, source }),
                },
            }
        }
        metrics::count("photos_stuck", swept.stuck);
        tracing::info!(stuck = swept.stuck, settled = swept.settled, "swept");
        failure.map_or(Ok(swept), Err)
    }
}
