//! The same bytes more than once.

use domain::media::{Encoding, Size};
use domain::photo::State;
use futures::future::{Either, join_all, select};

use crate::pictures::jpeg;
use crate::world::{PHOTOS, UPLOADS, World, medium, original_of};

#[tokio::test]
async fn when_an_author_uploads_the_same_bytes_again_then_renditions_are_copied_and_go_with_their_photo() {
    for delete_first in [true, false] {
        let world = World::new().await;
        let file = jpeg(80, 60, 1, 9);
        let first = world.post(world.photo(1).await.author, &file).await;
        let second = world.post(first.author, &file).await;
        assert_eq!((first.state, second.state), (State::Ready, State::Ready));
        assert_eq!(original_of(&second, 0), medium(&first, 0));
        assert_ne!(first.secret, second.secret);
        assert_eq!((world.stored_objects(), world.objects.requests_of("CopyObject")), ((12, 1), 6));
        world.assert_is(&first, 0, &file).await;
        world.assert_is(&second, 0, &file).await;

        let (gone, left) = if delete_first { (&first, &second) } else { (&second, &first) };
        world.delete(gone).await;
        world.let_go(gone).await;
        assert_eq!(world.stored_objects(), (6, 1));
        assert!(
            gone.address(0).keys().all(|key| world.objects.get(PHOTOS, &key).is_none()),
            "its address is dead"
        );
        world.assert_is(left, 0, &file).await;
        world.delete(left).await;
        world.let_go(left).await;
        assert!(world.objects.keys(PHOTOS).is_empty());
        assert_eq!(world.original(first.author, &file).await, None);
    }
}

#[tokio::test]
async fn when_the_photo_to_copy_from_is_gone_then_the_picture_is_rendered_and_copied_from_afterwards() {
    let world = World::new().await;
    let file = jpeg(80, 60, 1, 9);
    let first = world.post(world.photo(1).await.author, &file).await;
    let second = world.post(first.author, &file).await;
    // What is copied are the renditions of the newest one.
    world.delete(&second).await;
    world.let_go(&second).await;
    let third = world.post(first.author, &file).await;
    assert_eq!(original_of(&third, 0), medium(&first, 0));
    world.assert_is(&third, 0, &file).await;
    let copied = world.objects.requests_of("CopyObject");
    let fourth = world.post(first.author, &file).await;
    assert_eq!(world.objects.requests_of("CopyObject"), copied + 6);
    world.assert_is(&fourth, 0, &file).await;
    assert_eq!(world.stored_objects(), (18, 1));
}

#[tokio::test]
async fn when_the_photo_to_copy_from_is_deleted_meanwhile_then_the_picture_is_rendered() {
    for copied in 0..6 {
        let world = World::new().await;
        let file = jpeg(80, 60, 1, 9);
        let first = world.post(world.photo(1).await.author, &file).await;
        let photo = world.photo_of(first.author, 1).await;
        let event = world.upload(medium(&photo, 0), file.clone());
        // Some renditions are copied before the others are gone.
        let mut holds: Vec<_> = (0..6).map(|_| world.objects.hold_next("CopyObject")).collect();
        let deleting = async {
            for hold in &mut holds {
                hold.arrived().await;
            }
            let mut held = holds.split_off(copied);
            drop(holds);
            let stored =
                || photo.address(0).keys().filter(|key| world.objects.get(PHOTOS, key).is_some()).count();
            while stored() < copied {
                tokio::task::yield_now().await;
            }
            world.delete(&first).await;
            world.let_go(&first).await;
            held.clear();
        };
        let ((), ()) = futures::join!(world.done_elsewhere(event), deleting);
        world.assert_is(&photo, 0, &file).await;
        assert_eq!(world.stored_objects(), (6, 1), "{copied}");
        assert_eq!(original_of(&world.stored(&photo).await, 0), medium(&photo, 0));
    }
}

#[tokio::test]
async fn when_a_copying_process_dies_and_its_photo_is_deleted_then_the_next_delivery_leaves_nothing() {
    let world = World::new().await;
    let file = jpeg(80, 60, 1, 9);
    let first = world.post(world.photo(1).await.author, &file).await;
    let photo = world.photo_of(first.author, 1).await;
    let event = world.upload(medium(&photo, 0), file.clone());
    let mut copies: Vec<_> = (0..6).map(|_| world.objects.hold_next("CopyObject")).collect();
    {
        // Its photo is deleted and cleaned up before it stores the rest, and then the process dies.
        let process = world.elsewhere();
        let dying = Box::pin(runtime::sqs::answer(&process, event.clone()));
        let reached = Box::pin(join_all(copies.iter_mut().map(testkit::Held::arrived)));
        assert!(matches!(select(dying, reached).await, Either::Right(_)));
        world.delete(&photo).await;
        world.let_go(&photo).await;
        world.objects.put(PHOTOS, &photo.address(0).key(Size::Large, Encoding::WebP), "a late copy");
    }
    world.done(event).await;
    assert_eq!(world.stored_objects(), (6, 1), "the first photo's");
    world.assert_is(&first, 0, &file).await;
}

#[tokio::test]
async fn when_ten_pictures_of_a_photo_are_the_same_and_come_twice_and_at_once_then_there_is_one_original() {
    let world = World::new().await;
    let photo = world.photo(10).await;
    let file = jpeg(48, 32, 1, 20);
    let events: Vec<_> = (0..10).map(|index| world.upload(medium(&photo, index), file.clone())).collect();
    let failed = join_all(events.iter().chain(&events).map(|event| world.run(event.clone()))).await;
    assert!(failed.iter().all(Vec::is_empty), "{failed:?}");
    assert_eq!(world.transitions().await, [("processing".to_owned(), "ready".to_owned())]);
    assert_eq!((world.stored_objects(), world.objects.keys(UPLOADS).len()), ((60, 1), 0));
    for index in 0..10 {
        world.assert_is(&photo, index, &file).await;
    }
    assert_eq!(world.original(photo.author, &file).await.unwrap().refs.len(), 10);
    let photo = world.stored(&photo).await;
    world.delete(&photo).await;
    world.let_go(&photo).await;
    assert!(world.objects.keys(PHOTOS).is_empty());
}

#[tokio::test]
async fn when_somebody_else_uploads_the_same_bytes_then_each_has_a_copy() {
    let world = World::new().await;
    let file = jpeg(48, 32, 1, 20);
    let (ann, bob) = (world.photo(1).await.author, world.photo(1).await.author);
    let (hers, his) = (world.post(ann, &file).await, world.post(bob, &file).await);
    assert_eq!((original_of(&hers, 0), original_of(&his, 0)), (medium(&hers, 0), medium(&his, 0)));
    assert_eq!(world.stored_objects(), (12, 2));
    world.delete(&hers).await;
    world.let_go(&hers).await;
    world.assert_is(&his, 0, &file).await;
}

#[tokio::test]
async fn when_two_photos_of_the_same_bytes_are_processed_at_once_then_the_later_gives_up_its_original() {
    let world = World::new().await;
    let file = jpeg(80, 60, 1, 9);
    let later = world.photo(1).await;
    let slow = world.upload(medium(&later, 0), file.clone());
    let mut claiming = world.objects.hold_next("PutObject");
    let overtaking = async {
        claiming.arrived().await;
        let first = world.post(later.author, &file).await;
        drop(claiming);
        first
    };
    let ((), first) = futures::join!(world.done_elsewhere(slow), overtaking);
    assert_eq!(original_of(&world.stored(&later).await, 0), medium(&first, 0));
    assert_eq!(world.stored_objects(), (12, 1));
    world.assert_is(&later, 0, &file).await;
}

#[tokio::test]
async fn when_the_original_is_given_up_meanwhile_then_the_picture_gets_one_of_its_own() {
    let world = World::new().await;
    let file = jpeg(80, 60, 1, 9);
    let first = world.post(world.photo(1).await.author, &file).await;
    let photo = world.photo_of(first.author, 1).await;
    let event = world.upload(medium(&photo, 0), file.clone());
    let (process, hold) = world.held("TransactWriteItems", 0);
    let deleting = async {
        hold.reached().await;
        world.delete(&first).await;
        world.let_go(&first).await;
        assert_eq!(world.stored_objects(), (6, 1), "its own, copied and claimed");
        hold.release();
    };
    let (answer, ()) = futures::join!(runtime::sqs::answer(&process, event), deleting);
    assert!(answer.batch_item_failures.is_empty());
    assert_eq!(original_of(&world.stored(&photo).await, 0), medium(&photo, 0));
    world.assert_is(&photo, 0, &file).await;
}

#[tokio::test]
async fn when_a_message_comes_late_for_a_deleted_photo_then_what_others_are_shown_with_stays() {
    let world = World::new().await;
    let file = jpeg(80, 60, 1, 9);
    let first = world.photo(1).await;
    let event = world.upload(medium(&first, 0), file.clone());
    world.done(event.clone()).await;
    let first = world.stored(&first).await;
    let second = world.post(first.author, &file).await;
    world.delete(&first).await;
    world.done(event.clone()).await;
    world.assert_is(&second, 0, &file).await;
    world.let_go(&first).await;
    world.done(event.clone()).await;
    world.assert_is(&second, 0, &file).await;

    // Whatever a delivery leaves that nobody is shown with goes with the next.
    world.delete(&second).await;
    world.let_go(&second).await;
    for key in first.address(0).keys().chain([medium(&first, 0).original_key()]) {
        world.objects.put(PHOTOS, &key, file.clone());
    }
    world.done(event).await;
    assert!(world.objects.keys(PHOTOS).is_empty());
}

#[tokio::test]
async fn when_a_first_delivery_stored_an_original_and_died_then_joining_another_takes_it_away() {
    let world = World::new().await;
    let file = jpeg(80, 60, 1, 9);
    let photo = world.photo(1).await;
    let event = world.upload(medium(&photo, 0), file.clone());
    world.engine.fail_next("TransactWriteItems", testkit::ATTEMPTS, testkit::Fault::Throttled);
    world.fails(event.clone()).await;
    let other = world.post(photo.author, &file).await;
    assert_eq!(world.stored_objects(), (12, 2));
    // The original that was joined is recorded, and then the process dies.
    world.objects.fail_next("DeleteObject", testkit::ATTEMPTS);
    world.fails(event.clone()).await;
    world.done(event.clone()).await;
    assert_eq!(original_of(&world.stored(&photo).await, 0), medium(&other, 0));
    assert_eq!((world.stored_objects(), world.objects.keys(UPLOADS).len()), ((12, 1), 0));
    world.assert_is(&photo, 0, &file).await;
}
