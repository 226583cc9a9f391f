//! `refresh`: renews and ends sessions.
//!
//! - **Trigger**: `POST /api/v1/auth/refresh`, `DELETE /api/v1/auth/session`.
//! - **Access patterns**: a refresh gets the session and signs the next access token. Then it replaces the
//!   digest of the refresh token, on condition that it is still the one presented. Ending a session is one
//!   delete.
//! - **Emits**: nothing.
//! - **Redelivery**: a refresh token that is presented again within a minute gets the same successor, because
//!   the answer may have been lost. Presented later it was stolen, or replayed. The function cannot tell
//!   which, so the session ends and its owner logs in again. Ending a session twice is the same as once.
//! - **Failures**: the caller gets a problem and asks again. The access token is signed before the old
//!   refresh token becomes invalid, so a throttled key service ends no session.

use accounts::{Accounts, answer};
use api::wire::{RefreshRequest, Session};
use api::{Call, Problem, Reply};
use domain::session::{Nonce, RefreshToken};
use runtime::Aws;
use table::session::{self, Rotation};

runtime::config! {
    /// Settings of `refresh`.
    pub struct Config {
        /// Name of the table.
        pub table_name: String,
        /// The KMS key that wraps the keys of access tokens.
        pub jwt_key_id: String,
    }
}

/// Handles refreshing and ending sessions.
pub struct RefreshHandler {
    accounts: Accounts,
}

impl RefreshHandler {
    /// Connects to the table and the key service.
    pub fn connect(config: &Config, aws: &Aws) -> Self {
        Self::new(Accounts::connect(aws, &config.table_name, &config.jwt_key_id))
    }

    /// Creates the handler for sessions of `accounts`.
    pub fn new(accounts: Accounts) -> Self {
        Self { accounts }
    }

    async fn refresh(&self, token: &RefreshToken) -> Result<Session, Problem> {
        let Accounts { table, clock, random, .. } = &self.accounts;
        let owner = session::owner_latest(table, token).await?.ok_or_else(unknown)?;
        let access = self.accounts.access_token(&owner).await?;
        match session::rotate(table, token, &Nonce::draw(&**random), clock.now()).await? {
            Rotation::Done(owner, next) => Ok(answer(&owner, access, &next)),
            Rotation::Reused => {
                runtime::metrics::count("refresh_tokens_reused", 1);
                let detail = "This refresh token was used before, so its session has ended. Log in again.";
                Err(Problem::unauthorized("token_reused", detail))
            }
            Rotation::Unknown => Err(unknown()),
        }
    }
}

fn presented(call: &Call) -> Result<RefreshToken, Problem> {
    let request: RefreshRequest = call.json()?;
    RefreshToken::parse(&request.refresh_token).ok_or_else(unknown)
}

fn unknown() -> Problem {
    Problem::unauthorized("token_invalid", "This refresh token belongs to no session. Log in again.")
}

impl runtime::http::Handler for RefreshHandler {
    async fn handle(&self, call: &Call) -> Result<Reply, Problem> {
        match call.route() {
            "POST /api/v1/auth/refresh" => Reply::ok(&self.refresh(&presented(call)?).await?),
            "DELETE /api/v1/auth/session" => {
                session::close(&self.accounts.table, &presented(call)?).await?;
                Ok(Reply::no_content())
            }
            _ => Err(runtime::http::unknown_route()),
        }
    }
}
