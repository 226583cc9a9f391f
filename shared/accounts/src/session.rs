//! Opening sessions, and their form in the API.

use api::wire::Session;
use api::{Caller, Problem};
use domain::session::{RefreshToken, Seen, SessionId};
use runtime::auth::AccessToken;
use table::session::{self, Opened, Owner};

use crate::{Accounts, Limits, Proven};

impl Accounts {
    /// Opens a session for somebody whose password was right. One round trip; 3 WRU.
    pub async fn open_session(
        &self,
        proven: &Proven,
        seen: Seen,
        limits: &Limits,
    ) -> Result<Session, Problem> {
        let Proven { owner, attempt, .. } = proven;
        let opened = self.new_session(owner, seen);
        let stored = async { session::open(&self.table, &opened).await.map_err(Problem::from) };
        let returned = async { limits.proven(attempt).await.map_err(Problem::from) };
        let signed = self.access_token(owner, opened.token.session());
        let ((), (), access) = futures::try_join!(stored, returned, signed)?;
        Ok(answer(owner, access, &opened.token))
    }

    /// Returns a new session, which is still to be stored.
    pub fn new_session(&self, owner: &Owner, seen: Seen) -> Opened {
        Opened::new(owner, seen, self.clock.now(), &*self.random)
    }

    /// Signs an access token, or returns a problem with status 503 when the day's key cannot be had.
    pub async fn access_token(&self, owner: &Owner, session: &SessionId) -> Result<AccessToken, Problem> {
        let caller = Caller { user_id: owner.user, username: owner.username.as_str().to_owned() };
        self.issuer.issue(&caller, session, self.clock.now()).await.map_err(Problem::unavailable)
    }
}

/// Returns the response with a session for its owner, its tokens included.
pub fn answer(owner: &Owner, access: AccessToken, refresh: &RefreshToken) -> Session {
    Session {
        user_id: owner.user,
        username: owner.username.as_str().to_owned(),
        access_token: Some(access.token),
        refresh_token: Some(refresh.expose()),
        expires_in: access.expires_in,
    }
}
