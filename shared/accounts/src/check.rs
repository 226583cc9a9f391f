//! Checking a password without telling whether there is an account.

use api::Problem;
use domain::rate::{LOGINS, RetryAfter};
use domain::{Timestamp, UserId};
use sha2::{Digest, Sha256};
use table::session::Owner;
use table::{guard, user};

use crate::{Accounts, password};

/// What became of a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Check {
    /// The password is theirs.
    Right(Owner),
    /// It is not, or there is no such account.
    Wrong,
    /// There were too many checks for this name or address.
    TooOften(RetryAfter),
}

impl Accounts {
    /// Checks a password for the account that was asked for by the text `asked`, or for none.
    ///
    /// Somebody who does not exist is treated as everybody else: under an id that no account has, with the same reads and
    /// the same hashing. The limit counts checks by what was asked for and not by whose it is: if a name and an address
    /// drew on one limit, running it out by the name would tell the address. So neither the answer, nor its time, nor
    /// when attempts run out tells who has an account, or which address is whose. One round trip, two when the limit was drawn on lately; 1 RRU and 1 WRU for each.
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

/// The id that a name or address is counted under, and that stands for an account that does not exist: the same for the same text in any case. A digest of 63 bits,
/// so that meeting a real id is beyond chance; and if it did, no password would be right.
fn stand_in(asked: &str) -> UserId {
    let digest = Sha256::digest(asked.trim().to_lowercase().as_bytes());
    let number = digest.first_chunk::<8>().map_or(0, |bytes| u64::from_be_bytes(*bytes));
    UserId::try_from(number >> 1).unwrap_or_else(|_| UserId::floor(Timestamp(0)))
}
