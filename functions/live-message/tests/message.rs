//! Messages of clients.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test stops at what it does not expect")]

use live_message::LiveMessageHandler;
use serde_json::{Value, json};
use testkit::fixture;

async fn say(body: &str) -> Value {
    let values = [("connection", "c-1"), ("user", "7"), ("session", "s"), ("issued_at", "0"), ("body", body)];
    let event = fixture("live-message", "message", &values);
    let answer = runtime::socket::answer(&LiveMessageHandler, serde_json::from_value(event).unwrap()).await;
    assert_eq!(answer["statusCode"], 200, "{answer}");
    serde_json::from_str(answer["body"].as_str().unwrap()).unwrap()
}

#[tokio::test]
async fn when_a_client_pings_then_its_number_comes_back() {
    assert_eq!(say(r#"{"ping": 1}"#).await, json!({ "pong": 1 }));
    assert_eq!(say(r#"{"ping":-17}"#).await, json!({ "pong": -17 }));
}

#[tokio::test]
async fn when_a_message_is_none_of_ours_then_the_answer_says_so() {
    for body in ["", "ping", "{}", r#"{"ping": "1"}"#, r#"{"shout": 1}"#, "[1]", r#"{"ping": 1e400}"#] {
        assert_eq!(say(body).await["error"]["code"], "unknown_message", "{body}");
    }
}
