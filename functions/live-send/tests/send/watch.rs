//! Hints to those who look at a photo.

use std::time::Duration;

use api::Caller;
use domain::{Clock, PhotoId, Timestamp, UserId};
use live_send::{LiveSendHandler, NotedSockets};
use messages::live::LikesChanged;
use runtime::metrics::counted;
use runtime::sqs;
use serde_json::{Value, json};
use table::keys::{ItemKey, RawKey};
use table::live::{self, Socket};
use table::{photo, watch};
use testkit::{Fault, OpenSockets, Outbox, World, dies_at, session_id, sqs_event};

struct Stage {
    world: World,
    sockets: OpenSockets,
    outbox: Outbox,
    handler: LiveSendHandler<NotedSockets<OpenSockets>, Outbox>,
    ann: Caller,
    bob: Caller,
    photo: PhotoId,
}

impl Stage {
    /// Bob watches a photo of Ann's. The clock is at the beginning of a second.
    async fn new() -> Self {
        let stage = Self::unwatched().await;
        stage.watch(&stage.bob, "c-1").await;
        stage
    }

    async fn unwatched() -> Self {
        let (world, sockets, outbox) = (World::new().await, OpenSockets::default(), Outbox::default());
        let (ann, bob) = (world.person("ann").await, world.person("bob").await);
        let photo = world.post(&ann).await;
        let channel = NotedSockets::new(world.table.clone(), sockets.clone(), world.clock.shared());
        let handler =
            LiveSendHandler::new(world.table.clone(), channel, outbox.clone(), world.clock.shared());
        let stage = Self { world, sockets, outbox, handler, ann, bob, photo };
        stage.next_second();
        stage
    }

    fn now(&self) -> Timestamp {
        self.world.clock.now()
    }

    fn next_second(&self) {
        let passed = u64::try_from(self.now().0.rem_euclid(1_000)).unwrap();
        self.world.clock.advance(Duration::from_millis(1_000 - passed));
    }

    async fn open(&self, who: &Caller, connection: &str) {
        self.sockets.open(connection);
        let now = self.now();
        let (connection, session) = (connection.to_owned(), session_id());
        let socket = Socket { connection, opened_at: now, session, token_at: now, watching: None };
        live::open(&self.world.table, who.user_id, &socket).await.unwrap();
    }

    async fn watch(&self, who: &Caller, connection: &str) {
        self.open(who, connection).await;
        let table = &self.world.table;
        let bound = watch::bound(table, self.photo).await.unwrap();
        assert!(watch::watch(table, who.user_id, connection, self.photo, bound).await.unwrap());
    }

    async fn like(&self, likes: i64) {
        self.world.write(&ItemKey::Photo(self.photo), "SET likes = :value", likes).await;
    }

    /// Delivers that the number of likes changed now, and returns how many messages come back.
    async fn changed(&self) -> usize {
        self.deliver(LikesChanged { photo_id: self.photo, at: self.now(), in_turn: false }).await
    }

    async fn deliver(&self, message: LikesChanged) -> usize {
        sqs::answer(&self.handler, sqs_event(&[message])).await.batch_item_failures.len()
    }

    /// Delivers what the function sent itself, and returns how much it was.
    async fn deliver_later(&self) -> usize {
        let messages: Vec<LikesChanged> = self.outbox.take();
        for message in &messages {
            assert_eq!(self.deliver(*message).await, 0);
        }
        messages.len()
    }

    fn likes(&self, likes: i64) -> Value {
        json!({ "photo": { "id": self.photo, "likes": likes } })
    }

    fn heard(&self, connection: &str) -> Vec<Value> {
        self.sockets.take(connection).unwrap()
    }

    async fn watchers(&self) -> usize {
        watch::watchers(&self.world.table, self.photo, self.now()).await.unwrap().len()
    }
}

#[tokio::test]
async fn when_a_watched_photo_is_liked_then_its_watchers_hear_how_often() {
    let stage = Stage::new().await;
    stage.watch(&stage.ann, "c-2").await;
    stage.open(&stage.bob, "c-3").await;
    stage.like(12).await;
    stage.world.engine.reset_usage();
    assert_eq!(stage.changed().await, 0);
    let usage = stage.world.engine.usage();
    // The turn; the watchers, the photo, and the circle of its author.
    assert_eq!((usage.requests, usage.read_units, usage.write_units), (4, 2.5, 1.0), "{usage:?}");
    assert_eq!((stage.heard("c-1"), stage.heard("c-2")), (vec![stage.likes(12)], vec![stage.likes(12)]));
    assert_eq!((stage.heard("c-3"), stage.deliver_later().await), (vec![], 0));
}

#[tokio::test]
async fn when_nobody_watches_then_it_costs_one_refused_write() {
    let stage = Stage::unwatched().await;
    stage.world.engine.reset_usage();
    assert_eq!(stage.changed().await, 0);
    let usage = stage.world.engine.usage();
    // The engine counts no unit of what it refuses. DynamoDB counts one.
    assert_eq!((usage.requests, usage.read_units, usage.write_units), (1, 0.0, 0.0), "{usage:?}");
    assert!(photo::get(&stage.world.table, stage.photo).await.unwrap().is_some());
}

#[tokio::test]
async fn when_many_like_within_a_second_then_watchers_hear_once_and_of_the_last() {
    let stage = Stage::new().await;
    for second in 0..3 {
        for like in 1..=50 {
            stage.like(second * 100 + like).await;
            assert_eq!(stage.changed().await, 0);
            stage.world.clock.advance(Duration::from_millis(10));
        }
        // The first of a second was told at once where the second was not taken before.
        let first = if second == 0 { vec![stage.likes(1)] } else { vec![] };
        assert_eq!(stage.heard("c-1"), first, "{second}");
        assert_eq!(stage.outbox.take_delays().len(), 1, "{second}");
        stage.next_second();
        assert_eq!(stage.deliver_later().await, 1);
        assert_eq!(stage.heard("c-1"), [stage.likes(second * 100 + 50)], "{second}");
    }
    // It is over, and the last state was told.
    stage.next_second();
    assert_eq!((stage.deliver_later().await, stage.heard("c-1")), (0, vec![]));
}

#[tokio::test]
async fn when_many_processes_hear_of_a_hot_photo_then_each_costs_one_write() {
    let stage = Stage::new().await;
    stage.changed().await;
    stage.changed().await;
    stage.world.engine.reset_usage();
    let message = LikesChanged { photo_id: stage.photo, at: stage.now(), in_turn: false };
    let hundred = vec![message; 100];
    let answer = sqs::answer(&stage.handler, sqs_event(&hundred)).await;
    assert!(answer.batch_item_failures.is_empty());
    let usage = stage.world.engine.usage();
    // The engine counts no unit of what it refuses. DynamoDB counts one for each.
    assert_eq!((usage.requests, usage.read_units, usage.write_units), (100, 0.0, 0.0), "{usage:?}");
    assert_eq!((stage.outbox.take::<LikesChanged>().len(), stage.heard("c-1").len()), (1, 1));
}

#[tokio::test]
async fn when_a_thousand_watch_then_a_hint_stays_within_its_budget() {
    let stage = Stage::unwatched().await;
    stage.watch(&stage.bob, "c-1").await;
    let (now, expires_at) = (stage.now(), stage.now().seconds() + 3_600);
    let crowd = (1..1_000).map(|number| {
        let connection = format!("connection-{number:05}=");
        stage.sockets.open(&connection);
        let user = UserId::try_from(number).unwrap();
        let RawKey { pk, sk } = ItemKey::Watcher(stage.photo, connection).raw();
        let watcher = json!({
            "pk": pk, "sk": sk, "user": user, "opened_at": now, "session": session_id(), "token_at": now,
            "expires_at": expires_at,
        });
        serde_dynamo::to_item(watcher).unwrap()
    });
    stage.world.engine.import(crowd.collect());
    stage.world.engine.reset_usage();
    let (failed, counters) = counted(stage.changed()).await;
    assert_eq!((failed, counters["hints_sent"]), (0, 1_000));
    let usage = stage.world.engine.usage();
    assert!(usage.read_units < 60.0 && usage.requests <= 4, "{usage:?}");
}

#[tokio::test]
async fn when_a_photo_may_be_seen_no_more_then_its_watchers_hear_nothing() {
    let stage = Stage::new().await;
    let world = &stage.world;
    let eve = world.person("eve").await;
    world.follow(&eve, &stage.ann).await;
    for (who, connection) in [(&eve, "c-2"), (&stage.ann, "c-3")] {
        stage.watch(who, connection).await;
    }
    let heard = async || {
        assert_eq!(stage.changed().await, 0);
        stage.next_second();
        stage.deliver_later().await;
        stage.next_second();
        ["c-1", "c-2", "c-3"].map(|connection| !stage.heard(connection).is_empty())
    };
    assert_eq!(heard().await, [true, true, true]);
    // A private photo is for followers.
    let everyone = domain::visibility::Audience::Followers;
    table::privacy::set_audience(&world.table, &[stage.photo], everyone, i64::MAX).await.unwrap();
    assert_eq!(heard().await, [false, true, true]);
    // A block hides both from each other.
    world.hide(&stage.ann, &eve).await;
    assert_eq!(heard().await, [false, false, true]);
    world.delete(&stage.ann, stage.photo).await;
    assert_eq!(heard().await, [false, false, false]);
}

#[tokio::test]
async fn when_an_author_hides_the_number_then_they_alone_hear_it() {
    let stage = Stage::new().await;
    stage.watch(&stage.ann, "c-2").await;
    let hides = photo::TextChanges { hides_likes: Some(true), ..Default::default() };
    let admitted = async { Ok::<(), table::Error>(()) };
    photo::edit(&stage.world.table, stage.photo, stage.ann.user_id, &hides, admitted).await.unwrap().unwrap();
    assert_eq!(stage.changed().await, 0);
    assert_eq!((stage.heard("c-1").len(), stage.heard("c-2").len()), (0, 1));
}

#[tokio::test]
async fn when_a_watcher_is_gone_then_it_is_forgotten_and_others_hear() {
    let stage = Stage::new().await;
    stage.watch(&stage.ann, "c-2").await;
    // The end of one was told while its watch began, so that nothing but its watch is noted.
    stage.world.remove(&ItemKey::LiveSocket(stage.bob.user_id, "c-1".to_owned())).await;
    stage.sockets.lose("c-1");
    assert_eq!(stage.watchers().await, 2);
    let (failed, counters) = counted(stage.changed()).await;
    assert_eq!((failed, counters["hints_gone"], counters["hints_sent"]), (0, 1, 1));
    assert_eq!((stage.watchers().await, stage.heard("c-2").len()), (1, 1));
}

#[tokio::test]
async fn when_one_watcher_cannot_be_written_to_then_the_others_hear_and_it_comes_back() {
    let stage = Stage::new().await;
    for number in 2..10 {
        stage.watch(&stage.ann, &format!("c-{number}")).await;
    }
    stage.sockets.fail_next(1);
    assert_eq!(stage.changed().await, 1);
    let heard = (1..10).filter(|number| !stage.heard(&format!("c-{number}")).is_empty()).count();
    assert_eq!(heard, 8);
}

#[tokio::test]
async fn when_telling_dies_after_any_write_then_the_last_state_is_told_all_the_same() {
    for n in 1.. {
        let stage = Stage::new().await;
        let told = LikesChanged { photo_id: stage.photo, at: stage.now(), in_turn: false };
        assert_eq!(stage.deliver(told).await, 0);
        assert_eq!(stage.heard("c-1").len(), 1);
        // Another like within the second: the next one is to be taken.
        stage.like(2).await;
        let engine = &stage.world.engine;
        engine.fail_when(dies_at(n));
        let ended = engine.until_crash(stage.deliver(told)).await;
        engine.heal();
        stage.next_second();
        stage.deliver_later().await;
        // A message that was not handled comes back when its seconds are over.
        if ended.is_none() {
            stage.world.clock.advance(Duration::from_secs(30));
            assert_eq!(stage.deliver(told).await, 0);
        }
        assert_eq!(stage.heard("c-1").last(), Some(&stage.likes(2)), "{n}");
        if ended.is_some() {
            assert_eq!(n, 3, "this second is not to be had, and the next one is");
            return;
        }
    }
}

#[tokio::test]
async fn when_the_next_second_cannot_be_sent_for_then_the_message_comes_back() {
    let stage = Stage::new().await;
    let told = LikesChanged { photo_id: stage.photo, at: stage.now(), in_turn: false };
    stage.changed().await;
    stage.like(2).await;
    stage.outbox.fail_next(1);
    assert_eq!(stage.deliver(told).await, 1);
    stage.world.clock.advance(Duration::from_secs(30));
    assert_eq!(stage.deliver(told).await, 0);
    assert_eq!(stage.heard("c-1").last(), Some(&stage.likes(2)));
    stage.world.clock.advance(Duration::from_mins(10));
    let (failed, counters) = counted(stage.deliver(told)).await;
    assert_eq!((failed, counters["hints_too_late"]), (0, 1));
    stage.world.engine.fail_when(|asked| asked.writes().then_some(Fault::Throttled));
    assert_eq!(stage.changed().await, 1);
}
