//! Two files posted to one form at the same time: the first that is stored as the original counts, for
//! everything.

use futures::future::{Either, select};

use crate::pictures::{corrupt, jpeg};
use crate::world::{PHOTOS, UPLOADS, World, medium, original_of};
use domain::photo::State;

#[tokio::test]
async fn when_a_second_file_comes_before_the_first_is_stored_then_the_second_counts() {
    let world = World::new().await;
    let photo = world.photo(1).await;
    let (first, second) = (jpeg(80, 60, 1, 0), jpeg(60, 80, 1, 200));
    let event = world.upload(medium(&photo, 0), first);
    let mut claiming = world.objects.hold_next("PutObject");
    let overtaking = async {
        claiming.arrived().await;
        world.done_elsewhere(world.upload(medium(&photo, 0), second.clone())).await;
        drop(claiming);
    };
    let ((), ()) = futures::join!(world.done(event), overtaking);
    world.assert_is(&photo, 0, &second).await;
    assert_eq!((world.objects.keys(PHOTOS).len(), world.objects.keys(UPLOADS).len()), (7, 0));
}

#[tokio::test]
async fn when_a_second_file_comes_after_the_first_is_stored_then_the_first_counts() {
    let world = World::new().await;
    let photo = world.photo(1).await;
    let (first, second) = (jpeg(80, 60, 1, 0), jpeg(60, 80, 1, 200));
    let event = world.upload(medium(&photo, 0), first.clone());
    let mut claiming = world.objects.hold_next("PutObject");
    let mut keeping = world.objects.hold_next("PutObject");
    let following = async {
        claiming.arrived().await;
        drop(claiming);
        keeping.arrived().await;
        world.done_elsewhere(world.upload(medium(&photo, 0), second)).await;
        drop(keeping);
    };
    let ((), ()) = futures::join!(world.done(event), following);
    world.assert_is(&photo, 0, &first).await;
    assert_eq!((world.objects.keys(PHOTOS).len(), world.objects.keys(UPLOADS).len()), (7, 0));
}

#[tokio::test]
async fn when_whoever_stored_the_first_file_dies_then_the_next_delivery_goes_on_with_it() {
    for second in [jpeg(60, 80, 1, 200), corrupt()] {
        let world = World::new().await;
        let photo = world.photo(1).await;
        let first = jpeg(80, 60, 1, 0);
        let event = world.upload(medium(&photo, 0), first.clone());
        let mut claiming = world.objects.hold_next("PutObject");
        let mut keeping = world.objects.hold_next("PutObject");
        let dying = Box::pin(world.done(event.clone()));
        let killing = Box::pin(async {
            claiming.arrived().await;
            drop(claiming);
            keeping.arrived().await;
        });
        assert!(matches!(select(dying, killing).await, Either::Right(_)));
        drop(keeping);
        world.upload(medium(&photo, 0), second);
        world.done(event).await;
        world.assert_is(&photo, 0, &first).await;
        assert!(world.objects.keys(UPLOADS).is_empty());
    }
}

#[tokio::test]
async fn when_the_second_file_is_a_copy_of_another_photo_then_one_of_the_two_counts() {
    let world = World::new().await;
    let second = jpeg(60, 80, 1, 200);
    let earlier = world.post(world.photo(1).await.author, &second).await;
    let photo = world.photo_of(earlier.author, 1).await;
    let event = world.upload(medium(&photo, 0), jpeg(80, 60, 1, 0));
    let mut claiming = world.objects.hold_next("PutObject");
    let overtaking = async {
        claiming.arrived().await;
        world.done_elsewhere(world.upload(medium(&photo, 0), second.clone())).await;
        drop(claiming);
    };
    let ((), ()) = futures::join!(world.done(event), overtaking);
    assert_eq!(original_of(&world.stored(&photo).await, 0), medium(&earlier, 0));
    world.assert_is(&photo, 0, &second).await;
    assert_eq!(world.stored_objects(), (12, 1), "of the first file nothing is left");
}

#[tokio::test]
async fn when_the_first_file_is_a_copy_of_another_photo_then_a_later_one_changes_nothing_of_it() {
    let world = World::new().await;
    let first = jpeg(60, 80, 1, 200);
    let earlier = world.post(world.photo(1).await.author, &first).await;
    let photo = world.photo_of(earlier.author, 1).await;
    let event = world.upload(medium(&photo, 0), first.clone());
    // The first one has claimed the picture. The second finds it claimed, whatever it would have been.
    let mut copying = world.objects.hold_next("CopyObject");
    let following = async {
        copying.arrived().await;
        world.done_elsewhere(world.upload(medium(&photo, 0), jpeg(80, 60, 1, 0))).await;
        drop(copying);
    };
    let ((), ()) = futures::join!(world.done(event), following);
    world.assert_is(&photo, 0, &first).await;
    assert_eq!((world.stored_objects(), world.objects.keys(UPLOADS).len()), ((12, 1), 0));
}

#[tokio::test]
async fn when_the_stored_file_is_no_picture_then_the_photo_fails_whatever_else_is_posted() {
    let world = World::new().await;
    let photo = world.photo(1).await;
    let event = world.upload(medium(&photo, 0), corrupt());
    // The first update notes the attempt.
    let (process, hold) = world.held("UpdateItem", 1);
    let following = async {
        hold.reached().await;
        world.done(world.upload(medium(&photo, 0), jpeg(80, 60, 1, 0))).await;
        hold.release();
    };
    let (answer, ()) = futures::join!(runtime::sqs::answer(&process, event), following);
    assert!(answer.batch_item_failures.is_empty());
    assert_eq!(world.stored(&photo).await.state, State::Failed);
    assert!(world.objects.keys(PHOTOS).is_empty() && world.objects.keys(UPLOADS).is_empty());
}
