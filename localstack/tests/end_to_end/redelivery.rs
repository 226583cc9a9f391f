//! Every message comes again: twice, late, and out of order. SQS and SNS promise
//! no more than "at least once".

use domain::photo::Photo;
use domain::{Clock, UserId};
use messages::{Event, HashRange};
use reqwest::Method;
use runtime::SystemClock;
use serde_json::json;
use table::keys::ItemKey;

use crate::pictures::small;
use crate::world::{App, Person};

fn ready(author: UserId, photo: &str) -> Event {
    Event::PhotoReady { photo_id: photo.parse().unwrap(), author_id: author, followers: HashRange::ALL }
}

fn deleted(photo: &Photo) -> Event {
    Event::PhotoDeleted {
        photo_id: photo.id,
        author_id: photo.author,
        secret: photo.secret,
        media: photo.media.len(),
        blob_refs: photo.blob_refs(),
        followers: HashRange::ALL,
    }
}

pub(crate) fn followed(follower: &Person<'_>, followee: &Person<'_>) -> Event {
    Event::FollowAdded {
        follower_id: follower.id,
        follower_name: follower.username.clone(),
        followee_id: followee.id,
        at: SystemClock.now(),
    }
}

fn unfollowed(follower: &Person<'_>, followee: &Person<'_>) -> Event {
    Event::FollowRemoved { follower_id: follower.id, followee_id: followee.id }
}

pub(crate) fn liked(user: &Person<'_>, author: &Person<'_>, photo: &str) -> Event {
    Event::LikeAdded {
        photo_id: photo.parse().unwrap(),
        author_id: author.id,
        user_id: user.id,
        username: user.username.clone(),
        at: SystemClock.now(),
    }
}

pub(crate) fn body(event: &Event) -> String {
    serde_json::to_string(event).unwrap()
}

/// Delivers an event twice more and waits until both are handled.
async fn deliver_twice(app: &App, queue: &str, event: &Event) {
    app.behind.send(queue, &[body(event), body(event)]).await;
    app.behind.until_handled(queue).await;
}

/// Returns S3's notification of an uploaded medium.
fn upload_notification(app: &App, author: UserId, photo: &str) -> String {
    json!({ "Records": [{
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": "us-east-1",
        "eventTime": SystemClock.now().to_string(),
        "eventName": "ObjectCreated:Post",
        "s3": {
            "s3SchemaVersion": "1.0",
            "bucket": { "name": app.behind.uploads_bucket() },
            "object": { "key": format!("incoming/{author}/{photo}/0"), "size": 1, "sequencer": "0055AED6DCD90281E5" },
        },
    }] })
    .to_string()
}

#[tokio::test]
async fn when_an_upload_event_comes_again_then_the_photo_should_stay_as_it_is() {
    let app = App::new();
    let anna = app.register("anna").await;
    let (photo, uploads) = anna.create_upload("", &[small()]).await;
    // The notification comes before the upload has arrived, while it is processed, and afterwards.
    let notification = upload_notification(&app, anna.id, &photo);
    app.behind.send("uploads", std::slice::from_ref(&notification)).await;
    app.behind.until_handled("uploads").await;
    assert_eq!(anna.photo(&photo).await["status"], "processing");
    app.post_form(&uploads[0], &small().bytes).await.expect(204);
    app.behind.send("uploads", &[notification.clone(), notification.clone()]).await;
    let ready = anna.until(&photo, "ready").await;
    app.behind.send("uploads", &[notification.clone(), notification]).await;
    app.behind.until_handled("uploads").await;
    assert_eq!(anna.photo(&photo).await, ready);
    assert_eq!(app.behind.kept(&app.behind.photo(&photo).await).await.len(), 7);
    assert!(app.behind.waiting(anna.id, &photo).await.is_empty());
    crate::world::eventually("the photo is counted once", async || {
        crate::world::same(anna.profile(&anna).await["photo_count"].clone(), &json!(1)).map(drop)
    })
    .await;
}

#[tokio::test]
async fn when_events_of_a_photo_come_again_then_feeds_should_not_change() {
    let app = App::new();
    let (anna, bert) = (app.register("anna").await, app.register("bert").await);
    bert.follow(&anna).await;
    assert!(bert.feed().await.is_empty());
    let older = anna.post_photo("Older", &[small()]).await;
    let photo = anna.post_photo("Newer", &[small()]).await;
    let feed = bert.until_feed(&[&photo, &older]).await;

    deliver_twice(&app, "fanout", &ready(anna.id, &photo)).await;
    assert_eq!(bert.feed().await, feed);

    // It comes late, for a reader who has unfollowed.
    bert.unfollow(&anna).await;
    bert.until_feed(&[]).await;
    app.behind.until_handled("backfill").await;
    deliver_twice(&app, "fanout", &ready(anna.id, &photo)).await;
    assert!(bert.feed().await.is_empty());
    assert!(!app.behind.has(&ItemKey::FeedEntry(bert.id, photo.parse().unwrap())).await);

    // It comes late, for a photo that is deleted. The deletion comes again too, and removes nothing else.
    bert.follow(&anna).await;
    bert.until_feed(&[&photo, &older]).await;
    let was = app.behind.photo(&photo).await;
    anna.delete(&format!("/photos/{photo}")).await.expect(204);
    let feed = bert.until_feed(&[&older]).await;
    app.behind.until_handled("backfill").await;
    deliver_twice(&app, "fanout", &ready(anna.id, &photo)).await;
    deliver_twice(&app, "backfill", &deleted(&was)).await;
    assert_eq!(bert.feed().await, feed);
    assert!(!app.behind.has(&ItemKey::FeedEntry(bert.id, photo.parse().unwrap())).await);
    assert_eq!(anna.profile(&anna).await["photo_count"], 1);
    assert_eq!(app.behind.kept(&app.behind.photo(&older).await).await.len(), 7);
}

#[tokio::test]
async fn when_events_of_a_follow_come_again_or_late_then_the_last_act_counts() {
    let app = App::new();
    let (anna, bert) = (app.register("anna").await, app.register("bert").await);
    assert!(bert.feed().await.is_empty());
    let photo = anna.post_photo("", &[small()]).await;
    bert.follow(&anna).await;
    let feed = bert.until_feed(&[&photo]).await;
    deliver_twice(&app, "backfill", &followed(&bert, &anna)).await;
    assert_eq!(bert.feed().await, feed);

    // An old unfollow comes after the follow that succeeded it.
    deliver_twice(&app, "backfill", &unfollowed(&bert, &anna)).await;
    assert_eq!(bert.feed().await, feed);
    assert_eq!(bert.profile(&anna).await["follower_count"], 1);

    // An old follow comes after the unfollow that succeeded it.
    bert.unfollow(&anna).await;
    bert.until_feed(&[]).await;
    deliver_twice(&app, "backfill", &followed(&bert, &anna)).await;
    assert!(bert.feed().await.is_empty());
    assert!(!app.behind.has(&ItemKey::FeedEntry(bert.id, photo.parse().unwrap())).await);
    assert_eq!(bert.profile(&anna).await["follower_count"], 0);
}

#[tokio::test]
async fn when_an_old_return_comes_again_then_nothing_should_change() {
    let app = App::new();
    let (anna, bert) = (app.register("anna").await, app.register("bert").await);
    bert.follow(&anna).await;
    let photo = anna.post_photo("", &[small()]).await;
    let feed = bert.until_feed(&[&photo]).await;
    app.behind.until_handled("backfill").await;
    for mark in [0, 1, i64::MAX] {
        deliver_twice(&app, "backfill", &Event::ReaderReturned { user_id: bert.id, mark }).await;
    }
    assert_eq!(bert.feed().await, feed);
}

#[tokio::test]
async fn when_events_for_an_inbox_come_again_then_it_should_not_change() {
    let app = App::new();
    let (anna, bert) = (app.register("anna").await, app.register("bert").await);
    let photo = anna.post_photo("", &[small()]).await;
    bert.follow(&anna).await;
    bert.like(&photo, 1).await;
    anna.until_inbox(2).await;
    anna.request(Method::POST, "/notifications/read").send().await.expect(200);
    let inbox = anna.until_inbox(2).await;
    assert_eq!(inbox["unread_count"], 0);
    // The last two are old, and overtaken by what they would take back.
    let unliked = Event::LikeRemoved { photo_id: photo.parse().unwrap(), user_id: bert.id };
    for event in [liked(&bert, &anna, &photo), followed(&bert, &anna), unliked, unfollowed(&bert, &anna)] {
        deliver_twice(&app, "notify", &event).await;
        assert_eq!(anna.until_inbox(2).await, inbox);
    }
    assert_eq!(anna.photo(&photo).await["likes_count"], 1);
}

#[tokio::test]
async fn when_likes_come_out_of_order_late_and_twice_then_counts_stay_exact() {
    let app = App::new();
    let (anna, bert, carl) =
        (app.register("anna").await, app.register("bert").await, app.register("carl").await);
    let photo = anna.post_photo("", &[small()]).await;
    bert.like(&photo, 1).await;
    carl.like(&photo, 2).await;
    carl.delete(&format!("/photos/{photo}/like")).await.expect(200);
    anna.until_likes(&photo, 1).await;
    // The stream said this of them some time ago, and of Bert something that never happened.
    let said = |user: UserId, what: &str| {
        json!({ what: {
            "user": user, "photo": photo,
            "like": { "author": anna.id, "username": "somebody", "at": SystemClock.now() },
        }})
    };
    let stale = json!({ "changes": [said(carl.id, "liked"), said(bert.id, "unliked")] }).to_string();
    let again = json!({ "changes": [said(bert.id, "liked"), said(carl.id, "unliked")] }).to_string();
    app.behind.send("derive", &[again.clone(), stale.clone(), stale, again]).await;
    app.behind.until_handled("derive").await;
    anna.until_likes(&photo, 1).await;
    let liker = |person: &Person<'_>| ItemKey::Liker(photo.parse().unwrap(), person.id);
    assert!(app.behind.has(&liker(&bert)).await && !app.behind.has(&liker(&carl)).await);
}
