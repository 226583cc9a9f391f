//! The two buckets: uploads, and what is kept of them.

use std::error::Error;

use aws_sdk_s3::Client;
use aws_sdk_s3::operation::get_object::GetObjectError;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::StorageClass;
use domain::media::MediumId;
use futures::future::try_join_all;
use media::Renditions;

/// A rendition's key names its content for ever: photos are never rendered twice differently.
const FOR_EVER: &str = "public, max-age=31536000, immutable";

/// S3 did not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[error("the object store failed ({operation})")]
pub struct StoreError {
    operation: &'static str,
    source: Box<dyn Error + Send + Sync>,
}

fn failed<E: Error + Send + Sync + 'static>(operation: &'static str) -> impl Fn(E) -> StoreError {
    move |source| StoreError { operation, source: Box::new(source) }
}

/// An upload, as far as it was fetched.
pub(crate) enum Fetched {
    /// All its bytes.
    Whole(Vec<u8>),
    /// It has more bytes than were asked for.
    TooLarge,
    /// There is none.
    Gone,
}

/// The two buckets.
pub(crate) struct Store {
    s3: Client,
    uploads: String,
    photos: String,
}

/// An object to be kept.
struct Keep {
    key: String,
    content_type: &'static str,
    bytes: Vec<u8>,
    /// Nobody is served an original; it is kept, for later renditions, where keeping is cheap.
    original: bool,
}

impl Store {
    pub(crate) fn new(s3: Client, uploads: &str, photos: &str) -> Self {
        Self { s3, uploads: uploads.to_owned(), photos: photos.to_owned() }
    }

    pub(crate) fn uploads_bucket(&self) -> &str {
        &self.uploads
    }

    /// Fetches an upload of at most `most` bytes; of a larger one, no more than that is read.
    pub(crate) async fn fetch(&self, id: MediumId, most: u64) -> Result<Fetched, StoreError> {
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let answer = match self.s3.get_object().bucket(&self.uploads).key(id.upload_key()).send().await {
            Ok(answer) => answer,
            Err(error) if error.as_service_error().is_some_and(GetObjectError::is_no_such_key) => {
                return Ok(Fetched::Gone);
            }
            Err(error) => return Err(failed("GetObject")(error)),
        };
        let length = answer.content_length.and_then(|length| usize::try_from(length).ok()).unwrap_or(0);
        if length > most {
            return Ok(Fetched::TooLarge);
        }
        let (mut bytes, mut body) = (Vec::with_capacity(length), answer.body);
        while let Some(chunk) = body.try_next().await.map_err(failed("GetObject"))? {
            if bytes.len() + chunk.len() > most {
                return Ok(Fetched::TooLarge);
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(Fetched::Whole(bytes))
    }

    /// Stores the renditions and the original, side by side.
    pub(crate) async fn keep(
        &self,
        id: MediumId,
        original: Vec<u8>,
        made: Renditions,
    ) -> Result<(), StoreError> {
        // The type that the bytes have, whatever the upload said it would be.
        let content_type = made.format.content_type();
        let original = Keep { key: id.original_key(), content_type, bytes: original, original: true };
        let renditions = made.files.into_iter().map(|file| Keep {
            key: id.rendition_key(file.size, file.encoding),
            content_type: file.encoding.content_type(),
            bytes: file.bytes,
            original: false,
        });
        try_join_all(renditions.chain([original]).map(|object| self.put(object))).await?;
        Ok(())
    }

    async fn put(&self, object: Keep) -> Result<(), StoreError> {
        let put = self
            .s3
            .put_object()
            .bucket(&self.photos)
            .key(object.key)
            .content_type(object.content_type)
            .body(ByteStream::from(object.bytes));
        let put = if object.original {
            put.storage_class(StorageClass::StandardIa)
        } else {
            put.cache_control(FOR_EVER)
        };
        put.send().await.map_err(failed("PutObject"))?;
        Ok(())
    }

    /// Deletes what was kept of a medium.
    pub(crate) async fn discard_kept(&self, id: MediumId) -> Result<(), StoreError> {
        try_join_all(id.stored_keys().map(|key| self.delete(&self.photos, key))).await?;
        Ok(())
    }

    /// Deletes an upload.
    pub(crate) async fn discard_upload(&self, id: MediumId) -> Result<(), StoreError> {
        self.delete(&self.uploads, id.upload_key()).await
    }

    /// Deletes an object; one that is not there is deleted already.
    async fn delete(&self, bucket: &str, key: String) -> Result<(), StoreError> {
        self.s3.delete_object().bucket(bucket).key(key).send().await.map_err(failed("DeleteObject"))?;
        Ok(())
    }
}
