//! Notifications from messages, on the real table engine.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "helpers of tests are tests")]

use api::Caller;
use domain::inbox::{Row, RowId};
use domain::{Clock, PhotoId, Timestamp};
use messages::{Event, HashRange};
use notify::NotifyHandler;
use runtime::sqs::answer;
use testkit::{Fault, World, fixture, sqs_event};

async fn deliver(world: &World, events: &[Event]) -> Vec<String> {
    let response = answer(&NotifyHandler::new(world.table.clone()), sqs_event(events)).await;
    response.batch_item_failures.into_iter().map(|failure| failure.item_identifier).collect()
}

async fn inbox(world: &World, of: &Caller) -> Vec<(RowId, Row)> {
    table::inbox::page(&world.table, of.user_id, None, 100, world.clock.now()).await.unwrap().items
}

fn like(author: &Caller, photo: PhotoId, by: &Caller, at: Timestamp) -> Event {
    Event::LikeAdded {
        photo_id: photo,
        author_id: author.user_id,
        user_id: by.user_id,
        username: by.username.clone(),
        at,
    }
}

fn follow(followee: &Caller, by: &Caller, at: Timestamp) -> Event {
    Event::FollowAdded {
        follower_id: by.user_id,
        follower_name: by.username.clone(),
        followee_id: followee.user_id,
        at,
    }
}

/// Creates Ann, her photo with likes by three users, one of whom likes it twice, and two followers of hers.
async fn scene(world: &World) -> (Caller, Vec<Event>) {
    let ann = world.person("ann").await;
    let fans = world.people("fan", 3).await;
    let photo = world.post(&ann).await;
    let now = world.clock.now();
    let mut events: Vec<Event> =
        (0..).zip(&fans).map(|(ms, fan)| like(&ann, photo, fan, now.plus_ms(ms))).collect();
    events.push(like(&ann, photo, &ann, now));
    events.extend((0..).zip(&fans[..2]).map(|(ms, fan)| follow(&ann, fan, now.plus_ms(ms))));
    (ann, events)
}

#[tokio::test]
async fn when_messages_come_twice_and_in_reverse_then_the_inbox_is_the_same() {
    let mut inboxes = Vec::new();
    for reverse in [false, true] {
        let world = World::new().await;
        let (ann, mut events) = scene(&world).await;
        if reverse {
            events.reverse();
        }
        for _ in 0..2 {
            assert!(deliver(&world, &events).await.is_empty());
        }
        let rows = inbox(&world, &ann).await;
        let sentences: Vec<String> = rows.iter().map(|(id, row)| row.message(id.subject)).collect();
        assert_eq!(rows.len(), 2);
        assert!(sentences.contains(&"fan2 and 2 others liked your photo".to_owned()), "{sentences:?}");
        assert!(sentences.contains(&"fan1 and 1 other started following you".to_owned()), "{sentences:?}");
        inboxes.push(rows);
    }
    assert_eq!(inboxes[0], inboxes[1]);
}

#[tokio::test]
async fn when_somebody_likes_unlikes_and_likes_again_then_it_counts_once() {
    let world = World::new().await;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let photo = world.post(&ann).await;
    let now = world.clock.now();
    // The second like falls into the next day's row. Actor and subject are the same all the same.
    for at in [now, now.plus_days(1)] {
        assert!(deliver(&world, &[like(&ann, photo, &bob, at)]).await.is_empty());
    }
    let [(_, row)] = inbox(&world, &ann).await.try_into().unwrap();
    assert_eq!((row.actor_count, row.updated_at), (1, now));
}

#[tokio::test]
async fn when_authors_like_their_own_photo_then_nobody_is_notified() {
    let world = World::new().await;
    let ann = world.person("ann").await;
    let photo = world.post(&ann).await;
    world.engine.reset_usage();
    assert!(deliver(&world, &[like(&ann, photo, &ann, world.clock.now())]).await.is_empty());
    assert_eq!(world.engine.usage().requests, 0);
}

#[tokio::test]
async fn when_many_act_at_once_then_every_actor_is_recorded() {
    let world = World::new().await;
    let ann = world.person("ann").await;
    let fans = world.people("fan", 8).await;
    let photo = world.post(&ann).await;
    let events: Vec<Event> = fans.iter().map(|fan| like(&ann, photo, fan, world.clock.now())).collect();
    // Two batches come at once. Each is about everybody, so they conflict on one row.
    let (first, second) = futures::join!(deliver(&world, &events), deliver(&world, &events));
    assert!(first.is_empty() && second.is_empty());
    let [(_, row)] = inbox(&world, &ann).await.try_into().unwrap();
    assert_eq!(row.actor_count, 8);
}

#[tokio::test]
async fn when_one_message_is_misdirected_then_the_others_are_handled() {
    let world = World::new().await;
    let (ann, events) = scene(&world).await;
    let stray = Event::PhotoReady {
        photo_id: PhotoId::try_from(1).unwrap(),
        author_id: ann.user_id,
        followers: HashRange::ALL,
    };
    assert_eq!(deliver(&world, &[events[0].clone(), stray, events[1].clone()]).await, ["message-1"]);
    assert_eq!(inbox(&world, &ann).await[0].1.actor_count, 2);
}

#[tokio::test]
async fn when_the_function_dies_after_writing_then_a_retry_changes_nothing() {
    let world = World::new().await;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let photo = world.post(&ann).await;
    let event = [like(&ann, photo, &bob, world.clock.now())];
    world.engine.fail_next("TransactWriteItems", 1, Fault::Crash);
    assert_eq!(deliver(&world, &event).await, ["message-0"]);
    assert!(deliver(&world, &event).await.is_empty());
    assert_eq!(inbox(&world, &ann).await[0].1.actor_count, 1);
}

#[tokio::test]
async fn when_sqs_sends_real_events_then_they_are_recorded() {
    let world = World::new().await;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let photo = world.post(&bob).await.to_string();
    let (from, to) = (ann.user_id.to_string(), bob.user_id.to_string());
    let like =
        fixture("notify", "like-added", &[("photo_id", &photo), ("author_id", &to), ("user_id", &from)]);
    let follow = fixture("notify", "follow-added", &[("follower_id", &from), ("followee_id", &to)]);
    for event in [like, follow] {
        let response =
            answer(&NotifyHandler::new(world.table.clone()), serde_json::from_value(event).unwrap()).await;
        assert!(response.batch_item_failures.is_empty());
    }
    assert_eq!(inbox(&world, &bob).await.len(), 2);
}
