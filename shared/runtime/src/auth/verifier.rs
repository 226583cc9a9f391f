//! Verifying access tokens.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use api::{Caller, InSession, Problem};
use base64::Engine;
use domain::Timestamp;
use p256::ecdsa::signature::Verifier as _;
use p256::ecdsa::{Signature, VerifyingKey};
use p256::pkcs8::DecodePublicKey;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::{BASE64, Claims, ISSUER, KeyError, PublicKeys, SessionCookies};
use crate::failure::Chain;

/// Most bytes of a token that is verified at all. Ours have some 250.
const MAX_TOKEN: usize = 2048;
/// Seconds by which the issuing machine's clock may be ahead. The expiry has no leeway:
/// a client renews early.
const LEEWAY_SECONDS: i64 = 5;
/// Milliseconds for which the absence of a key is remembered. A token that names it costs no read meanwhile.
const ABSENT_MS: i64 = 1_000;

/// Why a token is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// The request has no token.
    #[error("no token")]
    Missing,
    /// The token was valid and has expired.
    #[error("expired token")]
    Expired,
    /// The token was never valid.
    #[error("invalid token")]
    Invalid,
    /// The key that the token names cannot be read now.
    #[error("the token's key cannot be read")]
    Unavailable,
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
            TokenError::Unavailable => Self::unavailable(error),
        }
    }
}

/// What a valid token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Who sent it.
    pub caller: Caller,
    /// The session in which it was issued, and when.
    pub session: InSession,
}

/// A verifier of tokens. It reads the public key of a day once.
#[derive(Clone)]
pub struct Verifier {
    keys: Arc<dyn PublicKeys>,
    cookies: SessionCookies,
    known: Arc<Mutex<BTreeMap<i64, Known>>>,
}

/// What is known of the key of a day.
#[derive(Clone, Copy)]
enum Known {
    There(VerifyingKey),
    /// There was none at this moment.
    Absent(Timestamp),
}

/// The header of a token. `crit` names extensions that a verifier must understand. This one understands none.
#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: String,
    crit: Option<IgnoredAny>,
}

impl Verifier {
    /// Returns a verifier with these keys, of tokens that requests carry as bearers or in these cookies.
    pub fn new(keys: Arc<dyn PublicKeys>, cookies: SessionCookies) -> Self {
        Self { keys, cookies, known: Arc::default() }
    }

    /// Reads the key of `now`, so that no request has to wait for it. A failure is left to the request that
    /// needs the key.
    pub async fn prepare(&self, now: Timestamp) {
        let _later = self.key(now.day(), now).await;
    }

    /// Returns the caller whom a request's token identifies, and their session. The token is the bearer's of
    /// `Authorization`; without that header it is the one in the session's cookies. `header` returns a header
    /// by its lower-case name.
    ///
    /// # Errors
    /// [`TokenError::Missing`] without a token, and as [`Self::verify`].
    pub async fn caller<'h>(
        &self,
        header: impl Fn(&str) -> Option<&'h str>,
        now: Timestamp,
    ) -> Result<Verified, TokenError> {
        let token = match header("authorization") {
            Some(value) => bearer(value),
            None => self.cookies.access_token(header),
        };
        self.verify(token.ok_or(TokenError::Missing)?, now).await
    }

    /// Returns whom the handshake of a socket identifies, and their session. The token is the bearer's of
    /// `Authorization`, or the one that the client `offered`, or the one in the session's cookies.
    ///
    /// # Errors
    /// As [`Self::caller`].
    pub async fn opener<'h>(
        &self,
        header: impl Fn(&str) -> Option<&'h str>,
        offered: Option<&'h str>,
        now: Timestamp,
    ) -> Result<Verified, TokenError> {
        let token = match header("authorization") {
            Some(value) => bearer(value),
            None => offered.or_else(|| self.cookies.socket_token(header)),
        };
        self.verify(token.ok_or(TokenError::Missing)?, now).await
    }

    /// Returns the caller whom the token identifies, and their session.
    ///
    /// # Errors
    /// [`TokenError::Expired`] for an expired token of ours, [`TokenError::Unavailable`] if it cannot be
    /// verified now, [`TokenError::Invalid`] for everything else.
    pub async fn verify(&self, token: &str, now: Timestamp) -> Result<Verified, TokenError> {
        let claims = self.claims(token, now).await?;
        let now = now.seconds();
        if claims.iss != ISSUER || claims.iat > now.saturating_add(LEEWAY_SECONDS) {
            return Err(TokenError::Invalid);
        }
        if claims.exp <= now {
            return Err(TokenError::Expired);
        }
        let caller = Caller { user_id: claims.sub, username: claims.name };
        let issued_at = Timestamp(claims.iat.saturating_mul(1000));
        Ok(Verified { caller, session: InSession { id: claims.sid, issued_at } })
    }

    /// Returns the claims of a token that the key it names has signed.
    ///
    /// Nothing of a token is trusted before its signature is checked. The algorithm and the day of the key
    /// are read before. The one has one right value, the other three.
    async fn claims(&self, token: &str, now: Timestamp) -> Result<Claims, TokenError> {
        let Parts { signed, signature, day } = Parts::of(token).ok_or(TokenError::Invalid)?;
        // A token that is valid now was issued today, or yesterday just before midnight; or just after
        // midnight by a machine whose clock is ahead. An older one has expired, and its key may be gone.
        if !(now.day() - 1..=now.day() + 1).contains(&day) {
            return Err(if day < now.day() { TokenError::Expired } else { TokenError::Invalid });
        }
        let key = self.key(day, now).await?.ok_or(TokenError::Invalid)?;
        let verified = key.verify(signed.as_bytes(), &signature);
        let claims = signed
            .split_once('.')
            .filter(|_| verified.is_ok())
            .and_then(|(_, claims)| serde_json::from_slice(&BASE64.decode(claims).ok()?).ok());
        claims.ok_or(TokenError::Invalid)
    }

    /// Returns the key of a day, from the process if it is known there.
    async fn key(&self, day: i64, now: Timestamp) -> Result<Option<VerifyingKey>, TokenError> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(&day).copied();
        match known {
            Some(Known::There(key)) => return Ok(Some(key)),
            Some(Known::Absent(at)) if now.0 - at.0 < ABSENT_MS => return Ok(None),
            _ => {}
        }
        let key = self.find(day).await.map_err(|error| {
            tracing::error!(day, error = %Chain(&error), "public key not read");
            TokenError::Unavailable
        })?;
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|known, _| known.abs_diff(day) <= 2);
        known.insert(day, key.map_or(Known::Absent(now), Known::There));
        Ok(key)
    }

    async fn find(&self, day: i64) -> Result<Option<VerifyingKey>, KeyError> {
        let der = self.keys.of_day(day).await?;
        der.map(|der| VerifyingKey::from_public_key_der(&der).map_err(KeyError::Kind)).transpose()
    }
}

/// Returns the token of an `Authorization` header.
fn bearer(authorization: &str) -> Option<&str> {
    let (scheme, token) = authorization.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// The parts of a token that are read before its signature is checked.
struct Parts<'a> {
    signed: &'a str,
    signature: Signature,
    day: i64,
}

impl<'a> Parts<'a> {
    fn of(token: &'a str) -> Option<Self> {
        if token.len() > MAX_TOKEN {
            return None;
        }
        let (signed, signature) = token.rsplit_once('.')?;
        let (header, _) = signed.split_once('.')?;
        let header: Header = serde_json::from_slice(&BASE64.decode(header).ok()?).ok()?;
        if header.alg != "ES256" || header.crit.is_some() {
            return None;
        }
        let day: i64 = header.kid.parse().ok()?;
        let signature = Signature::from_slice(&BASE64.decode(signature).ok()?).ok()?;
        (day.to_string() == header.kid).then_some(Self { signed, signature, day })
    }
}
