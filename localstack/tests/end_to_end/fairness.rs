//! The work of one account in a queue does not hold up another's.

use std::time::{Duration, Instant};

use domain::media::MediumId;
use domain::{Clock, PhotoId};
use futures::future::join_all;
use messages::upload::Notification;
use messages::{Event, Grouped, HashRange};
use reqwest::Method;
use runtime::SystemClock;
use serde::Serialize;
use serde_json::json;

use crate::pictures::small;
use crate::world::{App, Person, eventually};

/// Messages of the account that floods.
const FLOOD: u64 = 10_000;
/// Times that something is tried beside the flood.
const TIMES: usize = 3;

fn photos() -> impl Iterator<Item = PhotoId> {
    (1..=FLOOD).map(|number| PhotoId::try_from(number).unwrap())
}

/// Times something alone, and beside a queue that is full of one account's messages: the best of three times,
/// because whatever else the machine does only adds to them. By arrival each takes more than a minute.
#[expect(clippy::print_stdout, reason = "the figures are for people")]
async fn compare<M: Grouped + Serialize>(
    app: &App,
    queue: &str,
    flood: &[M],
    mut act: impl AsyncFnMut() -> Duration,
) {
    let alone = act().await;
    app.behind.flood(queue, flood).await;
    let bound = alone + Duration::from_secs(1);
    let mut beside = Duration::MAX;
    for _ in 0..TIMES {
        beside = beside.min(act().await);
        if beside <= bound {
            break;
        }
    }
    let left = app.behind.waiting_in(queue).await;
    // No other test runs beside this one, and none has to wait for the rest of the flood.
    app.behind.purge(queue).await;
    println!("{queue}: alone {alone:?}, beside {left} of {FLOOD} messages of one account {beside:?}");
    assert!(left > 0, "the flood had ebbed before it could hold up anybody");
    assert!(beside <= bound, "{beside:?} beside {left} messages, {alone:?} alone");
}

/// Lets `fan` like the photo; returns how long it takes until its author is told of so many.
async fn told(author: &Person<'_>, fan: &Person<'_>, photo: &str, actors: u64) -> Duration {
    let began = Instant::now();
    fan.request(Method::POST, &format!("/photos/{photo}/like")).send().await.expect(200);
    eventually("the author is told", async || {
        let inbox = author.get("/notifications").await.expect(200);
        let told = inbox["notifications"][0]["actor_count"].as_u64().unwrap_or_default();
        if told >= actors { Ok(()) } else { Err(inbox.to_string()) }
    })
    .await;
    began.elapsed()
}

#[tokio::test]
async fn when_one_account_floods_a_queue_then_anothers_message_should_not_wait() {
    let app = App::new();
    let anna = app.register("anna").await;
    let fans = join_all((0..=TIMES).map(|_| app.register("fan"))).await;
    let photo = anna.post_photo("", &[small()]).await;
    let (eve, frank) = (app.register("eve").await, app.register("frank").await);
    // Each is written to Frank's inbox as a row of its own.
    let like = |photo| Event::LikeAdded {
        photo_id: photo,
        author_id: frank.id,
        user_id: eve.id,
        username: eve.username.clone(),
        at: SystemClock.now(),
    };
    let likes: Vec<Event> = photos().map(like).collect();
    let mut fans = (1..).zip(&fans);
    compare(&app, "notify", &likes, async || {
        let (actors, fan) = fans.next().unwrap();
        told(&anna, fan, &photo, actors).await
    })
    .await;
}

#[tokio::test]
async fn when_one_account_floods_uploads_then_anothers_picture_should_not_wait() {
    let app = App::new();
    let (anna, eve) = (app.register("anna").await, app.register("eve").await);
    // S3 tells `intake` of each, which passes it on.
    let uploads = photos().map(|photo| {
        let key = MediumId { author: eve.id, photo, index: 0 }.upload_key();
        let s3 = json!({ "bucket": { "name": app.behind.uploads_bucket() }, "object": { "key": key } });
        let event = json!({ "Records": [{ "eventName": "ObjectCreated:Post", "s3": s3 }] });
        serde_json::from_value::<Notification>(event).unwrap()
    });
    let uploads: Vec<_> = uploads.flat_map(|notification| notification.split().unwrap()).collect();
    compare(&app, "uploads", &uploads, async || {
        let began = Instant::now();
        anna.post_photo("", &[small()]).await;
        began.elapsed()
    })
    .await;
}

#[tokio::test]
#[ignore = "a measurement beside two others of the same kind: --run-ignored all"]
async fn when_one_account_floods_the_fanout_then_anothers_photo_should_not_wait() {
    let app = App::new();
    let (anna, bert, eve) =
        (app.register("anna").await, app.register("bert").await, app.register("eve").await);
    bert.follow(&anna).await;
    let mut shown = vec![anna.post_photo("", &[small()]).await];
    bert.until_feed(&[&shown[0]]).await;
    app.behind.until_handled("backfill").await;
    let ready = |photo| Event::PhotoReady { photo_id: photo, author_id: eve.id, followers: HashRange::ALL };
    let posts: Vec<Event> = photos().map(ready).collect();
    compare(&app, "fanout", &posts, async || {
        shown.insert(0, anna.post_photo("", &[small()]).await);
        let began = Instant::now();
        bert.until_feed(&shown.iter().map(String::as_str).collect::<Vec<_>>()).await;
        began.elapsed()
    })
    .await;
}
