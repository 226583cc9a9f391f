//! The feed of a reader who came back.

use std::collections::BTreeSet;

use domain::UserId;
use domain::feed::{Entry, REBUILD_LEN, keep_newest};
use runtime::queue::Outlet;
use table::{feed, follow, timeline};

use crate::edge::Edge;
use crate::{Deps, Error};

/// Followees read at once.
const FOLLOWEES: usize = 1_000;

impl<Q: Outlet, E: Edge> Deps<Q, E> {
    /// Rebuilds the feed of a reader who returned, and takes the mark of that return away. 0.5 RRU for each followee.
    ///
    /// The reader was marked before any of this, so that a fan-out running meanwhile either sees them active or has its
    /// photo in the author's head already.
    pub(crate) async fn rebuild(&self, reader: UserId, mark: i64) -> Result<(), Error> {
        let state = feed::reader(&self.table, reader).await?;
        // Done before, or the reader left and returned once more: then that return has its own message.
        if state.and_then(|state| state.rebuild) != Some(mark) {
            return Ok(());
        }
        let entries = self.newest(reader).await?;
        feed::fill(&self.table, reader, &entries, self.clock.now()).await?;
        if let Some(oldest) = entries.get(REBUILD_LEN - 1) {
            // What was pushed before the reader went away lies below a gap now. Where the pushed entries end, a page
            // goes on with pulled ones; it must not go on behind the gap.
            feed::withdraw_older(&self.table, reader, oldest.photo).await?;
        }
        self.drop_unfollowed(reader, &entries).await?;
        feed::mark_rebuilt(&self.table, reader, mark).await?;
        runtime::metrics::count("feeds_rebuilt", 1);
        Ok(())
    }

    /// The newest entries of everyone `reader` follows.
    async fn newest(&self, reader: UserId) -> Result<Vec<Entry>, Error> {
        let mut sources = Vec::new();
        let mut after = None;
        loop {
            let page = follow::following(&self.table, reader, after, FOLLOWEES).await?;
            sources.extend(timeline::heads(&self.table, &page.items).await?);
            keep_newest(&mut sources, REBUILD_LEN);
            after = page.items.last().copied();
            if !page.more {
                break;
            }
        }
        // Few are read further: a head that is too short has all its photos among the newest.
        Ok(timeline::newest_of(&self.table, &mut sources, None, REBUILD_LEN, REBUILD_LEN).await?.items)
    }

    /// Takes out what was written for authors whom the reader stopped following meanwhile: their message may have been
    /// dealt with before the entries were there.
    async fn drop_unfollowed(&self, reader: UserId, entries: &[Entry]) -> Result<(), Error> {
        let mut missing: BTreeSet<UserId> = entries.iter().map(|entry| entry.author).collect();
        let mut after = None;
        while !missing.is_empty() {
            let page = follow::following(&self.table, reader, after, FOLLOWEES).await?;
            for followee in &page.items {
                missing.remove(followee);
            }
            after = page.items.last().copied();
            if !page.more {
                break;
            }
        }
        for author in missing {
            self.align(reader, author).await?;
        }
        Ok(())
    }
}
