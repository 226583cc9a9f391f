//! A month's bill, line by line.

use domain::feed::FEED_DAYS;

use crate::delivery::{Delivery, days};
use crate::prices::{
    API_EGRESS, API_REQUEST, APP_PUSH, BACKUP, COMPUTE, DECRYPTION, FAIR_QUEUE, INVOCATION, LOGS, MAIL,
    PUBLISH, QUEUE_REQUEST, READ, SOCKET_MESSAGE, SOCKET_MINUTE, TABLE, TRACE, TRANSITION, WRITE,
};
use crate::units::{
    ANNOUNCEMENT, ANSWER_KB, API, BACKFILL, COMMENT, COUNTER, DERIVE, DUE, DUE_SHARDS, ENTRY_BYTES,
    FANOUT_START, FANOUT_WORK, FEED_READ, FOLLOW, FOLLOWER, GATHER, INTAKE, LIKE, LIKER, LISTENERS, LISTING,
    LIVE_SEND, LOG_KB, LOOK, MAILED, NOTIFICATION, NOTIFY, OPENED, PACKED_BYTES, PAGE_KB, PING_MINUTES, PUSH,
    PUSH_WORK, REBUILD, RENDERING, SOCKET, SOCKET_MINUTES, TELLING, THREAD, THREADED, THUMBNAIL, TOKEN,
    TRACED, UNWATCH, Unit, WATCH, WATCHERS, Work,
};
use crate::world::{DAY_SECONDS, GB, KB, MONTH};
use crate::{Model, Strategy};

/// A line of a bill.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Line {
    /// The purpose of the cost.
    pub what: &'static str,
    /// Dollars a month.
    pub dollars: f64,
    /// Whether the cost depends on how photos get into feeds.
    pub feed: bool,
}

/// A month's bill.
#[derive(Clone, Debug, PartialEq)]
pub struct Bill {
    /// The lines, always the same ones in the same order.
    pub lines: Vec<Line>,
}

impl Bill {
    /// Returns the sum of all lines.
    pub fn total(&self) -> f64 {
        self.lines.iter().map(|line| line.dollars).sum()
    }

    /// Returns the sum of the lines that depend on how photos get into feeds.
    pub fn feed(&self) -> f64 {
        self.lines.iter().filter(|line| line.feed).map(|line| line.dollars).sum()
    }
}

/// A number of something in a day, and what one of it uses.
type Count = (f64, Unit);

/// Returns what a month of these counts costs in capacity.
fn capacity(counts: &[Count]) -> f64 {
    let sum = |units: fn(&Unit) -> f64| counts.iter().map(|(count, unit)| count * units(unit)).sum::<f64>();
    WRITE.of(MONTH * sum(|unit| unit.writes)) + READ.of(MONTH * sum(|unit| unit.reads))
}

/// Returns what so many requests cost to queues whose messages have groups.
fn queue_requests(requests: f64) -> f64 {
    QUEUE_REQUEST.of(requests) + FAIR_QUEUE.of(requests)
}

impl Model {
    /// Returns the bill when accounts with more than `threshold` followers are celebrities.
    pub fn bill(&self, strategy: Strategy, threshold: f64) -> Bill {
        let day = self.delivery(strategy, threshold);
        let feed = |what, dollars| Line { what, dollars, feed: true };
        let other = |what, dollars| Line { what, dollars, feed: false };
        let mut lines = vec![
            feed("feed: writes", WRITE.of(MONTH * day.writes)),
            feed("feed: reads", READ.of(MONTH * day.reads)),
            feed("feed: storage of entries", entries(&day)),
            feed("feed: fan-out functions", self.fan_out(&day)),
            feed("feed: workflows", TRANSITION.of(MONTH * day.transitions)),
            other("likes: capacity", self.likes()),
            other("comments: capacity", self.comments()),
            other("follows: capacity", self.follows()),
            other("posts: capacity", self.posts()),
            other("notifications: capacity", self.tellings()),
            other("sessions: capacity", self.sessions()),
            other("mails", self.mails()),
            other("sockets", self.sockets()),
            other("photos watched over sockets", self.watches()),
            other("what is due, looked for", gathering()),
            other("pushes", self.pushes()),
            other("pushes: SNS to apps", APP_PUSH.of(MONTH * self.world.tellings_a_day() * self.world.apps)),
            other("API requests and answers", self.api()),
            other("functions", self.functions()),
            other("events and queues", self.messages()),
            other("logs and traces", self.logs()),
        ];
        lines.extend(self.stores().map(|(what, dollars)| other(what, dollars)));
        Bill { lines }
    }

    /// Returns the cost of the fan-out's functions and queue. Its daily work comes on top
    /// of the other functions' work.
    fn fan_out(&self, day: &Delivery) -> f64 {
        let batches = day.followers / FANOUT_WORK.batch + day.snapshots;
        let gb_seconds = FANOUT_WORK.gb_seconds(day.followers) + REBUILD.gb_seconds(day.snapshots);
        // The other functions have used up the first tier by then. The result is a little
        // too high and never too low.
        INVOCATION.of(MONTH * batches)
            + COMPUTE.of(MONTH * gb_seconds)
            + queue_requests(MONTH * 2.0 * batches)
            + capacity(&[(self.world.posts_a_day(), FANOUT_START)])
    }

    fn likes(&self) -> f64 {
        let likes = self.world.likes_a_day();
        let batches = likes / self.world.likes_a_batch;
        capacity(&[(likes, LIKE), (likes, LIKER), (batches, COUNTER), (batches, LOOK)])
    }

    fn comments(&self) -> f64 {
        let comments = self.world.comments_a_day();
        capacity(&[(comments, COMMENT), (comments, THREADED), (self.world.threads_a_day(), THREAD)])
    }

    fn follows(&self) -> f64 {
        let follows = self.world.follows_a_day();
        capacity(&[(follows, FOLLOW), (follows, FOLLOWER), (follows, BACKFILL)])
    }

    fn posts(&self) -> f64 {
        let posts = self.world.posts_a_day();
        capacity(&[(posts, ANNOUNCEMENT), (posts * self.world.media, RENDERING), (posts, LISTING)])
    }

    fn tellings(&self) -> f64 {
        let gathered = self.notifications() * self.world.gathered;
        capacity(&[(gathered, NOTIFICATION), (self.notifications() - gathered, TELLING)])
    }

    /// Returns what people are told of in a day: each like and follow, and each comment by one person.
    pub(crate) fn notifications(&self) -> f64 {
        self.world.likes_a_day() + self.world.comments_a_day() + self.world.follows_a_day()
    }

    /// Tokens are signed in the process. Its key is unwrapped once a day, which costs cents.
    fn sessions(&self) -> f64 {
        capacity(&[(self.world.tokens_a_day(), TOKEN)])
    }

    /// A mail at SES, and what the key service opens for it. Its function is too small a part to show.
    fn mails(&self) -> f64 {
        let mails = self.world.mails_a_day();
        MAIL.of(MONTH * mails) + DECRYPTION.of(MONTH * mails * OPENED) + capacity(&[(mails, MAILED)])
    }

    /// Returns the cost of open sockets. A handshake invokes a function twice, its end once, and each ping once.
    fn sockets(&self) -> f64 {
        let minutes = self.world.socket_minutes_a_day();
        let (opened, pings) = (minutes / SOCKET_MINUTES, minutes / PING_MINUTES);
        let told = self.world.tellings_a_day();
        let messages = 2.0 * pings + self.world.dau * self.world.hints;
        let invocations = 3.0 * opened + pings;
        SOCKET_MINUTE.of(MONTH * minutes)
            + SOCKET_MESSAGE.of(MONTH * messages)
            + INVOCATION.of(MONTH * invocations)
            + COMPUTE.of(MONTH * API.gb_seconds(invocations))
            + capacity(&[(opened, SOCKET), (told, LISTENERS)])
    }

    /// Returns the cost of watching photos: what clients say, and what each hears of likes. A like that is heard is
    /// sent, received and deleted in a queue by itself.
    fn watches(&self) -> f64 {
        let (watches, heard) = (self.world.watches_a_day(), self.world.watched_likes_a_day());
        // To watch and to stop are said and answered.
        let said = 2.0 * watches;
        SOCKET_MESSAGE.of(MONTH * (2.0 * said + heard))
            + queue_requests(MONTH * 3.0 * heard)
            + INVOCATION.of(MONTH * (said + heard))
            + COMPUTE.of(MONTH * (API.gb_seconds(said) + LIVE_SEND.gb_seconds(heard)))
            + LOGS.of(MONTH * (said + heard) * LOG_KB * KB / GB)
            + capacity(&[(watches, WATCH), (watches, UNWATCH), (heard, WATCHERS)])
    }

    /// Returns the cost of pushing what is told, as if everybody had a device: events and queue, capacity, functions.
    /// Push services of browsers take messages for nothing, and SNS does not.
    fn pushes(&self) -> f64 {
        let told = self.world.tellings_a_day();
        let batches = told / PUSH_WORK.batch;
        PUBLISH.of(MONTH * batches)
            + queue_requests(MONTH * 2.0 * batches)
            + INVOCATION.of(MONTH * batches)
            + COMPUTE.of(MONTH * PUSH_WORK.gb_seconds(told))
            + LOGS.of(MONTH * batches * LOG_KB * KB / GB)
            + capacity(&[(told, PUSH)])
    }

    /// Returns the number of requests besides feed pages.
    fn other_requests(&self) -> f64 {
        let world = &self.world;
        let written = world.comments_a_day() + world.threads_a_day();
        world.likes_a_day() + written + world.follows_a_day() + world.posts_a_day() + world.tokens_a_day()
    }

    fn api(&self) -> f64 {
        let (pages, others) = (self.world.pages_a_day(), self.other_requests());
        let kb = (pages + self.world.threads_a_day()) * PAGE_KB + others * ANSWER_KB;
        let gb = kb * KB / GB;
        API_REQUEST.of(MONTH * (pages + others)) + API_EGRESS.of(MONTH * gb)
    }

    /// Returns how much of each kind of work a day brings, besides the fan-out.
    fn work(&self) -> [(f64, Work); 7] {
        let world = &self.world;
        let posts = world.posts_a_day();
        [
            (world.pages_a_day(), FEED_READ),
            (self.other_requests(), API),
            // Likes, follows and comments count once. Posts count twice: when they begin and when they are ready.
            (self.notifications() + 2.0 * posts, DERIVE),
            (self.notifications(), NOTIFY),
            (world.follows_a_day(), REBUILD),
            (posts * world.media, INTAKE),
            (posts * world.media, THUMBNAIL),
        ]
    }

    fn functions(&self) -> f64 {
        let invocations: f64 = self.work().iter().map(|(count, work)| count / work.batch).sum();
        let gb_seconds: f64 = self.work().iter().map(|(count, work)| work.gb_seconds(*count)).sum();
        INVOCATION.of(MONTH * invocations) + COMPUTE.of(MONTH * gb_seconds)
    }

    /// Returns the cost of events and queues. Events go to the topic in tens. What the topic sends
    /// to the queues is received and deleted in tens too; pictures are sent and handled one by one.
    fn messages(&self) -> f64 {
        let world = &self.world;
        let told = self.notifications() * (1.0 - world.gathered);
        let published = self.notifications() + told + world.posts_a_day();
        let received = (self.notifications() + world.follows_a_day() + world.posts_a_day()) / 10.0;
        let pictures = world.posts_a_day() * world.media;
        PUBLISH.of(MONTH * published / 10.0) + queue_requests(MONTH * (2.0 * received + 3.0 * pictures))
    }

    fn logs(&self) -> f64 {
        let invocations: f64 = self.work().iter().map(|(count, work)| count / work.batch).sum();
        let requests = self.world.pages_a_day() + self.other_requests();
        LOGS.of(MONTH * invocations * LOG_KB * KB / GB) + TRACE.of(MONTH * requests * TRACED)
    }
}

/// Returns the cost of looking each minute for what is due, however little there is: a run by the schedule, which sends
/// itself the shards, and the batches of them.
fn gathering() -> f64 {
    let minutes = DAY_SECONDS / 60.0;
    let batches = DUE_SHARDS / GATHER.batch;
    let requests = DUE_SHARDS / 10.0 + 2.0 * batches;
    queue_requests(MONTH * minutes * requests)
        + INVOCATION.of(MONTH * minutes * (1.0 + batches))
        + COMPUTE.of(MONTH * minutes * GATHER.gb_seconds(1.0 + DUE_SHARDS))
        + LOGS.of(MONTH * minutes * (1.0 + batches) * LOG_KB * KB / GB)
        + capacity(&[(minutes * DUE_SHARDS, DUE)])
}

/// Returns the cost of a month's entries, with the table's backups.
fn entries(day: &Delivery) -> f64 {
    let gb = (day.entries * ENTRY_BYTES + day.packed * PACKED_BYTES) * days(FEED_DAYS) / GB;
    TABLE.of(gb) + BACKUP.of(gb)
}
