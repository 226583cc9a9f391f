//! The quotas of those who have not logged in yet.

use api::Call;
use domain::quota::{self, Exceeded};
use domain::session::Seen;
use domain::{Timestamp, UserId};
use runtime::http::{OriginSecret, Viewer};
use table::Result;
use table::guard::{Quotas, Taken};

/// The quotas of registrations and logins, and what tells viewers apart.
#[derive(Clone, Debug)]
pub struct Limits {
    quotas: Quotas,
    secret: OriginSecret,
}

/// A check of a password that was admitted. Until the password is proven it counts as wrong, so that any
/// number of checks at once stays within the limit.
#[derive(Clone, Debug)]
pub struct Attempt {
    of_account: Taken,
    from_address: Taken,
}

impl Limits {
    /// Returns limits that believe the addresses of viewers beside this secret.
    pub fn new(quotas: Quotas, secret: OriginSecret) -> Self {
        Self { quotas, secret }
    }

    /// Returns the viewer who sent a request.
    pub fn viewer(&self, call: &Call) -> Viewer {
        self.secret.viewer(call)
    }

    /// Returns from where a request comes.
    pub fn seen(&self, call: &Call) -> Seen {
        self.secret.seen(call)
    }

    /// Takes a registration of the viewer. 1 WRU.
    pub async fn registration(&self, viewer: Viewer, now: Timestamp) -> Result<Result<Taken, Exceeded>> {
        self.quotas.take(&quota::REGISTRATIONS, viewer.owner(), &[1], now).await
    }

    /// Takes a use of a mailed link by the viewer. 1 WRU.
    pub async fn link(&self, viewer: Viewer, now: Timestamp) -> Result<Result<Taken, Exceeded>> {
        self.quotas.take(&quota::LINKS_FROM_ADDRESS, viewer.owner(), &[1], now).await
    }

    /// Takes a request of a link that resets a password, by the viewer. 1 WRU.
    pub async fn reset(&self, viewer: Viewer, now: Timestamp) -> Result<Result<Taken, Exceeded>> {
        self.quotas.take(&quota::RESETS_FROM_ADDRESS, viewer.owner(), &[1], now).await
    }

    /// Takes a request of a link that proves the account's address. 1 WRU.
    pub async fn proof(&self, account: UserId, now: Timestamp) -> Result<Result<Taken, Exceeded>> {
        self.quotas.take(&quota::PROOFS, account, &[1], now).await
    }

    /// Takes a check of the password of `account` by the viewer. 2 WRU, one round trip.
    pub async fn check(
        &self,
        account: UserId,
        viewer: Viewer,
        now: Timestamp,
    ) -> Result<Result<Attempt, Exceeded>> {
        let (of_account, from_address) = futures::try_join!(
            self.quotas.take(&quota::LOGINS, account, &[1, 1], now),
            self.quotas.take(&quota::LOGINS_FROM_ADDRESS, viewer.owner(), &[1, 1], now),
        )?;
        Ok(of_account.and_then(|of_account| Ok(Attempt { of_account, from_address: from_address? })))
    }

    /// Records that the password of an attempt was right: it no longer counts as wrong. 2 WRU, one round
    /// trip.
    pub async fn proven(&self, attempt: &Attempt) -> Result<()> {
        futures::try_join!(
            self.quotas.give_back(&attempt.of_account, quota::WRONG_PASSWORDS),
            self.quotas.give_back(&attempt.from_address, quota::WRONG_PASSWORDS),
        )?;
        Ok(())
    }
}
