//! The daily usage of getting photos into feeds.

use domain::feed::{FEED_DAYS, FEED_LEN, SNAPSHOT_DAYS};

use crate::followers::Class;
use crate::units::{
    EDGE, ENTRY, FOLLOWEE, HEAD, HEAD_SECONDS, PACKED, PAGE, RETURN, SECOND_LOOK, SEGMENT, SEGMENT_STEPS,
    SEGMENTS, STATE, VISIT, WORKFLOW_STEPS,
};
use crate::world::DAY_SECONDS;
use crate::{Model, World};

/// The ways in which photos get into feeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strategy {
    /// Every photo is written into the feed of every follower.
    PushAll,
    /// Nothing is written; every page reads the head of everyone the reader follows.
    PullAll,
    /// The textbook's way: pushed to every follower up to the threshold, and read on every page above it.
    /// Who is a celebrity costs nothing to know here.
    Hybrid,
    /// As built: pushed to active followers only. Above the threshold, a photo is pulled from cached heads
    /// until a workflow has pushed it.
    Built,
    /// As built, with the push for celebrities switched off.
    BuiltPull,
}

impl Strategy {
    /// All strategies.
    pub const ALL: [Self; 5] = [Self::PushAll, Self::PullAll, Self::Hybrid, Self::Built, Self::BuiltPull];

    /// Returns the strategy's name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::PushAll => "push-all",
            Self::PullAll => "pull-all",
            Self::Hybrid => "textbook hybrid",
            Self::Built => "as built",
            Self::BuiltPull => "as built, celebrities pulled only",
        }
    }

    fn knows_who_is_active(self) -> bool {
        matches!(self, Self::Built | Self::BuiltPull)
    }

    /// Returns whether only photos of accounts below the threshold are pushed.
    fn pushes_below_only(self) -> bool {
        matches!(self, Self::Hybrid | Self::BuiltPull)
    }
}

/// The usage of a day of getting photos into feeds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Delivery {
    /// Write units.
    pub writes: f64,
    /// Read units.
    pub reads: f64,
    /// Entries that are written to feeds, and stay for a month.
    pub entries: f64,
    /// Followers that functions go through.
    pub followers: f64,
    /// Snapshots of feeds.
    pub snapshots: f64,
    /// Entries in those snapshots, which stay for a month.
    pub packed: f64,
    /// Steps of workflows.
    pub transitions: f64,
}

impl Model {
    /// Returns the daily usage of this strategy when accounts with more than `threshold`
    /// followers are celebrities.
    pub fn delivery(&self, strategy: Strategy, threshold: f64) -> Delivery {
        let mut day = self.pages(strategy, threshold);
        let pushed = match strategy {
            Strategy::PullAll => 0.0,
            _ if strategy.pushes_below_only() => self.arrivals(0.0) - self.arrivals(threshold),
            _ => self.arrivals(0.0),
        };
        day.followers = pushed;
        day.entries = pushed;
        day.reads += pushed * EDGE.reads;
        if strategy.knows_who_is_active() {
            day.entries *= self.world.active();
            day.reads += pushed * STATE.reads + day.entries * SECOND_LOOK.reads;
            self.visits(&mut day);
        }
        day.writes += day.entries * ENTRY.writes;
        if strategy == Strategy::Built {
            day.transitions = self.followers.above(threshold).map(|class| class.posts * steps(&class)).sum();
        }
        day
    }

    /// Returns the photos that reach followers' feeds in a day, of accounts with more
    /// than `threshold` followers.
    fn arrivals(&self, threshold: f64) -> f64 {
        self.followers.above(threshold).map(|class| class.posts * class.followers).sum()
    }

    /// Returns the usage of reading pages.
    fn pages(&self, strategy: Strategy, threshold: f64) -> Delivery {
        let (world, pages) = (&self.world, self.world.pages_a_day());
        let listed = pages * world.followers * FOLLOWEE.reads;
        let pulls = match strategy {
            Strategy::PushAll => 0.0,
            Strategy::PullAll => listed + self.pulls(0.0) * HEAD.reads,
            Strategy::Hybrid => {
                let heads = self.pulls(threshold) * HEAD.reads;
                // Without celebrities, a page does not have to list its reader's followees to find them.
                if heads > 0.0 { listed + heads } else { 0.0 }
            }
            Strategy::Built | Strategy::BuiltPull => self.cached_pulls(threshold) * HEAD.reads,
        };
        Delivery { reads: pages * PAGE.reads + pulls, ..Delivery::default() }
    }

    /// Returns how many heads of accounts with more than `threshold` followers all pages of a day ask for.
    pub fn pulls(&self, threshold: f64) -> f64 {
        self.followers.above(threshold).map(|class| class.accounts * asked_for(&self.world, &class)).sum()
    }

    /// Returns how many of those heads are in no cache. A head stays in a process's cache for a few seconds
    /// from the first page that asks for it. It is therefore read once in those seconds and the mean time
    /// until the next page asks.
    pub fn cached_pulls(&self, threshold: f64) -> f64 {
        let readers = self.world.readers();
        let missed = |class: Class| {
            let a_second = asked_for(&self.world, &class) / DAY_SECONDS / readers;
            class.accounts * readers * DAY_SECONDS * a_second / (1.0 + a_second * HEAD_SECONDS)
        };
        self.followers.above(threshold).map(missed).sum()
    }

    /// Adds the usage of knowing who is active: a mark a day, and snapshots for those who return or whose
    /// last one is old.
    fn visits(&self, day: &mut Delivery) {
        let (world, returns) = (&self.world, self.world.returns_a_day());
        day.snapshots = returns + world.dau / days(SNAPSHOT_DAYS);
        day.packed = self.kept_entries() * day.snapshots;
        day.writes += world.dau * VISIT.writes + day.snapshots * RETURN.writes + day.packed * PACKED.writes;
        // What the page of a return finds is stored as well, so that later pages need not look again.
        day.writes += returns * least() * PACKED.writes;
        let heads = world.followers * (FOLLOWEE.reads + HEAD.reads);
        day.reads += day.snapshots * (RETURN.reads + heads) + returns * heads;
    }

    /// Returns the entries of a snapshot: what the followees posted in the days that a feed reaches back.
    fn kept_entries(&self) -> f64 {
        (self.arrivals(0.0) / self.world.accounts() * days(FEED_DAYS)).max(least())
    }

    /// Returns the seconds until a photo is in the feed of the last active follower, of so many followers
    /// with a share of `active`. All followers are examined, and the active ones are written to.
    pub fn seconds(&self, followers: f64, active: f64) -> f64 {
        let writes = active * ENTRY.writes / self.world.spare_writes;
        let reads = (EDGE.reads + STATE.reads + active * SECOND_LOOK.reads) / self.world.spare_reads;
        followers * writes.max(reads)
    }

    /// Returns the most followers, a share of them active, for whom a push ends before
    /// a cached head is out of date.
    pub fn fast_enough(&self, active: f64) -> f64 {
        HEAD_SECONDS / self.seconds(1.0, active)
    }
}

/// Returns the pages of a day that need the head of an account of this class: those of its followers.
fn asked_for(world: &World, class: &Class) -> f64 {
    world.pages_a_day() * class.followers / world.accounts()
}

/// Returns the steps of the workflow that pushes one photo.
fn steps(class: &Class) -> f64 {
    WORKFLOW_STEPS + (class.followers / SEGMENT).ceil().min(SEGMENTS) * SEGMENT_STEPS
}

/// Returns the entries that a snapshot has at least.
fn least() -> f64 {
    f64::from(u32::try_from(FEED_LEN).unwrap_or(u32::MAX))
}

pub(crate) fn days(days: i64) -> f64 {
    f64::from(i32::try_from(days).unwrap_or(i32::MAX))
}
