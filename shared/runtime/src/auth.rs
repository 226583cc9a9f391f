//! Access tokens: JWTs signed with ES256 by a key that never leaves the key service, verified by every function with
//! the public key it fetched at its start.
//!
//! Written directly on `p256`, `base64` and `serde_json`. `jsonwebtoken` 11 was weighed: it signs synchronously,
//! which a key service cannot, so half of it would lie idle; without `rsa` or `aws-lc` it wants a process-wide
//! provider of its own traits, which comes to as many lines as the verification below; and it supports a dozen
//! algorithms, where the safest number is one.

mod issuer;
mod key;
mod verifier;

pub use issuer::{AccessToken, Issuer, LIFETIME_SECONDS};
pub use key::{KeyError, KmsSigner, SignError, Signer, Signing};
pub use verifier::{TokenError, Verifier};

use serde::{Deserialize, Serialize};

/// The issuer named in every token.
pub const ISSUER: &str = "lambdagram";

/// What a token says.
#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    /// The user's id, a decimal string.
    sub: domain::UserId,
    /// The user name at the time of issue.
    name: String,
    /// Issued at, in seconds.
    iat: i64,
    /// Expires at, in seconds.
    exp: i64,
    iss: String,
}

/// Base64 as JWTs use it.
const BASE64: base64::engine::GeneralPurpose = base64::engine::general_purpose::URL_SAFE_NO_PAD;

#[cfg(test)]
mod key_tests;
#[cfg(test)]
mod tests;
