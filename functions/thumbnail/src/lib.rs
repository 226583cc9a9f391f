//! Makes the renditions of one uploaded picture; the last one makes its photo ready.
//!
//! - Trigger: the uploads queue. A message is a notification of S3 about an object created under `incoming/`.
//! - Access patterns: the photo as it is now (1 RRU); then one conditional write that records the picture, and makes
//!   the photo ready with the last one (1 WRU for each KiB, one more for each race lost to another picture).
//! - Objects: reads the upload; stores six renditions and the original side by side; deletes the upload last.
//! - Emits nothing itself; the stream sees the photo ready, or failed.
//! - Again: the same bytes give the same renditions under the same keys, a picture that is recorded is not recorded
//!   again, and the upload is deleted only after everything else is done: whatever a crash leaves behind, the next
//!   delivery finishes. A redelivery after the end finds no upload and is done.
//! - A photo deleted meanwhile: what was stored for it is deleted again.
//! - Failures: bytes that cannot be processed end the photo as failed with a reason, and the message is done, as the
//!   same bytes would fail again. Anything else (S3, the table) sends the message back to the queue, and after the last
//!   try to the dead-letter queue, which has an alarm. So does a notification that is not about an upload: it means
//!   that the bucket is wired wrongly.

mod notification;
mod store;

use std::sync::Arc;

use aws_sdk_s3::Client;
use domain::account::hex;
use domain::media::MediumId;
use domain::photo::{Failure, MAX_UPLOAD_BYTES, Medium, Photo, Rendered, State};
use media::{Limits, Refusal, Renditions};
use runtime::{Aws, metrics, sqs};
use table::photo::Finish;
use table::{Table, photo};
use tokio::sync::Semaphore;
use tokio::task::JoinError;

pub use notification::{NotAnUpload, Notification};
pub use store::StoreError;
use store::{Fetched, Store};

runtime::config! {
    /// Settings of `thumbnail`.
    pub struct Config {
        /// Name of the table.
        pub table_name: String,
        /// The bucket that takes uploads.
        pub uploads_bucket: String,
        /// The bucket of originals and renditions.
        pub photos_bucket: String,
    }
}

/// What the function works with.
pub struct Deps {
    table: Table,
    store: Store,
    /// One picture is decoded at a time, however many messages are under way: a decode may hold 400 MB, and there is
    /// one processor. Others fetch and store meanwhile.
    decoding: Semaphore,
}

impl Deps {
    /// Connects to the table and the buckets.
    pub fn connect(config: &Config, aws: &Aws) -> Self {
        let s3 =
            aws_sdk_s3::config::Builder::from(aws.sdk_config()).force_path_style(aws.path_style()).build();
        Self::new(Table::new(aws.dynamodb(), &config.table_name), Client::from_conf(s3), config)
    }

    /// Works on `table` and, through `s3`, on the buckets of `config`.
    pub fn new(table: Table, s3: Client, config: &Config) -> Self {
        let store = Store::new(s3, &config.uploads_bucket, &config.photos_bucket);
        Self { table, store, decoding: Semaphore::new(1) }
    }

    /// Brings one upload to its end.
    async fn process(&self, id: MediumId) -> Result<(), Error> {
        let photo = photo::get_latest(&self.table, id.photo).await?.filter(|photo| photo.author == id.author);
        let Some(photo) = photo else { return self.clear(id).await };
        match photo.media.get(id.index) {
            Some(medium) if photo.state == State::Processing && medium.rendered.is_none() => {
                self.render(id, &photo, medium).await?;
            }
            // Settled, or this picture is done: nobody waits for another upload of it.
            _ => {}
        }
        Ok(self.store.discard_upload(id).await?)
    }

    async fn render(&self, id: MediumId, photo: &Photo, medium: &Medium) -> Result<(), Error> {
        let bytes = match self.store.fetch(id, medium.size.min(MAX_UPLOAD_BYTES)).await? {
            Fetched::Whole(bytes) => Arc::new(bytes),
            Fetched::TooLarge => {
                return self
                    .refuse(id, photo, &Refusal::TooLarge("it has more bytes than were announced".to_owned()))
                    .await;
            }
            // Another delivery of this message is through with it.
            Fetched::Gone => return Ok(()),
        };
        let renditions = match self.decode(bytes.clone()).await? {
            Ok(renditions) => renditions,
            Err(refusal) => return self.refuse(id, photo, &refusal).await,
        };
        let facts = facts(&renditions);
        let original = Arc::unwrap_or_clone(bytes);
        self.store.keep(id, original, renditions).await?;
        match photo::finish_medium(&self.table, photo, id.index, &facts).await? {
            Finish::Ready => metrics::count("photos_ready", 1),
            Finish::Waiting | Finish::Already => {}
            Finish::Gone => self.store.discard_kept(id).await?,
        }
        Ok(())
    }

    /// Makes the renditions, away from the thread that waits for the network.
    async fn decode(&self, bytes: Arc<Vec<u8>>) -> Result<Result<Renditions, Refusal>, Error> {
        // The semaphore is never closed.
        let _turn = self.decoding.acquire().await;
        let work = move || media::process(&bytes, &Limits::default());
        tokio::task::spawn_blocking(work).await.map_err(Error::Decoder)
    }

    /// Ends the photo: these bytes will not become a picture, now or ever.
    async fn refuse(&self, id: MediumId, photo: &Photo, refusal: &Refusal) -> Result<(), Error> {
        tracing::warn!(photo = %id.photo, medium = id.index, code = refusal.code(), ?refusal, "refused an upload");
        let failure = Failure { code: refusal.code().to_owned(), detail: refusal.detail() };
        if photo::fail(&self.table, id.photo, &failure).await? {
            metrics::count("photos_failed", 1);
        }
        // Nobody is to be served what was made of the other pictures: the photo will never be shown.
        for index in 0..photo.media.len() {
            self.store.discard_kept(MediumId { index, ..id }).await?;
        }
        Ok(())
    }

    /// Deletes everything of a picture whose photo is gone, also what an earlier delivery stored before it crashed.
    async fn clear(&self, id: MediumId) -> Result<(), Error> {
        self.store.discard_kept(id).await?;
        Ok(self.store.discard_upload(id).await?)
    }
}

impl sqs::Handler for Deps {
    type Message = Notification;
    type Error = Error;

    async fn handle(&self, notification: Notification) -> Result<(), Error> {
        for id in notification.uploads(self.store.uploads_bucket())? {
            self.process(id).await?;
        }
        Ok(())
    }
}

/// Why an upload is not through yet.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The table failed.
    #[error(transparent)]
    Table(#[from] table::Error),
    /// The object store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The notification is not about an upload.
    #[error(transparent)]
    NotAnUpload(#[from] NotAnUpload),
    /// The decoder's thread ended without an answer.
    #[error("the decoder died")]
    Decoder(#[source] JoinError),
}

fn facts(renditions: &Renditions) -> Rendered {
    Rendered {
        width: renditions.width,
        height: renditions.height,
        blurhash: renditions.blurhash.clone(),
        sha256: hex(&renditions.sha256),
        phash: format!("{:016x}", renditions.phash),
    }
}
