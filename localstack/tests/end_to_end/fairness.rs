//! The work of one account in a queue does not hold up another's.

use std::time::{Duration, Instant};

use domain::{Clock, PhotoId};
use messages::Event;
use reqwest::Method;
use runtime::SystemClock;

use crate::pictures::small;
use crate::world::{App, Person, eventually};

/// Messages of the account that floods.
const FLOOD: u64 = 10_000;

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
    let (anna, bert, carl) =
        (app.register("anna").await, app.register("bert").await, app.register("carl").await);
    let photo = anna.post_photo("", &[small()]).await;
    let alone = told(&anna, &bert, &photo, 1).await;

    let (eve, frank) = (app.register("eve").await, app.register("frank").await);
    // Each is written to Frank's inbox as a row of its own.
    let like = |photo: u64| Event::LikeAdded {
        photo_id: PhotoId::try_from(photo).unwrap(),
        author_id: frank.id,
        user_id: eve.id,
        username: eve.username.clone(),
        at: SystemClock.now(),
    };
    let likes: Vec<Event> = (1..=FLOOD).map(like).collect();
    app.behind.flood("notify", &likes).await;
    let beside = told(&anna, &carl, &photo, 2).await;
    let left = app.behind.waiting_in("notify").await;
    // No other test runs beside this one, and none has to wait for the rest of the flood.
    app.behind.purge("notify").await;
    println!("alone {alone:?}, beside {left} of {FLOOD} messages of one account {beside:?}");
    assert!(left > 0, "the flood had ebbed before it could hold up anybody");
    assert!(beside <= alone + Duration::from_secs(1), "{beside:?} beside {left} messages, {alone:?} alone");
}
