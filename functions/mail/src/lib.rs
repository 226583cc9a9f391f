//! `mail`: mails links that prove an address or set a new password, tells of changed passwords, and says daily what
//! is new to whoever asked for that.
//!
//! - **Trigger**: SQS `mail`, subscribed to `link.added`, `password.changed` and `digest.due`.
//! - **Access patterns**: link and address, then the claim of the address (3 RRU). Where another account has
//!   proved it, that one's address too. A quota (1 WRU), the key service, the mail, and a mark at the link
//!   (1 WRU). Of a changed password, the change, the address and its claim (3 RRU), and the same writes. Of a daily mail,
//!   whether it is due, the address, the newest 100 rows of the inbox and how far it was read (4 RRU), then the claim
//!   of the address (1 RRU), and a mark (1 WRU).
//! - **Emits**: nothing. Mails go out through SES.
//! - **Redelivery**: a link that is marked as sent is not sent again. The same holds for changes of passwords. A
//!   process that dies after a mail and before its mark sends the same link twice.
//! - **Failures**: the message comes back, and after its last try goes to the dead-letter queue. An address
//!   that SES refuses is marked as done.
//!
//! It alone may have addresses and tokens opened. What it does says nothing to whoever asked for it: it runs
//! later, and its quotas refuse no request. A mail holds no text that somebody wrote, not even a name.
//! Whoever can have mails sent to others cannot say anything in them.

mod letter;
mod mailer;

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::account::EmailSecret;
use domain::mail_link::{LinkDigest, Purpose};
use domain::quota::{CHANGE_MAILS, PROOF_MAILS, RESET_MAILS, stand_in};
use domain::{Clock, Timestamp, UserId};
use messages::Event;
use runtime::{Aws, metrics};
use sealing::{OpenError, Opener};
use table::address::{self, Address};
use table::guard::Quotas;
use table::inbox::Listed;
use table::{Table, digest, inbox, mail_link, password_change};

pub use letter::{Digest, Letter, Subject};
pub use mailer::{Mailer, SendError, Sent};

/// Rows of the inbox that a daily mail counts, at most.
const NEWEST: usize = 100;

runtime::config! {
    /// Settings of `mail`.
    pub struct Config {
        /// Name of the table.
        pub table_name: String,
        /// By how much the limits of the table of quotas are multiplied.
        pub quota_scale: u32,
        /// Base URL of the web client.
        pub cdn_url: String,
        /// The secret that authenticates who unsubscribes.
        pub email_secret: EmailSecret,
        /// From whom mails are.
        pub mail_sender: String,
        /// The configuration set by which SES sends.
        pub mail_configuration: String,
    }
}

/// Handles links that are to be mailed.
pub struct MailHandler {
    table: Table,
    quotas: Quotas,
    opener: Opener,
    mailer: Mailer,
    clock: Arc<dyn Clock>,
    web_url: String,
    secret: EmailSecret,
}

/// The reason why a message cannot be handled now.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The table failed.
    #[error(transparent)]
    Table(#[from] table::Error),
    /// An address or a token cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The mail cannot be sent.
    #[error(transparent)]
    Send(#[from] SendError),
    /// A subscription passed an event that this function does not handle.
    #[error("{0} is no message for this function")]
    Misdirected(&'static str),
}

impl MailHandler {
    /// Connects to the table, the key service and SES.
    pub fn connect(config: &Config, aws: &Aws) -> Self {
        let table = Table::new(aws.dynamodb(), &config.table_name);
        let quotas = Quotas::new(table.clone(), config.quota_scale);
        let mailer = Mailer::connect(aws, &config.mail_sender, &config.mail_configuration);
        let secret = config.email_secret.clone();
        Self::new(table, quotas, Opener::connect(aws), mailer, aws.clock(), &config.cdn_url, secret)
    }

    /// Creates a handler that mails links to the web client at `web_url`, and unsubscriptions under `secret`.
    pub fn new(
        table: Table,
        quotas: Quotas,
        opener: Opener,
        mailer: Mailer,
        clock: Arc<dyn Clock>,
        web_url: &str,
        secret: EmailSecret,
    ) -> Self {
        let web_url = web_url.trim_end_matches('/').to_owned();
        Self { table, quotas, opener, mailer, clock, web_url, secret }
    }

    async fn mail(&self, user: UserId, purpose: Purpose, digest: &LinkDigest) -> Result<(), Error> {
        let now = self.clock.now();
        let link = mail_link::get_latest(&self.table, user, purpose, digest, now);
        let (link, address) = futures::try_join!(link, address::get_latest(&self.table, user))?;
        let Some(link) = link.filter(|link| !link.sent && !link.used) else {
            metrics::count("links_done", 1);
            return Ok(());
        };
        let Some(address) = address else {
            // Somebody asked for a new password of nobody's account.
            metrics::count("links_of_nobody", 1);
            return Ok(());
        };
        let owner = address::owner_latest(&self.table, &address.email).await?;
        let (subject, to) = match (purpose, owner) {
            (Purpose::Proof, None) => (Subject::Proof, address),
            (Purpose::Reset, Some(owner)) if owner == user => (Subject::Reset, address),
            // Who has the address is told that somebody tried. There is no link that would take it.
            (Purpose::Proof, Some(owner)) if owner != user => {
                let Some(address) = address::get_latest(&self.table, owner).await? else { return Ok(()) };
                (Subject::Notice, address)
            }
            // The address is proved already, or a new password was asked for and it is not.
            _ => {
                metrics::count("links_not_wanted", 1);
                return Ok(());
            }
        };
        let quota_owner = stand_in(&format!("mailbox:{}", to.email.as_str()));
        let taken = match subject {
            Subject::Reset => self.quotas.take(&RESET_MAILS, user, &[1], now).await?,
            Subject::Proof | Subject::Notice | Subject::Changed => {
                self.quotas.take(&PROOF_MAILS, quota_owner, &[1], now).await?
            }
        };
        if let Err(exceeded) = taken {
            metrics::count(exceeded.quota.metric, 1);
            return Ok(());
        }
        let url = match subject {
            Subject::Proof | Subject::Reset => {
                let token = self.opener.open(&link.token).await?;
                Some(format!("{}/{}#{token}", self.web_url, purpose.path()))
            }
            Subject::Notice | Subject::Changed => None,
        };
        let letter = Letter::new(subject, to.language, url.as_deref());
        self.send(&letter, &to).await?;
        Ok(mail_link::mark_sent(&self.table, user, purpose, digest).await?)
    }

    /// Tells a user that their password was changed: by their proved address, because any other may be another
    /// person's.
    async fn tell_of_change(&self, user: UserId, at: Timestamp) -> Result<(), Error> {
        let now = self.clock.now();
        let change = password_change::is_due_latest(&self.table, user, at, now);
        let (is_due, address) = futures::try_join!(change, address::get_latest(&self.table, user))?;
        let Some(address) = address.filter(|_| is_due) else {
            metrics::count("password_changes_done", 1);
            return Ok(());
        };
        if address::owner_latest(&self.table, &address.email).await? != Some(user) {
            metrics::count("password_changes_without_address", 1);
            return Ok(());
        }
        if let Err(exceeded) = self.quotas.take(&CHANGE_MAILS, user, &[1], now).await? {
            metrics::count(exceeded.quota.metric, 1);
            return Ok(());
        }
        let url = format!("{}/forgot", self.web_url);
        let letter = Letter::new(Subject::Changed, address.language, Some(&url));
        self.send(&letter, &address).await?;
        Ok(password_change::mark_sent(&self.table, user, at).await?)
    }

    /// Says to a user how much is new, if anything is and they want to know.
    async fn digest(&self, user: UserId, hour: u8) -> Result<(), Error> {
        let now = self.clock.now();
        let (is_due, address, rows, state) = futures::try_join!(
            digest::is_due_latest(&self.table, user, hour, now),
            address::get_latest(&self.table, user),
            inbox::page(&self.table, user, None, NEWEST, now),
            inbox::state_latest(&self.table, user),
        )?;
        let Some(address) = address.filter(|_| is_due) else {
            metrics::count("digests_done", 1);
            return Ok(());
        };
        let mut counts = BTreeMap::new();
        for Listed { id, row, .. } in rows.items.iter().filter(|listed| listed.place > state.read_to) {
            *counts.entry(id.subject.kind()).or_insert(0) += row.actor_count;
        }
        if counts.is_empty() {
            metrics::count("digests_without_news", 1);
            return Ok(());
        }
        if address::owner_latest(&self.table, &address.email).await? != Some(user) {
            metrics::count("digests_without_address", 1);
            return Ok(());
        }
        let page = |path: &str| format!("{}/{path}", self.web_url);
        let token = self.secret.unsubscription(user);
        let letter = Letter::digest(
            address.language,
            Digest {
                counts: &counts,
                list: &page("activity"),
                off: &page(&format!("unsubscribe#{token}")),
                unsubscribe: &page(&format!("api/v1/auth/unsubscribe/{token}")),
            },
        );
        self.send(&letter, &address).await?;
        Ok(digest::mark_sent(&self.table, user, hour, now).await?)
    }

    async fn send(&self, letter: &Letter, to: &Address) -> Result<(), Error> {
        let recipient = self.opener.open(&to.sealed).await?;
        match self.mailer.send(&recipient, letter).await? {
            Sent::Accepted => metrics::count("mails_sent", 1),
            Sent::Refused => metrics::count("mails_refused", 1),
        }
        Ok(())
    }
}

impl runtime::sqs::Handler for MailHandler {
    type Message = Event;
    type Error = Error;
    /// SES admits few mails a second, and more messages at once would only be refused.
    const CONCURRENCY: usize = 2;

    async fn handle(&self, event: Event) -> Result<(), Error> {
        match event {
            Event::LinkAdded { user_id, purpose, link } => self.mail(user_id, purpose, &link).await,
            Event::PasswordChanged { user_id, at } => self.tell_of_change(user_id, at).await,
            Event::DigestDue { user_id, hour } => self.digest(user_id, hour).await,
            other => Err(Error::Misdirected(other.kind())),
        }
    }
}
