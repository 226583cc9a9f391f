//! `photo`: shows, edits and deletes one photo.
//!
//! - **Trigger**: `GET`, `PATCH` and `DELETE /api/v1/photos/{photo_id}`.
//! - **Access patterns**: `GET` reads the photo and, beside it, whether the caller likes and saved it, and their
//!   circle (2 RRU, one round trip). For a photo of a private account it also reads whether the caller follows its
//!   author (2 RRU, one more round trip), and the same for one that is hidden or does not exist. `PATCH` reads the
//!   photo, and then makes one conditional update beside the same read of what the caller did with it
//!   (1 RRU, then 1 WRU and 1 RRU). `DELETE` reads the photo beside the quota of deletions, and then makes
//!   one conditional delete (1 RRU and 1 WRU, then 1 WRU). Long texts are an item beside
//!   the photo's: they cost one more round trip, and are written and deleted in one transaction with it. A
//!   refused write costs what a `GET` does, which tells a foreign photo from a missing or hidden one.
//!   `PATCH` and `DELETE` read the caller's session beside the photo (0.5 RRU).
//! - **Emits**: nothing. A deleted photo reaches `derive` through the table's stream, whether it was ready or
//!   still being processed. Its entries in feeds and timeline, its likes and its objects go from there.
//! - **Redelivery**: an edit that is sent again writes the same texts. A deletion that is sent again finds
//!   nothing and answers 404.
//! - **Failures**: the caller gets a problem and asks again. Nothing is half done, because a request makes at
//!   most one write.
//!
//! A photo that the caller may not see answers exactly like one that does not exist.

use std::collections::BTreeMap;
use std::sync::Arc;

use api::wire::{Marks, PhotoView, UpdateMediumRequest, UpdatePhotoRequest};
use api::{Call, Caller, Problem, Reply};
use domain::photo::{MAX_MEDIA, Photo};
use domain::text::{AltText, Caption, Location, Tag};
use domain::{Clock, Invalid, PhotoId, UserId, quota};
use runtime::Aws;
use runtime::http::over_quota;
use table::guard::Quotas;
use table::photo::TextChanges;
use table::sight::Viewer;
use table::{Patch, Table, like, photo, saved};
use tokens::OpenSessions;

runtime::config! {
    /// Settings of `photo`.
    pub struct Config {
        /// Name of the table.
        pub table_name: String,
        /// By how much the limits of the table of quotas are multiplied.
        pub quota_scale: u32,
        /// Base URL of renditions and address of the web client, without a trailing slash.
        pub cdn_url: String,
    }
}

/// Handles reading, editing and deleting one photo.
pub struct PhotoHandler {
    table: Table,
    quotas: Quotas,
    sessions: OpenSessions,
    cdn_url: String,
    clock: Arc<dyn Clock>,
}

impl PhotoHandler {
    /// Connects to the table.
    pub fn connect(config: &Config, aws: &Aws) -> Self {
        let table = Table::new(aws.dynamodb(), &config.table_name);
        Self::new(table, config.quota_scale, &config.cdn_url, aws.clock())
    }

    /// Creates the handler for photos in `table`, whose pictures are shown under `cdn_url`, with limits
    /// multiplied by `quota_scale`.
    pub fn new(table: Table, quota_scale: u32, cdn_url: &str, clock: Arc<dyn Clock>) -> Self {
        let quotas = Quotas::new(table.clone(), quota_scale);
        let sessions = OpenSessions::new(table.clone(), clock.clone());
        Self { table, quotas, sessions, cdn_url: cdn_url.to_owned(), clock }
    }

    async fn show(&self, caller: &Caller, id: PhotoId) -> Result<Reply, Problem> {
        let table = &self.table;
        let (item, marks, viewer) = futures::try_join!(
            photo::get_item(table, id),
            self.marks(caller.user_id, id),
            Viewer::get(table, caller.user_id),
        )?;
        let photo = item.as_ref().map(|item| item.photo().clone());
        // Beside each other, so that long texts of a hidden photo do not show in the time that it takes.
        let whole = async {
            match item {
                Some(item) => item.whole(table).await,
                None => Ok(None),
            }
        };
        let (seen, photo) = futures::try_join!(viewer.sees_photo(table, photo.as_ref()), whole)?;
        match photo.filter(|_| seen) {
            Some(photo) => Ok(self.view(&photo, marks, caller)?.validated()),
            None => Err(Problem::no_photo()),
        }
    }

    async fn edit(&self, caller: &Caller, id: PhotoId, call: &Call) -> Result<Reply, Problem> {
        let changes = changes(&call.json()?)?;
        let last_medium = changes.alts.keys().next_back().copied();
        let editing = photo::edit(&self.table, id, caller.user_id, &changes, self.sessions.check(call));
        let marks = async { Ok(self.marks(caller.user_id, id).await?) };
        let (photo, marks): (_, Marks) = futures::try_join!(editing, marks)?;
        match photo {
            Some(photo) => self.view(&photo, marks, caller),
            None => Err(self.refusal(caller, id, last_medium).await?),
        }
    }

    async fn delete(&self, caller: &Caller, id: PhotoId, call: &Call) -> Result<Reply, Problem> {
        let reading = async {
            let taking = self.quotas.take(&quota::DELETIONS, caller.user_id, &[1], self.clock.now());
            Ok(futures::try_join!(photo::get_latest(&self.table, id), taking)?)
        };
        let ((photo, taken), ()) = futures::try_join!(reading, self.sessions.check(call))?;
        taken.map_err(over_quota)?;
        match photo {
            Some(photo) if photo.author == caller.user_id => {
                let deleted = photo::delete(&self.table, id, caller.user_id).await?;
                if deleted { Ok(Reply::no_content()) } else { Err(Problem::no_photo()) }
            }
            _ => Err(self.refusal(caller, id, None).await?),
        }
    }

    /// Reads what somebody did with a photo. 1 RRU.
    async fn marks(&self, user: UserId, photo: PhotoId) -> table::Result<Marks> {
        let (liked, saved) = futures::try_join!(
            like::exists(&self.table, user, photo),
            saved::exists(&self.table, user, photo),
        )?;
        Ok(Marks { liked, saved })
    }

    /// Returns the problem that says why `caller` may not change the photo, or its medium of this index. Costs
    /// 1 RRU, and 2 for a photo that is not for everyone, is hidden, or does not exist.
    async fn refusal(&self, caller: &Caller, id: PhotoId, medium: Option<usize>) -> Result<Problem, Problem> {
        let table = &self.table;
        let (photo, viewer) = futures::try_join!(photo::get(table, id), Viewer::get(table, caller.user_id))?;
        let seen = viewer.sees_photo(table, photo.as_ref()).await?;
        Ok(match photo.filter(|_| seen) {
            Some(photo) if photo.author != caller.user_id => {
                Problem::forbidden("not_your_photo", "Only its author may change or delete a photo.")
            }
            Some(photo) if medium.is_some_and(|index| index >= photo.media.len()) => no_such_medium().into(),
            _ => Problem::no_photo(),
        })
    }

    fn view(&self, photo: &Photo, marks: Marks, caller: &Caller) -> Result<Reply, Problem> {
        Reply::ok(&PhotoView::new(photo, &self.cdn_url, marks, caller.user_id))
    }
}

impl runtime::http::Handler for PhotoHandler {
    async fn handle(&self, call: &Call) -> Result<Reply, Problem> {
        let caller = call.caller()?;
        let id = call.path("photo_id").parse().map_err(|_| Problem::no_photo())?;
        match call.route() {
            "GET /api/v1/photos/{photo_id}" => self.show(caller, id).await,
            // On the heap, because it is by far the largest.
            "PATCH /api/v1/photos/{photo_id}" => Box::pin(self.edit(caller, id, call)).await,
            "DELETE /api/v1/photos/{photo_id}" => self.delete(caller, id, call).await,
            _ => Err(runtime::http::unknown_route()),
        }
    }
}

/// Returns the changes that an edit asks for. Absent fields stay; blank text and an empty list of tags
/// remove.
fn changes(request: &UpdatePhotoRequest) -> Result<TextChanges, Invalid> {
    let caption = match request.caption.as_deref() {
        Some(text) => Patch::present(Caption::parse(text)?),
        None => Patch::Keep,
    };
    let place = match request.location.as_deref() {
        Some(text) => Patch::present(Location::parse(text)?),
        None => Patch::Keep,
    };
    let tags = match &request.tags {
        Some(tags) => {
            let tags = Tag::parse_all(tags.iter().map(String::as_str))?;
            Patch::present((!tags.is_empty()).then_some(tags))
        }
        None => Patch::Keep,
    };
    let mut alts = BTreeMap::new();
    for UpdateMediumRequest { index, alt } in &request.media {
        let alt = match alt.as_deref() {
            Some(text) => Patch::present(AltText::parse(text)?),
            None => Patch::Keep,
        };
        if *index >= MAX_MEDIA || alts.insert(*index, alt).is_some() {
            return Err(no_such_medium());
        }
    }
    let (commenting, hides_likes) = (request.comments.map(Into::into), request.hide_like_count);
    let muted = request.notifications_muted;
    Ok(TextChanges { caption, place, tags, alts, commenting, hides_likes, muted })
}

fn no_such_medium() -> Invalid {
    Invalid::new("medium_invalid", "A medium is named by its index in the photo, and once.")
}
