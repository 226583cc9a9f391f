//! Deleted photos.

use api::Caller;
use domain::PhotoId;
use domain::media::{AddressSecret, Encoding, MediumAddress, MediumId, Size};
use domain::photo::{BlobRef, Photo};
use messages::{Event, HashRange};
use table::keys::ItemKey;
use testkit::{ATTEMPTS, Fault, fixture};

use crate::stage::{PHOTOS, Stage, UPLOADS};

fn deleted(photo: &Photo) -> Event {
    let media = photo.media.len();
    Event::PhotoDeleted {
        photo_id: photo.id,
        author_id: photo.author,
        secret: photo.secret,
        media,
        blob_refs: (0..media).map(alone).collect(),
        followers: HashRange::ALL,
    }
}

/// Returns the reference to a blob that one medium alone uses, as the test kit's world finishes media.
fn alone(index: usize) -> BlobRef {
    BlobRef { index, sha256: "00".to_owned(), stored_at: None }
}

/// Stores everything that processing a photo leaves behind.
fn store(stage: &Stage, photo: &Photo) {
    for index in 0..photo.media.len() {
        let medium = MediumId { author: photo.author, photo: photo.id, index };
        for key in photo.address(index).keys().chain([medium.original_key()]) {
            stage.store.put(PHOTOS, &key, "a picture");
        }
        stage.store.put(UPLOADS, &medium.upload_key(), "an upload");
    }
}

struct Scene {
    stage: Stage,
    author: Caller,
    fans: Vec<Caller>,
    gone: Photo,
    kept: PhotoId,
}

/// Creates two photos of one author, both pushed, liked and stored, and deletes one of them.
async fn scene(fans: usize) -> Scene {
    let stage = Stage::new().await;
    let world = &stage.world;
    let author = world.person("author").await;
    let fans = world.people("fan", fans).await;
    let (gone, kept) = (world.draft(&author, 2).await, world.post(&author).await);
    world.finish(&gone).await;
    for fan in &fans {
        world.follow(fan, &author).await;
        world.activate(fan).await;
        for photo in [gone.id, kept] {
            world.like(fan, &author, photo).await;
            stage.push(fan, &author, photo).await;
        }
    }
    world.derive().await;
    store(&stage, &gone);
    store(&stage, &table::photo::get(&world.table, kept).await.unwrap().unwrap());
    world.delete(&author, gone.id).await;
    world.derive().await;
    Scene { stage, author, fans, gone, kept }
}

impl Scene {
    async fn assert_gone(&self) {
        let (world, store) = (&self.stage.world, &self.stage.store);
        for fan in &self.fans {
            assert_eq!(world.feed(fan).await, [self.kept]);
            let liked = table::like::liked_among(&world.table, fan.user_id, &[self.gone.id, self.kept])
                .await
                .unwrap();
            assert_eq!(liked.into_iter().collect::<Vec<_>>(), [self.kept]);
        }
        assert!(table::like::likers(&world.table, self.gone.id, None, 10).await.unwrap().items.is_empty());
        assert_eq!((store.keys(PHOTOS).len(), store.keys(UPLOADS).len()), (7, 1), "the other photo's");
    }

    async fn pretend(&self, followers: i64) {
        let author = ItemKey::User(self.author.user_id);
        self.stage.world.write(&author, "SET followers = :value", followers).await;
    }
}

#[tokio::test]
async fn when_a_photo_is_deleted_then_pictures_likes_and_entries_go() {
    let scene = scene(3).await;
    let event = deleted(&scene.gone);
    for _ in 0..2 {
        scene.stage.deliver_each([&event]).await;
        scene.assert_gone().await;
    }
    // The unlikes that follow from the clean-up derive nothing more.
    scene.stage.world.derive().await;
    let kept = table::photo::get(&scene.stage.world.table, scene.kept).await.unwrap().unwrap();
    assert_eq!(kept.likes, 3);
}

#[tokio::test]
async fn when_a_step_fails_then_the_message_comes_again_and_completes() {
    let scene = scene(2).await;
    let event = [deleted(&scene.gone)];
    scene.stage.world.engine.fail_next("BatchWriteItem", 1, Fault::Crash);
    assert_eq!(scene.stage.deliver(&event).await, ["message-0"], "after a write");
    scene.stage.deliver_each(&event).await;
    scene.assert_gone().await;
}

#[tokio::test]
async fn when_the_store_is_unavailable_then_nothing_else_is_done() {
    let scene = scene(1).await;
    let event = [deleted(&scene.gone)];
    // Sixteen deletions side by side share these failures.
    scene.stage.store.fail_next("DeleteObject", 16 * ATTEMPTS);
    assert_eq!(scene.stage.deliver(&event).await, ["message-0"]);
    let mut tries = 0;
    while !scene.stage.deliver(&event).await.is_empty() {
        tries += 1;
        assert!(tries < 16 * ATTEMPTS);
    }
    scene.assert_gone().await;
}

#[tokio::test]
async fn when_the_following_is_large_then_parts_remove_only_entries() {
    let scene = scene(6).await;
    scene.pretend(7_501).await;
    scene.stage.deliver_each([&deleted(&scene.gone)]).await;
    let mut parts: Vec<Event> = scene.stage.outbox.take();
    assert_eq!(parts.len(), 4);
    parts.reverse();
    store(&scene.stage, &scene.gone);
    scene.stage.deliver_each(parts.iter().chain(&parts)).await;
    assert_eq!(scene.stage.store.keys(PHOTOS).len(), 21, "parts leave the pictures alone");
    assert!(scene.stage.outbox.take::<Event>().is_empty());
    for fan in &scene.fans {
        assert_eq!(scene.stage.world.feed(fan).await, [scene.kept]);
    }
}

#[tokio::test]
async fn when_sqs_sends_a_real_event_then_the_photo_is_cleaned_up() {
    let scene = scene(1).await;
    let secret = serde_json::to_value(scene.gone.secret).unwrap();
    let values = [
        ("photo_id", &*scene.gone.id.to_string()),
        ("author_id", &*scene.author.user_id.to_string()),
        ("secret", secret.as_str().unwrap()),
    ];
    let other = MediumAddress { secret: AddressSecret::from(0), index: 0 }.key(Size::Large, Encoding::Jpeg);
    scene.stage.store.put(PHOTOS, &other, "another author's");
    scene.stage.deliver_real(fixture("backfill", "photo-deleted", &values)).await;
    assert_eq!(scene.stage.world.feed(&scene.fans[0]).await, [scene.kept]);
    assert!(scene.stage.store.get(PHOTOS, &other).is_some());
}

#[tokio::test]
async fn entries_that_do_not_exist_cost_no_write() {
    let scene = scene(40).await;
    let event = deleted(&scene.gone);
    scene.stage.deliver_each([&event]).await;
    scene.stage.world.engine.reset_usage();
    scene.stage.deliver_each([&event]).await;
    let usage = scene.stage.world.engine.usage();
    assert_eq!((usage.writes(), usage.requests_of("UpdateItem")), (2, 2), "releasing the media");
    assert!(usage.read_units <= 0.6 * 40.0, "{usage:?}");
}
