//! What `register`, `login` and `refresh` share: password hashes, the check of a password, the answer that carries a
//! session.

mod check;
pub mod password;
mod session;

use std::sync::Arc;

use domain::{Clock, Randomness};
use runtime::Aws;
use runtime::auth::{Issuer, KmsSigner};
use table::Table;

pub use check::Check;
pub use session::answer;

/// Everything that accounts and sessions are made with.
#[derive(Clone)]
pub struct Accounts {
    /// Where they are.
    pub table: Table,
    /// Signs access tokens.
    pub issuer: Issuer,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Makes ids, salts and refresh tokens.
    pub random: Arc<dyn Randomness>,
}

impl Accounts {
    /// Connects to this table and this key of the key service.
    pub fn connect(aws: &Aws, table_name: &str, jwt_key_id: &str) -> Self {
        Self {
            table: Table::new(aws.dynamodb(), table_name),
            issuer: Issuer::new(KmsSigner::new(aws.kms(), jwt_key_id)),
            clock: aws.clock(),
            random: aws.random(),
        }
    }
}
