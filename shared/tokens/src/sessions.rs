//! Whether the session of an access token is still open, for requests that write.

use std::fmt;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};

use api::{Call, InSession, Problem};
use domain::session::SessionId;
use domain::{Clock, Timestamp, UserId};
use lru::LruCache;
use runtime::metrics;
use table::{Result, Table, session};

/// Milliseconds for which a session that was open is taken to be open still. It is less than a minute, because
/// a read that is eventually consistent may be some seconds behind.
const TRUSTED_MS: i64 = 55_000;
/// Sessions that a process remembers.
const REMEMBERED: NonZeroUsize = NonZeroUsize::new(4_096).unwrap();

/// The open sessions in a table, as far as a process has to know them.
///
/// An access token is signed, and so valid until it expires. A request that writes asks here beside its first
/// read whether the token's session has ended meanwhile. A session that has ended is refused a minute later at
/// the latest.
pub struct OpenSessions {
    table: Table,
    clock: Arc<dyn Clock>,
    known: Mutex<LruCache<(UserId, SessionId), Known>>,
}

/// Returns the problem of a request that is made in a session that has ended.
pub fn session_ended() -> Problem {
    Problem::unauthorized("session_ended", "This session has ended. Log in again.")
}

/// What is known of a session.
#[derive(Clone, Copy, Debug)]
enum Known {
    /// It was open at this moment.
    Open(Timestamp),
    /// It has ended, for good.
    Ended,
}

impl OpenSessions {
    /// Returns the sessions in `table`.
    pub fn new(table: Table, clock: Arc<dyn Clock>) -> Self {
        Self { table, clock, known: Mutex::new(LruCache::new(REMEMBERED)) }
    }

    /// Checks that the session in which a request is made is open. Nothing may be written for the caller
    /// before this returns, but for quotas.
    ///
    /// It costs nothing within 55 s of the issue of the token, or of the last read by this process. Later it
    /// is one read: 0.5 RRU. A session that is not found is looked for once more, strongly consistent: 1 RRU
    /// and a round trip more, for ended sessions alone.
    ///
    /// # Errors
    /// 401 `session_ended` if it is not, and 503 if it cannot be read.
    pub async fn check(&self, call: &Call) -> Result<(), Problem> {
        let (user, session) = (call.caller()?.user_id, call.made_in()?);
        if self.is_open(user, session).await? {
            return Ok(());
        }
        Err(session_ended())
    }

    /// Returns whether a session of `user` is open, at the cost of [`Self::check`]. One that has ended is counted.
    pub async fn is_open(&self, user: UserId, session: &InSession) -> Result<bool> {
        let is_open = self.look(user, session).await?;
        if !is_open {
            metrics::count("ended_sessions_refused", 1);
        }
        Ok(is_open)
    }

    async fn look(&self, user: UserId, session: &InSession) -> Result<bool> {
        // Taken before the read, so that what it says is older and never younger than this.
        let now = self.clock.now();
        let is_recent = |at: Timestamp| now < at.plus_ms(TRUSTED_MS);
        // A token is issued in an open session alone.
        if is_recent(session.issued_at) {
            return Ok(true);
        }
        let key = (user, session.id.clone());
        match self.known.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
            Some(Known::Open(at)) if is_recent(*at) => return Ok(true),
            Some(Known::Ended) => return Ok(false),
            _ => {}
        }
        // On the heap, because few requests need it and every one would hold a copy of its size.
        let is_open = Box::pin(self.read(user, &session.id, now)).await?;
        let known = if is_open { Known::Open(now) } else { Known::Ended };
        self.known.lock().unwrap_or_else(PoisonError::into_inner).put(key, known);
        Ok(is_open)
    }

    async fn read(&self, user: UserId, session: &SessionId, now: Timestamp) -> Result<bool> {
        Ok(session::is_open(&self.table, user, session, now).await?
            || session::is_open_latest(&self.table, user, session, now).await?)
    }
}

/// Writes no session.
impl fmt::Debug for OpenSessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenSessions").finish_non_exhaustive()
    }
}
