//! Access tokens and refresh tokens, valid and invalid.

use api::Caller;
use domain::session::SessionId;
use domain::{Clock, Timestamp};
use reqwest::Method;
use runtime::SystemClock;
use runtime::auth::Issuer;
use serde_json::{Value, json};
use tokens::KmsSigningKeys;

use crate::world::{Answer, App, PASSWORD, Person};

/// A route of every function that checks the caller.
const ROUTES: [(Method, &str); 9] = [
    (Method::GET, "/users/me"),
    (Method::PATCH, "/users/me"),
    (Method::POST, "/users/1/follow"),
    (Method::POST, "/photos"),
    (Method::GET, "/photos/1"),
    (Method::DELETE, "/photos/1"),
    (Method::POST, "/photos/1/like"),
    (Method::GET, "/feed"),
    (Method::GET, "/notifications"),
];

const HOUR_MS: i64 = 60 * 60 * 1000;

/// Returns a token that the deployed key signed for a caller at some moment.
async fn signed(app: &App, caller: &Caller, at: Timestamp) -> String {
    let keys = KmsSigningKeys::new(app.behind.table(), app.cloud.kms(), app.cloud.output("JwtKeyId"));
    let session = SessionId::parse(&"0".repeat(43)).unwrap();
    Issuer::new(keys).issue(caller, &session, at).await.unwrap().token
}

#[tokio::test]
async fn when_a_session_is_not_open_then_its_token_should_read_and_not_write() {
    let app = App::new();
    let (anna, bert) = (app.register("anna").await, app.register("bert").await);
    // Tokens that were just issued are taken on trust for a minute. This one is older, and of no session.
    let token = signed(&app, &anna.caller(), SystemClock.now().plus_ms(-60_000)).await;
    let (follow, read) = (format!("/users/{}/follow", bert.id), "/notifications/read".to_owned());
    for (method, path, body) in [
        (Method::POST, follow.as_str(), None),
        (Method::DELETE, &follow, None),
        (Method::POST, &read, None),
        (Method::PATCH, "/users/me", Some(json!({ "bio": "not mine" }))),
        (Method::POST, "/photos", Some(json!({ "media": [{ "content_type": "image/png", "size": 1 }] }))),
        (Method::DELETE, "/photos/1", None),
        (Method::POST, "/photos/1/like", None),
        (Method::DELETE, "/users/me/sessions", None),
    ] {
        let request = app.request(method, path).token(&token);
        let request = match &body {
            Some(body) => request.json(body),
            None => request,
        };
        request.send().await.refused(401, "session_ended");
    }
    app.request(Method::GET, "/users/me").token(&token).send().await.expect(200);
    app.request(Method::GET, "/feed").token(&token).send().await.expect(200);
}

/// Returns a token whose payload differs from what was signed.
fn altered(token: &str, other: &str) -> String {
    let [mine, theirs] = [token, other].map(|token| token.split('.').collect::<Vec<_>>());
    [mine[0], theirs[1], mine[2]].join(".")
}

#[tokio::test]
async fn when_a_token_is_missing_expired_or_forged_then_all_should_refuse() {
    let app = App::new();
    let (anna, bert) = (app.register("anna").await, app.register("bert").await);
    let before = app.behind.items_about(anna.id).await;
    let caller = anna.caller();
    let expired = signed(&app, &caller, SystemClock.now().plus_ms(-HOUR_MS)).await;
    let forged = testkit::forged_token_for(&caller, SystemClock.now());
    let altered = altered(&bert.access_token, &anna.access_token);
    let unsigned = {
        let parts: Vec<&str> = anna.access_token.split('.').collect();
        // The header {"alg":"none","typ":"JWT"}.
        format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{}.", parts[1])
    };
    let bearer = |token: &str| Some(format!("Bearer {token}"));
    let cases = [
        (None, "token_missing"),
        (Some(format!("Basic {}", anna.access_token)), "token_missing"),
        (bearer(&expired), "token_expired"),
        (bearer(&forged), "token_invalid"),
        (bearer(&altered), "token_invalid"),
        (bearer(&unsigned), "token_invalid"),
        (bearer(&anna.refresh_token), "token_invalid"),
        (bearer("x"), "token_invalid"),
    ];
    for (method, path) in ROUTES {
        for (authorization, code) in &cases {
            let request = app.request(method.clone(), path);
            let request = match authorization {
                Some(value) => request.header("authorization", value),
                None => request,
            };
            let answer = request.send().await;
            answer.refused(401, code);
            assert_eq!(answer.header("www-authenticate"), "Bearer");
        }
    }
    assert_eq!(app.behind.items_about(anna.id).await, before);
    // A token that the key signs now is valid. The tokens above were therefore refused for their fault alone.
    let good = signed(&app, &caller, SystemClock.now()).await;
    app.request(Method::GET, "/users/me").token(&good).send().await.expect(200);
}

async fn refresh(app: &App, token: &str) -> Answer {
    app.post("/auth/refresh", &json!({ "refresh_token": token })).await
}

#[tokio::test]
async fn when_a_refresh_token_is_used_again_then_the_session_should_end() {
    let app = App::new();
    let anna = app.register("anna").await;
    let elsewhere =
        app.post("/auth/login", &json!({ "login": anna.username, "password": PASSWORD })).await.expect(200);

    let session = refresh(&app, &anna.refresh_token).await.expect(200);
    let second = Person::of(&app, anna.email.clone(), &session);
    assert_eq!(second.id, anna.id);
    second.get("/users/me").await.expect(200);
    let session = refresh(&app, &second.refresh_token).await.expect(200);
    let third = session["refresh_token"].as_str().unwrap();

    // Somebody presents an old token, and the session ends for everybody.
    refresh(&app, &anna.refresh_token).await.refused(401, "token_reused");
    refresh(&app, third).await.refused(401, "token_invalid");
    refresh(&app, &second.refresh_token).await.refused(401, "token_invalid");
    // Sessions on other devices are not affected.
    refresh(&app, elsewhere["refresh_token"].as_str().unwrap()).await.expect(200);
}

#[tokio::test]
async fn when_a_refresh_token_is_used_several_times_at_once_then_its_successor_is_one() {
    let app = App::new();
    let anna = app.register("anna").await;
    let answers = futures::future::join_all((0..3).map(|_| refresh(&app, &anna.refresh_token))).await;
    // The answers were lost, and the app asks again.
    let again = refresh(&app, &anna.refresh_token).await.expect(200);
    let successor = again["refresh_token"].as_str().unwrap();
    for answer in answers {
        assert_eq!(answer.expect(200)["refresh_token"], successor);
    }
    refresh(&app, successor).await.expect(200);
    refresh(&app, &anna.refresh_token).await.refused(401, "token_reused");
}

#[tokio::test]
async fn when_user_logs_out_then_the_session_should_not_go_on() {
    let app = App::new();
    let anna = app.register("anna").await;
    let body: Value = json!({ "refresh_token": anna.refresh_token });
    for _ in 0..2 {
        app.request(Method::DELETE, "/auth/session").json(&body).send().await.expect(204);
    }
    refresh(&app, &anna.refresh_token).await.refused(401, "token_invalid");
}

#[tokio::test]
async fn when_a_refresh_token_was_never_given_out_then_it_should_be_refused() {
    let app = App::new();
    let anna = app.register("anna").await;
    let parts: Vec<&str> = anna.refresh_token.split('.').collect();
    let reversed: String = parts[1].chars().rev().collect();
    let unknown = [parts[0], &reversed, parts[2]].join(".");
    for token in ["", "x", &anna.access_token, &unknown] {
        refresh(&app, token).await.refused(401, "token_invalid");
    }
    app.post("/auth/refresh", &json!({ "token": "x" })).await.refused(400, "bad_json");
    // None of this has harmed the session itself.
    refresh(&app, &anna.refresh_token).await.expect(200);
}
