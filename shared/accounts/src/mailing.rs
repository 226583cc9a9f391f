//! E-mail addresses and mailed links, as the functions that answer requests make them. They can seal, and
//! cannot open.

use std::sync::Arc;

use domain::account::{Email, EmailSecret};
use domain::language::Language;
use domain::mail_link::{LinkToken, Purpose};
use domain::{Randomness, Timestamp, UserId};
use runtime::Aws;
use sealing::{SealError, Sealer};
use table::address::Address;
use table::mail_link::MailLink;

/// The secret under which addresses are compared, and the key to which they are sealed.
#[derive(Clone)]
pub struct Mailing {
    secret: EmailSecret,
    sealer: Sealer,
    random: Arc<dyn Randomness>,
}

impl Mailing {
    /// Connects to the key service.
    pub fn connect(aws: &Aws, secret: &EmailSecret, address_key_id: &str) -> Self {
        Self::new(secret.clone(), Sealer::connect(aws, address_key_id), aws.random())
    }

    /// Returns what compares addresses under `secret`, and seals with `sealer`.
    pub fn new(secret: EmailSecret, sealer: Sealer, random: Arc<dyn Randomness>) -> Self {
        Self { secret, sealer, random }
    }

    /// Returns the secret under which addresses are compared.
    pub fn secret(&self) -> &EmailSecret {
        &self.secret
    }

    /// Seals an address whose owner is written to in this language.
    pub async fn address(&self, email: &Email, language: Language) -> Result<Address, SealError> {
        let sealed = self.sealer.seal(email.expose()).await?;
        Ok(Address { sealed, email: self.secret.digest(email), language })
    }

    /// Makes a link, which is still to be stored. Its token is drawn here, and sealed: so `mail` sends the
    /// same link however often it is told to.
    pub async fn link(&self, user: UserId, purpose: Purpose, now: Timestamp) -> Result<MailLink, SealError> {
        let token = LinkToken::draw(user, &*self.random);
        let sealed = self.sealer.seal(&token.expose()).await?;
        Ok(MailLink { user, purpose, digest: token.digest(), token: sealed, at: now })
    }
}
