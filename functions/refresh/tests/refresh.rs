//! Refreshing and ending sessions through the handler, on the real table engine.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops at what it does not expect"
)]

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use accounts::Accounts;
use domain::account::UserName;
use domain::session::{Nonce, RefreshToken, Seen};
use domain::{Clock, Timestamp, UserId};
use futures::future::join_all;
use refresh::RefreshHandler;
use runtime::auth::{Issuer, SignError, SigningKeys, Unwrapping};
use serde_json::{Value, json};
use table::session::{self, Owner, Rotation};
use testkit::http::{Answer, ORIGIN_SECRET, Request, call, event};
use testkit::{Engine, Fault, LocalKeys, ManualClock, SeededRandom, verifier};

/// A well-formed token that belongs to no session.
const STRANGE: &str = "7.19a00000000112233445566778899aabbccddeeff00.00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

/// Keys that cannot be had while the key service is down.
struct Fickle {
    keys: LocalKeys,
    is_down: Arc<AtomicBool>,
}

impl SigningKeys for Fickle {
    fn at(&self, now: Timestamp) -> Unwrapping<'_> {
        if self.is_down.load(Ordering::SeqCst) {
            return Box::pin(async { Err(SignError::new("KMS is throttled")) });
        }
        self.keys.at(now)
    }
}

struct World {
    engine: Engine,
    clock: ManualClock,
    accounts: Accounts,
    key_service_is_down: Arc<AtomicBool>,
    deps: RefreshHandler,
}

impl World {
    async fn new() -> Self {
        let (engine, clock) = (Engine::start().await, ManualClock::new());
        let is_down = Arc::new(AtomicBool::new(false));
        let accounts = Accounts {
            table: table::Table::new(engine.client(), engine.table_name()),
            issuer: Issuer::new(Fickle { keys: LocalKeys::default(), is_down: is_down.clone() }),
            clock: clock.shared(),
            random: SeededRandom::new(1).shared(),
            cookies: testkit::session_cookies(),
        };
        Self {
            engine,
            clock,
            deps: RefreshHandler::new(accounts.clone(), ORIGIN_SECRET.parse().unwrap()),
            accounts,
            key_service_is_down: is_down,
        }
    }

    /// Returns the first token of a new session of John's.
    async fn session(&self) -> String {
        let john = Owner { user: UserId::try_from(7).unwrap(), username: UserName::parse("john").unwrap() };
        let opened = self.accounts.new_session(&john, Seen::default());
        session::open(&self.accounts.table, &opened).await.unwrap();
        self.engine.stream().await;
        self.engine.reset_usage();
        opened.token.expose()
    }

    async fn call(&self, request: impl Into<Value>) -> Answer {
        call(&self.deps, &self.clock, request).await
    }

    async fn refresh(&self, token: &str) -> Answer {
        self.call(event("refresh", "refresh", &[("refresh_token", token)])).await
    }

    async fn end(&self, token: &str) -> Answer {
        self.call(event("refresh", "end-session", &[("refresh_token", token)])).await
    }
}

/// What a session looks like to its owner.
fn shown(session: &Value) -> [&Value; 3] {
    ["device", "place", "current"].map(|name| &session[name])
}

fn next(answer: &Answer) -> String {
    answer.json["refresh_token"].as_str().unwrap_or_else(|| panic!("{answer:?}")).to_owned()
}

#[tokio::test]
async fn when_a_session_is_refreshed_then_both_tokens_are_new() {
    let world = World::new().await;
    let first = world.session().await;
    let answer = world.refresh(&first).await;
    assert_eq!((answer.status, &answer.json["user_id"]), (200, &json!("7")), "{answer:?}");
    assert_eq!((&answer.json["username"], &answer.json["expires_in"]), (&json!("john"), &json!(900)));
    let access = answer.json["access_token"].as_str().unwrap();
    let caller = verifier().verify(access, world.clock.now()).await.unwrap().caller;
    assert_eq!((caller.user_id.get(), caller.username.as_str()), (7, "john"));
    let second = next(&answer);
    assert_ne!(second, first);
    assert_eq!(world.refresh(&second).await.status, 200);
}

#[tokio::test]
async fn when_a_used_token_is_presented_then_the_whole_session_is_over() {
    let world = World::new().await;
    let (first, other) = (world.session().await, world.session().await);
    let second = next(&world.refresh(&first).await);
    let third = next(&world.refresh(&second).await);
    // Its minute has not passed, but its successor was used.
    let answer = world.refresh(&first).await;
    assert_eq!((answer.status, answer.code()), (401, "token_reused"));
    assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
    for token in [&first, &second, &third] {
        let answer = world.refresh(token).await;
        assert_eq!((answer.status, answer.code()), (401, "token_invalid"));
    }
    assert_eq!(world.refresh(&other).await.status, 200, "another session goes on");
}

#[tokio::test]
async fn when_a_token_is_presented_again_in_time_then_its_successor_is_the_same() {
    let world = World::new().await;
    let first = world.session().await;
    let second = next(&world.refresh(&first).await);
    world.clock.advance(Duration::from_millis(59_999));
    world.engine.reset_usage();
    let again = world.refresh(&first).await;
    assert_eq!((again.status, next(&again)), (200, second.clone()));
    verifier().verify(again.json["access_token"].as_str().unwrap(), world.clock.now()).await.unwrap();
    let usage = world.engine.usage();
    assert_eq!((usage.requests, usage.round_trips), (2, 2));
    assert!(usage.read_units <= 1.0 && usage.write_units <= 1.0, "{usage:?}");
    // The successor is live, and has a minute of its own.
    let third = next(&world.refresh(&second).await);
    world.clock.advance(Duration::from_secs(30));
    assert_eq!(next(&world.refresh(&second).await), third);
    assert_eq!(world.refresh(&third).await.status, 200);
}

#[tokio::test]
async fn when_a_token_is_presented_again_after_a_minute_then_the_session_ends() {
    let world = World::new().await;
    let first = world.session().await;
    let second = next(&world.refresh(&first).await);
    world.clock.advance(Duration::from_secs(59));
    // An answer that is given again does not give more time.
    assert_eq!(next(&world.refresh(&first).await), second);
    world.clock.advance(Duration::from_secs(1));
    let late = world.refresh(&first).await;
    assert_eq!((late.status, late.code()), (401, "token_reused"));
    assert_eq!(world.refresh(&second).await.code(), "token_invalid");
}

#[tokio::test]
async fn when_a_token_is_used_several_times_at_once_then_its_successor_is_one() {
    for requests in [2, 3] {
        let world = World::new().await;
        let token = world.session().await;
        let answers = join_all((0..requests).map(|_| world.refresh(&token))).await;
        assert!(answers.iter().all(|answer| answer.status == 200), "{answers:?}");
        let successors: BTreeSet<String> = answers.iter().map(next).collect();
        let [successor] = Vec::from_iter(successors).try_into().unwrap();
        assert_eq!(world.refresh(&successor).await.status, 200);
    }
}

/// Two processes read the session before either rotates it, and the third comes when both are done.
#[tokio::test]
async fn when_rotations_overtake_each_other_then_the_successor_is_one() {
    let world = World::new().await;
    let token = RefreshToken::parse(&world.session().await).unwrap();
    let table = &world.accounts.table;
    let now = world.clock.now();
    let mut successors = BTreeSet::new();
    for moment in [now, now.plus_ms(-5), now.plus_ms(59_000)] {
        let nonce = Nonce::draw(&*world.accounts.random);
        match session::rotate(table, &token, &nonce, &Seen::default(), moment).await.unwrap() {
            Rotation::Done(owner, next) => {
                assert_eq!(owner.username.as_str(), "john");
                successors.insert(next.expose());
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(successors.len(), 1);
}

#[tokio::test]
async fn when_a_session_was_refreshed_then_the_table_holds_no_secret() {
    let world = World::new().await;
    let first = world.session().await;
    let second = next(&world.refresh(&first).await);
    let items: Vec<String> =
        world.engine.records().await.iter().map(|record| format!("{:?}", record.new)).collect();
    assert!(!items.is_empty());
    for token in [&first, &second] {
        let (_, secret) = token.rsplit_once('.').unwrap();
        assert!(items.iter().all(|item| !item.contains(secret)));
    }
}

#[tokio::test]
async fn when_a_token_belongs_to_no_session_then_it_is_refused() {
    let world = World::new().await;
    let live = world.session().await;
    for token in [STRANGE, "", ".", "x", &live[2..], &live.to_uppercase(), &"a.b".repeat(10_000)] {
        let answer = world.refresh(token).await;
        assert_eq!((answer.status, answer.code()), (401, "token_invalid"), "{token:.40}");
    }
    for body in ["", "{", "{}", "{\"refresh_token\":1}"] {
        for route in ["POST /api/v1/auth/refresh", "DELETE /api/v1/auth/session"] {
            let answer = world.call(Request::to(route).body(body)).await;
            assert_eq!((answer.status, answer.code()), (400, "bad_json"), "{route} {body}");
        }
    }
    assert_eq!(world.call(Request::to("POST /api/v1/auth/session")).await.code(), "route_not_found");
    assert!(world.engine.stream().await.is_empty());
    assert_eq!(world.refresh(&live).await.status, 200);
}

#[tokio::test]
async fn when_a_session_is_not_used_for_thirty_days_then_it_is_over() {
    let world = World::new().await;
    let first = world.session().await;
    world.clock.advance_days(29);
    let second = next(&world.refresh(&first).await);
    world.clock.advance_days(29);
    let third = next(&world.refresh(&second).await);
    world.clock.advance_days(30);
    // TTL deletes late, so the item still exists.
    assert_eq!(world.refresh(&third).await.code(), "token_invalid");
}

#[tokio::test]
async fn when_the_table_loses_an_answer_then_the_session_goes_on() {
    let world = World::new().await;
    let first = world.session().await;
    world.engine.fail_next("UpdateItem", 1, Fault::LostAnswer);
    let answer = world.refresh(&first).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(world.refresh(&next(&answer)).await.status, 200);
}

#[tokio::test]
async fn when_the_key_service_is_down_then_the_old_token_stays_good() {
    let world = World::new().await;
    let token = world.session().await;
    world.key_service_is_down.store(true, Ordering::SeqCst);
    let answer = world.refresh(&token).await;
    assert_eq!((answer.status, answer.code()), (503, "temporarily_unavailable"));
    assert!(!answer.json.to_string().contains("KMS"));
    world.key_service_is_down.store(false, Ordering::SeqCst);
    assert_eq!(world.refresh(&token).await.status, 200);
}

#[tokio::test]
async fn when_a_session_is_ended_then_ending_it_again_changes_nothing() {
    let world = World::new().await;
    let first = world.session().await;
    let second = next(&world.refresh(&first).await);
    for token in [&second, &second, &first] {
        let answer = world.end(token).await;
        assert_eq!((answer.status, answer.json), (204, Value::Null));
    }
    assert_eq!(world.refresh(&second).await.code(), "token_invalid");
}

#[tokio::test]
async fn when_a_session_is_ended_with_a_used_token_then_it_is_over_too() {
    let world = World::new().await;
    let (first, other) = (world.session().await, world.session().await);
    let second = next(&world.refresh(&first).await);
    assert_eq!(world.end(&first).await.status, 204);
    assert_eq!(world.refresh(&second).await.code(), "token_invalid");
    assert_eq!(world.end(STRANGE).await.status, 204);
    let answer = world.end("not a token").await;
    assert_eq!((answer.status, answer.code()), (401, "token_invalid"));
    assert_eq!(world.refresh(&other).await.status, 200);
}

#[tokio::test]
async fn when_a_session_is_refreshed_or_ended_then_it_costs_next_to_nothing() {
    let world = World::new().await;
    let token = world.session().await;
    let second = next(&world.refresh(&token).await);
    let usage = world.engine.usage();
    assert_eq!((usage.requests, usage.round_trips), (2, 2));
    assert!(usage.read_units <= 1.0 && usage.write_units <= 1.0, "{usage:?}");
    world.engine.reset_usage();
    world.end(&second).await;
    let usage = world.engine.usage();
    assert_eq!(usage.requests, 1);
    assert!(usage.write_units <= 1.0, "{usage:?}");
}

#[tokio::test]
async fn when_sessions_are_listed_then_each_tells_from_where_it_was_used() {
    let world = World::new().await;
    let (mine, other) = (world.session().await, world.session().await);
    let body = json!({ "refresh_token": mine });
    let request = Request::to("POST /api/v1/auth/refresh").viewer("192.0.2.7").json(&body);
    let request = request.header("user-agent", "A phone").header("cloudfront-viewer-city", "Lyon");
    world.clock.advance(Duration::from_mins(1));
    let answer = world.call(request.header("cloudfront-viewer-country-name", "France")).await;
    let access = answer.json["access_token"].as_str().unwrap();
    let list = Request::to("GET /api/v1/users/me/sessions").token(access);
    world.engine.reset_usage();
    let listed = world.call(list.clone()).await;
    let usage = world.engine.usage();
    assert_eq!((listed.status, usage.round_trips), (200, 1), "{listed:?} {usage:?}");
    assert!(usage.read_units <= 1.0, "{usage:?}");
    let [one, two] = listed.json["sessions"].as_array().unwrap().as_slice() else { panic!("{listed:?}") };
    let (current, another) = if one["current"] == true { (one, two) } else { (two, one) };
    assert_eq!(shown(current), [&json!("A phone"), &json!("Lyon, France"), &json!(true)]);
    assert_eq!(shown(another), [&Value::Null, &Value::Null, &json!(false)]);
    assert!(current["last_used_at"].as_str() > current["created_at"].as_str(), "{current}");
    assert_eq!(another["last_used_at"], another["created_at"]);
    assert_eq!(another["session_id"], RefreshToken::parse(&other).unwrap().session().as_str());
}

#[tokio::test]
async fn when_one_session_or_all_others_are_ended_then_they_cannot_be_refreshed() {
    let world = World::new().await;
    let (mine, second, third) = (world.session().await, world.session().await, world.session().await);
    let answer = world.refresh(&mine).await;
    let (mine, access) = (next(&answer), answer.json["access_token"].as_str().unwrap().to_owned());
    let id = RefreshToken::parse(&second).unwrap().session().as_str().to_owned();
    let end = |id: &str| {
        let route = "DELETE /api/v1/users/me/sessions/{session_id}";
        Request::to(route).path("session_id", id).token(&access)
    };
    assert_eq!(world.call(end(&id)).await.status, 204);
    assert_eq!(world.refresh(&second).await.code(), "token_invalid");
    for absent in [id.as_str(), "x", ""] {
        assert_eq!(world.call(end(absent)).await.code(), "session_not_found", "{absent}");
    }
    let others = Request::to("DELETE /api/v1/users/me/sessions").token(&access);
    for _ in 0..2 {
        assert_eq!(world.call(others.clone()).await.status, 204);
    }
    assert_eq!(world.refresh(&third).await.code(), "token_invalid");
    assert_eq!(world.refresh(&mine).await.status, 200, "the session of the request goes on");
}

#[tokio::test]
async fn when_a_session_is_somebody_elses_then_it_cannot_be_ended() {
    let world = World::new().await;
    let johns = world.session().await;
    let jane = api::Caller { user_id: UserId::try_from(8).unwrap(), username: "jane".to_owned() };
    let id = RefreshToken::parse(&johns).unwrap().session().as_str().to_owned();
    let request = Request::to("DELETE /api/v1/users/me/sessions/{session_id}").path("session_id", id);
    assert_eq!(world.call(request.clone().by(&jane, &world.clock)).await.code(), "session_not_found");
    assert_eq!(world.call(request).await.code(), "token_missing");
    for route in ["GET /api/v1/users/me/sessions", "DELETE /api/v1/users/me/sessions"] {
        assert_eq!(world.call(Request::to(route)).await.code(), "token_missing", "{route}");
    }
    assert_eq!(world.refresh(&johns).await.status, 200);
}

/// A browser's cookies after an answer.
fn cookies(mut request: Request, answer: &Answer) -> Request {
    for pair in answer.cookie_pairs() {
        request = request.cookie(&pair);
    }
    request
}

fn refresh_from_page(token: &str) -> Request {
    Request::to("POST /api/v1/auth/refresh").from_page().cookie(&format!("__Host-refresh={token}"))
}

#[tokio::test]
async fn when_a_page_refreshes_twice_at_once_then_both_answers_set_one_successor() {
    let world = World::new().await;
    let first = world.session().await;
    let answers = join_all((0..2).map(|_| world.call(refresh_from_page(&first)))).await;
    let expected = json!({ "user_id": "7", "username": "john", "expires_in": 900 });
    for answer in &answers {
        assert_eq!((answer.status, &answer.json), (200, &expected), "{answer:?}");
        assert!(answer.cookies.iter().all(|cookie| cookie.contains("HttpOnly; SameSite=Strict; Secure")));
    }
    let refresh = |answer: &Answer| answer.cookie_pairs()[1].clone();
    assert_eq!(refresh(&answers[0]), refresh(&answers[1]));
    let again = Request::to("POST /api/v1/auth/refresh").from_page();
    assert_eq!(world.call(cookies(again, &answers[0])).await.status, 200);
    // The first token's successor was used.
    assert_eq!(world.call(refresh_from_page(&first)).await.code(), "token_reused");
}

#[tokio::test]
async fn when_a_refresh_may_be_forged_then_its_cookie_is_not_there() {
    let world = World::new().await;
    let token = world.session().await;
    let sent = |headers: &[(&str, &str)]| {
        let request = Request::to("POST /api/v1/auth/refresh").cookie(&format!("__Host-refresh={token}"));
        headers.iter().fold(request, |request, (name, value)| request.header(name, value))
    };
    let asks = ("x-session", "cookie");
    for headers in [
        &[asks, ("sec-fetch-site", "cross-site")] as &[_],
        &[asks, ("origin", "https://evil.example")],
        &[asks],
    ] {
        let (answer, counted) = runtime::metrics::counted(world.call(sent(headers))).await;
        assert_eq!((answer.status, answer.code()), (401, "token_missing"), "{headers:?}");
        assert_eq!(counted["cookies_refused"], 1);
    }
    let bodiless = world.call(sent(&[("sec-fetch-site", "same-origin")])).await;
    assert_eq!((bodiless.status, bodiless.code()), (400, "bad_json"), "an app has its token in the body");
    let absent = world.call(Request::to("POST /api/v1/auth/refresh").from_page()).await;
    assert_eq!((absent.status, absent.code()), (401, "token_missing"));
    assert_eq!(world.call(refresh_from_page("x")).await.code(), "token_invalid");
    let elsewhere = world.call(sent(&[asks, ("origin", testkit::WEB_URL)])).await;
    assert_eq!(elsewhere.status, 200, "a browser that only says the origin");
}

#[tokio::test]
async fn when_a_page_logs_out_then_its_session_ends_and_its_cookies_go() {
    let cleared = [
        "__Host-access=; HttpOnly; SameSite=Strict; Secure; Path=/; Max-Age=0",
        "__Host-refresh=; HttpOnly; SameSite=Strict; Secure; Path=/; Max-Age=0",
    ];
    let world = World::new().await;
    let answer = world.call(refresh_from_page(&world.session().await)).await;
    let pairs = answer.cookie_pairs();
    let log_out = || Request::to("DELETE /api/v1/auth/session");
    let forged = cookies(log_out(), &answer).header("x-session", "cookie");
    let refused = world.call(forged.header("sec-fetch-site", "cross-site")).await;
    assert_eq!((refused.status, refused.cookies.len()), (401, 0));
    let ended = world.call(cookies(log_out().from_page(), &answer)).await;
    assert_eq!((ended.status, ended.cookies.as_slice()), (204, cleared.map(str::to_owned).as_slice()));
    let token = pairs[1].strip_prefix("__Host-refresh=").unwrap();
    assert_eq!(world.refresh(token).await.code(), "token_invalid");

    // A browser that has lost one cookie, or both, can log out too.
    let token = world.session().await;
    let answer = world.call(refresh_from_page(&token)).await;
    let ended = world.call(log_out().from_page().cookie(&answer.cookie_pairs()[0])).await;
    assert_eq!((ended.status, ended.cookies.len()), (204, 2));
    assert_eq!(world.call(refresh_from_page(&token)).await.code(), "token_invalid");
    let ended = world.call(log_out().from_page().cookie("__Host-refresh=x")).await;
    assert_eq!((ended.status, ended.cookies.len()), (204, 2));
}

#[tokio::test]
async fn when_a_session_has_ended_then_its_token_ends_no_other() {
    let world = World::new().await;
    let (mine, other) = (world.session().await, world.session().await);
    let answer = world.refresh(&mine).await;
    let access = answer.json["access_token"].as_str().unwrap();
    assert_eq!(world.end(&next(&answer)).await.status, 204);
    world.clock.advance(Duration::from_mins(1));
    let id = RefreshToken::parse(&other).unwrap().session().as_str().to_owned();
    let one = Request::to("DELETE /api/v1/users/me/sessions/{session_id}").path("session_id", id);
    for request in [one, Request::to("DELETE /api/v1/users/me/sessions")] {
        let answer = world.call(request.token(access)).await;
        assert_eq!((answer.status, answer.code()), (401, "session_ended"));
    }
    assert_eq!(world.refresh(&other).await.status, 200);
}
