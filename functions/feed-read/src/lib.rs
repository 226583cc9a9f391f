//! `feed-read`: shows the personal feed, newest first, and says whether it has anything newer.
//!
//! - **Trigger**: `GET /api/v1/feed?count=20&cursor=…`, `GET /api/v1/feed/newer?than=…`.
//! - **Access patterns**: one query of the feed gives the reader's state and the newest entries; further down
//!   they are two reads side by side. Whom the reader follows, blocks and mutes is read beside them (1 RRU).
//!   Beside each other follow, where the state calls for them: up to two chunks of the snapshot, the photos of
//!   authors followed since, and one `BatchGetItem` of the heads of followed celebrities that this process has
//!   not read in the last seconds. One more `BatchGetItem`, of photos, hydrates the entries. Beside it are range
//!   queries of the reader's likes and of what they saved. A reader who follows more people than their packed
//!   followings hold may cost one more, of their edges to private authors among the others. Any page costs at
//!   most 60 RRU and 12 round trips. One request looks at everyone a reader follows: that of a return. Whether
//!   there is anything newer is one query, and what `newer` reads beside each other where there is.
//! - **Emits**: nothing. The mark of a reader who needs a snapshot reaches `backfill` through the table's
//!   stream.
//! - **Redelivery**: a request writes only the day of the last visit, the mark of a return, and the snapshot
//!   with which later pages continue until `backfill` has taken a whole one. A repeated write changes
//!   nothing.
//! - **Failures**: the caller gets a problem and asks again.
//!
//! The pushed entries are an optimisation. What is not among them comes with the next snapshot.

mod celebrities;
mod feed;
mod names;
mod newer;
mod photo_cache;
mod sight;

use std::sync::Arc;

use api::wire::{FeedPage, Marks, PhotoCard};
use api::{Call, Problem, Reply};
use domain::cursor::List;
use domain::photo::Photo;
use domain::{Clock, PhotoId, UserId};
use runtime::Aws;
use table::Table;
use table::photo::TextBudget;

use crate::celebrities::Celebrities;
use crate::feed::Feed;
use crate::names::Names;
use crate::photo_cache::PhotoCache;
use crate::sight::Sight;

runtime::config! {
    /// Settings of `feed-read`.
    pub struct Config {
        /// Name of the table.
        pub table_name: String,
        /// Base URL of renditions.
        pub cdn_url: String,
    }
}

/// Rounds in which a page is filled. The second is for pages whose photos turn out to be gone. After it the
/// page is short and has a cursor, which is better than a slow page.
const ROUNDS: usize = 2;
/// RRU that are left for photos and for what their entries are read from: 60 without the long texts of a page,
/// the likes of both rounds, and whom the reader follows, blocks and mutes.
const BUDGET: usize = 41;

/// Handles reading the feed.
pub struct FeedReadHandler {
    table: Table,
    cdn_url: String,
    clock: Arc<dyn Clock>,
    photos: PhotoCache,
    celebrities: Celebrities,
    names: Names,
}

impl FeedReadHandler {
    /// Connects to the table.
    pub fn connect(config: &Config, aws: &Aws) -> Self {
        Self::new(Table::new(aws.dynamodb(), &config.table_name), &config.cdn_url, aws.clock())
    }

    /// Creates a reader of feeds in `table` that shows pictures under `cdn_url`.
    pub fn new(table: Table, cdn_url: &str, clock: Arc<dyn Clock>) -> Self {
        Self {
            table,
            cdn_url: cdn_url.to_owned(),
            clock,
            photos: PhotoCache::default(),
            celebrities: Celebrities::default(),
            names: Names::default(),
        }
    }

    /// Returns a page of the feed. Entries whose photo is gone, and those that are not for the reader, are
    /// dropped, and older ones take their place.
    /// A page whose long texts exceed their budget is short and has a cursor.
    async fn page(&self, reader: UserId, after: Option<PhotoId>, count: usize) -> Result<FeedPage, Problem> {
        let now = self.clock.now();
        // One entry more than asked for tells whether there is a next page.
        let opening = Feed::open(&self.table, reader, after, count + 1, now);
        let (mut feed, sight) = futures::try_join!(opening, Sight::get(&self.table, reader))?;
        let mut shown: Vec<PhotoCard> = Vec::with_capacity(count);
        let mut position = after;
        let mut texts = TextBudget::of_page();
        // Items that may be read for photos, shown or gone, for 0.5 RRU each.
        let mut left = 2 * BUDGET.saturating_sub(feed.read_units());
        for round in 0..ROUNDS {
            let most = left / sight.reads_each();
            let wanted = if round == 0 { most.min(count + 1) } else { most };
            let batch = feed.next(&self.table, &self.celebrities, wanted).await?;
            let left_out =
                sight.left_out(&self.table, batch.entries.iter().map(|entry| entry.author)).await?;
            let shown_of = batch.entries.iter().filter(|entry| !left_out.contains(&entry.author));
            let photos: Vec<_> = shown_of.map(|entry| entry.photo).collect();
            left = left.saturating_sub(photos.len() * sight.reads_each());
            let (cards, liked, saved) = futures::try_join!(
                self.photos.get(&self.table, &photos, now, &mut texts),
                table::like::liked_among(&self.table, reader, &photos),
                table::saved::saved_among(&self.table, reader, &photos),
            )?;
            let seen = sight.authors_seen(&self.table, cards.values()).await?;
            for entry in &batch.entries {
                if texts.ends_before(entry.photo) {
                    return Ok(FeedPage::new(shown, position));
                }
                let is_seen = |photo: &&Arc<Photo>| photo.is_listed() && seen.contains(&photo.author);
                if let Some(photo) = cards.get(&entry.photo).filter(is_seen) {
                    if shown.len() == count {
                        return Ok(FeedPage::new(shown, position));
                    }
                    let (liked, saved) = (liked.contains(&entry.photo), saved.contains(&entry.photo));
                    shown.push(PhotoCard::new(photo, &self.cdn_url, Marks { liked, saved }, reader));
                }
                position = Some(entry.photo);
            }
            if batch.last {
                return Ok(FeedPage::new(shown, None));
            }
            position = batch.reached.or(position);
            if left < sight.reads_each() || batch.waits {
                break;
            }
        }
        Ok(FeedPage::new(shown, position))
    }
}

impl runtime::http::Handler for FeedReadHandler {
    async fn handle(&self, call: &Call) -> Result<Reply, Problem> {
        match call.route() {
            "GET /api/v1/feed" => {
                let reader = call.caller()?.user_id;
                let count = call.count()?;
                let after = call.position::<PhotoId>(List::Feed)?;
                Reply::ok(&self.page(reader, after, count).await?)
            }
            "GET /api/v1/feed/newer" => {
                let reader = call.caller()?.user_id;
                let than = call.query("than").and_then(|than| than.parse().ok());
                let than =
                    than.ok_or_else(|| Problem::bad_request("bad_than", "than is the id of a photo."))?;
                Reply::ok(&self.newer(reader, than).await?)
            }
            _ => Err(runtime::http::unknown_route()),
        }
    }
}
