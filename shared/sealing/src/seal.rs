//! Sealing a text in the process.

use std::convert::Infallible;
use std::sync::Arc;

use aws_sdk_kms::Client;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::sealed::Sealed;
use domain::{Fault, FaultKind, Randomness};
use rsa::pkcs8::DecodePublicKey;
use rsa::rand_core::{TryCryptoRng, TryRng};
use rsa::{Oaep, PublicKey as RsaPublicKey};
use runtime::Aws;
use sha2::Sha256;
use tokio::sync::OnceCell;

use crate::Source;

/// A text cannot be sealed.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// The public key cannot be fetched now.
    #[error("cannot fetch the public key")]
    Fetch(#[source] Source),
    /// The key is no RSA key, or the text is too long for it.
    #[error("cannot encrypt to the public key")]
    Encrypt(#[source] Source),
}

impl Fault for SealError {
    fn kind(&self) -> FaultKind {
        match self {
            Self::Fetch(_) => FaultKind::Temporary,
            Self::Encrypt(_) => FaultKind::Permanent,
        }
    }
}

/// A public key, and what names it.
#[derive(Debug)]
struct PublicKey {
    name: String,
    key: RsaPublicKey,
}

/// Seals texts to a key of the key service. Clones share the public key.
#[derive(Clone)]
pub struct Sealer {
    kms: Client,
    key_id: String,
    random: Arc<dyn Randomness>,
    public: Arc<OnceCell<PublicKey>>,
}

impl Sealer {
    /// Connects to the key service.
    pub fn connect(aws: &Aws, key_id: &str) -> Self {
        Self::new(aws.kms(), key_id, aws.random())
    }

    /// Returns a sealer to the key named by this id or ARN.
    pub fn new(kms: Client, key_id: &str, random: Arc<dyn Randomness>) -> Self {
        Self { kms, key_id: key_id.to_owned(), random, public: Arc::default() }
    }

    /// Seals a text of at most 318 bytes. The first call of a process fetches the public key.
    pub async fn seal(&self, text: &str) -> Result<Sealed, SealError> {
        let PublicKey { name, key } = self.public.get_or_try_init(|| self.fetch()).await?;
        let padding = Oaep::<Sha256>::new();
        let sealed = key
            .encrypt(&mut Drawn(&*self.random), padding, text.as_bytes())
            .map_err(|error| SealError::Encrypt(error.into()))?;
        Ok(Sealed { key: name.clone(), text: STANDARD.encode(sealed) })
    }

    async fn fetch(&self) -> Result<PublicKey, SealError> {
        let answer = self.kms.get_public_key().key_id(&self.key_id).send().await;
        let answer = answer.map_err(|error| SealError::Fetch(error.into()))?;
        let der = answer.public_key.ok_or_else(|| SealError::Fetch("the response has no key".into()))?;
        let key = RsaPublicKey::from_public_key_der(der.as_ref());
        let key = key.map_err(|error| SealError::Encrypt(error.into()))?;
        Ok(PublicKey { name: answer.key_id.unwrap_or_else(|| self.key_id.clone()), key })
    }
}

/// Our randomness, for the cipher.
struct Drawn<'a>(&'a dyn Randomness);

impl TryRng for Drawn<'_> {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(u32::from_le_bytes(domain::random::draw(self.0)))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(u64::from_le_bytes(domain::random::draw(self.0)))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        self.0.fill(bytes);
        Ok(())
    }
}

impl TryCryptoRng for Drawn<'_> {}
