//! Checking a password without revealing whether an account exists.

use api::Problem;
use domain::rate::{LOGINS, RetryAfter};
use domain::{Timestamp, UserId};
use sha2::{Digest, Sha256};
use table::session::Owner;
use table::{guard, user};

use crate::{Accounts, password};

/// The result of a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Check {
    /// The password is the account's.
    Right(Owner),
    /// It is not, or the account does not exist.
    Wrong,
    /// The limit of checks for this name or address is reached.
    TooOften(RetryAfter),
}

impl Accounts {
    /// Checks a password for `account`, which the client named by the text `asked`; or for no account.
    ///
    /// A missing account is treated as any other, under an id that no account has, with the same
    /// reads and the same hashing. The limit counts checks by the text and not by the account.
    /// If a name and an address shared one limit, using it up by the name would reveal the address.
    /// So neither the response, nor its time, nor the limit reveals who has an account,
    /// or which address is whose.
    ///
    /// One round trip, two when the limit was used lately; 1 RRU and 1 WRU for each.
    pub async fn check(
        &self,
        account: Option<UserId>,
        asked: &str,
        password: &str,
    ) -> Result<Check, Problem> {
        let handle = stand_in(asked);
        let id = account.unwrap_or(handle);
        let taken = guard::take(&self.table, handle, guard::LOGINS, LOGINS, self.clock.now());
        let (admitted, credential) = futures::try_join!(taken, user::credential_latest(&self.table, id))?;
        if let Err(wait) = admitted {
            return Ok(Check::TooOften(wait));
        }
        let right =
            password::verify(password, credential.as_ref().map(|credential| credential.hash.as_str()))?;
        Ok(match credential {
            Some(credential) if right && account.is_some() => {
                Check::Right(Owner { user: id, username: credential.username })
            }
            _ => Check::Wrong,
        })
    }
}

/// Returns the id under which checks of a name or address are counted. It also stands for an
/// account that does not exist.
///
/// It is the same for the same text in any case. It is a digest of 63 bits, so that it practically never
/// equals a real id. If it did, no password would be right.
fn stand_in(asked: &str) -> UserId {
    let digest = Sha256::digest(asked.trim().to_lowercase().as_bytes());
    let number = digest.first_chunk::<8>().map_or(0, |bytes| u64::from_be_bytes(*bytes));
    UserId::try_from(number >> 1).unwrap_or_else(|_| UserId::floor(Timestamp(0)))
}
