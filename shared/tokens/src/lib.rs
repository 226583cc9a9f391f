//! The keys of access tokens, and whether the session of a token is still open.
//!
//! There is a P-256 key pair for each day, wrapped by a key of the key service.
//!
//! The first process that issues a token on a day has the key service generate a pair. It stores the public
//! half, and the private half as the key service encrypted it. Every process that issues tokens has the
//! private half decrypted once a day, and signs by itself. Every function verifies with the public half,
//! which it reads once. A day's public half outlives its last token, so that no token becomes invalid when
//! the day changes.

mod public;
mod sessions;
mod signing;

use std::sync::Arc;

use runtime::Aws;
use runtime::auth::{SessionCookies, Verifier};
use table::Table;

pub use public::TablePublicKeys;
pub use sessions::{OpenSessions, session_ended};
pub use signing::KmsSigningKeys;

/// Returns the verifier for [`runtime::http::run`], with today's key. If that cannot be read now, it is read
/// when a token needs it. `web_url` is the address of the web client, which has its tokens in cookies.
pub async fn verifier(aws: &Aws, table_name: &str, web_url: &str) -> Verifier {
    let keys = TablePublicKeys::new(Table::new(aws.dynamodb(), table_name));
    let verifier = Verifier::new(Arc::new(keys), SessionCookies::new(web_url));
    verifier.prepare(aws.clock().now()).await;
    verifier
}
