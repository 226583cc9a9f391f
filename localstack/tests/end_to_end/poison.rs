//! A message that nobody can handle becomes a dead letter, and the messages beside it do not.
//!
//! Each test deletes a derived item, and sends the message that derives it again with poison on both sides.
//! When the item reappears, the message was handled beside its neighbours.

use domain::inbox::{Once, Subject};
use table::keys::ItemKey;

use crate::pictures::small;
use crate::redelivery::{body, followed, liked};
use crate::world::{App, Person, eventually, same, unique};

/// Returns a message that is not an event and differs from every other.
fn poison() -> String {
    format!(r#"{{"type":"nothing.known","name":"{}"}}"#, unique("poison"))
}

/// Sends a message with poison on both sides; returns the poison.
async fn send_between_poison(app: &App, queue: &str, good: &str) -> [String; 2] {
    let [before, after] = [poison(), poison()];
    app.behind.send(queue, &[before.clone(), good.to_owned(), after.clone()]).await;
    [before, after]
}

/// Waits until the poison is among the dead letters, and asserts that the good message is not.
async fn until_only_poison_is_dead(app: &App, queue: &str, poison: &[String], good: &str) {
    for body in poison {
        let others = app.behind.until_dead(queue, body).await;
        assert!(
            !others.iter().any(|other| other == good),
            "a good message is among the dead letters of {queue}"
        );
    }
}

/// Creates a reader with one photo in the feed.
async fn reader_of(app: &App) -> (Person<'_>, Person<'_>, String) {
    let (anna, bert) = (app.register("anna").await, app.register("bert").await);
    bert.follow(&anna).await;
    assert!(bert.feed().await.is_empty());
    let photo = anna.post_photo("", &[small()]).await;
    bert.until_feed(&[&photo]).await;
    app.behind.until_handled("fanout").await;
    app.behind.until_handled("backfill").await;
    (anna, bert, photo)
}

async fn until_there(app: &App, name: &ItemKey) {
    eventually(&format!("{name:?} is there"), async || same(app.behind.has(name).await, &true).map(drop))
        .await;
}

#[tokio::test]
async fn when_fanout_meets_poison_then_other_photos_should_reach_their_feeds() {
    let app = App::new();
    let (anna, bert, photo) = reader_of(&app).await;
    let entry = ItemKey::FeedEntry(bert.id, photo.parse().unwrap());
    app.behind.lose(&entry).await;
    let good = format!(r#"{{"type":"photo.ready","photo_id":"{photo}","author_id":"{}"}}"#, anna.id);
    let poison = send_between_poison(&app, "fanout", &good).await;
    until_there(&app, &entry).await;
    until_only_poison_is_dead(&app, "fanout", &poison, &good).await;
    bert.until_feed(&[&photo]).await;
}

#[tokio::test]
async fn when_backfill_meets_poison_then_other_follows_should_be_filled_in() {
    let app = App::new();
    let (anna, bert, photo) = reader_of(&app).await;
    // The photo was pushed. Without that entry the follow alone brings it.
    app.behind.lose(&ItemKey::FeedEntry(bert.id, photo.parse().unwrap())).await;
    let followed_since = ItemKey::FeedAuthor(bert.id, anna.id);
    app.behind.lose(&followed_since).await;
    let good = body(&followed(&bert, &anna));
    let poison = send_between_poison(&app, "backfill", &good).await;
    until_there(&app, &followed_since).await;
    until_only_poison_is_dead(&app, "backfill", &poison, &good).await;
    bert.until_feed(&[&photo]).await;
}

#[tokio::test]
async fn when_notify_meets_poison_then_other_likes_should_be_in_the_inbox() {
    let app = App::new();
    let (anna, bert) = (app.register("anna").await, app.register("bert").await);
    let photo = anna.post_photo("", &[small()]).await;
    bert.like(&photo, 1).await;
    let inbox = anna.until_inbox(1).await;
    let told = &inbox["notifications"][0];
    let (row, place) = (told["id"].as_str().unwrap(), told["created_at"].as_str().unwrap());
    let (row, place) = (row.parse().unwrap(), place.parse().unwrap());
    let once = Once::Ever(Subject::Like(photo.parse().unwrap()));
    for lost in [
        ItemKey::InboxRow(anna.id, place, row),
        ItemKey::InboxPlace(anna.id, row),
        ItemKey::InboxMarker(anna.id, once, bert.id),
        ItemKey::InboxState(anna.id),
    ] {
        app.behind.lose(&lost).await;
    }
    anna.until_inbox(0).await;
    let good = body(&liked(&bert, &anna, &photo));
    let poison = send_between_poison(&app, "notify", &good).await;
    let inbox = anna.until_inbox(1).await;
    assert_eq!(inbox["notifications"][0]["actor_count"], 1);
    until_only_poison_is_dead(&app, "notify", &poison, &good).await;
}

#[tokio::test]
async fn when_thumbnail_meets_poison_then_other_pictures_should_be_rendered() {
    let app = App::new();
    let anna = app.register("anna").await;
    let before = poison();
    app.behind.send("uploads", std::slice::from_ref(&before)).await;
    anna.post_photo("Between", &[small()]).await;
    let after = poison();
    app.behind.send("uploads", std::slice::from_ref(&after)).await;
    anna.post_photo("Behind", &[small()]).await;
    for poison in [before, after] {
        app.behind.until_dead("uploads", &poison).await;
    }
}
