//! `register`: opens accounts.
//!
//! - **Trigger**: `POST /api/v1/auth/register`.
//! - **Access patterns**: while the password is hashed, the quota of the viewer's address is taken (1 WRU).
//!   Then one transaction puts the claim of the name, the profile, the credential, the sealed address, the
//!   link that proves the address, and the first session, each on condition that it does not exist. Nothing
//!   is read before it. Of any number of registrations of one name exactly one succeeds. A taken id is drawn
//!   again.
//! - **Emits**: nothing. The link is derived to `link.added`, and `mail` sends it.
//! - **Redelivery**: a registration that is sent again is refused, because its name is taken. With an
//!   `Idempotency-Key` it is answered as a login, if the account of that name has the password and the
//!   address. So a client that lost the first answer gets a session of its account. The key is not stored:
//!   the password is the proof, and the check counts against the limits of logins to that account and from
//!   that address.
//! - **Failures**: the caller gets a problem and asks again. If no access token can be signed, the account is
//!   open all the same, as after a lost answer.
//!
//! Names are public, so an answer may say that one is taken. Whether an e-mail address has an account is told
//! to its owner alone, by mail. A registration opens an account whatever the address, with the same reads and
//! writes. It claims no address: whoever proves it first has it.
//!
//! A page of the web client gets its tokens in cookies ([`runtime::auth::SessionCookies`]).

use accounts::{Accounts, Check, Limits, Mailing, answer, password};
use api::wire::{RegisterRequest, Session};
use api::{Call, Problem, Reply};
use domain::account::{Email, EmailSecret, Password, UserName, parse_full_name};
use domain::language::Language;
use domain::mail_link::Purpose;
use domain::session::Seen;
use domain::user::User;
use domain::{Home, UserId};
use runtime::Aws;
use runtime::http::{OriginSecret, Viewer, over_quota};
use table::guard::Quotas;
use table::session::Owner;
use table::user::{self, NewAccount, Registration};

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
        /// The secret under which e-mail addresses are compared.
        pub email_secret: EmailSecret,
        /// The KMS key to which e-mail addresses are sealed.
        pub address_key_id: String,
    }
}

/// Ids tried for one account. Two registrations of one millisecond meet once in half a million.
const IDS: u32 = 3;

/// Handles registrations.
pub struct RegisterHandler {
    accounts: Accounts,
    limits: Limits,
    mailing: Mailing,
}

/// A registration whose every field is valid.
struct Applicant {
    username: UserName,
    email: Email,
    password: Password,
    full_name: Option<String>,
    language: Language,
}

impl Applicant {
    fn parse(request: &RegisterRequest, language: Language) -> Result<Self, Problem> {
        let username = UserName::choose(&request.username)?;
        let email = Email::parse(&request.email)?;
        Ok(Self {
            password: password::choose(&request.password, &username, Some(&email))?,
            username,
            email,
            full_name: parse_full_name(request.full_name.as_deref().unwrap_or_default())?,
            language,
        })
    }
}

impl RegisterHandler {
    /// Connects to the table and the key service.
    pub fn connect(config: &Config, aws: &Aws) -> Self {
        let accounts = Accounts::connect(aws, &config.table_name, &config.jwt_key_id, &config.cdn_url);
        let quotas = Quotas::new(accounts.table.clone(), config.quota_scale);
        let mailing = Mailing::connect(aws, &config.email_secret, &config.address_key_id);
        Self::new(accounts, Limits::new(quotas, config.origin_secret.clone()), mailing)
    }

    /// Creates the handler for `accounts`, whose addresses are sealed by `mailing`.
    pub fn new(accounts: Accounts, limits: Limits, mailing: Mailing) -> Self {
        Self { accounts, limits, mailing }
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
        let sealed = async {
            let Applicant { email, language, .. } = applicant;
            self.mailing.address(email, *language).await.map_err(Problem::from)
        };
        let (taken, hash, address) =
            futures::try_join!(taken, self.accounts.hash(&applicant.password), sealed)?;
        taken.map_err(over_quota)?;
        for _ in 0..IDS {
            let id = UserId::generate(Home::LOCAL, &**clock, &**random);
            let user = User::new(id, applicant.username.clone(), applicant.full_name.clone());
            let owner = Owner { user: id, username: applicant.username.clone() };
            let session = self.accounts.new_session(&owner, seen.clone());
            let proof = self.mailing.link(id, Purpose::Proof, clock.now()).await?;
            let account =
                NewAccount { user: &user, hash: &hash, address: &address, proof: &proof, session: &session };
            let taken = match user::register(table, &account).await? {
                Registration::Done => {
                    runtime::metrics::count("registrations", 1);
                    let access = self.accounts.access_token(&owner, session.token.session()).await?;
                    return Ok(answer(&owner, access, &session.token));
                }
                Registration::IdTaken => continue,
                Registration::UsernameTaken => {
                    Problem::conflict("username_taken", "This user name is taken.")
                }
            };
            return if repeatable { self.repeated(applicant, taken, viewer, seen).await } else { Err(taken) };
        }
        Err(Problem::unavailable(IdsTaken))
    }

    /// Answers a registration whose name is taken: with a session if the same registration was made before,
    /// or else with `taken`.
    async fn repeated(
        &self,
        applicant: &Applicant,
        taken: Problem,
        viewer: Viewer,
        seen: Seen,
    ) -> Result<Session, Problem> {
        let folded = applicant.username.folded();
        let holder = user::by_name_latest(&self.accounts.table, &folded).await?;
        let email = self.mailing.secret().digest(&applicant.email);
        let password = Some(&applicant.password);
        match self.accounts.check(holder, &folded, password, &self.limits, viewer).await? {
            Check::Right(proven) if proven.email == email => {
                self.accounts.open_session(&proven, seen, &self.limits).await
            }
            Check::Right(_) | Check::Wrong => Err(taken),
            // Too many checks have no answer of their own here. It would reveal that name
            // and password belong together.
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
                let language = Language::preferred(call.header("accept-language"));
                let applicant = Applicant::parse(&call.json()?, language)?;
                let repeatable = call.idempotency_key()?.is_some();
                let (viewer, seen) = (self.limits.viewer(call), self.limits.seen(call));
                let session = self.register(&applicant, repeatable, viewer, seen).await?;
                cookies.deliver(in_cookies, session, Reply::created)
            }
            _ => Err(runtime::http::unknown_route()),
        }
    }
}
