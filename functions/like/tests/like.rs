//! Likes through the handler, on the real table engine.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "helpers of tests are tests")]

use api::Caller;
use domain::{PhotoId, quota};
use like::LikeHandler;
use serde_json::{Value, json};
use table::keys::ItemKey;
use testkit::http::{Answer, Request, call, event};
use testkit::{OldSession, World, forged_token_for, token_for};

const LIKE: &str = "POST /api/v1/photos/{photo_id}/like";
const UNLIKE: &str = "DELETE /api/v1/photos/{photo_id}/like";
const LIKERS: &str = "GET /api/v1/photos/{photo_id}/likes";

fn deps(world: &World) -> LikeHandler {
    LikeHandler::new(world.table.clone(), 1, "https://cdn.test", world.clock.shared())
}

async fn ask(world: &World, route: &str, who: &Caller, photo: PhotoId) -> Answer {
    call(&deps(world), &world.clock, Request::to(route).path("photo_id", photo).by(who, &world.clock)).await
}

async fn likes(world: &World, who: &Caller, photo: PhotoId) -> bool {
    !table::like::liked_among(&world.table, who.user_id, &[photo]).await.unwrap().is_empty()
}

fn state(photo: PhotoId, likes_count: i64, liked_by_user: bool) -> Value {
    json!({ "photo_id": photo.to_string(), "likes_count": likes_count, "liked_by_user": liked_by_user })
}

#[tokio::test]
async fn when_a_photo_is_liked_twice_then_it_counts_once() {
    let world = World::new().await;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let photo = world.post(&ann).await;
    for derived in [false, true, true] {
        let answer = ask(&world, LIKE, &bob, photo).await;
        assert_eq!((answer.status, answer.json), (200, state(photo, 1, true)));
        if derived {
            world.derive().await;
        }
    }
    assert_eq!(table::photo::get(&world.table, photo).await.unwrap().unwrap().likes, 1);
}

#[tokio::test]
async fn when_a_photo_is_unliked_then_the_count_is_never_negative() {
    let world = World::new().await;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let photo = world.post(&ann).await;
    ask(&world, LIKE, &bob, photo).await;
    // The stream has counted neither the like nor the unlike yet.
    for _ in 0..2 {
        let answer = ask(&world, UNLIKE, &bob, photo).await;
        assert_eq!((answer.status, answer.json), (200, state(photo, 0, false)));
    }
    ask(&world, LIKE, &ann, photo).await;
    world.derive().await;
    assert_eq!(ask(&world, LIKE, &bob, photo).await.json, state(photo, 2, true));
    world.derive().await;
    assert_eq!(ask(&world, UNLIKE, &bob, photo).await.json, state(photo, 1, false));
}

#[tokio::test]
async fn when_a_photo_is_not_visible_then_it_is_not_found_and_nothing_changes() {
    let world = World::new().await;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let pending = world.draft(&ann, 1).await.id;
    let nowhere = PhotoId::try_from(1).unwrap();
    for (route, photo) in
        [(LIKE, pending), (UNLIKE, pending), (LIKERS, pending), (LIKE, nowhere), (LIKERS, nowhere)]
    {
        let answer = ask(&world, route, &bob, photo).await;
        assert_eq!((answer.status, answer.code()), (404, "photo_not_found"), "{route}");
    }
    assert!(!likes(&world, &bob, pending).await);
    // Authors see their own photos before they are ready.
    assert_eq!(ask(&world, LIKE, &ann, pending).await.status, 200);

    let request = Request::to(LIKE).path("photo_id", "sunset").by(&bob, &world.clock);
    assert_eq!(call(&deps(&world), &world.clock, request).await.code(), "photo_not_found");
}

#[tokio::test]
async fn when_a_liked_photo_is_gone_then_the_like_can_still_be_taken_back() {
    let world = World::new().await;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let photo = world.post(&ann).await;
    ask(&world, LIKE, &bob, photo).await;
    world.delete(&ann, photo).await;
    assert_eq!(ask(&world, LIKE, &bob, photo).await.code(), "photo_not_found");
    assert!(likes(&world, &bob, photo).await);
    assert_eq!(ask(&world, UNLIKE, &bob, photo).await.code(), "photo_not_found");
    assert!(!likes(&world, &bob, photo).await);
}

#[tokio::test]
async fn when_it_is_not_proven_who_asks_then_nothing_is_written() {
    let world = World::new().await;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let photo = world.post(&ann).await;
    world.engine.reset_usage();
    let request = Request::to(LIKE).path("photo_id", photo);
    let forged = request.clone().token(&forged_token_for(&bob, domain::Clock::now(&world.clock)));
    assert_eq!(call(&deps(&world), &world.clock, forged).await.code(), "token_invalid");
    assert_eq!(call(&deps(&world), &world.clock, request).await.code(), "token_missing");
    assert_eq!(world.engine.usage().requests, 0);
}

#[tokio::test]
async fn when_many_like_a_photo_then_they_are_paged_and_the_gone_are_skipped() {
    let world = World::new().await;
    let ann = world.person("ann").await;
    let photo = world.post(&ann).await;
    let fans = world.people("fan", 7).await;
    for fan in &fans {
        world.like(fan, &ann, photo).await;
    }
    world.derive().await;
    for gone in [1, 2, 6] {
        let key = ItemKey::User(fans[gone].user_id).raw();
        let delete = world.engine.client().delete_item().table_name(world.engine.table_name());
        let attribute = aws_sdk_dynamodb::types::AttributeValue::S;
        delete.key("pk", attribute(key.pk)).key("sk", attribute(key.sk)).send().await.unwrap();
    }
    let (mut seen, mut cursor, mut pages) = (Vec::new(), None::<String>, 0);
    loop {
        let mut request =
            Request::to(LIKERS).path("photo_id", photo).query("count", 2).by(&ann, &world.clock);
        if let Some(cursor) = &cursor {
            request = request.query("cursor", cursor);
        }
        let answer = call(&deps(&world), &world.clock, request).await;
        assert_eq!(answer.status, 200, "{}", answer.json);
        let users = answer.json["users"].as_array().unwrap().clone();
        seen.extend(users.iter().map(|user| user["username"].as_str().unwrap().to_owned()));
        cursor = answer.json["next_cursor"].as_str().map(str::to_owned);
        assert_eq!(answer.json["has_more"], cursor.is_some());
        // Only the last page may be short.
        assert!(users.len() == 2 || cursor.is_none());
        pages += 1;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(seen, ["fan0", "fan3", "fan4", "fan5"]);
    assert!(pages <= 3);
    let request = Request::to(LIKERS).path("photo_id", photo).query("cursor", "x").by(&ann, &world.clock);
    assert_eq!(call(&deps(&world), &world.clock, request).await.code(), "bad_cursor");
}

#[tokio::test]
async fn when_likers_are_listed_then_each_card_says_whom_the_caller_follows() {
    let world = World::new().await;
    let ann = world.person("ann").await;
    let photo = world.post(&ann).await;
    let fans = world.people("fan", 20).await;
    for fan in &fans {
        world.like(fan, &ann, photo).await;
    }
    world.follow(&ann, &fans[3]).await;
    world.follow(&fans[4], &ann).await;
    world.derive().await;
    world.engine.reset_usage();
    let page = ask(&world, LIKERS, &ann, photo).await.json;
    let users = page["users"].as_array().unwrap();
    let followed: Vec<&Value> =
        users.iter().filter(|user| user["followed_by_you"] == true).map(|user| &user["username"]).collect();
    assert_eq!((users.len(), followed), (20, vec![&json!("fan3")]));
    let pic = format!("https://cdn.test/photos/profile/small/{}.jpg", fans[0].user_id);
    assert_eq!(users[0]["profile_pic"], pic);
    // The photo beside the caller's circle; the list beside whom they block and follow; and then profiles.
    let usage = world.engine.usage();
    assert_eq!((usage.requests, usage.round_trips), (6, 3), "{usage:?}");
    assert!(usage.read_units <= 13.0, "{usage:?}");
}

#[tokio::test]
async fn when_api_gateway_sends_real_events_then_they_are_answered() {
    let world = World::new().await;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let photo = world.post(&ann).await;
    let token = token_for(&bob, domain::Clock::now(&world.clock));
    let values = [("token", token.as_str()), ("photo_id", &photo.to_string())];
    for (case, expected) in [("like", state(photo, 1, true)), ("unlike", state(photo, 0, false))] {
        let answer = call(&deps(&world), &world.clock, event("like", case, &values)).await;
        assert_eq!((answer.status, answer.json), (200, expected));
    }
    let answer = call(&deps(&world), &world.clock, event("like", "likers", &values)).await;
    assert_eq!(answer.json, json!({ "users": [], "next_cursor": null, "has_more": false }));
}

#[tokio::test]
async fn when_a_thousand_photos_were_liked_in_an_hour_then_the_next_waits() {
    let world = World::new().await;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let photo = world.post(&ann).await;
    world.use_up(&quota::LIKES, bob.user_id, &[999]).await;
    assert_eq!(ask(&world, LIKE, &bob, photo).await.status, 200);
    let (refused, metrics) = runtime::metrics::counted(Box::pin(ask(&world, LIKE, &bob, photo))).await;
    assert_eq!((refused.status, refused.code()), (429, "too_many_likes"));
    assert_eq!(metrics["quota_likes_refused"], 1);
    assert_eq!(ask(&world, UNLIKE, &bob, photo).await.status, 200);
    assert_eq!(ask(&world, LIKE, &ann, photo).await.status, 200, "the quota is each account's own");
    let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    world.clock.advance(std::time::Duration::from_secs(wait - 1));
    assert_eq!(ask(&world, LIKE, &bob, photo).await.status, 429);
    world.clock.advance(std::time::Duration::from_secs(1));
    assert_eq!(ask(&world, LIKE, &bob, photo).await.status, 200);
    // The limits are multiplied by the stack's scale.
    world.use_up(&quota::LIKES, bob.user_id, &[999]).await;
    let scaled = LikeHandler::new(world.table.clone(), 2, "https://cdn.test", world.clock.shared());
    let request = Request::to(LIKE).path("photo_id", photo).by(&bob, &world.clock);
    assert_eq!(call(&scaled, &world.clock, request).await.status, 200);
}

#[tokio::test]
async fn a_like_costs_ten_units_in_all_whatever_the_photo_says() {
    let world = World::new().await;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let photo = world.post_maximal(&ann).await.id;
    world.derive().await;
    world.engine.reset_usage();
    assert_eq!(ask(&world, LIKE, &bob, photo).await.status, 200);
    world.derive().await;
    let usage = world.engine.usage();
    assert!(usage.write_units <= 10.0, "{usage:?}");
    assert_eq!(table::photo::get(&world.table, photo).await.unwrap().unwrap().likes, 1);
}

#[tokio::test]
async fn a_like_and_an_unlike_stay_within_their_budget() {
    let world = World::new().await;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let photo = world.post(&ann).await;
    let session = OldSession::open(&world.table, &world.clock, &bob).await;
    // The circle and the session are read beside the photo; with a token that was just issued that is not.
    for (token, reads) in [(session.token, 1.5), (token_for(&bob, domain::Clock::now(&world.clock)), 1.0)] {
        for route in [LIKE, UNLIKE] {
            world.engine.reset_usage();
            let request = Request::to(route).path("photo_id", photo).token(&token);
            assert_eq!(call(&deps(&world), &world.clock, request).await.status, 200);
            let usage = world.engine.usage();
            let writes = if route == LIKE { 2 } else { 1 };
            assert_eq!((usage.round_trips, usage.writes()), (2, writes), "{route} {usage:?}");
            assert!(usage.write_units <= f64::from(writes) && usage.read_units <= reads, "{usage:?}");
        }
    }
}

#[tokio::test]
async fn when_the_session_has_ended_then_nothing_is_liked_or_unliked() {
    let world = World::new().await;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let (liked, other) = (world.post(&ann).await, world.post(&ann).await);
    world.like(&bob, &ann, liked).await;
    let session = OldSession::open(&world.table, &world.clock, &bob).await;
    session.end(&world.table).await;
    let deps = deps(&world);
    for (route, photo) in [(LIKE, other), (UNLIKE, liked)] {
        let request = Request::to(route).path("photo_id", photo).token(&session.token);
        let answer = call(&deps, &world.clock, request).await;
        assert_eq!((answer.status, answer.code()), (401, "session_ended"), "{route}");
    }
    assert!(likes(&world, &bob, liked).await && !likes(&world, &bob, other).await);
    // The token is valid until it expires. What it may read changes nothing.
    let request = Request::to(LIKERS).path("photo_id", liked).token(&session.token);
    assert_eq!(call(&deps, &world.clock, request).await.status, 200);
}

#[tokio::test]
async fn when_the_account_is_private_then_only_followers_like_and_see_who_does() {
    let world = World::new().await;
    let (ann, bob, eve) = (world.person("ann").await, world.person("bob").await, world.person("eve").await);
    world.follow(&bob, &ann).await;
    let before = world.post(&ann).await;
    world.like(&eve, &ann, before).await;
    world.derive().await;
    world.switch(&ann, true).await;
    let after = world.post(&ann).await;
    world.derive().await;
    let absent = PhotoId::try_from(1).unwrap();
    for route in [LIKE, LIKERS, UNLIKE] {
        assert_eq!(ask(&world, route, &bob, after).await.status, 200, "{route}");
        world.engine.reset_usage();
        let hidden = ask(&world, route, &eve, after).await;
        let of_hidden = world.engine.usage();
        world.engine.reset_usage();
        let nothing = ask(&world, route, &eve, absent).await;
        let of_nothing = world.engine.usage();
        assert_eq!((hidden.status, &hidden.json), (404, &nothing.json), "{route}");
        assert_eq!(of_hidden.round_trips, of_nothing.round_trips, "{route}");
    }
    // A photo posted before is for followers once the switch is carried to it.
    assert_eq!(ask(&world, LIKE, &eve, before).await.status, 200);
    table::privacy::set_audience(&world.table, &[before], domain::visibility::Audience::Followers, i64::MAX)
        .await
        .unwrap();
    assert_eq!(ask(&world, UNLIKE, &eve, before).await.status, 404);
    assert!(!likes(&world, &eve, before).await, "everybody may take their own like back");
}

#[tokio::test]
async fn when_a_block_hides_people_then_they_are_not_among_likers_and_see_none() {
    let world = World::new().await;
    let ann = world.person("ann").await;
    let photo = world.post(&ann).await;
    let fans = world.people("fan", 5).await;
    for fan in &fans {
        world.like(fan, &ann, photo).await;
    }
    world.derive().await;
    world.hide(&fans[1], &fans[0]).await;
    world.hide(&fans[0], &fans[3]).await;
    let page = ask(&world, LIKERS, &fans[0], photo).await.json;
    let names: Vec<&Value> = page["users"].as_array().unwrap().iter().map(|user| &user["username"]).collect();
    assert_eq!(names, ["fan0", "fan2", "fan4"]);
    world.hide(&ann, &fans[2]).await;
    for route in [LIKE, LIKERS, UNLIKE] {
        assert_eq!(ask(&world, route, &fans[2], photo).await.status, 404, "{route}");
    }
}
