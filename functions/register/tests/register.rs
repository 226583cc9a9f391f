//! Registrations through the handler, on the real table engine.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops at what it does not expect"
)]

use std::sync::Arc;

use accounts::{Accounts, Limits, Mailing};
use domain::account::{Email, EmailSecret};
use domain::language::Language;
use domain::mail_link::{LinkToken, Purpose};
use domain::{Home, Randomness, Timestamp, quota};
use futures::future::join_all;
use register::RegisterHandler;
use runtime::auth::{Issuer, SignError, SigningKeys, Unwrapping};
use sealing::{Opener, Sealer};
use serde_json::{Value, json};
use table::guard::Quotas;
use table::keys::ItemKey;
use table::{Table, address, mail_link, session, user};
use testkit::http::{Answer, ORIGIN_SECRET, Request, call, event};
use testkit::{Engine, Fault, KeyService, ManualClock, SeededRandom, verifier};

const PASSWORD: &str = "correct horse battery";

struct World {
    engine: Engine,
    clock: ManualClock,
    table: Table,
    keys: KeyService,
    deps: RegisterHandler,
}

fn secret() -> EmailSecret {
    "the secret of addresses".parse().unwrap()
}

fn mailing(keys: &KeyService, random: &Arc<dyn Randomness>) -> Mailing {
    let sealer = Sealer::new(keys.client(), KeyService::KEY_ID, random.clone());
    Mailing::new(secret(), sealer, random.clone())
}

/// The limits before login. Most tests register more people from one address than those admit.
fn limits(table: &Table) -> Limits {
    Limits::new(Quotas::new(table.clone(), 10), ORIGIN_SECRET.parse().unwrap())
}

impl World {
    async fn new() -> Self {
        Self::signing(testkit::issuer()).await
    }

    async fn signing(issuer: Issuer) -> Self {
        let (engine, clock) = (Engine::start().await, ManualClock::new());
        let table = Table::new(engine.client(), engine.table_name());
        let (keys, random) = (KeyService::default(), SeededRandom::new(1).shared());
        let mailing = mailing(&keys, &random);
        let cookies = testkit::session_cookies();
        let accounts = Accounts { table: table.clone(), issuer, clock: clock.shared(), random, cookies };
        let deps = RegisterHandler::new(accounts, limits(&table), mailing);
        Self { engine, clock, table, keys, deps }
    }

    /// A registration by another process, which has this randomness.
    async fn register_elsewhere(&self, random: Arc<dyn Randomness>, username: &str) -> Answer {
        let (table, clock) = (self.table.clone(), self.clock.shared());
        let limits = limits(&table);
        let cookies = testkit::session_cookies();
        let mailing = mailing(&self.keys, &random);
        let accounts = Accounts { table, issuer: testkit::issuer(), clock, random, cookies };
        let deps = RegisterHandler::new(accounts, limits, mailing);
        let email = format!("{username}@example.org");
        let values = [("username", username), ("email", email.as_str()), ("password", PASSWORD)];
        call(&deps, &self.clock, event("register", "register", &values)).await
    }

    async fn call(&self, request: impl Into<Value>) -> Answer {
        call(&self.deps, &self.clock, request).await
    }

    async fn register(&self, username: &str, email: &str) -> Answer {
        let values = [("username", username), ("email", email), ("password", PASSWORD)];
        self.call(event("register", "register", &values)).await
    }

    async fn register_with_key(&self, username: &str, email: &str, password: &str) -> Answer {
        let values = [("username", username), ("email", email), ("password", password)];
        self.call(event("register", "with-key", &values)).await
    }

    async fn send(&self, body: &Value) -> Answer {
        self.call(Request::to("POST /api/v1/auth/register").json(body)).await
    }

    /// Returns whether the table is unchanged since the last call, but for the uses of quotas.
    async fn is_unchanged(&self) -> bool {
        self.engine.written().await == 0
    }

    async fn is_live(&self, answer: &Answer) -> bool {
        let token =
            domain::session::RefreshToken::parse(answer.json["refresh_token"].as_str().unwrap()).unwrap();
        session::owner_latest(&self.table, &token).await.unwrap().is_some()
    }
}

fn id(answer: &Answer) -> domain::UserId {
    answer.json["user_id"].as_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn when_somebody_registers_then_they_have_an_account_and_a_session() {
    let world = World::new().await;
    let answer = world.register("John_Doe", "john@example.org").await;
    assert_eq!((answer.status, &answer.json["username"]), (201, &json!("John_Doe")), "{answer:?}");
    assert_eq!(answer.json["expires_in"], 900);
    assert_eq!(answer.json.as_object().unwrap().len(), 5);

    let caller = verifier()
        .verify(answer.json["access_token"].as_str().unwrap(), domain::Clock::now(&world.clock))
        .await
        .unwrap()
        .caller;
    assert_eq!((caller.user_id, caller.username.as_str()), (id(&answer), "John_Doe"));
    assert!(world.is_live(&answer).await);

    let user = user::get(&world.table, caller.user_id).await.unwrap().unwrap();
    assert_eq!((user.username.as_str(), user.full_name.as_deref()), ("John_Doe", Some("John Doe")));
    assert_eq!((user.followers, user.following, user.photos), (0, 0, 0));
    assert_eq!(user::by_name(&world.table, "john_doe").await.unwrap(), Some(caller.user_id));
    let credential = user::credential_latest(&world.table, caller.user_id).await.unwrap().unwrap();
    assert!(credential.hash.starts_with("$argon2id$") && !credential.hash.contains(PASSWORD));
}

#[tokio::test]
async fn when_an_input_breaks_a_rule_then_its_code_says_so_and_nothing_changes() {
    let world = World::new().await;
    let good =
        json!({ "username": "john", "email": "john@example.org", "password": PASSWORD, "full_name": "John" });
    let long = "x".repeat(129);
    for (field, value, code) in [
        ("username", json!(""), "username_invalid"),
        ("username", json!("john doe"), "username_invalid"),
        ("username", json!("jöhn"), "username_invalid"),
        ("username", json!(long), "username_invalid"),
        ("username", json!("Admin"), "username_reserved"),
        ("username", json!("Adm1n_7"), "username_reserved"),
        ("username", json!("anna.0fficial"), "username_reserved"),
        ("username", json!(null), "bad_json"),
        ("email", json!("john"), "email_invalid"),
        ("email", json!("john@localhost"), "email_invalid"),
        ("password", json!("nine char"), "password_too_short"),
        ("password", json!("Qwertyuiop"), "password_common"),
        ("password", json!("john1990john"), "password_is_name"),
        ("password", json!("John@Example.org"), "password_is_name"),
        ("password", json!(long), "password_too_long"),
        ("password", json!(12_345_678), "bad_json"),
        ("full_name", json!(long), "full_name_too_long"),
        ("full_name", json!("\u{3164}"), "full_name_invisible"),
        ("email", json!("john@xn--a.example"), "email_invalid"),
    ] {
        let mut body = good.clone();
        body[field] = value;
        let answer = world.send(&body).await;
        assert_eq!((answer.status, answer.code()), (400, code), "{field}");
        assert_eq!(answer.header("content-type"), Some("application/problem+json"));
    }
    for body in ["", "{", "[]", "{}", "\"john\"", "{\"username\":\"john\"}"] {
        let answer = world.call(Request::to("POST /api/v1/auth/register").body(body)).await;
        assert_eq!((answer.status, answer.code()), (400, "bad_json"), "{body}");
    }
    let key = Request::to("POST /api/v1/auth/register").json(&good).header("idempotency-key", "a b");
    assert_eq!(world.call(key).await.code(), "bad_idempotency_key");
    let other = Request::to("GET /api/v1/auth/register");
    assert_eq!(world.call(other).await.code(), "route_not_found");
    assert!(world.is_unchanged().await);
    assert_eq!(world.engine.usage().requests, 0);
}

#[tokio::test]
async fn when_a_name_is_taken_in_any_case_then_it_is_refused() {
    let world = World::new().await;
    assert_eq!(world.register("john", "john@example.org").await.status, 201);
    world.engine.stream().await;
    for (username, email) in [("JOHN", "other@example.org"), ("john", "john@example.org")] {
        let answer = world.register(username, email).await;
        assert_eq!((answer.status, answer.code()), (409, "username_taken"));
    }
    assert!(world.is_unchanged().await);
}

#[tokio::test]
async fn when_an_address_has_an_account_then_nothing_of_it_shows() {
    let world = World::new().await;
    let john = id(&world.register("john", "john@example.org").await);
    // John's address is proved.
    let claim = ItemKey::EmailClaim(secret().digest(&email("john@example.org")).as_str().to_owned()).raw();
    let put = world.engine.client().put_item().table_name(world.engine.table_name());
    let text = |text: &str| aws_sdk_dynamodb::types::AttributeValue::S(text.to_owned());
    let put = put.item("pk", text(&claim.pk)).item("sk", text(&claim.sk));
    put.item("user", text(&john.to_string())).send().await.unwrap();

    let mut costs = Vec::new();
    for (name, email) in [("free", "free@example.org"), ("held", "John@EXAMPLE.org")] {
        world.engine.reset_usage();
        let answer = world.register(name, email).await;
        assert_eq!((answer.status, &answer.json["username"]), (201, &json!(name)));
        assert_eq!(answer.json.as_object().unwrap().len(), 5);
        let usage = world.engine.usage();
        costs.push((usage.requests, usage.round_trips, usage.read_units, usage.write_units));
    }
    assert_eq!(costs[0], costs[1], "the same calls");
    let owner = address::owner_latest(&world.table, &secret().digest(&email("john@example.org"))).await;
    assert_eq!(owner.unwrap(), Some(john), "the claim is untouched");
}

fn email(text: &str) -> Email {
    Email::parse(text).unwrap()
}

#[tokio::test]
async fn when_somebody_registers_then_their_address_is_sealed_with_a_link() {
    let world = World::new().await;
    let body = json!({ "username": "john", "email": "John@Example.org", "password": PASSWORD });
    let request = Request::to("POST /api/v1/auth/register").header("accept-language", "de-DE, en;q=0.5");
    let john = id(&world.call(request.json(&body)).await);
    let stored = address::get_latest(&world.table, john).await.unwrap().unwrap();
    assert_eq!(
        (&stored.email, stored.language),
        (&secret().digest(&email("john@example.org")), Language::De)
    );
    assert_eq!(address::owner_latest(&world.table, &stored.email).await.unwrap(), None, "not claimed");

    let opener = Opener::new(world.keys.client());
    assert_eq!(opener.open(&stored.sealed).await.unwrap(), "John@example.org");
    // One link, which is good for a day.
    let records = world.engine.stream().await;
    let links: Vec<String> = records
        .iter()
        .filter_map(|record| record.change.keys.get("sk").map(|key| format!("{key:?}")))
        .filter(|key| key.contains("PROOF#"))
        .collect();
    let [link] = &links[..] else { panic!("{links:?}") };
    let digest = &link.split("PROOF#").nth(1).unwrap()[..64];
    let digest = domain::mail_link::LinkDigest::parse(digest).unwrap();
    let at = |hours: i64| domain::Clock::now(&world.clock).plus_ms(hours * 3_600_000);
    let found = mail_link::get_latest(&world.table, john, Purpose::Proof, &digest, at(23)).await.unwrap();
    let token = LinkToken::parse(&opener.open(&found.unwrap().token).await.unwrap()).unwrap();
    assert_eq!((token.user(), token.digest()), (john, digest.clone()));
    assert_eq!(
        mail_link::get_latest(&world.table, john, Purpose::Proof, &digest, at(24)).await.unwrap(),
        None
    );
    // Neither the address nor the token stands anywhere in the table.
    let all = format!("{records:?}").to_lowercase();
    let secret = token.expose();
    let secret = secret.split('.').nth(1).unwrap();
    assert!(all.contains(&john.to_string()) && !all.contains("example.org") && !all.contains(secret));
}

#[tokio::test]
async fn when_the_key_service_is_away_then_the_client_is_asked_to_retry() {
    let world = World::new().await;
    world.keys.fail_next(1);
    let answer = world.register("john", "john@example.org").await;
    assert_eq!((answer.status, answer.code()), (503, "temporarily_unavailable"));
    assert!(world.is_unchanged().await);
    assert_eq!(world.register("john", "john@example.org").await.status, 201);
}

#[tokio::test]
async fn when_two_names_of_people_look_alike_then_both_are_theirs() {
    let world = World::new().await;
    for name in ["ann1", "annl"] {
        assert_eq!(world.register(name, &format!("{name}@example.org")).await.status, 201);
    }
}

#[tokio::test]
async fn when_twenty_register_one_name_at_once_then_one_wins() {
    let world = World::new().await;
    let emails: Vec<String> = (0..20).map(|number| format!("john{number}@example.org")).collect();
    let answers = join_all(emails.iter().map(|email| world.register("john", email))).await;
    let won: Vec<&Answer> = answers.iter().filter(|answer| answer.status == 201).collect();
    let [winner] = won[..] else { panic!("{} won", won.len()) };
    let refused = answers.iter().filter(|answer| (answer.status, answer.code()) == (409, "username_taken"));
    assert_eq!(refused.count(), 19);
    assert_eq!(user::by_name(&world.table, "john").await.unwrap(), Some(id(winner)));
    assert_eq!(world.engine.written().await, 6, "the six items of one account");
}

#[tokio::test]
async fn when_twenty_register_one_address_at_once_then_each_has_an_account() {
    let world = World::new().await;
    let names: Vec<String> = (0..20).map(|number| format!("john{number}")).collect();
    let answers = join_all(names.iter().map(|name| world.register(name, "john@example.org"))).await;
    assert!(answers.iter().all(|answer| answer.status == 201));
    assert_eq!(world.engine.written().await, 120);
}

#[tokio::test]
async fn when_another_registration_conflicts_then_it_is_retried() {
    let world = World::new().await;
    world.engine.fail_next("TransactWriteItems", 2, Fault::Conflict);
    assert_eq!(world.register("john", "john@example.org").await.status, 201);
    assert_eq!(world.engine.usage().requests_of("TransactWriteItems"), 3);
}

#[tokio::test]
async fn when_an_id_is_taken_then_the_account_gets_another_one() {
    let world = World::new().await;
    let john = world.register("john", "john@example.org").await;
    // Draws what the first process drew, in the same millisecond.
    let jane = world.register_elsewhere(SeededRandom::new(1).shared(), "jane").await;
    assert_eq!((john.status, jane.status), (201, 201), "{jane:?}");
    assert_eq!(world.engine.usage().requests_of("TransactWriteItems"), 3, "one of them in vain");
    assert_ne!(id(&john), id(&jane));
    for (name, answer) in [("john", &john), ("jane", &jane)] {
        assert_eq!(id(answer).home(), Home::LOCAL);
        assert_eq!(user::by_name(&world.table, name).await.unwrap(), Some(id(answer)));
        let profile = user::get(&world.table, id(answer)).await.unwrap().unwrap();
        assert_eq!(profile.username.as_str(), name);
        assert!(world.is_live(answer).await);
    }
}

/// Randomness that is none.
struct Stuck;
impl Randomness for Stuck {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(7);
    }
}

#[tokio::test]
async fn when_every_id_is_taken_then_the_client_is_asked_to_come_back_and_nothing_changes() {
    let world = World::new().await;
    assert_eq!(world.register_elsewhere(Arc::new(Stuck), "john").await.status, 201);
    world.engine.stream().await;
    let answer = world.register_elsewhere(Arc::new(Stuck), "jane").await;
    assert_eq!((answer.status, answer.code()), (503, "temporarily_unavailable"));
    assert!(world.is_unchanged().await);
}

#[tokio::test]
async fn when_the_answer_was_lost_then_a_repeat_with_a_key_opens_a_session() {
    let world = World::new().await;
    world.engine.fail_next("TransactWriteItems", 1, Fault::Crash);
    let lost = world.register_with_key("john", "john@example.org", PASSWORD).await;
    assert_eq!((lost.status, lost.code()), (503, "temporarily_unavailable"));
    assert_eq!(lost.header("retry-after"), Some("1"));

    let again = world.register_with_key("John", "JOHN@example.org", PASSWORD).await;
    assert_eq!((again.status, &again.json["username"]), (201, &json!("john")), "{again:?}");
    let once_more = world.register_with_key("john", "john@example.org", PASSWORD).await;
    assert_eq!((once_more.status, id(&once_more)), (201, id(&again)));
    assert_ne!(once_more.json["refresh_token"], again.json["refresh_token"]);
    assert!(world.is_live(&again).await && world.is_live(&once_more).await);
    assert_eq!(user::by_name(&world.table, "john").await.unwrap(), Some(id(&again)));
}

#[tokio::test]
async fn when_an_address_registered_its_number_in_an_hour_then_it_waits() {
    let world = World::new().await;
    let send = async |address: &str, name: &str| {
        let email = format!("{name}@example.org");
        let body = json!({ "username": name, "email": email, "password": PASSWORD });
        world.call(Request::to("POST /api/v1/auth/register").viewer(address).json(&body)).await
    };
    for number in 0..200 {
        assert_eq!(send("192.0.2.7", &format!("john{number}")).await.status, 201);
    }
    let (refused, metrics) = runtime::metrics::counted(Box::pin(send("192.0.2.7", "john200"))).await;
    assert_eq!((refused.status, refused.code()), (429, "too_many_registrations"));
    assert_eq!(metrics["quota_registrations_refused"], 1);
    assert_eq!(user::by_name(&world.table, "john200").await.unwrap(), None);
    assert_eq!(send("192.0.2.8", "john200").await.status, 201);
    let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    world.clock.advance(std::time::Duration::from_secs(wait));
    assert_eq!(send("192.0.2.7", "john201").await.status, 201);
}

#[tokio::test]
async fn when_passwords_are_guessed_with_a_key_then_the_accounts_limit_applies() {
    let world = World::new().await;
    let john = id(&world.register("john", "john@example.org").await);
    let quotas = Quotas::new(world.table.clone(), 10);
    let now = domain::Clock::now(&world.clock);
    // Logins by name have used the account's budget but for one.
    assert!(quotas.take(&quota::LOGINS, john, &[99, 99], now).await.unwrap().is_ok());
    let guess = world.register_with_key("john", "john@example.org", "wrong horse battery").await;
    assert_eq!((guess.status, guess.code()), (409, "username_taken"));
    let right = world.register_with_key("john", "john@example.org", PASSWORD).await;
    assert_eq!((right.status, right.code()), (409, "username_taken"), "the right one is not told either");
}

#[tokio::test]
async fn when_it_is_not_the_same_registration_then_a_key_opens_nothing() {
    let world = World::new().await;
    world.register("john", "john@example.org").await;
    world.register("jane", "jane@example.org").await;
    world.is_unchanged().await;
    for (username, email, password, code) in [
        ("john", "john@example.org", "wrong horse battery", "username_taken"),
        ("john", "jane@example.org", PASSWORD, "username_taken"),
        ("john", "new@example.org", PASSWORD, "username_taken"),
        ("JANE", "john@example.org", PASSWORD, "username_taken"),
    ] {
        let answer = world.register_with_key(username, email, password).await;
        assert_eq!((answer.status, answer.code()), (409, code), "{username} {email}");
    }
    assert!(world.is_unchanged().await);
    assert_eq!(world.register("john", "john@example.org").await.code(), "username_taken", "without a key");
}

#[tokio::test]
async fn when_the_table_throttles_then_the_client_is_asked_to_retry() {
    let world = World::new().await;
    world.engine.fail_next("TransactWriteItems", testkit::ATTEMPTS, Fault::Throttled);
    let answer = world.register("john", "john@example.org").await;
    assert_eq!((answer.status, answer.code()), (503, "temporarily_unavailable"));
    assert!(!answer.json.to_string().contains("lambdagram-test"), "nothing of the inside");
    assert!(world.is_unchanged().await);
}

struct Broken;
impl SigningKeys for Broken {
    fn at(&self, _now: Timestamp) -> Unwrapping<'_> {
        Box::pin(async { Err(SignError::new("KMS says: alias/jwt is throttled")) })
    }
}

#[tokio::test]
async fn when_no_token_can_be_signed_then_the_answer_hides_the_cause() {
    let world = World::signing(Issuer::new(Broken)).await;
    let answer = world.register("john", "john@example.org").await;
    assert_eq!((answer.status, answer.code()), (503, "temporarily_unavailable"));
    assert!(!answer.json.to_string().contains("KMS"));
    assert!(user::by_name(&world.table, "john").await.unwrap().is_some());
}

#[tokio::test]
async fn when_somebody_registers_then_it_is_one_transaction() {
    let world = World::new().await;
    world.register("john", "john@example.org").await;
    let usage = world.engine.usage();
    // The quota is taken while the password is hashed.
    assert_eq!((usage.requests, usage.requests_of("TransactWriteItems"), usage.round_trips), (2, 1, 2));
    assert!(usage.write_units <= 13.0, "{usage:?}");
    assert!(usage.read_units <= 0.0, "{usage:?}");
}

#[tokio::test]
async fn when_a_page_registers_then_its_tokens_are_in_cookies_alone() {
    let world = World::new().await;
    let body = json!({ "username": "john", "email": "john@example.org", "password": PASSWORD });
    let request = Request::to("POST /api/v1/auth/register").json(&body);
    let forged = request.clone().header("x-session", "cookie").header("origin", "https://evil.example");
    let refused = world.call(forged).await;
    assert_eq!((refused.status, refused.code()), (403, "not_same_origin"));
    let answer = world.call(request.from_page()).await;
    assert_eq!((answer.status, &answer.json["username"]), (201, &json!("john")));
    assert!(answer.json.get("access_token").is_none() && answer.json.get("refresh_token").is_none());
    let names: Vec<&str> =
        answer.cookies.iter().filter_map(|cookie| Some(cookie.split_once('=')?.0)).collect();
    assert_eq!(names, ["__Host-access", "__Host-refresh"]);
}
