//! One photo that everybody likes at the same time.

use std::collections::BTreeSet;
use std::time::Duration;

use api::Caller;
use aws_lambda_events::dynamodb::{Event as StreamEvent, EventRecord};
use derive::OutOfOrder;
use domain::{Clock, PhotoId, UserId};
use futures::future::join_all;
use messages::Event;
use table::keys::ItemKey;
use table::like::{self, Like};
use testkit::{Fault, World, fixture};

use crate::interleavings::{Chance, lanes};
use crate::out_of_order::keep_refusing;
use crate::stage::{Stage, deliver, work};

/// Returns the stream's records of many likes of a photo, by users who have no accounts.
fn crowd(world: &World, author: &Caller, photo: PhotoId, size: u64) -> Vec<EventRecord> {
    let author = author.user_id.to_string();
    let records = (1..=size).flat_map(|number| {
        let user = UserId::try_from(number).unwrap().padded();
        let values = [("user", user.as_str()), ("photo", &photo.padded()), ("author_id", &author)];
        serde_json::from_value::<StreamEvent>(fixture("derive", "liked", &values)).unwrap().records
    });
    let records: Vec<EventRecord> = records.collect();
    world.engine.import(records.iter().map(|record| record.change.new_image.clone()).collect());
    records
}

fn likers_told(events: &[Event], photo: PhotoId) -> BTreeSet<UserId> {
    let likers = events.iter().filter_map(|event| match event {
        Event::LikeAdded { photo_id, user_id, .. } if *photo_id == photo => Some(*user_id),
        _ => None,
    });
    likers.collect()
}

#[tokio::test]
async fn ten_thousand_likes_of_a_throttled_photo_delay_nobody_else() {
    const CROWD: u64 = 10_000;
    let stage = Stage::new().await;
    let world = &stage.world;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let fans = world.people("fan", 22).await;
    let (hot, other) = (world.post(&ann).await, world.post(&bob).await);
    stage.drain().await;
    stage.published.take();
    let likes = crowd(world, &ann, hot, CROWD);

    // While the photo is hot, every batch of the stream ends with a like of another photo.
    keep_refusing(world, &ItemKey::Photo(hot));
    let batches: Vec<_> = likes.chunks(500).collect();
    assert_eq!(batches.len(), 20);
    for (place, (batch, fan)) in batches.into_iter().zip(&fans).enumerate() {
        like::add(
            &world.table,
            fan.user_id,
            other,
            &Like { author: bob.user_id, username: fan.username.clone(), at: world.clock.now() },
        )
        .await
        .unwrap();
        let batch = [batch, &world.engine.stream().await].concat();
        world.engine.reset_usage();
        assert_eq!(stage.deliver(&batch).await, None, "the stream goes on");
        assert_eq!(stage.likes(other).await, i64::try_from(place + 1).unwrap(), "counted at once");
        assert_eq!(likers_told(&stage.published.take(), other), BTreeSet::from([fan.user_id]));
        let usage = world.engine.usage();
        // The first batch tries the hot photo. The following batches do not, so its likes cost them nothing.
        assert!(usage.requests <= if place == 0 { 8 } else { 3 }, "{usage:?}");
    }
    assert_eq!(stage.likes(hot).await, 0);

    // The queue is refused in the same way. Meanwhile the stream counts somebody else's like.
    let mut messages = stage.outbox.take::<OutOfOrder>();
    assert_eq!(messages.iter().map(|message| message.changes.len()).sum::<usize>(), 10_000);
    let queue = async { work(&stage.worker(), &stage.outbox, &messages[..1]).await };
    let (fan, late) = (&fans[20], async {
        world.like(&fans[20], &bob, other).await;
        let records = world.engine.stream().await;
        assert_eq!(stage.deliver(&records).await, None);
        (stage.likes(other).await, likers_told(&stage.published.take(), other))
    });
    let (refused, (count, told)) = futures::join!(queue, late);
    assert_eq!((refused, count, told), (1, 21, BTreeSet::from([fan.user_id])));

    // The photo cools down. Two workers empty the queue; the first message is in it again.
    world.engine.heal();
    messages.splice(..1, stage.outbox.take::<OutOfOrder>());
    let (one, two) = messages.split_at(messages.len() / 2);
    let workers = (stage.worker(), stage.worker());
    let halves = futures::join!(work(&workers.0, &stage.outbox, one), work(&workers.1, &stage.outbox, two));
    assert_eq!(halves, (0, 0));
    assert_eq!(stage.likes(hot).await, i64::try_from(CROWD).unwrap());
    assert_eq!(likers_told(&stage.published.take(), hot).len(), 10_000);
    stage.assert_exact(&[&ann, &bob], &[hot, other]).await;
    // After some seconds the photo is derived in the stream's order again.
    world.clock.advance(Duration::from_secs(10));
    world.like(&fans[21], &ann, hot).await;
    stage.drain().await;
    assert_eq!(stage.likes(hot).await, i64::try_from(CROWD).unwrap() + 1);
    stage.assert_never_wrong().await;
}

#[tokio::test]
async fn eight_workers_count_a_thousand_likes_of_one_photo_exactly() {
    const CROWD: u64 = 1_000;
    const WORKERS: usize = 8;
    let stage = Stage::new().await;
    let world = &stage.world;
    let ann = world.person("ann").await;
    let photo = world.post(&ann).await;
    stage.drain().await;
    let mut records = crowd(world, &ann, photo, CROWD);
    // Every tenth user takes the like back, and half of those like again.
    for number in (10..=CROWD).step_by(10) {
        let user = UserId::try_from(number).unwrap();
        assert!(like::remove(&world.table, user, photo).await.unwrap());
        if number.is_multiple_of(20) {
            let like = Like { author: ann.user_id, username: "fan".to_owned(), at: world.clock.now() };
            assert!(like::add(&world.table, user, photo, &like).await.unwrap());
        }
    }
    let mut chance = Chance::new(7);
    world.engine.fail_when(move |asked| {
        (asked.operation() == "TransactWriteItems")
            .then(|| chance.pick(&[(20, Fault::Conflict), (5, Fault::Throttled), (5, Fault::LostAnswer)]))?
    });
    records.extend(world.engine.stream().await);
    let lanes = lanes(records, WORKERS);
    let workers = lanes.iter().map(|lane| async {
        let worker = stage.worker();
        for batch in lane.chunks(25) {
            assert_eq!(deliver(&worker, batch).await, None);
        }
    });
    join_all(workers).await;
    world.engine.heal();
    stage.work_off().await;
    assert_eq!(stage.likes(photo).await, 950);
    stage.assert_exact(&[&ann], &[photo]).await;
    stage.assert_never_wrong().await;
}
