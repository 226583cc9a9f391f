//! Mailed links through the handler, on the real table engine.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops at what it does not expect"
)]

use std::time::Duration;

use accounts::{Limits, Mailing, password};
use api::Caller;
use confirm::ConfirmHandler;
use domain::account::{Email, EmailDigest, EmailSecret, Password, UserName};
use domain::mail_link::{LinkDigest, LinkToken, Purpose};
use domain::session::{RefreshToken, Seen};
use domain::user::User;
use domain::{Clock, Home, UserId};
use futures::future::join_all;
use sealing::{Opener, Sealer};
use serde_json::{Value, json};
use table::guard::Quotas;
use table::session::{self, Opened, Owner};
use table::{Table, address, mail_link, user};
use testkit::http::{Answer, ORIGIN_SECRET, Request, call, event};
use testkit::{Engine, Fault, KeyService, ManualClock, SeededRandom, store_account, token_for};

const OLD: &str = "correct horse battery";
const NEW: &str = "a staple for the battery";

struct World {
    engine: Engine,
    clock: ManualClock,
    random: SeededRandom,
    table: Table,
    keys: KeyService,
    deps: ConfirmHandler,
}

fn secret() -> EmailSecret {
    "the secret of addresses".parse().unwrap()
}

fn digest(email: &str) -> EmailDigest {
    secret().digest(&Email::parse(email).unwrap())
}

impl World {
    async fn new() -> Self {
        let (engine, clock) = (Engine::start().await, ManualClock::new());
        let (keys, random) = (KeyService::default(), SeededRandom::new(1));
        let table = Table::new(engine.client(), engine.table_name());
        let sealer = Sealer::new(keys.client(), KeyService::KEY_ID, random.shared());
        let mailing = Mailing::new(secret(), sealer, random.shared());
        let limits = Limits::new(Quotas::new(table.clone(), 1), ORIGIN_SECRET.parse().unwrap());
        let deps = ConfirmHandler::new(table.clone(), limits, mailing, clock.shared(), random.shared());
        Self { engine, clock, random, table, keys, deps }
    }

    /// Opens an account with the address `<name>@example.org` and one session; returns who, and the session.
    async fn account(&self, name: &str) -> (Caller, RefreshToken) {
        self.account_at(name, &format!("{name}@example.org")).await
    }

    async fn account_at(&self, name: &str, email: &str) -> (Caller, RefreshToken) {
        let username = UserName::parse(name).unwrap();
        let id = UserId::generate(Home::LOCAL, &self.clock, &self.random);
        let hash = password::hash(&Password::parse(OLD).unwrap(), &self.random).unwrap();
        let user = User::new(id, username.clone(), None);
        let owner = Owner { user: id, username };
        let opened = Opened::new(&owner, Seen::default(), self.clock.now(), &self.random);
        store_account(&self.table, &user, &digest(email), &hash, &opened).await;
        self.engine.stream().await;
        (Caller { user_id: id, username: name.to_owned() }, opened.token)
    }

    async fn call(&self, request: impl Into<Value>) -> Answer {
        call(&self.deps, &self.clock, request).await
    }

    async fn prove(&self, token: &str) -> Answer {
        self.call(event("confirm", "prove", &[("token", token)])).await
    }

    async fn send_proof(&self, caller: &Caller) -> Answer {
        let token = token_for(caller, self.clock.now());
        self.call(event("confirm", "send-proof", &[("token", &token)])).await
    }

    async fn request_reset(&self, login: &str) -> Answer {
        self.call(event("confirm", "request-reset", &[("login", login)])).await
    }

    async fn finish(&self, token: &str, password: &str) -> Answer {
        self.call(event("confirm", "finish-reset", &[("token", token), ("password", password)])).await
    }

    /// The links that were stored since the last call: whose, what for, and the token as `mail` opens it.
    async fn links(&self) -> Vec<(UserId, Purpose, String)> {
        let records = self.engine.stream().await;
        let mut links = Vec::new();
        for record in records {
            let key = |name: &str| match &record.change.keys.get(name) {
                Some(serde_dynamo::AttributeValue::S(text)) => text.clone(),
                other => panic!("{other:?}"),
            };
            let (pk, sk) = (key("pk"), key("sk"));
            let Some(user) = pk.strip_prefix("LINKS#") else { continue };
            if record.event_name != "INSERT" {
                continue;
            }
            let user = UserId::try_from(user.parse::<u64>().unwrap()).unwrap();
            let (purpose, name) = match sk.split_once('#').unwrap() {
                ("PROOF", name) => (Purpose::Proof, name),
                ("RESET", name) => (Purpose::Reset, name),
                other => panic!("{other:?}"),
            };
            let name = LinkDigest::parse(name).unwrap();
            let now = self.clock.now();
            let link = mail_link::get_latest(&self.table, user, purpose, &name, now).await.unwrap().unwrap();
            let token = Opener::new(self.keys.client()).open(&link.token).await.unwrap();
            assert_eq!(LinkToken::parse(&token).map(|token| token.digest()), Some(name));
            links.push((user, purpose, token));
        }
        links
    }

    /// Has a link mailed, and returns its token.
    async fn proof(&self, caller: &Caller) -> String {
        assert_eq!(self.send_proof(caller).await.status, 202);
        let [(user, Purpose::Proof, token)] = &self.links().await[..] else { panic!("one link") };
        assert_eq!(*user, caller.user_id);
        token.clone()
    }

    async fn reset(&self, caller: &Caller) -> String {
        assert_eq!(self.request_reset(&caller.username).await.status, 202);
        let [(user, Purpose::Reset, token)] = &self.links().await[..] else { panic!("one link") };
        assert_eq!(*user, caller.user_id);
        token.clone()
    }

    async fn owner(&self, email: &str) -> Option<UserId> {
        address::owner_latest(&self.table, &digest(email)).await.unwrap()
    }

    async fn is_password(&self, of: &Caller, text: &str) -> bool {
        let credential = user::credential_latest(&self.table, of.user_id).await.unwrap().unwrap();
        password::verify(Some(&Password::parse(text).unwrap()), Some(&credential.hash)).unwrap()
    }

    async fn sessions(&self, of: &Caller) -> usize {
        session::list_latest(&self.table, of.user_id, self.clock.now()).await.unwrap().len()
    }
}

fn gone(answer: &Answer) {
    assert_eq!((answer.status, answer.code()), (410, "token_invalid"), "{answer:?}");
}

#[tokio::test]
async fn when_a_link_is_followed_then_the_address_is_the_accounts() {
    let world = World::new().await;
    let (ann, _) = world.account("ann").await;
    let token = world.proof(&ann).await;
    assert_eq!(world.owner("ann@example.org").await, None);
    world.engine.reset_usage();
    let answer = world.prove(&token).await;
    assert_eq!((answer.status, &answer.json), (204, &Value::Null), "{answer:?}");
    let usage = world.engine.usage();
    assert!(usage.round_trips <= 3 && usage.write_units <= 7.0 && usage.read_units <= 2.0, "{usage:?}");
    assert_eq!(world.owner("Ann@EXAMPLE.org").await, Some(ann.user_id));
    assert!(user::get(&world.table, ann.user_id).await.unwrap().unwrap().email_verified);
    // The answer was lost: the same link says the same.
    assert_eq!(world.prove(&token).await.status, 204);
}

#[tokio::test]
async fn when_two_accounts_have_one_address_then_the_first_proof_has_it() {
    let world = World::new().await;
    let (ann, _) = world.account_at("ann", "shared@example.org").await;
    let (eve, _) = world.account_at("eve", "Shared@example.org").await;
    let (hers, other) = (world.proof(&ann).await, world.proof(&eve).await);
    assert_eq!(world.prove(&hers).await.status, 204);
    gone(&world.prove(&other).await);
    gone(&world.prove(&other).await);
    assert_eq!(world.owner("shared@example.org").await, Some(ann.user_id));
    assert!(!user::get(&world.table, eve.user_id).await.unwrap().unwrap().email_verified);
}

#[tokio::test]
async fn when_accounts_prove_one_address_at_once_then_one_has_it() {
    let world = World::new().await;
    let mut tokens = Vec::new();
    for number in 0..6 {
        let (caller, _) = world.account_at(&format!("ann{number}"), "shared@example.org").await;
        tokens.push(world.proof(&caller).await);
    }
    let answers = join_all(tokens.iter().map(|token| world.prove(token))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 204).count(), 1);
    assert_eq!(answers.iter().filter(|answer| answer.status == 410).count(), 5);
}

#[tokio::test]
async fn when_one_link_is_presented_many_times_at_once_then_each_says_it_worked() {
    let world = World::new().await;
    let (ann, _) = world.account("ann").await;
    let token = world.proof(&ann).await;
    let answers = join_all((0..5).map(|_| world.prove(&token))).await;
    assert!(answers.iter().all(|answer| answer.status == 204), "{answers:?}");
}

#[tokio::test]
async fn when_the_proof_is_sent_again_then_both_links_work() {
    let world = World::new().await;
    let (ann, _) = world.account("ann").await;
    let (first, second) = (world.proof(&ann).await, world.proof(&ann).await);
    assert_ne!(first, second);
    assert_eq!(world.prove(&first).await.status, 204);
    assert_eq!(world.prove(&second).await.status, 204);
}

#[tokio::test]
async fn when_a_link_is_old_forged_or_of_another_kind_then_it_does_nothing() {
    let world = World::new().await;
    let (ann, _) = world.account("ann").await;
    let (proof, reset) = (world.proof(&ann).await, world.reset(&ann).await);
    let (eve, _) = world.account("eve").await;
    world.engine.stream().await;
    let stolen = proof.replace(&ann.user_id.to_string(), &eve.user_id.to_string());
    let forged = LinkToken::draw(ann.user_id, &SeededRandom::new(99)).expose();
    for token in [&reset, &stolen, &forged] {
        gone(&world.prove(token).await);
    }
    for token in [&proof, &stolen, &forged] {
        gone(&world.finish(token, NEW).await);
    }
    for token in ["", "x", "1.2", &proof[..proof.len() - 1], &format!("{proof} ")] {
        for answer in [world.prove(token).await, world.finish(token, NEW).await] {
            assert_eq!((answer.status, answer.code()), (400, "token_invalid"), "{token}");
        }
    }
    world.clock.advance(Duration::from_hours(1));
    gone(&world.finish(&reset, NEW).await);
    world.clock.advance(Duration::from_hours(23));
    gone(&world.prove(&proof).await);
    assert_eq!(world.engine.written().await, 0, "nothing but quotas");
}

#[tokio::test]
async fn when_a_password_is_reset_then_it_is_new_and_all_sessions_end() {
    let world = World::new().await;
    let (ann, _) = world.account("ann").await;
    let owner = Owner { user: ann.user_id, username: UserName::parse("ann").unwrap() };
    for _ in 0..3 {
        let opened = Opened::new(&owner, Seen::default(), world.clock.now(), &world.random);
        session::open(&world.table, &opened).await.unwrap();
    }
    let (other, token) = (world.reset(&ann).await, world.reset(&ann).await);
    assert_eq!(world.sessions(&ann).await, 4);
    let answer = world.finish(&token, NEW).await;
    assert_eq!((answer.status, &answer.json), (204, &Value::Null), "{answer:?}");
    assert_eq!(world.sessions(&ann).await, 0);
    assert!(world.is_password(&ann, NEW).await && !world.is_password(&ann, OLD).await);
    assert_eq!(world.owner("ann@example.org").await, None, "a reset claims nothing");
    // Once: and no other link of the kind works on.
    gone(&world.finish(&token, "yet another battery").await);
    gone(&world.finish(&other, "yet another battery").await);
    assert!(world.is_password(&ann, NEW).await);
}

#[tokio::test]
async fn when_the_answer_to_a_reset_was_lost_then_a_repeat_ends_the_sessions() {
    let world = World::new().await;
    let (ann, _) = world.account("ann").await;
    let token = world.reset(&ann).await;
    // Before the password is set, and after: sessions end at both.
    world.engine.fail_next("BatchWriteItem", testkit::ATTEMPTS, Fault::Throttled);
    let failed = world.finish(&token, NEW).await;
    assert_eq!((failed.status, world.sessions(&ann).await), (503, 1));
    assert!(world.is_password(&ann, OLD).await, "nothing half-done");

    world.engine.fail_next("TransactWriteItems", 1, Fault::Crash);
    let lost = world.finish(&token, NEW).await;
    assert_eq!((lost.status, world.sessions(&ann).await), (503, 0));
    assert!(world.is_password(&ann, NEW).await);
    // Somebody had logged in meanwhile.
    let owner = Owner { user: ann.user_id, username: UserName::parse("ann").unwrap() };
    let opened = Opened::new(&owner, Seen::default(), world.clock.now(), &world.random);
    session::open(&world.table, &opened).await.unwrap();
    assert_eq!(world.finish(&token, NEW).await.status, 204);
    assert_eq!(world.sessions(&ann).await, 0);
}

#[tokio::test]
async fn when_a_new_password_breaks_a_rule_then_the_link_still_works() {
    let world = World::new().await;
    let (ann, _) = world.account("annabel_lee").await;
    let token = world.reset(&ann).await;
    for (text, code) in [
        ("too short", "password_too_short"),
        ("qwertyuiop", "password_common"),
        ("Annabel.Lee1", "password_is_name"),
        (&"x".repeat(129), "password_too_long"),
    ] {
        let answer = world.finish(&token, text).await;
        assert_eq!((answer.status, answer.code()), (400, code));
    }
    assert_eq!(world.sessions(&ann).await, 1);
    assert_eq!(world.finish(&token, NEW).await.status, 204);
}

#[tokio::test]
async fn when_two_set_a_password_by_one_link_at_once_then_one_does() {
    let world = World::new().await;
    let (ann, _) = world.account("ann").await;
    let token = world.reset(&ann).await;
    let texts = ["the first new battery", "the second new battery"];
    let answers = join_all(texts.iter().map(|text| world.finish(&token, text))).await;
    let won: Vec<usize> = (0..2).filter(|which| answers[*which].status == 204).collect();
    let &[won] = &won[..] else { panic!("{answers:?}") };
    gone(&answers[1 - won]);
    assert!(world.is_password(&ann, texts[won]).await);
}

#[tokio::test]
async fn when_a_reset_is_asked_for_then_answer_and_work_are_always_the_same() {
    let world = World::new().await;
    let (ann, _) = world.account("ann").await;
    assert_eq!(world.prove(&world.proof(&ann).await).await.status, 204);
    let (eve, _) = world.account("eve").await;
    world.links().await;
    let mut seen = Vec::new();
    for login in ["ann", "ANN", "ann@example.org", "eve", "eve@example.org", "nobody", "nobody@example.org"] {
        world.engine.reset_usage();
        let answer = world.request_reset(login).await;
        let usage = world.engine.usage();
        let calls: Vec<_> =
            usage.operations.iter().map(|(name, used)| (name.clone(), used.attempts)).collect();
        seen.push((answer.status, answer.json, answer.headers.len(), calls, usage.write_units));
    }
    assert_eq!(seen[0].0, 202);
    assert!(seen.iter().all(|one| *one == seen[0]), "{seen:?}");
    let of: Vec<UserId> = world.links().await.into_iter().map(|(user, ..)| user).collect();
    assert_eq!(of[..4], [ann.user_id, ann.user_id, ann.user_id, eve.user_id]);
    // An address that is not proved names nobody.
    assert!(of[4..].iter().all(|user| ![ann.user_id, eve.user_id].contains(user)));
}

#[tokio::test]
async fn when_a_link_of_nobody_is_presented_then_it_does_nothing() {
    let world = World::new().await;
    world.request_reset("nobody").await;
    let [(_, _, token)] = &world.links().await[..] else { panic!("one link") };
    gone(&world.finish(token, NEW).await);
}

#[tokio::test]
async fn when_there_were_too_many_requests_then_they_wait() {
    let world = World::new().await;
    let (ann, _) = world.account("ann").await;
    for _ in 0..5 {
        assert_eq!(world.send_proof(&ann).await.status, 202);
    }
    assert_eq!(world.send_proof(&ann).await.code(), "too_many_proofs");
    let reset = async |address: &str| {
        let request = Request::to("POST /api/v1/auth/reset").viewer(address);
        world.call(request.json(&json!({ "login": "ann" }))).await
    };
    for _ in 0..20 {
        assert_eq!(reset("192.0.2.7").await.status, 202);
    }
    let refused = reset("192.0.2.7").await;
    assert_eq!((refused.status, refused.code()), (429, "too_many_resets"));
    assert!(refused.header("retry-after").is_some());
    assert_eq!(reset("192.0.2.8").await.status, 202);
    let forged = LinkToken::draw(ann.user_id, &world.random).expose();
    let prove = async |address: &str| {
        let request = Request::to("POST /api/v1/auth/email").viewer(address);
        world.call(request.json(&json!({ "token": forged }))).await
    };
    for _ in 0..60 {
        gone(&prove("192.0.2.7").await);
    }
    assert_eq!(prove("192.0.2.7").await.code(), "too_many_attempts");
    gone(&prove("192.0.2.8").await);
}

#[tokio::test]
async fn when_the_table_or_the_key_service_fails_then_the_client_asks_again() {
    let world = World::new().await;
    let (ann, _) = world.account("ann").await;
    world.keys.fail_next(1);
    assert_eq!(world.send_proof(&ann).await.status, 503);
    let token = world.proof(&ann).await;
    world.engine.fail_next("TransactWriteItems", testkit::ATTEMPTS, Fault::Throttled);
    assert_eq!(world.prove(&token).await.status, 503);
    world.engine.fail_next("TransactWriteItems", 2, Fault::Conflict);
    assert_eq!(world.prove(&token).await.status, 204);
    assert_eq!(world.call(Request::to("POST /api/v1/users/me/email/proof")).await.code(), "token_missing");
    assert_eq!(world.call(Request::to("GET /api/v1/auth/email")).await.code(), "route_not_found");
}
