//! Photos whose media share one stored copy, and photos that failed.

use api::Caller;
use domain::media::{MediumPlace, PerceptualHash};
use domain::photo::{Failure, Photo, Rendered};
use messages::{Event, HashRange};
use table::original::{self, Share};
use table::photo;
use testkit::{Fault, fixture};

use crate::stage::{PHOTOS, Stage, UPLOADS};

const SHA256: &str = "0f0f";

fn place(photo: &Photo, index: usize) -> MediumPlace {
    MediumPlace { photo: photo.id, index }
}

/// Renders a medium with the same bytes as all others here.
async fn render(stage: &Stage, photo: &Photo, index: usize) {
    let table = &stage.world.table;
    let facts = Rendered {
        width: 4,
        height: 3,
        blurhash: "LEHV6nWB2yk8".to_owned(),
        sha256: SHA256.to_owned(),
        phash: PerceptualHash(0),
        stored_at: None,
        similar_to: None,
    };
    photo.address(index).keys().for_each(|key| stage.store.put(PHOTOS, &key, "a picture"));
    let (facts, share) = match original::get_latest(table, photo.author, SHA256).await.unwrap() {
        Some(original) => (Rendered { stored_at: Some(original.place), ..facts }, Share::Joined),
        None => {
            stage.store.put(PHOTOS, &place(photo, index).of(photo.author).original_key(), "a picture");
            (facts, Share::First)
        }
    };
    photo::finish_medium(table, photo, index, &facts, share).await.unwrap();
}

/// Posts a ready photo of one medium.
async fn post(stage: &Stage, author: &Caller) -> Photo {
    let photo = stage.world.draft(author, 1).await;
    render(stage, &photo, 0).await;
    photo::get_latest(&stage.world.table, photo.id).await.unwrap().unwrap()
}

/// Deletes a photo; returns the message that follows from it.
async fn delete(stage: &Stage, photo: &Photo) -> Event {
    let now = photo::get_latest(&stage.world.table, photo.id).await.unwrap().unwrap();
    assert!(photo::delete(&stage.world.table, photo.id, photo.author).await.unwrap());
    Event::PhotoDeleted {
        photo_id: photo.id,
        author_id: photo.author,
        secret: photo.secret,
        media: photo.media.len(),
        blob_refs: now.blob_refs(),
        followers: HashRange::ALL,
    }
}

/// Fails a photo; returns the message that follows from it.
async fn fail(stage: &Stage, photo: &Photo) -> Event {
    let failure = Failure { code: "image_corrupt".to_owned(), detail: "No.".to_owned() };
    assert!(photo::fail(&stage.world.table, photo.id, &failure).await.unwrap());
    let now = photo::get_latest(&stage.world.table, photo.id).await.unwrap().unwrap();
    Event::PhotoFailed {
        photo_id: photo.id,
        author_id: photo.author,
        secret: photo.secret,
        media: photo.media.len(),
        blob_refs: now.blob_refs(),
    }
}

#[tokio::test]
async fn when_photos_share_an_original_then_it_goes_with_the_last_and_renditions_with_their_own() {
    for delete_first in [true, false] {
        let stage = Stage::new().await;
        let ann = stage.world.person("ann").await;
        let photos = [post(&stage, &ann).await, post(&stage, &ann).await];
        let [gone, left] = if delete_first { [0, 1] } else { [1, 0] }.map(|number| &photos[number]);
        let first = delete(&stage, gone).await;
        stage.deliver_each([&first, &first]).await;
        assert_eq!(stage.store.keys(PHOTOS).len(), 7);
        assert!(gone.address(0).keys().all(|key| stage.store.get(PHOTOS, &key).is_none()));

        let second = delete(&stage, left).await;
        stage.deliver_each([&second]).await;
        assert!(stage.store.keys(PHOTOS).is_empty());
        assert_eq!(original::get_latest(&stage.world.table, ann.user_id, SHA256).await.unwrap(), None);

        // The same bytes are posted once more. Messages that come late remove nothing of the new copy.
        let third = post(&stage, &ann).await;
        stage.deliver_each([&second, &first]).await;
        assert_eq!(stage.store.keys(PHOTOS).len(), 7);
        stage.deliver_each([&delete(&stage, &third).await]).await;
        assert!(stage.store.keys(PHOTOS).is_empty());
    }
}

#[tokio::test]
async fn when_the_function_dies_while_it_releases_then_a_retry_completes() {
    for (operation, deletes) in [("UpdateItem", true), ("DeleteItem", true), ("UpdateItem", false)] {
        let stage = Stage::new().await;
        let ann = stage.world.person("ann").await;
        let first = post(&stage, &ann).await;
        let others = if deletes { None } else { Some(post(&stage, &ann).await) };
        let event = delete(&stage, &first).await;
        stage.world.engine.fail_next(operation, 1, Fault::Crash);
        assert_eq!(stage.deliver(std::slice::from_ref(&event)).await, ["message-0"]);
        assert_eq!(
            stage.store.keys(PHOTOS).len(),
            if others.is_some() { 7 } else { 1 },
            "renditions go first"
        );
        stage.deliver_each([&event]).await;
        assert_eq!(stage.store.keys(PHOTOS).len(), if others.is_some() { 7 } else { 0 });
    }
}

#[tokio::test]
async fn when_a_photo_fails_then_its_objects_go_and_shared_copies_stay() {
    let stage = Stage::new().await;
    let (ann, bob) = (stage.world.person("ann").await, stage.world.person("bob").await);
    let kept = post(&stage, &bob).await;
    let photo = stage.world.draft(&ann, 3).await;
    render(&stage, &photo, 1).await;
    let unrecorded = place(&photo, 2).of(ann.user_id);
    stage.store.put(PHOTOS, &unrecorded.original_key(), "a picture");
    stage.store.put(UPLOADS, &unrecorded.upload_key(), "an upload");
    let event = fail(&stage, &photo).await;
    for _ in 0..2 {
        stage.deliver_each([&event]).await;
        assert_eq!(stage.store.keys(PHOTOS).len(), 7, "bob's");
        assert!(stage.store.keys(UPLOADS).is_empty());
    }
    // A photo of Bob's joined a copy and then failed. His other photo keeps the copy.
    let joined = stage.world.draft(&bob, 2).await;
    render(&stage, &joined, 0).await;
    let failed = fail(&stage, &joined).await;
    stage.deliver_each([&failed, &delete(&stage, &joined).await]).await;
    assert_eq!(stage.store.keys(PHOTOS).len(), 7);
    let original = original::get_latest(&stage.world.table, bob.user_id, SHA256).await.unwrap().unwrap();
    assert_eq!(original.refs, [place(&kept, 0)].into());
}

#[tokio::test]
async fn when_sqs_sends_a_real_event_of_a_failed_photo_then_it_is_cleaned_up() {
    let stage = Stage::new().await;
    let ann = stage.world.person("ann").await;
    let photo = stage.world.draft(&ann, 2).await;
    render(&stage, &photo, 0).await;
    fail(&stage, &photo).await;
    let (id, author) = (photo.id.to_string(), ann.user_id.to_string());
    let secret = serde_json::to_value(photo.secret).unwrap();
    let secret = ("secret", secret.as_str().unwrap());
    let values = [("photo_id", &*id), ("author_id", &*author), ("sha256", SHA256), secret];
    stage.deliver_real(fixture("backfill", "photo-failed", &values)).await;
    assert!(stage.store.keys(PHOTOS).is_empty());
    assert_eq!(original::get_latest(&stage.world.table, ann.user_id, SHA256).await.unwrap(), None);
}
