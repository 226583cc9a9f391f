//! Hints to open sockets, with the real table engine behind them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops at what it does not expect"
)]

mod watch;

use std::time::Duration;

use api::Caller;
use domain::inbox::{Actor, Once, RowId, Subject};
use domain::session::SessionId;
use domain::{Clock, PhotoId, UserId};
use live_send::{LiveSendHandler, NotedSockets};
use messages::live::InFeed;
use runtime::metrics::counted;
use runtime::sqs;
use serde_json::{Value, json};
use table::live::{self, Socket};
use table::{Table, inbox};
use testkit::{Engine, ManualClock, OldSession, OpenSockets, Outbox, START, fixture, session_id, sqs_event};

struct World {
    engine: Engine,
    clock: ManualClock,
    table: Table,
    sockets: OpenSockets,
    handler: LiveSendHandler<NotedSockets<OpenSockets>, Outbox>,
    ada: Caller,
}

impl World {
    async fn new() -> Self {
        let (engine, clock, sockets) = (Engine::start().await, ManualClock::new(), OpenSockets::default());
        let table = Table::new(engine.client(), engine.table_name());
        let channel = NotedSockets::new(table.clone(), sockets.clone(), clock.shared());
        let handler = LiveSendHandler::new(table.clone(), channel, Outbox::default(), clock.shared());
        let ada = Caller { user_id: UserId::floor(START.plus_days(-200)), username: "ada".to_owned() };
        Self { engine, clock, table, sockets, handler, ada }
    }

    /// Opens a socket of Ada's in a session, with a token of that moment.
    async fn open_in(&self, session: &SessionId, connection: &str) {
        self.sockets.open(connection);
        let now = self.clock.now();
        let socket = Socket {
            connection: connection.to_owned(),
            opened_at: now,
            session: session.clone(),
            token_at: now,
            watching: None,
        };
        live::open(&self.table, self.ada.user_id, &socket).await.unwrap();
    }

    async fn open(&self, connection: &str) {
        self.open_in(&session_id(), connection).await;
    }

    async fn noted(&self) -> usize {
        live::of(&self.table, self.ada.user_id, self.clock.now()).await.unwrap().len()
    }

    /// Lets somebody like a photo of Ada's, and returns the row.
    async fn liked(&self, photo: i64) -> RowId {
        let (subject, now) = (Subject::Like(PhotoId::floor(START.plus_ms(-photo))), self.clock.now());
        let user_id = UserId::try_from(7).unwrap();
        let actor = Actor { at: now, user_id, username: "user7".to_owned() };
        let id = RowId::of(subject, self.ada.user_id, now);
        let once = Once::within(id);
        inbox::align(&self.table, self.ada.user_id, once, user_id, Some(&actor), now).await.unwrap();
        id
    }

    /// Returns the event that a row was told now.
    fn told(&self, row: RowId) -> Value {
        let (recipient, row) = (self.ada.user_id.to_string(), row.to_string());
        let told_at = self.clock.now().0.to_string();
        fixture("live-send", "told", &[("recipient_id", &recipient), ("row", &row), ("told_at", &told_at)])
    }

    /// Handles an event, and returns how many of its messages come back.
    async fn handle(&self, event: Value) -> usize {
        let answer = sqs::answer(&self.handler, serde_json::from_value(event).unwrap()).await;
        answer.batch_item_failures.len()
    }
}

fn unread(number: u64) -> Value {
    json!({ "inbox": { "unread": number } })
}

#[tokio::test]
async fn when_a_row_is_told_then_each_open_socket_hears_how_many_are_unread() {
    let world = World::new().await;
    world.open("c-1").await;
    world.open("c-2").await;
    let row = world.liked(1).await;
    let (failed, counters) = counted(world.handle(world.told(row))).await;
    assert_eq!((failed, counters["hints_sent"]), (0, 2));
    assert_eq!(world.sockets.take("c-1"), Some(vec![unread(1)]));
    assert_eq!(world.sockets.take("c-2"), Some(vec![unread(1)]));
    // It is told again, with the number as it is by then.
    world.liked(2).await;
    assert_eq!(world.handle(world.told(row)).await, 0);
    assert_eq!(world.sockets.take("c-1"), Some(vec![unread(2)]));
}

#[tokio::test]
async fn when_a_photo_is_in_the_feed_then_open_sockets_hear_which() {
    let world = World::new().await;
    world.open("c-1").await;
    let (photo_id, at) = (PhotoId::floor(START), world.clock.now());
    let message = InFeed { reader_id: world.ada.user_id, photo_id, at };
    world.engine.reset_usage();
    assert!(sqs::answer(&world.handler, sqs_event(&[message])).await.batch_item_failures.is_empty());
    assert_eq!(world.sockets.take("c-1"), Some(vec![json!({ "feed": { "newest": photo_id } })]));
    let usage = world.engine.usage();
    assert_eq!((usage.requests, usage.read_units), (1, 0.5), "{usage:?}");
}

#[tokio::test]
async fn when_nobody_is_connected_then_it_costs_one_small_read() {
    let world = World::new().await;
    let row = world.liked(1).await;
    world.engine.reset_usage();
    assert_eq!(world.handle(world.told(row)).await, 0);
    let usage = world.engine.usage();
    assert_eq!((usage.requests, usage.read_units, usage.write_units), (1, 0.5, 0.0), "{usage:?}");
    world.open("c-1").await;
    world.engine.reset_usage();
    assert_eq!(world.handle(world.told(row)).await, 0);
    let usage = world.engine.usage();
    assert_eq!((usage.requests, usage.read_units, usage.write_units), (2, 1.5, 0.0), "{usage:?}");
}

#[tokio::test]
async fn when_a_socket_is_gone_then_it_is_forgotten_and_others_hear() {
    let world = World::new().await;
    world.open("c-1").await;
    world.open("c-2").await;
    world.sockets.lose("c-1");
    let row = world.liked(1).await;
    let (failed, counters) = counted(world.handle(world.told(row))).await;
    assert_eq!((failed, counters["hints_gone"], counters["hints_sent"]), (0, 1, 1));
    assert_eq!((world.noted().await, world.sockets.take("c-2")), (1, Some(vec![unread(1)])));
}

#[tokio::test]
async fn when_the_session_has_ended_then_its_socket_is_closed_and_hears_nothing() {
    let world = World::new().await;
    let session = OldSession::open(&world.table, &world.clock, &world.ada).await;
    world.open_in(&session.id, "c-1").await;
    let row = world.liked(1).await;
    assert_eq!(world.handle(world.told(row)).await, 0);
    assert_eq!(world.sockets.take("c-1"), Some(vec![unread(1)]));
    session.end(&world.table).await;
    world.clock.advance(Duration::from_mins(1));
    let (failed, counters) = counted(world.handle(world.told(row))).await;
    assert_eq!((failed, counters["sockets_of_ended_sessions"]), (0, 1));
    assert_eq!((world.noted().await, world.sockets.take("c-1")), (0, None));
}

#[tokio::test]
async fn when_a_socket_cannot_be_written_to_then_the_message_comes_back_for_ten_minutes() {
    let world = World::new().await;
    world.open("c-1").await;
    let told = world.told(world.liked(1).await);
    world.sockets.fail_next(1);
    assert_eq!(world.handle(told.clone()).await, 1);
    assert_eq!(world.handle(told.clone()).await, 0);
    assert_eq!(world.sockets.take("c-1"), Some(vec![unread(1)]));
    world.clock.advance(Duration::from_secs(601));
    let (failed, counters) = counted(world.handle(told)).await;
    assert_eq!((failed, counters["hints_too_late"]), (0, 1));
    assert_eq!(world.sockets.take("c-1"), Some(vec![]));
}

#[tokio::test]
async fn when_the_event_is_another_one_then_it_is_set_aside() {
    let world = World::new().await;
    let mut event = world.told(world.liked(1).await);
    event["Records"][0]["body"] =
        json!(r#"{"type":"like.added","user_id":"1","username":"u","photo_id":"2","author_id":"3","at":4}"#);
    assert_eq!(world.handle(event).await, 1);
}
