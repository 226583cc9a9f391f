//! Access tokens: JWTs signed with ES256 by the key pair of a day.
//!
//! The functions that issue tokens sign by themselves, with a private key that the key service has decrypted
//! for them. Every function verifies with the public key that the token's `kid` names.
//!
//! The code uses `p256`, `base64` and `serde_json` directly. `jsonwebtoken` 11 was considered and not
//! taken, for two reasons:
//!
//! - Without `rsa` or `aws-lc` it needs a process-wide provider of its own traits. That takes as many lines
//!   as the signing and verification below.
//! - It supports a dozen algorithms, where the safest number is one.

mod cookies;
mod issuer;
mod key;
mod verifier;

pub use cookies::SessionCookies;
pub use issuer::{AccessToken, Issuer, LIFETIME_SECONDS};
pub use key::{DayKey, Finding, KeyError, PublicKeys, SignError, SigningKeys, Unwrapping};
pub use verifier::{TokenError, Verified, Verifier};

use serde::{Deserialize, Serialize};

/// The issuer named in every token.
pub const ISSUER: &str = "lambdagram";

/// The claims of a token.
#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    /// The user's id, a decimal string.
    sub: domain::UserId,
    /// The user name at the time of issue.
    name: String,
    /// The session in which it was issued.
    sid: domain::session::SessionId,
    /// Issued at, in seconds.
    iat: i64,
    /// Expires at, in seconds.
    exp: i64,
    iss: String,
}

/// The variant of Base64 that JWTs use.
const BASE64: base64::engine::GeneralPurpose = base64::engine::general_purpose::URL_SAFE_NO_PAD;

#[cfg(test)]
pub(crate) mod tests;
