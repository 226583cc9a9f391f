//! When rows are told, and what is unread.

use std::time::Duration;

use domain::{Clock, PhotoId};
use messages::Event;
use notify::NotifyHandler;
use runtime::sqs::answer;
use table::inbox::{self, Inspection};
use testkit::{Published, World, dies_at, sqs_event};

use crate::{Caller, delete, deliver, like, listed, read_all, unlike, unread};

/// Ann, and a photo of hers that Bob liked.
async fn scene(world: &World) -> (Caller, PhotoId) {
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let photo = world.post(&ann).await;
    let liked = like(world, &ann, photo, &bob).await;
    assert!(deliver(world, &[liked]).await.is_empty());
    (ann, photo)
}

async fn likes(world: &World, ann: &Caller, photo: PhotoId, name: &str) -> Caller {
    let fan = world.person(name).await;
    let liked = like(world, ann, photo, &fan).await;
    assert!(deliver(world, &[liked]).await.is_empty());
    fan
}

#[tokio::test]
async fn when_a_row_is_told_again_then_it_moves_up_and_is_unread() {
    let world = World::new().await;
    let (ann, photo) = scene(&world).await;
    let first = listed(&world, &ann).await[0].place;
    read_all(&world, &ann).await;
    // Within the minute after it the row says more, where it is.
    likes(&world, &ann, photo, "cid").await;
    let rows = listed(&world, &ann).await;
    assert_eq!((rows.len(), rows[0].place, rows[0].row.actor_count), (1, first, 2));
    assert_eq!(unread(&world, &ann).await, 0);
    let other = world.post(&ann).await;
    likes(&world, &ann, other, "dan").await;
    assert_eq!((listed(&world, &ann).await[1].place, unread(&world, &ann).await), (first, 1));
    world.clock.advance(Duration::from_mins(1));
    likes(&world, &ann, photo, "eve").await;
    let told_at = world.clock.now();
    // What comes now is gathered for five minutes.
    for (name, count) in [("", 3), ("fay", 4)] {
        if !name.is_empty() {
            world.clock.advance(Duration::from_mins(4));
            likes(&world, &ann, photo, name).await;
        }
        let rows = listed(&world, &ann).await;
        assert_eq!((rows.len(), rows[0].place, rows[0].row.actor_count), (2, told_at, count));
        assert_eq!(unread(&world, &ann).await, 2);
    }
}

#[tokio::test]
async fn when_everybody_takes_back_and_one_is_here_again_then_the_row_is_where_it_was() {
    let world = World::new().await;
    let (ann, photo) = scene(&world).await;
    world.clock.advance(Duration::from_mins(1));
    let cid = likes(&world, &ann, photo, "cid").await;
    let bob = listed(&world, &ann).await[0].row.actors.iter().find(|actor| actor.username == "bob").cloned();
    let bob = Caller { user_id: bob.unwrap().user_id, username: "bob".to_owned() };
    let place = listed(&world, &ann).await[0].place;
    for is_read in [false, true] {
        for fan in [&bob, &cid] {
            let removed = unlike(&world, photo, fan).await;
            assert!(deliver(&world, &[removed]).await.is_empty());
        }
        assert_eq!((listed(&world, &ann).await, unread(&world, &ann).await), (vec![], 0));
        world.clock.advance(Duration::from_hours(2));
        for fan in [&bob, &cid] {
            let liked = like(&world, &ann, photo, fan).await;
            assert!(deliver(&world, &[liked]).await.is_empty());
            let rows = listed(&world, &ann).await;
            assert_eq!((rows.len(), rows[0].place), (1, place));
            assert_eq!(unread(&world, &ann).await, u64::from(!is_read));
        }
        read_all(&world, &ann).await;
    }
    // Somebody new is told of.
    likes(&world, &ann, photo, "dan").await;
    assert_eq!((listed(&world, &ann).await[0].place, unread(&world, &ann).await), (world.clock.now(), 1));
}

#[tokio::test]
async fn when_a_read_photo_and_an_unread_one_are_deleted_then_the_number_follows() {
    let world = World::new().await;
    let (ann, read) = scene(&world).await;
    read_all(&world, &ann).await;
    let other = world.post(&ann).await;
    likes(&world, &ann, other, "cid").await;
    assert_eq!(unread(&world, &ann).await, 1);
    for (photo, left) in [(read, 1), (other, 0)] {
        let deleted = delete(&world, &ann, photo).await;
        assert!(deliver(&world, &[deleted]).await.is_empty());
        assert_eq!((listed(&world, &ann).await.len(), unread(&world, &ann).await), (left, left as u64));
    }
}

#[tokio::test]
async fn when_rows_come_and_go_at_once_then_the_number_of_unread_is_exact() {
    let world = World::new().await;
    let ann = world.person("ann").await;
    let fans = world.people("fan", 3).await;
    let (one, other) = (world.post(&ann).await, world.post(&ann).await);
    let mut events = Vec::new();
    for fan in &fans {
        for photo in [one, other] {
            events.push(like(&world, &ann, photo, fan).await);
        }
    }
    assert!(deliver(&world, &events).await.is_empty());
    let mut gone = Vec::new();
    for fan in &fans {
        gone.push(unlike(&world, one, fan).await);
    }
    let deleted = [delete(&world, &ann, other).await];
    let third = world.post(&ann).await;
    let liked = [like(&world, &ann, third, &fans[0]).await];
    let all = futures::join!(
        deliver(&world, &gone),
        deliver(&world, &deleted),
        deliver(&world, &liked),
        read_all(&world, &ann)
    );
    assert!(all.0.is_empty() && all.1.is_empty() && all.2.is_empty());
    let inspected = inbox::inspect(&world.table, ann.user_id, world.clock.now()).await.unwrap();
    let Inspection::Still { stored, rows } = inspected else { panic!("nothing happens now") };
    assert_eq!(stored, rows);
    assert_eq!(unread(&world, &ann).await, stored);
}

/// Delivers an event; returns whether that failed, and the states of the rows that were published as told.
pub(crate) async fn tells(world: &World, event: &Event, refused: bool) -> (bool, Vec<u64>) {
    let published = Published::default();
    if refused {
        published.refuse_from(0);
    }
    let handler = NotifyHandler::new(world.table.clone(), published.clone(), world.clock.shared());
    let done = answer(&handler, sqs_event(std::slice::from_ref(event))).await;
    let states = published.take().into_iter().map(|event| match event {
        Event::NotificationTold { state, .. } => state,
        other => panic!("{other:?}"),
    });
    (!done.batch_item_failures.is_empty(), states.collect())
}

#[tokio::test]
async fn when_a_row_is_told_then_devices_hear_of_it_and_of_what_is_gathered_not_yet() {
    let world = World::new().await;
    let (ann, fans) = (world.person("ann").await, world.people("fan", 4).await);
    let photo = world.post(&ann).await;
    for (fan, minutes, heard) in [(0, 0, vec![1]), (1, 0, vec![]), (2, 1, vec![2]), (3, 0, vec![])] {
        world.clock.advance(Duration::from_mins(minutes));
        let liked = like(&world, &ann, photo, &fans[fan]).await;
        assert_eq!(tells(&world, &liked, false).await, (false, heard), "{fan}");
    }
    // What comes again after a quarter of an hour is no news.
    world.clock.advance(Duration::from_mins(15));
    let removed = unlike(&world, photo, &fans[0]).await;
    assert_eq!(tells(&world, &removed, false).await, (false, vec![]));
    let again = like(&world, &ann, photo, &fans[0]).await;
    for _ in 0..2 {
        assert_eq!(tells(&world, &again, false).await, (false, vec![]));
    }
}

#[tokio::test]
async fn when_the_function_dies_before_devices_hear_then_the_message_tells_them() {
    for refused in [false, true] {
        let world = World::new().await;
        let (ann, fans) = (world.person("ann").await, world.people("fan", 2).await);
        let photo = world.post(&ann).await;
        for (fan, heard) in [(0, vec![1]), (1, vec![])] {
            let liked = like(&world, &ann, photo, &fans[fan]).await;
            if !refused {
                world.engine.fail_when(dies_at(1));
            }
            let (failed, before) = tells(&world, &liked, refused).await;
            // What is gathered publishes nothing that could be refused.
            assert_eq!((failed, before), (!refused || fan == 0, vec![]));
            world.engine.heal();
            let (failed, after) = tells(&world, &liked, false).await;
            assert!(!failed && after.ends_with(&heard), "{after:?}");
            assert_eq!((listed(&world, &ann).await.len(), unread(&world, &ann).await), (1, 1));
        }
    }
}
