//! Fan-out from messages, on the real table engine.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "helpers of tests are tests")]

use std::collections::BTreeSet;
use std::time::Duration;

use api::Caller;
use aws_sdk_sqs::config::{BehaviorVersion, Credentials, Region};
use domain::feed::DeliveryMode;
use domain::{Clock, PhotoId, UserId};
use fanout::{Celebrities, FanoutHandler, Queues};
use messages::live::InFeed;
use messages::workflow::{CelebrityCrossing, CelebrityFanout};
use messages::{Event, HashRange};
use runtime::queue::{Queue, Sender};
use runtime::sqs::answer;
use serde_json::{Value, json};
use table::keys::ItemKey;
use table::live::{self, Socket};
use testkit::{Fault, Launches, Outbox, Wiretap, World, fixture, session_id, sqs_event};

const PART: i64 = HashRange::PART;
const THRESHOLD: i64 = 100_000;

struct Stage {
    world: World,
    outbox: Outbox,
    backfill: Outbox,
    live: Outbox,
    celebrities: Celebrities<Launches>,
    deps: FanoutHandler<Outbox, Launches>,
}

impl Stage {
    async fn new() -> Self {
        Self::with_push(true).await
    }

    async fn with_push(push: bool) -> Self {
        let (world, outbox, backfill) = (World::new().await, Outbox::default(), Outbox::default());
        let [fanout, promotion, demotion] = [Launches::default(), Launches::default(), Launches::default()];
        let celebrities = Celebrities { threshold: THRESHOLD, push, fanout, promotion, demotion };
        let live = Outbox::default();
        let queues = Queues { fanout: outbox.clone(), backfill: backfill.clone(), live: live.clone() };
        let deps = FanoutHandler::new(world.table.clone(), queues, celebrities.clone(), world.clock.shared());
        Self { world, outbox, backfill, live, celebrities, deps }
    }

    async fn deliver(&self, events: &[Event]) -> Vec<String> {
        let response = answer(&self.deps, sqs_event(events)).await;
        response.batch_item_failures.into_iter().map(|failure| failure.item_identifier).collect()
    }

    /// Creates an author, and followers who were active today.
    async fn following(&self, active: usize) -> (Caller, Vec<Caller>) {
        let author = self.world.person("author").await;
        let fans = self.world.people("fan", active).await;
        for fan in &fans {
            self.world.follow(fan, &author).await;
            self.world.activate(fan).await;
        }
        self.world.derive().await;
        (author, fans)
    }

    /// Creates a celebrity with followers who were active today, and a photo that is to be pulled.
    /// The counter says `followers`.
    async fn celebrity(&self, active: usize, followers: i64) -> (Caller, Vec<Caller>, PhotoId) {
        let (author, fans) = self.following(active).await;
        self.world.post(&author).await;
        self.world.derive().await;
        self.world.deliver_by(&author, DeliveryMode::Celebrity).await;
        self.pretend(&author, followers).await;
        let photo = self.world.post(&author).await;
        self.world.derive().await;
        (author, fans, photo)
    }

    /// Sets the author's follower counter to a number that differs from its edges.
    async fn pretend(&self, author: &Caller, followers: i64) {
        self.world.write(&ItemKey::User(author.user_id), "SET followers = :value", followers).await;
    }
}

fn crossing(workflow: &Launches) -> Vec<(String, CelebrityCrossing)> {
    workflow.take()
}

fn ready(author: &Caller, photo: PhotoId) -> Event {
    Event::PhotoReady { photo_id: photo, author_id: author.user_id, followers: HashRange::ALL }
}

#[tokio::test]
async fn when_a_photo_is_ready_then_active_followers_have_it_once() {
    let stage = Stage::new().await;
    let (author, fans) = stage.following(3).await;
    let (away, stranger) = (stage.world.person("away").await, stage.world.person("stranger").await);
    stage.world.follow(&away, &author).await;
    stage.world.activate(&stranger).await;
    stage.world.derive().await;
    let (first, second) = (stage.world.post(&author).await, stage.world.post(&author).await);
    for batch in [[first, second], [second, first]] {
        let events = batch.map(|photo| ready(&author, photo));
        assert!(stage.deliver(&events).await.is_empty());
        for fan in &fans {
            assert_eq!(stage.world.feed(fan).await, [second, first]);
        }
        assert!(stage.world.feed(&away).await.is_empty() && stage.world.feed(&stranger).await.is_empty());
    }
}

#[tokio::test]
async fn when_a_reader_is_connected_then_they_alone_are_told_of_the_photo() {
    let stage = Stage::new().await;
    let (author, fans) = stage.following(3).await;
    let now = stage.world.clock.now();
    let open = async |fan: &Caller, connection: &str| {
        let socket = Socket {
            connection: connection.to_owned(),
            opened_at: now,
            session: session_id(),
            token_at: now,
            watching: None,
        };
        live::open(&stage.world.table, fan.user_id, &socket).await.unwrap();
    };
    open(&fans[0], "c-1").await;
    open(&fans[1], "c-2").await;
    live::close(&stage.world.table, fans[1].user_id, "c-2").await.unwrap();
    let photo = stage.world.post(&author).await;
    assert!(stage.deliver(&[ready(&author, photo)]).await.is_empty());
    let told = InFeed { reader_id: fans[0].user_id, photo_id: photo, at: stage.world.clock.now() };
    assert_eq!(stage.live.take::<InFeed>(), [told]);
    // Two hours later the socket has ended, whether or not anybody said so.
    stage.world.clock.advance(Duration::from_mins(121));
    let next = stage.world.post(&author).await;
    assert!(stage.deliver(&[ready(&author, next)]).await.is_empty());
    assert_eq!(stage.live.take::<InFeed>(), []);
}

#[tokio::test]
async fn when_a_reader_was_away_for_a_week_then_nothing_is_written_for_them() {
    let stage = Stage::new().await;
    let (author, fans) = stage.following(1).await;
    stage.world.clock.advance_days(7);
    let seventh = stage.world.post(&author).await;
    assert!(stage.deliver(&[ready(&author, seventh)]).await.is_empty());
    stage.world.clock.advance_days(1);
    let eighth = stage.world.post(&author).await;
    assert!(stage.deliver(&[ready(&author, eighth)]).await.is_empty());
    assert_eq!(stage.world.feed(&fans[0]).await, [seventh]);
}

#[tokio::test]
async fn when_the_photo_is_gone_or_not_ready_then_nothing_is_written() {
    let stage = Stage::new().await;
    let (author, fans) = stage.following(2).await;
    let pending = stage.world.draft(&author, 1).await.id;
    let gone = stage.world.post(&author).await;
    stage.world.delete(&author, gone).await;
    stage.world.engine.reset_usage();
    assert!(stage.deliver(&[ready(&author, pending), ready(&author, gone)]).await.is_empty());
    assert_eq!(stage.world.engine.usage().writes(), 0);
    assert!(stage.world.feed(&fans[0]).await.is_empty());
}

#[tokio::test]
async fn when_a_following_is_large_then_its_parts_reach_everyone() {
    let stage = Stage::new().await;
    let (author, fans) = stage.following(20).await;
    let photo = stage.world.post(&author).await;
    // The largest following that fits into one message is not split.
    stage.pretend(&author, PART).await;
    assert!(stage.deliver(&[ready(&author, photo)]).await.is_empty());
    assert!(stage.outbox.take::<Event>().is_empty());

    let next = stage.world.post(&author).await;
    stage.pretend(&author, 4 * PART + 1).await;
    stage.outbox.fail_next(1);
    assert_eq!(stage.deliver(&[ready(&author, next)]).await, ["message-0"], "what was not sent comes again");
    stage.world.engine.reset_usage();
    assert!(stage.deliver(&[ready(&author, next)]).await.is_empty());
    assert_eq!(stage.world.engine.usage().writes(), 0);
    let mut parts: Vec<Event> = stage.outbox.take();
    assert_eq!(parts.len(), 5);

    // The parts come twice and in reverse order.
    parts.reverse();
    for part in parts.iter().chain(&parts) {
        assert!(stage.deliver(std::slice::from_ref(part)).await.is_empty());
    }
    assert!(stage.outbox.take::<Event>().is_empty(), "a part is not split again");
    for fan in &fans {
        assert_eq!(stage.world.feed(fan).await, [next, photo]);
    }
    let ranges: BTreeSet<(u16, u16)> = parts
        .iter()
        .map(|part| match part {
            Event::PhotoReady { followers, .. } => (followers.first, followers.last),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!((ranges.first().unwrap().0, ranges.last().unwrap().1), (0, u16::MAX));
}

#[tokio::test]
async fn when_the_function_dies_after_a_write_then_a_retry_completes_the_feeds() {
    for fault in [Fault::Crash, Fault::LostAnswer, Fault::Unprocessed, Fault::Throttled] {
        let stage = Stage::new().await;
        let (author, fans) = stage.following(4).await;
        let photo = stage.world.post(&author).await;
        stage.world.engine.fail_next("BatchWriteItem", 1, fault);
        stage.deliver(&[ready(&author, photo)]).await;
        assert!(stage.deliver(&[ready(&author, photo)]).await.is_empty(), "{fault:?}");
        for fan in &fans {
            assert_eq!(stage.world.feed(fan).await, [photo]);
        }
    }
}

#[tokio::test]
async fn when_one_message_is_misdirected_then_the_others_are_handled() {
    let stage = Stage::new().await;
    let (author, fans) = stage.following(1).await;
    let photo = stage.world.post(&author).await;
    let stray = Event::FollowRemoved { follower_id: author.user_id, followee_id: fans[0].user_id };
    assert_eq!(stage.deliver(&[stray, ready(&author, photo)]).await, ["message-0"]);
    assert_eq!(stage.world.feed(&fans[0]).await, [photo]);
}

#[tokio::test]
async fn pushing_and_skipping_stay_within_their_budgets() {
    const FOLLOWERS: u32 = 60;
    let stage = Stage::new().await;
    let (author, fans) = stage.following(FOLLOWERS as usize).await;
    let photo = stage.world.post(&author).await;
    stage.world.engine.reset_usage();
    assert!(stage.deliver(&[ready(&author, photo)]).await.is_empty());
    let usage = stage.world.engine.usage();
    assert!(usage.write_units <= f64::from(FOLLOWERS), "{usage:?}");
    assert!(usage.read_units <= 0.6 * f64::from(FOLLOWERS), "{usage:?}");
    assert_eq!(stage.world.feed(&fans[0]).await.len(), 1);

    stage.world.clock.advance_days(30);
    let later = stage.world.post(&author).await;
    stage.world.engine.reset_usage();
    assert!(stage.deliver(&[ready(&author, later)]).await.is_empty());
    let usage = stage.world.engine.usage();
    assert_eq!(usage.writes(), 0);
    assert!(usage.read_units <= 0.6 * f64::from(FOLLOWERS), "{usage:?}");
}

#[tokio::test]
async fn when_followers_exceed_the_threshold_then_the_author_is_promoted_once() {
    let stage = Stage::new().await;
    let (author, fans) = stage.following(2).await;
    stage.pretend(&author, 100_000).await;
    let at_the_threshold = stage.world.post(&author).await;
    stage.world.derive().await;
    assert!(stage.deliver(&[ready(&author, at_the_threshold)]).await.is_empty());
    assert_eq!(stage.outbox.take::<Event>().len(), 40);
    assert!(crossing(&stage.celebrities.promotion).is_empty());

    stage.pretend(&author, 100_001).await;
    let photo = stage.world.post(&author).await;
    stage.world.derive().await;
    stage.celebrities.promotion.fail_next(1);
    let event = ready(&author, photo);
    assert_eq!(
        stage.deliver(std::slice::from_ref(&event)).await,
        ["message-0"],
        "what did not start comes again"
    );
    assert!(stage.deliver(&[event.clone(), event]).await.is_empty());
    let parts: Vec<Event> = stage.outbox.take();
    assert_eq!(parts.len(), 3 * 41, "until the promotion ends, everyone is pushed to");
    let started = crossing(&stage.celebrities.promotion);
    let key = ItemKey::Head(author.user_id).raw();
    assert_eq!(started.len(), 1);
    assert_eq!(started[0].0, format!("{}-{photo}", author.user_id));
    assert_eq!((started[0].1.author_id, started[0].1.followers), (author.user_id, 100_001));
    assert_eq!((&*started[0].1.head.pk, &*started[0].1.head.sk), (&*key.pk, &*key.sk));
    assert!(crossing(&stage.celebrities.demotion).is_empty());
    assert!(stage.world.feed(&fans[0]).await.is_empty());
}

#[tokio::test]
async fn when_a_celebrity_posts_then_a_workflow_named_after_the_photo_pushes_it() {
    let stage = Stage::new().await;
    let (author, fans, photo) = stage.celebrity(2, 80_000).await;
    stage.world.engine.reset_usage();
    assert!(stage.deliver(&[ready(&author, photo), ready(&author, photo)]).await.is_empty());
    assert_eq!(stage.world.engine.usage().writes(), 0);
    let started: Vec<(String, CelebrityFanout)> = stage.celebrities.fanout.take();
    assert_eq!(started.len(), 1, "a redelivery starts nothing");
    assert_eq!(started[0].0, photo.to_string());
    assert_eq!((started[0].1.photo_id, started[0].1.author_id), (photo, author.user_id));
    assert_eq!(started[0].1.followers, 80_000);
    assert!(stage.outbox.take::<Event>().is_empty() && stage.world.feed(&fans[0]).await.is_empty());
    assert!(crossing(&stage.celebrities.demotion).is_empty(), "four fifths are enough to stay");

    stage.pretend(&author, 79_999).await;
    let last = stage.world.post(&author).await;
    stage.world.derive().await;
    assert!(stage.deliver(&[ready(&author, last)]).await.is_empty());
    assert_eq!(
        stage.celebrities.fanout.take::<CelebrityFanout>().len(),
        1,
        "a photo that is to be pulled stays so"
    );
    assert_eq!(crossing(&stage.celebrities.demotion)[0].0, format!("{}-{last}", author.user_id));
}

#[tokio::test]
async fn when_a_celebritys_photo_comes_again_then_nothing_is_done() {
    for push in [true, false] {
        let stage = Stage::with_push(push).await;
        let (author, _, photo) = stage.celebrity(1, 90_000).await;
        assert!(stage.deliver(&[ready(&author, photo)]).await.is_empty());
        stage.world.mark_pushed(&author, photo).await;
        // Pushing may be switched off meanwhile. The name of the execution decides either way.
        assert!(stage.deliver(&[ready(&author, photo), ready(&author, photo)]).await.is_empty());
        assert_eq!(stage.celebrities.fanout.take::<CelebrityFanout>().len(), 1);
        assert!(stage.outbox.take::<Event>().is_empty(), "no messages for tens of thousands of followers");
    }
}

#[tokio::test]
async fn when_pushing_is_switched_off_then_a_celebritys_photo_is_left_to_pull() {
    let stage = Stage::with_push(false).await;
    let (author, fans, photo) = stage.celebrity(1, 90_000).await;
    assert!(stage.deliver(&[ready(&author, photo)]).await.is_empty());
    assert!(stage.celebrities.fanout.take::<CelebrityFanout>().is_empty());
    assert!(stage.outbox.take::<Event>().is_empty() && stage.world.feed(&fans[0]).await.is_empty());
    let unpushed = table::head::unpushed(&stage.world.table, &[author.user_id]).await.unwrap();
    assert_eq!(unpushed[0].photos, [photo]);
}

#[tokio::test]
async fn when_somebody_unfollows_during_the_push_then_their_feed_is_repaired() {
    let stage = Stage::new().await;
    let (author, fans) = stage.following(3).await;
    let photo = stage.world.post(&author).await;
    stage.world.derive().await;
    // The write is held, so that everything an unfollow causes happens before the entry exists.
    let (client, hold) = stage.world.engine.held_client("BatchWriteItem", 0);
    let table = table::Table::new(client, stage.world.engine.table_name());
    let (fanout, backfill, live) = (stage.outbox.clone(), stage.backfill.clone(), stage.live.clone());
    let queues = Queues { fanout, backfill, live };
    let slow = FanoutHandler::new(table, queues, stage.celebrities.clone(), stage.world.clock.shared());
    let fan_out = answer(&slow, sqs_event(&[ready(&author, photo)]));
    let leave = async {
        hold.reached().await;
        stage.world.unfollow(&fans[1], &author).await;
        stage.world.derive().await;
        hold.release();
    };
    let (response, ()) = futures::join!(fan_out, leave);
    assert!(response.batch_item_failures.is_empty());
    let left = Event::FollowRemoved { follower_id: fans[1].user_id, followee_id: author.user_id };
    assert_eq!(stage.backfill.take::<Event>(), [left]);
}

#[tokio::test]
async fn when_sqs_sends_a_real_event_then_it_is_fanned_out() {
    let stage = Stage::new().await;
    let (author, fans) = stage.following(1).await;
    let photo = stage.world.post(&author).await;
    let values = [("photo_id", &*photo.to_string()), ("author_id", &*author.user_id.to_string())];
    let event = serde_json::from_value(fixture("fanout", "photo-ready", &values)).unwrap();
    assert!(answer(&stage.deps, event).await.batch_item_failures.is_empty());
    assert_eq!(stage.world.feed(&fans[0]).await, [photo]);
}

fn queue(wire: &Wiretap) -> Queue {
    let config = aws_sdk_sqs::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-central-1"))
        .credentials_provider(Credentials::new("test", "test", None, None, "test"))
        .http_client(wire.clone())
        .build();
    Queue::new(
        aws_sdk_sqs::Client::from_conf(config),
        "https://sqs.eu-central-1.amazonaws.com/123456789012/fanout",
    )
}

#[tokio::test]
async fn when_parts_are_sent_then_they_go_ten_at_a_time_with_the_trace() {
    let wire = Wiretap::new(|_| (200, json!({ "Successful": [], "Failed": [] }).to_string()));
    let author = UserId::try_from(5).unwrap();
    let followers: Vec<UserId> = (0..23).map(|id| UserId::try_from(id).unwrap()).collect();
    let messages = Event::unfollowed(author, &followers);
    let send = async { queue(&wire).send(&messages).await };
    runtime::trace::scope(Some("Root=1-a".to_owned()), send).await.unwrap();
    let bodies: Vec<Value> =
        wire.heard().iter().map(|heard| serde_json::from_str(&heard.body).unwrap()).collect();
    let sizes: Vec<usize> = bodies.iter().map(|body| body["Entries"].as_array().unwrap().len()).collect();
    assert_eq!(sizes, [10, 10, 3]);
    let eleventh = &bodies[1]["Entries"][0];
    assert_eq!(eleventh["MessageBody"], serde_json::to_string(&messages[10]).unwrap());
    assert_eq!(eleventh["MessageGroupId"], "10", "whose doing it is");
    assert_eq!(bodies[0]["Entries"][0]["MessageAttributes"]["trace"]["StringValue"], "Root=1-a");
}

#[tokio::test]
async fn when_one_entry_is_refused_then_the_sending_failed() {
    let refused = json!({ "Id": "3", "SenderFault": false, "Code": "InternalError", "Message": "a secret" });
    let body = json!({ "Successful": [], "Failed": [refused] }).to_string();
    let wire = Wiretap::new(move |_| (200, body.clone()));
    let somebody = UserId::try_from(1).unwrap();
    let messages = Event::unfollowed(somebody, &[somebody; 4]);
    let error = queue(&wire).send(&messages).await.unwrap_err();
    assert!(!runtime::failure::Chain(&error).to_string().contains("secret"));
}
