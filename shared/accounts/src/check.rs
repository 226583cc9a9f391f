//! Checking a password without revealing whether an account exists.

use api::Problem;
use domain::UserId;
use domain::account::{EmailDigest, Password};
use domain::quota::{Exceeded, stand_in};
use runtime::http::Viewer;
use table::session::Owner;
use table::user::{self, Credential};

use crate::{Accounts, Attempt, Limits, password};

/// The result of a check.
#[derive(Clone)]
pub enum Check {
    /// The password is the account's.
    Right(Proven),
    /// It is not, or the account does not exist.
    Wrong,
    /// The limit of checks of this account, or from this viewer's address, is reached.
    TooOften(Exceeded),
}

/// Somebody whose password was right.
#[derive(Clone)]
pub struct Proven {
    /// The account.
    pub owner: Owner,
    /// The hash of the password.
    pub hash: String,
    /// The digest of the account's e-mail address.
    pub email: EmailDigest,
    /// The attempt, which no longer counts as wrong.
    pub attempt: Attempt,
}

impl Accounts {
    /// Checks a password for `account`, or for no account. `asked` is the folded text by which the client
    /// named it: one text for all spellings of a name or an address, or each spelling would have a limit of
    /// its own.
    ///
    /// A missing account is treated as any other, under an id that no account has, with the same
    /// reads, the same limit and the same hashing. So neither the response nor its time reveals who has an
    /// account. However an account is named, its checks count against one limit.
    ///
    /// One round trip; 1 RRU and 2 WRU.
    pub async fn check(
        &self,
        account: Option<UserId>,
        asked: &str,
        password: Option<&Password>,
        limits: &Limits,
        viewer: Viewer,
    ) -> Result<Check, Problem> {
        let id = account.unwrap_or_else(|| stand_in(asked));
        let taken = limits.check(id, viewer, self.clock.now());
        let (admitted, credential) = futures::try_join!(taken, user::credential_latest(&self.table, id))?;
        let attempt = match admitted {
            Ok(attempt) => attempt,
            Err(exceeded) => return Ok(Check::TooOften(exceeded)),
        };
        let right =
            password::verify(password, credential.as_ref().map(|credential| credential.hash.as_str()))?;
        Ok(match credential {
            Some(credential) if right && account.is_some() => {
                let Credential { username, hash, email } = credential;
                Check::Right(Proven { owner: Owner { user: id, username }, hash, email, attempt })
            }
            _ => Check::Wrong,
        })
    }
}
