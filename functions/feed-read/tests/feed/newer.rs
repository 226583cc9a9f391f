//! Whether the feed has anything newer.

use std::time::Duration;

use api::Caller;
use domain::feed::DeliveryMode;
use domain::{Clock, PhotoId};
use serde_json::{Value, json};
use testkit::http::{Request, call, event};

use crate::world::World;

const NEWER: &str = "GET /api/v1/feed/newer";

impl World {
    async fn newer(&self, reader: &Caller, than: PhotoId) -> Value {
        let request = Request::to(NEWER).query("than", than).by(reader, &self.clock);
        let answer = call(&self.cold(), &self.clock, request).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json
    }

    /// Posts a photo and pushes it to the reader.
    async fn deliver(&self, reader: &Caller, author: &Caller) -> PhotoId {
        let photo = self.post(author).await;
        self.push(reader, author, photo).await;
        photo
    }
}

fn names(answer: &Value) -> Vec<&str> {
    answer["actors"].as_array().unwrap().iter().map(|actor| actor["username"].as_str().unwrap()).collect()
}

fn nothing() -> Value {
    json!({ "newer": false, "actors": [] })
}

#[tokio::test]
async fn when_photos_are_pushed_then_three_authors_of_newer_ones_are_named() {
    let world = World::new().await;
    let (reader, ann) = (world.person("reader").await, world.person("ann").await);
    world.activate(&reader).await;
    let seen = world.deliver(&reader, &ann).await;
    assert_eq!(world.newer(&reader, seen).await, nothing());
    let first = world.deliver(&reader, &ann).await;
    let expected = json!({ "newer": true, "actors": [{
        "user_id": ann.user_id, "username": "ann",
        "profile_pic": format!("https://cdn.test/photos/profile/small/{}.jpg", ann.user_id),
    }]});
    assert_eq!(world.newer(&reader, seen).await, expected);
    assert_eq!(world.newer(&reader, first).await, nothing());
    for author in world.people("author", 4).await {
        world.deliver(&reader, &author).await;
    }
    let last = world.deliver(&reader, &ann).await;
    assert_eq!(names(&world.newer(&reader, seen).await), ["ann", "author3", "author2"]);
    assert_eq!(world.newer(&reader, last).await, nothing());
    // A photo that is shown may be gone, and is a position all the same.
    world.delete(&ann, last).await;
    assert_eq!(world.newer(&reader, last).await, nothing());
}

#[tokio::test]
async fn when_api_gateway_asks_for_newer_then_a_wrong_photo_is_refused() {
    let world = World::new().await;
    let reader = world.person("reader").await;
    world.activate(&reader).await;
    let token = testkit::token_for(&reader, world.clock.now());
    let values = [("token", token.as_str()), ("than", "1")];
    let answer = call(&world.cold(), &world.clock, event("feed-read", "newer", &values)).await;
    assert_eq!((answer.status, answer.json), (200, nothing()));
    world.engine.reset_usage();
    for than in [None, Some(""), Some("x"), Some("01"), Some("-1"), Some("99999999999999999999")] {
        let request = Request::to(NEWER).by(&reader, &world.clock);
        let request = than.iter().fold(request, |request, than| request.query("than", than));
        let answer = call(&world.cold(), &world.clock, request).await;
        assert_eq!((answer.status, answer.code()), (400, "bad_than"), "{than:?}");
    }
    let anonymous = call(&world.cold(), &world.clock, Request::to(NEWER).query("than", 1)).await;
    assert_eq!(anonymous.code(), "token_missing");
    assert_eq!(world.engine.usage().requests, 0);
}

#[tokio::test]
async fn when_a_pulled_celebrity_posts_then_it_counts_before_it_is_pushed() {
    let world = World::new().await;
    let (reader, star) = (world.person("reader").await, world.person("star").await);
    world.activate(&reader).await;
    let early = world.deliver(&reader, &star).await;
    world.deliver_by(&star, DeliveryMode::Celebrity).await;
    table::reader::pull_from(&world.table, reader.user_id, star.user_id).await.unwrap();
    world.follow(&reader, &star).await;
    world.derive().await;
    assert_eq!(world.newer(&reader, early).await, nothing());
    let photo = world.post(&star).await;
    assert_eq!(names(&world.newer(&reader, early).await), ["star"]);
    world.push(&reader, &star, photo).await;
    assert_eq!(names(&world.newer(&reader, early).await), ["star"], "pushed and pulled");
    world.mark_pushed(&star, photo).await;
    assert_eq!(names(&world.newer(&reader, early).await), ["star"], "pushed");
    assert_eq!(world.newer(&reader, photo).await, nothing());
}

#[tokio::test]
async fn when_newer_photos_are_gone_or_of_somebody_unfollowed_then_they_do_not_count() {
    let world = World::new().await;
    let (reader, ann, bob) =
        (world.person("reader").await, world.person("ann").await, world.person("bob").await);
    world.activate(&reader).await;
    let seen = world.deliver(&reader, &ann).await;
    let gone = world.deliver(&reader, &ann).await;
    world.delete(&ann, gone).await;
    assert_eq!(world.newer(&reader, seen).await, nothing(), "its entry is still there");
    world.deliver(&reader, &bob).await;
    table::reader::unfollow(&world.table, reader.user_id, bob.user_id).await.unwrap();
    assert_eq!(world.newer(&reader, seen).await, nothing());
}

#[tokio::test]
async fn when_the_newest_is_gone_then_an_older_one_is_not_missed() {
    let world = World::new().await;
    let (reader, ann) = (world.person("reader").await, world.person("ann").await);
    world.activate(&reader).await;
    let seen = world.deliver(&reader, &ann).await;
    world.deliver(&reader, &ann).await;
    let gone = world.deliver(&reader, &ann).await;
    world.delete(&ann, gone).await;
    assert_eq!(world.newer(&reader, seen).await["newer"], true);
    // More than are read at once.
    for _ in 0..25 {
        world.deliver(&reader, &ann).await;
    }
    assert_eq!(names(&world.newer(&reader, seen).await), ["ann"]);
}

#[tokio::test]
async fn when_a_page_stays_open_then_asking_is_no_visit_and_ends_in_a_look() {
    let world = World::new().await;
    let (reader, ann) = (world.person("reader").await, world.person("ann").await);
    world.activate(&reader).await;
    let seen = world.deliver(&reader, &ann).await;
    let before = table::reader::get_latest(&world.table, reader.user_id).await.unwrap();
    world.engine.stream().await;
    world.clock.advance(Duration::from_hours(7 * 24));
    assert_eq!(world.newer(&reader, seen).await, nothing());
    world.clock.advance(Duration::from_hours(24));
    // Nothing has been pushed to them for a day.
    assert_eq!(world.newer(&reader, seen).await, json!({ "newer": true, "actors": [] }));
    assert_eq!(world.engine.written().await, 0);
    assert_eq!(table::reader::get_latest(&world.table, reader.user_id).await.unwrap(), before);
    assert_eq!(world.get(&reader, 20, None).await.status, 200);
    assert_eq!(world.newer(&reader, seen).await, nothing());
    let stranger = world.person("stranger").await;
    assert_eq!(world.newer(&stranger, seen).await["newer"], true);
}

#[tokio::test]
async fn asking_for_newer_stays_within_its_budget() {
    let world = World::new().await;
    let reader = world.person("reader").await;
    world.activate(&reader).await;
    let stars = world.people("star", 20).await;
    let mut seen = PhotoId::floor(world.clock.now());
    for star in &stars {
        seen = world.deliver(&reader, star).await;
    }
    world.engine.reset_usage();
    assert_eq!(world.newer(&reader, seen).await, nothing());
    let usage = world.engine.usage();
    assert_eq!((usage.requests, usage.round_trips, usage.writes()), (2, 1, 0), "{usage:?}");
    assert!(usage.read_units <= 1.0, "{usage:?}");

    let first = PhotoId::floor(domain::Timestamp(0));
    world.engine.reset_usage();
    assert_eq!(world.newer(&reader, first).await["actors"].as_array().unwrap().len(), 3);
    let usage = world.engine.usage();
    assert_eq!((usage.requests, usage.round_trips), (4, 2), "{usage:?}");
    assert!(usage.read_units <= 3.0, "{usage:?}");

    for star in &stars {
        world.deliver_by(star, DeliveryMode::Celebrity).await;
        table::reader::pull_from(&world.table, reader.user_id, star.user_id).await.unwrap();
    }
    // Heads and names of twenty celebrities whom this process does not know, and three photos.
    let cold = world.cold();
    let ask = |than: PhotoId| {
        call(&cold, &world.clock, Request::to(NEWER).query("than", than).by(&reader, &world.clock))
    };
    for (units, case) in [(23.5, "cold"), (3.0, "warm")] {
        world.engine.reset_usage();
        assert_eq!(ask(first).await.json["newer"], true);
        let usage = world.engine.usage();
        assert_eq!(usage.round_trips, 2, "{case} {usage:?}");
        assert!(usage.read_units <= units, "{case} {usage:?}");
    }
}
