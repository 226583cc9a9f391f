//! Devices and settings through the handler, on the real table engine.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests are tests")]

mod apps;

use std::time::Duration;

use api::Caller;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use device::{Apps, DeviceHandler};
use domain::account::EmailSecret;
use domain::session::SessionId;
use domain::{Clock, UserId, quota};
use mobile::Endpoints;
use serde_json::{Value, json};
use table::digest;
use testkit::http::{Answer, Request, call, event};
use testkit::{Fault, KeyService, MobilePush, OldSession, World, dies_at};
use vapid::VapidKey;

const REGISTER: &str = "POST /api/v1/devices";
const LIST: &str = "GET /api/v1/devices";
const REMOVE: &str = "DELETE /api/v1/devices/{device_id}";
const SETTINGS: &str = "GET /api/v1/users/me/notification-settings";
const UNSUBSCRIBE: &str = "POST /api/v1/auth/unsubscribe/{token}";
const CHANGE: &str = "PATCH /api/v1/users/me/notification-settings";

/// The receiver's key and secret of RFC 8291, appendix A.
const P256DH: &str =
    "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4";
const AUTH: &str = "BTBZMqHH6r4Tts7J_aSIgg";

fn handler(world: &World) -> DeviceHandler {
    handler_with(world, &MobilePush::default(), MobilePush::APNS)
}

/// Returns a handler that reaches Android by `sns`, and iOS too where `ios` is no `none`.
fn handler_with(world: &World, sns: &MobilePush, ios: &str) -> DeviceHandler {
    let vapid = VapidKey::new(KeyService::default().client(), KeyService::SIGNING_KEY_ID);
    let origins = "http://127.0.0.1:4569".parse().unwrap();
    let endpoints = Endpoints::new(sns.client());
    let apps = Apps { endpoints, ios: ios.parse().unwrap(), android: MobilePush::FCM.parse().unwrap() };
    DeviceHandler::new(world.table.clone(), 1, origins, vapid, apps, secret(), world.clock.shared())
}

fn secret() -> EmailSecret {
    "a secret of the stack".parse().unwrap()
}

async fn send(world: &World, request: Request) -> Answer {
    call(&handler(world), &world.clock, request).await
}

async fn session(world: &World, who: &Caller) -> OldSession {
    OldSession::open(&world.table, &world.clock, who).await
}

fn subscription(endpoint: &str) -> Value {
    json!({ "platform": "web", "subscription": { "endpoint": endpoint, "keys": { "p256dh": P256DH, "auth": AUTH } } })
}

fn endpoint(number: usize) -> String {
    format!("https://fcm.googleapis.com/fcm/send/{number}")
}

async fn register(world: &World, session: &OldSession, body: &Value) -> Answer {
    send(world, Request::to(REGISTER).token(&session.token).json(body)).await
}

async fn list(world: &World, session: &OldSession) -> Value {
    let answer = send(world, Request::to(LIST).token(&session.token)).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json
}

fn ids(list: &Value) -> Vec<String> {
    let devices = list["devices"].as_array().unwrap().iter();
    devices.map(|device| device["device_id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn when_a_device_is_registered_twice_then_it_is_there_once() {
    let world = World::new().await;
    let ann = world.person("ann").await;
    let (phone, desk) = (session(&world, &ann).await, session(&world, &ann).await);
    let first = register(&world, &phone, &subscription(&endpoint(1))).await;
    assert_eq!((first.status, &first.json["platform"]), (201, &json!("web")));
    world.engine.reset_usage();
    let again = register(&world, &phone, &subscription(&endpoint(1))).await;
    assert_eq!((again.status, &again.json), (201, &first.json));
    assert_eq!(world.engine.usage().writes(), 1, "the quota");

    let mut german = subscription(&endpoint(1));
    german["language"] = json!("de-AT");
    let changed = register(&world, &phone, &german).await;
    assert_eq!((changed.status, &changed.json["language"]), (201, &json!("de")));
    assert_eq!(changed.json["created_at"], first.json["created_at"]);

    world.clock.advance(std::time::Duration::from_millis(1));
    assert_eq!(register(&world, &desk, &subscription(&endpoint(2))).await.status, 201);
    let seen = list(&world, &desk).await;
    let current: Vec<_> = seen["devices"].as_array().unwrap().iter().map(|one| &one["current"]).collect();
    assert_eq!(current, [&json!(true), &json!(false)]);
    let key = URL_SAFE_NO_PAD.decode(seen["web_push_key"].as_str().unwrap()).unwrap();
    assert_eq!((key.len(), key[0]), (65, 4));
    let text = seen.to_string() + &changed.json.to_string();
    assert!(!text.contains("fcm") && !text.contains(P256DH) && !text.contains(AUTH), "{text}");
}

#[tokio::test]
async fn when_a_device_moves_to_another_account_then_the_first_loses_it() {
    let world = World::new().await;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let (anns, bobs) = (session(&world, &ann).await, session(&world, &bob).await);
    register(&world, &anns, &subscription(&endpoint(1))).await;
    register(&world, &anns, &subscription(&endpoint(2))).await;
    assert_eq!(register(&world, &bobs, &subscription(&endpoint(1))).await.status, 201);
    let (left, arrived) = (list(&world, &anns).await, list(&world, &bobs).await);
    assert_eq!((ids(&left).len(), ids(&arrived).len()), (1, 1));
    assert_ne!(ids(&left), ids(&arrived));
    // Nobody removes what is somebody else's.
    let foreign = Request::to(REMOVE).path("device_id", &ids(&arrived)[0]).token(&anns.token);
    assert_eq!(send(&world, foreign).await.code(), "device_not_found");
    // And back again, also after the other account has removed it.
    let own = Request::to(REMOVE).path("device_id", &ids(&arrived)[0]).token(&bobs.token);
    assert_eq!(send(&world, own.clone()).await.status, 204);
    assert_eq!(send(&world, own).await.status, 404);
    assert_eq!(register(&world, &anns, &subscription(&endpoint(1))).await.status, 201);
    assert_eq!(ids(&list(&world, &anns).await).len(), 2);
}

#[tokio::test]
async fn when_a_browser_logs_in_again_then_its_device_moves_to_the_new_session() {
    let world = World::new().await;
    let ann = world.person("ann").await;
    let (old, new) = (session(&world, &ann).await, session(&world, &ann).await);
    let first = register(&world, &old, &subscription(&endpoint(1))).await;
    let second = register(&world, &new, &subscription(&endpoint(1))).await;
    assert_eq!((second.status, &second.json["device_id"]), (201, &first.json["device_id"]));
    old.end(&world.table).await;
    assert_eq!(ids(&list(&world, &new).await).len(), 1);
}

#[tokio::test]
async fn when_a_session_ends_then_its_devices_are_gone_and_others_stay() {
    let world = World::new().await;
    let ann = world.person("ann").await;
    let sessions = [session(&world, &ann).await, session(&world, &ann).await, session(&world, &ann).await];
    for (number, session) in sessions.iter().enumerate() {
        register(&world, session, &subscription(&endpoint(number))).await;
    }
    let [one, two, three] = &sessions;
    one.end(&world.table).await;
    assert_eq!(ids(&list(&world, three).await).len(), 2);
    let kept: &SessionId = &three.id;
    table::session::end_others(&world.table, two.user, kept).await.unwrap();
    let seen = list(&world, three).await;
    assert_eq!((ids(&seen).len(), &seen["devices"][0]["current"]), (1, &json!(true)));
    let answer = register(&world, one, &subscription(&endpoint(9))).await;
    assert_eq!((answer.status, answer.code()), (401, "session_ended"));
    // A session that ran out by itself has none either, although its item may be there for a while.
    world.clock.advance(std::time::Duration::from_hours(31 * 24));
    assert!(
        table::device::list_latest(&world.table, ann.user_id, world.clock.now()).await.unwrap().is_empty()
    );
}

#[tokio::test]
async fn when_a_fresh_token_outlives_its_session_then_no_device_is_registered() {
    let world = World::new().await;
    let ann = world.person("ann").await;
    // A token that was issued a moment ago is not asked about, but the write is: the session is not there.
    let request = Request::to(REGISTER).by(&ann, &world.clock).json(&subscription(&endpoint(1)));
    let answer = send(&world, request).await;
    assert_eq!((answer.status, answer.code()), (401, "session_ended"));
    assert!(
        table::device::list_latest(&world.table, ann.user_id, world.clock.now()).await.unwrap().is_empty()
    );
}

#[tokio::test]
async fn when_there_are_20_devices_then_the_oldest_leaves() {
    let world = World::new().await;
    let ann = world.person("ann").await;
    let (one, two) = (session(&world, &ann).await, session(&world, &ann).await);
    let mut registered = Vec::new();
    for number in 0..22 {
        let session = if number % 2 == 0 { &one } else { &two };
        let answer = register(&world, session, &subscription(&endpoint(number))).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        registered.insert(0, answer.json["device_id"].as_str().unwrap().to_owned());
        world.clock.advance(std::time::Duration::from_millis(1));
    }
    registered.truncate(20);
    assert_eq!(ids(&list(&world, &one).await), registered);
}

#[tokio::test]
async fn when_two_accounts_register_a_device_at_once_then_one_has_it() {
    let world = World::new().await;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let (anns, bobs) = (session(&world, &ann).await, session(&world, &bob).await);
    let body = subscription(&endpoint(1));
    for _ in 0..5 {
        let (one, other) = futures::join!(register(&world, &anns, &body), register(&world, &bobs, &body));
        assert!(one.status < 300 && other.status < 300, "{one:?} {other:?}");
        let devices = ids(&list(&world, &anns).await).len() + ids(&list(&world, &bobs).await).len();
        assert_eq!(devices, 1);
    }
}

#[tokio::test]
async fn when_registering_dies_at_a_write_then_nobody_shares_the_device() {
    for n in 1..=3 {
        let world = World::new().await;
        let (ann, bob) = (world.person("ann").await, world.person("bob").await);
        let (anns, bobs) = (session(&world, &ann).await, session(&world, &bob).await);
        register(&world, &anns, &subscription(&endpoint(1))).await;
        world.engine.fail_when(dies_at(n));
        register(&world, &bobs, &subscription(&endpoint(1))).await;
        world.engine.heal();
        let (left, arrived) = (ids(&list(&world, &anns).await).len(), ids(&list(&world, &bobs).await).len());
        assert!(left + arrived <= 1, "write {n}: {left} {arrived}");
        assert_eq!(register(&world, &bobs, &subscription(&endpoint(1))).await.status, 201);
        assert_eq!((ids(&list(&world, &anns).await).len(), ids(&list(&world, &bobs).await).len()), (0, 1));
    }
}

#[tokio::test]
async fn when_answers_are_lost_or_writes_conflict_then_a_device_is_registered_once() {
    for fault in [Fault::LostAnswer, Fault::Conflict, Fault::Throttled] {
        let world = World::new().await;
        let session = session(&world, &world.person("ann").await).await;
        world.engine.fail_next("TransactWriteItems", 1, fault);
        assert_eq!(register(&world, &session, &subscription(&endpoint(1))).await.status, 201, "{fault:?}");
        assert_eq!(ids(&list(&world, &session).await).len(), 1, "{fault:?}");
    }
}

#[tokio::test]
async fn when_a_device_is_none_then_the_rule_that_it_breaks_is_named() {
    let world = World::new().await;
    let session = session(&world, &world.person("ann").await).await;
    let with = |pointer: &str, value: Value| {
        let mut body = subscription(&endpoint(1));
        *body.pointer_mut(pointer).unwrap() = value;
        body
    };
    let off_the_curve = URL_SAFE_NO_PAD.encode([&[4][..], &[1; 64]].concat());
    for (body, code) in [
        (json!([]), "bad_json"),
        (json!({ "platform": "web" }), "subscription_missing"),
        (with("/platform", json!("phone")), "platform_unknown"),
        (with("/subscription/endpoint", json!("https://169.254.169.254/latest")), "endpoint_not_allowed"),
        (with("/subscription/endpoint", json!("http://127.0.0.1:4566/")), "endpoint_not_allowed"),
        (
            with(
                "/subscription/endpoint",
                json!("https://fcm.googleapis.com/".to_owned() + &"a".repeat(1_000)),
            ),
            "endpoint_too_long",
        ),
        (with("/subscription/keys/p256dh", json!(AUTH)), "subscription_keys_invalid"),
        (with("/subscription/keys/p256dh", json!(off_the_curve)), "subscription_keys_invalid"),
        (with("/subscription/keys/auth", json!("")), "subscription_keys_invalid"),
    ] {
        let answer = register(&world, &session, &body).await;
        assert_eq!((answer.status, answer.code()), (400, code), "{body}");
    }
    assert_eq!(register(&world, &session, &subscription("http://127.0.0.1:4569/push/1")).await.status, 201);
}

#[tokio::test]
async fn when_quotas_are_used_up_then_devices_and_settings_wait() {
    let world = World::new().await;
    let ann = world.person("ann").await;
    let session = session(&world, &ann).await;
    world.use_up(&quota::DEVICES, ann.user_id, &[200]).await;
    let answer = register(&world, &session, &subscription(&endpoint(1))).await;
    assert_eq!((answer.status, answer.code()), (429, "too_many_devices"));
    world.use_up(&quota::SETTINGS, ann.user_id, &[300]).await;
    let answer = send(&world, Request::to(CHANGE).token(&session.token).json(&json!({}))).await;
    assert_eq!((answer.status, answer.code()), (429, "too_many_settings"));
}

#[tokio::test]
async fn when_settings_are_changed_then_what_is_not_named_stays() {
    let world = World::new().await;
    let session = session(&world, &world.person("ann").await).await;
    let change =
        async |body: Value| send(&world, Request::to(CHANGE).token(&session.token).json(&body)).await;
    let get = async || send(&world, Request::to(SETTINGS).token(&session.token)).await.json;
    let before = get().await;
    let kinds = before["kinds"].as_object().unwrap();
    assert!(kinds.len() >= 8 && kinds.values().all(|kind| kind["push"] == json!(true)), "{before}");
    let answer = change(json!({ "kinds": { "like": { "push": false }, "follow": { "push": false } } })).await;
    assert_eq!(answer.status, 200);
    let answer = change(json!({ "kinds": { "follow": { "push": true }, "reply": {} } })).await;
    assert_eq!(answer.json, get().await);
    let off = |settings: &Value| -> Vec<String> {
        let kinds = settings["kinds"].as_object().unwrap().iter();
        kinds.filter(|(_, kind)| kind["push"] == json!(false)).map(|(name, _)| name.clone()).collect()
    };
    assert_eq!(off(&answer.json), ["like"]);
    let answer = change(json!({ "kinds": { "reply": { "push": false }, "poke": { "push": false } } })).await;
    assert_eq!((answer.status, answer.code()), (400, "kind_unknown"));
    assert_eq!(off(&get().await), ["like"]);
}

#[tokio::test]
async fn when_quiet_hours_are_given_then_they_stay_until_they_are_ended() {
    let world = World::new().await;
    let session = session(&world, &world.person("ann").await).await;
    let change =
        async |body: Value| send(&world, Request::to(CHANGE).token(&session.token).json(&body)).await;
    let get =
        async || send(&world, Request::to(SETTINGS).token(&session.token)).await.json["quiet_hours"].clone();
    assert_eq!(get().await, Value::Null);
    let night = json!({ "from": "22:00", "to": "07:00", "time_zone": "Europe/Berlin" });
    assert_eq!(change(json!({ "quiet_hours": night })).await.json["quiet_hours"], night);
    assert_eq!(change(json!({ "digest": false })).await.json["quiet_hours"], night);
    for (field, value, code) in [
        ("from", json!("7:00"), "time_invalid"),
        ("to", json!("22:00"), "quiet_hours_empty"),
        ("time_zone", json!("Europe/Atlantis"), "time_zone_unknown"),
        ("to", Value::Null, "bad_json"),
    ] {
        let mut bad = night.clone();
        bad[field] = value;
        let answer = change(json!({ "quiet_hours": bad })).await;
        assert_eq!((answer.status, answer.code()), (400, code));
    }
    assert_eq!(get().await, night);
    assert_eq!(change(json!({ "quiet_hours": null })).await.json["quiet_hours"], Value::Null);
    assert_eq!(get().await, Value::Null);
}

/// Returns who gets the daily mail at an hour.
async fn subscribers(world: &World, hour: u8) -> Vec<UserId> {
    let mut found = Vec::new();
    for shard in 0..digest::SHARDS {
        found.extend(digest::subscribers(&world.table, hour, shard, None).await.unwrap().items);
    }
    found
}

#[tokio::test]
async fn when_the_daily_mail_is_wanted_then_it_is_at_that_hour_until_it_is_not() {
    let world = World::new().await;
    let ann = world.person("ann").await;
    // Its own session for each, because a token ends before the hours do.
    let change = async |body: Value| {
        let session = session(&world, &ann).await;
        send(&world, Request::to(CHANGE).token(&session.token).json(&body)).await
    };
    let settings = async || {
        let session = session(&world, &ann).await;
        send(&world, Request::to(SETTINGS).token(&session.token)).await.json
    };
    let hour = world.clock.now().hour_of_day();
    assert_eq!(settings().await["digest"], false);
    assert_eq!(change(json!({ "digest": true })).await.json["digest"], true);
    assert_eq!(subscribers(&world, hour).await, [ann.user_id]);
    world.clock.advance(Duration::from_hours(5));
    let likes_off = json!({ "digest": true, "kinds": { "like": { "push": false } } });
    assert_eq!(change(likes_off).await.json["digest"], true);
    assert_eq!((subscribers(&world, hour).await.len(), subscribers(&world, hour + 5).await.len()), (1, 0));

    // A mail program posts a form, and is nobody that is logged in. Twice is once.
    let unsubscribe = async |token: &str| {
        let form = Request::to(UNSUBSCRIBE).path("token", token).body("List-Unsubscribe=One-Click");
        send(&world, form.header("content-type", "application/x-www-form-urlencoded")).await
    };
    let token = secret().unsubscription(ann.user_id);
    let bad = unsubscribe(&token[..token.len() - 1]).await;
    assert_eq!((bad.status, bad.code()), (400, "token_invalid"));
    assert_eq!(subscribers(&world, hour).await, [ann.user_id]);
    for _ in 0..2 {
        assert_eq!(unsubscribe(&token).await.status, 204);
        assert!(subscribers(&world, hour).await.is_empty());
    }
    let settings = settings().await;
    assert_eq!((&settings["digest"], &settings["kinds"]["like"]["push"]), (&json!(false), &json!(false)));
    // The next time it is at the hour of that moment.
    change(json!({ "digest": true })).await;
    assert_eq!(subscribers(&world, hour + 5).await, [ann.user_id]);
    assert_eq!(change(json!({ "digest": false })).await.json["digest"], false);
    assert!(subscribers(&world, hour + 5).await.is_empty());
}

#[tokio::test]
async fn when_a_device_is_registered_then_it_keeps_its_budget() {
    let world = World::new().await;
    let session = session(&world, &world.person("ann").await).await;
    world.engine.reset_usage();
    register(&world, &session, &subscription(&endpoint(1))).await;
    let usage = world.engine.usage();
    assert_eq!((usage.round_trips, usage.writes()), (3, 2), "quota; claim and sessions; both written");
    assert!(usage.read_units <= 2.5 && usage.write_units <= 5.0, "{usage:?}");
    world.engine.reset_usage();
    list(&world, &session).await;
    let usage = world.engine.usage();
    assert!(usage.round_trips <= 1 && usage.read_units <= 1.0, "{usage:?}");
}

#[tokio::test]
async fn when_the_session_has_ended_then_nothing_is_changed() {
    let world = World::new().await;
    let session = session(&world, &world.person("ann").await).await;
    let id = register(&world, &session, &subscription(&endpoint(1))).await.json["device_id"].clone();
    session.end(&world.table).await;
    for request in [
        Request::to(REGISTER).json(&subscription(&endpoint(2))),
        Request::to(REMOVE).path("device_id", id.as_str().unwrap()),
        Request::to(CHANGE).json(&json!({})),
    ] {
        let answer = send(&world, request.token(&session.token)).await;
        assert_eq!((answer.status, answer.code()), (401, "session_ended"));
    }
}

#[tokio::test]
async fn when_the_recorded_events_arrive_then_they_are_answered() {
    let world = World::new().await;
    let session = session(&world, &world.person("ann").await).await;
    let mut id = String::new();
    let mail = secret().unsubscription(domain::quota::stand_in("ann"));
    let handler = handler(&world);
    for (name, status) in [
        ("register", 201),
        ("register-app", 201),
        ("list", 200),
        ("remove", 204),
        ("settings", 200),
        ("change-settings", 200),
        ("unsubscribe", 204),
    ] {
        let token = if name == "unsubscribe" { mail.as_str() } else { session.token.as_str() };
        let values = [("token", token), ("device_id", id.as_str())];
        let values = if name == "remove" { &values[..] } else { &values[..1] };
        let answer = call(&handler, &world.clock, event("device", name, values)).await;
        assert_eq!(answer.status, status, "{name}: {answer:?}");
        if let Some(registered) = answer.json["device_id"].as_str() {
            id = registered.to_owned();
        }
    }
}
