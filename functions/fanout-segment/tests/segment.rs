//! Segments through the handler, on the real table engine.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "helpers of tests are tests")]

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use api::Caller;
use domain::feed::DeliveryMode;
use domain::{Clock, PhotoId, Timestamp};
use fanout_segment::FanoutSegmentHandler;
use messages::workflow::{Segment, Work};
use messages::{Event, HashRange};
use runtime::task::{BAD_INPUT, answer};
use serde_json::Value;
use testkit::{Fault, Outbox, START, World, fixture};

struct Stage {
    world: World,
    backfill: Outbox,
}

impl Stage {
    async fn new() -> Self {
        Self { world: World::new().await, backfill: Outbox::default() }
    }

    fn deps(&self) -> FanoutSegmentHandler<Outbox> {
        FanoutSegmentHandler::new(self.world.table.clone(), self.backfill.clone(), self.world.clock.shared())
    }

    /// Creates an author, followers who were active today, and followers who were never here.
    async fn following(&self, active: usize, away: usize) -> (Caller, Vec<Caller>) {
        let author = self.world.person("author").await;
        let fans = self.world.people("fan", active).await;
        for fan in &fans {
            self.world.follow(fan, &author).await;
            self.world.activate(fan).await;
        }
        for other in self.world.people("away", away).await {
            self.world.follow(&other, &author).await;
        }
        self.post(&author).await;
        (author, fans)
    }

    async fn post(&self, author: &Caller) -> PhotoId {
        let photo = self.world.post(author).await;
        self.world.derive().await;
        photo
    }

    async fn work(&self, author: &Caller, work: Work) -> Segment {
        let done = run(&self.deps(), segment(author, work)).await.unwrap();
        assert!(done.done);
        done
    }

    async fn pulls(&self, reader: &Caller, author: &Caller) -> bool {
        let state = table::reader::get_latest(&self.world.table, reader.user_id).await.unwrap().unwrap();
        state.celebrities.contains(&author.user_id)
    }
}

fn segment(author: &Caller, work: Work) -> Segment {
    Segment {
        work,
        author_id: author.user_id,
        followers: HashRange::ALL,
        after: None,
        reached: 0,
        skipped: 0,
        done: false,
    }
}

/// Invokes the function once; returns the error's name when it fails.
async fn run(deps: &FanoutSegmentHandler<Outbox>, segment: Segment) -> Result<Segment, String> {
    answer(deps, serde_json::to_value(segment).unwrap()).await.map_err(|error| error.error_type)
}

/// A clock that advances by a minute at every read.
struct Hurried(AtomicI64);

impl Clock for Hurried {
    fn now(&self) -> Timestamp {
        START.plus_ms(self.0.fetch_add(60_000, Ordering::SeqCst))
    }
}

#[tokio::test]
async fn when_a_photo_is_pushed_then_only_active_followers_cost_a_write() {
    let stage = Stage::new().await;
    let (author, fans) = stage.following(4, 3).await;
    let photo = stage.post(&author).await;
    for _ in 0..2 {
        stage.world.engine.reset_usage();
        let done = stage.work(&author, Work::Push { photo_id: photo }).await;
        assert_eq!((done.reached, done.skipped), (4, 3));
        let usage = stage.world.engine.usage();
        assert!(usage.write_units <= 4.0 && usage.read_units <= 7.0 * 0.6 + 2.0, "{usage:?}");
    }
    for fan in &fans {
        assert_eq!(stage.world.feed(fan).await, [photo]);
    }
    assert!(stage.backfill.take::<Event>().is_empty());
}

#[tokio::test]
async fn when_the_photo_is_gone_then_the_segment_is_done_at_once() {
    let stage = Stage::new().await;
    let (author, fans) = stage.following(2, 0).await;
    let photo = stage.post(&author).await;
    stage.world.delete(&author, photo).await;
    let done = stage.work(&author, Work::Push { photo_id: photo }).await;
    assert_eq!((done.reached, done.skipped), (0, 0));
    assert!(stage.world.feed(&fans[0]).await.is_empty());
}

#[tokio::test]
async fn segments_that_touch_reach_everyone_once() {
    let stage = Stage::new().await;
    let (author, fans) = stage.following(12, 0).await;
    let photo = stage.post(&author).await;
    let mut reached = 0;
    for followers in HashRange::ALL.split(5) {
        let part = Segment { followers, ..segment(&author, Work::Push { photo_id: photo }) };
        reached += run(&stage.deps(), part).await.unwrap().reached;
    }
    assert_eq!(reached, 12);
    for fan in &fans {
        assert_eq!(stage.world.feed(fan).await, [photo]);
    }
}

#[tokio::test]
async fn when_time_runs_out_then_the_next_call_resumes_at_its_position() {
    const FOLLOWERS: usize = 1_100;
    let stage = Stage::new().await;
    let author = stage.world.person("author").await;
    let photo = stage.post(&author).await;
    // There are more followers than a page holds. They need no accounts, because only
    // edges and states are read.
    let fans: Vec<domain::UserId> =
        (1..=FOLLOWERS as u64).map(|number| domain::UserId::try_from(number).unwrap()).collect();
    stage.world.crowd(&author, &fans).await;
    let hurried = FanoutSegmentHandler::new(
        stage.world.table.clone(),
        stage.backfill.clone(),
        Arc::new(Hurried(AtomicI64::default())),
    );
    let first = run(&hurried, segment(&author, Work::Push { photo_id: photo })).await.unwrap();
    assert_eq!((first.reached, first.done), (1_000, false));
    let second = run(&hurried, first.clone()).await.unwrap();
    assert_eq!((second.reached, second.done), (1_100, true));
    let holding = table::feed::holding(&stage.world.table, &fans, photo).await.unwrap();
    assert_eq!(holding.len(), FOLLOWERS);
}

#[tokio::test]
async fn when_followers_are_enlisted_then_the_active_ones_pull() {
    let stage = Stage::new().await;
    let (author, fans) = stage.following(3, 2).await;
    stage.world.clock.advance_days(8);
    stage.world.activate(&fans[0]).await;
    for _ in 0..2 {
        stage.world.engine.reset_usage();
        let done = stage.work(&author, Work::Enlist).await;
        assert_eq!((done.reached, done.skipped), (1, 4));
        assert!(stage.world.engine.usage().write_units <= 1.0, "nothing is written for the others");
    }
    assert!(stage.pulls(&fans[0], &author).await && !stage.pulls(&fans[1], &author).await);
}

#[tokio::test]
async fn when_followers_are_delisted_then_they_keep_the_photos_and_stop_pulling() {
    let stage = Stage::new().await;
    let (author, fans) = stage.following(2, 0).await;
    stage.work(&author, Work::Enlist).await;
    stage.world.deliver_by(&author, DeliveryMode::Celebrity).await;
    let photos = [stage.post(&author).await, stage.post(&author).await];
    stage.world.deliver_by(&author, DeliveryMode::Demoting).await;
    for _ in 0..2 {
        stage.work(&author, Work::Delist).await;
        for fan in &fans {
            assert_eq!(stage.world.feed(fan).await, [photos[1], photos[0]]);
            assert!(!stage.pulls(fan, &author).await);
        }
    }
}

#[tokio::test]
async fn when_a_head_is_too_short_then_delisting_reads_the_timeline() {
    let stage = Stage::new().await;
    let (author, fans) = stage.following(1, 0).await;
    stage.world.deliver_by(&author, DeliveryMode::Celebrity).await;
    let mut photos = Vec::new();
    for _ in 0..domain::feed::UNPUSHED_LEN + 3 {
        // The upload limit is a hundred photos an hour.
        stage.world.clock.advance(std::time::Duration::from_mins(1));
        photos.push(stage.post(&author).await);
    }
    stage.work(&author, Work::Delist).await;
    let feed = stage.world.feed(&fans[0]).await;
    assert!(photos.iter().all(|photo| feed.contains(photo)));
}

#[tokio::test]
async fn when_somebody_unfollows_meanwhile_then_their_feed_is_repaired() {
    for (work, write) in [(Work::Enlist, "UpdateItem"), (Work::Delist, "BatchWriteItem")] {
        let stage = Stage::new().await;
        let (author, fans) = stage.following(2, 0).await;
        stage.world.deliver_by(&author, DeliveryMode::Celebrity).await;
        stage.post(&author).await;
        let (client, hold) = stage.world.engine.held_client(write, 0);
        let table = table::Table::new(client, stage.world.engine.table_name());
        let slow = FanoutSegmentHandler::new(table, stage.backfill.clone(), stage.world.clock.shared());
        let leave = async {
            hold.reached().await;
            stage.world.unfollow(&fans[1], &author).await;
            stage.world.derive().await;
            hold.release();
        };
        let (done, ()) = futures::join!(run(&slow, segment(&author, work)), leave);
        assert!(done.unwrap().done);
        let left = Event::FollowRemoved { follower_id: fans[1].user_id, followee_id: author.user_id };
        assert_eq!(stage.backfill.take::<Event>(), [left], "{work:?}");
    }
}

#[tokio::test]
async fn failures_are_told_to_the_workflow_by_name() {
    let stage = Stage::new().await;
    let (author, fans) = stage.following(1, 0).await;
    let photo = stage.post(&author).await;
    let push = || segment(&author, Work::Push { photo_id: photo });
    stage.world.engine.fail_next("BatchWriteItem", testkit::ATTEMPTS, Fault::Throttled);
    assert_eq!(run(&stage.deps(), push()).await.unwrap_err(), "Busy");
    let nowhere = table::Table::new(stage.world.engine.client(), "nowhere");
    let lost = FanoutSegmentHandler::new(nowhere, stage.backfill.clone(), stage.world.clock.shared());
    assert_eq!(run(&lost, push()).await.unwrap_err(), "Unavailable");
    let bad = answer(&stage.deps(), Value::from("push")).await.unwrap_err();
    assert_eq!(bad.error_type, BAD_INPUT);
    assert!(run(&stage.deps(), push()).await.unwrap().done, "and done when it is tried again");
    assert_eq!(stage.world.feed(&fans[0]).await, [photo]);
}

#[tokio::test]
async fn when_a_workflow_sends_a_real_task_then_it_is_done() {
    let stage = Stage::new().await;
    let (author, fans) = stage.following(1, 0).await;
    let photo = stage.post(&author).await;
    let values = [("photo_id", &*photo.to_string()), ("author_id", &*author.user_id.to_string())];
    let done = answer(&stage.deps(), fixture("fanout-segment", "push", &values)).await.unwrap();
    assert!(done.done);
    assert_eq!(stage.world.feed(&fans[0]).await, [photo]);
}
