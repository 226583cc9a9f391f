//! `fanout`: pushes a new photo to the feeds of its author's active followers.
//!
//! - **Trigger**: SQS `fanout`, subscribed to `photo.ready`. The function sends itself parts of a large
//!   following.
//! - **Access patterns**: one get of the photo, one of the author for the number of followers, and one of
//!   their head, which says whether the photo is pulled or pushed. Then followers page by page: one query of
//!   edges, `BatchGetItem` of the readers' states, `BatchWriteItem` of entries for the active ones, and one
//!   query for who left meanwhile. An active follower costs 1 WRU and little more than 0.5 RRU, an inactive
//!   one only the read.
//! - **Emits**: a message to the queue `live-send` for each connected reader whose feed has the photo. `photo.ready`
//!   for parts of a large following, to its own queue. `follow.removed` to the queue `backfill`, for followers who
//!   left meanwhile. Executions of `celebrity-fanout` for photos that are pulled, and of `celebrity-promotion` and
//!   `celebrity-demotion` for authors who crossed the threshold.
//! - **Redelivery**: an entry is its key, so writing it again changes nothing. A following that is split
//!   twice is written twice. An execution is named after its photo and starts once. A message about a photo
//!   that is gone is done.
//! - **Failures**: the message comes back, and after its last try goes to the dead-letter queue. Readers who
//!   pull find the photo all the same.
//!
//! A photo that is deleted during its fan-out may leave entries behind. They expire, and they are never
//! shown, because a page shows only photos that exist.

mod celebrities;

use std::sync::Arc;

use domain::feed::DeliveryMode;
use domain::{Clock, Home, PhotoId, UserId};
use messages::live::InFeed;
use messages::{Event, HashRange};
use runtime::Aws;
use runtime::queue::{Queue, SendError, Sender};
use runtime::workflow::{LaunchError, Launcher, StateMachine};
use table::follow::FollowerPages;
use table::{Table, feed, head, photo, user};

pub use celebrities::Celebrities;

runtime::config! {
    /// Settings of `fanout`.
    pub struct Config {
        /// Name of the table.
        pub table_name: String,
        /// The queue that this function works off, for parts of a large following.
        pub fanout_queue_url: String,
        /// The queue of `backfill`, for followers who left meanwhile.
        pub backfill_queue_url: String,
        /// The queue of `live-send`, for readers who are connected.
        pub live_send_queue_url: String,
        /// More followers than this make a celebrity.
        pub celebrity_threshold: i64,
        /// Whether the photos of celebrities are pushed at all.
        pub celebrity_push: bool,
        /// The workflow that pushes a celebrity's photo.
        pub celebrity_fanout_arn: String,
        /// The workflow that makes followers pull.
        pub celebrity_promotion_arn: String,
        /// The workflow that makes followers stop pulling.
        pub celebrity_demotion_arn: String,
    }
}

/// Handles photos that became ready: writes them to the feeds of active followers.
pub struct FanoutHandler<Q = Queue, L = StateMachine> {
    table: Table,
    queues: Queues<Q>,
    celebrities: Celebrities<L>,
    clock: Arc<dyn Clock>,
}

/// The queues that this function sends to.
#[derive(Clone, Debug)]
pub struct Queues<Q> {
    /// Takes parts of a large following.
    pub fanout: Q,
    /// Takes followers who unfollowed meanwhile.
    pub backfill: Q,
    /// Takes readers who are connected.
    pub live: Q,
}

/// The reason why a message cannot be handled now.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The table failed.
    #[error(transparent)]
    Table(#[from] table::Error),
    /// A message was not sent.
    #[error(transparent)]
    Send(#[from] SendError),
    /// A workflow was not started.
    #[error(transparent)]
    Launch(#[from] LaunchError),
    /// A subscription passed an event that this function does not handle.
    #[error("{0} is no message for this function")]
    Misdirected(&'static str),
}

impl FanoutHandler {
    /// Connects to the table, the queues and the workflows.
    pub fn connect(config: &Config, aws: &Aws) -> Self {
        let queues = Queues {
            fanout: Queue::connect(aws, &config.fanout_queue_url),
            backfill: Queue::connect(aws, &config.backfill_queue_url),
            live: Queue::connect(aws, &config.live_send_queue_url),
        };
        let celebrities = Celebrities {
            threshold: config.celebrity_threshold,
            push: config.celebrity_push,
            fanout: StateMachine::connect(aws, &config.celebrity_fanout_arn),
            promotion: StateMachine::connect(aws, &config.celebrity_promotion_arn),
            demotion: StateMachine::connect(aws, &config.celebrity_demotion_arn),
        };
        Self::new(Table::new(aws.dynamodb(), &config.table_name), queues, celebrities, aws.clock())
    }
}

impl<Q: Sender, L: Launcher> FanoutHandler<Q, L> {
    /// Creates a handler that fans out in `table`. Large followings go through `queues`,
    /// the largest through workflows.
    pub fn new(table: Table, queues: Queues<Q>, celebrities: Celebrities<L>, clock: Arc<dyn Clock>) -> Self {
        Self { table, queues, celebrities, clock }
    }

    async fn fan_out(&self, photo: PhotoId, author: UserId, range: HashRange) -> Result<(), Error> {
        // This is a strong read. An eventual one might say that the photo is not ready yet,
        // and the message would be lost.
        let listed = photo::get_latest(&self.table, photo).await?.is_some_and(|photo| photo.is_listed());
        if !listed {
            return Ok(());
        }
        let profile = user::get(&self.table, author).await?;
        let followers = profile.map_or(0, |profile| profile.followers);
        if range != HashRange::ALL {
            return self.push_or_split(photo, author, range, followers).await;
        }
        let status = head::status_latest(&self.table, author).await?;
        let pulled = status.unpushed.photos.contains(&photo);
        if pulled || status.mode == DeliveryMode::Celebrity {
            self.celebrities.push(photo, author, followers, pulled).await?;
        } else {
            self.push_or_split(photo, author, range, followers).await?;
        }
        // The photo is on its way, whether or not the author crosses the threshold.
        Ok(self.celebrities.cross(photo, author, status.mode, followers).await?)
    }

    /// Pushes to a range of followers, or sends a large range on in parts.
    async fn push_or_split(
        &self,
        photo_id: PhotoId,
        author_id: UserId,
        range: HashRange,
        followers: i64,
    ) -> Result<(), Error> {
        let parts = range.parts_for(followers);
        if parts.len() < 2 {
            return self.push(photo_id, author_id, range).await;
        }
        let events: Vec<Event> =
            parts.into_iter().map(|followers| Event::PhotoReady { photo_id, author_id, followers }).collect();
        Ok(self.queues.fanout.send(&events).await?)
    }

    async fn push(&self, photo: PhotoId, author: UserId, range: HashRange) -> Result<(), Error> {
        let now = self.clock.now();
        let mut walk = FollowerPages::new(author, Home::LOCAL, range.first, range.last, None);
        while let Some(page) = walk.next(&self.table).await? {
            let delivery = feed::deliver(&self.table, author, &page, &[photo], now).await?;
            runtime::metrics::count("entries_pushed", delivery.reached.len() as u64);
            runtime::metrics::count("inactive_skipped", delivery.skipped as u64);
            self.queues.backfill.send(&Event::unfollowed(author, &delivery.gone)).await?;
            let connected = delivery.connected.iter();
            let told: Vec<InFeed> =
                connected.map(|&reader_id| InFeed { reader_id, photo_id: photo, at: now }).collect();
            self.queues.live.send(&told).await?;
        }
        Ok(())
    }
}

impl<Q: Sender, L: Launcher> runtime::sqs::Handler for FanoutHandler<Q, L> {
    type Message = Event;
    type Error = Error;

    async fn handle(&self, event: Event) -> Result<(), Error> {
        match event {
            Event::PhotoReady { photo_id, author_id, followers } => {
                self.fan_out(photo_id, author_id, followers).await
            }
            other => Err(Error::Misdirected(other.kind())),
        }
    }
}
