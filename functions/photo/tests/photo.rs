//! One photo over the API, on the real table engine.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops at what it does not expect"
)]

use api::Caller;
use domain::media::{AddressSecret, MediumPlace, PerceptualHash};
use domain::photo::{ContentType, Failure, Medium, Photo, Rendered};
use domain::text::{AltText, Caption, Location, Tag};
use domain::visibility::Audience;
use domain::{PhotoId, UserId, quota};
use photo::PhotoHandler;
use serde_json::{Value, json};
use table::Table;
use table::follow::Follow;
use table::guard::Quotas;
use table::like::Like;
use table::original::Share;
use testkit::http::{Answer, Request, call, event};
use testkit::{Engine, Fault, ManualClock, OldSession, SeededRandom};

const CDN: &str = "https://cdn.example.org";
/// The secret of Ada's photo as addresses have it.
const SECRET: &str = "00000000000000000000000000000ada";

struct World {
    engine: Engine,
    table: Table,
    deps: PhotoHandler,
    clock: ManualClock,
    random: SeededRandom,
}

fn caller(id: u64, name: &str) -> Caller {
    Caller { user_id: UserId::try_from(id).unwrap(), username: name.to_owned() }
}

fn ada() -> Caller {
    caller(1, "ada")
}

fn ben() -> Caller {
    caller(2, "ben")
}

impl World {
    async fn new() -> Self {
        let (engine, clock) = (Engine::start().await, ManualClock::new());
        let table = Table::new(engine.client(), engine.table_name());
        let deps = PhotoHandler::new(table.clone(), 1, CDN, clock.shared());
        Self { engine, table, deps, clock, random: SeededRandom::new(1) }
    }

    /// Creates Ada's photo of two media, still being processed.
    async fn photo(&self) -> Photo {
        let medium = |alt: &str| Medium {
            content_type: ContentType::Jpeg,
            size: 1000,
            alt: AltText::parse(alt).unwrap(),
            rendered: None,
        };
        let id = PhotoId::generate(ada().user_id, &self.clock, &self.random);
        let media = vec![medium("a wave"), medium("")];
        let photo = Photo {
            caption: Caption::parse("High tide").unwrap(),
            place: Location::parse("Brighton").unwrap(),
            tags: vec![Tag::parse("sea").unwrap()],
            ..Photo::draft(id, ada().user_id, "ada", AddressSecret::from(0xada), media)
        };
        table::photo::create(&self.table, &photo, None).await.unwrap();
        photo
    }

    async fn ready_photo(&self) -> Photo {
        self.ready_like(None, None).await
    }

    /// Creates a ready photo whose media are stored at another place and resemble another photo.
    async fn ready_like(&self, stored_at: Option<MediumPlace>, similar_to: Option<PhotoId>) -> Photo {
        let photo = self.photo().await;
        for index in 0..photo.media.len() {
            let rendered = Rendered {
                width: 1080,
                height: 720,
                blurhash: "LEHV6nWB2yk8pyo0adR*.7kCMdnj".to_owned(),
                sha256: "00".repeat(32),
                phash: PerceptualHash(0),
                stored_at,
                similar_to,
            };
            table::photo::finish_medium(&self.table, &photo, index, &rendered, Share::Alone).await.unwrap();
        }
        table::photo::get_latest(&self.table, photo.id).await.unwrap().unwrap()
    }

    fn request(&self, method: &str, id: impl std::fmt::Display, by: &Caller) -> Request {
        Request::to(&format!("{method} /api/v1/photos/{{photo_id}}")).path("photo_id", id).by(by, &self.clock)
    }

    async fn send(&self, request: impl Into<Value>) -> Answer {
        call(&self.deps, &self.clock, request).await
    }

    async fn stored(&self, photo: &Photo) -> Option<Photo> {
        table::photo::get_latest(&self.table, photo.id).await.unwrap()
    }
}

#[tokio::test]
async fn when_a_ready_photo_is_asked_for_then_everyone_sees_it_whole() {
    let world = World::new().await;
    let photo = world.ready_photo().await;
    let (id, token) = (photo.id.to_string(), testkit::token_for(&ben(), testkit::START));
    world.engine.reset_usage();
    let answer = world.send(event("photo", "get", &[("photo_id", &id), ("token", &token)])).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let usage = world.engine.usage();
    assert_eq!((usage.round_trips, usage.writes()), (1, 0));
    assert!(usage.read_units <= 2.0, "{usage:?}");
    let urls = |n: usize| {
        let at = |size: &str| format!("{CDN}/photos/{size}/{SECRET}/{n}.jpg");
        json!({ "small": at("small"), "medium": at("medium"), "large": at("large") })
    };
    let expected = json!({
        "photo_id": id,
        "user_id": "1",
        "username": "ada",
        "profile_pic": format!("{CDN}/photos/profile/small/1.jpg"),
        "url": format!("{CDN}/photos/large/{SECRET}/0.jpg"),
        "thumbnail_urls": urls(0),
        "caption": "High tide",
        "created_at": "2026-11-22T12:00:00.000Z",
        "audience": "everyone",
        "likes_count": 0,
        "hide_like_count": false,
        "comments": "everyone",
        "comments_count": 0,
        "liked_by_user": false,
        "saved_by_user": false,
        "media": [
            { "width": 1080, "height": 720, "alt": "a wave", "blurhash": "LEHV6nWB2yk8pyo0adR*.7kCMdnj", "urls": urls(0) },
            { "width": 1080, "height": 720, "alt": null, "blurhash": "LEHV6nWB2yk8pyo0adR*.7kCMdnj", "urls": urls(1) },
        ],
        "tags": ["sea"],
        "location": "Brighton",
        "status": "ready",
    });
    assert_eq!(answer.json, expected);
}

#[tokio::test]
async fn when_bytes_are_shared_then_addresses_are_not_and_the_author_is_told() {
    let world = World::new().await;
    let other = PhotoId::try_from(5).unwrap();
    let place = MediumPlace { photo: other, index: 3 };
    let photo = world.ready_like(Some(place), Some(other)).await;
    for (caller, similar) in [(ada(), Some(&json!("5"))), (ben(), None)] {
        let shown = world.send(world.request("GET", photo.id, &caller)).await.json;
        for (at, wanted) in [
            ("/url", "large", 0),
            ("/thumbnail_urls/small", "small", 0),
            ("/media/0/urls/medium", "medium", 0),
            ("/media/1/urls/large", "large", 1),
        ]
        .map(|(at, size, index)| (at, format!("{CDN}/photos/{size}/{SECRET}/{index}.jpg")))
        {
            assert_eq!(shown.pointer(at), Some(&json!(wanted)), "{at}");
        }
        assert_eq!(shown["media"][1].get("similar_to"), similar, "{}", caller.username);
    }
    let edit = world.request("PATCH", photo.id, &ada()).json(&json!({ "caption": "Low tide" }));
    assert_eq!(world.send(edit).await.json["media"][0]["similar_to"], "5");
}

#[tokio::test]
async fn when_the_caller_likes_a_photo_then_it_says_so_to_them_alone() {
    let world = World::new().await;
    let photo = world.ready_photo().await;
    let like = table::like::Like { author: photo.author, username: "ben".to_owned(), at: testkit::START };
    table::like::add(&world.table, ben().user_id, photo.id, &like).await.unwrap();
    assert_eq!(world.send(world.request("GET", photo.id, &ben())).await.json["liked_by_user"], true);
    assert_eq!(world.send(world.request("GET", photo.id, &ada())).await.json["liked_by_user"], false);
}

#[tokio::test]
async fn when_a_photo_is_not_ready_then_only_its_author_sees_its_progress() {
    let world = World::new().await;
    let photo = world.photo().await;
    let answer = world.send(world.request("GET", photo.id, &ada())).await;
    assert_eq!((answer.status, &answer.json["status"]), (200, &json!("processing")));
    assert_eq!(answer.json["media"][0]["width"], Value::Null);
    assert_eq!(answer.json.get("failure"), None);

    let failure = Failure { code: "image_corrupt".to_owned(), detail: "The file is damaged.".to_owned() };
    table::photo::fail(&world.table, photo.id, &failure).await.unwrap();
    let answer = world.send(world.request("GET", photo.id, &ada())).await;
    assert_eq!(answer.json["status"], "failed");
    assert_eq!(answer.json["failure"], json!({ "code": "image_corrupt", "detail": "The file is damaged." }));

    for method in ["GET", "DELETE"] {
        let answer = world.send(world.request(method, photo.id, &ben())).await;
        assert_eq!((answer.status, answer.code()), (404, "photo_not_found"));
    }
    let answer =
        world.send(world.request("PATCH", photo.id, &ben()).json(&json!({ "caption": "mine" }))).await;
    assert_eq!((answer.status, answer.code()), (404, "photo_not_found"));
}

#[tokio::test]
async fn when_there_is_no_such_photo_then_it_is_not_found() {
    let world = World::new().await;
    let own = world.ready_photo().await.id;
    let zeros = format!("0{own}");
    for id in ["1", "0", "-1", "+1", " 1", "x", "9223372036854775808", &zeros] {
        for method in ["GET", "PATCH", "DELETE"] {
            let request = world.request(method, id, &ada()).json(&json!({ "caption": "x" }));
            let answer = world.send(request).await;
            assert_eq!((answer.status, answer.code()), (404, "photo_not_found"), "{method} {id}");
        }
    }
}

#[tokio::test]
async fn when_its_author_edits_a_photo_then_only_the_named_fields_change() {
    let world = World::new().await;
    let photo = world.ready_photo().await;
    let (id, token) = (photo.id.to_string(), testkit::token_for(&ada(), testkit::START));
    world.engine.reset_usage();
    let answer = world.send(event("photo", "edit", &[("photo_id", &id), ("token", &token)])).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let usage = world.engine.usage();
    assert_eq!((usage.round_trips, usage.writes()), (2, 1));
    assert!(usage.write_units <= 2.0 && usage.read_units <= 2.0, "{usage:?}");
    assert_eq!(answer.json["caption"], "Low tide");
    assert_eq!(answer.json["location"], Value::Null);
    assert_eq!(answer.json["tags"], json!(["sea", "sand"]));
    let stored = world.stored(&photo).await.unwrap();
    assert_eq!(stored.caption, Caption::parse("Low tide").unwrap());
    assert_eq!((stored.place, stored.media, stored.state), (None, photo.media.clone(), photo.state));

    let answer = world.send(world.request("PATCH", photo.id, &ada()).json(&json!({ "tags": [] }))).await;
    assert_eq!((&answer.json["caption"], &answer.json["tags"]), (&json!("Low tide"), &json!([])));
    let answer = world.send(world.request("PATCH", photo.id, &ada()).json(&json!({}))).await;
    assert_eq!((answer.status, &answer.json["caption"]), (200, &json!("Low tide")));
}

#[tokio::test]
async fn when_its_author_mutes_a_photo_then_that_is_kept_and_said_to_them_alone() {
    let world = World::new().await;
    let photo = world.ready_photo().await;
    let muted = async |caller: Caller| {
        let shown = world.send(world.request("GET", photo.id, &caller)).await.json;
        shown.get("notifications_muted").cloned()
    };
    assert_eq!((muted(ada()).await, muted(ben()).await), (Some(json!(false)), None));
    for on in [true, false] {
        let edit = async |body: Value| {
            let answer = world.send(world.request("PATCH", photo.id, &ada()).json(&body)).await;
            assert_eq!((answer.status, &answer.json["notifications_muted"]), (200, &json!(on)), "{body}");
        };
        world.engine.reset_usage();
        edit(json!({ "notifications_muted": on })).await;
        let usage = world.engine.usage();
        assert_eq!((usage.round_trips, usage.writes()), (2, 1));
        assert!(usage.write_units <= 2.0 && usage.read_units <= 2.0, "{usage:?}");
        for other in [json!({ "caption": on.to_string() }), json!({ "notifications_muted": null })] {
            edit(other).await;
        }
        assert_eq!((muted(ada()).await, muted(ben()).await), (Some(json!(on)), None));
    }
    let answer = world
        .send(world.request("PATCH", photo.id, &ben()).json(&json!({ "notifications_muted": true })))
        .await;
    assert_eq!((answer.status, answer.code()), (403, "not_your_photo"));
    assert!(!world.stored(&photo).await.unwrap().muted);
}

#[tokio::test]
async fn when_texts_are_maximal_then_they_are_shown_edited_and_deleted_whole() {
    let world = World::new().await;
    let id = PhotoId::generate(ada().user_id, &world.clock, &world.random);
    let draft = testkit::maximal::draft(id, AddressSecret::from(0xada), &ada());
    table::photo::create(&world.table, &draft, None).await.unwrap();
    world.engine.reset_usage();
    let shown = world.send(world.request("GET", id, &ada())).await.json;
    let usage = world.engine.usage();
    assert!(usage.round_trips == 2 && usage.read_units <= 9.5, "{usage:?}");
    assert_eq!(shown["caption"], draft.caption.as_ref().unwrap().as_str());
    assert_eq!(shown["media"][9]["alt"], draft.media[9].alt.as_ref().unwrap().as_str());

    let edit = world.request("PATCH", id, &ada()).json(&json!({ "location": "Brighton" }));
    let edited = world.send(edit).await.json;
    let again = world.send(world.request("GET", id, &ada())).await.json;
    for answer in [&edited, &again] {
        assert_eq!(answer["location"], "Brighton");
        for text in ["caption", "media", "tags"] {
            assert_eq!(answer[text], shown[text], "{text}");
        }
    }
    assert_eq!(world.send(world.request("DELETE", id, &ben())).await.code(), "photo_not_found");
    assert_eq!(world.send(world.request("DELETE", id, &ada())).await.status, 204);
    assert_eq!(world.send(world.request("GET", id, &ada())).await.code(), "photo_not_found");
}

#[tokio::test]
async fn when_two_hundred_photos_were_deleted_in_an_hour_then_the_next_waits() {
    let world = World::new().await;
    let (first, second) = (world.ready_photo().await, world.ready_photo().await);
    let quotas = Quotas::new(world.table.clone(), 1);
    let used = quotas.take(&quota::DELETIONS, ada().user_id, &[199], testkit::START).await.unwrap();
    assert!(used.is_ok());
    assert_eq!(world.send(world.request("DELETE", first.id, &ada())).await.status, 204);
    let refusing = world.send(world.request("DELETE", second.id, &ada()));
    let (refused, metrics) = runtime::metrics::counted(Box::pin(refusing)).await;
    assert_eq!((refused.status, refused.code()), (429, "too_many_deletions"));
    assert_eq!(metrics["quota_deletions_refused"], 1);
    assert!(world.stored(&second).await.is_some());
    let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    world.clock.advance(std::time::Duration::from_secs(wait));
    assert_eq!(world.send(world.request("DELETE", second.id, &ada())).await.status, 204);
}

#[tokio::test]
async fn when_alternative_texts_are_changed_then_only_those_media_change() {
    let world = World::new().await;
    let photo = world.ready_photo().await;
    let edit = async |media: Value| {
        let request = world.request("PATCH", photo.id, &ada()).json(&json!({ "media": media }));
        let answer = world.send(request).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let alt = |index: usize| answer.json["media"][index]["alt"].clone();
        [alt(0), alt(1)]
    };
    world.engine.reset_usage();
    let changed = edit(json!([{ "index": 1, "alt": " A pier\r\nat night " }])).await;
    assert_eq!(changed, [json!("a wave"), json!("A pier\nat night")]);
    let usage = world.engine.usage();
    assert_eq!((usage.round_trips, usage.writes()), (2, 1));
    assert!(usage.write_units <= 2.0, "{usage:?}");
    // Empty text removes; null and absent stay.
    assert_eq!(edit(json!([{ "index": 0, "alt": "" }])).await, [Value::Null, json!("A pier\nat night")]);
    for kept in [json!([{ "index": 1, "alt": null }]), json!([{ "index": 1 }]), json!([]), Value::Null] {
        assert_eq!(edit(kept).await, [Value::Null, json!("A pier\nat night")]);
    }
    let both = json!([{ "index": 1, "alt": "b" }, { "index": 0, "alt": "a" }]);
    assert_eq!(edit(both).await, [json!("a"), json!("b")]);
    let stored = world.stored(&photo).await.unwrap();
    let rendered =
        |photo: &Photo| photo.media.iter().map(|medium| medium.rendered.clone()).collect::<Vec<_>>();
    assert_eq!((rendered(&stored), stored.caption), (rendered(&photo), photo.caption));
}

#[tokio::test]
async fn when_a_photo_is_processed_then_its_alternative_texts_can_be_changed() {
    let world = World::new().await;
    let photo = world.photo().await;
    let body = json!({ "media": [{ "index": 1, "alt": "late" }], "caption": null });
    let answer = world.send(world.request("PATCH", photo.id, &ada()).json(&body)).await;
    assert_eq!((answer.status, &answer.json["media"][1]["alt"]), (200, &json!("late")));
    assert_eq!(answer.json["caption"], "High tide");
}

#[tokio::test]
async fn when_an_edit_breaks_a_rule_then_it_is_named_and_nothing_changes() {
    let world = World::new().await;
    let photo = world.ready_photo().await;
    let many: Vec<String> = (0..31).map(|n| format!("tag{n}")).collect();
    let cases = [
        (json!({ "caption": "x".repeat(2201), "tags": ["fine"] }), "caption_too_long"),
        (json!({ "caption": "fine", "location": "x".repeat(101) }), "location_too_long"),
        (json!({ "caption": "fine", "tags": many }), "too_many_tags"),
        (json!({ "caption": "fine", "tags": ["#not a tag"] }), "tag_invalid"),
        (json!({ "caption": "fine", "tags": ["x".repeat(101)] }), "tag_too_long"),
        (json!({ "caption": 7 }), "bad_json"),
        (json!({ "media": [{ "index": 0, "alt": "x".repeat(1001) }] }), "alt_too_long"),
        (json!({ "caption": "fine", "media": [{ "index": 2, "alt": "x" }] }), "medium_invalid"),
        (json!({ "media": [{ "index": 10, "alt": "x" }] }), "medium_invalid"),
        (json!({ "media": [{ "index": 0, "alt": "x" }, { "index": 0, "alt": "y" }] }), "medium_invalid"),
        (json!({ "media": [{ "index": 0, "alt": "x" }, { "index": 2, "alt": "" }] }), "medium_invalid"),
        (json!({ "media": [{ "alt": "x" }] }), "bad_json"),
        (json!({ "media": [{ "index": -1, "alt": "x" }] }), "bad_json"),
        (json!({ "media": [{ "index": "+0", "alt": "x" }] }), "bad_json"),
        (json!([]), "bad_json"),
    ];
    for (body, code) in cases {
        let answer = world.send(world.request("PATCH", photo.id, &ada()).json(&body)).await;
        assert_eq!((answer.status, answer.code()), (400, code));
    }
    let answer = world.send(world.request("PATCH", photo.id, &ada()).body("{")).await;
    assert_eq!((answer.status, answer.code()), (400, "bad_json"));
    assert_eq!(world.stored(&photo).await, Some(photo));
}

#[tokio::test]
async fn when_somebody_else_changes_a_photo_then_it_is_forbidden() {
    let world = World::new().await;
    let photo = world.ready_photo().await;
    for request in [
        world.request("PATCH", photo.id, &ben()).json(&json!({ "caption": "mine" })),
        world.request("PATCH", photo.id, &ben()).json(&json!({})),
        world.request("PATCH", photo.id, &ben()).json(&json!({ "media": [{ "index": 0, "alt": "mine" }] })),
        world.request("PATCH", photo.id, &ben()).json(&json!({ "media": [{ "index": 9, "alt": "mine" }] })),
        world.request("DELETE", photo.id, &ben()),
    ] {
        let answer = world.send(request).await;
        assert_eq!((answer.status, answer.code()), (403, "not_your_photo"));
    }
    assert_eq!(world.stored(&photo).await, Some(photo));
}

#[tokio::test]
async fn when_its_author_deletes_a_photo_then_it_is_gone_and_in_the_stream() {
    let world = World::new().await;
    let photo = world.ready_photo().await;
    world.engine.stream().await;
    world.engine.reset_usage();
    let (id, token) = (photo.id.to_string(), testkit::token_for(&ada(), testkit::START));
    let answer = world.send(event("photo", "delete", &[("photo_id", &id), ("token", &token)])).await;
    assert_eq!((answer.status, &answer.json), (204, &Value::Null));
    let usage = world.engine.usage();
    assert_eq!((usage.round_trips, usage.requests, usage.writes()), (2, 3, 2));
    assert!(usage.write_units <= 2.0 && usage.read_units <= 1.0, "{usage:?}");
    assert_eq!(world.stored(&photo).await, None);
    let names: Vec<_> = world.engine.stream().await.into_iter().map(|record| record.event_name).collect();
    assert_eq!(names, ["INSERT", "REMOVE"], "the quota's item and the photo");
    let again = world.send(world.request("DELETE", photo.id, &ada())).await;
    assert_eq!((again.status, again.code()), (404, "photo_not_found"));
}

#[tokio::test]
async fn when_a_photo_is_deleted_while_it_is_processed_then_it_is_gone() {
    let world = World::new().await;
    let photo = world.photo().await;
    assert_eq!(world.send(world.request("DELETE", photo.id, &ada())).await.status, 204);
    assert_eq!(world.stored(&photo).await, None);
}

#[tokio::test]
async fn when_the_token_is_bad_then_nothing_is_shown_or_changed() {
    let world = World::new().await;
    let photo = world.ready_photo().await;
    let route = |method: &str| {
        Request::to(&format!("{method} /api/v1/photos/{{photo_id}}")).path("photo_id", photo.id)
    };
    let forged = testkit::forged_token_for(&ada(), testkit::START);
    for method in ["GET", "PATCH", "DELETE"] {
        let missing = world.send(route(method)).await;
        assert_eq!((missing.status, missing.code()), (401, "token_missing"));
        let forged = world.send(route(method).token(&forged)).await;
        assert_eq!((forged.status, forged.code()), (401, "token_invalid"));
    }
    let old = world.request("DELETE", photo.id, &ada());
    world.clock.advance_days(1);
    assert_eq!(world.send(old).await.code(), "token_expired");
    assert!(world.stored(&photo).await.is_some());
}

#[tokio::test]
async fn when_the_table_throttles_then_the_client_is_asked_to_retry() {
    let world = World::new().await;
    let photo = world.ready_photo().await;
    world.engine.fail_next("DeleteItem", testkit::ATTEMPTS, Fault::Throttled);
    let answer = world.send(world.request("DELETE", photo.id, &ada())).await;
    assert_eq!((answer.status, answer.code()), (503, "temporarily_unavailable"));
    assert_eq!(answer.header("retry-after"), Some("1"));
    assert!(world.stored(&photo).await.is_some());
}

#[tokio::test]
async fn when_the_session_has_ended_then_no_photo_is_edited_or_deleted() {
    let world = World::new().await;
    let photo = world.ready_photo().await;
    let session = OldSession::open(&world.table, &world.clock, &ada()).await;
    session.end(&world.table).await;
    for (case, status) in [("edit", 401), ("delete", 401), ("get", 200)] {
        let values = [("photo_id", &*photo.id.to_string()), ("token", &*session.token)];
        let answer = world.send(event("photo", case, &values)).await;
        assert_eq!(answer.status, status, "{case}: {answer:?}");
        assert_eq!(answer.code(), if status == 401 { "session_ended" } else { "" });
    }
    assert_eq!(world.stored(&photo).await.as_ref(), Some(&photo));
}

#[tokio::test]
async fn when_a_photo_is_changed_then_its_session_is_read_beside_it() {
    let world = World::new().await;
    let photo = world.ready_photo().await;
    let session = OldSession::open(&world.table, &world.clock, &ada()).await;
    // Photo, like, what is saved and session side by side, then the write; photo, quota and session, then the write.
    for (case, reads) in [("edit", 2.5), ("delete", 1.0)] {
        world.engine.reset_usage();
        let values = [("photo_id", &*photo.id.to_string()), ("token", &*session.token)];
        let answer = world.send(event("photo", case, &values)).await;
        assert!(answer.status < 300, "{answer:?}");
        let usage = world.engine.usage();
        assert_eq!(usage.round_trips, 2, "{case} {usage:?}");
        assert!(usage.read_units <= reads, "{case} {usage:?}");
    }
}

#[tokio::test]
async fn when_a_client_has_the_photo_as_it_is_then_it_gets_no_body() {
    let world = World::new().await;
    let photo = world.ready_photo().await;
    let show = || world.request("GET", photo.id, &ben());
    let answer = world.send(show()).await;
    assert_eq!(answer.header("cache-control"), Some("private, no-cache"));
    let etag = answer.header("etag").unwrap().to_owned();
    let same = world.send(show().header("if-none-match", &etag)).await;
    assert_eq!((same.status, &same.json), (304, &Value::Null));
    assert_eq!((same.header("etag"), same.header("content-type")), (Some(etag.as_str()), None));
    // It is another answer for a viewer who likes it, and after a change.
    let edge = Like { author: ada().user_id, username: "ada".to_owned(), at: testkit::START };
    table::like::add(&world.table, ada().user_id, photo.id, &edge).await.unwrap();
    let other = world.send(world.request("GET", photo.id, &ada()).header("if-none-match", &etag)).await;
    assert_eq!(other.status, 200);
    let edit = world.request("PATCH", photo.id, &ada()).json(&json!({ "caption": "Ebb" }));
    let edited = world.send(edit.header("if-none-match", "*")).await;
    assert_eq!((edited.status, edited.header("etag")), (200, None));
    let changed = world.send(show().header("if-none-match", &etag)).await;
    assert_eq!((changed.status, &changed.json["caption"]), (200, &json!("Ebb")));
    // Whoever may not see it learns nothing from a validator.
    let gone = PhotoId::try_from(1).unwrap();
    let absent = world.send(world.request("GET", gone, &ben()).header("if-none-match", "*")).await;
    assert_eq!((absent.status, absent.header("cache-control")), (404, Some("no-store")));
}

#[tokio::test]
async fn a_private_photo_costs_one_round_trip_more_and_what_is_hidden_looks_absent() {
    let world = World::new().await;
    let photo = world.ready_photo().await;
    table::privacy::set_audience(&world.table, &[photo.id], Audience::Followers, 1).await.unwrap();
    let public = world.ready_photo().await;
    let (fan, stranger, blocked) = (caller(3, "fan"), caller(4, "stranger"), caller(5, "blocked"));
    for who in [&fan, &blocked] {
        let edge = Follow { username: who.username.clone(), at: testkit::START, accepted_at: None };
        table::follow::add(&world.table, who.user_id, ada().user_id, &edge).await.unwrap();
    }
    testkit::hide(&world.table, &ada(), &blocked).await;
    let absent = PhotoId::try_from(1).unwrap();
    let draft = world.photo().await;
    let mut bodies = Vec::new();
    for (who, id, status) in [
        (&ada(), photo.id, 200),
        (&fan, photo.id, 200),
        (&stranger, photo.id, 404),
        (&blocked, photo.id, 404),
        (&blocked, public.id, 404),
        (&stranger, draft.id, 404),
        (&stranger, absent, 404),
    ] {
        for method in ["GET", "PATCH", "DELETE"] {
            if status == 200 && method != "GET" {
                continue;
            }
            world.engine.reset_usage();
            let answer = world.send(world.request(method, id, who).json(&json!({ "caption": "x" }))).await;
            let usage = world.engine.usage();
            let name = &who.username;
            assert_eq!(answer.status, status, "{method} {id} by {name}: {answer:?}");
            if status == 404 {
                bodies.push((method, usage.round_trips, answer.json));
            }
            if method == "GET" {
                let (trips, units) = if who.user_id == ada().user_id { (1, 2.0) } else { (2, 4.0) };
                assert_eq!(usage.round_trips, trips, "{id} by {name}: {usage:?}");
                assert!(usage.read_units <= units, "{id} by {name}: {usage:?}");
            }
        }
    }
    for (method, trips, body) in &bodies {
        let (_, same, first) = bodies.iter().find(|(other, ..)| other == method).unwrap();
        assert_eq!((trips, body), (same, first), "{method}");
    }
    let shown = world.send(world.request("GET", photo.id, &fan)).await;
    assert_eq!(shown.json["audience"], "followers");
    let shown = world.send(world.request("GET", public.id, &stranger)).await;
    assert_eq!(shown.json["audience"], "everyone");
}
