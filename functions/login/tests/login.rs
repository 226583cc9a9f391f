//! Logins through the handler, on the real table engine.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops at what it does not expect"
)]

use std::time::Duration;

use accounts::{Accounts, Limits};
use api::{Call, Parts, Problem};
use domain::account::{Email, EmailDigest, EmailSecret, Password, UserName};
use domain::mail_link::Purpose;
use domain::session::{RefreshToken, Seen};
use domain::user::User;
use domain::{Clock, Home, Randomness, Timestamp, UserId, quota};
use futures::future::join_all;
use login::LoginHandler;
use runtime::http::OriginSecret;
use serde_json::{Value, json};
use table::guard::Quotas;
use table::session::{self, Owner};
use table::{password_change, user};
use testkit::http::{Answer, ORIGIN_SECRET, Request, call, event};
use testkit::{Engine, Fault, ManualClock, SeededRandom, Usage, store_account, store_link, verifier};

const RIGHT: &str = "correct horse battery";
const WRONG: &str = "wrong horse battery";

struct World {
    engine: Engine,
    clock: ManualClock,
    accounts: Accounts,
    deps: LoginHandler,
    john: UserId,
}

impl World {
    /// Creates a world in which `John` is john@example.org and `Jane` is jane@example.org.
    async fn new() -> Self {
        let (engine, clock) = (Engine::start().await, ManualClock::new());
        let accounts = Accounts {
            table: table::Table::new(engine.client(), engine.table_name()),
            issuer: testkit::issuer(),
            clock: clock.shared(),
            random: SeededRandom::new(1).shared(),
            cookies: testkit::session_cookies(),
        };
        let john = open(&accounts, "John").await;
        open(&accounts, "Jane").await;
        engine.stream().await;
        engine.reset_usage();
        let limits = Limits::new(Quotas::new(accounts.table.clone(), 1), ORIGIN_SECRET.parse().unwrap());
        Self { engine, clock, deps: LoginHandler::new(accounts.clone(), limits, secret()), accounts, john }
    }

    async fn call(&self, request: impl Into<Value>) -> Answer {
        call(&self.deps, &self.clock, request).await
    }

    async fn log_in(&self, login: &str, password: &str) -> Answer {
        self.call(event("login", "login", &[("login", login), ("password", password)])).await
    }

    /// Logs in from an address, through the distribution.
    async fn log_in_from(&self, address: &str, login: &str, password: &str) -> Answer {
        let request = Request::to("POST /api/v1/auth/login").viewer(address);
        self.call(request.json(&json!({ "login": login, "password": password }))).await
    }

    /// Logs in; returns what it cost, and the answer.
    async fn measure(&self, login: &str, password: &str) -> (Usage, Answer) {
        self.engine.reset_usage();
        let answer = self.log_in(login, password).await;
        (self.engine.usage(), answer)
    }
}

async fn open(accounts: &Accounts, name: &str) -> UserId {
    open_with(accounts, name, &format!("{name}@example.org"), RIGHT).await
}

async fn open_with(accounts: &Accounts, name: &str, email: &str, password: &str) -> UserId {
    let (clock, random): (&dyn Clock, &dyn Randomness) = (&*accounts.clock, &*accounts.random);
    let username = UserName::parse(name).unwrap();
    let id = UserId::generate(Home::LOCAL, clock, random);
    let email = Email::parse(email).unwrap();
    let hash = accounts::password::hash(&Password::parse(password).unwrap(), random).unwrap();
    let opened = accounts.new_session(&Owner { user: id, username: username.clone() }, Seen::default());
    let user = User::new(id, username, None);
    let digest = secret().digest(&email);
    store_account(&accounts.table, &user, &digest, &hash, &opened).await;
    prove(&accounts.table, id, &digest, clock.now()).await;
    id
}

/// Proves the address of a new account.
async fn prove(table: &table::Table, user: UserId, email: &EmailDigest, now: Timestamp) {
    let link = store_link(table, user, Purpose::Proof, now).await;
    let proof = table::address::prove(table, user, &link, email, now).await.unwrap();
    assert_eq!(proof, table::address::Proof::Done);
}

fn secret() -> EmailSecret {
    "the secret of addresses".parse().unwrap()
}

#[tokio::test]
async fn when_an_address_is_not_proved_then_it_does_not_log_in() {
    let world = World::new().await;
    let username = UserName::parse("Joan").unwrap();
    let id = UserId::generate(Home::LOCAL, &world.clock, &*world.accounts.random);
    let hash = accounts::password::hash(&Password::parse(RIGHT).unwrap(), &*world.accounts.random).unwrap();
    let owner = Owner { user: id, username: username.clone() };
    let opened = world.accounts.new_session(&owner, Seen::default());
    let email = secret().digest(&Email::parse("joan@example.org").unwrap());
    let user = User::new(id, username, None);
    store_account(&world.accounts.table, &user, &email, &hash, &opened).await;
    let answer = world.log_in("joan@example.org", RIGHT).await;
    assert_eq!((answer.status, answer.code()), (401, "bad_credentials"));
    assert_eq!(world.log_in("joan", RIGHT).await.status, 200);
    // Whoever has proved the address logs in by it, whoever registered with it before.
    assert_eq!(world.log_in("john@example.org", RIGHT).await.json["user_id"], json!(world.john));
    prove(&world.accounts.table, id, &email, world.clock.now()).await;
    assert_eq!(world.log_in("Joan@Example.org", RIGHT).await.json["user_id"], json!(id));
}

#[tokio::test]
async fn when_a_name_or_address_logs_in_in_any_case_then_a_session_opens() {
    let world = World::new().await;
    let mut seen = std::collections::BTreeSet::new();
    for login in ["John", "john", " JOHN ", "John@example.org", "john@EXAMPLE.ORG"] {
        let answer = world.log_in(login, RIGHT).await;
        assert_eq!(answer.status, 200, "{login}: {answer:?}");
        assert_eq!(answer.json["user_id"], json!(world.john));
        assert_eq!((&answer.json["username"], &answer.json["expires_in"]), (&json!("John"), &json!(900)));
        let access = answer.json["access_token"].as_str().unwrap();
        assert_eq!(verifier().verify(access, world.clock.now()).await.unwrap().caller.user_id, world.john);
        let refresh = RefreshToken::parse(answer.json["refresh_token"].as_str().unwrap()).unwrap();
        assert!(seen.insert(refresh.session().clone()), "each login is a session of its own");
        let owner = session::owner_latest(&world.accounts.table, &refresh).await.unwrap().unwrap();
        assert_eq!((owner.user, owner.username.as_str()), (world.john, "John"));
    }
}

#[tokio::test]
async fn when_address_or_password_is_spelled_otherwise_then_it_is_the_same() {
    let world = World::new().await;
    let jules = open_with(&world.accounts, "Jules", "jules@bücher.example", "mot de passe très long").await;
    for login in ["jules@bücher.example", "JULES@xn--bcher-kva.example", "jules@bu\u{308}cher.example"] {
        for password in ["mot de passe très long", "mot\u{a0}de passe tre\u{300}s long"] {
            let answer = world.log_in(login, password).await;
            assert_eq!((answer.status, &answer.json["user_id"]), (200, &json!(jules)), "{login:?}");
        }
    }
    assert_eq!(world.log_in("jules@bücher.example", "mot de passe tres long").await.status, 401);
}

#[tokio::test]
async fn when_an_address_has_many_spellings_then_they_share_one_limit() {
    let world = World::new().await;
    let spellings =
        ["ann@bücher.example", "Ann@BÜCHER.example", "ann@xn--bcher-kva.example", "ann@ｂücher。example"];
    for login in spellings.iter().cycle().take(10) {
        assert_eq!(world.log_in(login, WRONG).await.code(), "bad_credentials");
    }
    for login in spellings {
        assert_eq!(world.log_in(login, WRONG).await.code(), "too_many_attempts", "{login}");
    }
}

#[tokio::test]
async fn when_name_or_password_is_wrong_then_the_answer_is_the_same() {
    let world = World::new().await;
    let wrong = world.log_in("john", WRONG).await;
    assert_eq!((wrong.status, wrong.code()), (401, "bad_credentials"));
    let long = "x".repeat(100_000);
    for (login, password) in [
        ("john@example.org", WRONG),
        ("nobody", RIGHT),
        ("nobody@example.org", RIGHT),
        ("admin", RIGHT),
        ("not a name", RIGHT),
        ("", RIGHT),
        ("jane", ""),
        (long.as_str(), RIGHT),
        ("jane", long.as_str()),
    ] {
        let answer = world.log_in(login, password).await;
        assert_eq!(answer.json, wrong.json);
        assert_eq!((answer.status, &answer.headers), (401, &wrong.headers));
    }
    let opened = world
        .engine
        .records()
        .await
        .into_iter()
        .filter(|record| record.new.as_ref().is_some_and(|item| item.get("digest").is_some()));
    assert_eq!(opened.count(), 0);
}

#[tokio::test]
async fn when_there_is_no_such_account_then_the_same_work_is_done() {
    let world = World::new().await;
    let (known, _) = world.measure("john", WRONG).await;
    let (unknown, _) = world.measure("nobody", WRONG).await;
    assert_eq!(known.round_trips, unknown.round_trips);
    let calls = |usage: &Usage| -> Vec<_> {
        usage.operations.iter().map(|(name, used)| (name.clone(), used.attempts)).collect()
    };
    assert_eq!(calls(&known), calls(&unknown));
}

/// The hash of [`RIGHT`] with less memory and one pass.
const OLDER: &str =
    "$argon2id$v=19$m=1024,t=1,p=1$YW4gb2xkZXIgc2FsdC4uLg$ur97Udu029Rtnij61YHHQBTDo1yTeeanly8GFrpSMuk";

#[tokio::test]
async fn when_a_hash_has_older_parameters_then_the_login_renews_it() {
    let world = World::new().await;
    let table = &world.accounts.table;
    let hash = async || user::credential_latest(table, world.john).await.unwrap().unwrap().hash;
    let current = hash().await;
    assert!(user::replace_hash(table, world.john, &current, OLDER).await.unwrap());
    assert_eq!(world.log_in("john", WRONG).await.status, 401);
    assert_eq!(hash().await, OLDER, "a wrong password renews nothing");

    let (usage, answer) = world.measure("john", RIGHT).await;
    assert_eq!((answer.status, usage.requests), (200, 8), "{usage:?}");
    // Once for each change of parameters, a login takes the time of a hash and of this write longer.
    assert!(usage.round_trips <= 4 && usage.write_units <= 6.0, "{usage:?}");
    let renewed = hash().await;
    assert!(accounts::password::is_current(&renewed));
    let (usage, answer) = world.measure("john", RIGHT).await;
    assert_eq!((answer.status, usage.requests), (200, 7), "{usage:?}");
    assert_eq!(hash().await, renewed, "once");
}

#[tokio::test]
async fn when_a_hash_was_replaced_meanwhile_then_renewing_changes_nothing() {
    let world = World::new().await;
    let owner = Owner { user: world.john, username: UserName::parse("John").unwrap() };
    let limits = Limits::new(Quotas::new(world.accounts.table.clone(), 1), ORIGIN_SECRET.parse().unwrap());
    let attempt = limits.check(world.john, runtime::http::Viewer::Direct, world.clock.now()).await.unwrap();
    let (email, attempt) = (EmailDigest::new(""), attempt.unwrap());
    let proven = accounts::Proven { owner, hash: OLDER.to_owned(), email, attempt };
    let before = user::credential_latest(&world.accounts.table, world.john).await.unwrap();
    world.accounts.renew(&proven, &Password::parse(RIGHT).unwrap()).await;
    assert!(user::credential_latest(&world.accounts.table, world.john).await.unwrap() == before);
}

#[tokio::test]
async fn when_a_password_is_shorter_than_todays_rule_then_it_still_logs_in() {
    let world = World::new().await;
    open_with(&world.accounts, "Early", "early@example.org", "8 before").await;
    assert_eq!(world.log_in("early", "8 before").await.status, 200);
}

/// Returns the seconds of the answer's `Retry-After`.
fn wait(answer: &Answer) -> u64 {
    assert_eq!((answer.status, answer.code()), (429, "too_many_attempts"));
    answer.header("retry-after").unwrap().parse().unwrap()
}

#[tokio::test]
async fn when_ten_passwords_were_guessed_then_only_that_account_has_to_wait() {
    let world = World::new().await;
    for attempt in 0..10 {
        // Name and address are one account's, and have one budget.
        let login = ["john", "JOHN", "john@example.org"][attempt % 3];
        assert_eq!(world.log_in(login, WRONG).await.code(), "bad_credentials");
    }
    let (refused, metrics) = runtime::metrics::counted(Box::pin(world.log_in("john", RIGHT))).await;
    assert_eq!(metrics["quota_logins_refused"], 1);
    for (login, password) in [("JOHN", WRONG), ("john@example.org", RIGHT)] {
        assert_eq!(wait(&world.log_in(login, password).await), wait(&refused));
    }
    assert_eq!(world.log_in("jane", RIGHT).await.status, 200);
    world.clock.advance(Duration::from_secs(wait(&refused) - 1));
    assert_eq!(wait(&world.log_in("john", RIGHT).await), 1);
    world.clock.advance(Duration::from_secs(1));
    for _ in 0..9 {
        assert_eq!(world.log_in("john", WRONG).await.code(), "bad_credentials");
    }
    // Right passwords are not counted among the wrong ones.
    for _ in 0..5 {
        assert_eq!(world.log_in("john", RIGHT).await.status, 200);
    }
    assert_eq!(world.log_in("john", WRONG).await.code(), "bad_credentials");
    wait(&world.log_in("john", RIGHT).await);
}

#[tokio::test]
async fn when_an_account_logs_in_fifty_times_then_it_waits() {
    let world = World::new().await;
    let quotas = Quotas::new(world.accounts.table.clone(), 1);
    let used = quotas.take(&quota::LOGINS, world.john, &[49, 0], world.clock.now()).await.unwrap();
    assert!(used.is_ok());
    assert_eq!(world.log_in("john", RIGHT).await.status, 200);
    wait(&world.log_in("john", RIGHT).await);
}

#[tokio::test]
async fn when_an_address_guesses_over_many_accounts_then_only_it_has_to_wait() {
    let world = World::new().await;
    let (mine, other) = ("2001:db8:1:2::7", "2001:db8:1:3::7");
    for attempt in 0..50 {
        let answer = world.log_in_from(mine, &format!("nobody{attempt}"), WRONG).await;
        assert_eq!(answer.code(), "bad_credentials");
    }
    let (refused, metrics) =
        runtime::metrics::counted(Box::pin(world.log_in_from("2001:db8:1:2::8", "john", RIGHT))).await;
    wait(&refused);
    assert_eq!(metrics["quota_logins_from_address_refused"], 1);
    assert_eq!(world.log_in_from(other, "john", RIGHT).await.status, 200);
    // Whoever names another address without the secret is one of those who call directly.
    assert_eq!(world.log_in("john", RIGHT).await.status, 200);
    world.clock.advance(Duration::from_secs(wait(&refused)));
    assert_eq!(world.log_in_from(mine, "john", RIGHT).await.status, 200);
}

#[tokio::test]
async fn when_an_address_logs_in_two_hundred_times_then_it_has_to_wait() {
    let world = World::new().await;
    let secret: OriginSecret = ORIGIN_SECRET.parse().unwrap();
    let parts = Parts {
        headers: [("x-viewer-address", "192.0.2.7"), ("x-origin-secret", ORIGIN_SECRET)]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
        ..Parts::default()
    };
    let viewer = secret.viewer(&Call::new(parts, Err(Problem::no_user())));
    let quotas = Quotas::new(world.accounts.table.clone(), 1);
    let now = world.clock.now();
    let used = quotas.take(&quota::LOGINS_FROM_ADDRESS, viewer.owner(), &[199, 0], now).await.unwrap();
    assert!(used.is_ok());
    assert_eq!(world.log_in_from("192.0.2.7", "john", RIGHT).await.status, 200);
    wait(&world.log_in_from("192.0.2.7", "jane", RIGHT).await);
}

#[tokio::test]
async fn when_there_is_no_such_account_then_its_attempts_run_out_as_well() {
    let world = World::new().await;
    for attempt in 0..10 {
        let login = if attempt % 2 == 0 { "nobody" } else { "NoBody" };
        assert_eq!(world.log_in(login, WRONG).await.code(), "bad_credentials");
    }
    wait(&world.log_in("nobody", WRONG).await);
    assert_eq!(world.log_in("somebody", WRONG).await.status, 401);
}

#[tokio::test]
async fn when_many_guess_at_once_then_no_more_than_ten_are_checked() {
    let world = World::new().await;
    let answers = join_all((0..20).map(|_| world.log_in("john", WRONG))).await;
    let count = |code| answers.iter().filter(|answer| answer.code() == code).count();
    assert_eq!((count("bad_credentials"), count("too_many_attempts")), (10, 10));
}

#[tokio::test]
async fn when_the_body_is_not_a_login_then_it_is_refused_before_any_read() {
    let world = World::new().await;
    for body in ["", "{", "[]", "{\"login\":\"john\"}", "{\"login\":1,\"password\":\"x\"}"] {
        let answer = world.call(Request::to("POST /api/v1/auth/login").body(body)).await;
        assert_eq!((answer.status, answer.code()), (400, "bad_json"), "{body}");
    }
    assert_eq!(world.call(Request::to("GET /api/v1/auth/login")).await.code(), "route_not_found");
    assert_eq!(world.engine.usage().requests, 0);
}

#[tokio::test]
async fn when_the_table_throttles_then_the_client_is_asked_to_retry() {
    let world = World::new().await;
    // Two quotas are updated side by side, and each is tried as often.
    for (operation, calls) in [("GetItem", 1), ("UpdateItem", 2), ("PutItem", 1)] {
        world.engine.fail_next(operation, calls * testkit::ATTEMPTS, Fault::Throttled);
        let answer = world.log_in("john", RIGHT).await;
        assert_eq!((answer.status, answer.code()), (503, "temporarily_unavailable"), "{operation}");
        assert!(!answer.json.to_string().contains(world.engine.table_name()));
    }
}

#[tokio::test]
async fn when_somebody_logs_in_then_it_is_three_round_trips() {
    let world = World::new().await;
    let (usage, answer) = world.measure("john", RIGHT).await;
    assert_eq!(answer.status, 200);
    assert_eq!((usage.requests, usage.round_trips), (7, 3), "{usage:?}");
    assert!(usage.read_units <= 1.5 && usage.write_units <= 5.0, "{usage:?}");
}

/// Returns the access token and the refresh token of a login.
fn tokens(answer: &Answer) -> (String, RefreshToken) {
    let text = |name: &str| answer.json[name].as_str().unwrap().to_owned();
    (text("access_token"), RefreshToken::parse(&text("refresh_token")).unwrap())
}

impl World {
    async fn change(&self, access: &str, current: &str, new: &str) -> Answer {
        let request = Request::to("POST /api/v1/users/me/password").token(access);
        self.call(request.json(&json!({ "current": current, "new": new }))).await
    }

    async fn is_open(&self, token: &RefreshToken) -> bool {
        session::owner_latest(&self.accounts.table, token).await.unwrap().is_some()
    }
}

const NEXT: &str = "a staple for the battery";

#[tokio::test]
async fn when_the_password_is_changed_then_it_alone_logs_in_and_the_other_sessions_end() {
    let world = World::new().await;
    let (access, mine) = tokens(&world.log_in("john", RIGHT).await);
    let (_, other) = tokens(&world.log_in("john", RIGHT).await);
    let (_, janes) = tokens(&world.log_in("jane", RIGHT).await);
    let answer = world.change(&access, RIGHT, NEXT).await;
    assert_eq!(answer.status, 204, "{answer:?}");
    assert_eq!(world.log_in("john", RIGHT).await.code(), "bad_credentials");
    assert_eq!(world.log_in("john@example.org", NEXT).await.status, 200);
    assert!(world.is_open(&mine).await && world.is_open(&janes).await && !world.is_open(&other).await);
    assert_eq!(world.change(&access, RIGHT, NEXT).await.code(), "wrong_password", "sent again");
    let now = world.clock.now();
    let is_due = password_change::is_due_latest(&world.accounts.table, world.john, now, now).await.unwrap();
    assert!(is_due, "john is told by mail");
}

#[tokio::test]
async fn when_the_next_password_breaks_a_rule_then_nothing_is_checked() {
    let world = World::new().await;
    let (access, _) = tokens(&world.log_in("john", RIGHT).await);
    world.engine.reset_usage();
    for (new, code) in [
        ("nine char", "password_too_short"),
        ("qwertyuiop", "password_common"),
        ("JohnJohn1990", "password_is_name"),
    ] {
        let answer = world.change(&access, RIGHT, new).await;
        assert_eq!((answer.status, answer.code()), (400, code));
    }
    let request =
        Request::to("POST /api/v1/users/me/password").json(&json!({ "current": RIGHT, "new": NEXT }));
    assert_eq!(world.call(request).await.code(), "token_missing");
    assert_eq!(world.engine.usage().requests, 0);
}

#[tokio::test]
async fn when_the_present_password_is_guessed_then_the_quota_of_logins_holds() {
    let world = World::new().await;
    let (access, other) = tokens(&world.log_in("john", RIGHT).await);
    for _ in 0..10 {
        assert_eq!(world.change(&access, WRONG, NEXT).await.code(), "wrong_password");
    }
    wait(&world.change(&access, RIGHT, NEXT).await);
    wait(&world.log_in("john", RIGHT).await);
    assert!(world.is_open(&other).await);
}

#[tokio::test]
async fn when_a_password_is_changed_then_it_is_five_round_trips() {
    let world = World::new().await;
    let (access, _) = tokens(&world.log_in("john", RIGHT).await);
    world.engine.reset_usage();
    assert_eq!(world.change(&access, RIGHT, NEXT).await.status, 204);
    let usage = world.engine.usage();
    // Check, what a right password gives back, the hash, the list of sessions, the end of one.
    assert!(usage.round_trips <= 5, "{usage:?}");
    assert!(usage.write_units <= 9.0 && usage.read_units <= 2.0, "{usage:?}");
}

#[tokio::test]
async fn when_the_session_has_ended_then_the_password_stays() {
    let world = World::new().await;
    let (access, mine) = tokens(&world.log_in("john", RIGHT).await);
    let (_, other) = tokens(&world.log_in("john", RIGHT).await);
    world.clock.advance(Duration::from_mins(1));
    assert!(session::close(&world.accounts.table, &mine).await.unwrap());
    let answer = world.change(&access, RIGHT, NEXT).await;
    assert_eq!((answer.status, answer.code()), (401, "session_ended"));
    assert_eq!(world.log_in("john", RIGHT).await.status, 200);
    assert!(world.is_open(&other).await);
}

#[tokio::test]
async fn when_a_page_logs_in_then_its_tokens_are_in_cookies_alone() {
    let world = World::new().await;
    let body = json!({ "login": "john", "password": RIGHT });
    let request = Request::to("POST /api/v1/auth/login").json(&body);
    let answer = world.call(request.clone().from_page()).await;
    let session = json!({ "user_id": world.john, "username": "John", "expires_in": 900 });
    assert_eq!((answer.status, &answer.json), (200, &session));
    let [access, refresh] = answer.cookies.as_slice() else { panic!("{answer:?}") };
    let parts = |cookie: &str, name: &str| {
        let (value, attributes) = cookie.split_once("; ").unwrap();
        (value.strip_prefix(name).unwrap().to_owned(), attributes.to_owned())
    };
    let (access, attributes) = parts(access, "__Host-access=");
    assert_eq!(attributes, "HttpOnly; SameSite=Strict; Secure; Path=/; Max-Age=900");
    let verified = verifier().verify(&access, world.clock.now()).await.unwrap();
    let (refresh, attributes) = parts(refresh, "__Host-refresh=");
    assert_eq!(attributes, "HttpOnly; SameSite=Strict; Secure; Path=/; Max-Age=2592000");
    let refresh = RefreshToken::parse(&refresh).unwrap();
    assert_eq!((verified.caller.user_id, &verified.session.id), (world.john, refresh.session()));

    // From elsewhere no session opens, and an app gets its tokens as ever.
    world.engine.reset_usage();
    let forged = request.clone().header("x-session", "cookie").header("sec-fetch-site", "cross-site");
    let (refused, counted) = runtime::metrics::counted(world.call(forged)).await;
    assert_eq!((refused.status, refused.code()), (403, "not_same_origin"));
    assert!(refused.cookies.is_empty() && counted["cookies_refused"] == 1);
    assert_eq!(world.engine.usage().requests, 0);
    let app = world.call(request.header("sec-fetch-site", "same-origin")).await;
    assert!(app.cookies.is_empty() && app.json["refresh_token"].is_string());
}
