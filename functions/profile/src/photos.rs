//! Somebody's photos, newest first.

use api::wire::{PhotoCard, PhotoPage};
use api::{Caller, Problem};
use domain::{PhotoId, UserId};
use table::{like, photo, timeline, user};

use crate::ProfileHandler;

/// Rounds of refilling a page whose photos turned out to be gone; then a short page with a cursor is better than a
/// slow one.
const ROUNDS: usize = 8;

impl ProfileHandler {
    /// Fills a page: photos of the timeline that are gone are dropped, and others take their place.
    pub(crate) async fn photos(
        &self,
        caller: &Caller,
        author: UserId,
        before: Option<PhotoId>,
        count: usize,
    ) -> Result<PhotoPage, Problem> {
        let mut shown = Vec::with_capacity(count);
        let mut position = before;
        let mut more = true;
        for _ in 0..ROUNDS {
            let ids = timeline::page(&self.table, author, position, count - shown.len()).await?;
            if ids.items.is_empty() && before.is_none() && shown.is_empty() && !ids.more {
                // An empty list, or nobody's.
                user::get(&self.table, author).await?.ok_or_else(Problem::no_user)?;
            }
            let (photos, liked) = futures::try_join!(
                photo::get_all(&self.table, &ids.items),
                like::liked_among(&self.table, caller.user_id, &ids.items),
            )?;
            let listed = ids.items.iter().filter_map(|id| photos.get(id)).filter(|photo| photo.is_listed());
            shown.extend(listed.map(|photo| PhotoCard::new(photo, &self.cdn_url, liked.contains(&photo.id))));
            // The last photo looked at, shown or not: what is older comes next.
            position = ids.items.last().copied().or(position);
            more = ids.more;
            if !more || shown.len() == count {
                break;
            }
        }
        Ok(PhotoPage::new(shown, position.filter(|_| more)))
    }
}
