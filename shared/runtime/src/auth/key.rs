//! The keys of tokens: a pair for each day, named by the number of the day.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use domain::Timestamp;
use p256::ecdsa::signature::Signer;
use p256::ecdsa::{Signature, SigningKey};

/// The future of a signing key.
pub type Unwrapping<'a> = Pin<Box<dyn Future<Output = Result<Arc<DayKey>, SignError>> + Send + 'a>>;
/// The future of a public key in DER (`SubjectPublicKeyInfo`), or of none for a day without one.
pub type Finding<'a> = Pin<Box<dyn Future<Output = Result<Option<Vec<u8>>, KeyError>> + Send + 'a>>;

/// The keys with which tokens are signed.
pub trait SigningKeys: Send + Sync {
    /// Returns the key of a moment.
    fn at(&self, now: Timestamp) -> Unwrapping<'_>;
}

/// The keys with which tokens are verified.
pub trait PublicKeys: Send + Sync {
    /// Returns the key of a day.
    fn of_day(&self, day: i64) -> Finding<'_>;
}

/// The signing key of a day.
pub struct DayKey {
    day: i64,
    key: SigningKey,
}

impl DayKey {
    /// Returns the key of a day since the epoch.
    pub fn new(day: i64, key: SigningKey) -> Self {
        Self { day, key }
    }

    /// Returns its day.
    pub fn day(&self) -> i64 {
        self.day
    }

    pub(super) fn sign(&self, text: &str) -> Signature {
        self.key.sign(text.as_bytes())
    }
}

/// Writes the day alone.
impl fmt::Debug for DayKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DayKey").field("day", &self.day).finish_non_exhaustive()
    }
}

/// There is no key to sign a token with.
#[derive(Debug, thiserror::Error)]
#[error("cannot sign an access token")]
pub struct SignError(#[source] Box<dyn std::error::Error + Send + Sync>);

impl SignError {
    /// Returns the error with its cause.
    pub fn new(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self(source.into())
    }
}

/// A public key cannot be read or used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// It cannot be read now.
    #[error("cannot read the public key")]
    Fetch(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// It is not a P-256 public key.
    #[error("not a P-256 public key")]
    Kind(#[source] p256::pkcs8::spki::Error),
}
