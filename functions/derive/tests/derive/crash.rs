//! The function dies after each of its writes in turn, and its input is delivered again.

use std::collections::BTreeSet;

use api::Caller;
use aws_lambda_events::dynamodb::EventRecord;
use derive::OutOfOrder;
use domain::PhotoId;
use table::keys::ItemKey;
use testkit::{Fault, dies_at};

use crate::stage::{Stage, assert_never_wrong, change, deliver, told, wanted, work};

/// A batch with every kind of change, and the people and photos it is about.
struct Scene {
    stage: Stage,
    people: Vec<Caller>,
    photos: Vec<PhotoId>,
    batch: Vec<EventRecord>,
}

async fn scene() -> Scene {
    let stage = Stage::new().await;
    let world = &stage.world;
    let people = world.people("person", 4).await;
    let (first, second) = (world.post(&people[0]).await, world.post(&people[1]).await);
    world.like(&people[3], &people[0], first).await;
    world.follow(&people[3], &people[0]).await;
    stage.drain().await;
    stage.published.take();
    // Likes come, go and come again. People follow and are followed. One photo is new, one deleted,
    // one failed.
    for person in &people[..3] {
        world.like(person, &people[0], first).await;
        world.like(person, &people[1], second).await;
    }
    world.unlike(&people[3], first).await;
    world.unlike(&people[2], first).await;
    world.like(&people[2], &people[0], first).await;
    world.follow(&people[1], &people[0]).await;
    world.follow(&people[2], &people[1]).await;
    world.unfollow(&people[3], &people[0]).await;
    let third = world.post(&people[2]).await;
    let failed = world.draft(&people[2], 1).await;
    let failure =
        domain::photo::Failure { code: "image_corrupt".into(), detail: "It cannot be read.".into() };
    table::photo::fail(&world.table, failed.id, &failure).await.unwrap();
    world.delete(&people[1], second).await;
    // One who follows is blocked, and one who is followed is removed.
    world.follow(&people[2], &people[3]).await;
    world.block(&people[0], &people[1]).await;
    world.remove_follower(&people[1], &people[2]).await;
    let records = world.engine.stream().await;
    let batch = records.into_iter().filter(|record| change(record).is_some()).collect();
    Scene { stage, people, photos: vec![first, third], batch }
}

impl Scene {
    /// Asserts that after every redelivery the result is the same as without a crash.
    async fn assert_whole(&self) {
        let mut records = self.batch.clone();
        // Edges that the block and the removal ended are in the stream again.
        loop {
            let written = self.stage.world.engine.stream().await;
            assert_never_wrong(&written);
            let news: Vec<EventRecord> =
                written.into_iter().filter(|record| change(record).is_some()).collect();
            if news.is_empty() {
                break;
            }
            assert_eq!(self.stage.deliver(&news).await, None);
            records.extend(news);
        }
        let people: Vec<&Caller> = self.people.iter().collect();
        self.stage.assert_exact(&people, &self.photos).await;
        self.stage.assert_listed(&people, &self.photos).await;
        let told: BTreeSet<String> = self.stage.published.take().iter().map(told).collect();
        let wanted: BTreeSet<String> =
            records.iter().flat_map(|record| wanted(&change(record).unwrap())).collect();
        // Of the follow that is forbidden by a block nothing need be published.
        let forbidden = format!("follow.added {} {}", self.people[1].user_id, self.people[0].user_id);
        assert!(told.is_subset(&wanted), "{:?}", told.difference(&wanted));
        assert!(wanted.difference(&told).all(|event| *event == forbidden), "{:?}", wanted.difference(&told));
        for (who, whom) in [(1, 0), (2, 1)] {
            let (who, whom) = (self.people[who].user_id, self.people[whom].user_id);
            assert!(!table::follow::exists_latest(&self.stage.world.table, who, whom).await.unwrap());
        }
        let circle = table::circle::get(&self.stage.world.table, self.people[0].user_id).await.unwrap();
        assert!(circle.blocks.contains(&self.people[1].user_id));
    }
}

#[tokio::test]
async fn when_deriving_the_stream_dies_after_any_write_then_a_retry_is_exact() {
    for n in 1.. {
        let scene = scene().await;
        let (stage, engine) = (&scene.stage, &scene.stage.world.engine);
        engine.fail_when(dies_at(n));
        let ended = engine.until_crash(stage.deliver(&scene.batch)).await;
        engine.heal();
        // Lambda gives another process the whole batch with what precedes it, or only the rest of the batch.
        for start in [0, scene.batch.len() / 2, 0] {
            assert_eq!(deliver(&stage.worker(), &scene.batch[start..]).await, None, "{n}");
        }
        scene.assert_whole().await;
        if let Some(failed) = ended {
            assert_eq!(failed, None);
            assert!(n > 8, "only {n} writes");
            return;
        }
    }
}

#[tokio::test]
async fn when_deriving_out_of_order_dies_after_any_write_then_a_retry_is_exact() {
    for n in 1.. {
        let scene = scene().await;
        let (stage, engine) = (&scene.stage, &scene.stage.world.engine);
        // All changes were sent to the queue, a few in each message.
        let changes: Vec<_> = scene.batch.iter().filter_map(change).collect();
        let messages: Vec<_> =
            changes.chunks(4).map(|changes| OutOfOrder { changes: changes.to_vec() }).collect();
        engine.fail_when(dies_at(n));
        let ended = engine.until_crash(work(&stage.worker, &stage.outbox, &messages)).await;
        engine.heal();
        for _ in 0..2 {
            // The messages come again in another order.
            let again: Vec<OutOfOrder> = messages.iter().rev().cloned().collect();
            assert_eq!(work(&stage.worker(), &stage.outbox, &again).await, 0, "{n}");
        }
        // Part of the stream comes again too, and meets what was derived out of order.
        assert_eq!(deliver(&stage.worker(), &scene.batch[scene.batch.len() / 2..]).await, None);
        scene.assert_whole().await;
        if ended.is_some() {
            assert!(n > 8, "only {n} writes");
            return;
        }
    }
}

#[tokio::test]
async fn when_it_dies_while_an_item_is_busy_then_a_double_delivery_is_exact() {
    for n in 1.. {
        let scene = scene().await;
        let (stage, engine) = (&scene.stage, &scene.stage.world.engine);
        let busy = ItemKey::Photo(scene.photos[0]).raw().pk;
        let mut dies = dies_at(n);
        engine.fail_when(move |asked| {
            if asked.writes() && asked.touches(&busy) { Some(Fault::Conflict) } else { dies(asked) }
        });
        let ended = engine.until_crash(stage.deliver(&scene.batch)).await;
        engine.heal();
        // The queue is first ahead of the stream, then behind it.
        stage.work_off().await;
        assert_eq!(deliver(&stage.worker(), &scene.batch).await, None, "{n}");
        stage.work_off().await;
        scene.assert_whole().await;
        if ended.is_some() {
            assert!(n > 6, "only {n} writes");
            return;
        }
    }
}
