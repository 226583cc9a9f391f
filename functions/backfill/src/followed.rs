//! One author's photos in one reader's feed.

use domain::UserId;
use domain::feed::{FEED_LEN, is_active};
use table::{feed, follow, head, reader, snapshot, timeline};

use crate::{BackfillHandler, Error};

/// Times a feed is aligned when the follow changes meanwhile.
const TURNS: usize = 4;

impl<Q> BackfillHandler<Q> {
    /// Aligns a reader's feed with whether they follow `author` *now*.
    ///
    /// If they do, the author's photos are kept beside the feed's snapshot, and a celebrity's photos are
    /// pulled. If not, the feed has none of them. The follow is read again at the end. An unfollow may have
    /// been handled while photos were being written, or a follow while they were being withdrawn.
    ///
    /// Messages of follows and of unfollows are handled alike, by the edge as it is now. So a follow,
    /// an unfollow and a follow again end right in whatever order their messages come.
    pub(crate) async fn align(&self, reader: UserId, author: UserId) -> Result<(), Error> {
        for _ in 0..TURNS {
            let follows = follow::exists_latest(&self.table, reader, author).await?;
            if follows {
                self.join(reader, author).await?;
            } else {
                self.leave(reader, author).await?;
            }
            if follow::exists_latest(&self.table, reader, author).await? == follows {
                return Ok(());
            }
        }
        Err(Error::Restless)
    }

    /// Keeps an author's newest photos beside the snapshot of an active reader, as one item.
    ///
    /// Costs 1 RRU for the reader and 1 for the author's head, 0.5 RRU for each 4 KiB of the timeline; 1 WRU
    /// for each 120 photos and for each KiB of the reader's state, twice for a celebrity.
    async fn join(&self, reader: UserId, author: UserId) -> Result<(), Error> {
        let now = self.clock.now();
        let Some(state) = reader::get_latest(&self.table, reader).await? else { return Ok(()) };
        if !is_active(state.active_on, now) {
            // A reader who was away gets a snapshot on return, from everyone they follow by then. What they
            // unfollowed before must not be missing from it.
            if state.unfollowed.contains(&author) {
                reader::follow(&self.table, reader, author).await?;
            }
            return Ok(());
        }
        // The follower edge existed before this message. So either the author's mode already says here
        // that followers pull, or the workflow that goes through the followers will find this one.
        if head::status_latest(&self.table, author).await?.mode.is_listed() {
            reader::pull_from(&self.table, reader, author).await?;
        }
        let newest = timeline::page(&self.table, author, None, FEED_LEN).await?;
        snapshot::add_author(&self.table, reader, author, newest.items, now).await?;
        Ok(reader::follow(&self.table, reader, author).await?)
    }

    /// Removes an author's photos from a reader's feed. Costs 1 WRU for each KiB of the reader's state, 1 RRU
    /// for each 4 KiB of the pushed entries, 1 WRU for each of the author's.
    ///
    /// The snapshot stays as it is: the state says whose photos in it are not to be shown.
    async fn leave(&self, reader: UserId, author: UserId) -> Result<(), Error> {
        reader::unfollow(&self.table, reader, author).await?;
        feed::withdraw_author(&self.table, reader, author).await?;
        Ok(snapshot::remove_author(&self.table, reader, author).await?)
    }
}
