//! The caches that serve renditions all over the world.

use std::future::Future;

use aws_sdk_cloudfront::Client;
use aws_sdk_cloudfront::types::{InvalidationBatch, Paths};
use domain::media::{Encoding, MediumId, Size};
use runtime::Aws;

/// Whatever serves renditions and may still hold some that are deleted.
pub trait Cdn: Send + Sync {
    /// Makes the CDN forget every rendition of some media.
    fn forget(&self, media: &[MediumId]) -> impl Future<Output = Result<(), CdnError>> + Send;
}

/// The CDN was not told.
#[derive(Debug, thiserror::Error)]
#[error("cannot make the CDN forget a picture")]
pub struct CdnError(#[source] Box<dyn std::error::Error + Send + Sync>);

impl CdnError {
    /// A failure with its cause.
    pub fn new(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self(source.into())
    }
}

/// A `CloudFront` distribution.
#[derive(Clone, Debug)]
pub struct Distribution {
    client: Client,
    id: String,
}

impl Distribution {
    /// The distribution `id`.
    pub fn connect(aws: &Aws, id: &str) -> Self {
        Self::new(Client::new(aws.sdk_config()), id)
    }

    /// The distribution `id`, reached through `client`.
    pub fn new(client: Client, id: &str) -> Self {
        Self { client, id: id.to_owned() }
    }

    async fn forget_one(&self, medium: MediumId) -> Result<(), CdnError> {
        // Path by path: of wildcards only 15 may be under way in a distribution, of paths 3,000.
        let keys = Size::ALL.map(|size| Encoding::ALL.map(|kind| medium.rendition_key(size, kind)));
        let paths: Vec<String> = keys.into_iter().flatten().map(|key| format!("/{key}")).collect();
        let paths = Paths::builder()
            .quantity(i32::try_from(paths.len()).unwrap_or(i32::MAX))
            .set_items(Some(paths))
            .build()
            .map_err(CdnError::new)?;
        // The same reference and paths again are the same invalidation: a redelivered message pays for no second one, nor do
        // two photos that let go of the same renditions at once. Hence a medium at a time: of a photo other media may be
        // gone the second time.
        let batch = InvalidationBatch::builder()
            .paths(paths)
            .caller_reference(format!("medium-deleted-{}-{}", medium.photo, medium.index))
            .build()
            .map_err(CdnError::new)?;
        let request = self.client.create_invalidation().distribution_id(&self.id).invalidation_batch(batch);
        request.send().await.map(|_| ()).map_err(CdnError::new)
    }
}

impl Cdn for Distribution {
    async fn forget(&self, media: &[MediumId]) -> Result<(), CdnError> {
        for medium in media {
            self.forget_one(*medium).await?;
        }
        Ok(())
    }
}
