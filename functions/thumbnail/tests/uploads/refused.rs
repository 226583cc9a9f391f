//! Uploads that will never become pictures, and those that nobody waits for.

use domain::photo::State;

use crate::pictures::{corrupt, gigapixel, jpeg};
use crate::world::{PHOTOS, UPLOADS, World, medium};

#[tokio::test]
async fn when_bytes_cannot_be_a_picture_then_the_photo_fails_with_the_reason_and_the_message_is_done() {
    let cases = [
        (corrupt(), "image_corrupt"),
        (gigapixel(), "image_too_large"),
        (b"just some words, and no picture".to_vec(), "image_unsupported"),
        (b"8BPS\0\x01\0\0\0\0\0\0".to_vec(), "image_unsupported"),
        (b"II*\0\x08\0\0\0".to_vec(), "image_corrupt"),
        (Vec::new(), "image_empty"),
        (vec![0; 100_001], "image_too_large"),
    ];
    for (bytes, code) in cases {
        let world = World::new().await;
        let photo = world.photo(2).await;
        let event = world.upload(medium(&photo, 0), bytes);
        world.done(event.clone()).await;
        let failed = world.stored(&photo).await;
        assert_eq!((failed.state, failed.failure.as_ref().unwrap().code.as_str()), (State::Failed, code));
        assert!(!failed.failure.as_ref().unwrap().detail.is_empty());
        assert!(failed.media.iter().all(|medium| medium.rendered.is_none()));
        assert!(world.objects.keys(PHOTOS).is_empty() && world.objects.keys(UPLOADS).is_empty());
        assert_eq!(world.transitions().await.len(), 1);

        // Its neighbour and a redelivery change nothing any more.
        world.done(world.upload(medium(&photo, 1), jpeg(40, 30, 1, 0))).await;
        world.done(event).await;
        assert_eq!(world.stored(&photo).await, failed);
        assert!(world.objects.keys(PHOTOS).is_empty() && world.objects.keys(UPLOADS).is_empty());
    }
}

#[tokio::test]
async fn when_a_second_picture_is_refused_then_the_first_does_not_make_the_photo_visible() {
    let world = World::new().await;
    let photo = world.photo(2).await;
    world.done(world.upload(medium(&photo, 0), jpeg(40, 30, 1, 0))).await;
    world.done(world.upload(medium(&photo, 1), corrupt())).await;
    let failed = world.stored(&photo).await;
    assert_eq!((failed.state, failed.pending), (State::Failed, 1));
    assert_eq!(world.objects.keys(PHOTOS).len(), 7, "the first one's, until backfill lets go of them");
    world.let_go(&failed).await;
    assert!(world.objects.keys(PHOTOS).is_empty());
}

#[tokio::test]
async fn when_a_photo_fails_meanwhile_then_a_picture_takes_away_what_was_stored_for_it() {
    let world = World::new().await;
    let photo = world.photo(2).await;
    let (process, hold) = world.held("TransactWriteItems", 0);
    let slow = world.upload(medium(&photo, 0), jpeg(40, 30, 1, 0));
    let failing = async {
        hold.reached().await;
        assert_eq!(world.objects.keys(PHOTOS).len(), 7);
        world.done(world.upload(medium(&photo, 1), corrupt())).await;
        hold.release();
    };
    let (answer, ()) = futures::join!(runtime::sqs::answer(&process, slow), failing);
    assert!(answer.batch_item_failures.is_empty());
    assert_eq!(world.stored(&photo).await.state, State::Failed);
    assert!(world.objects.keys(PHOTOS).is_empty() && world.objects.keys(UPLOADS).is_empty());
}

#[tokio::test]
async fn when_a_finished_picture_is_uploaded_again_then_the_first_stays() {
    let world = World::new().await;
    let photo = world.photo(1).await;
    world.done(world.upload(medium(&photo, 0), jpeg(40, 30, 1, 0))).await;
    let (before, key) = (world.stored(&photo).await, medium(&photo, 0).original_key());
    let original = world.objects.get(PHOTOS, &key);
    world.done(world.upload(medium(&photo, 0), jpeg(80, 30, 1, 200))).await;
    world.done(world.upload(medium(&photo, 0), corrupt())).await;
    assert_eq!(world.stored(&photo).await, before);
    assert_eq!(world.objects.get(PHOTOS, &key), original);
    assert!(world.objects.keys(UPLOADS).is_empty());
}

#[tokio::test]
async fn when_no_photo_waits_for_an_upload_then_it_is_deleted() {
    let world = World::new().await;
    let photo = world.photo(1).await;
    let beyond = medium(&photo, 1);
    let mut stranger = medium(&photo, 0);
    stranger.author = world.photo(1).await.author;
    for id in [beyond, stranger] {
        world.done(world.upload(id, jpeg(40, 30, 1, 0))).await;
        assert!(world.objects.keys(UPLOADS).is_empty() && world.objects.keys(PHOTOS).is_empty());
    }
    assert_eq!(world.stored(&photo).await, photo);
}
