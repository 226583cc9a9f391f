//! `login`: opens sessions, and changes passwords.
//!
//! - **Trigger**: `POST /api/v1/auth/login`, `POST /api/v1/users/me/password`.
//! - **Access patterns**: three round trips. First the claim of the name or address. Then the credential,
//!   beside the quotas of the account and of the viewer's address (2 WRU). Then a put of the session,
//!   beside the signing of its access token and what a right password gives back to the quotas (2 WRU). A
//!   hash whose parameters are not today's is renewed beside that (1 WRU). A change of the password checks
//!   the present one like a login, beside the get of the caller's session. Then it replaces the hash, on
//!   condition that it is still the one that was checked, in one transaction with the record of the change (4 WRU),
//!   and deletes the other sessions.
//! - **Emits**: nothing. A change of the password is derived to `password.changed`, and `mail` tells its user.
//! - **Redelivery**: each login opens a session of its own. A session whose answer was lost expires unused. A
//!   change that is sent again is refused, because the present password is the new one.
//! - **Failures**: the caller gets a problem and asks again. If the other sessions cannot be deleted, the
//!   password is changed all the same, and the caller can end them by `DELETE /api/v1/users/me/sessions`.
//!
//! An unknown name, an unknown address and a wrong password get the same answer. It takes the same work and
//! counts against the same limits ([`accounts::Accounts::check`]). Wrong passwords are limited for each
//! account, however it is named, and for each viewer's address over all accounts. Somebody who guesses can
//! lock an owner out of logging in for some minutes, but not out of open sessions.
//!
//! A page of the web client gets its tokens in cookies ([`runtime::auth::SessionCookies`]).

use accounts::{Accounts, Check, Limits, password};
use api::wire::{ChangePasswordRequest, LoginRequest, Session};
use api::{Call, Problem, Reply};
use domain::UserId;
use domain::account::{EmailSecret, Login, Password, UserName};
use domain::session::Seen;
use runtime::Aws;
use runtime::http::{OriginSecret, Viewer, over_quota};
use table::guard::Quotas;
use table::{address, session, user};
use tokens::OpenSessions;

runtime::config! {
    /// Settings of `login`.
    pub struct Config {
        /// Name of the table.
        pub table_name: String,
        /// By how much the limits of the table of quotas are multiplied.
        pub quota_scale: u32,
        /// The secret beside which the distribution names a viewer's address.
        pub origin_secret: OriginSecret,
        /// The KMS key that wraps the keys of access tokens.
        pub jwt_key_id: String,
        /// Address of the web client.
        pub cdn_url: String,
        /// The secret under which e-mail addresses are compared.
        pub email_secret: EmailSecret,
    }
}

/// Handles logins.
pub struct LoginHandler {
    accounts: Accounts,
    limits: Limits,
    sessions: OpenSessions,
    secret: EmailSecret,
}

impl LoginHandler {
    /// Connects to the table and the key service.
    pub fn connect(config: &Config, aws: &Aws) -> Self {
        let accounts = Accounts::connect(aws, &config.table_name, &config.jwt_key_id, &config.cdn_url);
        let quotas = Quotas::new(accounts.table.clone(), config.quota_scale);
        let limits = Limits::new(quotas, config.origin_secret.clone());
        Self::new(accounts, limits, config.email_secret.clone())
    }

    /// Creates the handler for `accounts`, whose addresses are compared under `secret`.
    pub fn new(accounts: Accounts, limits: Limits, secret: EmailSecret) -> Self {
        let sessions = OpenSessions::new(accounts.table.clone(), accounts.clock.clone());
        Self { accounts, limits, sessions, secret }
    }

    async fn log_in(&self, request: &LoginRequest, viewer: Viewer, seen: Seen) -> Result<Session, Problem> {
        let login = Login::parse(&request.login);
        let password = Password::parse(&request.password).ok();
        let account = self.account(&login).await?;
        let asked = login.folded(&self.secret);
        let checking = self.accounts.check(account, &asked, password.as_ref(), &self.limits, viewer);
        match checking.await? {
            Check::Right(proven) => {
                runtime::metrics::count("logins", 1);
                let opening = self.accounts.open_session(&proven, seen, &self.limits);
                let renewing = async {
                    if let Some(password) = &password {
                        self.accounts.renew(&proven, password).await;
                    }
                };
                futures::join!(opening, renewing).0
            }
            Check::Wrong => {
                runtime::metrics::count("logins_refused", 1);
                Err(Problem::unauthorized(
                    "bad_credentials",
                    "There is no account with this name and password.",
                ))
            }
            Check::TooOften(exceeded) => Err(over_quota(exceeded)),
        }
    }

    async fn change_password(&self, call: &Call) -> Result<(), Problem> {
        let (caller, current_session) = (call.caller()?, call.session()?);
        let request: ChangePasswordRequest = call.json()?;
        let username = UserName::parse(&caller.username)?;
        let new = password::choose(&request.new, &username, None)?;
        let current = Password::parse(&request.current).ok();
        let (user, asked) = (Some(caller.user_id), username.folded());
        let viewer = self.limits.viewer(call);
        let checking = self.accounts.check(user, &asked, current.as_ref(), &self.limits, viewer);
        let (checked, ()) = futures::try_join!(checking, self.sessions.check(call))?;
        let proven = match checked {
            Check::Right(proven) => proven,
            Check::Wrong => {
                return Err(Problem::forbidden("wrong_password", "This is not the present password."));
            }
            Check::TooOften(exceeded) => return Err(over_quota(exceeded)),
        };
        let table = &self.accounts.table;
        let returned = async { self.limits.proven(&proven.attempt).await.map_err(Problem::from) };
        let (hash, ()) = futures::try_join!(self.accounts.hash(&new), returned)?;
        let now = self.accounts.clock.now();
        if !user::change_password(table, caller.user_id, &proven.hash, &hash, now).await? {
            return Err(Problem::conflict(
                "password_changed",
                "The password was changed at the same moment.",
            ));
        }
        runtime::metrics::count("passwords_changed", 1);
        Ok(session::end_others(table, caller.user_id, current_session).await?)
    }

    /// Returns the account that somebody names, if there is one: by its address only if that is proved.
    async fn account(&self, login: &Login) -> Result<Option<UserId>, Problem> {
        let table = &self.accounts.table;
        Ok(match login {
            Login::Name(name) => user::by_name(table, &name.folded()).await?,
            Login::Email(email) => address::owner(table, &self.secret.digest(email)).await?,
            Login::Neither(_) => None,
        })
    }
}

impl runtime::http::Handler for LoginHandler {
    async fn handle(&self, call: &Call) -> Result<Reply, Problem> {
        match call.route() {
            "POST /api/v1/auth/login" => {
                let cookies = &self.accounts.cookies;
                let in_cookies = cookies.are_wanted(call)?;
                let (viewer, seen) = (self.limits.viewer(call), self.limits.seen(call));
                let session = self.log_in(&call.json()?, viewer, seen).await?;
                cookies.deliver(in_cookies, session, Reply::ok)
            }
            "POST /api/v1/users/me/password" => {
                self.change_password(call).await?;
                Ok(Reply::no_content())
            }
            _ => Err(runtime::http::unknown_route()),
        }
    }
}
