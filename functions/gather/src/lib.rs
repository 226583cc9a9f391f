//! `gather`: tells the rows of inboxes that gathered something, and says whose quiet hours end, when they are due.
//!
//! - **Trigger**: a schedule every minute, whose event may be any JSON. SQS `gather`, to which that run sends a message
//!   for each shard of the minute.
//! - **Access patterns**: one query (0.5 RRU) for each of the last 15 minutes of a shard. For each due row its photo,
//!   its places, the row and the state of its inbox (3.5 RRU), one transaction (8 WRU), and one delete of the due time
//!   (1 WRU). For quiet hours that end, and rows about photos that their author muted meanwhile, the delete alone.
//! - **Emits**: `notification.told` for each row that it tells, `notification.quiet_ended` for quiet hours that end.
//!   To its own queue a message for each shard, and the same again where a shard has more rows than one message
//!   handles.
//! - **Redelivery**: a row is told if it is due, and the due time is deleted last. A message that comes again finds rows
//!   that were told within the last 15 minutes and publishes them again; devices show each telling, and each end of quiet
//!   hours, once.
//! - **Failures**: a row that cannot be told stays due, the others are told, and the message comes back. After its last try
//!   it goes to the dead-letter queue. A run that cannot send fails as `GatherFailed`; the runs of the next 15 minutes find
//!   its rows. What nobody finds is told with the next event of its row.

use std::sync::Arc;

use domain::inbox::RowId;
use domain::{Clock, UserId};
use futures::future::{join_all, try_join_all};
use messages::Event;
use messages::gather::DueRows;
use runtime::Aws;
use runtime::metrics;
use runtime::queue::{Queue, SendError, Sender};
use runtime::task::TaskError;
use runtime::topic::{Publisher, Topic, Unpublished};
use serde::de::IgnoredAny;
use table::inbox::due::Due;
use table::inbox::{self, due};
use table::{Table, photo};

/// Minutes of which rows are looked for, the present one included.
const MINUTES: i64 = 15;
/// Most rows of a minute and shard that one message handles.
const MOST: usize = 500;
/// Rows that are told at once, published together and then not due any more.
const AT_ONCE: usize = 10;

runtime::config! {
    /// Settings of `gather`.
    pub struct Config {
        /// Name of the table.
        pub table_name: String,
        /// The topic of domain events.
        pub topic_arn: String,
        /// The function's own queue, for the shards of a minute.
        pub gather_queue_url: String,
    }
}

/// Handles the schedule and the shards of a minute.
pub struct GatherHandler<P = Topic, Q = Queue> {
    table: Table,
    publisher: P,
    queue: Q,
    clock: Arc<dyn Clock>,
}

/// The reason why rows are not told now.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The table failed.
    #[error(transparent)]
    Table(#[from] table::Error),
    /// Rows were told, and nobody hears of it.
    #[error(transparent)]
    Unpublished(#[from] Unpublished),
    /// A message was not sent.
    #[error(transparent)]
    Send(#[from] SendError),
}

/// The reason why a run failed.
#[derive(Debug, thiserror::Error)]
#[error("the shards of the minute were not sent")]
pub struct Failed(#[from] SendError);

impl TaskError for Failed {
    fn name(&self) -> &'static str {
        "GatherFailed"
    }
}

impl GatherHandler {
    /// Connects to the table, the topic and the queue.
    pub fn connect(config: &Config, aws: &Aws) -> Self {
        let publisher = Topic::connect(aws, &config.topic_arn);
        let queue = Queue::connect(aws, &config.gather_queue_url);
        Self::new(Table::new(aws.dynamodb(), &config.table_name), publisher, queue, aws.clock())
    }
}

impl<P: Publisher, Q: Sender> GatherHandler<P, Q> {
    /// Creates a handler that tells rows in `table` by the time of `clock`.
    pub fn new(table: Table, publisher: P, queue: Q, clock: Arc<dyn Clock>) -> Self {
        Self { table, publisher, queue, clock }
    }

    /// Does what is due in one minute, publishes that, and forgets that it was due.
    async fn tell(&self, minute: i64, due: &[Due]) -> Result<(), Error> {
        let results =
            join_all(due.iter().map(|&due| async move { (due, self.event(minute, due).await) })).await;
        let (mut events, mut done, mut failure) = (Vec::new(), Vec::new(), None);
        for (due, event) in results {
            match event {
                Ok(event) => {
                    done.push(due);
                    events.extend(event);
                }
                Err(error) => _ = failure.get_or_insert(error),
            }
        }
        self.publisher.publish(&events).await?;
        metrics::count("notifications_gathered", u64::try_from(events.len()).unwrap_or(u64::MAX));
        due::remove(&self.table, minute, &done).await?;
        failure.map_or(Ok(()), |error| Err(error.into()))
    }

    /// Tells a row that is due in a minute, and returns what is to be published of that or of quiet hours.
    async fn event(&self, minute: i64, due: Due) -> Result<Option<Event>, table::Error> {
        let begins = due::begins(minute);
        match due {
            Due::Row(recipient_id, row) => {
                // The machine that made the message may be ahead.
                let now = self.clock.now().max(begins);
                if self.is_muted(recipient_id, row).await? {
                    return Ok(None);
                }
                let told = inbox::tell_due(&self.table, recipient_id, row, now).await?;
                Ok(told.map(|told| told.event(recipient_id)))
            }
            Due::QuietEnd(recipient_id) => Ok(Some(Event::QuietEnded { recipient_id, ended_at: begins })),
        }
    }

    /// Returns whether a row is about a photo that its author muted meanwhile. The next event after that tells it.
    async fn is_muted(&self, recipient: UserId, row: RowId) -> Result<bool, table::Error> {
        let Some(id) = row.subject.photo() else { return Ok(false) };
        let photo = photo::get(&self.table, id).await?;
        Ok(photo.is_some_and(|photo| photo.is_muted_for(recipient)))
    }
}

impl<P: Publisher, Q: Sender> runtime::task::Handler for GatherHandler<P, Q> {
    type Input = IgnoredAny;
    type Output = ();
    type Error = Failed;

    async fn handle(&self, _: IgnoredAny) -> Result<(), Failed> {
        let minute = due::minute(self.clock.now());
        let shards = (0..due::SHARDS).map(|shard| DueRows { minute, shard });
        Ok(self.queue.send(&shards.collect::<Vec<_>>()).await?)
    }
}

impl<P: Publisher, Q: Sender> runtime::sqs::Handler for GatherHandler<P, Q> {
    type Message = DueRows;
    type Error = Error;

    async fn handle(&self, message: DueRows) -> Result<(), Error> {
        let DueRows { minute, shard } = message;
        let minutes = minute.saturating_sub(MINUTES - 1)..=minute;
        let due = try_join_all(minutes.map(|minute| async move {
            Ok::<_, Error>((minute, due::read(&self.table, minute, shard, MOST).await?))
        }))
        .await?;
        let (mut more, mut failure) = (false, None);
        for (minute, page) in due {
            more |= page.more;
            for due in page.items.chunks(AT_ONCE) {
                // A row that fails holds up no others.
                if let Err(error) = self.tell(minute, due).await {
                    failure.get_or_insert(error);
                }
            }
        }
        match failure {
            Some(error) => Err(error),
            None if more => Ok(self.queue.send(&[message]).await?),
            None => Ok(()),
        }
    }
}
