//! Handshakes, with the real table engine behind them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops at what it does not expect"
)]

use std::time::Duration;

use api::Caller;
use domain::{Clock, UserId};
use live_connect::LiveConnectHandler;
use runtime::metrics::counted;
use serde_json::{Value, json};
use table::{Table, live};
use testkit::{
    Engine, Fault, ManualClock, OldSession, OpenSockets, START, WEB_URL, fixture, forged_token_for,
    session_id, token_for, verifier,
};

struct World {
    engine: Engine,
    clock: ManualClock,
    table: Table,
    sockets: OpenSockets,
    handler: LiveConnectHandler<OpenSockets>,
    ada: Caller,
}

/// What a client sends with its handshake; empty where it sends nothing.
#[derive(Clone, Copy, Default)]
struct Sent<'a> {
    origin: &'a str,
    cookie: &'a str,
    protocols: &'a str,
    query: &'a str,
}

impl World {
    async fn new(query_tokens: bool) -> Self {
        let (engine, clock, sockets) = (Engine::start().await, ManualClock::new(), OpenSockets::default());
        let table = Table::new(engine.client(), engine.table_name());
        let handler =
            LiveConnectHandler::new(table.clone(), sockets.clone(), verifier(), query_tokens, clock.shared());
        let ada = Caller { user_id: UserId::floor(START.plus_days(-200)), username: "ada".to_owned() };
        Self { engine, clock, table, sockets, handler, ada }
    }

    async fn answer(&self, event: Value) -> Value {
        runtime::socket::answer(&self.handler, serde_json::from_value(event).unwrap()).await
    }

    /// Returns what the authorizer answers.
    async fn authorize(&self, sent: Sent<'_>) -> Value {
        let values = [
            ("connection", "c-1"),
            ("origin", sent.origin),
            ("cookie", sent.cookie),
            ("protocols", sent.protocols),
            ("query", sent.query),
        ];
        let mut event = fixture("live-connect", "authorize", &values);
        for map in ["headers", "queryStringParameters"] {
            event[map].as_object_mut().unwrap().retain(|_, value| value != "");
        }
        self.answer(event).await
    }

    /// Returns whether somebody may open a socket.
    async fn admits(&self, sent: Sent<'_>) -> bool {
        let answer = self.authorize(sent).await;
        let statement = &answer["policyDocument"]["Statement"][0];
        assert_eq!(
            statement["Resource"],
            "arn:aws:execute-api:eu-central-1:123456789012:a1b2c3d4e5/live/$connect"
        );
        let admits = statement["Effect"] == "Allow";
        assert_eq!(answer["context"]["user_id"] == json!(self.ada.user_id), admits, "{answer}");
        admits
    }

    /// Opens a socket of Ada's, and returns the answer to `$connect`.
    async fn open(&self, connection: &str) -> Value {
        self.sockets.open(connection);
        let (user, session) = (self.ada.user_id.to_string(), session_id());
        let issued_at = self.clock.now().0.to_string();
        let values = [
            ("connection", connection),
            ("user", &user),
            ("session", session.as_str()),
            ("issued_at", &issued_at),
            ("protocols", "lambdagram.v1, bearer.t"),
        ];
        self.answer(fixture("live-connect", "connect", &values)).await
    }

    async fn noted(&self) -> Vec<String> {
        let sockets = live::of(&self.table, self.ada.user_id, self.clock.now()).await.unwrap();
        sockets.into_iter().map(|socket| socket.connection).collect()
    }
}

#[tokio::test]
async fn when_a_client_sends_a_token_then_it_may_open_a_socket() {
    let world = World::new(false).await;
    let token = token_for(&world.ada, world.clock.now());
    let (offered, cookie) = (format!("lambdagram.v1, bearer.{token}"), format!("__Host-access={token}"));
    // A page of another origin that has a token says so itself.
    assert!(
        world.admits(Sent { protocols: &offered, origin: "https://other.test", ..Sent::default() }).await
    );
    assert!(world.admits(Sent { protocols: &offered, ..Sent::default() }).await);
    let page = Sent { origin: WEB_URL, cookie: &cookie, protocols: "lambdagram.v1", query: "" };
    assert!(world.admits(page).await);

    let mut app = fixture(
        "live-connect",
        "authorize",
        &[("connection", "c"), ("origin", ""), ("cookie", ""), ("protocols", ""), ("query", "")],
    );
    app["headers"] = json!({ "Host": "api", "Authorization": format!("Bearer {token}") });
    let answer = world.answer(app).await;
    assert_eq!(answer["policyDocument"]["Statement"][0]["Effect"], "Allow");
    assert_eq!(answer["principalId"], json!(world.ada.user_id));
}

#[tokio::test]
async fn when_a_handshake_may_be_forged_then_it_is_refused() {
    let world = World::new(false).await;
    let now = world.clock.now();
    let token = token_for(&world.ada, now);
    let cookie = format!("__Host-access={token}");
    let page = Sent { origin: WEB_URL, cookie: &cookie, protocols: "lambdagram.v1", query: "" };
    let (refusals, counters) = counted(async {
        [
            world.admits(Sent::default()).await,
            world.admits(Sent { origin: "https://evil.test", ..page }).await,
            world.admits(Sent { origin: "", ..page }).await,
            world.admits(Sent { protocols: "graphql-ws", ..page }).await,
            world.admits(Sent { cookie: "__Host-access=x", ..page }).await,
            world.admits(Sent { query: &token, ..Sent::default() }).await,
            world.admits(Sent { protocols: &format!("bearer.{token}"), ..Sent::default() }).await,
            world.admits(Sent { protocols: "lambdagram.v1, bearer.", ..Sent::default() }).await,
        ]
    })
    .await;
    assert_eq!(refusals, [false; 8]);
    assert_eq!((counters["sockets_refused"], counters["cookies_refused"]), (8, 2));
    let forged = format!("lambdagram.v1, bearer.{}", forged_token_for(&world.ada, now));
    assert!(!world.admits(Sent { protocols: &forged, ..Sent::default() }).await);
    world.clock.advance(Duration::from_hours(1));
    assert!(!world.admits(page).await, "the token has expired");
    assert_eq!(world.noted().await, [""; 0]);
}

#[tokio::test]
async fn when_the_stage_allows_it_then_a_token_may_be_a_parameter() {
    let world = World::new(true).await;
    let token = token_for(&world.ada, world.clock.now());
    assert!(world.admits(Sent { query: &token, ..Sent::default() }).await);
}

#[tokio::test]
async fn when_the_session_has_ended_then_the_handshake_is_refused() {
    let world = World::new(false).await;
    let session = OldSession::open(&world.table, &world.clock, &world.ada).await;
    let offered = format!("lambdagram.v1, bearer.{}", session.token);
    let sent = Sent { protocols: &offered, ..Sent::default() };
    assert!(world.admits(sent).await);
    session.end(&world.table).await;
    world.clock.advance(Duration::from_mins(1));
    assert!(!world.admits(sent).await);
}

#[tokio::test]
async fn when_a_socket_opens_then_it_is_noted_until_it_must_have_ended() {
    let world = World::new(false).await;
    world.engine.reset_usage();
    let opened = world.open("c-1").await;
    assert_eq!(
        opened,
        json!({ "statusCode": 200, "headers": { "Sec-WebSocket-Protocol": "lambdagram.v1" } })
    );
    let usage = world.engine.usage();
    assert_eq!((usage.round_trips, usage.read_units, usage.write_units), (3, 0.5, 1.0), "{usage:?}");
    assert_eq!(world.noted().await, ["c-1"]);
    world.clock.advance(Duration::from_hours(2));
    assert_eq!(world.noted().await, ["c-1"]);
    world.clock.advance(Duration::from_mins(2));
    assert_eq!(world.noted().await, [""; 0]);
}

#[tokio::test]
async fn when_an_eleventh_socket_opens_then_the_oldest_is_closed() {
    let world = World::new(false).await;
    for number in 0..12 {
        world.open(&format!("c-{number}")).await;
        world.clock.advance(Duration::from_secs(1));
    }
    let kept: Vec<String> = (2..12).map(|number| format!("c-{number}")).collect();
    assert_eq!(world.noted().await, kept);
    let is_open = |number: u32| world.sockets.take(&format!("c-{number}")).is_some();
    assert_eq!((is_open(0), is_open(1), is_open(2)), (false, false, true));
}

#[tokio::test]
async fn when_something_fails_then_the_handshake_is_refused_with_500() {
    let world = World::new(false).await;
    for number in 0..10 {
        world.open(&format!("c-{number}")).await;
    }
    world.sockets.fail_next(1);
    assert_eq!(world.open("c-10").await, json!({ "statusCode": 500 }));
    world.engine.fail_next("Query", 8, Fault::Throttled);
    assert_eq!(world.open("c-10").await, json!({ "statusCode": 500 }));
}
