//! Everything that has to go with a deleted photo.

use domain::{PhotoId, UserId};
use messages::{Event, HashRange};
use runtime::queue::Outlet;
use table::follow::{self, From};
use table::{feed, like, user};

use crate::edge::Edge;
use crate::{Deps, Error};

/// Followers that one message is for, about: what takes seconds.
pub(crate) const PART: u32 = 2_500;
/// Followers read at once: all that is ever held of a following.
const PAGE: usize = 1_000;
/// Pages of likes, of 500 each, that one message takes away before it passes the rest on.
const LIKE_PAGES: usize = 40;

/// A photo that was deleted.
pub(crate) struct Deleted {
    pub(crate) photo_id: PhotoId,
    pub(crate) author_id: UserId,
    pub(crate) media: usize,
}

impl Deleted {
    fn event(&self, followers: HashRange) -> Event {
        let Self { photo_id, author_id, media } = *self;
        Event::PhotoDeleted { photo_id, author_id, media, followers }
    }
}

impl<Q: Outlet, E: Edge> Deps<Q, E> {
    /// Takes away what is left of a photo. A message for a part of the followers takes only their entries.
    ///
    /// Pictures first: they are what the author wants gone. An entry is not shown once the photo is not there, so the feeds
    /// can wait; and one that a fan-out under way writes after this has passed is never shown either, and expires. The
    /// edge comes last: after the objects, or it would fetch them again, and after everything that its quota of
    /// invalidations must not hold up.
    pub(crate) async fn forget(&self, deleted: &Deleted, followers: HashRange) -> Result<(), Error> {
        if followers != HashRange::ALL {
            return self.withdraw(deleted, followers).await;
        }
        self.objects.delete(deleted.author_id, deleted.photo_id, deleted.media).await?;
        if self.forget_likes(deleted.photo_id).await? {
            self.queue.send(&[deleted.event(HashRange::ALL)]).await?;
            return Ok(());
        }
        self.forget_entries(deleted).await?;
        Ok(self.edge.forget(deleted.author_id, deleted.photo_id, deleted.media).await?)
    }

    /// Takes the photo out of all feeds, or passes that on in parts when the following is large.
    async fn forget_entries(&self, deleted: &Deleted) -> Result<(), Error> {
        let author = user::get(&self.table, deleted.author_id).await?;
        let parts =
            author.and_then(|author| u32::try_from(author.followers).ok()).unwrap_or(0).div_ceil(PART);
        if parts < 2 {
            return self.withdraw(deleted, HashRange::ALL).await;
        }
        let events: Vec<Event> =
            HashRange::ALL.split(parts).into_iter().map(|part| deleted.event(part)).collect();
        Ok(self.queue.send(&events).await?)
    }

    /// Takes the likes away, as many as fit into one message; whether more are left.
    async fn forget_likes(&self, photo: PhotoId) -> Result<bool, Error> {
        for _ in 0..LIKE_PAGES {
            if !like::forget_some(&self.table, photo).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Takes the photo out of the feeds of some followers. 0.5 RRU for each of them, 1 WRU for each entry found.
    async fn withdraw(&self, deleted: &Deleted, range: HashRange) -> Result<(), Error> {
        let mut from = From::Hash(range.first);
        loop {
            let page = follow::followers(&self.table, deleted.author_id, from, range.last, PAGE).await?;
            let holders = feed::holding(&self.table, &page.items, deleted.photo_id).await?;
            feed::withdraw(&self.table, &holders, deleted.photo_id).await?;
            match page.items.last() {
                Some(&last) if page.more => from = From::After(last),
                _ => return Ok(()),
            }
        }
    }
}
