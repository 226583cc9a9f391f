//! How push services of browsers know this network: by tokens that a key of the key service signs (VAPID, RFC
//! 8292).
//!
//! A browser subscribes with the public half, and its push service takes messages from whoever has the private
//! one. That never leaves the key service.

use std::collections::HashMap;

use aws_sdk_kms::Client;
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::{MessageType, SigningAlgorithmSpec};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::{Fault, FaultKind, Timestamp};
use p256::PublicKey;
use p256::ecdsa::Signature;
use p256::elliptic_curve::sec1::ToSec1Point;
use p256::pkcs8::DecodePublicKey;
use runtime::Aws;
use serde_json::json;
use tokio::sync::{Mutex, OnceCell};

/// Seconds for which a token is sent again.
const KEPT_SECONDS: i64 = 12 * 60 * 60;
/// Seconds for which a token is valid. Push services take none that is valid for more than a day.
const VALID_SECONDS: i64 = KEPT_SECONDS + 60 * 60;

type Source = Box<dyn std::error::Error + Send + Sync>;

/// The key service did not do what was asked for.
#[derive(Debug, thiserror::Error)]
pub enum VapidError {
    /// It cannot be asked now.
    #[error("cannot ask the key service")]
    Ask(#[source] Source),
    /// Its answer is none.
    #[error("cannot read the answer of the key service")]
    Read(#[source] Source),
}

impl Fault for VapidError {
    fn kind(&self) -> FaultKind {
        match self {
            Self::Ask(_) => FaultKind::Temporary,
            Self::Read(_) => FaultKind::Permanent,
        }
    }
}

/// The key, and the tokens that it signed in this process.
#[derive(Debug)]
pub struct VapidKey {
    kms: Client,
    key_id: String,
    public: OnceCell<String>,
    tokens: Mutex<HashMap<String, Token>>,
}

#[derive(Debug)]
struct Token {
    header: String,
    until: i64,
}

impl VapidKey {
    /// Connects to the key service, for the key of this id or ARN.
    pub fn connect(aws: &Aws, key_id: &str) -> Self {
        Self::new(aws.kms(), key_id)
    }

    /// Returns the key of this id or ARN, asked for through `kms`.
    pub fn new(kms: Client, key_id: &str) -> Self {
        Self { kms, key_id: key_id.to_owned(), public: OnceCell::new(), tokens: Mutex::default() }
    }

    /// Returns the public half, an uncompressed point in base64url. The first call of a process fetches it.
    pub async fn public(&self) -> Result<&str, VapidError> {
        Ok(self.public.get_or_try_init(|| self.fetch()).await?)
    }

    async fn fetch(&self) -> Result<String, VapidError> {
        let answer = self.kms.get_public_key().key_id(&self.key_id).send().await;
        let answer = answer.map_err(|error| VapidError::Ask(error.into()))?;
        let der = answer.public_key.ok_or_else(|| VapidError::Read("it has no key".into()))?;
        let key = PublicKey::from_public_key_der(der.as_ref());
        let key = key.map_err(|error| VapidError::Read(error.into()))?;
        Ok(URL_SAFE_NO_PAD.encode(key.to_sec1_point(false).as_bytes()))
    }

    /// Returns the value of `Authorization` for a push service, by its origin. `contact` is a URL of whoever runs
    /// this network.
    ///
    /// One call of the key service for each origin in 12 hours.
    pub async fn authorization(
        &self,
        origin: &str,
        contact: &str,
        now: Timestamp,
    ) -> Result<String, VapidError> {
        // Held while a token is signed, so that a process signs it once.
        let mut tokens = self.tokens.lock().await;
        if let Some(token) = tokens.get(origin).filter(|token| now.seconds() < token.until) {
            return Ok(token.header.clone());
        }
        let seconds = now.seconds();
        let claims = json!({ "aud": origin, "exp": seconds + VALID_SECONDS, "sub": contact });
        let part = |json: &serde_json::Value| URL_SAFE_NO_PAD.encode(json.to_string());
        let signed = format!("{}.{}", part(&json!({ "alg": "ES256", "typ": "JWT" })), part(&claims));
        let signature = URL_SAFE_NO_PAD.encode(self.sign(&signed).await?.to_bytes());
        let header = format!("vapid t={signed}.{signature}, k={}", self.public().await?);
        tokens.insert(origin.to_owned(), Token { header: header.clone(), until: seconds + KEPT_SECONDS });
        Ok(header)
    }

    async fn sign(&self, message: &str) -> Result<Signature, VapidError> {
        let answer = self
            .kms
            .sign()
            .key_id(&self.key_id)
            .message_type(MessageType::Raw)
            .signing_algorithm(SigningAlgorithmSpec::EcdsaSha256)
            .message(Blob::new(message))
            .send()
            .await
            .map_err(|error| VapidError::Ask(error.into()))?;
        let der = answer.signature.ok_or_else(|| VapidError::Read("it has no signature".into()))?;
        Signature::from_der(der.as_ref()).map_err(|error| VapidError::Read(error.into()))
    }
}
