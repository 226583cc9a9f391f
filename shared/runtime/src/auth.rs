//! Access tokens: JWTs signed with ES256 by a key that never leaves the key service.
//!
//! Every function verifies them with the public key that it fetched at its start.
//!
//! The code uses `p256`, `base64` and `serde_json` directly. `jsonwebtoken` 11 was considered and not
//! taken, for three reasons:
//!
//! - It signs synchronously, which a key service cannot. Half of it would be unused.
//! - Without `rsa` or `aws-lc` it needs a process-wide provider of its own traits. That takes as many lines as
//!   the verification below.
//! - It supports a dozen algorithms, where the safest number is one.

mod issuer;
mod key;
mod verifier;

pub use issuer::{AccessToken, Issuer, LIFETIME_SECONDS};
pub use key::{KeyError, KmsSigner, SignError, Signer, Signing};
pub use verifier::{TokenError, Verifier};

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
    /// Issued at, in seconds.
    iat: i64,
    /// Expires at, in seconds.
    exp: i64,
    iss: String,
}

/// The variant of Base64 that JWTs use.
const BASE64: base64::engine::GeneralPurpose = base64::engine::general_purpose::URL_SAFE_NO_PAD;

#[cfg(test)]
mod key_tests;
#[cfg(test)]
mod tests;
