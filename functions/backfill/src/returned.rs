//! The feed of a reader who returned after a long time.

use std::collections::BTreeSet;

use domain::UserId;
use domain::feed::{Entry, FeedRange, REBUILD_LEN, keep_newest};
use runtime::queue::Sender;
use table::{feed, follow, head, reader, timeline};

use crate::cdn::Cdn;
use crate::{BackfillHandler, Error};

/// Followees read in one query.
const FOLLOWEES: usize = 1_000;

impl<Q: Sender, C: Cdn> BackfillHandler<Q, C> {
    /// Rebuilds the feed of a reader who returned, and removes the mark of that return.
    /// Costs 0.5 RRU for each followee.
    ///
    /// The reader was marked before any of this. A fan-out that runs at the same time therefore either sees
    /// them active, or its photo is already in the author's head.
    pub(crate) async fn rebuild(&self, reader: UserId, mark: i64) -> Result<(), Error> {
        let state = reader::get_latest(&self.table, reader).await?;
        // Either it was done before, or the reader left and returned once more.
        // That return has its own message.
        if state.and_then(|state| state.rebuild) != Some(mark) {
            return Ok(());
        }
        let (entries, celebrities) = self.newest(reader).await?;
        feed::push(&self.table, &[reader], &entries, self.clock.now()).await?;
        reader::pull_from(&self.table, reader, &celebrities).await?;
        // Entries from before the reader went away now lie below a gap, and so do late pushes.
        // Where pushed entries end, a page continues with pulled ones; it must not continue
        // with entries below the gap.
        let floor = entries.get(REBUILD_LEN - 1).map(|oldest| oldest.photo);
        let written = entries.iter().map(|entry| entry.author).chain(celebrities).collect();
        self.drop_unfollowed(reader, written).await?;
        reader::mark_rebuilt(&self.table, reader, mark, floor).await?;
        runtime::metrics::count("feeds_rebuilt", 1);
        Ok(())
    }

    /// Returns the newest entries of everyone `reader` follows, and the celebrities among them.
    async fn newest(&self, reader: UserId) -> Result<(Vec<Entry>, Vec<UserId>), Error> {
        let (mut sources, mut celebrities) = (Vec::new(), Vec::new());
        let mut after = None;
        loop {
            let page = follow::following(&self.table, reader, after, FOLLOWEES).await?;
            let heads = head::of(&self.table, &page.items).await?;
            celebrities.extend(heads.celebrities);
            sources.extend(heads.sources);
            keep_newest(&mut sources, REBUILD_LEN);
            after = page.items.last().copied();
            if !page.more {
                break;
            }
        }
        // Few timelines are read further, because a head that is too short has all
        // its photos among the newest.
        let newest = FeedRange { count: REBUILD_LEN, ..FeedRange::default() };
        let page = timeline::newest_of(&self.table, &mut sources, &newest, REBUILD_LEN).await?;
        Ok((page.items, celebrities))
    }

    /// Removes entries of authors whom the reader stopped following meanwhile. The message of that unfollow
    /// may have been handled before the entries existed.
    async fn drop_unfollowed(&self, reader: UserId, written: BTreeSet<UserId>) -> Result<(), Error> {
        let mut missing = written;
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
