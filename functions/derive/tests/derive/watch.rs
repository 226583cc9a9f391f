//! What `live-send` hears of likes.

use derive::OutOfOrder;
use domain::{Clock, PhotoId, Relation};
use messages::live::LikesChanged;
use table::change::Change;
use table::keys::ItemKey;
use testkit::Fault;

use crate::stage::{Stage, work};

async fn watched(stage: &Stage, photo: PhotoId, seconds: i64) {
    let until = stage.world.clock.now().plus_ms(seconds * 1_000).0;
    stage.world.write(&ItemKey::WatchState(photo), "SET watched_until = :value", until).await;
}

/// Returns the photos of which `live-send` heard.
fn heard(stage: &Stage) -> Vec<PhotoId> {
    let messages: Vec<LikesChanged> = stage.live.take();
    let now = stage.world.clock.now();
    assert!(messages.iter().all(|message| message.at == now && !message.in_turn), "{messages:?}");
    messages.into_iter().map(|message| message.photo_id).collect()
}

#[tokio::test]
async fn when_watched_photos_are_liked_then_each_is_told_of_once_a_batch() {
    let stage = Stage::new().await;
    let world = &stage.world;
    let (ann, fans) = (world.person("ann").await, world.people("fan", 20).await);
    let photos = [world.post(&ann).await, world.post(&ann).await, world.post(&ann).await];
    stage.drain().await;
    watched(&stage, photos[0], 60).await;
    watched(&stage, photos[1], 0).await;
    world.engine.stream().await;
    for fan in &fans {
        for photo in photos {
            world.like(fan, &ann, photo).await;
        }
    }
    watched(&stage, photos[0], 60).await;
    let records = world.engine.stream().await;
    // A batch that comes again tells again.
    for _ in 0..2 {
        assert_eq!(stage.deliver(&records).await, None);
        assert_eq!(heard(&stage), [photos[0]]);
    }
    world.unlike(&fans[0], photos[0]).await;
    let message = OutOfOrder { changes: vec![Change::TakenBack(Relation::Like(fans[0].user_id, photos[0]))] };
    assert_eq!(work(&stage.worker, &stage.outbox, &[message]).await, 0);
    assert_eq!(heard(&stage), [photos[0]]);
}

#[tokio::test]
async fn when_it_is_not_known_who_watches_then_every_liked_photo_is_told_of() {
    let stage = Stage::new().await;
    let world = &stage.world;
    let ann = world.person("ann").await;
    let photo = world.post(&ann).await;
    stage.drain().await;
    world.like(&ann, &ann, photo).await;
    let records = world.engine.stream().await;
    let watchers = ItemKey::WatchState(photo).raw().pk;
    world.engine.fail_when(move |asked| asked.touches(&watchers).then_some(Fault::Throttled));
    assert_eq!(stage.deliver(&records).await, None, "hints hold up nothing");
    assert_eq!((heard(&stage), stage.likes(photo).await), (vec![photo], 1));
}

#[tokio::test]
async fn when_a_photo_cannot_be_told_of_then_its_likes_come_again() {
    let stage = Stage::new().await;
    let world = &stage.world;
    let ann = world.person("ann").await;
    let photo = world.post(&ann).await;
    stage.drain().await;
    watched(&stage, photo, 60).await;
    world.engine.stream().await;
    world.like(&ann, &ann, photo).await;
    let records = world.engine.stream().await;
    stage.live.fail_next(1);
    assert_eq!(stage.deliver(&records).await, records[0].change.sequence_number);
    assert_eq!(stage.deliver(&records).await, None);
    assert_eq!((heard(&stage), stage.likes(photo).await), (vec![photo], 1));
}
