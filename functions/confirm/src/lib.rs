//! `confirm`: has links mailed, and does what they are for: proves addresses, and sets new passwords.
//!
//! - **Trigger**: `POST /api/v1/auth/email`, `POST /api/v1/users/me/email/proof`, `POST /api/v1/auth/reset`,
//!   `POST /api/v1/auth/reset/finish`.
//! - **Access patterns**: to ask for a link, a quota (1 WRU) beside the claim of the name or
//!   address, or beside the caller's session (0.5 RRU), then a put of the link (1 WRU). To use one, a quota
//!   beside link and credential (1 WRU and 2 RRU), then a transaction. A proof claims the address and marks the
//!   profile (6 WRU). A reset replaces the hash (6 WRU), and deletes all sessions and other links of its kind
//!   (1 WRU each).
//! - **Emits**: nothing. A link is derived to `link.added` and a new password to
//!   `password.changed`, and `mail` sends both.
//! - **Redelivery**: a link works once. Whoever presents it again is told that it worked, if the account has
//!   the address or the very password: the first answer may have been lost. Asking again makes another link,
//!   and leaves the ones before as they are.
//! - **Failures**: the caller gets a problem and asks again. If the sessions cannot be ended, the answer is
//!   503 although the password is set; the same request ends them.
//!
//! Asking for a reset has one answer, with the same reads and writes, whether or not there is such an
//! account. For nobody's name a link is stored under an id that no account has, and `mail` finds no address.
//! How many mails an account gets is limited there, where nobody can see it.

use std::sync::Arc;

use accounts::{Limits, Mailing, hash_in_background, password};
use api::wire::{FinishResetRequest, ProveEmailRequest, ResetRequest};
use api::{Call, Problem, Reply};
use domain::account::{EmailSecret, Login};
use domain::mail_link::{LinkToken, Purpose};
use domain::quota::{Exceeded, stand_in};
use domain::{Clock, Randomness, UserId};
use runtime::Aws;
use runtime::http::{OriginSecret, Viewer, over_quota};
use table::address::{self, Proof};
use table::guard::{Quotas, Taken};
use table::mail_link::{self, Stored};
use table::user::{self, Credential};
use table::{Table, session};
use tokens::OpenSessions;

runtime::config! {
    /// Settings of `confirm`.
    pub struct Config {
        /// Name of the table.
        pub table_name: String,
        /// By how much the limits of the table of quotas are multiplied.
        pub quota_scale: u32,
        /// The secret beside which the distribution names a viewer's address.
        pub origin_secret: OriginSecret,
        /// The secret under which e-mail addresses are compared.
        pub email_secret: EmailSecret,
        /// The KMS key to which tokens are sealed.
        pub address_key_id: String,
        /// Address of the web client.
        pub cdn_url: String,
    }
}

/// Handles mailed links.
pub struct ConfirmHandler {
    table: Table,
    limits: Limits,
    mailing: Mailing,
    sessions: OpenSessions,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Randomness>,
}

/// A link that was presented, with the account it is for.
struct Presented {
    token: LinkToken,
    link: Stored,
    credential: Credential,
}

impl ConfirmHandler {
    /// Connects to the table and the key service.
    pub fn connect(config: &Config, aws: &Aws) -> Self {
        let table = Table::new(aws.dynamodb(), &config.table_name);
        let quotas = Quotas::new(table.clone(), config.quota_scale);
        let limits = Limits::new(quotas, config.origin_secret.clone());
        let mailing = Mailing::connect(aws, &config.email_secret, &config.address_key_id);
        Self::new(table, limits, mailing, aws.clock(), aws.random())
    }

    /// Creates the handler for accounts in `table`.
    pub fn new(
        table: Table,
        limits: Limits,
        mailing: Mailing,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Randomness>,
    ) -> Self {
        let sessions = OpenSessions::new(table.clone(), clock.clone());
        Self { table, limits, mailing, sessions, clock, random }
    }

    /// Stores a link that `mail` will send.
    async fn make_link(&self, user: UserId, purpose: Purpose) -> Result<(), Problem> {
        let link = self.mailing.link(user, purpose, self.clock.now()).await?;
        Ok(mail_link::create(&self.table, &link).await?)
    }

    async fn send_proof(&self, call: &Call) -> Result<(), Problem> {
        let user = call.caller()?.user_id;
        let taking = async { Ok(self.limits.proof(user, self.clock.now()).await?) };
        let (taken, ()) = futures::try_join!(taking, self.sessions.check(call))?;
        taken.map_err(over_quota)?;
        self.make_link(user, Purpose::Proof).await
    }

    async fn request_reset(&self, request: &ResetRequest, viewer: Viewer) -> Result<(), Problem> {
        let login = Login::parse(&request.login);
        let asked = login.folded(self.mailing.secret());
        let account = async {
            match &login {
                Login::Name(_) => user::by_name(&self.table, &asked).await,
                Login::Email(email) => {
                    address::owner(&self.table, &self.mailing.secret().digest(email)).await
                }
                Login::Neither(_) => Ok(None),
            }
        };
        let taken = self.limits.reset(viewer, self.clock.now());
        let (taken, account) = futures::try_join!(taken, account)?;
        taken.map_err(over_quota)?;
        runtime::metrics::count("resets_asked_for", 1);
        self.make_link(account.unwrap_or_else(|| stand_in(&asked)), Purpose::Reset).await
    }

    /// Reads what a token names. The problem has status 410 for a link that has expired or never was, and for
    /// an account that is gone.
    async fn present(&self, text: &str, purpose: Purpose, viewer: Viewer) -> Result<Presented, Problem> {
        let Some(token) = LinkToken::parse(text) else {
            return Err(Problem::bad_request("token_invalid", "This is not the token of a link."));
        };
        let now = self.clock.now();
        let digest = token.digest();
        let link = mail_link::get_latest(&self.table, token.user(), purpose, &digest, now);
        let credential = user::credential_latest(&self.table, token.user());
        let (taken, link, credential): (Result<Taken, Exceeded>, _, _) =
            futures::try_join!(self.limits.link(viewer, now), link, credential)?;
        taken.map_err(over_quota)?;
        match (link, credential) {
            (Some(link), Some(credential)) => Ok(Presented { token, link, credential }),
            _ => Err(gone()),
        }
    }

    async fn prove(&self, request: &ProveEmailRequest, viewer: Viewer) -> Result<(), Problem> {
        let Presented { token, link, credential } =
            self.present(&request.token, Purpose::Proof, viewer).await?;
        let (user, email) = (token.user(), &credential.email);
        if !link.used {
            let proof = address::prove(&self.table, user, &token.digest(), email, self.clock.now()).await?;
            if proof == Proof::Done {
                runtime::metrics::count("addresses_proved", 1);
                return Ok(());
            }
        }
        // The link was used, before or at this moment. If that proved the address, this is a repetition.
        if address::owner_latest(&self.table, email).await? == Some(user) { Ok(()) } else { Err(gone()) }
    }

    async fn finish_reset(&self, request: &FinishResetRequest, viewer: Viewer) -> Result<(), Problem> {
        let Presented { token, link, credential } =
            self.present(&request.token, Purpose::Reset, viewer).await?;
        let password = password::choose(&request.password, &credential.username, None)?;
        let (user, digest) = (token.user(), token.digest());
        if link.used {
            // A repetition of what was done sets what is set. Anything else is a second use.
            if !password::verify(Some(&password), Some(&credential.hash))? {
                return Err(gone());
            }
        } else {
            let hash = hash_in_background(&password, &self.random);
            // Sessions end before the password is set too. A process that dies in between leaves none behind.
            let ended = async { session::end_all(&self.table, user).await.map_err(Problem::from) };
            let (hash, ()) = futures::try_join!(hash, ended)?;
            if !mail_link::reset_password(&self.table, user, &digest, &hash, self.clock.now()).await? {
                return Err(gone());
            }
            runtime::metrics::count("passwords_reset", 1);
        }
        let ended = session::end_all(&self.table, user);
        let others = mail_link::end_others(&self.table, user, Purpose::Reset, &digest);
        futures::try_join!(ended, others)?;
        Ok(())
    }
}

fn gone() -> Problem {
    Problem::gone("token_invalid", "This link was used, or has expired.")
}

impl runtime::http::Handler for ConfirmHandler {
    async fn handle(&self, call: &Call) -> Result<Reply, Problem> {
        let viewer = self.limits.viewer(call);
        match call.route() {
            "POST /api/v1/auth/email" => {
                self.prove(&call.json()?, viewer).await?;
                Ok(Reply::no_content())
            }
            "POST /api/v1/users/me/email/proof" => {
                self.send_proof(call).await?;
                Ok(Reply::accepted())
            }
            "POST /api/v1/auth/reset" => {
                self.request_reset(&call.json()?, viewer).await?;
                Ok(Reply::accepted())
            }
            "POST /api/v1/auth/reset/finish" => {
                self.finish_reset(&call.json()?, viewer).await?;
                Ok(Reply::no_content())
            }
            _ => Err(runtime::http::unknown_route()),
        }
    }
}
