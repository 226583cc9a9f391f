//! The feed of a reader who returned, or whose snapshot became old.

use std::collections::HashSet;

use domain::UserId;
use domain::feed::PULLED_LEN;
use table::reader;
use table::reader::{Reader, Rebuilt};
use table::snapshot::{self, Followed, Snapshot};

use crate::{BackfillHandler, Error};

/// How much older than the mark an author's item is before the snapshot can be trusted to hold the same. Both
/// rest on eventually consistent reads, of the follow and of the author's head.
const SETTLED_MS: i64 = 60_000;

impl<Q> BackfillHandler<Q> {
    /// Takes the snapshot for a mark, and removes the mark. Costs what [`snapshot::whole`] and
    /// [`snapshot::store`] do.
    ///
    /// The reader was marked before any of this. A fan-out that runs at the same time therefore either sees
    /// them active, or its photo is already in the author's head. A follow or unfollow that comes meanwhile
    /// stays in the reader's state, and counts beside the snapshot.
    pub(crate) async fn rebuild(&self, reader: UserId, mark: i64) -> Result<(), Error> {
        let state = reader::get_latest(&self.table, reader).await?;
        // Either it was done before, or the reader left and returned once more.
        // That return has its own message.
        let Some(state) = state.filter(|state| state.rebuild == Some(mark)) else { return Ok(()) };
        let now = self.clock.now();
        let (whole, followed) = futures::try_join!(
            snapshot::whole(&self.table, reader, now),
            snapshot::followed(&self.table, reader, now),
        )?;
        snapshot::store(&self.table, reader, mark, &whole.run, now).await?;
        if reader::mark_rebuilt(&self.table, reader, mark, &rebuilt(&state, &whole, &followed, mark)).await? {
            runtime::metrics::count("feeds_rebuilt", 1);
        }
        // A page that has read the former state goes on in the former snapshot.
        let former = state.snapshot.unwrap_or(mark);
        Ok(snapshot::forget_before(&self.table, reader, former, &followed).await?)
    }
}

/// Returns what of the reader's state the snapshot makes good.
fn rebuilt(state: &Reader, whole: &Snapshot, followed: &[Followed], mark: i64) -> Rebuilt {
    let entries = &whole.run.entries;
    let authors: HashSet<UserId> = entries.iter().map(|entry| entry.author).collect();
    let is_new = |celebrity: &&UserId| !state.celebrities.contains(celebrity);
    let room = PULLED_LEN.saturating_sub(state.celebrities.len());
    Rebuilt {
        newest: entries.first().map(|entry| entry.photo),
        celebrities: whole.celebrities.iter().filter(is_new).take(room).copied().collect(),
        followed: followed
            .iter()
            .filter(|followed| followed.at.0 + SETTLED_MS < mark)
            .map(|followed| followed.author)
            .collect(),
        // Whoever is in it nevertheless was unfollowed while it was taken, or a moment before.
        unfollowed: state.unfollowed.iter().filter(|author| !authors.contains(author)).copied().collect(),
    }
}
