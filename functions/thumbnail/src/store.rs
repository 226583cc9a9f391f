//! The two buckets: uploads, and what is kept of them.

use std::error::Error;

use aws_sdk_s3::Client;
use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::operation::get_object::GetObjectError;
use aws_sdk_s3::operation::head_object::HeadObjectError;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{MetadataDirective, StorageClass};
use bytes::Bytes;
use domain::UserId;
use domain::account::hex;
use domain::media::{Encoding, MediumAddress, MediumId};
use domain::photo::MAX_UPLOAD_BYTES;
use domain::profile_picture::{PictureUpload, rendition_key};
use futures::future::try_join_all;
use media::{Format, Rendition};

/// What browsers are told: a rendition never changes, and a deleted one is forgotten after a day.
const FOR_A_DAY: &str = "public, max-age=86400, immutable";

/// What browsers are told of a profile picture: its address stays when it changes.
const FOR_MINUTES: &str = "public, max-age=300";

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

/// The metadata of an original that names its bytes.
const SHA256: &str = "sha256";
/// The type of bytes that are no picture.
const NO_PICTURE: &str = "application/octet-stream";

/// A file somebody uploaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct File {
    pub(crate) bytes: Bytes,
    /// Of the bytes, hexadecimal.
    pub(crate) sha256: String,
}

impl File {
    fn new(bytes: Vec<u8>) -> Self {
        Self { sha256: hex(&media::sha256(&bytes)), bytes: bytes.into() }
    }
}

/// A file, as far as it was fetched.
pub(crate) enum Fetched {
    /// All of it.
    Whole(File),
    /// It has more bytes than were asked for.
    TooLarge,
    /// There is none.
    Gone,
}

/// Whose bytes a medium has.
pub(crate) enum Claim {
    /// The file's.
    Ours,
    /// Those of another file, which was posted to the same form and came first.
    Theirs(File),
    /// Those of another file, which is gone by now.
    Lost,
}

/// The two buckets.
pub(crate) struct Store {
    s3: Client,
    uploads: String,
    photos: String,
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
        self.fetch_object(&self.uploads, id.upload_key(), most).await
    }

    /// Fetches an upload of a profile picture, as [`Self::fetch`] does.
    pub(crate) async fn fetch_picture(
        &self,
        upload: PictureUpload,
        most: u64,
    ) -> Result<Fetched, StoreError> {
        self.fetch_object(&self.uploads, upload.upload_key(), most).await
    }

    async fn fetch_object(&self, bucket: &str, key: String, most: u64) -> Result<Fetched, StoreError> {
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let answer = match self.s3.get_object().bucket(bucket).key(key).send().await {
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
        Ok(Fetched::Whole(File::new(bytes)))
    }

    /// Stores a file as the medium's original, unless there is one: then the medium has the bytes of that.
    pub(crate) async fn claim(&self, id: MediumId, file: &File) -> Result<Claim, StoreError> {
        // The type that the bytes have, whatever the upload said it would be.
        let content_type = Format::sniff(&file.bytes).map_or(NO_PICTURE, Format::content_type);
        let put = self
            .s3
            .put_object()
            .bucket(&self.photos)
            .key(id.original_key())
            .if_none_match("*")
            .content_type(content_type)
            .metadata(SHA256, &file.sha256)
            // Nobody is served an original; it is kept, for later renditions, where keeping is cheap.
            .storage_class(StorageClass::StandardIa)
            .body(ByteStream::from(file.bytes.clone()));
        match put.send().await {
            Ok(_) => Ok(Claim::Ours),
            Err(error) if error.code() == Some("PreconditionFailed") => self.claimed(id, file).await,
            Err(error) => Err(failed("PutObject")(error)),
        }
    }

    /// Whose bytes a medium has that has an original. Mostly it is the same file, delivered again.
    async fn claimed(&self, id: MediumId, file: &File) -> Result<Claim, StoreError> {
        if self.original(id).await?.as_ref() == Some(&file.sha256) {
            return Ok(Claim::Ours);
        }
        match self.fetch_object(&self.photos, id.original_key(), MAX_UPLOAD_BYTES).await? {
            Fetched::Whole(theirs) => Ok(Claim::Theirs(theirs)),
            Fetched::TooLarge | Fetched::Gone => Ok(Claim::Lost),
        }
    }

    /// The SHA-256 of a medium's original, hexadecimal, if there is one and it says.
    pub(crate) async fn original(&self, id: MediumId) -> Result<Option<String>, StoreError> {
        match self.s3.head_object().bucket(&self.photos).key(id.original_key()).send().await {
            Ok(answer) => Ok(answer.metadata.and_then(|mut metadata| metadata.remove(SHA256))),
            Err(error) if error.as_service_error().is_some_and(HeadObjectError::is_not_found) => Ok(None),
            Err(error) => Err(failed("HeadObject")(error)),
        }
    }

    /// Stores renditions under an address, side by side.
    pub(crate) async fn keep(
        &self,
        address: MediumAddress,
        renditions: Vec<Rendition>,
    ) -> Result<(), StoreError> {
        let key = |rendition: &Rendition| address.key(rendition.size, rendition.encoding);
        let puts = renditions.into_iter().map(|rendition| self.put(key(&rendition), rendition, FOR_A_DAY));
        try_join_all(puts).await?;
        Ok(())
    }

    /// Stores the renditions of a user's profile picture, side by side, over those of an earlier one.
    pub(crate) async fn keep_picture(
        &self,
        user: UserId,
        renditions: Vec<Rendition>,
    ) -> Result<(), StoreError> {
        let key = |rendition: &Rendition| rendition_key(user, rendition.size, rendition.encoding);
        let puts = renditions.into_iter().map(|rendition| self.put(key(&rendition), rendition, FOR_MINUTES));
        try_join_all(puts).await?;
        Ok(())
    }

    async fn put(&self, key: String, rendition: Rendition, cached: &str) -> Result<(), StoreError> {
        let put = self
            .s3
            .put_object()
            .bucket(&self.photos)
            .key(key)
            .content_type(rendition.encoding.content_type())
            .cache_control(cached)
            .body(ByteStream::from(rendition.bytes));
        put.send().await.map_err(failed("PutObject"))?;
        Ok(())
    }

    /// Has S3 copy all renditions from one address to another, side by side. Returns whether they were all
    /// there.
    pub(crate) async fn copy(&self, from: MediumAddress, to: MediumAddress) -> Result<bool, StoreError> {
        let copies = from.renditions().zip(to.keys());
        let copies = copies.map(|((encoding, source), target)| self.copy_one(encoding, source, target));
        Ok(try_join_all(copies).await?.into_iter().all(|copied| copied))
    }

    async fn copy_one(&self, encoding: Encoding, source: String, target: String) -> Result<bool, StoreError> {
        let copy = self
            .s3
            .copy_object()
            .bucket(&self.photos)
            .key(target)
            .copy_source(format!("{}/{source}", self.photos))
            // Said anew, so that a copy has what a rendition is given now.
            .metadata_directive(MetadataDirective::Replace)
            .content_type(encoding.content_type())
            .cache_control(FOR_A_DAY);
        match copy.send().await {
            Ok(_) => Ok(true),
            Err(error) if error.code() == Some("NoSuchKey") => Ok(false),
            Err(error) => Err(failed("CopyObject")(error)),
        }
    }

    /// Deletes the renditions under an address.
    pub(crate) async fn discard_renditions(&self, address: MediumAddress) -> Result<(), StoreError> {
        try_join_all(address.keys().map(|key| self.delete(&self.photos, key))).await?;
        Ok(())
    }

    /// Deletes a medium's original.
    pub(crate) async fn discard_original(&self, id: MediumId) -> Result<(), StoreError> {
        self.delete(&self.photos, id.original_key()).await
    }

    /// Deletes an upload.
    pub(crate) async fn discard_upload(&self, id: MediumId) -> Result<(), StoreError> {
        self.delete(&self.uploads, id.upload_key()).await
    }

    /// Deletes an upload of a profile picture.
    pub(crate) async fn discard_picture_upload(&self, upload: PictureUpload) -> Result<(), StoreError> {
        self.delete(&self.uploads, upload.upload_key()).await
    }

    /// Deletes an object; one that is not there is deleted already.
    async fn delete(&self, bucket: &str, key: String) -> Result<(), StoreError> {
        self.s3.delete_object().bucket(bucket).key(key).send().await.map_err(failed("DeleteObject"))?;
        Ok(())
    }
}
