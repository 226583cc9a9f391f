//! The handler under test and a world behind it.

use std::ops::Deref;

use api::Caller;
use domain::PhotoId;
use domain::feed::Entry;
use feed_read::FeedReadHandler;
use serde_json::Value;
use table::reader::Rebuilt;
use table::{feed, snapshot};
use testkit::http::{Answer, Request, call};

pub(crate) struct World {
    world: testkit::World,
    deps: FeedReadHandler,
}

impl Deref for World {
    type Target = testkit::World;

    fn deref(&self) -> &testkit::World {
        &self.world
    }
}

impl World {
    pub(crate) async fn new() -> Self {
        let world = testkit::World::new().await;
        let deps = FeedReadHandler::new(world.table.clone(), "https://cdn.test", world.clock.shared());
        Self { world, deps }
    }

    /// Returns another instance of the function, with nothing cached.
    pub(crate) fn cold(&self) -> FeedReadHandler {
        FeedReadHandler::new(self.table.clone(), "https://cdn.test", self.clock.shared())
    }

    /// Posts a ready photo and derives everything that follows from it.
    pub(crate) async fn post(&self, author: &Caller) -> PhotoId {
        let photo = self.world.post(author).await;
        self.derive().await;
        photo
    }

    pub(crate) async fn push(&self, reader: &Caller, author: &Caller, photo: PhotoId) {
        let entry = Entry { photo, author: author.user_id };
        feed::push(&self.table, &[reader.user_id], &[entry], domain::Clock::now(&self.clock)).await.unwrap();
    }

    /// Takes the snapshot that the reader's mark asks for, as `backfill` does.
    pub(crate) async fn rebuild(&self, reader: &Caller) {
        let (now, reader) = (domain::Clock::now(&self.clock), reader.user_id);
        let state = table::reader::get_latest(&self.table, reader).await.unwrap().unwrap();
        let mark = state.rebuild.unwrap();
        let whole = snapshot::whole(&self.table, reader, now).await.unwrap();
        snapshot::store(&self.table, reader, mark, &whole.run, now).await.unwrap();
        let rebuilt = Rebuilt {
            newest: whole.run.entries.first().map(|entry| entry.photo),
            celebrities: whole.celebrities.into_iter().take(domain::feed::PULLED_LEN).collect(),
            ..Rebuilt::default()
        };
        assert!(table::reader::mark_rebuilt(&self.table, reader, mark, &rebuilt).await.unwrap());
    }

    pub(crate) async fn get(&self, reader: &Caller, count: usize, cursor: Option<&str>) -> Answer {
        self.get_from(&self.deps, reader, count, cursor).await
    }

    pub(crate) async fn get_from(
        &self,
        deps: &FeedReadHandler,
        reader: &Caller,
        count: usize,
        cursor: Option<&str>,
    ) -> Answer {
        let mut request = Request::to("GET /api/v1/feed").query("count", count).by(reader, &self.clock);
        if let Some(cursor) = cursor {
            request = request.query("cursor", cursor);
        }
        call(deps, &self.clock, request).await
    }

    /// Scrolls to the end; returns the photos seen, page by page.
    pub(crate) async fn scroll(&self, reader: &Caller, count: usize) -> Vec<Vec<PhotoId>> {
        let (mut pages, mut cursor) = (Vec::new(), None::<String>);
        loop {
            let answer = self.get(reader, count, cursor.as_deref()).await;
            assert_eq!(answer.status, 200, "{}", answer.json);
            pages.push(ids(&answer.json));
            cursor = answer.json["next_cursor"].as_str().map(str::to_owned);
            assert_eq!(answer.json["has_more"], cursor.is_some());
            if cursor.is_none() {
                return pages;
            }
        }
    }
}

/// Returns the ids of a page's photos, in order.
pub(crate) fn ids(page: &Value) -> Vec<PhotoId> {
    let photos = page["photos"].as_array().unwrap();
    photos.iter().map(|photo| photo["photo_id"].as_str().unwrap().parse().unwrap()).collect()
}
