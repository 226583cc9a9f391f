//! `sweep`: ends photos that got stuck, and repairs the counters and edges that an operator names.
//!
//! - **Trigger**: an hourly schedule, whose event may be any JSON object. Or an operator with a
//!   [`messages::repair::Repair`], as `verify` writes it. The function runs on the task adapter, which
//!   returns its errors to Lambda.
//! - **Access patterns**: an hourly run makes one query (0.5 RRU) for each hour of the last two days and each
//!   shard of its markers. A due marker costs one consistent read (1 RRU), one conditional write if the photo
//!   is stuck (1 WRU) and one delete of the marker (1 WRU). A repair counts the edges of each named counter
//!   by consistent queries (1 RRU for each 4 KiB) and sets the counter if it is wrong (1 WRU). It reads each
//!   named edge (1 RRU) and settles it with its counters in one transaction (at most 8 WRU). For each named pair
//!   it renews two circles (4 RRU, and 12 RRU with 2 WRU or more where they are wrong) and the edges of two bells
//!   (4 RRU, and 8 RRU with 2 WRU), and ends what a block, a removal or an answer ends. Messages go out ten in a call.
//! - **Emits**: for an hourly run nothing; the failed photo reaches `derive` through the table's stream. For
//!   a repair, what `derive` would have published about the settled edges, to the queue concerned. `backfill`
//!   gets `follow.removed` for each follow, there or gone, because it reads for itself whether the follow is
//!   there. `fanout` gets `photo.ready` for each listed photo.
//! - **Redelivery**: a settled photo is not touched, and deleting a marker twice is harmless. The write that
//!   fails a photo is conditional, so either it or the last rendition wins. A counter is set only if it has
//!   not changed since its edges were counted. An edge is set only to what its actor says at that moment,
//!   and so are a circle and the edge of a bell.
//!   Messages are sent again, also for edges that were right already; their consumers are idempotent.
//! - **Failures**: the run does what it can, then fails as `SweepIncomplete`. Lambda retries the event twice,
//!   then sends it to the dead-letter queue. The markers stay, so the next hourly run tries again. A marker
//!   is found for two days, so one successful run in that time is enough. An operator who waits for the
//!   answer gets the error and repeats the same repair. `verify` would no longer name those edges: they are
//!   right, only their messages are missing. A repair of more than [`messages::repair::MOST`] parts is a
//!   `BadInput`.

mod repair;
mod stuck;

use std::future::Future;
use std::sync::Arc;

use domain::{Clock, Relation, UserId};
use futures::{StreamExt, stream};
use messages::repair::{MOST, Recount, Repair};
use runtime::Aws;
use runtime::queue::{Queue, SendError, Sender};
use runtime::task::{BAD_INPUT, TaskError};
use serde::{Deserialize, Serialize};
use table::Table;

pub use repair::Repaired;
pub use stuck::Swept;

/// Steps in progress at once.
const AT_ONCE: usize = 8;

runtime::config! {
    /// Settings of `sweep`.
    pub struct Config {
        /// Name of the table.
        pub table_name: String,
        /// The queue of `fanout`, for photos that were listed late.
        pub fanout_queue_url: String,
        /// The queue of `backfill`, for readers whose follows were settled late.
        pub backfill_queue_url: String,
    }
}

/// Handles the schedule's sweep, and repairs that an operator asks for.
pub struct SweepHandler<Q = Queue> {
    table: Table,
    queues: Queues<Q>,
    clock: Arc<dyn Clock>,
}

/// The queues that are told of settled edges.
#[derive(Clone, Debug)]
pub struct Queues<Q> {
    /// Takes photos that are listed.
    pub fanout: Q,
    /// Takes follows, added or removed.
    pub backfill: Q,
}

impl SweepHandler {
    /// Connects to the table and the queues.
    pub fn connect(config: &Config, aws: &Aws) -> Self {
        let queues = Queues {
            fanout: Queue::connect(aws, &config.fanout_queue_url),
            backfill: Queue::connect(aws, &config.backfill_queue_url),
        };
        Self::new(Table::new(aws.dynamodb(), &config.table_name), queues, aws.clock())
    }
}

impl<Q: Sender> SweepHandler<Q> {
    /// Creates a handler that sweeps `table` by the time of `clock`, and tells `queues`
    /// which edges a repair settled.
    pub fn new(table: Table, queues: Queues<Q>, clock: Arc<dyn Clock>) -> Self {
        Self { table, queues, clock }
    }
}

/// The input: the schedule's event, whose content is ignored, or the repair that an operator asks for.
#[derive(Debug, Deserialize)]
pub struct Input {
    recount: Option<Recount>,
    resettle: Option<Vec<Relation>>,
    pairs: Option<Vec<(UserId, UserId)>>,
}

/// The result of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Done {
    /// The result of a scheduled sweep.
    Swept(Swept),
    /// The result of a repair.
    Repaired(Repaired),
}

/// The reason why a run failed.
#[derive(Debug, thiserror::Error)]
pub enum Failed {
    /// Some steps failed.
    #[error("the sweep is incomplete: {failed} of its steps failed")]
    Incomplete {
        /// The number of failed steps.
        failed: usize,
        /// The first failure.
        source: Error,
    },
    /// The repair has too many parts.
    #[error("a repair has at most {MOST} parts")]
    TooMuch,
}

/// The reason why a step failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The table failed.
    #[error(transparent)]
    Table(#[from] table::Error),
    /// A message was not sent.
    #[error(transparent)]
    Send(#[from] SendError),
}

impl TaskError for Failed {
    fn name(&self) -> &'static str {
        match self {
            Self::Incomplete { .. } => "SweepIncomplete",
            Self::TooMuch => BAD_INPUT,
        }
    }
}

/// The failures so far. A failed step does not stop the others.
#[derive(Default)]
struct Failures {
    failed: usize,
    first: Option<Error>,
}

impl Failures {
    /// Runs all `steps`, some at once, and passes each result to `done`.
    async fn gather<T, E: Into<Error>>(
        &mut self,
        steps: impl IntoIterator<Item = impl Future<Output = Result<T, E>>>,
        mut done: impl FnMut(T),
    ) {
        let mut outcomes = stream::iter(steps).buffer_unordered(AT_ONCE);
        while let Some(outcome) = outcomes.next().await {
            match outcome {
                Ok(outcome) => done(outcome),
                Err(error) => {
                    self.failed += 1;
                    self.first.get_or_insert(error.into());
                }
            }
        }
    }

    fn or<T>(self, done: T) -> Result<T, Failed> {
        match self.first {
            None => Ok(done),
            Some(source) => Err(Failed::Incomplete { failed: self.failed, source }),
        }
    }
}

impl<Q: Sender> runtime::task::Handler for SweepHandler<Q> {
    type Input = Input;
    type Output = Done;
    type Error = Failed;

    async fn handle(&self, input: Input) -> Result<Done, Failed> {
        let Input { recount, resettle, pairs } = input;
        if recount.is_none() && resettle.is_none() && pairs.is_none() {
            return Ok(Done::Swept(self.sweep().await?));
        }
        let (recount, resettle) = (recount.unwrap_or_default(), resettle.unwrap_or_default());
        let repair = Repair { recount, resettle, pairs: pairs.unwrap_or_default() };
        if repair.len() > MOST {
            return Err(Failed::TooMuch);
        }
        Ok(Done::Repaired(self.repair(repair).await?))
    }
}
