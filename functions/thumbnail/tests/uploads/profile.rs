//! Profile pictures: square renditions, the newest upload, and races for what is stored.

use std::time::Duration;

use aws_lambda_events::sqs::SqsEvent;
use domain::photo::{ContentType, State};
use domain::profile_picture::{PictureUpload, ProfilePicture, rendition_key, rendition_keys};
use domain::{Home, PictureId, UserId};
use futures::future::{Either, select};
use media::{Encoding, Limits, Size, Target};
use table::profile_picture;
use testkit::ATTEMPTS;

use crate::pictures::{corrupt, gigapixel, jpeg};
use crate::world::{PHOTOS, UPLOADS, World, created};

impl World {
    fn somebody(&self) -> UserId {
        UserId::generate(Home::LOCAL, &self.clock, &self.random)
    }

    /// Begins an upload of somebody's picture.
    async fn begun(&self, user: UserId) -> PictureUpload {
        self.clock.advance(Duration::from_secs(1));
        let id = PictureId::generate(user, &self.clock, &self.random);
        let picture = ProfilePicture::new(id, ContentType::Jpeg, 100_000);
        assert!(profile_picture::begin(&self.table, user, &picture).await.unwrap());
        PictureUpload { user, id }
    }

    fn posted(&self, upload: PictureUpload, bytes: &[u8]) -> SqsEvent {
        self.objects.put(UPLOADS, &upload.upload_key(), bytes);
        created(&upload.upload_key())
    }

    async fn picture(&self, user: UserId) -> ProfilePicture {
        profile_picture::get_latest(&self.table, user).await.unwrap().unwrap()
    }

    /// Checks that the renditions of this file are stored, and no upload is.
    fn assert_shown(&self, user: UserId, file: &[u8]) {
        let made = media::render(file, &Limits::default(), Target::PROFILE_PICTURE).unwrap();
        assert_eq!(self.objects.keys(PHOTOS).len(), 6);
        for rendition in made.files {
            let key = rendition_key(user, rendition.size, rendition.encoding);
            let object = self.objects.get(PHOTOS, &key).unwrap();
            assert!(object.bytes == rendition.bytes, "{key}");
            assert_eq!(object.content_type.as_deref(), Some(rendition.encoding.content_type()));
            assert_eq!(object.cache_control.as_deref(), Some("public, max-age=300"));
        }
        assert!(self.objects.keys(UPLOADS).is_empty());
    }
}

#[tokio::test]
async fn when_a_profile_picture_arrives_then_it_is_square_in_three_sizes() {
    let world = World::new().await;
    let user = world.somebody();
    let upload = world.begun(user).await;
    let file = jpeg(1300, 900, 6, 40);
    let event = world.posted(upload, &file);
    world.engine.reset_usage();
    world.done(event.clone()).await;
    let usage = world.engine.usage();
    assert!(usage.read_units <= 2.0 && usage.write_units <= 3.0, "{usage:?}");
    let ready = world.picture(user).await;
    assert_eq!((ready.state, ready.stored, ready.failure.is_none()), (State::Ready, true, true));
    world.assert_shown(user, &file);
    let small = world.objects.get(PHOTOS, &rendition_key(user, Size::Small, Encoding::Jpeg)).unwrap();
    let started = mozjpeg::Decompress::new_mem(&small.bytes).unwrap().rgb().unwrap();
    assert_eq!((started.width(), started.height()), (150, 150));

    // The same event again changes nothing, also when the form was posted twice.
    world.done(event).await;
    world.done(world.posted(upload, &jpeg(900, 900, 1, 99))).await;
    assert_eq!(world.picture(user).await, ready);
    world.assert_shown(user, &file);
}

#[tokio::test]
async fn when_an_older_upload_is_processed_last_then_the_newer_one_stays() {
    let world = World::new().await;
    let user = world.somebody();
    let (older, newer) = (world.begun(user).await, world.begun(user).await);
    let file = jpeg(300, 300, 1, 1);
    let late = world.posted(older, &jpeg(300, 300, 1, 200));
    world.done(world.posted(newer, &file)).await;
    world.done(late).await;
    assert_eq!(world.picture(user).await.upload, newer.id);
    world.assert_shown(user, &file);
    assert!(
        !profile_picture::begin(&world.table, user, &ProfilePicture::new(older.id, ContentType::Png, 1))
            .await
            .unwrap()
    );
}

#[tokio::test]
async fn when_a_newer_upload_overtakes_one_that_is_being_stored_then_it_wins() {
    let world = World::new().await;
    let user = world.somebody();
    let older = world.begun(user).await;
    let event = world.posted(older, &jpeg(300, 300, 1, 200));
    let mut held = world.objects.hold_next("PutObject");
    let slow = world.elsewhere();
    let file = jpeg(300, 300, 1, 1);
    let first = runtime::sqs::answer(&slow, event);
    let second = async {
        held.arrived().await;
        let newer = world.begun(user).await;
        let event = world.posted(newer, &file);
        // It finds that it is not its turn, and asks again.
        let (quick, asks_again) = world.held("UpdateItem", 1);
        let answering = runtime::sqs::answer(&quick, event);
        let waiting = async {
            asks_again.reached().await;
            drop(held);
            asks_again.release();
        };
        let (answer, ()) = futures::join!(answering, waiting);
        assert!(answer.batch_item_failures.is_empty(), "{answer:?}");
    };
    let (answer, ()) = futures::join!(first, second);
    assert!(answer.batch_item_failures.is_empty(), "{answer:?}");
    assert_eq!(world.picture(user).await.state, State::Ready);
    world.assert_shown(user, &file);
}

#[tokio::test]
async fn when_a_picture_is_removed_before_it_is_processed_then_nothing_is_stored() {
    let world = World::new().await;
    let user = world.somebody();
    let upload = world.begun(user).await;
    let event = world.posted(upload, &jpeg(300, 300, 1, 1));
    assert!(profile_picture::remove(&world.table, user).await.unwrap());
    world.done(event).await;
    assert_eq!(profile_picture::get_latest(&world.table, user).await.unwrap(), None);
    assert!(world.objects.keys(PHOTOS).is_empty() && world.objects.keys(UPLOADS).is_empty());
}

#[tokio::test]
async fn when_an_upload_is_no_picture_then_it_fails_by_name_and_the_former_one_stays() {
    let world = World::new().await;
    let user = world.somebody();
    let file = jpeg(300, 300, 1, 1);
    let upload = world.begun(user).await;
    world.done(world.posted(upload, &file)).await;
    for (bad, code) in [
        (corrupt(), "image_corrupt"),
        (gigapixel(), "image_too_large"),
        (vec![0; 100_001], "image_too_large"),
        (b"not a picture".to_vec(), "image_unsupported"),
    ] {
        let upload = world.begun(user).await;
        world.done(world.posted(upload, &bad)).await;
        let failed = world.picture(user).await;
        assert_eq!((failed.state, failed.failure.unwrap().code.as_str()), (State::Failed, code));
        world.assert_shown(user, &file);
    }
    let upload = world.begun(user).await;
    assert_eq!(world.picture(user).await.failure, None);
    world.done(world.posted(upload, &file)).await;
    assert_eq!(world.picture(user).await.state, State::Ready);
}

#[tokio::test]
async fn when_two_processes_die_over_a_profile_picture_then_it_fails_by_name() {
    let world = World::new().await;
    let user = world.somebody();
    let upload = world.begun(user).await;
    let event = world.posted(upload, &jpeg(300, 300, 1, 1));
    // It dies before it is recorded. Updates before that take the turn: the second process asks for it twice.
    for place in [1, 2] {
        let (process, hold) = world.held("UpdateItem", place);
        let dying = Box::pin(runtime::sqs::answer(&process, event.clone()));
        let reached = Box::pin(hold.reached());
        assert!(matches!(select(dying, reached).await, Either::Right(_)), "it did not get so far");
        world.wait();
    }
    world.done(event).await;
    let failed = world.picture(user).await;
    assert_eq!((failed.state, failed.failure.unwrap().code.as_str()), (State::Failed, "image_too_hard"));
    // The next upload starts anew.
    let upload = world.begun(user).await;
    let file = jpeg(300, 300, 1, 9);
    world.done(world.posted(upload, &file)).await;
    world.assert_shown(user, &file);
}

#[tokio::test]
async fn when_the_store_fails_then_the_message_comes_back_and_no_death_is_counted() {
    let world = World::new().await;
    let user = world.somebody();
    let upload = world.begun(user).await;
    let file = jpeg(300, 300, 1, 1);
    let event = world.posted(upload, &file);
    for _ in 0..3 {
        world.objects.fail_next("GetObject", ATTEMPTS);
        world.fails(event.clone()).await;
    }
    // Recorded, and only the upload is left.
    world.objects.fail_next("DeleteObject", ATTEMPTS);
    world.fails(event.clone()).await;
    assert_eq!(world.picture(user).await.state, State::Ready);
    world.done(event).await;
    world.assert_shown(user, &file);
    assert!(rendition_keys(user).all(|key| world.objects.get(PHOTOS, &key).is_some()));
}
