//! `live-message`: answers what a client says over its socket.
//!
//! - **Trigger**: API Gateway, each message of a socket (route `$default`).
//! - **Access patterns**: none. A ping keeps a socket open, and costs the table nothing.
//! - **Emits**: nothing.
//! - **Redelivery**: none. A client that gets no answer asks again.
//! - **Failures**: a message that is none of ours is answered with an error, and the socket stays open.

use std::convert::Infallible;

use runtime::metrics;
use runtime::socket::{Answer, Event};
use serde::Deserialize;
use serde_json::{Value, json};

/// What a client may say.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Message {
    /// Is anybody there? The number comes back.
    Ping(i64),
}

/// Handles messages of clients.
#[derive(Clone, Copy, Debug, Default)]
pub struct LiveMessageHandler;

impl LiveMessageHandler {
    fn reply(said: &str) -> Value {
        match serde_json::from_str(said) {
            Ok(Message::Ping(number)) => json!({ "pong": number }),
            Err(_) => {
                metrics::count("messages_unknown", 1);
                json!({ "error": { "code": "unknown_message", "detail": "The server does not know this message." } })
            }
        }
    }
}

impl runtime::socket::Handler for LiveMessageHandler {
    type Error = Infallible;

    async fn handle(&self, event: Event) -> Result<Answer, Infallible> {
        Ok(match event {
            Event::Said(_, said) => Answer::Say(Self::reply(&said)),
            Event::Asked(_) => Answer::Refuse,
            Event::Opened(..) | Event::Closed(_) => Answer::Done,
        })
    }
}
