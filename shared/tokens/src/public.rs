//! Public keys in the table.

use runtime::auth::{Finding, KeyError, PublicKeys};
use table::{Table, token_key};

/// The public keys that are stored in the table.
#[derive(Clone, Debug)]
pub struct TablePublicKeys(Table);

impl TablePublicKeys {
    /// Returns the keys in `table`.
    pub fn new(table: Table) -> Self {
        Self(table)
    }
}

impl PublicKeys for TablePublicKeys {
    fn of_day(&self, day: i64) -> Finding<'_> {
        Box::pin(async move {
            token_key::public_latest(&self.0, day).await.map_err(|error| KeyError::Fetch(Box::new(error)))
        })
    }
}
