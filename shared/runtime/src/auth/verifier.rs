//! Verifying access tokens.

use api::{Caller, Problem};
use base64::Engine;
use domain::Timestamp;
use p256::ecdsa::signature::Verifier as _;
use p256::ecdsa::{Signature, VerifyingKey};
use p256::pkcs8::DecodePublicKey;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::{BASE64, Claims, ISSUER, KeyError};

/// Most bytes of a token that is verified at all. Ours have some 250.
const MAX_TOKEN: usize = 2048;
/// Seconds by which the issuing machine's clock may be ahead. The expiry has no leeway:
/// a client renews early.
const LEEWAY_SECONDS: i64 = 5;

/// Why a token is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// The request has no bearer token.
    #[error("no bearer token")]
    Missing,
    /// The token was valid and has expired.
    #[error("expired token")]
    Expired,
    /// The token was never valid.
    #[error("invalid token")]
    Invalid,
}

impl From<TokenError> for Problem {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::Missing => {
                Self::unauthorized("token_missing", "Send an access token as a bearer token.")
            }
            TokenError::Expired => {
                Self::unauthorized("token_expired", "The access token has expired. Refresh it.")
            }
            TokenError::Invalid => Self::unauthorized("token_invalid", "The access token is not valid."),
        }
    }
}

/// A verifier of tokens with the public key.
#[derive(Clone, Debug)]
pub struct Verifier {
    key: VerifyingKey,
}

/// The header of a token. `crit` names extensions that a verifier must understand. This one understands none.
#[derive(Deserialize)]
struct Header {
    alg: String,
    crit: Option<IgnoredAny>,
}

impl Verifier {
    /// Returns a verifier with a public key in DER (`SubjectPublicKeyInfo`), as the key service returns it.
    ///
    /// # Errors
    /// The key is not a P-256 key.
    pub fn from_public_key_der(der: &[u8]) -> Result<Self, KeyError> {
        let key =
            VerifyingKey::from_public_key_der(der).map_err(|error| KeyError::Kind(error.to_string()))?;
        Ok(Self { key })
    }

    /// Returns the caller whom the token identifies.
    ///
    /// # Errors
    /// [`TokenError::Expired`] for an expired token of ours, [`TokenError::Invalid`] for everything else.
    pub fn verify(&self, token: &str, now: Timestamp) -> Result<Caller, TokenError> {
        let claims = self.claims(token).ok_or(TokenError::Invalid)?;
        let now = now.seconds();
        if claims.iss != ISSUER || claims.iat > now.saturating_add(LEEWAY_SECONDS) {
            return Err(TokenError::Invalid);
        }
        if claims.exp <= now {
            return Err(TokenError::Expired);
        }
        Ok(Caller { user_id: claims.sub, username: claims.name })
    }

    /// Returns the claims of a token that this key signed.
    ///
    /// Nothing of a token is trusted before its signature is checked. The name of the algorithm is read
    /// before, and has one right value.
    fn claims(&self, token: &str) -> Option<Claims> {
        if token.len() > MAX_TOKEN {
            return None;
        }
        let (signed, signature) = token.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        let header: Header = serde_json::from_slice(&BASE64.decode(header).ok()?).ok()?;
        if header.alg != "ES256" || header.crit.is_some() {
            return None;
        }
        let signature = Signature::from_slice(&BASE64.decode(signature).ok()?).ok()?;
        self.key.verify(signed.as_bytes(), &signature).ok()?;
        serde_json::from_slice(&BASE64.decode(claims).ok()?).ok()
    }
}
