//! Access tokens that need no key service.

use std::sync::Arc;

use api::Caller;
use domain::Timestamp;
use domain::session::SessionId;
use futures::FutureExt;
use p256::ecdsa::SigningKey;
use p256::pkcs8::EncodePublicKey;
use runtime::auth::{DayKey, Finding, Issuer, PublicKeys, SessionCookies, SigningKeys, Unwrapping, Verifier};

/// The address of the web client in tests.
pub const WEB_URL: &str = "https://d111111abcdef8.cloudfront.net";

/// A key pair in the process, the same every day. The default pair is the same in every test;
/// [`verifier`] verifies its tokens.
#[derive(Clone)]
pub struct LocalKeys(SigningKey);

impl Default for LocalKeys {
    fn default() -> Self {
        Self::of(7)
    }
}

impl LocalKeys {
    fn of(byte: u8) -> Self {
        Self(SigningKey::from_slice(&[byte; 32]).expect("a key"))
    }
}

impl SigningKeys for LocalKeys {
    fn at(&self, now: Timestamp) -> Unwrapping<'_> {
        Box::pin(async move { Ok(Arc::new(DayKey::new(now.day(), self.0.clone()))) })
    }
}

impl PublicKeys for LocalKeys {
    fn of_day(&self, _day: i64) -> Finding<'_> {
        let der = self.0.verifying_key().to_public_key_der().expect("a public key");
        Box::pin(async move { Ok(Some(der.as_bytes().to_vec())) })
    }
}

/// Returns a verifier of the tokens of [`token_for`] and [`issuer`].
pub fn verifier() -> Verifier {
    Verifier::new(Arc::new(LocalKeys::default()), session_cookies())
}

/// Returns the cookies of sessions of the web client at [`WEB_URL`].
pub fn session_cookies() -> SessionCookies {
    SessionCookies::new(WEB_URL)
}

/// Returns an issuer of tokens, as the functions that log in use it.
pub fn issuer() -> Issuer {
    Issuer::new(LocalKeys::default())
}

/// Returns the id of the session in which the tokens of [`token_for`] are issued. No such session is stored.
pub fn session_id() -> SessionId {
    SessionId::parse(&"0123456789a".repeat(4)[..43]).expect("an id")
}

/// Returns a valid token for `caller`, issued at `now`.
pub fn token_for(caller: &Caller, now: Timestamp) -> String {
    issue(LocalKeys::default(), caller, now)
}

/// Returns the same token, signed by another key.
pub fn forged_token_for(caller: &Caller, now: Timestamp) -> String {
    issue(LocalKeys::of(8), caller, now)
}

/// Returns a valid token for `caller` in one of their sessions, issued at `now`.
pub fn token_in(session: &SessionId, caller: &Caller, now: Timestamp) -> String {
    issue_in(LocalKeys::default(), session, caller, now)
}

fn issue(keys: LocalKeys, caller: &Caller, now: Timestamp) -> String {
    issue_in(keys, &session_id(), caller, now)
}

fn issue_in(keys: LocalKeys, session: &SessionId, caller: &Caller, now: Timestamp) -> String {
    Issuer::new(keys)
        .issue(caller, session, now)
        .now_or_never()
        .expect("nothing to wait for")
        .expect("a signature")
        .token
}
