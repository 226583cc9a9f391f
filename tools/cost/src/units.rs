//! Usage of one act: capacity units as tests measure them, and times of functions, which are assumed.

/// The capacity that one act uses.
#[derive(Clone, Copy, Debug)]
pub struct Unit {
    /// The act.
    pub what: &'static str,
    /// Write units.
    pub writes: f64,
    /// Read units.
    pub reads: f64,
    /// The file that states the usage.
    pub file: &'static str,
    /// The test in that file that measures it, or none if the file only states it.
    pub test: Option<&'static str>,
}

const fn measured(
    what: &'static str,
    writes: f64,
    reads: f64,
    file: &'static str,
    test: &'static str,
) -> Unit {
    Unit { what, writes, reads, file, test: Some(test) }
}

const fn stated(what: &'static str, writes: f64, reads: f64, file: &'static str) -> Unit {
    Unit { what, writes, reads, file, test: None }
}

const FEED: &str = "functions/feed-read/tests/feed/main.rs";
const RETURN_TEST: &str = "the_return_of_a_reader_with_many_followees_stays_within_its_budget";
const FANOUT: &str = "functions/fanout/tests/fanout.rs";
const PUSH_TEST: &str = "pushing_and_skipping_stay_within_their_budgets";

/// Every unit, in the order of the table.
pub const ALL: [Unit; 35] = [
    PAGE,
    HEAD,
    FOLLOWEE,
    EDGE,
    STATE,
    ENTRY,
    SECOND_LOOK,
    VISIT,
    RETURN,
    PACKED,
    LIKE,
    LIKER,
    COUNTER,
    LOOK,
    COMMENT,
    THREADED,
    THREAD,
    FOLLOW,
    FOLLOWER,
    BACKFILL,
    NOTIFICATION,
    TELLING,
    ANNOUNCEMENT,
    RENDERING,
    LISTING,
    FANOUT_START,
    TOKEN,
    MAILED,
    SOCKET,
    LISTENERS,
    WATCH,
    UNWATCH,
    WATCHERS,
    PUSH,
    DUE,
];

/// State and entries, circle and packed followings, 21 photos, the reader's likes; nothing is cached from earlier
/// pages.
pub const PAGE: Unit =
    measured("feed page of 20, nothing cached", 0.0, 12.5, FEED, "a_page_of_twenty_stays_within_its_budget");
/// An author's newest photos, when they are not in the process's cache.
pub const HEAD: Unit = measured("author's head pulled", 0.0, 0.5, FEED, RETURN_TEST);
/// One followee of a reader, listed.
pub const FOLLOWEE: Unit = measured("followee listed", 0.0, 0.015, FEED, RETURN_TEST);
/// One follower of an author, listed.
pub const EDGE: Unit = measured("follower listed", 0.0, 0.0125, FANOUT, PUSH_TEST);
/// Reading whether a follower was active lately.
pub const STATE: Unit = measured("follower's state looked at", 0.0, 0.5, FANOUT, PUSH_TEST);
/// A photo written to a feed.
pub const ENTRY: Unit = measured("entry pushed", 1.0, 0.0, FANOUT, PUSH_TEST);
/// Reading whether the follower unfollowed meanwhile.
pub const SECOND_LOOK: Unit = stated("its follow looked at again", 0.0, 0.025, "shared/table/src/feed.rs");
/// An active reader's first page of a day.
pub const VISIT: Unit = stated("reader's day noted", 1.0, 0.0, "shared/table/src/reader.rs");
/// The mark of a return or of an old snapshot, and its end. Heads, listing and entries come on top.
pub const RETURN: Unit =
    stated("snapshot marked and its mark removed", 2.0, 1.0, "shared/table/src/reader.rs");
/// An entry in a chunk of 240.
pub const PACKED: Unit = measured(
    "entry in a snapshot",
    1.0 / 60.0,
    0.0,
    "functions/backfill/tests/backfill/returned.rs",
    "a_snapshot_stays_within_its_budget",
);
/// The actor's edge, and the quota. Photo and session are read.
pub const LIKE: Unit = measured(
    "like, request",
    2.0,
    1.5,
    "functions/like/tests/like.rs",
    "a_like_and_an_unlike_stay_within_their_budget",
);
/// The derived edge, in a transaction.
pub const LIKER: Unit = measured(
    "like, derived",
    2.0,
    0.0,
    "functions/derive/tests/derive/main.rs",
    "a_batch_of_likes_stays_within_its_budget",
);
/// Each like's share of this falls with the likes in a batch.
pub const COUNTER: Unit = measured(
    "counter of a batch",
    2.0,
    0.0,
    "shared/table/tests/access_patterns.rs",
    "a_like_derived_costs_two_units_and_its_share_of_the_counter",
);
/// Whether anybody watches the photo.
pub const LOOK: Unit = measured(
    "photo of a batch, watched or not",
    0.0,
    1.0,
    "functions/derive/tests/derive/main.rs",
    "a_batch_of_likes_stays_within_its_budget",
);
/// The writer's edge, and the quota. Photo, circle and session are read.
pub const COMMENT: Unit = measured(
    "comment, request",
    2.0,
    1.0,
    "functions/comment/tests/comment/writing.rs",
    "writing_and_liking_stay_within_their_budget",
);
/// The comment in its thread and the photo's counter, in a transaction.
pub const THREADED: Unit = measured(
    "comment, derived",
    4.0,
    0.0,
    "functions/derive/tests/derive/comments.rs",
    "a_comment_derived_stays_within_its_budget",
);
/// The photo, the circle, the thread, what the reader wrote and what they like; then the pinned comments.
pub const THREAD: Unit = measured(
    "page of 20 comments",
    0.0,
    3.5,
    "functions/comment/tests/comment/writing.rs",
    "writing_and_liking_stay_within_their_budget",
);
/// The actor's edge, the quota, both profiles (the other's consistently), the circle, and the session.
pub const FOLLOW: Unit = measured(
    "follow, request",
    2.0,
    2.5,
    "functions/follow/tests/follow.rs",
    "a_follow_and_an_unfollow_stay_within_their_budget",
);
/// What the two say about each other; the derived edge and two counters, in a transaction; packed followings of up to
/// 120 people.
pub const FOLLOWER: Unit = stated("follow, derived", 7.0, 6.0, "shared/table/tests/followings.rs");
/// The follow read twice, the reader, the author's timeline. Entries come on top.
pub const BACKFILL: Unit = measured(
    "follow, brought into the feed",
    2.0,
    5.0,
    "functions/backfill/tests/backfill/followed.rs",
    "a_follow_costs_two_writes_however_much_was_posted",
);
/// Row and marker in a transaction; both read before with the place of the row, the like or comment, its photo and the
/// recipient's circle before and after.
pub const NOTIFICATION: Unit = measured(
    "notification, gathered",
    4.0,
    8.0,
    "functions/notify/tests/notify/main.rs",
    "a_notification_and_its_withdrawal_stay_within_their_budgets",
);
/// The row is deleted and written in its new place, with its marker, its place and the state of the inbox. A new row takes
/// 2 WRU and 1 RRU less. What is gathered until it is due takes 3 WRU more and 5.5 RRU less.
pub const TELLING: Unit = measured(
    "notification, told",
    10.0,
    9.0,
    "functions/notify/tests/notify/main.rs",
    "a_notification_and_its_withdrawal_stay_within_their_budgets",
);
/// The quota, the idempotency key, the account and the session side by side, then photo and key in a transaction.
pub const ANNOUNCEMENT: Unit = measured(
    "draft created",
    5.0,
    2.0,
    "functions/upload-presign/tests/create_upload/create.rs",
    "when_a_draft_is_created_then_it_costs_one_read_trip_and_one_transaction",
);
/// The photo, the original, the author's timeline and the photo again read; the attempt noted; photo and
/// original written in a transaction.
pub const RENDERING: Unit = measured(
    "picture rendered",
    5.0,
    3.0,
    "functions/thumbnail/tests/uploads/kept.rs",
    "when_a_picture_is_uploaded_then_reads_and_writes_are_within_budget",
);
/// Timeline and counter in a transaction (4), the head (1), the marker of a waiting
/// photo added and removed (2).
pub const LISTING: Unit = stated("post listed", 7.0, 2.0, "shared/table/src/change.rs");
/// The photo, its author and the author's head.
pub const FANOUT_START: Unit = stated("fan-out begun", 0.0, 2.5, "functions/fanout/src/lib.rs");
/// A refreshed session.
pub const TOKEN: Unit = measured(
    "access token",
    1.0,
    1.0,
    "functions/refresh/tests/refresh.rs",
    "when_a_session_is_refreshed_or_ended_then_it_costs_next_to_nothing",
);
/// A link that is asked for and mailed: quotas of the request and of the mail, the link and its mark; then
/// link, address and claim.
pub const MAILED: Unit = stated("link mailed", 4.0, 3.5, "functions/mail/src/lib.rs");
/// A socket that is opened, and ends, with the reader's state each time. Its session is read.
pub const SOCKET: Unit = measured(
    "socket opened and ended",
    4.0,
    1.5,
    "functions/live-connect/tests/connect.rs",
    "when_a_socket_opens_then_it_is_noted_until_it_must_have_ended",
);
/// The sockets of somebody who was told of something. Most have none.
pub const LISTENERS: Unit = measured(
    "open sockets of a recipient, none",
    0.0,
    0.5,
    "functions/live-send/tests/send/main.rs",
    "when_nobody_is_connected_then_it_costs_one_small_read",
);
/// Photo, circle, state and number of watchers are read; the quota, the socket, the watcher, and the state, which most
/// watchers need not write.
pub const WATCH: Unit = measured(
    "photo watched",
    4.0,
    2.0,
    "functions/live-message/tests/message.rs",
    "when_a_photo_is_watched_then_the_socket_is_noted_within_the_budget",
);
/// The socket and the watcher.
pub const UNWATCH: Unit = stated("photo watched no more", 2.0, 0.0, "shared/table/src/watch.rs");
/// The second, a few watchers, the photo and its author's circle.
pub const WATCHERS: Unit = measured(
    "watchers told of likes",
    1.0,
    2.5,
    "functions/live-send/tests/send/watch.rs",
    "when_a_watched_photo_is_liked_then_its_watchers_hear_how_often",
);
/// The devices; settings, place and row, state of the inbox, circle and photo.
pub const PUSH: Unit = measured(
    "telling pushed to a device",
    0.0,
    5.5,
    "functions/push/tests/push.rs",
    "when_nobody_has_a_device_then_a_telling_costs_one_read",
);
/// A shard of a minute in which nothing is due.
pub const DUE: Unit = measured(
    "minute's shard without a due row",
    0.0,
    7.5,
    "functions/gather/tests/gather.rs",
    "a_row_that_is_due_stays_within_its_budget",
);
/// Shards of what is due in a minute.
pub const DUE_SHARDS: f64 = 16.0;
/// Minutes that a socket is open.
pub const SOCKET_MINUTES: f64 = 10.0;
/// Minutes between two pings of a socket. Each is answered.
pub const PING_MINUTES: f64 = 5.0;
/// Texts that the key service opens for one mail: address and token.
pub const OPENED: f64 = 2.0;

/// The time and memory of one kind of work.
#[derive(Clone, Copy, Debug)]
pub struct Work {
    /// The function, and the unit of work.
    pub what: &'static str,
    /// The function's memory in MB, as in the template.
    pub memory: f64,
    /// Milliseconds for one unit of work.
    pub ms: f64,
    /// Units of work that one invocation takes.
    pub batch: f64,
}

impl Work {
    /// Returns the GB-seconds for so many units of work.
    pub fn gb_seconds(&self, count: f64) -> f64 {
        count * self.memory / 1024.0 * self.seconds()
    }

    /// Returns the seconds for one unit of work.
    pub fn seconds(&self) -> f64 {
        self.ms / 1000.0
    }
}

const fn work(what: &'static str, memory: f64, ms: f64, batch: f64) -> Work {
    Work { what, memory, ms, batch }
}

/// Every kind of work, in the order of the table.
pub const WORK: [Work; 11] =
    [FEED_READ, API, DERIVE, NOTIFY, GATHER, LIVE_SEND, PUSH_WORK, FANOUT_WORK, REBUILD, INTAKE, THUMBNAIL];

/// A feed page.
pub const FEED_READ: Work = work("`feed-read`, a page", 512.0, 20.0, 1.0);
/// Any other request.
pub const API: Work = work("another API function, a request", 256.0, 10.0, 1.0);
/// A record of the stream.
pub const DERIVE: Work = work("`derive`, a record", 512.0, 1.5, 100.0);
/// An event.
pub const NOTIFY: Work = work("`notify`, an event", 256.0, 14.0, 10.0);
/// A shard of a minute in which nothing is due.
pub const GATHER: Work = work("`gather`, a shard of a minute", 256.0, 20.0, 4.0);
/// A photo's likes, told to its watchers. Seldom two wait for each other.
pub const LIVE_SEND: Work = work("`live-send`, likes of a watched photo", 256.0, 20.0, 1.0);
/// A telling. Those of a batch wait for push services side by side.
pub const PUSH_WORK: Work = work("`push`, a telling", 256.0, 20.0, 10.0);
/// A follower of an author who posted.
pub const FANOUT_WORK: Work = work("`fanout`, `fanout-segment`: a follower", 512.0, 0.4, 2_500.0);
/// A follow or a snapshot.
pub const REBUILD: Work = work("`backfill`, a follow or a snapshot", 512.0, 100.0, 1.0);
/// An upload that is passed on.
pub const INTAKE: Work = work("`intake`, an upload", 256.0, 10.0, 1.0);
/// A picture.
pub const THUMBNAIL: Work = work("`thumbnail`, a picture", 1_024.0, 650.0, 1.0);

/// Steps of a celebrity's fan-out besides its segments: plan, map, look for failures, wait, mark.
pub const WORKFLOW_STEPS: f64 = 5.0;
/// Steps of a segment: its start, turn, try, turn, end.
pub const SEGMENT_STEPS: f64 = 5.0;
/// Followers in a segment.
pub const SEGMENT: f64 = 10_000.0;
/// Most segments of an execution; beyond that the segments grow.
pub const SEGMENTS: f64 = 2_000.0;
/// Seconds that a process caches a celebrity's head.
pub const HEAD_SECONDS: f64 = 3.0;

/// Bytes of a like at both ends. Sizes of items follow from the lengths of keys and attributes, with the 100
/// bytes that DynamoDB adds to each item.
pub const LIKE_BYTES: f64 = 365.0;
/// A comment of 60 characters at both ends.
pub const COMMENT_BYTES: f64 = 560.0;
/// A follow at both ends.
pub const FOLLOW_BYTES: f64 = 350.0;
/// A post with its place in the timeline and the original of its picture.
pub const POST_BYTES: f64 = 1_700.0;
/// A feed entry.
pub const ENTRY_BYTES: f64 = 190.0;
/// An entry in a snapshot.
pub const PACKED_BYTES: f64 = 17.0;
/// An actor in an inbox.
pub const NOTIFICATION_BYTES: f64 = 220.0;

/// KB of a feed page's answer, compressed (docs/adr/0007-http-events.md).
pub const PAGE_KB: f64 = 3.1;
/// KB of another answer.
pub const ANSWER_KB: f64 = 0.5;
/// KB of logs and metrics of an invocation.
pub const LOG_KB: f64 = 1.5;
/// Share of requests that X-Ray traces: its default rule.
pub const TRACED: f64 = 0.05;
