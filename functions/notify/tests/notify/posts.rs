//! Photos of people of whom somebody has a bell on.

use api::Caller;
use domain::inbox::Subject;
use domain::{Clock, PhotoId};
use messages::Event;
use notify::NotifyHandler;
use runtime::sqs::answer;
use testkit::{Published, World, dies_at, sqs_event};

use crate::{deliver, handler, inbox, listed, read_all, sentences, unread};

/// Ann, and Bob, who follows her and has a bell on.
async fn scene() -> (World, Caller, Caller) {
    let world = World::new().await;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    world.follow(&bob, &ann).await;
    world.ring(&bob, &ann).await;
    world.derive().await;
    (world, ann, bob)
}

fn announced(photo: PhotoId, author: &Caller, to: &Caller) -> Event {
    Event::PostAnnounced { recipient_id: to.user_id, photo_id: photo, author_id: author.user_id }
}

#[tokio::test]
async fn when_photos_are_shared_then_each_has_a_row_however_often_it_is_announced() {
    let (world, ann, bob) = scene().await;
    let photos = [world.post(&ann).await, world.post(&ann).await];
    let published = Published::default();
    let handler = NotifyHandler::new(world.table.clone(), published.clone(), world.clock.shared());
    let events: Vec<Event> = photos.iter().map(|photo| announced(*photo, &ann, &bob)).collect();
    let mut told = Vec::new();
    for _ in 0..3 {
        assert!(answer(&handler, sqs_event(&events)).await.batch_item_failures.is_empty());
        told.extend(published.take());
        // What may not have been heard of is published again for a while.
        world.clock.advance(std::time::Duration::from_mins(16));
    }
    let states = told.iter().map(|event| match event {
        Event::NotificationTold { recipient_id, row, state, .. } => {
            assert_eq!(*recipient_id, bob.user_id);
            (row.subject, *state)
        }
        other => panic!("{other:?}"),
    });
    assert_eq!(states.collect::<Vec<_>>(), photos.map(|photo| (Subject::Post(photo), 1)));
    assert_eq!(sentences(&world, &bob).await, ["ann shared a photo"; 2]);
    let rows = inbox(&world, &bob).await;
    assert!(rows.iter().all(|(id, row)| row.actors[0].at == id.opened && row.actor_count == 1));
    assert_eq!((unread(&world, &bob).await, inbox(&world, &ann).await.len()), (2, 0));
}

#[tokio::test]
async fn when_the_photo_is_deleted_then_its_row_is_gone_in_any_order() {
    for is_read in [false, true] {
        let (world, ann, bob) = scene().await;
        let (photo, other) = (world.post(&ann).await, world.post(&ann).await);
        let events = [announced(photo, &ann, &bob), announced(other, &ann, &bob)];
        assert!(deliver(&world, &events).await.is_empty());
        if is_read {
            read_all(&world, &bob).await;
        }
        world.delete(&ann, photo).await;
        for _ in 0..2 {
            assert!(deliver(&world, &events).await.is_empty());
            let [(id, _)] = inbox(&world, &bob).await.try_into().unwrap();
            assert_eq!((id.subject, unread(&world, &bob).await), (Subject::Post(other), u64::from(!is_read)));
        }
    }
}

/// What keeps a photo from being told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Act {
    Silence,
    Unfollow,
    FollowAgain,
    Block,
    BlockedBy,
    Remove,
    Delete,
}

const ACTS: [Act; 7] =
    [Act::Silence, Act::Unfollow, Act::FollowAgain, Act::Block, Act::BlockedBy, Act::Remove, Act::Delete];

impl Act {
    async fn perform(self, world: &World, ann: &Caller, bob: &Caller, photo: PhotoId) {
        assert!(match self {
            Self::Silence => world.silence(bob, ann).await,
            Self::Unfollow => world.unfollow(bob, ann).await,
            Self::FollowAgain => world.unfollow(bob, ann).await && world.follow(bob, ann).await,
            Self::Block => world.block(bob, ann).await,
            Self::BlockedBy => world.block(ann, bob).await,
            Self::Remove => world.remove_follower(ann, bob).await,
            Self::Delete => {
                world.delete(ann, photo).await;
                true
            }
        });
        world.derive().await;
    }
}

#[tokio::test]
async fn when_the_bell_or_the_follow_has_ended_then_nobody_is_told() {
    for act in ACTS {
        let (world, ann, bob) = scene().await;
        let photo = world.post(&ann).await;
        act.perform(&world, &ann, &bob, photo).await;
        assert!(deliver(&world, &[announced(photo, &ann, &bob)]).await.is_empty());
        assert_eq!((listed(&world, &bob).await, unread(&world, &bob).await), (vec![], 0), "{act:?}");
    }
}

#[tokio::test]
async fn when_it_ends_while_the_row_is_written_then_no_row_stays() {
    for act in ACTS {
        let (world, ann, bob) = scene().await;
        let photo = world.post(&ann).await;
        let (client, hold) = world.engine.held_client("TransactWriteItems", 0);
        let handler = handler(&world, client);
        let telling = answer(&handler, sqs_event(&[announced(photo, &ann, &bob)]));
        let (recorded, ()) = futures::join!(telling, async {
            hold.reached().await;
            act.perform(&world, &ann, &bob, photo).await;
            hold.release();
        });
        assert!(recorded.batch_item_failures.is_empty());
        assert_eq!((listed(&world, &bob).await, unread(&world, &bob).await), (vec![], 0), "{act:?}");
    }
}

#[tokio::test]
async fn when_it_ends_later_then_a_message_that_comes_again_takes_the_row_away() {
    for act in ACTS {
        let (world, ann, bob) = scene().await;
        let photo = world.post(&ann).await;
        let event = [announced(photo, &ann, &bob)];
        assert!(deliver(&world, &event).await.is_empty());
        assert_eq!(unread(&world, &bob).await, 1);
        act.perform(&world, &ann, &bob, photo).await;
        for _ in 0..2 {
            assert!(deliver(&world, &event).await.is_empty());
            assert_eq!((listed(&world, &bob).await, unread(&world, &bob).await), (vec![], 0), "{act:?}");
        }
    }
}

#[tokio::test]
async fn when_the_account_is_private_then_followers_with_a_bell_are_told() {
    let (world, ann, bob) = scene().await;
    world.switch(&ann, true).await;
    world.derive().await;
    let photo = world.post(&ann).await;
    world.derive().await;
    assert!(deliver(&world, &[announced(photo, &ann, &bob)]).await.is_empty());
    assert_eq!(sentences(&world, &bob).await, ["ann shared a photo"]);
}

#[tokio::test]
async fn when_the_author_is_muted_then_nothing_new_is_told_and_the_photo_takes_its_row_along() {
    let (world, ann, bob) = scene().await;
    let (photo, next) = (world.post(&ann).await, world.post(&ann).await);
    assert!(deliver(&world, &[announced(photo, &ann, &bob)]).await.is_empty());
    let mute = domain::visibility::Mute { posts: true, stories: false };
    table::pair::mute(&world.table, bob.user_id, ann.user_id, mute).await.unwrap();
    world.derive().await;
    let events = [announced(photo, &ann, &bob), announced(next, &ann, &bob)];
    assert!(deliver(&world, &events).await.is_empty());
    let [(id, _)] = inbox(&world, &bob).await.try_into().unwrap();
    assert_eq!(id.subject, Subject::Post(photo));
    world.delete(&ann, photo).await;
    assert!(deliver(&world, &events).await.is_empty());
    assert_eq!((listed(&world, &bob).await, unread(&world, &bob).await), (vec![], 0));
}

#[tokio::test]
async fn when_the_photo_is_not_ready_then_nobody_is_told() {
    let (world, ann, bob) = scene().await;
    let photo = world.draft(&ann, 1).await.id;
    assert!(deliver(&world, &[announced(photo, &ann, &bob)]).await.is_empty());
    assert!(inbox(&world, &bob).await.is_empty());
}

#[tokio::test]
async fn when_the_function_dies_at_any_write_then_a_retry_completes_what_it_did() {
    for n in 1.. {
        let (world, ann, bob) = scene().await;
        let photo = world.post(&ann).await;
        let event = [announced(photo, &ann, &bob)];
        let mut done = true;
        for rows in [1, 0] {
            world.engine.fail_when(dies_at(n));
            done &= Box::pin(world.engine.until_crash(deliver(&world, &event))).await.is_some();
            world.engine.heal();
            assert!(deliver(&world, &event).await.is_empty());
            assert_eq!((listed(&world, &bob).await.len(), unread(&world, &bob).await), (rows, rows as u64));
            if rows == 1 {
                world.delete(&ann, photo).await;
            }
        }
        if done {
            assert!(n > 1);
            return;
        }
    }
}

#[tokio::test]
async fn a_photo_is_told_and_taken_back_within_its_budget() {
    let (world, ann, bob) = scene().await;
    let photo = world.post(&ann).await;
    let event = [announced(photo, &ann, &bob)];
    let mut budget = Vec::new();
    let mut measure = async || {
        world.engine.reset_usage();
        assert!(deliver(&world, &event).await.is_empty());
        let usage = world.engine.usage();
        budget.push((usage.read_units, usage.write_units));
    };
    // Photo, follow, what is said, author; circle, marker, places, state; marker, row, place and state written; and the
    // first five again.
    measure().await;
    // What was read first; marker and place.
    measure().await;
    world.clock.advance_days(1);
    world.delete(&ann, photo).await;
    // Photo, follow, what is said, author; marker, places, row, state; marker, row and state written; the first again.
    measure().await;
    // These and the marker.
    measure().await;
    assert_eq!(budget, [(11.0, 8.0), (6.0, 0.0), (11.0, 6.0), (4.5, 0.0)]);
}

#[tokio::test]
async fn a_message_of_a_dead_letter_queue_is_told_by_what_is_so_by_then() {
    let (world, ann, bob) = scene().await;
    let photo = world.post(&ann).await;
    let posted_at = photo.created_at();
    world.clock.advance_days(10);
    assert!(deliver(&world, &[announced(photo, &ann, &bob)]).await.is_empty());
    let [row] = listed(&world, &bob).await.try_into().unwrap();
    assert_eq!((row.id.opened, row.place), (posted_at, world.clock.now()));
}
