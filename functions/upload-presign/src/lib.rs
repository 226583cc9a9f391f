//! `upload-presign`: creates a draft photo and signs an upload form for each of its media. Does the same for a
//! profile picture.
//!
//! - **Trigger**: `POST /api/v1/photos`, `POST /api/v1/users/me/picture`.
//! - **Access patterns**: the idempotency record is read, and beside it the caller's session and whether their
//!   account is private; the quotas of photos and bytes are taken (2 RRU and 1 WRU). Then one transaction writes
//!   the record and the photo (2 WRU for each KiB of each, 4 in all). A profile picture takes its quota (1 WRU)
//!   beside the read of the session, and then one conditional write (1 WRU).
//! - **Emits**: nothing. The draft reaches `derive` through the table's stream.
//! - **Redelivery**: with the same `Idempotency-Key` the same request gets the same photo as it is by now,
//!   with freshly signed forms while it waits for them, and another request gets 422. The key is recorded in
//!   the transaction that creates the photo, so it never names a photo that does not exist. A repetition
//!   counts against the quotas, but they never refuse it. Without a key every request creates a photo.
//!   The picture that was begun last counts, so a repetition is one more that replaces the one before.
//! - **Failures**: the caller gets a problem and asks again. Everything is checked before anything is
//!   written. After a lost race the record is read again, a bounded number of times. `sweep` ends a photo
//!   whose pictures never come.

mod credentials;
mod draft;
mod form;
mod picture;

use std::sync::Arc;
use std::time::Duration;

use api::wire::{CreatePhotoRequest, CreatedPhoto};
use api::{Call, Caller, Problem, Reply};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use domain::media::{AddressSecret, MediumId};
use domain::photo::{Medium, Photo, State};
use domain::random::draw;
use domain::{Clock, PhotoId, Randomness, quota};
use runtime::config::environment;
use runtime::http::{Repeat, over_quota};
use runtime::{Aws, StartError};
use table::guard::{self, Idempotency, Quotas};
use table::photo::Creation;
use table::{Table, photo, privacy};
use tokens::OpenSessions;

use credentials::CredentialCache;
use draft::Draft;
pub use form::Bucket;

/// Times the idempotency record is read before a race is given up. Each turn of a race has a winner, so a
/// dozen uploads that one user begins at the same moment all succeed.
const TURNS: u32 = 12;

runtime::config! {
    /// Settings of `upload-presign`.
    pub struct Config {
        /// Name of the table.
        pub table_name: String,
        /// By how much the limits of the table of quotas are multiplied.
        pub quota_scale: u32,
        /// The bucket that takes uploads.
        pub uploads_bucket: String,
        /// Base URL of renditions, without a trailing slash.
        pub cdn_url: String,
    }
}

/// Handles creating an upload: a draft photo, and a signed form for each of its media.
pub struct UploadPresignHandler {
    table: Table,
    quotas: Quotas,
    sessions: OpenSessions,
    bucket: Bucket,
    credentials: CredentialCache,
    cdn_url: String,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Randomness>,
}

impl UploadPresignHandler {
    /// Connects to the table, and finds the bucket's region and the credentials that sign forms.
    pub fn connect(config: &Config, aws: &Aws) -> Result<Self, StartError> {
        let sdk = aws.sdk_config();
        let missing = |what| StartError::Connect { what, source: "not in the AWS configuration".into() };
        let region = sdk.region().ok_or_else(|| missing("the region"))?.as_ref();
        let provider = sdk.credentials_provider().ok_or_else(|| missing("the credentials"))?;
        let endpoint = environment("AWS_ENDPOINT_URL_S3").or_else(|| sdk.endpoint_url().map(str::to_owned));
        let bucket = match endpoint {
            Some(endpoint) if aws.path_style() => Bucket::by_path(&config.uploads_bucket, region, &endpoint),
            _ => Bucket::hosted(&config.uploads_bucket, region),
        };
        let table = Table::new(aws.dynamodb(), &config.table_name);
        let (scale, cdn_url) = (config.quota_scale, &config.cdn_url);
        Ok(Self::new(table, scale, bucket, provider, cdn_url, aws.clock(), aws.random()))
    }

    /// Creates the handler for drafts in `table`, whose media go to `bucket` and are shown under `cdn_url`,
    /// with limits multiplied by `quota_scale`.
    pub fn new(
        table: Table,
        quota_scale: u32,
        bucket: Bucket,
        provider: SharedCredentialsProvider,
        cdn_url: &str,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Randomness>,
    ) -> Self {
        let credentials = CredentialCache::new(provider, clock.clone());
        let quotas = Quotas::new(table.clone(), quota_scale);
        let sessions = OpenSessions::new(table.clone(), clock.clone());
        Self { table, quotas, sessions, bucket, credentials, cdn_url: cdn_url.to_owned(), clock, random }
    }

    /// Returns the photo of this draft: a new one, or the one that the same request created before.
    async fn photo(&self, call: &Call, draft: &Draft, repeat: Option<&Repeat>) -> Result<Photo, Problem> {
        let caller = call.caller()?;
        let amounts = [1, draft.bytes()];
        let now = self.clock.now();
        let taking = async { Ok(self.quotas.take(&quota::UPLOADS, caller.user_id, &amounts, now).await?) };
        let open = self.sessions.check(call);
        let privacy = async { Ok(privacy::get(&self.table, caller.user_id).await?) };
        let (taken, earlier, privacy, ()) =
            futures::try_join!(taking, self.earlier(caller, repeat), privacy, open)?;
        if let Some(photo) = earlier {
            return Ok(photo);
        }
        taken.map_err(over_quota)?;
        for turn in 0..TURNS {
            let id = PhotoId::generate(caller.user_id, self.clock.as_ref(), self.random.as_ref());
            let record = repeat
                .map(|repeat| Idempotency::new(&repeat.key, repeat.request.clone(), id, self.clock.now()));
            let photo = draft.photo(id, AddressSecret::draw(self.random.as_ref()), caller, &privacy);
            match photo::create(&self.table, &photo, record.as_ref()).await? {
                Creation::Done => return Ok(photo),
                Creation::Raced => self.step_aside(turn).await,
            }
            if let Some(photo) = self.earlier(caller, repeat).await? {
                return Ok(photo);
            }
        }
        Err(Problem::unavailable(Contended))
    }

    /// Returns the photo that the same request created before, if any.
    async fn earlier(&self, caller: &Caller, repeat: Option<&Repeat>) -> Result<Option<Photo>, Problem> {
        let Some(repeat) = repeat else { return Ok(None) };
        let made = guard::earlier_latest(&self.table, caller.user_id, &repeat.key, self.clock.now()).await?;
        let Some(made) = made else { return Ok(None) };
        repeat.check(&made.request)?;
        let id = made.made.parse().map_err(Problem::internal)?;
        // A deleted photo is not created again, and forms for it would be useless.
        photo::get_latest(&self.table, id).await?.map(Some).ok_or_else(Problem::no_photo)
    }

    /// Waits for a short random time, so that requests that collided do not collide again.
    async fn step_aside(&self, turn: u32) {
        let [chance] = draw(&*self.random);
        let longest = 4_u64 << turn.min(6);
        tokio::time::sleep(Duration::from_millis(u64::from(chance) % longest)).await;
    }

    /// Shows the photo, with a form for each medium while it waits for them.
    fn created(&self, photo: &Photo, credentials: &Credentials) -> CreatedPhoto {
        let now = self.clock.now();
        let form = |(index, medium): (usize, &Medium)| {
            let id = MediumId { author: photo.author, photo: photo.id, index };
            let Medium { content_type, size, .. } = *medium;
            self.bucket.form(credentials, now, &id.upload_key(), content_type, size)
        };
        let uploads = match photo.state {
            State::Processing => photo.media.iter().enumerate().map(form).collect(),
            State::Ready | State::Failed => Vec::new(),
        };
        CreatedPhoto::new(photo, &self.cdn_url, uploads)
    }
}

impl runtime::http::Handler for UploadPresignHandler {
    async fn handle(&self, call: &Call) -> Result<Reply, Problem> {
        call.caller()?;
        match call.route() {
            "POST /api/v1/photos" => self.create_photo(call).await,
            "POST /api/v1/users/me/picture" => self.create_picture(call, &call.json()?).await,
            _ => Err(runtime::http::unknown_route()),
        }
    }
}

impl UploadPresignHandler {
    async fn create_photo(&self, call: &Call) -> Result<Reply, Problem> {
        let request: CreatePhotoRequest = call.json()?;
        let draft = Draft::parse(&request)?;
        let repeat = Repeat::of(call, &request)?;
        // Credentials come before any write, because a photo without its forms is useless.
        let credentials = self.credentials.get().await.map_err(Problem::unavailable)?;
        let photo = self.photo(call, &draft, repeat.as_ref()).await?;
        Reply::created(&self.created(&photo, &credentials))
    }
}

/// The error of a lost race: other uploads of the same user won every turn.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the idempotency key of the upload stayed contended")]
struct Contended;
