//! Clean-up after a deleted photo.

use domain::Home;
use messages::{Event, HashRange};
use runtime::queue::Sender;
use table::follow::FollowerPages;
use table::{comment, feed, like, user};

use crate::remains::Remains;
use crate::{BackfillHandler, Error, remove_pages};

fn event(deleted: &Remains, followers: HashRange) -> Event {
    let Remains { photo_id, author_id, secret, media, ref blob_refs } = *deleted;
    Event::PhotoDeleted { photo_id, author_id, secret, media, blob_refs: blob_refs.clone(), followers }
}

impl<Q: Sender> BackfillHandler<Q> {
    /// Removes everything that is left of a deleted photo. A message for a part of the followers
    /// removes only their entries.
    ///
    /// The order is this:
    /// 1. Pictures go first, because they are what the author wants gone. The CDN asks for them again after
    ///    half a minute, and finds that they are gone.
    /// 2. Feeds can wait, because an entry whose photo is gone is not shown. A fan-out under way may write
    ///    an entry after this has passed; that entry is never shown either, and expires.
    pub(crate) async fn forget(&self, deleted: &Remains, followers: HashRange) -> Result<(), Error> {
        if followers != HashRange::ALL {
            return self.forget_entries(deleted, followers).await;
        }
        self.let_go(deleted).await?;
        let (table, photo) = (&self.table, deleted.photo_id);
        if remove_pages(|| like::forget_some(table, photo)).await?
            || remove_pages(|| comment::forget_some(table, photo)).await?
        {
            self.queue.send(&[event(deleted, HashRange::ALL)]).await?;
            return Ok(());
        }
        self.forget_entries(deleted, HashRange::ALL).await
    }

    /// Removes the photo from the feeds of a range of followers, or sends a large range on in parts.
    async fn forget_entries(&self, deleted: &Remains, range: HashRange) -> Result<(), Error> {
        let author = user::get(&self.table, deleted.author_id).await?;
        let parts = range.parts_for(author.map_or(0, |author| author.followers));
        if parts.len() < 2 {
            return self.withdraw(deleted, range).await;
        }
        let events: Vec<Event> = parts.into_iter().map(|part| event(deleted, part)).collect();
        Ok(self.queue.send(&events).await?)
    }

    /// Removes the photo from the feeds of some followers. Costs 0.5 RRU for each follower,
    /// 1 WRU for each entry found.
    async fn withdraw(&self, deleted: &Remains, range: HashRange) -> Result<(), Error> {
        let mut walk = FollowerPages::new(deleted.author_id, Home::LOCAL, range.first, range.last, None);
        while let Some(page) = walk.next(&self.table).await? {
            let holders = feed::holding(&self.table, &page, deleted.photo_id).await?;
            feed::withdraw(&self.table, &holders, deleted.photo_id).await?;
        }
        Ok(())
    }
}
