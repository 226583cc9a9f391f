//! One author's photos in one reader's feed.

use domain::UserId;
use domain::feed::{Entry, REBUILD_LEN, is_active};
use table::{feed, follow, head, reader, timeline};

use crate::{BackfillHandler, Error};

/// Times a feed is aligned when the follow changes meanwhile.
const TURNS: usize = 4;

impl<Q, C> BackfillHandler<Q, C> {
    /// Aligns a reader's feed with whether they follow `author` *now*.
    ///
    /// If they do, the feed has the author's newest photos, and a celebrity's photos are pulled. If not,
    /// it has none. The follow is read again at the end. An unfollow may have been handled while photos were
    /// being written, or a follow while they were being withdrawn.
    ///
    /// Messages of follows and of unfollows are handled alike, by the edge as it is now. So a follow,
    /// an unfollow and a follow again end right in whatever order their messages come.
    pub(crate) async fn align(&self, reader: UserId, author: UserId) -> Result<(), Error> {
        for _ in 0..TURNS {
            let follows = follow::exists_latest(&self.table, reader, author).await?;
            if follows {
                self.backfill(reader, author).await?;
            } else {
                feed::withdraw_author(&self.table, reader, author).await?;
                self.stop_pulling(reader, author).await?;
            }
            if follow::exists_latest(&self.table, reader, author).await? == follows {
                return Ok(());
            }
        }
        Err(Error::Restless)
    }

    /// Writes an author's photos, as far back as entries are kept, into the feed of an active reader.
    ///
    /// Costs 1 RRU for the reader and 1 for the author's head, 0.5 RRU for each 4 KiB of the timeline,
    /// 1 WRU for each photo. All photos are written, not only the newest few. Older ones would otherwise be
    /// missing for good, between entries of other authors.
    async fn backfill(&self, reader: UserId, author: UserId) -> Result<(), Error> {
        let now = self.clock.now();
        let state = reader::get_latest(&self.table, reader).await?;
        // A reader who was away gets the whole feed rebuilt on return, from everyone they follow by then.
        let Some(state) = state.filter(|state| is_active(state.active_on, now)) else { return Ok(()) };
        // The follower edge existed before this message. So either the author's mode already says here
        // that followers pull, or the workflow that goes through the followers will find this one.
        if head::status_latest(&self.table, author).await?.mode.is_listed() {
            reader::pull_from(&self.table, reader, &[author]).await?;
        }
        let newest = timeline::page(&self.table, author, None, REBUILD_LEN).await?;
        // Everything below the reader's floor is pulled anyway.
        let shown = newest.items.into_iter().filter(|photo| state.floor.is_none_or(|floor| *photo >= floor));
        let entries: Vec<Entry> = shown.map(|photo| Entry { photo, author }).collect();
        feed::push(&self.table, &[reader], &entries, now).await?;
        Ok(())
    }

    /// Makes a reader stop pulling an author's photos. Costs 1 RRU, and 1 WRU if the reader pulled them.
    async fn stop_pulling(&self, reader: UserId, author: UserId) -> Result<(), Error> {
        let state = reader::get_latest(&self.table, reader).await?;
        if state.is_some_and(|state| state.celebrities.contains(&author)) {
            reader::stop_pulling_from(&self.table, reader, author).await?;
        }
        Ok(())
    }
}
