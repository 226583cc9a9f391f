//! What the tests of this function share.

use std::sync::Arc;
use std::time::Duration;

use aws_lambda_events::sqs::SqsEvent;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::media::{AddressSecret, MediumId};
use domain::photo::{ContentType, Medium, Photo};
use domain::text::AltText;
use domain::{Home, PhotoId, UserId};
use futures::future::{Either, select};
use serde_dynamo::Item;
use table::original::{self, Original};
use table::relations::EdgeState;
use table::{Order, Table};
use testkit::{Engine, Hold, ManualClock, Objects, SeededRandom, fixture};
use thumbnail::{Config, ThumbnailHandler};

pub(crate) const UPLOADS: &str = "lambdagram-uploads";
pub(crate) const PHOTOS: &str = "lambdagram-photos";

pub(crate) struct World {
    pub(crate) engine: Engine,
    pub(crate) objects: Objects,
    pub(crate) table: Table,
    pub(crate) deps: ThumbnailHandler,
    pub(crate) clock: ManualClock,
    pub(crate) random: SeededRandom,
}

impl World {
    pub(crate) async fn new() -> Self {
        let (engine, objects) = (Engine::start().await, Objects::start().await);
        let table = Table::new(engine.client(), engine.table_name());
        let clock = ManualClock::new();
        let deps = deps(&table, &objects, &clock);
        Self { engine, objects, table, deps, clock, random: SeededRandom::new(3) }
    }

    /// The function in another process, where of the requests of `operation` the one with `place` others
    /// before it waits.
    pub(crate) fn held(&self, operation: &'static str, place: usize) -> (ThumbnailHandler, Hold) {
        let (client, hold) = self.engine.held_client(operation, place);
        (deps(&Table::new(client, self.engine.table_name()), &self.objects, &self.clock), hold)
    }

    /// The function in another process.
    pub(crate) fn elsewhere(&self) -> ThumbnailHandler {
        deps(&self.table, &self.objects, &self.clock)
    }

    /// Handles, in another process, a message that has to succeed.
    pub(crate) async fn done_elsewhere(&self, event: SqsEvent) {
        let answer = runtime::sqs::answer(&self.elsewhere(), event).await;
        assert!(answer.batch_item_failures.is_empty(), "{answer:?}");
    }

    /// Handles messages in a process that dies over the first of them, before it is recorded. They are then
    /// delivered again after a while.
    pub(crate) async fn dies(&self, event: SqsEvent) {
        let (process, hold) = self.held("TransactWriteItems", 0);
        let dying = Box::pin(runtime::sqs::answer(&process, event));
        let reached = Box::pin(hold.reached());
        assert!(matches!(select(dying, reached).await, Either::Right(_)), "it did not get so far");
        self.wait();
    }

    /// Lets the time pass after which a queue delivers a message again.
    pub(crate) fn wait(&self) {
        self.clock.advance(Duration::from_mins(6));
    }

    /// A photo of somebody new that waits for this many uploads, with the alt texts `picture 0`, `picture 1`
    /// and so on.
    pub(crate) async fn photo(&self, media: usize) -> Photo {
        self.photo_of(UserId::generate(Home::LOCAL, &self.clock, &self.random), media).await
    }

    /// The same of somebody who may have posted before.
    pub(crate) async fn photo_of(&self, author: UserId, media: usize) -> Photo {
        self.clock.advance(Duration::from_secs(1));
        let medium = |index: usize| Medium {
            content_type: ContentType::Jpeg,
            size: 100_000,
            alt: AltText::parse(&format!("picture {index}")).unwrap(),
            rendered: None,
        };
        let id = PhotoId::generate(author, &self.clock, &self.random);
        let media = (0..media).map(medium).collect();
        let photo = Photo::draft(id, author, "ada", AddressSecret::draw(&self.random), media);
        table::photo::create(&self.table, &photo, None).await.unwrap();
        self.engine.records().await;
        photo
    }

    /// A photo of `author` with one picture of these bytes, processed.
    pub(crate) async fn post(&self, author: UserId, file: &[u8]) -> Photo {
        let photo = self.photo_of(author, 1).await;
        self.done(self.upload(medium(&photo, 0), file.to_vec())).await;
        self.stored(&photo).await
    }

    /// Gives an author the profile that listing their photos counts in.
    pub(crate) async fn count_photos_of(&self, author: UserId) {
        let key = table::keys::ItemKey::User(author).raw();
        let put = self.engine.client().put_item().table_name(self.engine.table_name());
        let put = put.item("pk", AttributeValue::S(key.pk)).item("sk", AttributeValue::S(key.sk));
        put.send().await.unwrap();
    }

    /// Lists a ready photo, as the stream does.
    pub(crate) async fn list(&self, photo: &Photo) {
        let hashes = photo.perceptual_hashes();
        table::settle(
            &self.table,
            vec![EdgeState::timeline(photo.author, photo.id, Some(&hashes))],
            Order::InOrder,
        )
        .await
        .unwrap();
    }

    /// What is noted of some bytes of an author's.
    pub(crate) async fn original(&self, author: UserId, file: &[u8]) -> Option<Original> {
        original::get_latest(&self.table, author, &sha256(file)).await.unwrap()
    }

    /// Deletes a photo.
    pub(crate) async fn delete(&self, photo: &Photo) {
        assert!(table::photo::delete(&self.table, photo.id, photo.author).await.unwrap());
    }

    /// Deletes a photo's renditions and lets go of its originals, as `backfill` does.
    pub(crate) async fn let_go(&self, photo: &Photo) {
        for index in 0..photo.media.len() {
            photo.address(index).keys().for_each(|key| self.objects.remove(PHOTOS, &key));
        }
        for blob_ref in photo.blob_refs() {
            let id = medium(photo, blob_ref.index);
            let at = blob_ref.stored_at.unwrap_or(id.place());
            if original::release(&self.table, id, &blob_ref.sha256, at).await.unwrap() {
                self.objects.remove(PHOTOS, &at.of(photo.author).original_key());
            }
        }
    }

    /// Checks that a medium is recorded with facts, original and renditions of this file and no other.
    pub(crate) async fn assert_is(&self, photo: &Photo, index: usize, file: &[u8]) {
        let now = self.stored(photo).await;
        let facts = now.media[index].rendered.as_ref().unwrap();
        let made = media::process(file, &media::Limits::default()).unwrap();
        assert_eq!((facts.width, facts.height, facts.phash.0), (made.width, made.height, made.phash));
        assert_eq!((&facts.sha256, &facts.blurhash), (&sha256(file), &made.blurhash));
        let at = original_of(&now, index);
        assert!(self.objects.get(PHOTOS, &at.original_key()).unwrap().bytes == file, "the original");
        for rendition in made.files {
            let key = now.address(index).key(rendition.size, rendition.encoding);
            let object = self.objects.get(PHOTOS, &key).unwrap();
            assert!(object.bytes == rendition.bytes, "{key}");
            assert_eq!(object.content_type.as_deref(), Some(rendition.encoding.content_type()));
            assert_eq!(object.cache_control.as_deref(), Some("public, max-age=86400, immutable"));
        }
    }

    /// How many renditions and how many originals are stored.
    pub(crate) fn stored_objects(&self) -> (usize, usize) {
        let keys = self.objects.keys(PHOTOS);
        let originals = keys.iter().filter(|key| key.starts_with("photos/original/")).count();
        (keys.len() - originals, originals)
    }

    /// Uploads a file; the event that S3 sends about it.
    pub(crate) fn upload(&self, id: MediumId, bytes: Vec<u8>) -> SqsEvent {
        self.objects.put(UPLOADS, &id.upload_key(), bytes);
        created(&id.upload_key())
    }

    /// Handles a batch; the ids of the messages that failed.
    pub(crate) async fn run(&self, event: SqsEvent) -> Vec<String> {
        let response = runtime::sqs::answer(&self.deps, event).await;
        response.batch_item_failures.into_iter().map(|failure| failure.item_identifier).collect()
    }

    /// Handles a message that has to succeed.
    pub(crate) async fn done(&self, event: SqsEvent) {
        assert_eq!(self.run(event).await, Vec::<String>::new());
    }

    /// Handles a message that has to fail.
    pub(crate) async fn fails(&self, event: SqsEvent) {
        assert_eq!(self.run(event).await.len(), 1);
    }

    pub(crate) async fn stored(&self, photo: &Photo) -> Photo {
        table::photo::get_latest(&self.table, photo.id).await.unwrap().unwrap()
    }

    /// How often the photo went from one state into another since the last look.
    pub(crate) async fn transitions(&self) -> Vec<(String, String)> {
        let state = |item: Option<&Item>| -> String {
            #[derive(serde::Deserialize)]
            struct Stated {
                state: String,
            }
            let item = item.cloned().unwrap_or_default();
            serde_dynamo::from_item(item).map_or_else(|_| "none".to_owned(), |stated: Stated| stated.state)
        };
        let records = self.engine.records().await;
        let pairs = records.iter().map(|record| (state(record.old.as_ref()), state(record.new.as_ref())));
        pairs.filter(|(old, new)| old != new).collect()
    }
}

fn deps(table: &Table, objects: &Objects, clock: &ManualClock) -> ThumbnailHandler {
    let config = Config {
        table_name: "named by the client".to_owned(),
        uploads_bucket: UPLOADS.to_owned(),
        photos_bucket: PHOTOS.to_owned(),
    };
    ThumbnailHandler::new(table.clone(), objects.client(), &config, Arc::new(clock.clone()))
}

pub(crate) fn sha256(file: &[u8]) -> String {
    domain::account::hex(&media::sha256(file))
}

pub(crate) fn medium(photo: &Photo, index: usize) -> MediumId {
    MediumId { author: photo.author, photo: photo.id, index }
}

/// The medium under whose key the original of a recorded medium is stored.
pub(crate) fn original_of(photo: &Photo, index: usize) -> MediumId {
    let id = medium(photo, index);
    let stored_at = photo.media[index].rendered.as_ref().and_then(|facts| facts.stored_at);
    stored_at.unwrap_or(id.place()).of(photo.author)
}

/// S3's word that an object was created, with its key as S3 would write it.
pub(crate) fn created(key: &str) -> SqsEvent {
    notified("ObjectCreated:Post", UPLOADS, key)
}

pub(crate) fn notified(event: &str, bucket: &str, key: &str) -> SqsEvent {
    let message = format!("message of {key}");
    let values = [("message_id", message.as_str()), ("event", event), ("bucket", bucket), ("key", key)];
    serde_json::from_value(fixture("thumbnail", "uploaded", &values)).unwrap()
}

/// One batch of several events' messages.
pub(crate) fn batch(events: impl IntoIterator<Item = SqsEvent>) -> SqsEvent {
    let mut whole = SqsEvent::default();
    whole.records = events.into_iter().flat_map(|event| event.records).collect();
    whole
}
