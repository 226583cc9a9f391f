//! Somebody's photos, page by page.

use domain::cursor::List;
use domain::photo::State;
use domain::{PhotoId, Relation};
use serde_json::json;
use table::like::{self, Like};
use table::relations::EdgeState;
use table::{Order, photo};
use testkit::http::{Request, call};
use testkit::{Fault, START};

use crate::world::{CDN, World, ids};

const PHOTOS: &str = "GET /api/v1/users/{user_id}/photos";

#[tokio::test]
async fn when_somebodys_photos_are_listed_then_each_is_shown_as_it_is() {
    let world = World::new().await;
    let [newest, older] = world.photos(1..3).await[..] else { panic!("two photos") };
    let like = Like { author: world.bob.user_id, username: "Ada".to_owned(), at: START };
    like::add(&world.table, world.ada.user_id, older, &like).await.unwrap();
    table::settle(
        &world.table,
        vec![EdgeState::since(Relation::Like(world.ada.user_id, older), Some(START))],
        Order::InOrder,
    )
    .await
    .unwrap();

    let answer = world.event("photos", &[("user_id", "@bob")]).await;
    assert_eq!(
        (answer.status, &answer.json["has_more"], &answer.json["next_cursor"]),
        (200, &json!(false), &json!(null))
    );
    assert_eq!(ids(&answer.json), [newest, older]);
    let url = |size: &str| format!("{CDN}/photos/{size}/{:032x}/0.jpg", 1);
    let urls = json!({ "small": url("small"), "medium": url("medium"), "large": url("large") });
    let expected = json!({
        "photo_id": older,
        "user_id": world.bob.user_id,
        "username": "Bob",
        "profile_pic": format!("{CDN}/photos/profile/small/{}.jpg", world.bob.user_id),
        "url": url("large"),
        "thumbnail_urls": urls,
        "caption": "2 minutes ago",
        "created_at": "2026-11-22T11:58:00.000Z",
        "audience": "everyone",
        "likes_count": 1,
        "hide_like_count": false,
        "comments": "everyone",
        "comments_count": 0,
        "liked_by_user": true,
            "saved_by_user": false,
        "media": [{ "width": 1080, "height": 720, "alt": null, "blurhash": "LEHV6nWB2yk8pyo0adR*.7kCMdnj", "urls": urls }],
        "tags": [],
        "location": null,
    });
    assert_eq!(answer.json["photos"][1], expected);
    assert_eq!(answer.json["photos"][0]["liked_by_user"], false);
}

#[tokio::test]
async fn when_photos_are_paged_then_each_is_there_once_newest_first() {
    let world = World::new().await;
    let photos = world.photos(1..46).await;
    assert_eq!(world.walk(20).await, (photos.clone(), vec![20, 20, 5]));
    assert_eq!(world.walk(45).await, (photos.clone(), vec![45]), "a full page is not taken for one of many");
    assert_eq!(world.walk(50).await, (photos.clone(), vec![45]));
    // A photo posted meanwhile does not shift the pages.
    let first = world.page(20, None).await;
    world.photo(0, State::Ready).await;
    assert_eq!(ids(&world.page(20, first["next_cursor"].as_str()).await), photos[20..40]);
}

#[tokio::test]
async fn when_photos_are_maximal_then_pages_are_short_and_show_them_whole() {
    let world = testkit::World::new().await;
    let ann = world.person("ann").await;
    let deps = profile::ProfileHandler::new(world.table.clone(), 1, CDN, world.clock.shared());
    let mut posted = Vec::new();
    for _ in 0..5 {
        posted.insert(0, world.post_maximal(&ann).await.id);
    }
    world.derive().await;
    let (mut seen, mut cursor) = (Vec::new(), None::<String>);
    loop {
        let request = Request::to(PHOTOS).path("user_id", ann.user_id).by(&ann, &world.clock);
        let request = cursor.iter().fold(request, |request, cursor| request.query("cursor", cursor));
        world.engine.reset_usage();
        let page = call(&deps, &world.clock, request).await.json;
        let usage = world.engine.usage();
        assert!(usage.round_trips <= 3 && usage.read_units <= 20.0, "{usage:?}");
        let whole = |photo: &serde_json::Value| photo["caption"].as_str().unwrap().len() == 8_800;
        assert!(page["photos"].as_array().unwrap().iter().all(whole));
        seen.extend(ids(&page));
        cursor = page["next_cursor"].as_str().map(str::to_owned);
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(seen, posted);
}

#[tokio::test]
async fn when_the_photo_of_a_cursor_is_deleted_then_the_list_resumes_after_it() {
    let world = World::new().await;
    let photos = world.photos(1..8).await;
    let first = world.page(3, None).await;
    world.lose(&photos[2..3]).await;
    table::settle(
        &world.table,
        vec![EdgeState::timeline(world.bob.user_id, photos[2], None)],
        Order::InOrder,
    )
    .await
    .unwrap();
    assert_eq!(ids(&world.page(3, first["next_cursor"].as_str()).await), photos[3..6]);
}

#[tokio::test]
async fn when_photos_are_gone_then_the_page_is_refilled() {
    let world = World::new().await;
    let photos = world.photos(1..31).await;
    world.lose(&photos[3..9]).await;
    let left: Vec<PhotoId> = photos[..3].iter().chain(&photos[9..]).copied().collect();
    assert_eq!(ids(&world.page(20, None).await), left[..20]);
    assert_eq!(world.walk(10).await.0, left);
    world.lose(&left).await;
    assert_eq!(world.walk(10).await.0, []);
}

#[tokio::test]
async fn when_a_page_stays_short_then_it_still_has_a_cursor() {
    let world = World::new().await;
    let photos = world.photos(1..31).await;
    world.lose(&photos[..29]).await;
    let (shown, lengths) = world.walk(2).await;
    assert_eq!(shown, photos[29..]);
    assert_eq!(lengths[0], 0, "a page that stays short says that there is more: {lengths:?}");
}

#[tokio::test]
async fn when_a_photo_is_not_ready_then_no_list_shows_it_to_anyone() {
    let world = World::new().await;
    world.photo(3, State::Processing).await;
    world.photo(2, State::Failed).await;
    let ready = world.photo(1, State::Ready).await;
    assert_eq!(world.walk(20).await.0, [ready]);
    let own = testkit::http::Request::to(PHOTOS).path("user_id", "@bob").by(&world.bob, &world.clock);
    assert_eq!(ids(&world.call(own).await.json), [ready]);
}

#[tokio::test]
async fn when_somebody_has_no_photos_then_the_list_is_empty() {
    let world = World::new().await;
    assert_eq!(world.page(20, None).await, json!({ "photos": [], "next_cursor": null, "has_more": false }));
}

#[tokio::test]
async fn when_a_page_request_is_wrong_then_it_is_refused_before_any_read() {
    let world = World::new().await;
    let feed = List::Feed.cursor(&"pushed:7");
    for (name, value, code) in [
        ("count", "0", "bad_count"),
        ("count", "51", "bad_count"),
        ("count", "", "bad_count"),
        ("cursor", "!", "bad_cursor"),
        ("cursor", feed.as_str(), "bad_cursor"),
    ] {
        let answer = world.call(world.request(PHOTOS).path("user_id", "@bob").query(name, value)).await;
        assert_eq!((answer.status, answer.code()), (400, code), "{name}={value}");
    }
    assert_eq!(world.engine.usage().requests, 0);
}

#[tokio::test]
async fn when_a_batch_comes_back_unprocessed_then_no_photo_is_missing() {
    let world = World::new().await;
    let photos = world.photos(1..6).await;
    world.engine.fail_next("BatchGetItem", 1, Fault::Unprocessed);
    assert_eq!(ids(&world.page(20, None).await), photos);
}

#[tokio::test]
async fn when_a_full_page_is_read_then_it_is_two_round_trips() {
    let world = World::new().await;
    let photos = world.photos(1..30).await;
    let like = Like { author: world.bob.user_id, username: "Ada".to_owned(), at: START };
    for id in &photos[..10] {
        like::add(&world.table, world.ada.user_id, *id, &like).await.unwrap();
    }
    world.engine.reset_usage();
    let page = world.page(20, None).await;
    assert_eq!(ids(&page).len(), 20);
    assert_eq!(
        page["photos"].as_array().unwrap().iter().filter(|photo| photo["liked_by_user"] == true).count(),
        10
    );
    let usage = world.engine.usage();
    assert_eq!((usage.requests, usage.round_trips), (6, 2), "{usage:?}");
    assert!(usage.read_units <= 15.0, "{usage:?}");
    // A user named by name costs one get more.
    world.engine.reset_usage();
    world.event("photos", &[("user_id", "@bob")]).await;
    assert_eq!(world.engine.usage().round_trips, 3);
    assert!(photo::get(&world.table, photos[0]).await.unwrap().is_some());
}
