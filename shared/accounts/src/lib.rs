//! The code that `register`, `login`, `refresh` and `confirm` share: password hashes, the check of a
//! password, quotas before login, mailed links, and the response with a session.

mod check;
pub mod common;
mod limits;
mod mailing;
pub mod password;
mod renewal;
mod session;

use std::sync::Arc;

use domain::{Clock, Randomness};
use runtime::Aws;
use runtime::auth::{Issuer, SessionCookies};
use table::Table;
use tokens::KmsSigningKeys;

pub use check::{Check, Proven};
pub use limits::{Attempt, Limits};
pub use mailing::Mailing;
pub use renewal::hash_in_background;
pub use session::answer;

/// The dependencies of accounts and sessions.
#[derive(Clone)]
pub struct Accounts {
    /// The table that stores them.
    pub table: Table,
    /// The issuer of access tokens.
    pub issuer: Issuer,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// The randomness of ids, salts and refresh tokens.
    pub random: Arc<dyn Randomness>,
    /// The cookies of sessions of the web client.
    pub cookies: SessionCookies,
}

impl Accounts {
    /// Connects to this table and this key of the key service, for the web client at this address.
    pub fn connect(aws: &Aws, table_name: &str, jwt_key_id: &str, web_url: &str) -> Self {
        let table = Table::new(aws.dynamodb(), table_name);
        Self {
            issuer: Issuer::new(KmsSigningKeys::new(table.clone(), aws.kms(), jwt_key_id)),
            table,
            clock: aws.clock(),
            random: aws.random(),
            cookies: SessionCookies::new(web_url),
        }
    }
}
