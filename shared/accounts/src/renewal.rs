//! Making hashes, and renewing those of older parameters.

use std::sync::Arc;

use api::Problem;
use domain::Randomness;
use domain::account::Password;
use table::user;

use crate::{Accounts, Proven, password};

/// Hashes a password on another thread, so that calls of the table go on meanwhile.
pub async fn hash_in_background(
    password: &Password,
    random: &Arc<dyn Randomness>,
) -> Result<String, Problem> {
    let (password, random) = (password.clone(), random.clone());
    let hashed = tokio::task::spawn_blocking(move || password::hash(&password, &*random)).await;
    Ok(hashed.map_err(Problem::internal)??)
}

impl Accounts {
    /// Hashes a password on another thread, so that calls of the table go on meanwhile.
    pub async fn hash(&self, password: &Password) -> Result<String, Problem> {
        hash_in_background(password, &self.random).await
    }

    /// Replaces the hash of somebody whose password was right, if its parameters are not today's. 1 WRU then.
    ///
    /// A failure is logged, and left to the next login.
    pub async fn renew(&self, proven: &Proven, password: &Password) {
        if password::is_current(&proven.hash) {
            return;
        }
        let renewing = async {
            let hash = self.hash(password).await?;
            Ok(user::replace_hash(&self.table, proven.owner.user, &proven.hash, &hash).await?)
        };
        let renewed: Result<bool, Problem> = renewing.await;
        match renewed {
            Ok(renewed) => runtime::metrics::count("password_hashes_renewed", u64::from(renewed)),
            Err(problem) => tracing::warn!(code = problem.code(), "password hash not renewed"),
        }
    }
}
