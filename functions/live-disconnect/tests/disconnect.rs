//! Ends of sockets, with the real table engine behind them.
#![allow(clippy::unwrap_used, reason = "a test stops at what it does not expect")]

use domain::{Clock, UserId};
use live_disconnect::LiveDisconnectHandler;
use serde_json::json;
use table::Table;
use table::live::{self, Socket};
use testkit::{Engine, ManualClock, START, fixture, session_id};

#[tokio::test]
async fn when_a_socket_has_ended_then_it_alone_is_forgotten() {
    let (engine, clock) = (Engine::start().await, ManualClock::new());
    let table = Table::new(engine.client(), engine.table_name());
    let user = UserId::floor(START.plus_days(-1));
    for connection in ["c-1=", "c-2="] {
        let socket = Socket {
            connection: connection.to_owned(),
            opened_at: clock.now(),
            session: session_id(),
            token_at: clock.now(),
            watching: None,
        };
        live::open(&table, user, &socket).await.unwrap();
    }
    let handler = LiveDisconnectHandler::new(table.clone());
    let (user_id, issued_at, session) = (user.to_string(), clock.now().0.to_string(), session_id());
    let values = [
        ("connection", "c-1="),
        ("user", &user_id),
        ("session", session.as_str()),
        ("issued_at", &issued_at),
    ];
    let ended = || serde_json::from_value(fixture("live-disconnect", "disconnect", &values)).unwrap();
    engine.reset_usage();
    assert_eq!(runtime::socket::answer(&handler, ended()).await, json!({ "statusCode": 200 }));
    let usage = engine.usage();
    assert_eq!((usage.requests, usage.read_units, usage.write_units), (2, 0.5, 1.0), "{usage:?}");
    // It is told again.
    assert_eq!(runtime::socket::answer(&handler, ended()).await, json!({ "statusCode": 200 }));
    let left = live::of(&table, user, clock.now()).await.unwrap();
    assert_eq!(left.into_iter().map(|socket| socket.connection).collect::<Vec<_>>(), ["c-2="]);
}
