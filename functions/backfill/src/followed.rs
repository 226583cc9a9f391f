//! One author's photos in one reader's feed.

use domain::UserId;
use domain::feed::{Entry, REBUILD_LEN, is_active};
use table::{feed, follow, head, reader, timeline};

use crate::{BackfillHandler, Error};

/// Times a feed is put right when the follow changes meanwhile.
const TURNS: usize = 4;

impl<Q, C> BackfillHandler<Q, C> {
    /// Brings a reader's feed into line with whether they follow `author` *now*: the author's newest photos in it, and
    /// those of a celebrity pulled, or none of them. Then looks again, because an unfollow may have been dealt with while photos were being written, or a
    /// follow while they were being withdrawn.
    ///
    /// Added or removed, the message is the same: see how it stands. So a follow, an unfollow and a follow again end
    /// right in whatever order their messages come.
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

    /// Writes an author's photos, as far back as entries are kept, into the feed of a reader who was here lately. 1 RRU for
    /// the reader and 1 for the author's head, 0.5 RRU for each 4 KiB of the timeline, 1 WRU for each photo.
    ///
    /// Not only the newest few: below them, between entries of others, the rest would be missing for good.
    async fn backfill(&self, reader: UserId, author: UserId) -> Result<(), Error> {
        let now = self.clock.now();
        let state = reader::get_latest(&self.table, reader).await?;
        // Whoever was away gets the whole feed rebuilt on return, from everyone they follow by then.
        let Some(state) = state.filter(|state| is_active(state.active_on, now)) else { return Ok(()) };
        // The follower edge was there before this message. So either the author's mode shows here that followers are
        // about to pull, or whoever goes through the followers for that will find this one.
        if head::status_latest(&self.table, author).await?.mode.is_listed() {
            reader::pull_from(&self.table, reader, &[author]).await?;
        }
        let newest = timeline::page(&self.table, author, None, REBUILD_LEN).await?;
        // Below the reader's floor everything is pulled anyway.
        let shown = newest.items.into_iter().filter(|photo| state.floor.is_none_or(|floor| *photo >= floor));
        let entries: Vec<Entry> = shown.map(|photo| Entry { photo, author }).collect();
        feed::push(&self.table, &[reader], &entries, now).await?;
        Ok(())
    }

    /// Has a reader pull an author's photos no more. 1 RRU, and 1 WRU for one who did.
    async fn stop_pulling(&self, reader: UserId, author: UserId) -> Result<(), Error> {
        let state = reader::get_latest(&self.table, reader).await?;
        if state.is_some_and(|state| state.celebrities.contains(&author)) {
            reader::stop_pulling_from(&self.table, reader, author).await?;
        }
        Ok(())
    }
}
