//! Having the key service open what was sealed.

use aws_sdk_kms::Client;
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::EncryptionAlgorithmSpec;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::sealed::Sealed;
use runtime::Aws;

use crate::Source;

/// A sealed text cannot be opened.
#[derive(Debug, thiserror::Error)]
#[error("cannot open a sealed text")]
pub struct OpenError(#[source] Source);

/// Opens sealed texts.
#[derive(Clone, Debug)]
pub struct Opener(Client);

impl Opener {
    /// Connects to the key service.
    pub fn connect(aws: &Aws) -> Self {
        Self::new(aws.kms())
    }

    /// Returns an opener that asks through `kms`.
    pub fn new(kms: Client) -> Self {
        Self(kms)
    }

    /// Opens a sealed text. One call of the key service.
    pub async fn open(&self, sealed: &Sealed) -> Result<String, OpenError> {
        let ciphertext = STANDARD.decode(&sealed.text).map_err(|error| OpenError(error.into()))?;
        let answer = self
            .0
            .decrypt()
            .key_id(&sealed.key)
            .encryption_algorithm(EncryptionAlgorithmSpec::RsaesOaepSha256)
            .ciphertext_blob(Blob::new(ciphertext))
            .send()
            .await
            .map_err(|error| OpenError(error.into()))?;
        let plain = answer.plaintext.ok_or_else(|| OpenError("the response has no text".into()))?;
        // The error of `from_utf8` holds the bytes, and must not reach a log.
        String::from_utf8(plain.into_inner()).map_err(|_| OpenError("not a text".into()))
    }
}
