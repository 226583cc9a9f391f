//! Makes the renditions of one uploaded picture; the last one makes its photo ready.
//!
//! - Trigger: the uploads queue. A message is a notification of S3 about an object created under `incoming/`.
//! - Access patterns: the photo as it is now (1 RRU); the original with the same bytes, if the author has uploaded them
//!   before (0.5 RRU), beside what their photos look like (0.5 RRU for each 50 of them, of at most the newest 1,000). Then
//!   one transaction that records the picture, makes the photo ready with the last one, and keeps account of the copy it is
//!   shown with (2 WRU for each KiB of the photo and 2; as much again for each race lost to another picture).
//! - Objects: reads the upload; stores the original, then six renditions side by side; deletes the upload last. Of bytes
//!   that the author has uploaded before it stores nothing: the picture is shown with what was stored then.
//! - Emits nothing itself; the stream sees the photo ready, or failed.
//! - Again: the original is stored only if there is none, and says which bytes the picture has: of two files posted to one
//!   form the first counts, for facts and renditions alike. The same bytes give the same renditions under the same keys, a
//!   picture that is recorded is not recorded again, and the upload is deleted only after everything else is done: whatever
//!   a crash leaves behind, the next delivery finishes. A redelivery after the end finds no upload and is done.
//! - What is not shown: what was stored for a picture that was recorded with another copy, or whose photo is gone or failed
//!   before it was recorded, is deleted here. What was recorded is let go by `backfill` once the stream sees the photo gone
//!   or failed: other photos may be shown with it.
//! - Failures: bytes that cannot be processed end the photo as failed with a reason, and the message is done, as the
//!   same bytes would fail again. Anything else (S3, the table) sends the message back to the queue, and after the last
//!   try to the dead-letter queue, which has an alarm. So does a notification that is not about an upload: it means
//!   that the bucket is wired wrongly.

mod notification;
mod store;

use aws_sdk_s3::Client;
use bytes::Bytes;
use domain::PhotoId;
use domain::media::{MediumId, PerceptualHash};
use domain::photo::{Failure, MAX_UPLOAD_BYTES, Medium, Photo, Rendered, State};
use media::{Limits, Refusal, Renditions};
use runtime::{Aws, metrics, sqs};
use table::original::{Original, Share};
use table::photo::Finish;
use table::{Table, original, photo, timeline};
use tokio::sync::Semaphore;
use tokio::task::JoinError;

pub use notification::{NotAnUpload, Notification};
pub use store::StoreError;
use store::{Claim, Fetched, File, Store};

/// Times that a picture is recorded anew because the original with its bytes came or went meanwhile.
const MOVES: usize = 4;

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
pub struct ThumbnailHandler {
    table: Table,
    store: Store,
    /// One picture is decoded at a time, however many messages are under way: a decode may hold 400 MB, and there is
    /// one processor. Others fetch and store meanwhile.
    decoding: Semaphore,
}

impl ThumbnailHandler {
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
        let photo = self.photo(id).await?;
        let waiting = photo.as_ref().filter(|photo| photo.state == State::Processing);
        match waiting.and_then(|photo| Some((photo, photo.media.get(id.index)?))) {
            Some((photo, medium)) if medium.rendered.is_none() => self.render(id, photo, medium).await?,
            // Settled, or this picture is done: nobody waits for another upload of it.
            _ => self.tidy(id, photo.as_ref()).await?,
        }
        Ok(self.store.discard_upload(id).await?)
    }

    /// The photo as it is now.
    async fn photo(&self, id: MediumId) -> Result<Option<Photo>, Error> {
        Ok(photo::get_latest(&self.table, id.photo).await?.filter(|photo| photo.author == id.author))
    }

    async fn render(&self, id: MediumId, photo: &Photo, medium: &Medium) -> Result<(), Error> {
        let mut file = match self.store.fetch(id, medium.size.min(MAX_UPLOAD_BYTES)).await? {
            Fetched::Whole(file) => file,
            Fetched::TooLarge => {
                let refusal = Refusal::TooLarge("it has more bytes than were declared".to_owned());
                return self.refuse(id, &refusal).await;
            }
            // Another delivery of this message is through with it.
            Fetched::Gone => return Ok(()),
        };
        let (mut known, hashes) = futures::try_join!(
            original::get(&self.table, id.author, &file.sha256),
            timeline::hashes(&self.table, id.author)
        )?;
        let picture = Picture { id, photo, hashes };
        let mut claimed = false;
        loop {
            if let Some(original) = known.as_ref().filter(|original| original.has_room())
                && self.join(&picture, original, &file.sha256).await?
            {
                return Ok(());
            }
            let made = if claimed {
                self.decode(&file.bytes).await?
            } else {
                // The original says whose bytes these are; until that is known, nothing that follows from them counts.
                match futures::try_join!(self.claim(id, &file), self.decode(&file.bytes))? {
                    (Claim::Ours, made) => made,
                    (Claim::Theirs(theirs), _) => {
                        known = original::get(&self.table, id.author, &theirs.sha256).await?;
                        (file, claimed) = (theirs, true);
                        continue;
                    }
                    (Claim::Lost, _) => return Err(Error::Overtaken),
                }
            };
            return match made {
                Ok(renditions) => self.keep(&picture, &file, renditions).await,
                Err(refusal) => self.refuse(id, &refusal).await,
            };
        }
    }

    async fn claim(&self, id: MediumId, file: &File) -> Result<Claim, Error> {
        Ok(self.store.claim(id, file).await?)
    }

    /// Records a picture as shown with what was stored of the same bytes before; whether it is settled so.
    async fn join(&self, picture: &Picture<'_>, original: &Original, sha256: &str) -> Result<bool, Error> {
        match self.record(picture, original.facts(sha256), Share::Joined).await? {
            Finish::Moved => return Ok(false),
            // An earlier delivery may have stored something before there was anything to join.
            Finish::Waiting | Finish::Ready => self.store.discard_kept(picture.id).await?,
            Finish::Already | Finish::Gone => self.look_again(picture.id).await?,
        }
        Ok(true)
    }

    /// Stores renditions and records the picture.
    async fn keep(&self, picture: &Picture<'_>, file: &File, made: Renditions) -> Result<(), Error> {
        let facts = facts(&made, file);
        self.store.keep(picture.id, made.files).await?;
        let mut share = Share::First;
        for _ in 0..MOVES {
            match self.record(picture, facts.clone(), share).await? {
                Finish::Moved => {}
                Finish::Waiting | Finish::Ready => return Ok(()),
                Finish::Already | Finish::Gone => return self.look_again(picture.id).await,
            }
            // Others are recorded with the same bytes, perhaps of the same photo.
            match original::get_latest(&self.table, picture.id.author, &file.sha256).await? {
                None => share = Share::First,
                Some(original) if original.has_room() => {
                    if self.join(picture, &original, &file.sha256).await? {
                        return Ok(());
                    }
                }
                Some(_) => share = Share::Alone,
            }
        }
        Err(Error::Overtaken)
    }

    async fn record(
        &self,
        picture: &Picture<'_>,
        mut facts: Rendered,
        share: Share,
    ) -> Result<Finish, Error> {
        facts.similar_to = facts.phash.nearest(picture.hashes.iter().copied());
        let finish =
            photo::finish_medium(&self.table, picture.photo, picture.id.index, &facts, share).await?;
        if finish == Finish::Ready {
            metrics::count("photos_ready", 1);
        }
        Ok(finish)
    }

    /// Makes the renditions, away from the thread that waits for the network.
    async fn decode(&self, bytes: &Bytes) -> Result<Result<Renditions, Refusal>, Error> {
        // The semaphore is never closed.
        let _turn = self.decoding.acquire().await;
        let bytes = bytes.clone();
        let work = move || media::process(&bytes, &Limits::default());
        tokio::task::spawn_blocking(work).await.map_err(Error::Decoder)
    }

    /// Ends the photo: these bytes will not become a picture, now or ever.
    async fn refuse(&self, id: MediumId, refusal: &Refusal) -> Result<(), Error> {
        tracing::warn!(photo = %id.photo, medium = id.index, code = refusal.code(), ?refusal, "refused an upload");
        let failure = Failure { code: refusal.code().to_owned(), detail: refusal.detail() };
        if photo::fail(&self.table, id.photo, &failure).await? {
            metrics::count("photos_failed", 1);
        }
        self.look_again(id).await
    }

    /// The photo was settled or the picture recorded by others: what was stored for it may not be shown.
    async fn look_again(&self, id: MediumId) -> Result<(), Error> {
        self.tidy(id, self.photo(id).await?.as_ref()).await
    }

    /// Deletes what was stored for a picture of a settled photo, or a recorded one, unless it is shown with that, or another
    /// is.
    async fn tidy(&self, id: MediumId, photo: Option<&Photo>) -> Result<(), Error> {
        let shown = match photo {
            Some(photo) => {
                let rendered = photo.media.get(id.index).and_then(|medium| medium.rendered.as_ref());
                rendered.is_some_and(|facts| facts.stored_at.is_none())
            }
            // It was recorded or not. If it was, then others may be shown with it, and the original is there.
            None => match self.store.original(id).await? {
                Some(sha256) => {
                    let original = original::get_latest(&self.table, id.author, &sha256).await?;
                    original.is_some_and(|original| original.place == id.place())
                }
                None => false,
            },
        };
        if shown { Ok(()) } else { Ok(self.store.discard_kept(id).await?) }
    }
}

impl sqs::Handler for ThumbnailHandler {
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
    /// Others recorded and deleted pictures with the same bytes all the time, or another file posted to the same form.
    #[error("another upload was being processed")]
    Overtaken,
    /// The notification is not about an upload.
    #[error(transparent)]
    NotAnUpload(#[from] NotAnUpload),
    /// The decoder's thread ended without an answer.
    #[error("the decoder died")]
    Decoder(#[source] JoinError),
}

/// A picture to be recorded.
struct Picture<'a> {
    id: MediumId,
    photo: &'a Photo,
    /// What its author's photos look like.
    hashes: Vec<(PhotoId, PerceptualHash)>,
}

fn facts(made: &Renditions, file: &File) -> Rendered {
    Rendered {
        width: made.width,
        height: made.height,
        blurhash: made.blurhash.clone(),
        sha256: file.sha256.clone(),
        phash: PerceptualHash(made.phash),
        stored_at: None,
        similar_to: None,
    }
}
