//! The same bytes more than once.

use domain::photo::State;
use futures::future::join_all;

use crate::pictures::jpeg;
use crate::world::{PHOTOS, UPLOADS, World, medium};

#[tokio::test]
async fn when_an_author_uploads_the_same_bytes_again_then_there_is_one_copy_until_the_last_photo_is_gone() {
    for delete_first in [true, false] {
        let world = World::new().await;
        let file = jpeg(80, 60, 1, 9);
        let first = world.post(world.photo(1).await.author, &file).await;
        let kept = world.objects.keys(PHOTOS);
        let second = world.post(first.author, &file).await;
        assert_eq!((first.state, second.state), (State::Ready, State::Ready));
        assert_eq!(second.stored_at(0), medium(&first, 0));
        assert_eq!(world.objects.keys(PHOTOS), kept);
        world.assert_is(&first, 0, &file).await;
        world.assert_is(&second, 0, &file).await;

        let (gone, left) = if delete_first { (&first, &second) } else { (&second, &first) };
        world.delete(gone).await;
        world.let_go(gone).await;
        assert_eq!(world.objects.keys(PHOTOS), kept);
        world.assert_is(left, 0, &file).await;
        world.delete(left).await;
        world.let_go(left).await;
        assert!(world.objects.keys(PHOTOS).is_empty());
        assert_eq!(world.original(first.author, &file).await, None);
    }
}

#[tokio::test]
async fn when_ten_pictures_of_a_photo_are_the_same_and_come_twice_and_at_once_then_there_is_one_copy() {
    let world = World::new().await;
    let photo = world.photo(10).await;
    let file = jpeg(48, 32, 1, 20);
    let events: Vec<_> = (0..10).map(|index| world.upload(medium(&photo, index), file.clone())).collect();
    let failed = join_all(events.iter().chain(&events).map(|event| world.run(event.clone()))).await;
    assert!(failed.iter().all(Vec::is_empty), "{failed:?}");
    assert_eq!(world.transitions().await, [("processing".to_owned(), "ready".to_owned())]);
    assert_eq!((world.objects.keys(PHOTOS).len(), world.objects.keys(UPLOADS).len()), (7, 0));
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
    assert_eq!((hers.stored_at(0), his.stored_at(0)), (medium(&hers, 0), medium(&his, 0)));
    assert_eq!(world.objects.keys(PHOTOS).len(), 14);
    world.delete(&hers).await;
    world.let_go(&hers).await;
    world.assert_is(&his, 0, &file).await;
}

#[tokio::test]
async fn when_two_photos_of_the_same_bytes_are_processed_at_once_then_the_later_gives_up_its_copy() {
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
    assert_eq!(world.stored(&later).await.stored_at(0), medium(&first, 0));
    assert_eq!(world.objects.keys(PHOTOS).len(), 7);
    world.assert_is(&later, 0, &file).await;
}

#[tokio::test]
async fn when_the_copy_is_given_up_meanwhile_then_the_picture_gets_one_of_its_own() {
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
        assert!(world.objects.keys(PHOTOS).is_empty());
        hold.release();
    };
    let (answer, ()) = futures::join!(runtime::sqs::answer(&process, event), deleting);
    assert!(answer.batch_item_failures.is_empty());
    assert_eq!(world.stored(&photo).await.stored_at(0), medium(&photo, 0));
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
    for key in medium(&first, 0).stored_keys() {
        world.objects.put(PHOTOS, &key, file.clone());
    }
    world.done(event).await;
    assert!(world.objects.keys(PHOTOS).is_empty());
}

#[tokio::test]
async fn when_a_first_delivery_stored_a_copy_and_died_then_joining_another_takes_it_away() {
    let world = World::new().await;
    let file = jpeg(80, 60, 1, 9);
    let photo = world.photo(1).await;
    let event = world.upload(medium(&photo, 0), file.clone());
    world.engine.fail_next("TransactWriteItems", testkit::ATTEMPTS, testkit::Fault::Throttled);
    world.fails(event.clone()).await;
    let other = world.post(photo.author, &file).await;
    assert_eq!(world.objects.keys(PHOTOS).len(), 14);
    // The copy that was joined is recorded, and then the process dies.
    world.objects.fail_next("DeleteObject", 7 * testkit::ATTEMPTS);
    world.fails(event.clone()).await;
    while !world.run(event.clone()).await.is_empty() {}
    assert_eq!(world.stored(&photo).await.stored_at(0), medium(&other, 0));
    assert_eq!((world.objects.keys(PHOTOS).len(), world.objects.keys(UPLOADS).len()), (7, 0));
    world.assert_is(&photo, 0, &file).await;
}
