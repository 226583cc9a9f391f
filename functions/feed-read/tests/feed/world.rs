//! A small world behind the handler: people, whom they follow, and ready photos, derived as `derive` does it.

use std::time::Duration;

use api::Caller;
use domain::account::UserName;
use domain::feed::Entry;
use domain::photo::{ContentType, Medium, Photo, Rendered, State};
use domain::rate::UPLOADS;
use domain::session::RefreshToken;
use domain::{Clock, PhotoId, UserId};
use feed_read::Deps;
use serde_json::Value;
use table::guard::{self, RateStep};
use table::session::Opened;
use table::user::{Registration, User};
use table::{Table, feed, follow, like, photo, timeline, user};
use testkit::http::{Answer, Request, call};
use testkit::{Engine, ManualClock, SeededRandom};

pub(crate) struct World {
    pub(crate) engine: Engine,
    pub(crate) table: Table,
    pub(crate) clock: ManualClock,
    random: SeededRandom,
    deps: Deps,
}

impl World {
    pub(crate) async fn new() -> Self {
        let engine = Engine::start().await;
        let table = Table::new(engine.client(), engine.table_name());
        let clock = ManualClock::new();
        let deps = Deps::new(table.clone(), "https://cdn.test", clock.shared());
        Self { engine, table, clock, random: SeededRandom::default(), deps }
    }

    /// A second instance of the function, with nothing cached.
    pub(crate) fn cold(&self) -> Deps {
        Deps::new(self.table.clone(), "https://cdn.test", self.clock.shared())
    }

    pub(crate) async fn user(&self, name: &str) -> Caller {
        let username = UserName::parse(name).unwrap();
        let user = User::new(UserId::generate(&self.clock, &self.random), username.clone(), None);
        let token = RefreshToken::issue(&self.random);
        let session = Opened { user: user.id, username, token, now: self.clock.now() };
        let done =
            user::register(&self.table, &user, &format!("digest-of-{name}"), "hash", &session).await.unwrap();
        assert_eq!(done, Registration::Done);
        Caller { user_id: user.id, username: name.to_owned() }
    }

    pub(crate) async fn follow(&self, reader: &Caller, author: &Caller) {
        let edge = follow::Follow { username: reader.username.clone(), at: self.clock.now() };
        follow::add(&self.table, reader.user_id, author.user_id, &edge).await.unwrap();
    }

    /// Posts a ready photo, a second after the last one, and derives the author's timeline.
    pub(crate) async fn post(&self, author: &Caller) -> PhotoId {
        self.clock.advance(Duration::from_secs(1));
        let id = PhotoId::generate(&self.clock, &self.random);
        let medium = Medium { content_type: ContentType::Jpeg, size: 1, alt: None, rendered: None };
        let new = Photo {
            id,
            author: author.user_id,
            author_name: author.username.clone(),
            caption: None,
            place: None,
            tags: vec![],
            media: vec![medium],
            state: State::Processing,
            pending: 1,
            failure: None,
            likes: 0,
            comments: 0,
        };
        let now = self.clock.now();
        let tat = guard::of_upload(&self.table, author.user_id, None, now).await.unwrap().tat;
        let rate = RateStep::admit(guard::UPLOADS, UPLOADS, tat, now).unwrap();
        photo::create(&self.table, &new, &rate, None).await.unwrap();
        let facts = Rendered {
            width: 4,
            height: 3,
            blurhash: "LEHV6nWB2yk8".to_owned(),
            sha256: "00".to_owned(),
            phash: "00".to_owned(),
        };
        photo::finish_medium(&self.table, &new, 0, &facts).await.unwrap();
        timeline::derive(&self.table, author.user_id, id, true).await.unwrap();
        id
    }

    /// Deletes a photo as its author would, with or without what is derived from that.
    pub(crate) async fn delete(&self, author: &Caller, id: PhotoId, derived: bool) {
        assert!(photo::delete(&self.table, id, author.user_id).await.unwrap());
        if derived {
            timeline::derive(&self.table, author.user_id, id, false).await.unwrap();
        }
    }

    pub(crate) async fn push(&self, reader: &Caller, author: &Caller, photo: PhotoId) {
        feed::push(&self.table, &[reader.user_id], Entry { photo, author: author.user_id }).await.unwrap();
    }

    pub(crate) async fn like(&self, user: &Caller, author: &Caller, photo: PhotoId) {
        let edge =
            like::Like { author: author.user_id, username: user.username.clone(), at: self.clock.now() };
        like::add(&self.table, user.user_id, photo, &edge).await.unwrap();
    }

    /// Makes the reader one whose feed is written by fan-out: here today, nothing to rebuild.
    pub(crate) async fn make_active(&self, reader: &Caller) {
        let now = self.clock.now();
        feed::mark_returned(&self.table, reader.user_id, now).await.unwrap();
        feed::mark_rebuilt(&self.table, reader.user_id, now.0).await.unwrap();
    }

    pub(crate) async fn get(&self, reader: &Caller, count: usize, cursor: Option<&str>) -> Answer {
        self.get_from(&self.deps, reader, count, cursor).await
    }

    pub(crate) async fn get_from(
        &self,
        deps: &Deps,
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

    /// Scrolls to the end; the photos seen, page by page.
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

/// The photos of a page, in order.
pub(crate) fn ids(page: &Value) -> Vec<PhotoId> {
    let photos = page["photos"].as_array().unwrap();
    photos.iter().map(|photo| photo["photo_id"].as_str().unwrap().parse().unwrap()).collect()
}
