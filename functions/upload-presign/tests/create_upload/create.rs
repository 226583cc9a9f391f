//! Creating a draft photo, on the real table engine.

use crate::world::{World, ada, ben, media};
use api::Caller;
use domain::account::{EmailDigest, UserName};
use domain::media::{Encoding, MediumPlace, PerceptualHash, Size};
use domain::photo::{ContentType, Failure, MAX_UPLOAD_BYTES, Rendered, State};
use domain::session::Seen;
use domain::text::{AltText, Tag};
use domain::user::User;
use domain::visibility::Audience;
use domain::{Home, PhotoId, UserId};
use futures::future::join_all;
use serde_json::{Value, json};
use std::collections::HashSet;
use std::time::Duration;
use table::Patch;
use table::original::Share;
use table::privacy::Switch;
use table::session::{Opened, Owner};
use testkit::http::{Request, call, event};
use testkit::{ATTEMPTS, Fault, OldSession, SeededRandom, store_account, token_for};

#[tokio::test]
async fn when_a_draft_is_created_then_it_is_stored_and_each_medium_has_a_form() {
    let world = World::new().await;
    let token = token_for(&ada(), testkit::START);
    let answer =
        world.send(event("upload-presign", "create", &[("token", &token), ("idempotency_key", "k-1")])).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    let photo = world.photo_of(&answer).await;
    let id = photo.id.to_string();
    let at = |size| format!("https://cdn.example.org/{}", photo.address(0).key(size, Encoding::Jpeg));
    assert_eq!(answer.json["photo_id"], id);
    assert_eq!(answer.json["user_id"], "1");
    assert_eq!(answer.json["url"], at(Size::Large));
    let thumbnails =
        json!({ "small": at(Size::Small), "medium": at(Size::Medium), "large": at(Size::Large) });
    assert_eq!(answer.json["thumbnail_urls"], thumbnails);
    assert_eq!(
        (&answer.json["status"], &answer.json["created_at"]),
        (&json!("processing"), &json!("2026-11-22T12:00:00.000Z"))
    );
    let uploads = answer.json["uploads"].as_array().unwrap();
    let keys: Vec<&Value> = uploads.iter().map(|upload| &upload["fields"]["key"]).collect();
    assert_eq!(
        keys,
        [
            &json!(format!("incoming/1/{id}/0")),
            &json!(format!("incoming/1/{id}/1")),
            &json!(format!("incoming/1/{id}/2"))
        ]
    );
    let types: Vec<&Value> = uploads.iter().map(|upload| &upload["fields"]["Content-Type"]).collect();
    assert_eq!(types, [&json!("image/jpeg"), &json!("image/png"), &json!("image/webp")]);

    assert_eq!((photo.author, photo.author_name.as_str()), (ada().user_id, "ada"));
    assert_eq!(photo.caption.unwrap().as_str(), "Beautiful sunset 🌅");
    assert_eq!(photo.place.unwrap().as_str(), "San Francisco, CA");
    assert_eq!(photo.tags.iter().map(Tag::as_str).collect::<Vec<_>>(), ["sunset", "nature"]);
    assert_eq!((photo.state, photo.pending), (State::Processing, 3));
    let stored: Vec<_> = photo
        .media
        .iter()
        .map(|medium| (medium.content_type, medium.size, medium.alt.as_ref().map(AltText::as_str)))
        .collect();
    let expected = [
        (ContentType::Jpeg, 245_760, Some("The sun over the bay")),
        (ContentType::Png, 1024, None),
        (ContentType::WebP, 52_428_800, Some("A pelican")),
    ];
    assert_eq!(stored, expected);
}

#[tokio::test]
async fn when_tiff_or_bmp_go_by_other_names_then_the_forms_have_the_registered_ones() {
    let world = World::new().await;
    let names = ["image/tiff", "image/x-tiff", "image/bmp", "image/x-ms-bmp"];
    let media: Vec<Value> = names.iter().map(|name| json!({ "content_type": name, "size": 9 })).collect();
    let answer = world.send(world.request(&ada()).json(&json!({ "media": media }))).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    let uploads = answer.json["uploads"].as_array().unwrap();
    let types: Vec<&Value> = uploads.iter().map(|upload| &upload["fields"]["Content-Type"]).collect();
    assert_eq!(types, ["image/tiff", "image/tiff", "image/bmp", "image/bmp"]);
    let stored = world.photo_of(&answer).await.media;
    assert_eq!(
        stored.iter().map(|medium| medium.content_type).collect::<Vec<_>>(),
        [ContentType::Tiff, ContentType::Tiff, ContentType::Bmp, ContentType::Bmp]
    );
}

#[tokio::test]
async fn when_a_draft_is_created_then_it_costs_one_read_trip_and_one_transaction() {
    let world = World::new().await;
    let session = OldSession::open(&world.table, &world.clock, &ada()).await;
    world.engine.reset_usage();
    let request = world.request(&ada()).token(&session.token).header("idempotency-key", "k").json(&media(10));
    assert_eq!(world.send(request).await.status, 201);
    let usage = world.engine.usage();
    assert_eq!((usage.round_trips, usage.writes(), usage.requests_of("TransactWriteItems")), (2, 2, 1));
    // The idempotency key, the session and the account, side by side.
    assert!(usage.write_units <= 5.0 && usage.read_units <= 2.0, "{usage:?}");
}

#[tokio::test]
async fn when_the_session_has_ended_or_is_not_known_then_no_draft_is_created() {
    let world = World::new().await;
    let session = OldSession::open(&world.table, &world.clock, &ada()).await;
    let send = || world.send(world.request(&ada()).token(&session.token).json(&media(1)));
    // Without an idempotency key session and account are read, beside each other.
    world.engine.fail_next("GetItem", 2 * ATTEMPTS, Fault::Throttled);
    let answer = send().await;
    world.engine.heal();
    assert_eq!((answer.status, answer.code()), (503, "temporarily_unavailable"));
    session.end(&world.table).await;
    world.engine.reset_usage();
    let answer = send().await;
    assert_eq!((answer.status, answer.code()), (401, "session_ended"));
    assert_eq!(world.engine.usage().requests_of("TransactWriteItems"), 0);
}

#[tokio::test]
async fn when_a_request_breaks_a_rule_then_it_is_named_and_nothing_changes() {
    let world = World::new().await;
    let with = |changes: Value| {
        let mut body = media(1);
        body.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        body
    };
    let medium = |changes: Value| {
        let mut body = media(2);
        body["media"][1].as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        body
    };
    let tags: Vec<String> = (0..31).map(|n| format!("tag{n}")).collect();
    let cases = [
        (with(json!({ "caption": "x".repeat(2201) })), "caption_too_long"),
        (with(json!({ "location": "x".repeat(101) })), "location_too_long"),
        (with(json!({ "tags": tags })), "too_many_tags"),
        (with(json!({ "tags": ["12"] })), "tag_invalid"),
        (with(json!({ "tags": ["x".repeat(101)] })), "tag_too_long"),
        (with(json!({ "media": [] })), "media_missing"),
        (media(11), "too_many_media"),
        (medium(json!({ "content_type": "image/svg+xml" })), "content_type_unsupported"),
        (medium(json!({ "content_type": "IMAGE/JPEG; q=1" })), "content_type_unsupported"),
        (medium(json!({ "size": 0 })), "media_empty"),
        (medium(json!({ "size": 50 * 1024 * 1024 + 1 })), "media_too_large"),
        (medium(json!({ "alt": "x".repeat(1001) })), "alt_too_long"),
        (medium(json!({ "size": -1 })), "bad_json"),
        (json!({ "caption": "no media" }), "bad_json"),
        (json!("media"), "bad_json"),
    ];
    for (body, code) in cases {
        let answer = world.send(world.request(&ada()).header("idempotency-key", "k").json(&body)).await;
        assert_eq!((answer.status, answer.code()), (400, code));
    }
    let answer = world.send(world.request(&ada()).body("{\"media\":")).await;
    assert_eq!((answer.status, answer.code()), (400, "bad_json"));
    for key in ["", "with space", &"x".repeat(129)] {
        let answer = world.send(world.request(&ada()).header("idempotency-key", key).json(&media(1))).await;
        assert_eq!((answer.status, answer.code()), (400, "bad_idempotency_key"));
    }
    assert!(world.engine.stream().await.is_empty());
}

#[tokio::test]
async fn when_the_token_is_bad_then_nothing_changes() {
    let world = World::new().await;
    let route = || Request::to("POST /api/v1/photos").json(&media(1));
    let old = world.request(&ada()).json(&media(1));
    assert_eq!(world.send(route()).await.code(), "token_missing");
    let forged = testkit::forged_token_for(&ada(), testkit::START);
    assert_eq!(world.send(route().token(&forged)).await.code(), "token_invalid");
    world.clock.advance_days(1);
    let expired = world.send(old).await;
    assert_eq!((expired.status, expired.code()), (401, "token_expired"));
    assert!(world.engine.stream().await.is_empty());
}

#[tokio::test]
async fn when_a_request_is_repeated_with_its_key_then_it_is_the_same_photo() {
    let world = World::new().await;
    let send = || world.send(world.request(&ada()).header("idempotency-key", "k-1").json(&media(2)));
    let first = send().await;
    let before = world.engine.written().await;
    world.clock.advance(Duration::from_mins(10));
    // The same request with its fields in another order.
    let reordered =
        r#"{"media":[{"size":1000,"content_type":"image/jpeg"},{"size":1001,"content_type":"image/jpeg"}]}"#;
    for again in [
        send().await,
        world.send(world.request(&ada()).header("idempotency-key", "k-1").body(reordered)).await,
    ] {
        assert_eq!(again.status, 201);
        assert_eq!(again.json["photo_id"], first.json["photo_id"]);
        assert_eq!(again.json["created_at"], first.json["created_at"]);
        assert_eq!(again.json["uploads"].as_array().unwrap().len(), 2);
        let date = |answer: &Value| answer["uploads"][0]["fields"]["x-amz-date"].clone();
        assert_eq!(
            (date(&first.json), date(&again.json)),
            (json!("20261122T120000Z"), json!("20261122T121000Z"))
        );
    }
    assert_eq!(before, 2, "idempotency record and photo");
    assert_eq!(world.engine.written().await, 0, "a repetition writes nothing but its use of the quota");
}

#[tokio::test]
async fn when_a_photo_is_done_then_a_repetition_tells_how_and_gives_no_forms() {
    let world = World::new().await;
    let send = |key| world.send(world.request(&ada()).header("idempotency-key", key).json(&media(1)));
    let (ready, failed) = (send("ready").await, send("failed").await);
    let photo = world.photo_of(&ready).await;
    let rendered = Rendered {
        width: 4,
        height: 3,
        blurhash: "LEHV6nWB2yk8".to_owned(),
        sha256: "00".to_owned(),
        phash: PerceptualHash(0),
        stored_at: Some(MediumPlace { photo: PhotoId::try_from(5).unwrap(), index: 3 }),
        similar_to: None,
    };
    table::photo::finish_medium(&world.table, &photo, 0, &rendered, Share::Alone).await.unwrap();
    let failure = Failure { code: "image_corrupt".to_owned(), detail: "The file is damaged.".to_owned() };
    table::photo::fail(&world.table, world.photo_of(&failed).await.id, &failure).await.unwrap();

    let again = send("ready").await;
    assert_eq!((again.status, &again.json["photo_id"]), (201, &ready.json["photo_id"]));
    assert_eq!((&again.json["status"], &again.json["uploads"]), (&json!("ready"), &json!([])));
    assert_eq!(again.json["url"], ready.json["url"]);
    assert!(again.json.get("failure").is_none());
    let again = send("failed").await;
    assert_eq!((again.status, &again.json["photo_id"]), (201, &failed.json["photo_id"]));
    assert_eq!((&again.json["status"], &again.json["uploads"]), (&json!("failed"), &json!([])));
    assert_eq!(again.json["failure"]["code"], "image_corrupt");
}

#[tokio::test]
async fn when_null_stands_for_absent_then_it_is_the_same_request() {
    let world = World::new().await;
    let send =
        |body: &'static str| world.send(world.request(&ada()).header("idempotency-key", "k-1").body(body));
    let first = send(r#"{"media":[{"content_type":"image/jpeg","size":1}]}"#).await;
    assert_eq!(first.status, 201, "{first:?}");
    for same in [
        r#"{"tags":null,"caption":null,"location":null,"media":[{"content_type":"image/jpeg","size":1,"alt":null}]}"#,
        r#"{"tags":[],"media":[{"content_type":"image/jpeg","size":1}]}"#,
    ] {
        let again = send(same).await;
        assert_eq!((again.status, &again.json["photo_id"]), (201, &first.json["photo_id"]), "{again:?}");
    }
    for nothing in ["{}", r#"{"media":null}"#] {
        let refused = send(nothing).await;
        assert_eq!((refused.status, refused.code()), (400, "bad_json"), "{nothing}");
    }
}

#[tokio::test]
async fn when_a_key_is_used_for_another_request_then_it_is_refused() {
    let world = World::new().await;
    let send = |body: Value| world.send(world.request(&ada()).header("idempotency-key", "k-1").json(&body));
    assert_eq!(send(media(1)).await.status, 201);
    world.engine.written().await;
    let reused = send(media(2)).await;
    assert_eq!((reused.status, reused.code()), (422, "idempotency_key_reused"));
    assert_eq!(world.engine.written().await, 0);
    let other = world.send(world.request(&ben()).header("idempotency-key", "k-1").json(&media(2))).await;
    assert_eq!(other.status, 201, "keys are each user's own");
}

#[tokio::test]
async fn when_a_day_has_passed_then_a_key_is_free_again() {
    let world = World::new().await;
    let send = || world.send(world.request(&ada()).header("idempotency-key", "k-1").json(&media(1)));
    let first = send().await;
    world.clock.advance_days(1);
    let second = send().await;
    assert_eq!(second.status, 201);
    assert_ne!(first.json["photo_id"], second.json["photo_id"]);
}

#[tokio::test]
async fn when_a_hundred_uploads_began_in_an_hour_then_the_next_is_refused() {
    let world = World::new().await;
    let keyed = |key: &str| world.request(&ada()).header("idempotency-key", key).json(&media(1));
    let first = world.send(keyed("first")).await;
    for _ in 0..99 {
        assert_eq!(world.send(world.request(&ada()).json(&media(1))).await.status, 201);
    }
    world.engine.written().await;
    let (refused, metrics) = runtime::metrics::counted(Box::pin(world.send(keyed("k")))).await;
    assert_eq!((refused.status, refused.code()), (429, "upload_limit_reached"));
    assert_eq!(metrics["quota_uploads_refused"], 1);
    assert_eq!(world.engine.written().await, 0, "nothing changed");
    let again = world.send(keyed("first")).await;
    assert_eq!((again.status, &again.json["photo_id"]), (201, &first.json["photo_id"]), "a repetition");
    assert_eq!(
        world.send(world.request(&ben()).json(&media(1))).await.status,
        201,
        "the limit is each user's own"
    );
    let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    world.clock.advance(Duration::from_secs(wait - 1));
    assert_eq!(world.send(keyed("k")).await.status, 429);
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(world.send(keyed("k")).await.status, 201);
}

#[tokio::test]
async fn when_five_gib_were_announced_in_an_hour_then_the_next_byte_is_refused() {
    let world = World::new().await;
    let announce = async |count: usize, size: u64| {
        let medium = json!({ "content_type": "image/jpeg", "size": size });
        world.send(world.request(&ada()).json(&json!({ "media": vec![medium; count] }))).await
    };
    let (mut left, mut photos) = (5 * 1024 * 1024 * 1024_u64, 0);
    while left > 0 {
        let count = usize::try_from(left / MAX_UPLOAD_BYTES).unwrap().clamp(1, 10);
        let size = left.min(MAX_UPLOAD_BYTES);
        assert_eq!(announce(count, size).await.status, 201, "{left}");
        left -= size * u64::try_from(count).unwrap();
        photos += 1;
    }
    assert!(photos < 100, "bytes and not photos end it");
    let refused = announce(1, 1).await;
    assert_eq!((refused.status, refused.code()), (429, "upload_limit_reached"));
}

#[tokio::test]
async fn when_one_user_begins_ten_uploads_at_once_then_all_get_through() {
    let world = World::new().await;
    let answers = join_all((0..10).map(|_| world.send(world.request(&ada()).json(&media(1))))).await;
    let ids: HashSet<String> = answers.iter().map(|answer| answer.json["photo_id"].to_string()).collect();
    assert!(answers.iter().all(|answer| answer.status == 201), "{answers:?}");
    assert_eq!(ids.len(), 10);
}

#[tokio::test]
async fn when_an_id_is_taken_then_the_photo_gets_another_one() {
    let world = World::new().await;
    let first = world.send(world.request(&ada()).json(&media(1))).await;
    let second = call(&world.twin(), &world.clock, world.request(&ben()).json(&media(1))).await;
    assert_eq!((first.status, second.status), (201, 201), "{second:?}");
    assert_eq!(world.engine.usage().requests_of("TransactWriteItems"), 3, "one of them in vain");
    let photos = [world.photo_of(&first).await, world.photo_of(&second).await];
    assert_ne!(photos[0].id, photos[1].id);
    assert_eq!(photos.map(|photo| photo.author), [ada().user_id, ben().user_id]);
}

#[tokio::test]
async fn when_somebody_creates_a_photo_then_it_has_the_home_of_its_author() {
    let world = World::new().await;
    for home in Home::ALL {
        let user_id = UserId::generate(home, &world.clock, &SeededRandom::new(home.get().into()));
        let author = Caller { user_id, username: "ada".to_owned() };
        let answer = world.send(world.request(&author).json(&media(1))).await;
        assert_eq!(world.photo_of(&answer).await.id.home(), home);
    }
}

#[tokio::test]
async fn when_one_request_is_sent_ten_times_at_once_then_it_makes_one_photo() {
    let world = World::new().await;
    let send = || world.send(world.request(&ada()).header("idempotency-key", "k-1").json(&media(3)));
    let answers = join_all((0..10).map(|_| send())).await;
    assert!(answers.iter().all(|answer| answer.status == 201), "{answers:?}");
    let ids: HashSet<String> = answers.iter().map(|answer| answer.json["photo_id"].to_string()).collect();
    assert_eq!(ids.len(), 1);
    assert_eq!(world.engine.written().await, 2, "one photo, one record");
}

#[tokio::test]
async fn when_another_transaction_conflicts_then_the_upload_is_retried() {
    let world = World::new().await;
    world.engine.fail_next("TransactWriteItems", 3, Fault::Conflict);
    assert_eq!(world.send(world.request(&ada()).json(&media(1))).await.status, 201);
    world.engine.fail_next("TransactWriteItems", 100, Fault::Conflict);
    let answer = world.send(world.request(&ada()).json(&media(1))).await;
    assert_eq!((answer.status, answer.code()), (503, "temporarily_unavailable"));
}

#[tokio::test]
async fn when_the_tables_answer_is_lost_then_a_repetition_finds_the_photo() {
    let world = World::new().await;
    let send = || world.send(world.request(&ada()).header("idempotency-key", "k-1").json(&media(1)));
    world.engine.fail_next("TransactWriteItems", 1, Fault::Crash);
    assert!(send().await.status >= 500);
    let again = send().await;
    assert_eq!(again.status, 201);
    assert_eq!(world.photo_of(&again).await.media.len(), 1);
    assert_eq!(world.engine.written().await, 2);
}

#[tokio::test]
async fn when_the_table_throttles_then_the_client_is_asked_to_retry() {
    let world = World::new().await;
    for operation in ["GetItem", "UpdateItem"] {
        world.engine.fail_next(operation, 3 * ATTEMPTS, Fault::Throttled);
        let request = world.request(&ada()).header("idempotency-key", "k-1").json(&media(1));
        let answer = world.send(request).await;
        world.engine.heal();
        assert_eq!((answer.status, answer.header("retry-after")), (503, Some("1")), "{operation}");
        assert_eq!(world.engine.written().await, 0);
    }
}

#[tokio::test]
async fn when_the_account_is_private_then_its_photos_are_for_followers() {
    let world = World::new().await;
    let send = || world.send(world.request(&ada()).json(&media(1)));
    assert_eq!(world.photo_of(&send().await).await.audience, Audience::Everyone);
    let username = UserName::parse("ada").unwrap();
    let user = User::new(ada().user_id, username.clone(), None);
    let owner = Owner { user: user.id, username };
    let session = Opened::new(&owner, Seen::default(), testkit::START, &SeededRandom::default());
    store_account(&world.table, &user, &EmailDigest::new("digest"), "hash", &session).await;
    let switch = Some(Switch { private: true, mark: 7 });
    table::user::update(&world.table, user.id, Patch::Keep, Patch::Keep, switch).await.unwrap();
    let photo = world.photo_of(&send().await).await;
    assert_eq!((photo.audience, photo.audience_since), (Audience::Followers, 7));
}
