//! The objects that store a photo.

use aws_sdk_s3::Client;
use domain::media::{MediumAddress, MediumId};
use futures::{StreamExt, TryStreamExt, stream};
use runtime::Aws;

/// Deletions in progress at once.
const AT_ONCE: usize = 16;

/// The buckets that store photos.
#[derive(Clone, Debug)]
pub struct Objects {
    client: Client,
    photos: String,
    uploads: String,
}

/// The error of objects that were not deleted.
#[derive(Debug, thiserror::Error)]
#[error("cannot delete an object")]
pub struct ObjectsError(#[source] Box<dyn std::error::Error + Send + Sync>);

impl Objects {
    /// Connects to the bucket of originals and renditions, and to the bucket of uploads.
    pub fn connect(aws: &Aws, photos: &str, uploads: &str) -> Self {
        let config =
            aws_sdk_s3::config::Builder::from(aws.sdk_config()).force_path_style(aws.path_style()).build();
        Self::new(Client::from_conf(config), photos, uploads)
    }

    /// Returns the same buckets, reached through `client`.
    pub fn new(client: Client, photos: &str, uploads: &str) -> Self {
        Self { client, photos: photos.to_owned(), uploads: uploads.to_owned() }
    }

    /// Deletes the renditions under some addresses, whether they exist or not.
    pub(crate) async fn delete_renditions(
        &self,
        addresses: impl Iterator<Item = MediumAddress>,
    ) -> Result<(), ObjectsError> {
        self.delete_keys(addresses.flat_map(MediumAddress::keys)).await
    }

    /// Deletes renditions under some keys, whether they exist or not.
    pub(crate) async fn delete_keys(&self, keys: impl Iterator<Item = String>) -> Result<(), ObjectsError> {
        self.delete(keys.map(|key| (&self.photos, key))).await
    }

    /// Deletes the originals of some media, and the uploads of others, whether they exist or not.
    pub(crate) async fn delete_bytes(
        &self,
        originals: Vec<MediumId>,
        uploads: impl Iterator<Item = MediumId>,
    ) -> Result<(), ObjectsError> {
        let originals = originals.into_iter().map(|medium| (&self.photos, medium.original_key()));
        let uploads = uploads.map(|medium| (&self.uploads, medium.upload_key()));
        self.delete(originals.chain(uploads)).await
    }

    /// Deletes objects one by one. That needs only the right to delete single objects, and deletions cost
    /// nothing.
    async fn delete(&self, objects: impl Iterator<Item = (&String, String)>) -> Result<(), ObjectsError> {
        let deletions: Vec<_> = objects.map(|(bucket, key)| self.delete_one(bucket, key)).collect();
        stream::iter(deletions).buffer_unordered(AT_ONCE).try_collect().await
    }

    async fn delete_one(&self, bucket: &str, key: String) -> Result<(), ObjectsError> {
        let request = self.client.delete_object().bucket(bucket).key(key);
        request.send().await.map(|_| ()).map_err(|error| ObjectsError(Box::new(error)))
    }
}
