//! `upload-presign`: creates a draft photo and signs an upload form for each of its media.
//!
//! - **Trigger**: `POST /api/v1/photos`.
//! - **Access patterns**: two reads side by side of the guards, which are the rate limit and the idempotency
//!   record (2 RRU). Then one transaction writes both and the photo (2 WRU for each KiB of each, 6 in all).
//! - **Emits**: nothing. The draft reaches `derive` through the table's stream.
//! - **Redelivery**: with the same `Idempotency-Key` the same request gets the same photo with freshly signed
//!   forms, and another request gets 422. The key is recorded in the transaction that creates the photo, so
//!   it never names a photo that does not exist. Without a key every request creates a photo.
//! - **Failures**: the caller gets a problem and asks again. Everything is checked before anything is
//!   written. After a lost race the guards are read again, a bounded number of times. `sweep` ends a photo
//!   whose pictures never come.

mod credentials;
mod draft;
mod form;

use std::sync::Arc;
use std::time::Duration;

use api::wire::{CreatePhotoRequest, CreatedPhoto, RenditionUrls, StatusView};
use api::{Call, Caller, Problem, Reply};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::media::MediumId;
use domain::{Clock, PhotoId, Randomness, rate};
use runtime::config::environment;
use runtime::{Aws, StartError};
use sha2::{Digest, Sha256};
use table::guard::{self, Idempotency, RateStep};
use table::photo::Creation;
use table::{Table, photo};

use credentials::CredentialCache;
use draft::Draft;
pub use form::Bucket;

/// Times the guards are read before a race is given up. Each turn of a race has a winner, so a dozen uploads
/// that one user begins at the same moment all succeed.
const TURNS: u32 = 12;

runtime::config! {
    /// Settings of `upload-presign`.
    pub struct Config {
        /// Name of the table.
        pub table_name: String,
        /// The KMS key whose public half verifies access tokens.
        pub jwt_key_id: String,
        /// The bucket that takes uploads.
        pub uploads_bucket: String,
        /// Base URL of renditions, without a trailing slash.
        pub cdn_url: String,
    }
}

/// Handles creating an upload: a draft photo, and a signed form for each of its media.
pub struct UploadPresignHandler {
    table: Table,
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
        Ok(Self::new(table, bucket, provider, &config.cdn_url, aws.clock(), aws.random()))
    }

    /// Creates the handler for drafts in `table`, whose media go to `bucket` and are shown under `cdn_url`.
    pub fn new(
        table: Table,
        bucket: Bucket,
        provider: SharedCredentialsProvider,
        cdn_url: &str,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Randomness>,
    ) -> Self {
        let credentials = CredentialCache::new(provider, clock.clone());
        Self { table, bucket, credentials, cdn_url: cdn_url.to_owned(), clock, random }
    }

    /// Returns the photo of this draft: a new one, or the one that the same request created before.
    async fn photo(
        &self,
        caller: &Caller,
        draft: &Draft,
        repeat: Option<&Repeat>,
    ) -> Result<PhotoId, Problem> {
        let key = repeat.map(|repeat| repeat.key.as_str());
        for turn in 0..TURNS {
            let now = self.clock.now();
            let guards = guard::of_upload(&self.table, caller.user_id, key, now).await?;
            if let (Some(made), Some(repeat)) = (&guards.made, repeat) {
                if made.request != repeat.request {
                    return Err(reused());
                }
                // A deleted photo is not created again, and forms for it would be useless.
                let there = photo::get_latest(&self.table, made.photo).await?.is_some();
                return if there { Ok(made.photo) } else { Err(Problem::no_photo()) };
            }
            let rate = RateStep::admit(guard::UPLOADS, rate::UPLOADS, guards.tat, now)
                .map_err(|wait| too_many_uploads(wait.seconds))?;
            let id = PhotoId::generate(caller.user_id, self.clock.as_ref(), self.random.as_ref());
            let record = repeat.map(|repeat| Idempotency::new(&repeat.key, repeat.request.clone(), id, now));
            let photo = draft.photo(id, caller);
            match photo::create(&self.table, &photo, &rate, record.as_ref()).await? {
                Creation::Done => return Ok(id),
                Creation::Raced => self.step_aside(turn).await,
            }
        }
        Err(Problem::unavailable(Contended))
    }

    /// Waits for a short random time, so that requests that collided do not collide again.
    async fn step_aside(&self, turn: u32) {
        let mut chance = [0];
        self.random.fill(&mut chance);
        let [chance] = chance;
        let longest = 4_u64 << turn.min(6);
        tokio::time::sleep(Duration::from_millis(u64::from(chance) % longest)).await;
    }

    fn created(
        &self,
        caller: &Caller,
        id: PhotoId,
        draft: &Draft,
        credentials: &Credentials,
    ) -> CreatedPhoto {
        let now = self.clock.now();
        let medium = |index| MediumId { author: caller.user_id, photo: id, index };
        let thumbnail_urls = RenditionUrls::new(&self.cdn_url, medium(0));
        let uploads = draft.media().iter().enumerate().map(|(index, medium_draft)| {
            self.bucket.form(credentials, now, &medium(index).upload_key(), medium_draft)
        });
        CreatedPhoto {
            photo_id: id,
            user_id: caller.user_id,
            url: thumbnail_urls.large.clone(),
            thumbnail_urls,
            created_at: id.created_at().to_string(),
            status: StatusView::Processing,
            uploads: uploads.collect(),
        }
    }
}

impl runtime::http::Handler for UploadPresignHandler {
    async fn handle(&self, call: &Call) -> Result<Reply, Problem> {
        let caller = call.caller()?;
        if call.route() != "POST /api/v1/photos" {
            return Err(runtime::http::unknown_route());
        }
        let key = call.idempotency_key()?;
        let request: CreatePhotoRequest = call.json()?;
        let draft = Draft::parse(&request)?;
        let repeat = key.map(|key| Repeat::new(key, &request)).transpose()?;
        // Credentials come before any write, because a photo without its forms is useless.
        let credentials = self.credentials.get().await.map_err(Problem::unavailable)?;
        let id = self.photo(caller, &draft, repeat.as_ref()).await?;
        Reply::created(&self.created(caller, id, &draft, &credentials))
    }
}

/// Distinguishes a repeated request from an idempotency key that is used for another request.
struct Repeat {
    key: String,
    /// Digest of what the draft says, however its JSON was written.
    request: String,
}

impl Repeat {
    fn new(key: &str, request: &CreatePhotoRequest) -> Result<Self, Problem> {
        let body = serde_json::to_vec(request).map_err(Problem::internal)?;
        Ok(Self { key: key.to_owned(), request: STANDARD.encode(Sha256::digest(body)) })
    }
}

fn reused() -> Problem {
    Problem::unprocessable("idempotency_key_reused", "This Idempotency-Key was used for another request.")
}

fn too_many_uploads(seconds: i64) -> Problem {
    Problem::rate_limited("upload_limit_reached", "At most 100 photos can be uploaded in an hour.", seconds)
}

/// The error of a lost race: other uploads of the same user won every turn.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the guards of the upload stayed contended")]
struct Contended;
