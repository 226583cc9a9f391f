//! A scan of a whole table.

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{ConsumedCapacity, ReturnConsumedCapacity};
use tokio::sync::mpsc::{self, Sender};
use tokio::task::JoinSet;

use crate::cost::Meter;
use crate::seen::{Seen, attributes};
use crate::{Error, Options, Result};

/// Items read between two lines of progress.
const PROGRESS: u64 = 1_000_000;

/// The settings of a scan.
#[derive(Clone)]
pub(crate) struct Scan {
    pub(crate) client: Client,
    pub(crate) table: String,
    pub(crate) options: Options,
    pub(crate) meter: Arc<Meter>,
}

/// The amount that was read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Scanned {
    pub(crate) items: u64,
    pub(crate) strange: u64,
}

impl Scan {
    /// Passes every item to `visit`, in no order. Costs 0.5 RRU for each 4 KiB of the table,
    /// twice that when `consistent`.
    ///
    /// Segments are read and unpacked on as many threads as there are. `visit` runs on one thread,
    /// so that its sums need no locks. The client retries throttled pages.
    ///
    /// # Errors
    /// A page cannot be read. The whole scan has to be repeated, because only
    /// a part may have been seen.
    pub(crate) async fn run(
        &self,
        consistent: bool,
        progress: &mut dyn Write,
        mut visit: impl FnMut(Seen),
    ) -> Result<Scanned> {
        let segments = self.options.segments.max(1);
        let mut readers = JoinSet::new();
        let mut pages = {
            // A reader that is faster than the visitor waits, so that pages do not pile up.
            let (sender, pages) = mpsc::channel(1);
            for segment in 0..segments {
                readers.spawn(self.clone().segment(segment, segments, consistent, sender.clone()));
            }
            pages
        };
        let mut scanned = Scanned::default();
        while let Some(page) = pages.recv().await {
            let before = scanned.items / PROGRESS;
            for seen in page? {
                scanned.items += 1;
                scanned.strange += u64::from(seen == Seen::Strange);
                visit(seen);
            }
            if scanned.items / PROGRESS > before {
                writeln!(progress, "{} items, {:.0} RRU so far", scanned.items, self.meter.read_units())?;
            }
        }
        while let Some(reader) = readers.join_next().await {
            reader.map_err(|died| Error::Scan(died.into()))?;
        }
        Ok(scanned)
    }

    async fn segment(self, segment: u32, segments: u32, consistent: bool, pages: Sender<Result<Vec<Seen>>>) {
        let mut start = None;
        loop {
            #[expect(
                clippy::disallowed_methods,
                reason = "counting everything is reading everything; operators do, functions may not"
            )]
            let mut request = self.client.scan();
            for (place, attribute) in attributes().enumerate() {
                request = request.expression_attribute_names(format!("#a{place}"), attribute);
            }
            let names: Vec<String> = (0..attributes().count()).map(|place| format!("#a{place}")).collect();
            let answer = request
                .table_name(&self.table)
                .segment(i32::try_from(segment).unwrap_or(i32::MAX))
                .total_segments(i32::try_from(segments).unwrap_or(i32::MAX))
                .projection_expression(names.join(", "))
                .consistent_read(consistent)
                .return_consumed_capacity(ReturnConsumedCapacity::Total)
                .set_exclusive_start_key(start)
                .send()
                .await;
            let answer = match answer {
                Ok(answer) => answer,
                Err(error) => {
                    let _ = pages.send(Err(Error::Scan(error.into()))).await;
                    return;
                }
            };
            let consumed = answer.consumed_capacity();
            let units = consumed.and_then(ConsumedCapacity::capacity_units).unwrap_or_default();
            self.meter.add(units);
            start = answer.last_evaluated_key;
            let page = answer.items.into_iter().flatten().map(Seen::read).collect();
            if pages.send(page).await.is_err() || start.is_none() {
                return;
            }
            tokio::time::sleep(pause(units, self.options.rate, segments)).await;
        }
    }
}

/// Returns how long a segment rests after a page of so many units, so that all segments
/// together keep to the rate.
fn pause(units: f64, rate: Option<u32>, segments: u32) -> Duration {
    let seconds = rate.map_or(0.0, |rate| units * f64::from(segments) / f64::from(rate.max(1)));
    Duration::try_from_secs_f64(seconds).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_share_the_rate() {
        assert_eq!(pause(128.0, None, 4), Duration::ZERO);
        assert_eq!(pause(128.0, Some(1_000), 1), Duration::from_millis(128));
        assert_eq!(pause(128.0, Some(1_000), 4), Duration::from_millis(512));
        assert_eq!(
            pause(f64::MAX, Some(0), 4),
            Duration::ZERO,
            "a figure that cannot be is no reason to wait"
        );
    }
}
