//! Changes to busy items are derived out of order, and the stream goes on.

use std::time::Duration;

use derive::OutOfOrder;
use messages::Event;
use runtime::metrics;
use serde_json::{Value, json};
use table::change::Change;
use table::keys::ItemKey;
use table::relations::Said;
use testkit::{Fault, World, fixture};

use crate::stage::{Stage, deliver, work};

/// Refuses every write that touches the partition of `name`, until the engine heals.
pub fn keep_refusing(world: &World, name: &ItemKey) {
    let partition = name.raw().pk;
    let mut turn = 0_u32;
    world.engine.fail_when(move |asked| {
        turn += 1;
        let fault = if turn.is_multiple_of(2) { Fault::Throttled } else { Fault::Conflict };
        (asked.writes() && asked.touches(&partition)).then_some(fault)
    });
}

fn kinds(events: &[Event]) -> Vec<&'static str> {
    events.iter().map(Event::kind).collect()
}

#[tokio::test]
async fn when_the_table_refuses_everything_then_the_stream_waits() {
    let stage = Stage::new().await;
    let world = &stage.world;
    let ann = world.person("ann").await;
    let mut photos = Vec::new();
    for _ in 0..20 {
        photos.push(world.post(&ann).await);
    }
    stage.drain().await;
    stage.published.take();
    for photo in &photos {
        world.like(&ann, &ann, *photo).await;
    }
    let records = world.engine.stream().await;
    world.engine.fail_when(|asked| asked.writes().then_some(Fault::Throttled));
    assert_eq!(stage.deliver(&records).await, records[0].change.sequence_number, "the first record failed");
    assert!(stage.outbox.take::<OutOfOrder>().is_empty() && stage.published.take().is_empty());

    world.engine.heal();
    assert_eq!(stage.deliver(&records).await, None, "no item is remembered as hot");
    assert!(stage.outbox.take::<OutOfOrder>().is_empty());
    assert_eq!(stage.published.take().len(), 20);
    stage.assert_exact(&[&ann], &photos).await;
}

#[tokio::test]
async fn when_an_item_keeps_refusing_then_it_is_derived_out_of_order_untried() {
    let stage = Stage::new().await;
    let world = &stage.world;
    let (ann, bob, eve) = (world.person("ann").await, world.person("bob").await, world.person("eve").await);
    let (hot, cold) = (world.post(&ann).await, world.post(&bob).await);
    stage.drain().await;
    stage.published.take();
    for photo in [hot, cold] {
        world.like(&bob, &ann, photo).await;
    }
    let records = world.engine.stream().await;
    keep_refusing(world, &ItemKey::Photo(hot));
    let (failed, counters) = metrics::counted(stage.deliver(&records)).await;
    assert_eq!(failed, None, "the stream goes on");
    assert_eq!((stage.likes(hot).await, stage.likes(cold).await), (0, 1));
    assert_eq!(kinds(&stage.published.take()), ["like.added"], "the other is published when it is derived");
    assert_eq!((counters["groups_apart"], counters["changes_apart"]), (1, 1));

    world.like(&eve, &ann, hot).await;
    let records = world.engine.stream().await;
    world.engine.reset_usage();
    assert_eq!(stage.deliver(&records).await, None);
    assert_eq!(world.engine.usage().requests, 0, "the hot item is not tried");
    assert!(stage.published.take().is_empty());

    world.engine.heal();
    let messages = stage.outbox.take::<OutOfOrder>();
    assert_eq!(messages.len(), 2);
    assert_eq!(work(&stage.worker, &stage.outbox, &messages).await, 0);
    assert_eq!(kinds(&stage.published.take()), ["like.added", "like.added"]);
    stage.assert_exact(&[&ann, &bob, &eve], &[hot, cold]).await;
    assert_eq!(stage.likes(hot).await, 2);
    // Once the item has cooled down, it is derived in the stream's order again.
    world.clock.advance(Duration::from_secs(5));
    world.unlike(&eve, hot).await;
    let records = world.engine.stream().await;
    assert_eq!(stage.deliver(&records).await, None);
    assert_eq!(stage.likes(hot).await, 1);
    assert!(stage.outbox.take::<OutOfOrder>().is_empty());
    stage.assert_never_wrong().await;
}

#[tokio::test]
async fn when_a_message_is_not_derived_or_not_published_then_it_comes_again() {
    let stage = Stage::new().await;
    let world = &stage.world;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let photo = world.post(&ann).await;
    stage.drain().await;
    stage.published.take();
    world.like(&bob, &ann, photo).await;
    let records = world.engine.stream().await;
    keep_refusing(world, &ItemKey::Photo(photo));
    assert_eq!(stage.deliver(&records).await, None);
    let again = async || work(&stage.worker, &stage.outbox, &stage.outbox.take::<OutOfOrder>()).await;
    assert_eq!(again().await, 1);
    assert!(stage.published.take().is_empty(), "deriving comes first");
    world.engine.heal();
    stage.published.refuse_from(0);
    assert_eq!(again().await, 1);
    assert_eq!(stage.likes(photo).await, 1);
    assert_eq!(again().await, 0);
    assert_eq!(kinds(&stage.published.take()), ["like.added"]);
    assert_eq!(stage.likes(photo).await, 1);
}

#[tokio::test]
async fn when_the_queue_refuses_too_then_the_record_fails() {
    let stage = Stage::new().await;
    let world = &stage.world;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let (hot, cold) = (world.post(&ann).await, world.post(&ann).await);
    stage.drain().await;
    world.like(&bob, &ann, cold).await;
    world.like(&bob, &ann, hot).await;
    let records = world.engine.stream().await;
    keep_refusing(world, &ItemKey::Photo(hot));
    stage.outbox.fail_next(1);
    assert_eq!(stage.deliver(&records).await, records[1].change.sequence_number);
    assert_eq!(stage.likes(cold).await, 1);
    world.engine.heal();
    assert_eq!(deliver(&stage.worker(), &records[1..]).await, None);
    stage.assert_exact(&[&ann, &bob], &[hot, cold]).await;
}

#[tokio::test]
async fn a_busy_account_leaves_its_followers_in_order() {
    let stage = Stage::new().await;
    let world = &stage.world;
    let (star, fans) = (world.person("star").await, world.people("fan", 6).await);
    stage.drain().await;
    for fan in &fans {
        world.follow(fan, &star).await;
    }
    for fan in &fans[3..] {
        world.follow(fan, &fans[0]).await;
    }
    let records = world.engine.stream().await;
    // All changes are connected through shared items, but only one item is busy.
    keep_refusing(world, &ItemKey::User(star.user_id));
    assert_eq!(stage.deliver(&records).await, None);
    let messages = stage.outbox.take::<OutOfOrder>();
    let stars = |change: &Change| matches!(change, Change::Said(Said::Follow(_, followee, _)) if *followee == star.user_id);
    assert_eq!(messages.len(), 1);
    assert!(messages[0].changes.len() == 6 && messages[0].changes.iter().all(stars));
    assert_eq!(world.profile(&fans[0]).await.followers, 3);
    world.engine.heal();
    assert_eq!(work(&stage.worker, &stage.outbox, &messages).await, 0);
    let everybody: Vec<_> = fans.iter().chain([&star]).collect();
    stage.assert_exact(&everybody, &[]).await;
}

#[tokio::test]
async fn a_photo_whose_author_is_busy_is_listed_and_published_later() {
    let stage = Stage::new().await;
    let world = &stage.world;
    let ann = world.person("ann").await;
    let (kept, deleted) = (world.draft(&ann, 1).await, world.draft(&ann, 1).await);
    stage.drain().await;
    stage.published.take();
    world.finish(&kept).await;
    world.finish(&deleted).await;
    let records = world.engine.stream().await;
    keep_refusing(world, &ItemKey::User(ann.user_id));
    assert_eq!(stage.deliver(&records).await, None);
    assert!(stage.published.take().is_empty());
    world.engine.heal();
    world.delete(&ann, deleted.id).await;
    stage.work_off().await;
    stage.assert_listed(&[&ann], &[kept.id]).await;
    stage.drain().await;
    stage.assert_listed(&[&ann], &[kept.id]).await;
    stage.assert_exact(&[&ann], &[kept.id]).await;
    assert_eq!(kinds(&stage.published.take()), ["photo.ready", "photo.ready", "photo.deleted"]);
}

#[tokio::test]
async fn when_the_queue_sends_a_real_event_then_it_is_derived_and_published() {
    let stage = Stage::new().await;
    let world = &stage.world;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let photo = world.post(&bob).await;
    stage.drain().await;
    stage.published.take();
    world.like(&ann, &bob, photo).await;
    world.follow(&ann, &bob).await;
    world.unfollow(&ann, &bob).await;

    let ids = [ann.user_id.to_string(), bob.user_id.to_string(), photo.to_string()];
    let values = [("user_id", ids[0].as_str()), ("author_id", &ids[1]), ("photo_id", &ids[2])];
    let event: Value = fixture("derive", "out-of-order", &values);
    let answer = runtime::stream_or_queue::answer(&stage.worker, event).await.unwrap();
    assert_eq!(answer, json!({ "batchItemFailures": [] }));
    assert_eq!((stage.likes(photo).await, world.profile(&bob).await.followers), (1, 0));
    assert_eq!(kinds(&stage.published.take()), ["like.added", "follow.added"]);
}
