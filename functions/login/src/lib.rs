//! `login`: opens sessions.
//!
//! - **Trigger**: `POST /api/v1/auth/login`.
//! - **Access patterns**: three round trips. First the claim of the name or address. Then the credential,
//!   beside the rate limit of password checks. Then a put of the session, beside the signing of its access
//!   token.
//! - **Emits**: nothing.
//! - **Redelivery**: each login opens a session of its own. A session whose answer was lost expires unused.
//! - **Failures**: the caller gets a problem and asks again.
//!
//! An unknown name, an unknown address and a wrong password get the same answer. It takes the same work and
//! counts against the same limit ([`accounts::Accounts::check`]). The limit counts checks, not failures, for
//! each name and each address. Somebody who guesses can lock an owner out of logging in for some minutes, but
//! not out of open sessions. Against guessing across many accounts there is the route's throttle.

use accounts::{Accounts, Check};
use api::wire::{LoginRequest, Session};
use api::{Call, Problem, Reply};
use domain::UserId;
use domain::account::{Email, UserName};
use runtime::Aws;
use table::user;

runtime::config! {
    /// Settings of `login`.
    pub struct Config {
        /// Name of the table.
        pub table_name: String,
        /// The KMS key that signs access tokens.
        pub jwt_key_id: String,
    }
}

/// Handles logins.
pub struct LoginHandler {
    accounts: Accounts,
}

impl LoginHandler {
    /// Connects to the table and the key service.
    pub fn connect(config: &Config, aws: &Aws) -> Self {
        Self::new(Accounts::connect(aws, &config.table_name, &config.jwt_key_id))
    }

    /// Creates the handler for `accounts`.
    pub fn new(accounts: Accounts) -> Self {
        Self { accounts }
    }

    async fn log_in(&self, request: &LoginRequest) -> Result<Session, Problem> {
        let account = self.account(&request.login).await?;
        match self.accounts.check(account, &request.login, &request.password).await? {
            Check::Right(owner) => {
                runtime::metrics::count("logins", 1);
                self.accounts.open_session(&owner).await
            }
            Check::Wrong => {
                runtime::metrics::count("logins_refused", 1);
                Err(Problem::unauthorized(
                    "bad_credentials",
                    "There is no account with this name and password.",
                ))
            }
            Check::TooOften(wait) => {
                runtime::metrics::count("logins_limited", 1);
                let detail = "There were too many attempts to log in to this account.";
                Err(Problem::rate_limited("too_many_attempts", detail, wait.seconds))
            }
        }
    }

    /// Returns the account that somebody names. No user name is an e-mail address;
    /// text that is neither names no account.
    async fn account(&self, login: &str) -> Result<Option<UserId>, Problem> {
        let table = &self.accounts.table;
        Ok(if let Ok(name) = UserName::parse(login) {
            user::by_name(table, &name.folded()).await?
        } else if let Ok(email) = Email::parse(login) {
            user::by_email(table, &email.digest()).await?
        } else {
            None
        })
    }
}

impl runtime::http::Handler for LoginHandler {
    async fn handle(&self, call: &Call) -> Result<Reply, Problem> {
        match call.route() {
            "POST /api/v1/auth/login" => Reply::ok(&self.log_in(&call.json()?).await?),
            _ => Err(runtime::http::unknown_route()),
        }
    }
}
