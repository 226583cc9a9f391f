//! Messages of clients, with the real table engine behind them.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "a test stops at what it does not expect"
)]

use std::time::Duration;

use api::Caller;
use domain::{Clock, PhotoId, quota};
use live_message::LiveMessageHandler;
use runtime::metrics::counted;
use serde_json::{Value, json};
use table::keys::{ItemKey, RawKey};
use table::live::{self, Socket};
use table::watch::{self, MAX_WATCHERS, Watcher};
use testkit::{Fault, OldSession, World, dies_at, fixture, session_id};

struct Stage {
    world: World,
    handler: LiveMessageHandler,
    ann: Caller,
    bob: Caller,
    photo: PhotoId,
}

impl Stage {
    async fn new() -> Self {
        let world = World::new().await;
        let (ann, bob) = (world.person("ann").await, world.person("bob").await);
        let photo = world.post(&ann).await;
        let handler = LiveMessageHandler::new(world.table.clone(), 1, world.clock.shared());
        Self { world, handler, ann, bob, photo }
    }

    async fn open(&self, who: &Caller, connection: &str) {
        let now = self.world.clock.now();
        let socket = Socket {
            connection: connection.to_owned(),
            opened_at: now,
            session: session_id(),
            token_at: now,
            watching: None,
        };
        live::open(&self.world.table, who.user_id, &socket).await.unwrap();
    }

    /// Lets a client say something in the session that was just opened, and returns the whole answer.
    async fn answer(&self, who: &Caller, connection: &str, body: &str) -> Value {
        let issued_at = self.world.clock.now().0.to_string();
        self.answer_in(session_id().as_str(), &issued_at, who, connection, body).await
    }

    async fn answer_in(
        &self,
        session: &str,
        issued_at: &str,
        who: &Caller,
        connection: &str,
        body: &str,
    ) -> Value {
        let user = who.user_id.to_string();
        let values = [
            ("connection", connection),
            ("user", &user),
            ("session", session),
            ("issued_at", issued_at),
            ("body", body),
        ];
        let event = fixture("live-message", "message", &values);
        runtime::socket::answer(&self.handler, serde_json::from_value(event).unwrap()).await
    }

    async fn say(&self, who: &Caller, connection: &str, body: &str) -> Value {
        let answer = self.answer(who, connection, body).await;
        assert_eq!(answer["statusCode"], 200, "{answer}");
        serde_json::from_str(answer["body"].as_str().unwrap()).unwrap()
    }

    async fn watch(&self, who: &Caller, connection: &str, photo: PhotoId) -> Value {
        self.say(who, connection, &watch(photo)).await
    }

    async fn watchers(&self, photo: PhotoId) -> Vec<String> {
        let watchers = watch::watchers(&self.world.table, photo, self.world.clock.now()).await.unwrap();
        watchers.into_iter().map(|Watcher { socket, .. }| socket.connection).collect()
    }
}

fn watch(photo: PhotoId) -> String {
    json!({ "watch": { "photo": photo } }).to_string()
}

fn watching(photo: PhotoId) -> Value {
    json!({ "watching": { "photo": photo } })
}

#[tokio::test]
async fn when_a_client_pings_then_its_number_comes_back_and_nothing_is_read() {
    let stage = Stage::new().await;
    stage.world.engine.reset_usage();
    assert_eq!(stage.say(&stage.bob, "c-1", r#"{"ping": 1}"#).await, json!({ "pong": 1 }));
    assert_eq!(stage.say(&stage.bob, "c-1", r#"{"ping":-17}"#).await, json!({ "pong": -17 }));
    assert_eq!(stage.world.engine.usage().requests, 0);
}

#[tokio::test]
async fn when_a_message_is_none_of_ours_then_the_answer_says_so() {
    let stage = Stage::new().await;
    for body in [
        "",
        "ping",
        "{}",
        r#"{"ping": "1"}"#,
        r#"{"shout": 1}"#,
        "[1]",
        r#"{"ping": 1e400}"#,
        r#"{"watch": {}}"#,
        r#"{"watch": {"user": "1"}}"#,
        r#"{"watch": {"photo": 1}}"#,
    ] {
        assert_eq!(stage.say(&stage.bob, "c-1", body).await["error"]["code"], "unknown_message", "{body}");
    }
}

#[tokio::test]
async fn when_a_photo_is_watched_then_the_socket_is_noted_within_the_budget() {
    let stage = Stage::new().await;
    stage.open(&stage.bob, "c-1").await;
    stage.world.engine.reset_usage();
    assert_eq!(stage.watch(&stage.bob, "c-1", stage.photo).await, watching(stage.photo));
    let usage = stage.world.engine.usage();
    // The quota, the socket, the watcher, and the first of the hour.
    assert_eq!((usage.read_units, usage.write_units, usage.round_trips), (2.0, 4.0, 3), "{usage:?}");
    assert_eq!(stage.watchers(stage.photo).await, ["c-1"]);
    let table = &stage.world.table;
    let watched = watch::watched_among(table, &[stage.photo], stage.world.clock.now()).await.unwrap();
    assert_eq!(watched, [stage.photo]);
    // It is watched again, and by another one.
    stage.open(&stage.bob, "c-2").await;
    stage.world.engine.reset_usage();
    stage.watch(&stage.bob, "c-1", stage.photo).await;
    stage.watch(&stage.bob, "c-2", stage.photo).await;
    let usage = stage.world.engine.usage();
    assert_eq!((usage.read_units, usage.write_units), (4.0, 6.0), "{usage:?}");
    assert_eq!(stage.watchers(stage.photo).await, ["c-1", "c-2"]);
}

#[tokio::test]
async fn when_another_photo_is_watched_then_the_former_one_is_not() {
    let stage = Stage::new().await;
    let other = stage.world.post(&stage.ann).await;
    stage.open(&stage.bob, "c-1").await;
    stage.watch(&stage.bob, "c-1", stage.photo).await;
    assert_eq!(stage.watch(&stage.bob, "c-1", other).await, watching(other));
    assert_eq!((stage.watchers(stage.photo).await, stage.watchers(other).await.len()), (vec![], 1));
}

#[tokio::test]
async fn when_a_photo_is_watched_no_more_then_it_is_forgotten() {
    let stage = Stage::new().await;
    let other = stage.world.post(&stage.ann).await;
    stage.open(&stage.bob, "c-1").await;
    stage.watch(&stage.bob, "c-1", stage.photo).await;
    // What is not watched ends nothing.
    for unwatched in [json!(other), json!("x"), json!(stage.photo)] {
        let said = json!({ "unwatch": { "photo": unwatched } }).to_string();
        let before = stage.watchers(stage.photo).await.len();
        assert_eq!(before, 1);
        let answer = stage.say(&stage.bob, "c-1", &said).await;
        assert_eq!(answer, json!({ "unwatched": { "photo": unwatched } }));
    }
    assert_eq!(stage.watchers(stage.photo).await.len(), 0);
}

#[tokio::test]
async fn when_a_photo_may_not_be_seen_then_it_is_as_absent() {
    let stage = Stage::new().await;
    let world = &stage.world;
    let (eve, zoe) = (world.person("eve").await, world.person("zoe").await);
    world.make_private(&zoe).await;
    let private = world.post(&zoe).await;
    world.hide(&stage.ann, &eve).await;
    let draft = world.draft(&stage.ann, 1).await.id;
    for connection in ["c-1", "c-2"] {
        stage.open(if connection == "c-1" { &stage.bob } else { &eve }, connection).await;
    }
    let absent = stage.say(&stage.bob, "c-1", r#"{"watch": {"photo": "77"}}"#).await;
    assert_eq!(absent["error"]["code"], "not_found");
    assert_eq!(stage.say(&stage.bob, "c-1", r#"{"watch": {"photo": "x"}}"#).await, absent);
    for (who, connection, photo) in
        [(&stage.bob, "c-1", private), (&stage.bob, "c-1", draft), (&eve, "c-2", stage.photo)]
    {
        assert_eq!(stage.watch(who, connection, photo).await, absent, "{photo}");
        assert_eq!(stage.watchers(photo).await.len(), 0);
    }
    world.follow(&stage.bob, &zoe).await;
    assert_eq!(stage.watch(&stage.bob, "c-1", private).await, watching(private));
}

#[tokio::test]
async fn when_a_thousand_watch_then_another_one_may_not_for_some_seconds() {
    let stage = Stage::new().await;
    let now = stage.world.clock.now();
    let crowd = (0..MAX_WATCHERS).map(|number| {
        let RawKey { pk, sk } = ItemKey::Watcher(stage.photo, format!("connection-{number:05}=")).raw();
        let watcher = json!({
            "pk": pk, "sk": sk, "user": stage.bob.user_id, "opened_at": now, "session": session_id(),
            "token_at": now, "expires_at": now.seconds() + 3_600,
        });
        serde_dynamo::to_item(watcher).unwrap()
    });
    stage.world.engine.import(crowd.collect());
    stage.open(&stage.ann, "c-1").await;
    stage.world.engine.reset_usage();
    let (answer, counters) = counted(stage.watch(&stage.ann, "c-1", stage.photo)).await;
    assert_eq!((&answer["error"]["code"], counters["watchers_refused"]), (&json!("too_many_watchers"), 1));
    let counting = stage.world.engine.usage().read_units;
    assert!(counting > 20.0 && counting < 40.0, "{counting}");
    stage.world.engine.reset_usage();
    assert_eq!(stage.watch(&stage.ann, "c-1", stage.photo).await, answer);
    assert!(stage.world.engine.usage().read_units < 3.0, "the number is remembered");
    watch::forget(&stage.world.table, stage.photo, "connection-00000=").await.unwrap();
    stage.world.clock.advance(Duration::from_secs(5));
    assert_eq!(stage.watch(&stage.ann, "c-1", stage.photo).await, watching(stage.photo));
}

#[tokio::test]
async fn when_the_socket_or_its_session_has_ended_then_nothing_is_watched() {
    let stage = Stage::new().await;
    let world = &stage.world;
    let ended = stage.answer(&stage.bob, "c-1", &watch(stage.photo)).await;
    assert_eq!(ended, json!({ "statusCode": 200 }));
    let session = OldSession::open(&world.table, &world.clock, &stage.bob).await;
    stage.open(&stage.bob, "c-1").await;
    let issued_at = world.clock.now().0.to_string();
    session.end(&world.table).await;
    world.clock.advance(Duration::from_mins(1));
    let said = watch(stage.photo);
    let answer = stage.answer_in(session.id.as_str(), &issued_at, &stage.bob, "c-1", &said).await;
    let body: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
    assert_eq!(body["error"]["code"], "session_ended");
    assert_eq!(stage.watchers(stage.photo).await.len(), 0);
}

#[tokio::test]
async fn when_too_many_photos_are_watched_then_the_quota_refuses() {
    let stage = Stage::new().await;
    stage.open(&stage.bob, "c-1").await;
    stage.world.use_up(&quota::WATCHES, stage.bob.user_id, &[2_000]).await;
    let answer = stage.watch(&stage.bob, "c-1", stage.photo).await;
    assert_eq!(answer["error"]["code"], "too_many_watches");
    assert_eq!(stage.watchers(stage.photo).await.len(), 0);
}

#[tokio::test]
async fn when_watching_dies_after_any_write_then_asking_again_and_the_end_leave_nothing_over() {
    for n in 1.. {
        let stage = Stage::new().await;
        let other = stage.world.post(&stage.ann).await;
        let (engine, user) = (&stage.world.engine, stage.bob.user_id);
        stage.open(&stage.bob, "c-1").await;
        stage.watch(&stage.bob, "c-1", other).await;
        engine.fail_when(dies_at(n));
        let ended = engine.until_crash(stage.watch(&stage.bob, "c-1", stage.photo)).await;
        engine.heal();
        assert_eq!(stage.watch(&stage.bob, "c-1", stage.photo).await, watching(stage.photo), "{n}");
        assert_eq!(stage.watchers(stage.photo).await, ["c-1"], "{n}");
        live::close(&stage.world.table, user, "c-1").await.unwrap();
        assert_eq!(stage.watchers(stage.photo).await.len(), 0, "{n}");
        if ended.is_some() {
            assert_eq!(n, 6, "the quota, the socket, the watcher, the state and the former watcher");
            return;
        }
    }
}

#[tokio::test]
async fn when_the_table_does_not_answer_then_nor_does_the_socket() {
    let stage = Stage::new().await;
    stage.open(&stage.bob, "c-1").await;
    stage.world.engine.fail_when(|asked| (asked.operation() == "PutItem").then_some(Fault::Throttled));
    let answer = stage.answer(&stage.bob, "c-1", &watch(stage.photo)).await;
    assert_eq!(answer, json!({ "statusCode": 500 }));
}
