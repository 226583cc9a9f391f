//! The adapter between a WebSocket API and a handler, and the client that writes to open sockets.
//!
//! API Gateway invokes a function for a handshake, for each message of a client, and after the end. Before it
//! accepts a handshake it asks an authorizer who opens the socket. It keeps the answer, and sends it with every
//! later event of the socket ([`Opener`]). So nothing has to be looked up by a connection's id.
//!
//! A handler's error becomes status 500: a handshake is refused with it, and to a message it answers nothing.

mod gateway;

use std::collections::HashMap;
use std::error::Error;
use std::future::Future;

use api::InSession;
use domain::session::SessionId;
use domain::{Timestamp, UserId};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tracing::{Instrument, info_span};

use crate::auth::Verified;
use crate::failure::Chain;
use crate::metrics::Outcome;
use crate::{Aws, StartError, invocation};

pub use gateway::{Gateway, Sent, SocketError, Sockets};

/// The subprotocol of our messages. A handshake that offers subprotocols has to offer it.
pub const PROTOCOL: &str = "lambdagram.v1";
/// What the subprotocol begins with in which a client sends its access token. A page can set no header.
const BEARER: &str = "bearer.";
/// The parameter in which a client may send its access token where that is allowed.
const QUERY_TOKEN: &str = "access_token";

/// Handles the events of sockets.
pub trait Handler: Send + Sync {
    /// Why an event cannot be handled now.
    type Error: Error + Send + Sync + 'static;

    /// Handles one event.
    fn handle(&self, event: Event) -> impl Future<Output = Result<Answer, Self::Error>> + Send;
}

/// An event of a socket.
#[derive(Debug)]
pub enum Event {
    /// Somebody wants to open a socket.
    Asked(Handshake),
    /// The socket is about to be open.
    Opened(Connection, Handshake),
    /// The client sent this message.
    Said(Connection, String),
    /// The socket has ended. API Gateway tries once to say so.
    Closed(Connection),
}

/// The answer to an event.
#[derive(Debug)]
pub enum Answer {
    /// To [`Event::Asked`]: this user may open a socket.
    Allow(Opener),
    /// To [`Event::Asked`]: the handshake is refused.
    Refuse,
    /// To [`Event::Opened`]: the socket opens, with this subprotocol.
    Open(Option<&'static str>),
    /// To [`Event::Said`]: the client gets this message.
    Say(Value),
    /// Nothing is said.
    Done,
}

/// A socket and who opened it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    /// The id that API Gateway gave it.
    pub id: String,
    /// Who opened it.
    pub opener: Opener,
}

/// Who opened a socket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opener {
    /// The user.
    pub user_id: UserId,
    /// The session in which their access token was issued.
    session_id: SessionId,
    /// When it was issued, in milliseconds. API Gateway keeps texts alone.
    issued_at: String,
}

impl Opener {
    /// Returns the user, and the session they are in.
    pub fn session(&self) -> InSession {
        // A text that API Gateway had changed would be the oldest possible moment, after which one looks.
        InSession {
            id: self.session_id.clone(),
            issued_at: Timestamp(self.issued_at.parse().unwrap_or_default()),
        }
    }
}

impl From<Verified> for Opener {
    fn from(Verified { caller, session }: Verified) -> Self {
        Self { user_id: caller.user_id, session_id: session.id, issued_at: session.issued_at.0.to_string() }
    }
}

/// The request with which a client opens a socket.
#[derive(Debug, Default)]
pub struct Handshake {
    headers: HashMap<String, String>,
    query: HashMap<String, String>,
}

impl Handshake {
    /// Returns a header, by its lower-case name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// Returns the subprotocols that the client offers.
    fn offered(&self) -> impl Iterator<Item = &str> {
        let header = self.header("sec-websocket-protocol").unwrap_or_default();
        header.split(',').map(str::trim).filter(|name| !name.is_empty())
    }

    /// Returns the subprotocol to answer with; `None` where the client offers none.
    pub fn protocol(&self) -> Option<&'static str> {
        self.offered().find(|name| *name == PROTOCOL).map(|_| PROTOCOL)
    }

    /// Returns whether the client speaks our subprotocol: it offers it, or none at all.
    pub fn is_ours(&self) -> bool {
        self.protocol().is_some() || self.offered().next().is_none()
    }

    /// Returns the access token that the client offers as a subprotocol, or as a parameter if that is allowed.
    pub fn token(&self, in_query: bool) -> Option<&str> {
        let offered = self.offered().find_map(|name| name.strip_prefix(BEARER));
        offered.or_else(|| self.query.get(QUERY_TOKEN).filter(|_| in_query).map(String::as_str))
    }
}

/// What is read of an event of API Gateway (WebSocket API).
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Request {
    /// The resource that an authorizer allows or refuses; only an authorizer gets it.
    method_arn: Option<String>,
    #[serde(default)]
    headers: Option<HashMap<String, String>>,
    #[serde(default)]
    query_string_parameters: Option<HashMap<String, String>>,
    #[serde(rename = "requestContext")]
    context: Context,
    #[serde(default)]
    body: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Context {
    event_type: EventType,
    connection_id: String,
    #[serde(default)]
    authorizer: Option<Opener>,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum EventType {
    Connect,
    Message,
    Disconnect,
}

/// An event that no API of ours sends.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the event says nothing of who opened the socket")]
struct NobodyOpened;

impl Request {
    fn event(self) -> Result<Event, NobodyOpened> {
        let Self { method_arn, headers, query_string_parameters, context, body } = self;
        let lower = |(name, value): (String, String)| (name.to_ascii_lowercase(), value);
        let handshake = Handshake {
            headers: headers.into_iter().flatten().map(lower).collect(),
            query: query_string_parameters.unwrap_or_default(),
        };
        if method_arn.is_some() {
            return Ok(Event::Asked(handshake));
        }
        let opener = context.authorizer.ok_or(NobodyOpened)?;
        let connection = Connection { id: context.connection_id, opener };
        Ok(match context.event_type {
            EventType::Connect => Event::Opened(connection, handshake),
            EventType::Message => Event::Said(connection, body.unwrap_or_default()),
            EventType::Disconnect => Event::Closed(connection),
        })
    }
}

/// Serves events until Lambda stops the process.
///
/// # Errors
/// Lambda's runtime interface failed.
pub async fn run(handler: impl Handler, aws: &Aws) -> Result<(), StartError> {
    let handler = &handler;
    invocation::serve(aws, |request: Request| async move {
        let answer = answer(handler, request).await;
        let status = answer.get("statusCode").and_then(Value::as_u64).unwrap_or(200);
        (Ok(answer), Outcome { failures: usize::from(status >= 500), ..Outcome::default() })
    })
    .await
}

/// Answers one event.
pub async fn answer(handler: &impl Handler, request: Request) -> Value {
    let arn = request.method_arn.clone().unwrap_or_default();
    let span = info_span!("socket", connection = request.context.connection_id);
    async {
        let answered = match request.event() {
            // On the heap, because the future is large and its type is too deep for the compiler.
            Ok(event) => Box::pin(handler.handle(event)).await.map_err(|error| Chain(&error).to_string()),
            Err(error) => Err(error.to_string()),
        };
        match answered {
            Ok(answer) => wire(answer, &arn),
            Err(error) => {
                tracing::error!(error, "event of a socket failed");
                json!({ "statusCode": 500 })
            }
        }
    }
    .instrument(span)
    .await
}

/// Returns the answer as API Gateway reads it.
fn wire(answer: Answer, arn: &str) -> Value {
    let policy = |effect: &str| {
        let statement = json!({ "Effect": effect, "Action": "execute-api:Invoke", "Resource": arn });
        json!({ "Version": "2012-10-17", "Statement": [statement] })
    };
    match answer {
        Answer::Allow(opener) => json!({
            "principalId": opener.user_id,
            "policyDocument": policy("Allow"),
            "context": opener,
        }),
        Answer::Refuse => json!({ "principalId": "nobody", "policyDocument": policy("Deny") }),
        Answer::Open(Some(protocol)) => {
            json!({ "statusCode": 200, "headers": { "Sec-WebSocket-Protocol": protocol } })
        }
        Answer::Say(message) => json!({ "statusCode": 200, "body": message.to_string() }),
        Answer::Open(None) | Answer::Done => json!({ "statusCode": 200 }),
    }
}

#[cfg(test)]
mod tests;
