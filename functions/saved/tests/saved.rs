//! Saved photos through the handler, on the real table engine.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "helpers of tests are tests")]

use api::Caller;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::{PhotoId, quota};
use saved::SavedHandler;
use serde_json::{Value, json};
use table::keys::{ItemKey, RawKey};
use testkit::http::{Answer, Request, call, event};
use testkit::{OldSession, World, token_for};

const SAVE: &str = "POST /api/v1/photos/{photo_id}/save";
const UNSAVE: &str = "DELETE /api/v1/photos/{photo_id}/save";
const LIST: &str = "GET /api/v1/users/me/saved";
const COLLECTIONS: &str = "GET /api/v1/users/me/collections";
const CREATE: &str = "POST /api/v1/users/me/collections";
const RENAME: &str = "PATCH /api/v1/users/me/collections/{collection_id}";
const DELETE: &str = "DELETE /api/v1/users/me/collections/{collection_id}";

async fn send(world: &World, request: Request) -> Answer {
    let random = world.random.shared();
    let deps = SavedHandler::new(world.table.clone(), 1, "https://cdn.test", world.clock.shared(), random);
    call(&deps, &world.clock, request).await
}

async fn set(world: &World, key: &ItemKey, attribute: &str, value: AttributeValue) {
    let RawKey { pk, sk } = key.raw();
    let request = world.engine.client().update_item().table_name(world.engine.table_name());
    let request = request.key("pk", AttributeValue::S(pk)).key("sk", AttributeValue::S(sk));
    let request = request
        .update_expression("SET #attribute = :value")
        .expression_attribute_names("#attribute", attribute);
    request.expression_attribute_values(":value", value).send().await.unwrap();
}

async fn save(world: &World, who: &Caller, photo: PhotoId, into: Option<&str>) -> Answer {
    let request = Request::to(SAVE).path("photo_id", photo).by(who, &world.clock);
    send(world, into.iter().fold(request, |request, into| request.json(&json!({ "collection": into })))).await
}

async fn list(world: &World, who: &Caller, query: &[(&str, &str)]) -> Value {
    let request = Request::to(LIST).by(who, &world.clock);
    let answer =
        send(world, query.iter().fold(request, |request, (name, value)| request.query(name, *value))).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json
}

fn ids(page: &Value) -> Vec<String> {
    page["photos"]
        .as_array()
        .unwrap()
        .iter()
        .map(|photo| photo["photo_id"].as_str().unwrap().to_owned())
        .collect()
}

async fn collection(world: &World, who: &Caller, name: &str) -> String {
    let answer = send(world, Request::to(CREATE).by(who, &world.clock).json(&json!({ "name": name }))).await;
    assert_eq!((answer.status, &answer.json["name"]), (201, &json!(name)));
    answer.json["collection_id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn when_photos_are_saved_then_their_saver_alone_has_them_newest_first() {
    let world = World::new().await;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let photos = [world.post(&ann).await, world.post(&ann).await, world.post(&ann).await];
    for photo in [photos[2], photos[0], photos[0]] {
        assert_eq!(save(&world, &bob, photo, None).await.status, 204);
    }
    let page = list(&world, &bob, &[]).await;
    assert_eq!(ids(&page), [photos[2].to_string(), photos[0].to_string()]);
    assert!(page["photos"][0]["saved_by_user"].as_bool().unwrap() && !page["has_more"].as_bool().unwrap());
    assert_eq!(ids(&list(&world, &ann, &[]).await), Vec::<String>::new());

    let unsave = Request::to(UNSAVE).path("photo_id", photos[2]).by(&bob, &world.clock);
    for _ in 0..2 {
        assert_eq!(send(&world, unsave.clone()).await.status, 204);
    }
    assert_eq!(ids(&list(&world, &bob, &[]).await), [photos[0].to_string()]);
}

#[tokio::test]
async fn when_the_list_is_read_in_pages_then_each_photo_comes_once() {
    let world = World::new().await;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let mut photos = Vec::new();
    for _ in 0..5 {
        let photo = world.post(&ann).await;
        save(&world, &bob, photo, None).await;
        photos.insert(0, photo.to_string());
    }
    let first = list(&world, &bob, &[("count", "2")]).await;
    let cursor = first["next_cursor"].as_str().unwrap();
    // What is saved meanwhile above the position is not met again.
    save(&world, &bob, world.post(&ann).await, None).await;
    let second = list(&world, &bob, &[("count", "2"), ("cursor", cursor)]).await;
    let cursor = second["next_cursor"].as_str().unwrap();
    let third = list(&world, &bob, &[("count", "2"), ("cursor", cursor)]).await;
    assert_eq!([ids(&first), ids(&second), ids(&third)].concat(), photos);
    assert_eq!((&third["has_more"], &third["next_cursor"]), (&json!(false), &Value::Null));
}

#[tokio::test]
async fn when_a_photo_is_gone_or_hidden_then_it_is_left_out_and_others_take_its_place() {
    let world = World::new().await;
    let people = [world.person("ann").await, world.person("cat").await, world.person("dan").await];
    let [ann, cat, dan] = &people;
    let bob = world.person("bob").await;
    let mut shown = Vec::new();
    for author in [ann, cat, dan, ann, cat, dan, ann] {
        let photo = world.post(author).await;
        save(&world, &bob, photo, None).await;
        if author.user_id == ann.user_id {
            shown.insert(0, photo);
        }
    }
    let gone = shown.remove(1);
    assert!(table::photo::delete(&world.table, gone, ann.user_id).await.unwrap());
    // Cat's photos are for followers by now, and Dan blocks Bob.
    for photo in list(&world, &bob, &[]).await["photos"].as_array().unwrap() {
        if photo["user_id"] == cat.user_id.to_string() {
            let photo = photo["photo_id"].as_str().unwrap().parse().unwrap();
            set(&world, &ItemKey::Photo(photo), "audience", AttributeValue::S("followers".into())).await;
        }
    }
    let dan = AttributeValue::B(dan.user_id.get().to_be_bytes().to_vec().into());
    set(&world, &ItemKey::Circle(bob.user_id), "version", AttributeValue::N("1".into())).await;
    set(&world, &ItemKey::Circle(bob.user_id), "blocked_by", dan).await;
    let (mut pages, mut cursor) = (Vec::new(), None);
    loop {
        let query: Vec<(&str, &str)> =
            cursor.iter().map(|cursor: &String| ("cursor", cursor.as_str())).collect();
        let page = list(&world, &bob, &[&[("count", "2")], &query[..]].concat()).await;
        pages.extend(ids(&page));
        cursor = page["next_cursor"].as_str().map(str::to_owned);
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(pages, shown.iter().map(ToString::to_string).collect::<Vec<_>>());
}

#[tokio::test]
async fn when_a_photo_is_not_to_be_seen_then_it_is_not_found_and_nothing_is_saved() {
    let world = World::new().await;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let (pending, private) = (world.draft(&ann, 1).await.id, world.post(&ann).await);
    set(&world, &ItemKey::Photo(private), "audience", AttributeValue::S("followers".into())).await;
    let nowhere = PhotoId::try_from(7).unwrap();
    for photo in [pending, private, nowhere] {
        let answer = save(&world, &bob, photo, None).await;
        assert_eq!((answer.status, answer.code()), (404, "photo_not_found"));
        assert!(!table::saved::exists(&world.table, bob.user_id, photo).await.unwrap());
    }
    // A follower sees the private one, and their saved photo shows it.
    world.follow(&bob, &ann).await;
    assert_eq!(save(&world, &bob, private, None).await.status, 204);
    set(&world, &ItemKey::Followings(bob.user_id), "version", AttributeValue::N("1".into())).await;
    let newest = AttributeValue::B(ann.user_id.get().to_be_bytes().to_vec().into());
    set(&world, &ItemKey::Followings(bob.user_id), "newest", newest).await;
    assert_eq!(ids(&list(&world, &bob, &[]).await), [private.to_string()]);
}

#[tokio::test]
async fn when_photos_are_put_into_collections_then_each_lists_its_own() {
    let world = World::new().await;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let (sea, lakes) =
        (collection(&world, &bob, "By the sea").await, collection(&world, &bob, "Lakes").await);
    let photos = [world.post(&ann).await, world.post(&ann).await, world.post(&ann).await];
    for (photo, into) in [(photos[0], &sea), (photos[1], &lakes), (photos[2], &sea), (photos[2], &lakes)] {
        assert_eq!(save(&world, &bob, photo, Some(into)).await.status, 204);
    }
    let of = async |collection: &str, count| {
        ids(&list(&world, &bob, &[("collection", collection), ("count", count)]).await)
    };
    assert_eq!(of(&sea, "20").await, [photos[2].to_string(), photos[0].to_string()]);
    assert_eq!(of(&lakes, "1").await, [photos[2].to_string()]);
    let first = list(&world, &bob, &[("collection", &sea), ("count", "1")]).await;
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = list(&world, &bob, &[("collection", &sea), ("count", "1"), ("cursor", cursor)]).await;
    assert_eq!((ids(&second), &second["has_more"]), (vec![photos[0].to_string()], &json!(false)));

    let out = Request::to(UNSAVE).path("photo_id", photos[2]).by(&bob, &world.clock);
    assert_eq!(send(&world, out.json(&json!({ "collection": sea }))).await.status, 204);
    assert_eq!(of(&sea, "20").await, [photos[0].to_string()]);
    assert_eq!(ids(&list(&world, &bob, &[]).await).len(), 3);
}

#[tokio::test]
async fn when_collections_are_renamed_and_deleted_then_their_photos_stay_saved() {
    let world = World::new().await;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let (sea, lakes) =
        (collection(&world, &bob, "By the sea").await, collection(&world, &bob, "Lakes").await);
    save(&world, &bob, world.post(&ann).await, Some(&sea)).await;
    let to = |route: &str, who: &Caller| Request::to(route).path("collection_id", &sea).by(who, &world.clock);
    let renamed = send(&world, to(RENAME, &bob).json(&json!({ "name": " Seaside " }))).await;
    assert_eq!((renamed.status, &renamed.json["name"]), (200, &json!("Seaside")));
    // Nobody else's collections are reached.
    for request in [to(RENAME, &ann).json(&json!({ "name": "Mine" })), to(DELETE, &ann)] {
        let answer = send(&world, request).await;
        assert_eq!((answer.status, answer.code()), (404, "collection_not_found"));
    }
    let all = async || send(&world, Request::to(COLLECTIONS).by(&bob, &world.clock)).await.json;
    let names = |all: &Value| -> Vec<String> {
        let all = all["collections"].as_array().unwrap().iter();
        all.map(|one| one["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(&all().await), ["Seaside", "Lakes"]);
    assert_eq!(send(&world, to(DELETE, &bob)).await.status, 204);
    assert_eq!(send(&world, to(DELETE, &bob)).await.status, 404);
    assert_eq!(names(&all().await), ["Lakes"]);
    assert_eq!(ids(&list(&world, &bob, &[]).await).len(), 1);
    let photo = world.post(&ann).await;
    let answer = save(&world, &bob, photo, Some(&sea)).await;
    assert_eq!((answer.status, answer.code()), (404, "collection_not_found"));
    assert!(!table::saved::exists(&world.table, bob.user_id, photo).await.unwrap());
    assert_eq!(save(&world, &bob, photo, Some(&lakes)).await.status, 204);
}

#[tokio::test]
async fn when_limits_are_reached_then_nothing_more_is_kept() {
    let world = World::new().await;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    for number in 0..100 {
        let id = domain::CollectionId::try_from(number).unwrap();
        let named = table::saved::Collection { name: number.to_string() };
        table::saved::create(&world.table, bob.user_id, id, &named).await.unwrap();
    }
    let create = Request::to(CREATE).by(&bob, &world.clock).json(&json!({ "name": "One more" }));
    let answer = send(&world, create.clone()).await;
    assert_eq!((answer.status, answer.code()), (409, "collections_full"));
    world.use_up(&quota::COLLECTIONS, bob.user_id, &[59]).await;
    let answer = send(&world, create).await;
    assert_eq!((answer.status, answer.code()), (429, "too_many_collections"));

    let photo = world.post(&ann).await;
    world.use_up(&quota::SAVES, bob.user_id, &[1_000]).await;
    let answer = save(&world, &bob, photo, None).await;
    assert_eq!((answer.status, answer.code()), (429, "too_many_saves"));
    assert!(!table::saved::exists(&world.table, bob.user_id, photo).await.unwrap());
}

#[tokio::test]
async fn when_a_photo_is_saved_then_it_costs_one_round_trip_and_one_write() {
    let world = World::new().await;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let photo = world.post(&ann).await;
    let into = collection(&world, &bob, "By the sea").await;
    world.engine.reset_usage();
    assert_eq!(save(&world, &bob, photo, Some(&into)).await.status, 204);
    let usage = world.engine.usage();
    assert_eq!((usage.round_trips, usage.writes()), (2, 2), "quota, item");
    assert!(usage.read_units <= 2.5 && usage.write_units <= 2.0, "{usage:?}");
}

#[tokio::test]
async fn when_a_page_of_the_largest_photos_is_read_then_it_keeps_its_budget() {
    let world = World::new().await;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    for _ in 0..21 {
        save(&world, &bob, world.post_maximal(&ann).await.id, None).await;
    }
    world.engine.reset_usage();
    list(&world, &bob, &[]).await;
    let usage = world.engine.usage();
    assert!(usage.round_trips <= 3 && usage.read_units <= 29.0, "{usage:?}");
}

#[tokio::test]
async fn when_the_session_has_ended_then_nothing_is_saved() {
    let world = World::new().await;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let photo = world.post(&ann).await;
    let session = OldSession::open(&world.table, &world.clock, &bob).await;
    session.end(&world.table).await;
    let requests = [
        Request::to(SAVE).path("photo_id", photo),
        Request::to(UNSAVE).path("photo_id", photo),
        Request::to(CREATE).json(&json!({ "name": "One" })),
        Request::to(RENAME).path("collection_id", 7).json(&json!({ "name": "One" })),
        Request::to(DELETE).path("collection_id", 7),
    ];
    for request in requests {
        let answer = send(&world, request.token(&session.token)).await;
        assert_eq!((answer.status, answer.code()), (401, "session_ended"));
    }
    assert!(!table::saved::exists(&world.table, bob.user_id, photo).await.unwrap());
}

#[tokio::test]
async fn when_the_recorded_events_arrive_then_they_are_answered() {
    let world = World::new().await;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let photo = world.post(&ann).await.to_string();
    let token = token_for(&bob, testkit::START);
    let id = collection(&world, &bob, "Sea").await;
    let (photo, one) = (("photo_id", photo.as_str()), ("collection_id", id.as_str()));
    for (name, named, status) in [
        ("save", Some(photo), 204),
        ("list", None, 200),
        ("unsave", Some(photo), 204),
        ("create", None, 201),
        ("collections", None, 200),
        ("rename", Some(one), 200),
        ("delete", Some(one), 204),
    ] {
        let values: Vec<_> = named.into_iter().chain([("token", token.as_str())]).collect();
        let random = world.random.shared();
        let deps =
            SavedHandler::new(world.table.clone(), 1, "https://cdn.test", world.clock.shared(), random);
        let answer = call(&deps, &world.clock, event("saved", name, &values)).await;
        assert_eq!(answer.status, status, "{name}: {answer:?}");
    }
}
