//! Somebody's photos, newest first.

use api::wire::{PhotoCard, PhotoPage};
use api::{Caller, Problem};
use domain::{PhotoId, UserId};
use table::{like, photo, timeline, user};

use crate::ProfileHandler;

/// Rounds in which a page is refilled when its photos turn out to be gone. After the last round the page
/// is short and has a cursor, which is better than a slow page.
const ROUNDS: usize = 8;

impl ProfileHandler {
    /// Returns a page of `author`'s photos. Photos of the timeline that are gone are dropped, and older ones
    /// take their place.
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
                // The list is empty, or there is no such user.
                user::get(&self.table, author).await?.ok_or_else(Problem::no_user)?;
            }
            let (photos, liked) = futures::try_join!(
                photo::get_all(&self.table, &ids.items),
                like::liked_among(&self.table, caller.user_id, &ids.items),
            )?;
            let listed = ids.items.iter().filter_map(|id| photos.get(id)).filter(|photo| photo.is_listed());
            shown.extend(listed.map(|photo| PhotoCard::new(photo, &self.cdn_url, liked.contains(&photo.id))));
            // The position is the last photo examined, shown or not. The next page begins with what is older.
            position = ids.items.last().copied().or(position);
            more = ids.more;
            if !more || shown.len() == count {
                break;
            }
        }
        Ok(PhotoPage::new(shown, position.filter(|_| more)))
    }
}
