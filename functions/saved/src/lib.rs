//! `saved`: keeps photos for the caller alone, and sorts them into collections.
//!
//! - **Trigger**: `POST` and `DELETE /api/v1/photos/{photo_id}/save`, `GET /api/v1/users/me/saved`,
//!   `GET` and `POST /api/v1/users/me/collections`, `PATCH` and `DELETE …/collections/{collection_id}`.
//! - **Access patterns**: saving reads the photo, what the caller's view is filtered by, and the collection
//!   beside the quota (at most 2 RRU and 1 WRU); then one conditional write of the caller's own item (1 WRU). A
//!   private photo takes one more round trip (2 RRU). A page is one query of the caller's own items beside what
//!   their view is filtered by, then one `BatchGetItem` of photos beside one query of the caller's likes.
//!   Collections are one query, and each change of one is one write.
//! - **Emits**: nothing. What somebody saved is nobody else's business, and nothing is derived from it.
//! - **Redelivery**: a photo is saved or it is not, and a collection has it or has not. Doing it twice is once.
//!   Creating a collection twice makes two, which a client with an answer lost deletes.
//! - **Failures**: the caller gets a problem and asks again.
//!
//! A photo that is deleted, or hidden from the caller by now, is left out of the list, and is there again if it is
//! shown to them again.

mod collections;

use std::sync::Arc;

use api::wire::{Marks, PhotoCard, SavedPage};
use api::{Call, Caller, Problem, Reply};
use domain::cursor::List;
use domain::photo::Photo;
use domain::{Clock, CollectionId, PhotoId, Randomness, UserId, quota};
use runtime::Aws;
use runtime::http::over_quota;
use table::guard::Quotas;
use table::photo::TextBudget;
use table::sight::Viewer;
use table::{Table, followings, like, photo, saved};
use tokens::OpenSessions;

runtime::config! {
    /// Settings of `saved`.
    pub struct Config {
        /// Name of the table.
        pub table_name: String,
        /// By how much the limits of the table of quotas are multiplied.
        pub quota_scale: u32,
        /// Base URL of renditions and address of the web client, without a trailing slash.
        pub cdn_url: String,
    }
}

/// Rounds in which a page is refilled when photos of it turn out to be gone or hidden. After the last round the
/// page is short and has a cursor, which is better than a slow page.
const ROUNDS: usize = 2;

/// Handles saved photos and their collections.
pub struct SavedHandler {
    table: Table,
    quotas: Quotas,
    cdn_url: String,
    sessions: OpenSessions,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Randomness>,
}

impl SavedHandler {
    /// Connects to the table.
    pub fn connect(config: &Config, aws: &Aws) -> Self {
        let table = Table::new(aws.dynamodb(), &config.table_name);
        Self::new(table, config.quota_scale, &config.cdn_url, aws.clock(), aws.random())
    }

    /// Creates the handler for what is saved in `table`, with limits multiplied by `quota_scale`, and pictures
    /// under `cdn_url`.
    pub fn new(
        table: Table,
        quota_scale: u32,
        cdn_url: &str,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Randomness>,
    ) -> Self {
        let quotas = Quotas::new(table.clone(), quota_scale);
        let sessions = OpenSessions::new(table.clone(), clock.clone());
        Self { table, quotas, cdn_url: cdn_url.to_owned(), sessions, clock, random }
    }

    async fn save(&self, call: &Call, caller: &Caller, id: PhotoId) -> Result<Reply, Problem> {
        let (table, me, now) = (&self.table, caller.user_id, self.clock.now());
        let collection = collections::named(call)?;
        let reading = async {
            let known = async {
                match collection {
                    Some(collection) => saved::has_collection(table, me, collection).await,
                    None => Ok(true),
                }
            };
            let taking = self.quotas.take(&quota::SAVES, me, &[1], now);
            Ok(futures::try_join!(photo::get(table, id), Viewer::get(table, me), known, taking)?)
        };
        let ((photo, viewer, known, taken), ()) = futures::try_join!(reading, self.sessions.check(call))?;
        taken.map_err(over_quota)?;
        if !viewer.sees_photo(table, photo.as_ref()).await? {
            return Err(Problem::no_photo());
        }
        if !known {
            return Err(collections::none());
        }
        saved::add(table, me, id, collection, now).await?;
        Ok(Reply::no_content())
    }

    /// Takes a photo out of a collection, or saves it no more. Everybody may take their own back, also of a photo
    /// that is deleted or hidden from them.
    async fn unsave(&self, call: &Call, caller: &Caller, id: PhotoId) -> Result<Reply, Problem> {
        let collection = collections::named(call)?;
        self.sessions.check(call).await?;
        match collection {
            Some(collection) => saved::take_out(&self.table, caller.user_id, id, collection).await?,
            None => saved::remove(&self.table, caller.user_id, id).await?,
        }
        Ok(Reply::no_content())
    }

    async fn page(
        &self,
        me: UserId,
        collection: Option<CollectionId>,
        before: Option<PhotoId>,
        count: usize,
    ) -> Result<SavedPage, Problem> {
        let table = &self.table;
        let (mut found, viewer, followings) = futures::try_join!(
            saved::page(table, me, collection, before, count),
            Viewer::get(table, me),
            followings::get(table, me),
        )?;
        let mut shown = Vec::with_capacity(count);
        let mut texts = TextBudget::of_page();
        let mut position = before;
        for round in 1.. {
            let (photos, liked) = futures::try_join!(
                photo::get_page(table, &found.photos, &mut texts),
                like::liked_among(table, me, &found.photos),
            )?;
            let seen = viewer.seen_among(table, &followings, photos.values().map(Photo::shown_by)).await?;
            for id in &found.photos {
                if shown.len() == count || texts.ends_before(*id) {
                    return Ok(SavedPage::new(shown, position));
                }
                let visible = |photo: &&Photo| photo.is_listed() && seen.contains(&photo.author);
                if let Some(photo) = photos.get(id).filter(visible) {
                    let marks = Marks { liked: liked.contains(id), saved: true };
                    shown.push(PhotoCard::new(photo, &self.cdn_url, marks, viewer.id));
                }
                position = Some(*id);
            }
            position = found.reached;
            if position.is_none() || shown.len() == count || round == ROUNDS {
                break;
            }
            found = saved::page(table, me, collection, position, count).await?;
        }
        Ok(SavedPage::new(shown, position))
    }
}

impl runtime::http::Handler for SavedHandler {
    async fn handle(&self, call: &Call) -> Result<Reply, Problem> {
        let caller = call.caller()?;
        let photo = || call.path("photo_id").parse().map_err(|_| Problem::no_photo());
        match call.route() {
            "POST /api/v1/photos/{photo_id}/save" => self.save(call, caller, photo()?).await,
            "DELETE /api/v1/photos/{photo_id}/save" => self.unsave(call, caller, photo()?).await,
            "GET /api/v1/users/me/saved" => {
                let collection = call.query("collection").map(collections::parse).transpose()?;
                let (count, before) = (call.count()?, call.position(List::Saved)?);
                Reply::ok(&self.page(caller.user_id, collection, before, count).await?)
            }
            "GET /api/v1/users/me/collections" => Reply::ok(&self.collections(caller.user_id).await?),
            "POST /api/v1/users/me/collections" => self.create(call, caller.user_id).await,
            "PATCH /api/v1/users/me/collections/{collection_id}" => self.rename(call, caller.user_id).await,
            "DELETE /api/v1/users/me/collections/{collection_id}" => self.delete(call, caller.user_id).await,
            _ => Err(runtime::http::unknown_route()),
        }
    }
}
