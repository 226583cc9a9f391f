//! `like`: likes and unlikes photos, and lists who likes one.
//!
//! - **Trigger**: `POST` and `DELETE /api/v1/photos/{photo_id}/like`, `GET /api/v1/photos/{photo_id}/likes`.
//! - **Access patterns**: one get of the photo, beside those of the caller's circle and session, and for a like
//!   the quota of likes (1 WRU). For a photo of a private account two more gets tell whether the caller follows
//!   its author. Then one conditional write of the caller's own edge. A page of likers is one query of derived
//!   edges beside whom the caller follows and blocks, then one `BatchGetItem` of profiles.
//! - **Emits**: nothing. The edge reaches `derive` through the table's stream. The counter and the
//!   notification follow from it.
//! - **Redelivery**: an edge exists or it does not. Liking twice makes one edge and is no error.
//! - **Failures**: the caller gets a problem and asks again.

use std::sync::Arc;

use api::wire::{LikeState, UserCard, UserPage};
use api::{Call, Caller, Problem, Reply};
use domain::cursor::List;
use domain::photo::Photo;
use domain::{Clock, PhotoId, UserId, quota};
use runtime::Aws;
use runtime::http::over_quota;
use table::guard::Quotas;
use table::like::Like;
use table::people::Person;
use table::sight::Viewer;
use table::{Table, like, people, photo};
use tokens::OpenSessions;

runtime::config! {
    /// Settings of `like`.
    pub struct Config {
        /// Name of the table.
        pub table_name: String,
        /// By how much the limits of the table of quotas are multiplied.
        pub quota_scale: u32,
        /// Address of the web client, below which renditions are, without a trailing slash.
        pub cdn_url: String,
    }
}

/// Handles liking a photo, unliking it, and listing who likes it.
pub struct LikeHandler {
    table: Table,
    quotas: Quotas,
    cdn_url: String,
    sessions: OpenSessions,
    clock: Arc<dyn Clock>,
}

impl LikeHandler {
    /// Connects to the table.
    pub fn connect(config: &Config, aws: &Aws) -> Self {
        let table = Table::new(aws.dynamodb(), &config.table_name);
        Self::new(table, config.quota_scale, &config.cdn_url, aws.clock())
    }

    /// Creates the handler for likes in `table`, with limits multiplied by `quota_scale`, and
    /// pictures under `cdn_url`.
    pub fn new(table: Table, quota_scale: u32, cdn_url: &str, clock: Arc<dyn Clock>) -> Self {
        let quotas = Quotas::new(table.clone(), quota_scale);
        let sessions = OpenSessions::new(table.clone(), clock.clone());
        Self { table, quotas, cdn_url: cdn_url.to_owned(), sessions, clock }
    }

    /// Reads the photo if the caller may see it. 1 RRU; one round trip and 2 RRU more unless it is for everyone.
    async fn visible(&self, caller: &Caller, id: PhotoId) -> Result<Option<Photo>, Problem> {
        let table = &self.table;
        let (photo, viewer) = futures::try_join!(photo::get(table, id), Viewer::get(table, caller.user_id))?;
        let seen = viewer.sees_photo(table, photo.as_ref()).await?;
        Ok(photo.filter(|_| seen))
    }

    async fn like(&self, call: &Call, caller: &Caller, id: PhotoId) -> Result<LikeState, Problem> {
        let now = self.clock.now();
        let taking = async { Ok(self.quotas.take(&quota::LIKES, caller.user_id, &[1], now).await?) };
        let open = self.sessions.check(call);
        let (photo, taken, ()) = futures::try_join!(self.visible(caller, id), taking, open)?;
        taken.map_err(over_quota)?;
        let photo = photo.ok_or_else(Problem::no_photo)?;
        let edge = Like { author: photo.author, username: caller.username.clone(), at: now };
        let added = like::add(&self.table, caller.user_id, id, &edge).await?;
        // The stored count follows a moment later, so what this call changed is added to what was read.
        // A repeated like adds nothing, but the caller's own like makes the count at least one.
        let likes_count = (photo.likes + i64::from(added)).max(1);
        Ok(LikeState::new(&photo, likes_count, true, caller.user_id))
    }

    /// Removes the caller's like, also from a photo that is deleted or hidden from them.
    ///
    /// Everybody may take their own like back. The answer is then that there is no such photo.
    async fn unlike(&self, call: &Call, caller: &Caller, id: PhotoId) -> Result<LikeState, Problem> {
        let (photo, ()) = futures::try_join!(self.visible(caller, id), self.sessions.check(call))?;
        let removed = like::remove(&self.table, caller.user_id, id).await?;
        let photo = photo.ok_or_else(Problem::no_photo)?;
        let likes_count = (photo.likes - i64::from(removed)).max(0);
        Ok(LikeState::new(&photo, likes_count, false, caller.user_id))
    }

    async fn likers(
        &self,
        caller: &Caller,
        id: PhotoId,
        after: Option<UserId>,
        count: usize,
    ) -> Result<UserPage, Problem> {
        self.visible(caller, id).await?.ok_or_else(Problem::no_photo)?;
        let page = people::page(&self.table, caller.user_id, count, after, |after, limit| {
            like::likers(&self.table, id, after, limit)
        })
        .await?;
        let card = |person: Person| UserCard::new(person.user, &self.cdn_url, person.followed);
        let users = page.users.into_iter().map(card).collect();
        Ok(UserPage::new(users, List::Likers, page.next))
    }
}

impl runtime::http::Handler for LikeHandler {
    async fn handle(&self, call: &Call) -> Result<Reply, Problem> {
        let caller = call.caller()?;
        let photo = || call.path("photo_id").parse().map_err(|_| Problem::no_photo());
        match call.route() {
            "POST /api/v1/photos/{photo_id}/like" => Reply::ok(&self.like(call, caller, photo()?).await?),
            "DELETE /api/v1/photos/{photo_id}/like" => Reply::ok(&self.unlike(call, caller, photo()?).await?),
            "GET /api/v1/photos/{photo_id}/likes" => {
                let (count, after) = (call.count()?, call.position(List::Likers)?);
                Reply::ok(&self.likers(caller, photo()?, after, count).await?)
            }
            _ => Err(runtime::http::unknown_route()),
        }
    }
}
