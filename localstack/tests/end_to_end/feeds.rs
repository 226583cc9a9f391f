//! Feeds and lists over several pages, and feeds of readers who follow late.

use serde_json::Value;

use crate::pictures::small;
use crate::world::{App, Person};

/// Reads a list to its end, page by page; returns a field of every entry, in order.
async fn every_page(person: &Person<'_>, path: &str, entries: &str, field: &str) -> Vec<String> {
    let (mut found, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = person.get(&format!("{path}?count=2{cursor}")).await.expect(200);
        let shown = page[entries].as_array().unwrap();
        assert!(shown.len() <= 2, "{page}");
        found.extend(shown.iter().map(|entry| entry[field].as_str().unwrap().to_owned()));
        assert!(found.len() < 100, "{path} does not end: {found:?}");
        match (&page["has_more"], &page["next_cursor"]) {
            (Value::Bool(true), Value::String(next)) => cursor = format!("&cursor={next}"),
            (Value::Bool(false), Value::Null) => return found,
            _ => panic!("{path}: neither an end nor a way on: {page}"),
        }
    }
}

#[tokio::test]
async fn when_a_feed_is_paged_then_each_photo_should_come_once_newest_first() {
    let app = App::new();
    let (anna, bert, carl) =
        (app.register("anna").await, app.register("bert").await, app.register("carl").await);
    carl.follow(&anna).await;
    let mut photos = Vec::new();
    for (number, author) in [&anna, &bert, &anna, &bert, &anna].into_iter().enumerate() {
        photos.insert(0, author.post_photo(&format!("Number {number}"), &[small()]).await);
    }
    // Carl follows Bert only now. Bert's earlier photos belong in the feed too, in their places.
    carl.follow(&bert).await;
    let ids: Vec<&str> = photos.iter().map(String::as_str).collect();
    carl.until_feed(&ids).await;
    assert_eq!(every_page(&carl, "/feed", "photos", "photo_id").await, photos);

    // A cursor outlives the photo that it names, and a photo posted meanwhile does not shift the pages.
    let page = carl.get("/feed?count=2").await.expect(200);
    let cursor = page["next_cursor"].as_str().unwrap();
    bert.delete(&format!("/photos/{}", photos[1])).await.expect(204);
    let newest = anna.post_photo("Meanwhile", &[small()]).await;
    carl.until_feed(&[&newest, &photos[0], &photos[2], &photos[3], &photos[4]]).await;
    let rest = carl.get(&format!("/feed?count=2&cursor={cursor}")).await.expect(200);
    let found: Vec<&str> =
        rest["photos"].as_array().unwrap().iter().map(|p| p["photo_id"].as_str().unwrap()).collect();
    assert_eq!(found, [&photos[2], &photos[3]]);
    let of_anna = every_page(&carl, &format!("/users/{}/photos", anna.id), "photos", "photo_id").await;
    assert_eq!(of_anna, [&newest, &photos[0], &photos[2], &photos[4]].map(String::clone));
}

#[tokio::test]
async fn when_people_are_listed_by_pages_then_each_should_come_once() {
    let app = App::new();
    let anna = app.register("anna").await;
    let photo = anna.post_photo("", &[small()]).await;
    let mut names = Vec::new();
    for number in 1..=5 {
        let fan = app.register("fan").await;
        fan.request(reqwest::Method::POST, &format!("/users/{}/follow", anna.id)).send().await.expect(200);
        fan.like(&photo, number).await;
        names.push(fan.username);
    }
    anna.until_inbox(2).await;
    crate::world::eventually("everybody is counted", async || {
        crate::world::same(anna.profile(&anna).await["follower_count"].clone(), &serde_json::json!(5))
            .map(drop)
    })
    .await;
    names.sort();
    for path in [format!("/users/{}/followers", anna.id), format!("/photos/{photo}/likes")] {
        let mut found = every_page(&anna, &path, "users", "username").await;
        found.sort();
        assert_eq!(found, names, "{path}");
    }
    assert!(
        every_page(&anna, &format!("/users/{}/following", anna.id), "users", "username").await.is_empty()
    );
    let rows = every_page(&anna, "/notifications", "notifications", "type").await;
    assert_eq!(rows.len(), 2, "one row of likes and one of follows: {rows:?}");
    let inbox = anna.until_inbox(2).await;
    for row in inbox["notifications"].as_array().unwrap() {
        assert_eq!(row["actor_count"], 5, "{row}");
        assert_eq!(row["actors"].as_array().map(Vec::len), Some(3), "{row}");
    }
}
