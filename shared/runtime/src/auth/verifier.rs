//! Verifies access tokens.

use api::{Caller, Problem};
use base64::Engine;
use domain::Timestamp;
use p256::ecdsa::signature::Verifier as _;
use p256::ecdsa::{Signature, VerifyingKey};
use p256::pkcs8::DecodePublicKey;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::{BASE64, Claims, ISSUER, KeyError};

/// Ours have some 250 bytes; nothing larger is worth a hash.
const MAX_TOKEN: usize = 2048;
/// How far ahead the clock of the machine that issued may be. None is given to the expiry: a client renews early.
const LEEWAY_SECONDS: i64 = 5;

/// Why a token is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// There is none.
    #[error("no bearer token")]
    Missing,
    /// It was good once.
    #[error("expired token")]
    Expired,
    /// It never was.
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

/// Verifies tokens with the public key.
#[derive(Clone, Debug)]
pub struct Verifier {
    key: VerifyingKey,
}

/// `crit` names extensions that a verifier must understand; this one understands none.
#[derive(Deserialize)]
struct Header {
    alg: String,
    crit: Option<IgnoredAny>,
}

impl Verifier {
    /// Verifies with a public key in DER (`SubjectPublicKeyInfo`), as the key service gives it.
    ///
    /// # Errors
    /// It is not a P-256 key.
    pub fn from_public_key_der(der: &[u8]) -> Result<Self, KeyError> {
        let key =
            VerifyingKey::from_public_key_der(der).map_err(|error| KeyError::Kind(error.to_string()))?;
        Ok(Self { key })
    }

    /// Who the token speaks for.
    ///
    /// # Errors
    /// [`TokenError::Expired`] for a token of ours whose time is over, [`TokenError::Invalid`] for everything else.
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

    /// The claims of a token that this key signed. Nothing of a token is believed before its signature is checked,
    /// except for the name of the algorithm, which has one right value.
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
