//! The feed of a reader who came back.

use std::collections::BTreeSet;

use domain::UserId;
use domain::feed::{Entry, Merged, REBUILD_LEN, Source, keep_newest, merge};
use futures::{StreamExt, TryStreamExt, stream};
use runtime::queue::Outlet;
use table::{feed, follow, timeline};

use crate::edge::Edge;
use crate::{Deps, Error};

/// Followees read at once.
const FOLLOWEES: usize = 1_000;
/// Timelines read at once.
const AT_ONCE: usize = 8;

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
        loop {
            match merge(&sources, None, REBUILD_LEN) {
                Merged::Page { entries, .. } => return Ok(entries),
                Merged::Deepen(shallow) => self.deepen(&mut sources, &shallow).await?,
            }
        }
    }

    /// Reads further down some timelines. These are few: a head that is too short has all its photos among the newest.
    async fn deepen(&self, sources: &mut [Source], shallow: &[usize]) -> Result<(), Error> {
        let starts: Vec<_> = shallow
            .iter()
            .filter_map(|&index| {
                sources.get(index).map(|source| (index, source.author, source.photos.last().copied()))
            })
            .collect();
        let pages: Vec<_> = stream::iter(starts)
            .map(|(index, author, before)| async move {
                let page = timeline::page(&self.table, author, before, REBUILD_LEN).await?;
                Ok::<_, table::Error>((index, page))
            })
            .buffer_unordered(AT_ONCE)
            .try_collect()
            .await?;
        for (index, page) in pages {
            if let Some(source) = sources.get_mut(index) {
                source.photos.extend(page.items);
                source.complete = !page.more;
            }
        }
        Ok(())
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
