//! Repeated requests, told by their `Idempotency-Key`.

use api::{Call, Problem};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use sha2::{Digest, Sha256};

/// Distinguishes a repeated request from an idempotency key that is used for another request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repeat {
    /// The client's key.
    pub key: String,
    /// Digest of what is asked for, however its JSON was written.
    pub request: String,
}

impl Repeat {
    /// Returns the key of a call that asks for `request`, if it has one.
    pub fn of(call: &Call, request: &impl Serialize) -> Result<Option<Self>, Problem> {
        let Some(key) = call.idempotency_key()? else { return Ok(None) };
        let body = serde_json::to_vec(request).map_err(Problem::internal)?;
        Ok(Some(Self { key: key.to_owned(), request: STANDARD.encode(Sha256::digest(body)) }))
    }

    /// Returns a problem if the key was first used for a request with another digest than this one.
    pub fn check(&self, first: &str) -> Result<(), Problem> {
        if first == self.request {
            return Ok(());
        }
        Err(Problem::unprocessable(
            "idempotency_key_reused",
            "This Idempotency-Key was used for another request.",
        ))
    }
}
