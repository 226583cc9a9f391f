//! Objects of removed profile pictures.

use std::time::Duration;

use domain::photo::ContentType;
use domain::profile_picture::{PictureUpload, ProfilePicture, rendition_keys};
use domain::{Clock, PictureId, UserId};
use messages::Event;
use table::profile_picture::{self, Taking};
use testkit::{ATTEMPTS, fixture};

use crate::stage::{PHOTOS, Stage};

impl Stage {
    /// Begins an upload of a user's picture.
    async fn begun(&self, user: UserId) -> PictureUpload {
        self.world.clock.advance(Duration::from_secs(1));
        let id = PictureId::generate(user, &self.world.clock, &self.world.random);
        let picture = ProfilePicture::new(id, ContentType::Jpeg, 1);
        assert!(profile_picture::begin(&self.world.table, user, &picture).await.unwrap());
        PictureUpload { user, id }
    }

    fn store_renditions(&self, user: UserId) {
        rendition_keys(user).for_each(|key| self.store.put(PHOTOS, &key, "a picture"));
    }

    /// Stores and records a user's picture.
    async fn shows(&self, user: UserId) {
        let upload = self.begun(user).await;
        self.store_renditions(user);
        assert!(profile_picture::finish(&self.world.table, upload, self.world.clock.now()).await.unwrap());
    }

    async fn removes(&self, user: UserId) -> Event {
        assert!(profile_picture::remove(&self.world.table, user).await.unwrap());
        Event::PictureRemoved { user_id: user }
    }

    fn stored(&self) -> usize {
        self.store.keys(PHOTOS).len()
    }
}

#[tokio::test]
async fn when_a_picture_is_removed_then_its_six_renditions_go_and_no_others() {
    let stage = Stage::new().await;
    let (ann, bob) = (stage.world.person("ann").await.user_id, stage.world.person("bob").await.user_id);
    stage.shows(ann).await;
    stage.shows(bob).await;
    let removed = stage.removes(ann).await;
    stage.world.engine.reset_usage();
    let id = ann.to_string();
    stage.deliver_real(fixture("backfill", "picture-removed", &[("user_id", &id)])).await;
    let usage = stage.world.engine.usage();
    assert!(usage.read_units <= 1.0 && usage.write_units <= 2.0, "{usage:?}");
    assert_eq!(stage.store.keys(PHOTOS), {
        let mut keys: Vec<String> = rendition_keys(bob).collect();
        keys.sort();
        keys
    });
    // Again, and for somebody who never had one.
    stage.deliver_each([&removed, &Event::PictureRemoved { user_id: UserId::try_from(5).unwrap() }]).await;
    assert_eq!(stage.stored(), 6);
}

#[tokio::test]
async fn when_the_news_of_a_removal_is_late_then_the_next_picture_stays() {
    let stage = Stage::new().await;
    let ann = stage.world.person("ann").await.user_id;
    stage.shows(ann).await;
    let removed = stage.removes(ann).await;
    stage.shows(ann).await;
    stage.deliver_each([&removed]).await;
    assert_eq!(stage.stored(), 6);
    // The next upload is still being waited for: what is stored is of the one before it.
    stage.begun(ann).await;
    stage.deliver_each([&removed]).await;
    assert_eq!(stage.stored(), 6);
}

#[tokio::test]
async fn when_the_next_upload_is_waited_for_then_the_removed_picture_goes() {
    let stage = Stage::new().await;
    let ann = stage.world.person("ann").await.user_id;
    stage.shows(ann).await;
    let removed = stage.removes(ann).await;
    stage.begun(ann).await;
    stage.deliver_each([&removed]).await;
    assert_eq!(stage.stored(), 0);
}

#[tokio::test]
async fn when_a_picture_is_removed_while_it_is_stored_then_the_removal_waits() {
    let stage = Stage::new().await;
    let ann = stage.world.person("ann").await.user_id;
    let upload = stage.begun(ann).await;
    let taking = profile_picture::take_turn(&stage.world.table, upload, &stage.world.clock).await.unwrap();
    let Taking::Taken(turn) = taking else { panic!("{taking:?}") };
    let removed = stage.removes(ann).await;
    let rendering = async {
        stage.store_renditions(ann);
        assert!(!profile_picture::finish(&stage.world.table, upload, stage.world.clock.now()).await.unwrap());
        profile_picture::end_turn(&stage.world.table, turn).await.unwrap();
    };
    futures::join!(stage.deliver_each([&removed]), rendering);
    assert_eq!(stage.stored(), 0);
}

#[tokio::test]
async fn when_a_process_died_in_its_turn_then_the_removal_comes_after_its_time() {
    let stage = Stage::new().await;
    let ann = stage.world.person("ann").await.user_id;
    let upload = stage.begun(ann).await;
    profile_picture::take_turn(&stage.world.table, upload, &stage.world.clock).await.unwrap();
    stage.store_renditions(ann);
    let removed = stage.removes(ann).await;
    stage.world.clock.advance(profile_picture::LONGEST_TURN);
    stage.store.fail_next("DeleteObject", ATTEMPTS * 6);
    assert_eq!(stage.deliver(std::slice::from_ref(&removed)).await.len(), 1, "it comes again");
    stage.deliver_each([&removed]).await;
    assert_eq!(stage.stored(), 0);
}
