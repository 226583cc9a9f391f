//! Refreshing and ending sessions through the handler, on the real table engine.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops at what it does not expect"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use accounts::Accounts;
use domain::account::UserName;
use domain::{Clock, UserId};
use refresh::RefreshHandler;
use runtime::auth::{Issuer, SignError, Signer, Signing};
use serde_json::{Value, json};
use table::session::{self, Owner};
use testkit::http::{Answer, Request, call, event};
use testkit::{Engine, Fault, LocalSigner, ManualClock, SeededRandom, verifier};

/// A well-formed token that belongs to no session.
const STRANGE: &str =
    "00112233445566778899aabbccddeeff.00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

/// A signer that fails while the key service is down.
struct Fickle {
    signer: LocalSigner,
    is_down: Arc<AtomicBool>,
}

impl Signer for Fickle {
    fn sign<'a>(&'a self, digest: &'a [u8; 32]) -> Signing<'a> {
        if self.is_down.load(Ordering::SeqCst) {
            return Box::pin(async { Err(SignError::new("KMS is throttled")) });
        }
        self.signer.sign(digest)
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
            issuer: Issuer::new(Fickle { signer: LocalSigner::default(), is_down: is_down.clone() }),
            clock: clock.shared(),
            random: SeededRandom::new(1).shared(),
        };
        Self {
            engine,
            clock,
            deps: RefreshHandler::new(accounts.clone()),
            accounts,
            key_service_is_down: is_down,
        }
    }

    /// Returns the first token of a new session of John's.
    async fn session(&self) -> String {
        let john = Owner { user: UserId::try_from(7).unwrap(), username: UserName::parse("john").unwrap() };
        let opened = self.accounts.new_session(&john);
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
    let caller = verifier().verify(answer.json["access_token"].as_str().unwrap(), world.clock.now()).unwrap();
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
async fn when_a_token_belongs_to_no_session_then_it_is_refused() {
    let world = World::new().await;
    let live = world.session().await;
    for token in [STRANGE, "", ".", "x", &live[1..], &live.to_uppercase(), &"a.b".repeat(10_000)] {
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
async fn when_one_token_is_used_twice_at_once_then_the_session_ends() {
    let world = World::new().await;
    let token = world.session().await;
    let (one, other) = futures::join!(world.refresh(&token), world.refresh(&token));
    let (won, lost) = if one.status == 200 { (one, other) } else { (other, one) };
    assert_eq!((won.status, lost.status, lost.code()), (200, 401, "token_reused"));
    assert_eq!(world.refresh(&next(&won)).await.code(), "token_invalid");
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
