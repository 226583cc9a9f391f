//! `thumbnail`: makes the renditions of one uploaded picture, and the photo ready with the last one. Of a
//! profile picture it makes square ones (`picture`).
//!
//! - **Trigger**: SQS `uploads`. A message is a notification of S3 about an object created under `incoming/`,
//!   as `intake` passes it on.
//! - **Access patterns**: the photo as of now (1 RRU). Then the author's original with the same bytes
//!   (0.5 RRU), beside the perceptual hashes of their photos (0.5 RRU for each 50, of at most the newest
//!   1,000). A note that rendering begins (1 WRU), beside the put of the original and the photo once more
//!   (1 RRU). Then one transaction of the photo and the original (2 WRU for each KiB of the photo and 2 more;
//!   as much again for each race lost to another picture). S3: one get of the upload, one put of the
//!   original, one of each rendition, one delete of the upload at the end. Of bytes that the author has
//!   uploaded before, S3 copies the renditions, and one more delete takes the second original back. A profile
//!   picture takes two reads, a turn, the record and the end of the turn (2 RRU and 3 WRU).
//! - **Emits**: nothing. The photo that is ready or failed reaches `derive` through the table's stream.
//! - **Redelivery**: the original is stored only if there is none, and it decides which bytes the picture
//!   has. Of two files posted to one form the first counts. The same bytes give the same renditions under the
//!   same keys, and a recorded picture is not recorded again. The upload is deleted last, so the next
//!   delivery finishes what a crash left. After that a message finds no upload and is done.
//! - **Failures**: bytes that cannot be processed end the photo as failed with a reason, and the message is
//!   done. So does a picture over which two processes died, which its message finds at the third delivery.
//!   After any other failure the message comes back, and after its last try goes to the dead-letter
//!   queue. So does a notification that is not about an upload: it means that the bucket is wired wrongly.
//!
//! `plan` decides each step on what is known of the picture. The step adds to what is known.
//!
//! Objects that nobody is shown with are deleted here: the original of a picture that was recorded with
//! another one, and everything of a picture whose photo failed or was deleted first. `backfill` deletes the
//! objects of recorded pictures.
//!
//! An original is taken back only when its picture is no longer awaited. Whoever has stored one therefore
//! reads the photo again before anything is stored under its address: of two files posted to one form, the
//! second could otherwise claim the picture after the first was recorded with another original.

mod picture;
mod plan;
mod store;

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_s3::Client;
use bytes::Bytes;
use domain::media::{AddressSecret, MediumAddress, MediumId, PerceptualHash, UploadKey};
use domain::photo::{Failure, Photo, Rendered, State};
use domain::{Clock, Timestamp};
use media::{Limits, Refusal, Renditions};
use messages::upload::{NotAnUpload, Notification};
use runtime::{Aws, metrics};
use table::attempt::Attempt;
use table::original::Share;
use table::photo::Finish;
use table::{Table, attempt, original, photo, timeline};
use tokio::sync::{Mutex, MutexGuard};
use tokio::task::JoinError;

use plan::{Copy, Facts, Plan, plan};
pub use store::StoreError;
use store::{Claim, Fetched, File, Store};

/// Most steps of one delivery. It takes at most four, and more only where other deliveries change what it
/// knew.
const STEPS: usize = 12;
/// The time after which the process of a delivery has ended, whatever became of it: the function's time
/// limit.
const LONGEST: Duration = Duration::from_mins(1);

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
    clock: Arc<dyn Clock>,
    /// Held by the one delivery that renders, however many are under way, until it ends. A decode may hold
    /// most of the memory. And if the process dies, then over that picture and no other.
    rendering: Mutex<()>,
}

/// A delivery's attempt to render its picture.
struct Rendering<'a> {
    begun: Timestamp,
    _turn: MutexGuard<'a, ()>,
}

impl ThumbnailHandler {
    /// Connects to the table and the buckets.
    pub fn connect(config: &Config, aws: &Aws) -> Self {
        let s3 =
            aws_sdk_s3::config::Builder::from(aws.sdk_config()).force_path_style(aws.path_style()).build();
        let table = Table::new(aws.dynamodb(), &config.table_name);
        Self::new(table, Client::from_conf(s3), config, aws.clock())
    }

    /// Works on `table` and, through `s3`, on the buckets of `config`.
    pub fn new(table: Table, s3: Client, config: &Config, clock: Arc<dyn Clock>) -> Self {
        let store = Store::new(s3, &config.uploads_bucket, &config.photos_bucket);
        Self { table, store, clock, rendering: Mutex::new(()) }
    }

    /// Brings one upload to its end, and deletes whatever is not needed any more.
    async fn process(&self, id: MediumId) -> Result<(), Error> {
        let mut rendering = None;
        let settled = self.settle(id, &mut rendering).await;
        if let (Err(error), Some(rendering)) = (&settled, &rendering) {
            self.survive(id, rendering, error).await;
        }
        drop(rendering);
        let Leftovers { original, renditions } = settled?;
        if let Some(address) = renditions {
            self.store.discard_renditions(address).await?;
        }
        if original {
            self.store.discard_original(id).await?;
        }
        Ok(self.store.discard_upload(id).await?)
    }

    /// Notes that a delivery failed without its process dying, so that the next one does not count a death.
    async fn survive(&self, id: MediumId, rendering: &Rendering<'_>, error: &Error) {
        // Dead decoders count as dead processes.
        if matches!(error, Error::Decoder(_)) {
            return;
        }
        if let Err(error) = attempt::end(&self.table, id, rendering.begun).await {
            tracing::warn!(photo = %id.photo, medium = id.index, ?error, "an attempt that failed may count as a death");
        }
    }

    /// Takes step after step until the picture is settled. Returns what nobody uses of what is stored for it.
    async fn settle<'a>(
        &'a self,
        id: MediumId,
        rendering: &mut Option<Rendering<'a>>,
    ) -> Result<Leftovers, Error> {
        let mut facts = Facts::new(id, self.photo(id).await?);
        let secret = facts.photo.as_ref().map(|photo| photo.secret);
        for _ in 0..STEPS {
            match plan(&facts) {
                Plan::Fetch(most) => self.fetch(&mut facts, most).await?,
                Plan::Copy(file, copy) => Box::pin(self.copy(&mut facts, &file, copy, rendering)).await?,
                Plan::Render(file, address) => {
                    Box::pin(self.render(&mut facts, &file, address, rendering)).await?;
                }
                Plan::Record(photo, rendered, share) => {
                    match self.record(photo, id.index, &rendered, share).await? {
                        Finish::Waiting | Finish::Ready => {
                            return Ok(Leftovers { original: share == Share::Joined, renditions: None });
                        }
                        Finish::Already | Finish::Gone => facts.photo = self.photo(id).await?,
                        Finish::Moved => {
                            let sha256 = &rendered.sha256;
                            facts.original = original::get_latest(&self.table, id.author, sha256).await?;
                        }
                    }
                }
                Plan::Refuse(refusal) => {
                    self.refuse(id, &refusal).await?;
                    facts.photo = self.photo(id).await?;
                }
                Plan::Stop => return Ok(Leftovers::default()),
                Plan::CleanUp => return self.leftovers(id, facts.photo.as_ref(), secret).await,
            }
        }
        Err(Error::Overtaken)
    }

    /// The photo as it is now.
    async fn photo(&self, id: MediumId) -> Result<Option<Photo>, Error> {
        Ok(photo::get_latest(&self.table, id.photo).await?.filter(|photo| photo.author == id.author))
    }

    /// Fetches the upload, and what is known of the same bytes and of pictures like it.
    async fn fetch(&self, facts: &mut Facts, most: u64) -> Result<(), Error> {
        let author = facts.id.author;
        let upload = self.store.fetch(facts.id, most).await?;
        if let Fetched::Whole(file) = &upload {
            (facts.original, facts.hashes) = futures::try_join!(
                original::get(&self.table, author, &file.sha256),
                timeline::hashes(&self.table, author)
            )?;
        }
        facts.upload = Some(upload);
        Ok(())
    }

    /// Has renditions of a file copied, unless another file turns out to be the picture's original.
    async fn copy<'a>(
        &'a self,
        facts: &mut Facts,
        file: &File,
        Copy { from, to, rendered }: Copy,
        rendering: &mut Option<Rendering<'a>>,
    ) -> Result<(), Error> {
        let (claimed, begun) = futures::join!(
            self.claim(facts.id, facts.claimed, file),
            self.begin(facts.id, to.secret, rendering)
        );
        if !self.is_ours(facts, claimed?).await? {
            return Ok(());
        }
        if !begun? {
            facts.rendered = Some(Err(Refusal::TooHard));
        } else if self.store.copy(from, to).await? {
            facts.rendered = Some(Ok(rendered));
        } else {
            facts.lost = Some(from);
        }
        Ok(())
    }

    /// Renders a file and stores the renditions, unless another file turns out to be the picture's original.
    async fn render<'a>(
        &'a self,
        facts: &mut Facts,
        file: &File,
        address: MediumAddress,
        rendering: &mut Option<Rendering<'a>>,
    ) -> Result<(), Error> {
        // The original says whose bytes these are; until that is known, nothing that follows from them
        // counts. Both come to an end before either fails: a decode that nobody waits for would go on beside
        // the next.
        let decode = Box::pin(self.decode(facts.id, address.secret, &file.bytes, rendering));
        let (claimed, made) = futures::join!(self.claim(facts.id, facts.claimed, file), decode);
        let (claimed, made) = (claimed?, made?);
        if !self.is_ours(facts, claimed).await? {
            return Ok(());
        }
        facts.rendered = Some(match made {
            Ok(made) => {
                let rendered = rendered(&made, file);
                self.store.keep(address, made.files).await?;
                Ok(rendered)
            }
            Err(refusal) => Err(refusal),
        });
        Ok(())
    }

    /// Stores a file as the picture's original unless that is done, and reads the photo after it.
    async fn claim(&self, id: MediumId, done: bool, file: &File) -> Result<(Claim, Option<Photo>), Error> {
        let claim = if done { Claim::Ours } else { self.store.claim(id, file).await? };
        Ok((claim, self.photo(id).await?))
    }

    /// Takes in whose bytes the picture has. Returns whether they are the file's at hand, and the picture is
    /// still awaited.
    async fn is_ours(&self, facts: &mut Facts, claimed: (Claim, Option<Photo>)) -> Result<bool, Error> {
        let (claim, photo) = claimed;
        (facts.claimed, facts.photo) = (true, photo);
        match claim {
            Claim::Ours => Ok(facts.awaited().is_some()),
            Claim::Theirs(theirs) => {
                facts.original = original::get(&self.table, facts.id.author, &theirs.sha256).await?;
                facts.upload = Some(Fetched::Whole(theirs));
                Ok(false)
            }
            Claim::Lost => Err(Error::Overtaken),
        }
    }

    /// Notes the attempt, before the first thing that a delivery stores under the photo's address. Returns
    /// whether it may be made.
    async fn begin<'a>(
        &'a self,
        id: MediumId,
        secret: AddressSecret,
        rendering: &mut Option<Rendering<'a>>,
    ) -> Result<bool, Error> {
        if rendering.is_none() {
            let turn = self.rendering.lock().await;
            match attempt::begin(&self.table, id, secret, self.clock.now(), LONGEST).await? {
                Attempt::Begun(begun) => *rendering = Some(Rendering { begun, _turn: turn }),
                Attempt::Hopeless => return Ok(false),
            }
        }
        Ok(true)
    }

    /// Makes the renditions, away from the thread that waits for the network.
    async fn decode<'a>(
        &'a self,
        id: MediumId,
        secret: AddressSecret,
        bytes: &Bytes,
        rendering: &mut Option<Rendering<'a>>,
    ) -> Result<Result<Renditions, Refusal>, Error> {
        if !self.begin(id, secret, rendering).await? {
            return Ok(Err(Refusal::TooHard));
        }
        let bytes = bytes.clone();
        let work = move || media::process(&bytes, &Limits::default());
        tokio::task::spawn_blocking(work).await.map_err(Error::Decoder)
    }

    async fn record(
        &self,
        photo: &Photo,
        index: usize,
        rendered: &Rendered,
        share: Share,
    ) -> Result<Finish, Error> {
        let finish = photo::finish_medium(&self.table, photo, index, rendered, share).await?;
        if finish == Finish::Ready {
            metrics::count("photos_ready", 1);
        }
        Ok(finish)
    }

    async fn refuse(&self, id: MediumId, refusal: &Refusal) -> Result<(), Error> {
        tracing::warn!(photo = %id.photo, medium = id.index, code = refusal.code(), ?refusal, "refused an upload");
        let failure = Failure { code: refusal.code().to_owned(), detail: refusal.detail() };
        if photo::fail(&self.table, id.photo, &failure).await? {
            metrics::count("photos_failed", 1);
        }
        Ok(())
    }

    /// What nobody uses of what is stored for a picture. `photo` is not waiting for the picture any more, and
    /// `secret` is its secret if it was there when the delivery began.
    async fn leftovers(
        &self,
        id: MediumId,
        photo: Option<&Photo>,
        secret: Option<AddressSecret>,
    ) -> Result<Leftovers, Error> {
        let medium =
            photo.filter(|photo| photo.state != State::Failed).and_then(|photo| photo.media.get(id.index));
        if let Some(facts) = medium.and_then(|medium| medium.rendered.as_ref()) {
            return Ok(Leftovers { original: facts.stored_at.is_some(), renditions: None });
        }
        // Nobody is shown with the renditions. The picture was recorded or not. If it was, then others may
        // refer to the original.
        let secret = match secret {
            Some(secret) => Some(secret),
            None => attempt::secret(&self.table, id).await?,
        };
        let shared = match self.store.original(id).await? {
            Some(sha256) => {
                let original = original::get_latest(&self.table, id.author, &sha256).await?;
                original.is_some_and(|original| original.place == id.place())
            }
            None => false,
        };
        let renditions = secret.map(|secret| MediumAddress { secret, index: id.index });
        Ok(Leftovers { original: !shared, renditions })
    }
}

impl runtime::sqs::Handler for ThumbnailHandler {
    type Message = Notification;
    type Error = Error;

    async fn handle(&self, notification: Notification) -> Result<(), Error> {
        for upload in notification.uploads(self.store.uploads_bucket())? {
            match upload {
                UploadKey::Medium(id) => self.process(id).await?,
                UploadKey::Picture(upload) => self.process_picture(upload).await?,
            }
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
    /// Others recorded and deleted pictures with the same bytes all the time, or another file posted to the
    /// same form.
    #[error("another upload was being processed")]
    Overtaken,
    /// The notification is not about an upload.
    #[error(transparent)]
    NotAnUpload(#[from] NotAnUpload),
    /// The decoder's thread ended without an answer.
    #[error("the decoder died")]
    Decoder(#[source] JoinError),
}

/// What is stored for a picture and used by nobody.
#[derive(Default)]
struct Leftovers {
    /// Whether its original is, in case it has one.
    original: bool,
    /// The address of its renditions, if they are.
    renditions: Option<MediumAddress>,
}

fn rendered(made: &Renditions, file: &File) -> Rendered {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_process_works_longer_than_its_attempt_is_given() {
        let longest =
            include_str!("../function.yaml").lines().find_map(|line| line.strip_prefix("Timeout: "));
        assert_eq!(longest.unwrap().parse(), Ok(LONGEST.as_secs()));
    }
}
