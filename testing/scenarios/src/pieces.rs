//! The functions, and the fakes that stand for services around them.

use std::sync::Arc;

use domain::Clock;
use fanout::{Celebrities, Queues};
use table::Table;
use testkit::{Launches, ManualClock, Objects, Outbox, Published};

/// The photos of celebrities are pushed, as well as pulled.
pub const WITH_PUSH: bool = true;
/// The photos of celebrities are pulled alone.
pub const WITHOUT_PUSH: bool = false;
/// More followers than this make a celebrity here.
pub const THRESHOLD: i64 = 5;

/// Queues, topic and workflows between the functions.
#[derive(Clone, Debug, Default)]
pub(crate) struct Between {
    pub(crate) topic: Published,
    pub(crate) derive: Outbox,
    pub(crate) fanout: Outbox,
    pub(crate) backfill: Outbox,
    pub(crate) pushes: Launches,
    pub(crate) promotions: Launches,
    pub(crate) demotions: Launches,
}

/// The functions over one table.
pub struct Functions {
    /// Derives from the stream.
    pub derive: derive::DeriveHandler<Published, Outbox>,
    /// Pushes photos.
    pub fanout: fanout::FanoutHandler<Outbox, Launches>,
    /// Works on segments of workflows.
    pub segment: fanout_segment::FanoutSegmentHandler<Outbox>,
    /// Aligns feeds.
    pub backfill: backfill::BackfillHandler<Outbox>,
    /// Shows feeds.
    pub feed: feed_read::FeedReadHandler,
}

impl Functions {
    pub(crate) fn new(
        table: &Table,
        between: &Between,
        store: &Objects,
        clock: &ManualClock,
        push: bool,
    ) -> Self {
        let clock: Arc<dyn Clock> = clock.shared();
        let celebrities = Celebrities {
            threshold: THRESHOLD,
            push,
            fanout: between.pushes.clone(),
            promotion: between.promotions.clone(),
            demotion: between.demotions.clone(),
        };
        let (fanout, backfill) = (between.fanout.clone(), between.backfill.clone());
        // Nobody is connected in scenarios.
        let queues = Queues { fanout, backfill, live: Outbox::default() };
        let objects = backfill::Objects::new(store.client(), "photos", "uploads");
        Self {
            derive: derive::DeriveHandler::new(
                table.clone(),
                between.topic.clone(),
                derive::Queues { out_of_order: between.derive.clone(), live: Outbox::default() },
                clock.clone(),
            ),
            fanout: fanout::FanoutHandler::new(table.clone(), queues, celebrities, clock.clone()),
            segment: fanout_segment::FanoutSegmentHandler::new(
                table.clone(),
                between.backfill.clone(),
                clock.clone(),
            ),
            backfill: backfill::BackfillHandler::new(
                table.clone(),
                between.backfill.clone(),
                objects,
                clock.clone(),
            ),
            feed: feed_read::FeedReadHandler::new(table.clone(), "https://cdn.test", clock),
        }
    }
}
