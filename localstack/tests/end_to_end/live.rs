//! Sockets of open clients, through the distribution.

use std::time::{Duration, Instant};

use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::pictures::small;
use crate::world::{App, Person};

/// How long a hint may take.
const DEADLINE: Duration = Duration::from_secs(20);

/// An open socket.
pub(crate) struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Socket {
    /// Opens a socket at `/live` of the distribution with these headers.
    async fn open(app: &App, headers: &[(&'static str, &str)]) -> Result<(Self, String), u16> {
        let mut request = app.cloud.live_url.as_str().into_client_request().unwrap();
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        match connect_async(request).await {
            Ok((socket, answer)) => {
                let protocol = answer.headers().get("sec-websocket-protocol");
                let protocol = protocol.and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
                Ok((Self(socket), protocol))
            }
            Err(Error::Http(answer)) => Err(answer.status().as_u16()),
            Err(error) => panic!("{error}"),
        }
    }

    /// Opens a socket as an app that offers its token as a subprotocol.
    pub(crate) async fn of(app: &App, person: &Person<'_>) -> Self {
        let offered = format!("lambdagram.v1, bearer.{}", person.access_token);
        let (socket, protocol) = Self::open(app, &[("sec-websocket-protocol", &offered)]).await.unwrap();
        assert_eq!(protocol, "lambdagram.v1");
        socket
    }

    async fn say(&mut self, message: &Value) {
        self.0.send(Message::text(message.to_string())).await.unwrap();
    }

    /// Returns the next message that is `wanted`, and how long it took.
    pub(crate) async fn hear(&mut self, wanted: &Value) -> Duration {
        let began = Instant::now();
        let mut heard = Vec::new();
        loop {
            let next = tokio::time::timeout(DEADLINE.saturating_sub(began.elapsed()), self.0.next()).await;
            let Ok(next) = next else { panic!("{wanted} was not heard, but {heard:?}") };
            let Message::Text(text) = next.expect("an open socket").unwrap() else { continue };
            let message: Value = serde_json::from_str(&text).unwrap();
            if message == *wanted {
                return began.elapsed();
            }
            heard.push(message);
        }
    }

    /// Returns every message of so long.
    async fn hears_within(&mut self, long: Duration) -> Vec<Value> {
        let until = Instant::now() + long;
        let mut heard = Vec::new();
        while let Ok(Some(Ok(next))) =
            tokio::time::timeout(until.saturating_duration_since(Instant::now()), self.0.next()).await
        {
            if let Message::Text(text) = next {
                heard.push(serde_json::from_str(&text).unwrap());
            }
        }
        heard
    }
}

#[tokio::test]
async fn when_a_photo_is_liked_then_its_authors_open_clients_hear_of_it() {
    let app = App::new();
    let (anna, bert) = (app.register("anna").await, app.register("bert").await);
    let photo = anna.post_photo("Told", &[small()]).await;
    let (mut one, mut other) = (Socket::of(&app, &anna).await, Socket::of(&app, &anna).await);
    bert.like(&photo, 1).await;
    let hint = json!({ "inbox": { "unread": 1 } });
    one.hear(&hint).await;
    other.hear(&hint).await;
}

#[tokio::test]
async fn when_a_photo_comes_into_a_feed_then_its_readers_open_clients_hear_of_it() {
    let app = App::new();
    let (anna, bert) = (app.register("anna").await, app.register("bert").await);
    bert.follow(&anna).await;
    let first = anna.post_photo("Before", &[small()]).await;
    bert.until_feed(&[&first]).await;
    let mut socket = Socket::of(&app, &bert).await;
    let second = anna.post_photo("Told", &[small()]).await;
    socket.hear(&json!({ "feed": { "newest": second } })).await;
}

#[tokio::test]
async fn when_a_handshake_may_be_forged_then_no_socket_opens() {
    let app = App::new();
    let anna = app.register("anna").await;
    let cookie = format!("access={}", anna.access_token);
    let opens = async |headers: &[(&'static str, &str)]| Socket::open(&app, headers).await.map(drop);
    let ours = ("sec-websocket-protocol", "lambdagram.v1");
    assert_eq!(opens(&[("cookie", &cookie), ("origin", &app.cloud.cdn_url), ours]).await, Ok(()));
    assert_eq!(opens(&[("authorization", &format!("Bearer {}", anna.access_token))]).await, Ok(()));
    for refused in [
        &[("cookie", cookie.as_str()), ("origin", "https://evil.example"), ours][..],
        &[("cookie", cookie.as_str()), ours][..],
        &[("authorization", "Bearer x")][..],
        &[][..],
    ] {
        assert_eq!(opens(refused).await, Err(403), "{refused:?}");
    }
}

#[tokio::test]
async fn when_a_client_pings_then_it_is_answered_and_its_end_is_noted() {
    let app = App::new();
    let anna = app.register("anna").await;
    let mut socket = Socket::of(&app, &anna).await;
    socket.say(&json!({ "ping": 17 })).await;
    socket.hear(&json!({ "pong": 17 })).await;
    socket.say(&json!({ "sing": 1 })).await;
    let error = json!({ "code": "unknown_message", "detail": "The server does not know this message." });
    socket.hear(&json!({ "error": error })).await;
    drop(socket);
    // It costs one who has gone nothing to come back, eleven times over.
    for _ in 0..11 {
        drop(Socket::of(&app, &anna).await);
    }
}

#[tokio::test]
async fn when_a_photo_is_watched_then_likes_are_heard_until_it_is_not() {
    /// How long a hint may take once every function was asked before.
    const PROMPT: Duration = Duration::from_secs(2);
    let app = App::new();
    let (anna, bert, cleo) =
        (app.register("anna").await, app.register("bert").await, app.register("cleo").await);
    let photo = anna.post_photo("Watched", &[small()]).await;
    let mut socket = Socket::of(&app, &bert).await;
    let likes = |likes: u32| json!({ "photo": { "id": photo, "likes": likes } });
    socket.say(&json!({ "watch": { "photo": photo } })).await;
    socket.hear(&json!({ "watching": { "photo": photo } })).await;
    cleo.like(&photo, 1).await;
    socket.hear(&likes(1)).await;
    anna.like(&photo, 2).await;
    let took = socket.hear(&likes(2)).await;
    assert!(took < PROMPT, "{took:?}");
    socket.say(&json!({ "unwatch": { "photo": photo } })).await;
    socket.hear(&json!({ "unwatched": { "photo": photo } })).await;
    bert.like(&photo, 3).await;
    let mut heard = socket.hears_within(PROMPT * 2).await;
    heard.retain(|message| message.get("photo").is_some());
    assert_eq!(heard, Vec::<Value>::new());
}

#[tokio::test]
async fn when_a_private_photo_is_watched_by_a_stranger_then_it_is_as_absent() {
    let app = App::new();
    let (anna, bert) = (app.register("anna").await, app.register("bert").await);
    anna.patch("/users/me", &json!({ "private": true })).await.expect(200);
    let photo = anna.post_photo("Private", &[small()]).await;
    let mut socket = Socket::of(&app, &bert).await;
    for watched in [photo.as_str(), "77"] {
        socket.say(&json!({ "watch": { "photo": watched } })).await;
        let error = json!({ "code": "not_found", "detail": "There is no such photo." });
        socket.hear(&json!({ "error": error })).await;
    }
}
