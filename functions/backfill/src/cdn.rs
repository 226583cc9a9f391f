//! The content delivery network that caches renditions all over the world.

use std::future::Future;

use aws_sdk_cloudfront::Client;
use aws_sdk_cloudfront::types::{InvalidationBatch, Paths};
use domain::media::{Encoding, MediumId, Size};
use runtime::Aws;

/// A network that serves renditions and may still cache deleted ones.
pub trait Cdn: Send + Sync {
    /// Removes every rendition of some media from the caches.
    fn forget(&self, media: &[MediumId]) -> impl Future<Output = Result<(), CdnError>> + Send;
}

/// The CDN did not accept an invalidation.
#[derive(Debug, thiserror::Error)]
#[error("cannot make the CDN forget a picture")]
pub struct CdnError(#[source] Box<dyn std::error::Error + Send + Sync>);

impl CdnError {
    /// Creates the error with its cause.
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
    /// Returns the distribution `id`, reached through a new client.
    pub fn connect(aws: &Aws, id: &str) -> Self {
        Self::new(Client::new(aws.sdk_config()), id)
    }

    /// Returns the distribution `id`, reached through `client`.
    pub fn new(client: Client, id: &str) -> Self {
        Self { client, id: id.to_owned() }
    }

    async fn forget_one(&self, medium: MediumId) -> Result<(), CdnError> {
        // Paths are listed one by one. A distribution allows 3,000 paths in progress, but only 15 wildcards.
        let keys = Size::ALL.map(|size| Encoding::ALL.map(|kind| medium.rendition_key(size, kind)));
        let paths: Vec<String> = keys.into_iter().flatten().map(|key| format!("/{key}")).collect();
        let paths = Paths::builder()
            .quantity(i32::try_from(paths.len()).unwrap_or(i32::MAX))
            .set_items(Some(paths))
            .build()
            .map_err(CdnError::new)?;
        // CloudFront takes the same reference with the same paths for the same invalidation.
        // A redelivered message therefore pays for no second one. Neither do two photos that release the same
        // renditions at the same time. The reference names one medium, because a second delivery may find
        // other media of the photo gone.
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
