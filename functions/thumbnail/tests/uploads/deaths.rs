//! Pictures over which the process dies: they are tried once more, and then refused by name.

use domain::photo::State;
use futures::future::join_all;
use testkit::{ATTEMPTS, Fault};

use crate::pictures::{corrupt, jpeg};
use crate::world::{PHOTOS, UPLOADS, World, batch, medium};

#[tokio::test]
async fn when_two_processes_die_over_a_picture_then_its_photo_fails_by_name() {
    let world = World::new().await;
    let (photo, neighbour) = (world.photo(2).await, world.photo(1).await);
    let event = world.upload(medium(&photo, 0), jpeg(40, 30, 1, 0));
    for _ in 0..2 {
        world.dies(event.clone()).await;
        let waiting = world.stored(&photo).await;
        assert_eq!(
            (waiting.state, &waiting.failure, &waiting.media),
            (State::Processing, &None, &photo.media)
        );
        assert!(world.transitions().await.is_empty(), "nothing that the stream would be interested in");
    }
    // What came meanwhile is not held up: another picture of the photo, and another photo.
    world.done(world.upload(medium(&photo, 1), jpeg(40, 30, 1, 99))).await;
    world.done(world.upload(medium(&neighbour, 0), jpeg(40, 30, 1, 50))).await;
    assert_eq!(world.stored(&neighbour).await.state, State::Ready);
    world.transitions().await;

    world.done(event.clone()).await;
    let failed = world.stored(&photo).await;
    let failure = failed.failure.as_ref().unwrap();
    assert_eq!((failed.state, failure.code.as_str()), (State::Failed, "image_too_hard"));
    assert_eq!(failure.detail, "The picture is too hard to decode.");
    assert_eq!(world.transitions().await, [("processing".to_owned(), "failed".to_owned())]);
    assert!(!world.objects.keys(PHOTOS).contains(&medium(&photo, 0).original_key()));
    assert!(world.objects.keys(UPLOADS).is_empty());

    // A redelivery changes nothing any more.
    world.done(event).await;
    assert_eq!(world.stored(&photo).await, failed);
}

#[tokio::test]
async fn when_one_process_dies_over_a_picture_then_the_next_finishes_it() {
    let world = World::new().await;
    let photo = world.photo(1).await;
    let file = jpeg(40, 30, 1, 0);
    let event = world.upload(medium(&photo, 0), file.clone());
    world.dies(event.clone()).await;
    world.done(event).await;
    assert_eq!(world.stored(&photo).await.state, State::Ready);
    world.assert_is(&photo, 0, &file).await;
}

#[tokio::test]
async fn when_a_delivery_fails_otherwise_then_no_death_is_counted() {
    for (operation, stored) in [("TransactWriteItems", true), ("PutObject", false)] {
        let world = World::new().await;
        let photo = world.photo(1).await;
        let event = world.upload(medium(&photo, 0), jpeg(40, 30, 1, 0));
        for _ in 0..4 {
            if stored {
                world.engine.fail_next(operation, ATTEMPTS, Fault::Throttled);
            } else {
                world.objects.fail_next(operation, ATTEMPTS);
            }
            world.fails(event.clone()).await;
            world.wait();
        }
        // Nor is an earlier one forgotten.
        world.dies(event.clone()).await;
        world.engine.fail_next("TransactWriteItems", ATTEMPTS, Fault::Throttled);
        world.fails(event.clone()).await;
        world.wait();
        assert_eq!(world.stored(&photo).await.state, State::Processing, "{operation}");
        world.dies(event.clone()).await;
        world.done(event).await;
        assert_eq!(world.stored(&photo).await.failure.unwrap().code, "image_too_hard", "{operation}");
    }
}

#[tokio::test]
async fn when_a_refusal_cannot_be_stored_then_no_death_is_counted() {
    let world = World::new().await;
    let photo = world.photo(1).await;
    let event = world.upload(medium(&photo, 0), corrupt());
    for _ in 0..3 {
        // The note is the first update, the failed photo the next.
        let (process, hold) = world.held("UpdateItem", 1);
        let failing = async {
            hold.reached().await;
            world.engine.fail_next("UpdateItem", ATTEMPTS, Fault::Unavailable);
            hold.release();
        };
        let (answer, ()) = futures::join!(runtime::sqs::answer(&process, event.clone()), failing);
        assert_eq!((answer.batch_item_failures.len(), world.objects.keys(UPLOADS).len()), (1, 1));
        world.wait();
    }
    world.done(event).await;
    assert_eq!(world.stored(&photo).await.failure.unwrap().code, "image_corrupt");
}

#[tokio::test]
async fn when_a_process_dies_then_only_the_picture_under_way_counts() {
    let world = World::new().await;
    let photos = [world.photo(1).await, world.photo(1).await, world.photo(1).await];
    let event = |index: usize, grey: u8| world.upload(medium(&photos[index], 0), jpeg(40, 30, 1, grey));
    let events = [event(0, 0), event(1, 90), event(2, 180)];
    for _ in 0..2 {
        world.dies(batch(events.clone())).await;
    }
    world.done(batch(events)).await;
    let mut states = Vec::new();
    for photo in &photos {
        states.push(world.stored(photo).await.state);
    }
    // Which of them died, and whether it was the same twice, depends on who fetched its upload first.
    assert!(states.iter().filter(|state| **state == State::Ready).count() >= 2, "{states:?}");
}

#[tokio::test]
async fn when_an_upload_is_delivered_often_at_once_then_none_counts_as_dead() {
    let world = World::new().await;
    let photo = world.photo(2).await;
    let event = world.upload(medium(&photo, 0), jpeg(40, 30, 1, 0));
    let processes: Vec<_> = (0..4).map(|_| world.elsewhere()).collect();
    let answers = processes.iter().map(|process| runtime::sqs::answer(process, event.clone()));
    let answers = join_all(answers).await;
    assert!(answers.iter().all(|answer| answer.batch_item_failures.is_empty()), "{answers:?}");
    world.wait();
    world.done(event).await;
    let stored = world.stored(&photo).await;
    assert_eq!((stored.state, stored.pending), (State::Processing, 1));
}
