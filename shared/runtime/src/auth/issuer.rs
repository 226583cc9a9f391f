//! Issuing access tokens.

use std::sync::Arc;

use api::Caller;
use base64::Engine;
use domain::Timestamp;
use sha2::{Digest, Sha256};

use super::{BASE64, Claims, ISSUER, SignError, Signer};

/// Seconds for which a token is valid. They are few, because a token cannot be revoked.
pub const LIFETIME_SECONDS: i64 = 15 * 60;

/// The header of every token.
const HEADER: &str = r#"{"alg":"ES256","typ":"JWT"}"#;

/// A token and its lifetime.
#[derive(Clone)]
pub struct AccessToken {
    /// The JWT.
    pub token: String,
    /// Seconds until it expires.
    pub expires_in: i64,
}

/// An issuer of access tokens.
#[derive(Clone)]
pub struct Issuer {
    signer: Arc<dyn Signer>,
}

impl Issuer {
    /// Returns an issuer of tokens signed by `signer`.
    pub fn new(signer: impl Signer + 'static) -> Self {
        Self { signer: Arc::new(signer) }
    }

    /// Issues a token for `caller`, valid from `now`.
    ///
    /// # Errors
    /// The key service did not sign.
    pub async fn issue(&self, caller: &Caller, now: Timestamp) -> Result<AccessToken, SignError> {
        let claims = Claims {
            sub: caller.user_id,
            name: caller.username.clone(),
            iat: now.seconds(),
            exp: now.seconds().saturating_add(LIFETIME_SECONDS),
            iss: ISSUER.to_owned(),
        };
        let claims = serde_json::to_vec(&claims).map_err(SignError::new)?;
        let signed = format!("{}.{}", BASE64.encode(HEADER), BASE64.encode(claims));
        let signature = self.signer.sign(&Sha256::digest(&signed).into()).await?;
        let token = format!("{signed}.{}", BASE64.encode(signature.to_bytes()));
        Ok(AccessToken { token, expires_in: LIFETIME_SECONDS })
    }
}
