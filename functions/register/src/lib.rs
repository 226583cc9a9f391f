//! `register`: opens accounts.
//!
//! - **Trigger**: `POST /api/v1/auth/register`.
//! - **Access patterns**: while the password is hashed, the quota of the viewer's address is taken (1 WRU).
//!   Then one transaction puts the claims of name and address, the profile, the credential
//!   and the first session, each on condition that it does not exist. Nothing is read before it. Of any
//!   number of registrations of one name exactly one succeeds. A taken id is drawn again.
//! - **Emits**: nothing.
//! - **Redelivery**: a registration that is sent again is refused, because its name is taken. With an
//!   `Idempotency-Key` it is answered as a login, if name, address and password belong to one account. So a
//!   client that lost the first answer gets a session of its account. The key is not stored: the password is
//!   the proof, and the check counts against the limits of logins to that account and from that address.
//! - **Failures**: the caller gets a problem and asks again. If no access token can be signed, the account is
//!   open all the same, as after a lost answer.
//!
//! Names are public, so an answer may say that one is taken. An answer also shows that an address is taken.
//! Only a mail to that address could avoid that. Each attempt costs a password hash, opens an account if the
//! address is free, and counts against the quota of the viewer's address.
//!
//! A page of the web client gets its tokens in cookies ([`runtime::auth::SessionCookies`]).

use accounts::{Accounts, Check, Limits, answer, password};
use api::wire::{RegisterRequest, Session};
use api::{Call, Problem, Reply};
use domain::account::{Email, Password, UserName, parse_full_name};
use domain::session::Seen;
use domain::user::User;
use domain::{Home, UserId};
use runtime::Aws;
use runtime::http::{OriginSecret, Viewer, over_quota};
use table::guard::Quotas;
use table::session::Owner;
use table::user::{self, Registration};

runtime::config! {
    /// Settings of `register`.
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
    }
}

/// Ids tried for one account. Two registrations of one millisecond meet once in half a million.
const IDS: u32 = 3;

/// Handles registrations.
pub struct RegisterHandler {
    accounts: Accounts,
    limits: Limits,
}

/// A registration whose every field is valid.
struct Applicant {
    username: UserName,
    email: Email,
    password: Password,
    full_name: Option<String>,
}

impl Applicant {
    fn parse(request: &RegisterRequest) -> Result<Self, Problem> {
        let username = UserName::choose(&request.username)?;
        let email = Email::parse(&request.email)?;
        Ok(Self {
            password: password::choose(&request.password, &username, Some(&email))?,
            username,
            email,
            full_name: parse_full_name(request.full_name.as_deref().unwrap_or_default())?,
        })
    }
}

impl RegisterHandler {
    /// Connects to the table and the key service.
    pub fn connect(config: &Config, aws: &Aws) -> Self {
        let accounts = Accounts::connect(aws, &config.table_name, &config.jwt_key_id, &config.cdn_url);
        let quotas = Quotas::new(accounts.table.clone(), config.quota_scale);
        Self::new(accounts, Limits::new(quotas, config.origin_secret.clone()))
    }

    /// Creates the handler for `accounts`.
    pub fn new(accounts: Accounts, limits: Limits) -> Self {
        Self { accounts, limits }
    }

    async fn register(
        &self,
        applicant: &Applicant,
        repeatable: bool,
        viewer: Viewer,
        seen: Seen,
    ) -> Result<Session, Problem> {
        let Accounts { table, clock, random, .. } = &self.accounts;
        let taken = async { self.limits.registration(viewer, clock.now()).await.map_err(Problem::from) };
        let (taken, hash) = futures::try_join!(taken, self.accounts.hash(&applicant.password))?;
        taken.map_err(over_quota)?;
        for _ in 0..IDS {
            let id = UserId::generate(Home::LOCAL, &**clock, &**random);
            let user = User::new(id, applicant.username.clone(), applicant.full_name.clone());
            let owner = Owner { user: id, username: applicant.username.clone() };
            let session = self.accounts.new_session(&owner, seen.clone());
            let taken = match user::register(table, &user, &applicant.email.digest(), &hash, &session).await?
            {
                Registration::Done => {
                    runtime::metrics::count("registrations", 1);
                    let access = self.accounts.access_token(&owner, session.token.session()).await?;
                    return Ok(answer(&owner, access, &session.token));
                }
                Registration::IdTaken => continue,
                Registration::UsernameTaken => {
                    Problem::conflict("username_taken", "This user name is taken.")
                }
                Registration::EmailTaken => {
                    Problem::conflict("email_taken", "There is an account with this e-mail address.")
                }
            };
            return if repeatable { self.repeated(applicant, taken, viewer, seen).await } else { Err(taken) };
        }
        Err(Problem::unavailable(IdsTaken))
    }

    /// Answers a registration whose name or address is taken: with a session if the same registration was
    /// made before, or else with `taken`.
    async fn repeated(
        &self,
        applicant: &Applicant,
        taken: Problem,
        viewer: Viewer,
        seen: Seen,
    ) -> Result<Session, Problem> {
        let digest = applicant.email.digest();
        let holder = user::holder_latest(&self.accounts.table, &applicant.username.folded(), &digest).await?;
        let password = Some(&applicant.password);
        match self.accounts.check(holder, &digest, password, &self.limits, viewer).await? {
            Check::Right(proven) => self.accounts.open_session(&proven, seen, &self.limits).await,
            Check::Wrong => Err(taken),
            // Too many checks have no answer of their own here. It would reveal that name
            // and address belong together.
            Check::TooOften(exceeded) => {
                let _counted = over_quota(exceeded);
                Err(taken)
            }
        }
    }
}

/// Somebody had each id that was tried.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("every id tried for the account was taken")]
struct IdsTaken;

impl runtime::http::Handler for RegisterHandler {
    async fn handle(&self, call: &Call) -> Result<Reply, Problem> {
        match call.route() {
            "POST /api/v1/auth/register" => {
                let cookies = &self.accounts.cookies;
                let in_cookies = cookies.are_wanted(call)?;
                let applicant = Applicant::parse(&call.json()?)?;
                let repeatable = call.idempotency_key()?.is_some();
                let (viewer, seen) = (self.limits.viewer(call), self.limits.seen(call));
                let session = self.register(&applicant, repeatable, viewer, seen).await?;
                cookies.deliver(in_cookies, session, Reply::created)
            }
            _ => Err(runtime::http::unknown_route()),
        }
    }
}
