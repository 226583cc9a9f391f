//! Helpers that the tests of this function share.

use api::Caller;
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use domain::UserId;
use domain::photo::Photo;
use serde_json::{Value, json};
use table::Table;
use testkit::http::{Answer, Request, call};
use testkit::{Engine, ManualClock, SeededRandom};
use upload_presign::{Bucket, UploadPresignHandler};

pub(crate) struct World {
    pub(crate) engine: Engine,
    pub(crate) table: Table,
    pub(crate) deps: UploadPresignHandler,
    pub(crate) clock: ManualClock,
}

pub(crate) fn ada() -> Caller {
    Caller { user_id: UserId::try_from(1).unwrap(), username: "ada".to_owned() }
}

pub(crate) fn ben() -> Caller {
    Caller { user_id: UserId::try_from(2).unwrap(), username: "ben".to_owned() }
}

/// Returns a request for a photo of this many media.
pub(crate) fn media(count: usize) -> Value {
    let media: Vec<Value> =
        (0..count).map(|index| json!({ "content_type": "image/jpeg", "size": 1000 + index })).collect();
    json!({ "media": media })
}

fn handler(
    table: &Table,
    clock: &ManualClock,
    bucket: Bucket,
    credentials: Credentials,
) -> UploadPresignHandler {
    let provider = SharedCredentialsProvider::new(credentials);
    let random = SeededRandom::new(1).shared();
    UploadPresignHandler::new(
        table.clone(),
        1,
        bucket,
        provider,
        "https://cdn.example.org",
        clock.shared(),
        random,
    )
}

impl World {
    pub(crate) async fn new() -> Self {
        let bucket = Bucket::hosted("uploads", "eu-central-1");
        Self::with(ManualClock::new(), bucket, Credentials::new("AKID", "secret", None, None, "test")).await
    }

    pub(crate) async fn with(clock: ManualClock, bucket: Bucket, credentials: Credentials) -> Self {
        let engine = Engine::start().await;
        let table = Table::new(engine.client(), engine.table_name());
        let deps = handler(&table, &clock, bucket, credentials);
        Self { engine, table, deps, clock }
    }

    /// Another process, which draws what the first draws.
    pub(crate) fn twin(&self) -> UploadPresignHandler {
        let credentials = Credentials::new("AKID", "secret", None, None, "test");
        handler(&self.table, &self.clock, Bucket::hosted("uploads", "eu-central-1"), credentials)
    }

    pub(crate) fn request(&self, by: &Caller) -> Request {
        Request::to("POST /api/v1/photos").by(by, &self.clock)
    }

    pub(crate) async fn send(&self, request: impl Into<Value>) -> Answer {
        call(&self.deps, &self.clock, request).await
    }

    /// Returns the photo that an answer names.
    pub(crate) async fn photo_of(&self, answer: &Answer) -> Photo {
        let id = answer.json["photo_id"].as_str().unwrap().parse().unwrap();
        table::photo::get_latest(&self.table, id).await.unwrap().unwrap()
    }
}
