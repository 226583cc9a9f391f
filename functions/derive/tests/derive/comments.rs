//! Comments, replies, their likes and removals, derived under crashes, conflicts and redeliveries.

use api::Caller;
use aws_lambda_events::dynamodb::EventRecord;
use derive::OutOfOrder;
use domain::{Clock, CommentPath, PhotoId};
use messages::Event;
use table::counters::{self, Counter, Inspection};
use table::keys::ItemKey;
use table::relations::Side;
use table::{agreement, comment, photo};
use testkit::{Fault, dies_at};

use crate::stage::{Stage, change, deliver, work};

const ALL: usize = 1_000;

/// A photo with comments, and a batch in which every kind of thing happens to them.
struct Scene {
    stage: Stage,
    people: Vec<Caller>,
    photo: PhotoId,
    /// Taken back by its writer, with a reply of before and one of after.
    taken_back: CommentPath,
    /// Removed by the author of the photo.
    removed: CommentPath,
    /// Stays, with a reply and a like.
    kept: CommentPath,
    batch: Vec<EventRecord>,
}

async fn scene() -> Scene {
    let stage = Stage::new().await;
    let world = &stage.world;
    let people = world.people("person", 3).await;
    let [author, bob, eve] = &people[..] else { panic!("three people") };
    let photo = world.post(author).await;
    stage.drain().await;
    let taken_back = world.comment(bob, author, photo, None).await;
    let removed = world.comment(eve, author, photo, None).await;
    let kept = world.comment(eve, author, photo, None).await;
    stage.drain().await;
    world.comment(eve, author, photo, Some(taken_back)).await;
    world.like_comment(bob, author, eve, removed).await;
    world.like_comment(author, author, eve, kept).await;
    stage.drain().await;
    stage.published.take();
    world.like_comment(bob, author, eve, kept).await;
    comment::unlike(&world.table, author.user_id, kept).await.unwrap();
    world.comment(bob, author, photo, Some(kept)).await;
    let now = world.clock.now();
    comment::remove_as_author(&world.table, author.user_id, removed, eve.user_id, now).await.unwrap();
    assert!(world.uncomment(bob, taken_back).await);
    // Written before anybody could know.
    world.comment(eve, author, photo, Some(taken_back)).await;
    world.comment(author, author, photo, None).await;
    let records = world.engine.stream().await;
    let batch = records.into_iter().filter(|record| change(record).is_some()).collect();
    Scene { stage, people, photo, taken_back, removed, kept, batch }
}

impl Scene {
    /// Asserts that every counter equals its edges and that both edges of every relation agree.
    async fn assert_exact(&self) {
        let table = &self.stage.world.table;
        let thread = comment::thread(table, self.photo, None, ALL).await.unwrap().items;
        let mut counted = Counter::OF_PHOTO.map(|of| of(self.photo)).to_vec();
        let mut sides = Side::OF_PHOTO.map(|of| of(self.photo)).to_vec();
        for (path, _) in &thread {
            counted.extend(Counter::OF_COMMENT.map(|of| of(*path)));
            sides.extend(Side::OF_COMMENT.map(|of| of(*path)));
        }
        for person in &self.people {
            sides.extend(Side::OF_USER.map(|of| of(person.user_id)));
        }
        for counter in counted {
            match counters::inspect(table, counter).await.unwrap() {
                Inspection::Still(count) => assert_eq!(count.stored, count.edges, "{counter}"),
                other => panic!("{counter}: {other:?}"),
            }
        }
        for side in sides {
            assert!(agreement::mismatched(table, side, ALL).await.unwrap().is_empty(), "{side:?}");
        }
    }

    /// Asserts that after every redelivery the result is the same as without a fault.
    async fn assert_whole(&self) {
        self.stage.drain().await;
        self.assert_exact().await;
        let table = &self.stage.world.table;
        let thread = comment::thread(table, self.photo, None, ALL).await.unwrap().items;
        let kept = thread.iter().find(|(path, _)| *path == self.kept).map(|(_, kept)| kept.clone()).unwrap();
        assert_eq!((thread.len(), kept.likes, kept.replies), (2, 1, 1));
        let counted = photo::get(table, self.photo).await.unwrap().unwrap().comments;
        // The reply of before stays until `backfill` takes it along. The one of after was never derived.
        assert_eq!(counted, 4);
        let top = comment::top(table, self.photo).await.unwrap();
        assert_eq!(top.iter().map(|ranked| ranked.comment).collect::<Vec<_>>(), [self.kept.comment]);
        let events = self.stage.published.take();
        let gone = |path| {
            events
                .iter()
                .any(|event| matches!(event, Event::CommentRemoved { comment, .. } if *comment == path))
        };
        assert!(gone(self.taken_back) && gone(self.removed) && !gone(self.kept));
        // What goes along with a comment.
        while comment::forget_replies(table, self.taken_back, None).await.unwrap().is_some() {}
        assert!(!comment::forget_likes_of_some(table, self.removed).await.unwrap());
        self.stage.drain().await;
        self.assert_exact().await;
        assert_eq!(photo::get(table, self.photo).await.unwrap().unwrap().comments, 3);
        let eve = self.people[2].user_id;
        let own = comment::newest_replies_written_latest(table, eve, self.taken_back, ALL).await.unwrap();
        assert!(own.items.is_empty());
    }
}

#[tokio::test]
async fn when_deriving_comments_dies_after_any_write_then_a_retry_is_exact() {
    for n in 1.. {
        let scene = scene().await;
        let (stage, engine) = (&scene.stage, &scene.stage.world.engine);
        engine.fail_when(dies_at(n));
        let ended = engine.until_crash(stage.deliver(&scene.batch)).await;
        engine.heal();
        for start in [0, scene.batch.len() / 2, 0] {
            assert_eq!(deliver(&stage.worker(), &scene.batch[start..]).await, None, "{n}");
        }
        scene.assert_whole().await;
        if ended.is_some() {
            assert!(n > 4, "only {n} writes");
            return;
        }
    }
}

#[tokio::test]
async fn when_comments_are_derived_out_of_order_and_twice_then_they_are_exact() {
    let scene = scene().await;
    let stage = &scene.stage;
    let changes: Vec<_> = scene.batch.iter().filter_map(change).collect();
    let messages: Vec<_> =
        changes.chunks(2).rev().map(|changes| OutOfOrder { changes: changes.to_vec() }).collect();
    for _ in 0..2 {
        assert_eq!(work(&stage.worker, &stage.outbox, &messages).await, 0);
    }
    assert_eq!(deliver(&stage.worker(), &scene.batch[scene.batch.len() / 2..]).await, None);
    scene.assert_whole().await;
}

#[tokio::test]
async fn when_comments_go_then_their_events_say_whom_they_told_in_any_order() {
    for (out_of_order, with_photo) in [(false, false), (false, true), (true, false), (true, true)] {
        let stage = Stage::new().await;
        let world = &stage.world;
        let people = world.people("person", 3).await;
        let [author, bob, eve] = &people[..] else { panic!("three people") };
        let photo = world.post(author).await;
        let path = world.comment(bob, author, photo, None).await;
        stage.drain().await;
        let reply = world.say(eve, author, photo, Some((path, Some(bob))), &[author, bob]).await;
        stage.drain().await;
        if with_photo {
            world.delete(author, photo).await;
            stage.drain().await;
            assert!(!comment::forget_some(&world.table, photo).await.unwrap());
        } else {
            world.uncomment(eve, reply).await;
        }
        stage.published.take();
        if out_of_order {
            let changes = world.engine.stream().await.iter().filter_map(change).collect();
            let messages = [OutOfOrder { changes }];
            assert_eq!(work(&stage.worker, &stage.outbox, &messages).await, 0);
        } else {
            stage.drain().await;
        }
        let removed = Event::CommentRemoved {
            comment: reply,
            author_id: author.user_id,
            user_id: eve.user_id,
            answers: Some(bob.user_id),
            told: vec![author.user_id, bob.user_id],
        };
        assert!(stage.published.take().contains(&removed), "{out_of_order} {with_photo}");
    }
}

#[tokio::test]
async fn when_a_photo_with_many_comments_is_busy_then_others_are_derived_and_it_catches_up() {
    let stage = Stage::new().await;
    let world = &stage.world;
    let people = world.people("person", 3).await;
    let (busy, calm) = (world.post(&people[0]).await, world.post(&people[0]).await);
    stage.drain().await;
    for _ in 0..40 {
        world.comment(&people[1], &people[0], busy, None).await;
    }
    world.comment(&people[2], &people[0], calm, None).await;
    let records = world.engine.stream().await;
    let hot = ItemKey::Photo(busy).raw().pk;
    world.engine.fail_when(move |asked| (asked.writes() && asked.touches(&hot)).then_some(Fault::Conflict));
    assert_eq!(stage.deliver(&records).await, None);
    world.engine.heal();
    let comments = async |id| photo::get(&world.table, id).await.unwrap().unwrap().comments;
    assert_eq!((comments(busy).await, comments(calm).await), (0, 1));
    stage.work_off().await;
    assert_eq!((comments(busy).await, comments(calm).await), (40, 1));
}

#[tokio::test]
async fn a_comment_derived_stays_within_its_budget() {
    let stage = Stage::new().await;
    let people = stage.world.people("person", 2).await;
    let photo = stage.world.post(&people[0]).await;
    stage.drain().await;
    stage.world.comment(&people[1], &people[0], photo, None).await;
    let batch = stage.world.engine.stream().await;
    stage.world.engine.reset_usage();
    assert_eq!(stage.deliver(&batch).await, None);
    let usage = stage.world.engine.usage();
    assert!(usage.write_units <= 4.0 && usage.read_units <= 0.0, "{usage:?}");
}
