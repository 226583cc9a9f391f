//! User names cached in the process. They never change.

use std::collections::HashMap;

use domain::UserId;
use moka::sync::Cache;
use table::{Result, Table, user};

/// Names that are cached, each of about 100 bytes: 1 MiB in all.
const KEPT: u64 = 10_000;

/// Caches names by user.
pub(crate) struct Names(Cache<UserId, String>);

impl Default for Names {
    fn default() -> Self {
        Self(Cache::new(KEPT))
    }
}

impl Names {
    /// Returns the names of users; those without an account are left out. Costs 0.5 RRU for each that is not
    /// cached.
    pub(crate) async fn of(&self, table: &Table, users: &[UserId]) -> Result<HashMap<UserId, String>> {
        let mut names = HashMap::with_capacity(users.len());
        let mut missing = Vec::new();
        for user in users {
            match self.0.get(user) {
                Some(name) => {
                    names.insert(*user, name);
                }
                None => missing.push(*user),
            }
        }
        for (id, user) in user::get_all(table, &missing).await? {
            let name = user.username.as_str().to_owned();
            self.0.insert(id, name.clone());
            names.insert(id, name);
        }
        Ok(names)
    }
}
