//! Signing keys: generated and wrapped by the key service, unwrapped once a process and day.

use std::sync::Arc;

use aws_sdk_kms::Client;
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::DataKeyPairSpec;
use domain::Timestamp;
use p256::ecdsa::SigningKey;
use p256::pkcs8::DecodePrivateKey;
use runtime::auth::{DayKey, SignError, SigningKeys, Unwrapping};
use table::Table;
use table::token_key::{self, Pair};
use tokio::sync::Mutex;

/// What a wrapped key is for. The key service decrypts it only if the same is said again.
const PURPOSE: (&str, &str) = ("purpose", "access-tokens");

/// The signing keys that a key of the key service wraps, and that are stored in the table.
#[derive(Debug)]
pub struct KmsSigningKeys {
    table: Table,
    kms: Client,
    key_id: String,
    /// The key of the last day on which a token was issued.
    current: Mutex<Option<Arc<DayKey>>>,
}

impl KmsSigningKeys {
    /// Returns the keys in `table` that the key named by this id or ARN wraps.
    pub fn new(table: Table, kms: Client, key_id: &str) -> Self {
        Self { table, kms, key_id: key_id.to_owned(), current: Mutex::new(None) }
    }

    /// Reads the wrapped key of a day, or has one generated. Of several processes that do so at once, the
    /// first to store its pair decides.
    async fn wrapped(&self, day: i64) -> Result<Vec<u8>, SignError> {
        // A pair that is refused exists, or is being stored. A later reading finds it.
        for _ in 0..4 {
            let stored = token_key::wrapped_latest(&self.table, day).await.map_err(SignError::new)?;
            if let Some(wrapped) = stored {
                return Ok(wrapped);
            }
            let pair = self.generate().await?;
            if token_key::create(&self.table, day, &pair).await.map_err(SignError::new)? {
                return Ok(pair.wrapped);
            }
        }
        Err(SignError::new("the key of the day is neither stored nor absent"))
    }

    async fn generate(&self) -> Result<Pair, SignError> {
        let (name, value) = PURPOSE;
        let answer = self
            .kms
            .generate_data_key_pair_without_plaintext()
            .key_id(&self.key_id)
            .key_pair_spec(DataKeyPairSpec::EccNistP256)
            .encryption_context(name, value)
            .send()
            .await
            .map_err(SignError::new)?;
        let part = |blob: Option<Blob>, what: &'static str| {
            blob.map(Blob::into_inner).ok_or_else(|| SignError::new(what))
        };
        let public = part(answer.public_key, "the response has no public key")?;
        let wrapped = part(answer.private_key_ciphertext_blob, "the response has no private key")?;
        Ok(Pair { public, wrapped })
    }

    async fn unwrap(&self, wrapped: Vec<u8>) -> Result<SigningKey, SignError> {
        let (name, value) = PURPOSE;
        let answer = self
            .kms
            .decrypt()
            .key_id(&self.key_id)
            .encryption_context(name, value)
            .ciphertext_blob(Blob::new(wrapped))
            .send()
            .await
            .map_err(SignError::new)?;
        let plain = answer.plaintext().ok_or_else(|| SignError::new("the response has no key"))?;
        SigningKey::from_pkcs8_der(plain.as_ref()).map_err(|_| SignError::new("not a P-256 private key"))
    }
}

impl SigningKeys for KmsSigningKeys {
    fn at(&self, now: Timestamp) -> Unwrapping<'_> {
        Box::pin(async move {
            let day = now.day();
            // Held while a key is unwrapped, so that a process does it once.
            let mut current = self.current.lock().await;
            if let Some(key) = current.as_ref().filter(|key| key.day() == day) {
                return Ok(key.clone());
            }
            let wrapped = self.wrapped(day).await?;
            let key = Arc::new(DayKey::new(day, self.unwrap(wrapped).await?));
            *current = Some(key.clone());
            Ok(key)
        })
    }
}
