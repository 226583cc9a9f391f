//! Issuing access tokens.

use std::sync::Arc;

use api::Caller;
use base64::Engine;
use domain::Timestamp;
use domain::session::SessionId;

use super::{BASE64, Claims, ISSUER, SignError, SigningKeys};

/// Seconds for which a token is valid. They are few, because what
/// only reads does not ask whether its session has ended.
pub const LIFETIME_SECONDS: i64 = 15 * 60;

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
    keys: Arc<dyn SigningKeys>,
}

impl Issuer {
    /// Returns an issuer of tokens signed with these keys.
    pub fn new(keys: impl SigningKeys + 'static) -> Self {
        Self { keys: Arc::new(keys) }
    }

    /// Issues a token for `caller` in one of their sessions, valid from `now`. Nothing is called for it, but
    /// for the first token of a process and day.
    ///
    /// # Errors
    /// The key of the day cannot be had.
    pub async fn issue(
        &self,
        caller: &Caller,
        session: &SessionId,
        now: Timestamp,
    ) -> Result<AccessToken, SignError> {
        let key = self.keys.at(now).await?;
        let claims = Claims {
            sub: caller.user_id,
            name: caller.username.clone(),
            sid: session.clone(),
            iat: now.seconds(),
            exp: now.seconds().saturating_add(LIFETIME_SECONDS),
            iss: ISSUER.to_owned(),
        };
        let header = format!(r#"{{"alg":"ES256","typ":"JWT","kid":"{}"}}"#, key.day());
        let claims = serde_json::to_vec(&claims).map_err(SignError::new)?;
        let signed = format!("{}.{}", BASE64.encode(header), BASE64.encode(claims));
        let token = format!("{signed}.{}", BASE64.encode(key.sign(&signed).to_bytes()));
        Ok(AccessToken { token, expires_in: LIFETIME_SECONDS })
    }
}
