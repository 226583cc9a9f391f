//! The signing key in the key service: signing with it, and fetching its public half.

use std::future::Future;
use std::pin::Pin;

use aws_sdk_kms::Client;
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::{KeySpec, MessageType, SigningAlgorithmSpec};
use p256::ecdsa::Signature;

use super::Verifier;

/// The future of a signature.
pub type Signing<'a> = Pin<Box<dyn Future<Output = Result<Signature, SignError>> + Send + 'a>>;

/// A signer with a P-256 key.
pub trait Signer: Send + Sync {
    /// Signs a SHA-256 digest.
    fn sign<'a>(&'a self, digest: &'a [u8; 32]) -> Signing<'a>;
}

/// The digest was not signed.
#[derive(Debug, thiserror::Error)]
#[error("cannot sign an access token")]
pub struct SignError(#[source] Box<dyn std::error::Error + Send + Sync>);

impl SignError {
    /// Returns the error with its cause.
    pub fn new(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self(source.into())
    }
}

/// A signer with a key of the key service.
#[derive(Clone, Debug)]
pub struct KmsSigner {
    client: Client,
    key_id: String,
}

impl KmsSigner {
    /// Returns a signer with this key, named by id or ARN.
    pub fn new(client: Client, key_id: impl Into<String>) -> Self {
        Self { client, key_id: key_id.into() }
    }
}

impl Signer for KmsSigner {
    fn sign<'a>(&'a self, digest: &'a [u8; 32]) -> Signing<'a> {
        Box::pin(async move {
            let answer = self
                .client
                .sign()
                .key_id(&self.key_id)
                .message_type(MessageType::Digest)
                .message(Blob::new(digest.as_slice()))
                .signing_algorithm(SigningAlgorithmSpec::EcdsaSha256)
                .send()
                .await
                .map_err(SignError::new)?;
            let der = answer.signature().ok_or_else(|| SignError::new("the response has no signature"))?;
            // The key service returns DER. A JWT carries the bare numbers.
            Signature::from_der(der.as_ref()).map_err(SignError::new)
        })
    }
}

/// The signing key's public half cannot be fetched or used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The key service did not return it.
    #[error("cannot fetch the public key")]
    Fetch(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// It is not a P-256 signing key.
    #[error("not a P-256 public key: {0}")]
    Kind(String),
}

impl Verifier {
    /// Fetches the public half of a key of the key service.
    ///
    /// # Errors
    /// The service cannot be reached, or the key is of another kind.
    pub async fn fetch(client: &Client, key_id: &str) -> Result<Self, KeyError> {
        let answer = client
            .get_public_key()
            .key_id(key_id)
            .send()
            .await
            .map_err(|error| KeyError::Fetch(Box::new(error)))?;
        match answer.key_spec() {
            Some(KeySpec::EccNistP256) | None => {}
            Some(other) => return Err(KeyError::Kind(other.as_str().to_owned())),
        }
        let der = answer.public_key().ok_or_else(|| KeyError::Fetch("the response has no key".into()))?;
        Self::from_public_key_der(der.as_ref())
    }
}
