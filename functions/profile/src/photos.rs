//! Somebody's photos, newest first.

use api::wire::{Marks, PhotoCard, PhotoPage};
use api::{Caller, Problem};
use domain::{PhotoId, UserId};
use table::photo::{self, TextBudget};
use table::sight::Viewer;
use table::{like, saved, timeline, user};

use crate::ProfileHandler;

/// Rounds in which a page is refilled when its photos turn out to be gone. After the last round the page
/// is short and has a cursor, which is better than a slow page.
const ROUNDS: usize = 8;

impl ProfileHandler {
    /// Returns a page of `author`'s photos. Photos of the timeline that are gone are dropped, and older ones
    /// take their place. A page whose long texts exceed their budget is short and has a cursor. Those of a private
    /// account are none for whom it does not admit.
    pub(crate) async fn photos(
        &self,
        caller: &Caller,
        author: UserId,
        before: Option<PhotoId>,
        count: usize,
    ) -> Result<PhotoPage, Problem> {
        let table = &self.table;
        let (viewer, owner, first) = futures::try_join!(
            Viewer::get(table, caller.user_id),
            user::get(table, author),
            timeline::page(table, author, before, count),
        )?;
        let owner = viewer.found(table, author, owner).await?.ok_or_else(Problem::no_user)?;
        if !viewer.sees_inside(table, &owner).await? {
            return Ok(PhotoPage::new(Vec::new(), None));
        }
        let mut first = Some(first);
        let mut shown = Vec::with_capacity(count);
        let mut position = before;
        let mut more = true;
        let mut texts = TextBudget::of_page();
        for _ in 0..ROUNDS {
            let ids = match first.take() {
                Some(first) => first,
                None => timeline::page(table, author, position, count - shown.len()).await?,
            };
            let (photos, liked, saved) = futures::try_join!(
                photo::get_page(table, &ids.items, &mut texts),
                like::liked_among(table, caller.user_id, &ids.items),
                saved::saved_among(table, caller.user_id, &ids.items),
            )?;
            for id in &ids.items {
                if texts.ends_before(*id) {
                    return Ok(PhotoPage::new(shown, position));
                }
                if let Some(photo) = photos.get(id).filter(|photo| photo.is_listed()) {
                    let marks = Marks { liked: liked.contains(id), saved: saved.contains(id) };
                    shown.push(PhotoCard::new(photo, &self.cdn_url, marks, caller.user_id));
                }
                // The position is the last photo examined, shown or not. The next page begins with what is
                // older.
                position = Some(*id);
            }
            more = ids.more;
            if !more || shown.len() == count {
                break;
            }
        }
        Ok(PhotoPage::new(shown, position.filter(|_| more)))
    }
}
