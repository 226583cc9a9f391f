//! `feed-read`: shows the personal feed, newest first.
//!
//! - **Trigger**: `GET /api/v1/feed?count=20&cursor=…`.
//! - **Access patterns**: one query of the feed gives the reader's state and the newest entries. One
//!   `BatchGetItem` reads the heads of followed celebrities that this process has not read in the last
//!   seconds. One more, of photos, and beside it one range query of the reader's likes hydrate the entries. A
//!   reader who was away, or who scrolls past what was pushed, is answered from the heads and timelines of
//!   everyone they follow.
//! - **Emits**: nothing. The mark of a returning reader reaches `backfill` through the table's stream.
//! - **Redelivery**: a request writes only the day of the last visit and the mark of a return. Both writes
//!   are conditional.
//! - **Failures**: the caller gets a problem and asks again.
//!
//! The pushed feed is an optimisation. What is not in it is pulled, so no page depends on fan-out.

mod celebrities;
mod photo_cache;
mod pulled;
mod source;

use std::sync::Arc;

use api::wire::{FeedPage, PhotoCard};
use api::{Call, Problem, Reply};
use domain::cursor::{FeedPosition, List};
use domain::photo::Photo;
use domain::{Clock, UserId};
use runtime::Aws;
use table::Table;

use crate::celebrities::Celebrities;
use crate::photo_cache::PhotoCache;
use crate::source::Source;

runtime::config! {
    /// Settings of `feed-read`.
    pub struct Config {
        /// Name of the table.
        pub table_name: String,
        /// The KMS key whose public half verifies access tokens.
        pub jwt_key_id: String,
        /// Base URL of renditions.
        pub cdn_url: String,
    }
}

/// Rounds in which a page is refilled when its photos turn out to be gone. After the last round the page
/// is short and has a cursor, which is better than a slow page.
const ROUNDS: usize = 8;

/// Handles reading the feed.
pub struct FeedReadHandler {
    table: Table,
    cdn_url: String,
    clock: Arc<dyn Clock>,
    photos: PhotoCache,
    celebrities: Celebrities,
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
        }
    }

    /// Returns a page of the feed. Entries whose photo is gone are dropped, and older ones take their place.
    async fn page(&self, reader: UserId, mut source: Source, count: usize) -> Result<FeedPage, Problem> {
        let now = self.clock.now();
        let mut shown: Vec<PhotoCard> = Vec::with_capacity(count);
        let mut position: Option<FeedPosition> = None;
        for _ in 0..ROUNDS {
            // One entry more than asked for tells whether there is a next page.
            let wanted = count + 1 - shown.len();
            let batch = source.next(&self.table, &self.celebrities, wanted, now).await?;
            let mode = source.mode();
            let photos: Vec<_> = batch.entries.iter().map(|entry| entry.photo).collect();
            let (cards, liked) = futures::try_join!(
                self.photos.get(&self.table, &photos, now),
                table::like::liked_among(&self.table, reader, &photos),
            )?;
            for entry in &batch.entries {
                let card = cards.get(&entry.photo).filter(|photo: &&Arc<Photo>| photo.is_listed());
                if let Some(photo) = card {
                    if shown.len() == count {
                        return Ok(FeedPage::new(shown, position));
                    }
                    shown.push(PhotoCard::new(photo, &self.cdn_url, liked.contains(&entry.photo)));
                }
                position = Some(FeedPosition { mode, after: entry.photo });
            }
            if batch.last {
                return Ok(FeedPage::new(shown, None));
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
                let position = call.position::<FeedPosition>(List::Feed)?;
                let source = Source::open(&self.table, reader, position, count + 1, self.clock.now()).await?;
                runtime::metrics::count(source.metric(), 1);
                Reply::ok(&self.page(reader, source, count).await?)
            }
            _ => Err(runtime::http::unknown_route()),
        }
    }
}
