//! `refresh`: renews, lists and ends sessions.
//!
//! - **Trigger**: `POST /api/v1/auth/refresh`, `DELETE /api/v1/auth/session`, `GET` and `DELETE
//!   /api/v1/users/me/sessions`, `DELETE /api/v1/users/me/sessions/{session_id}`.
//! - **Access patterns**: a refresh gets the session and signs the next access token. Then it replaces the
//!   digest of the refresh token, on condition that it is still the one presented. Ending a session is one
//!   delete. The list is one query; ending all others is that query and deletes. Who ends another session is
//!   asked before whether their own is still open (0.5 RRU).
//! - **Emits**: nothing.
//! - **Redelivery**: a refresh token that is presented again within a minute gets the same successor, because
//!   the answer may have been lost. Presented later it was stolen, or replayed. The function cannot tell
//!   which, so the session ends and its owner logs in again. Ending a session twice is the same as once.
//! - **Failures**: the caller gets a problem and asks again. The access token is signed before the old
//!   refresh token becomes invalid, so a throttled key service ends no session.
//!
//! A page of the web client presents its refresh token in a cookie, and gets the next tokens in cookies
//! ([`runtime::auth::SessionCookies`]).

use accounts::{Accounts, answer};
use api::wire::{RefreshRequest, Session, SessionView, Sessions};
use api::{Call, Problem, Reply};
use domain::session::{Nonce, RefreshToken, Seen, SessionId};
use runtime::Aws;
use runtime::http::OriginSecret;
use table::session::{self, Listed, Rotation};
use tokens::OpenSessions;

runtime::config! {
    /// Settings of `refresh`.
    pub struct Config {
        /// Name of the table.
        pub table_name: String,
        /// The secret beside which the distribution names the place of a viewer's address.
        pub origin_secret: OriginSecret,
        /// The KMS key that wraps the keys of access tokens.
        pub jwt_key_id: String,
        /// Address of the web client.
        pub cdn_url: String,
    }
}

/// Handles refreshing, listing and ending sessions.
pub struct RefreshHandler {
    accounts: Accounts,
    secret: OriginSecret,
    sessions: OpenSessions,
}

impl RefreshHandler {
    /// Connects to the table and the key service.
    pub fn connect(config: &Config, aws: &Aws) -> Self {
        let accounts = Accounts::connect(aws, &config.table_name, &config.jwt_key_id, &config.cdn_url);
        Self::new(accounts, config.origin_secret.clone())
    }

    /// Creates the handler for sessions of `accounts`, which believes places beside this secret.
    pub fn new(accounts: Accounts, secret: OriginSecret) -> Self {
        let sessions = OpenSessions::new(accounts.table.clone(), accounts.clock.clone());
        Self { accounts, secret, sessions }
    }

    /// Ends the session that the client presents by its refresh token. One in cookies ends also by its access
    /// token alone, and its cookies are cleared even if there is no session.
    async fn log_out(&self, call: &Call) -> Result<Reply, Problem> {
        let (table, cookies) = (&self.accounts.table, &self.accounts.cookies);
        if cookies.may_clear(call) {
            let presented = cookies.refresh_token(call).and_then(Result::ok).and_then(RefreshToken::parse);
            if let Some(token) = presented {
                session::close(table, &token).await?;
            } else if let (Ok(caller), Ok(current)) = (call.caller(), call.session()) {
                session::end(table, caller.user_id, current).await?;
            }
            return Ok(Reply::no_content().with_cookies(cookies.cleared()));
        }
        session::close(table, &self.presented(call)?).await?;
        Ok(Reply::no_content())
    }

    /// Returns the refresh token that the client presents, in the body or in a cookie.
    fn presented(&self, call: &Call) -> Result<RefreshToken, Problem> {
        match self.accounts.cookies.refresh_token(call) {
            Some(token) => RefreshToken::parse(token?).ok_or_else(unknown),
            None => {
                let request: RefreshRequest = call.json()?;
                RefreshToken::parse(&request.refresh_token).ok_or_else(unknown)
            }
        }
    }

    async fn refresh(&self, token: &RefreshToken, seen: &Seen) -> Result<Session, Problem> {
        let Accounts { table, clock, random, .. } = &self.accounts;
        let owner = session::owner_latest(table, token).await?.ok_or_else(unknown)?;
        let access = self.accounts.access_token(&owner, token.session()).await?;
        match session::rotate(table, token, &Nonce::draw(&**random), seen, clock.now()).await? {
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

/// Returns how a session is shown in a request that is made in `current`.
fn view(listed: Listed, current: &SessionId) -> SessionView {
    let Listed { id, seen, used_at } = listed;
    SessionView {
        device: seen.device,
        place: seen.place,
        last_used_at: used_at.to_string(),
        created_at: id.opened_at().to_string(),
        current: id == *current,
        session_id: id,
    }
}

fn no_session() -> Problem {
    Problem::not_found("session_not_found", "There is no such session of yours.")
}

fn unknown() -> Problem {
    Problem::unauthorized("token_invalid", "This refresh token belongs to no session. Log in again.")
}

impl runtime::http::Handler for RefreshHandler {
    async fn handle(&self, call: &Call) -> Result<Reply, Problem> {
        let table = &self.accounts.table;
        match call.route() {
            "POST /api/v1/auth/refresh" => {
                let token = self.presented(call)?;
                let in_cookies = self.accounts.cookies.are_wanted(call)?;
                let session = self.refresh(&token, &self.secret.seen(call)).await?;
                self.accounts.cookies.deliver(in_cookies, session, Reply::ok)
            }
            "DELETE /api/v1/auth/session" => self.log_out(call).await,
            "GET /api/v1/users/me/sessions" => {
                let (caller, current) = (call.caller()?, call.session()?);
                let listed = session::list_latest(table, caller.user_id, self.accounts.clock.now()).await?;
                let sessions = listed.into_iter().map(|listed| view(listed, current)).collect();
                Reply::ok(&Sessions { sessions })
            }
            "DELETE /api/v1/users/me/sessions" => {
                self.sessions.check(call).await?;
                session::end_others(table, call.caller()?.user_id, call.session()?).await?;
                Ok(Reply::no_content())
            }
            "DELETE /api/v1/users/me/sessions/{session_id}" => {
                let user = call.caller()?.user_id;
                let id = SessionId::parse(call.path("session_id")).ok_or_else(no_session)?;
                self.sessions.check(call).await?;
                if session::end(table, user, &id).await? {
                    Ok(Reply::no_content())
                } else {
                    Err(no_session())
                }
            }
            _ => Err(runtime::http::unknown_route()),
        }
    }
}
