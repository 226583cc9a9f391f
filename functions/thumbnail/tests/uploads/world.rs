//! What the tests of this function share.

use aws_lambda_events::sqs::SqsEvent;
use domain::media::MediumId;
use domain::photo::{ContentType, Medium, Photo, State};
use domain::text::AltText;
use domain::{PhotoId, UserId, rate};
use serde_dynamo::Item;
use table::Table;
use table::guard::{self, RateStep};
use testkit::{Engine, ManualClock, Objects, SeededRandom, fixture};
use thumbnail::{Config, Deps};

pub(crate) const UPLOADS: &str = "lambdagram-uploads";
pub(crate) const PHOTOS: &str = "lambdagram-photos";

pub(crate) struct World {
    pub(crate) engine: Engine,
    pub(crate) objects: Objects,
    pub(crate) table: Table,
    pub(crate) deps: Deps,
    clock: ManualClock,
    random: SeededRandom,
}

impl World {
    pub(crate) async fn new() -> Self {
        let (engine, objects) = (Engine::start().await, Objects::start().await);
        let table = Table::new(engine.client(), engine.table_name());
        let config = Config {
            table_name: engine.table_name().to_owned(),
            uploads_bucket: UPLOADS.to_owned(),
            photos_bucket: PHOTOS.to_owned(),
        };
        let deps = Deps::new(table.clone(), objects.client(), &config);
        Self { engine, objects, table, deps, clock: ManualClock::new(), random: SeededRandom::new(3) }
    }

    /// A photo that waits for this many uploads, with the alt texts `picture 0`, `picture 1` and so on.
    pub(crate) async fn photo(&self, media: usize) -> Photo {
        let medium = |index: usize| Medium {
            content_type: ContentType::Jpeg,
            size: 100_000,
            alt: AltText::parse(&format!("picture {index}")).unwrap(),
            rendered: None,
        };
        let id = PhotoId::generate(&self.clock, &self.random);
        let photo = Photo {
            id,
            author: UserId::try_from(id.get()).unwrap(),
            author_name: "ada".to_owned(),
            caption: None,
            place: None,
            tags: Vec::new(),
            media: (0..media).map(medium).collect(),
            state: State::Processing,
            pending: media,
            failure: None,
            likes: 0,
            comments: 0,
        };
        let step = RateStep::admit(guard::UPLOADS, rate::UPLOADS, None, id.created_at()).unwrap();
        table::photo::create(&self.table, &photo, &step, None).await.unwrap();
        self.engine.records().await;
        photo
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

pub(crate) fn medium(photo: &Photo, index: usize) -> MediumId {
    MediumId { author: photo.author, photo: photo.id, index }
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
