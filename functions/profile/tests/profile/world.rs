//! A table with people and photos in it.

use std::collections::HashSet;

use api::Caller;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::account::{EmailDigest, UserName};
use domain::media::{AddressSecret, PerceptualHash};
use domain::photo::{ContentType, Medium, Photo, Rendered, State};
use domain::session::Seen;
use domain::text::Caption;
use domain::user::User;
use domain::{Clock, Home, PhotoId, UserId};
use profile::ProfileHandler;
use serde_json::Value;
use table::keys::ItemKey;
use table::relations::EdgeState;
use table::session::{Opened, Owner};
use table::user::Registration;
use table::{Order, Table, photo};
use testkit::http::{Answer, Request, call, event};
use testkit::{Engine, ManualClock, SeededRandom, store_account, token_for};

pub(crate) const CDN: &str = "https://cdn.example";

pub(crate) struct World {
    pub(crate) engine: Engine,
    pub(crate) clock: ManualClock,
    pub(crate) table: Table,
    deps: ProfileHandler,
    pub(crate) ada: Caller,
    pub(crate) bob: Caller,
}

impl World {
    /// Creates a world with Ada, who asks, and Bob, whose profile is asked for.
    pub(crate) async fn new() -> Self {
        let (engine, clock) = (Engine::start().await, ManualClock::new());
        let table = Table::new(engine.client(), engine.table_name());
        let ada = register(&table, &clock, "Ada", 1).await;
        let bob = register(&table, &clock, "Bob", 2).await;
        engine.stream().await;
        engine.reset_usage();
        let deps = ProfileHandler::new(table.clone(), 1, CDN, clock.shared());
        Self { engine, clock, table, deps, ada, bob }
    }

    pub(crate) async fn call(&self, request: impl Into<Value>) -> Answer {
        call(&self.deps, &self.clock, request).await
    }

    /// Sends one of the event fixtures with a valid token of Ada's.
    pub(crate) async fn event(&self, case: &str, values: &[(&str, &str)]) -> Answer {
        let token = token_for(&self.ada, self.clock.now());
        let values: Vec<(&str, &str)> = values.iter().copied().chain([("token", token.as_str())]).collect();
        self.call(event("profile", case, &values)).await
    }

    /// Returns a request by Ada.
    pub(crate) fn request(&self, route: &str) -> Request {
        Request::to(route).by(&self.ada, &self.clock)
    }

    /// Stores a photo of Bob's that is `age` minutes old, and lists it in his timeline.
    pub(crate) async fn photo(&self, age: i64, state: State) -> PhotoId {
        let now = self.clock.now();
        let id = PhotoId::floor(now.plus_ms(-age * 60_000));
        let rendered = Rendered {
            width: 1080,
            height: 720,
            blurhash: "LEHV6nWB2yk8pyo0adR*.7kCMdnj".to_owned(),
            sha256: "ab".repeat(32),
            phash: PerceptualHash(0xcdcd),
            stored_at: None,
            similar_to: None,
        };
        let medium =
            Medium { content_type: ContentType::Jpeg, size: 2_000_000, alt: None, rendered: Some(rendered) };
        let photo = Photo {
            caption: Caption::parse(&format!("{age} minutes ago")).unwrap(),
            state,
            pending: usize::from(state != State::Ready),
            ..Photo::draft(id, self.bob.user_id, &self.bob.username, AddressSecret::from(1), vec![medium])
        };
        assert_eq!(photo::create(&self.table, &photo, None).await.unwrap(), photo::Creation::Done);
        table::settle(
            &self.table,
            vec![EdgeState::timeline(self.bob.user_id, id, Some(&[]))],
            Order::InOrder,
        )
        .await
        .unwrap();
        id
    }

    /// Has Bob's account be private, as its author's flag says.
    pub(crate) async fn make_bob_private(&self) {
        let key = ItemKey::User(self.bob.user_id).raw();
        let update = self.engine.client().update_item().table_name(self.engine.table_name());
        let update = update.key("pk", AttributeValue::S(key.pk)).key("sk", AttributeValue::S(key.sk));
        let update = update.update_expression("SET #private = :private");
        let update = update.expression_attribute_names("#private", "private");
        update.expression_attribute_values(":private", AttributeValue::Bool(true)).send().await.unwrap();
    }

    /// Stores ready photos of Bob's, newest first.
    pub(crate) async fn photos(&self, ages: std::ops::Range<i64>) -> Vec<PhotoId> {
        let mut ids = Vec::new();
        for age in ages {
            ids.push(self.photo(age, State::Ready).await);
        }
        ids
    }

    /// Deletes photos without updating the timeline, as a page meets them before the stream is worked off.
    pub(crate) async fn lose(&self, photos: &[PhotoId]) {
        for id in photos {
            assert!(photo::delete(&self.table, *id, self.bob.user_id).await.unwrap());
        }
    }

    pub(crate) async fn page(&self, count: usize, cursor: Option<&str>) -> Value {
        let request = self.request("GET /api/v1/users/{user_id}/photos").path("user_id", self.bob.user_id);
        let request = cursor
            .iter()
            .fold(request.query("count", count), |request, cursor| request.query("cursor", cursor));
        let answer = self.call(request).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.json["has_more"], answer.json["next_cursor"].is_string());
        answer.json
    }

    /// Reads all pages; returns all photos, and the length of each page.
    pub(crate) async fn walk(&self, count: usize) -> (Vec<PhotoId>, Vec<usize>) {
        let (mut shown, mut lengths, mut cursor) = (Vec::new(), Vec::new(), None);
        loop {
            let page = self.page(count, cursor.as_deref()).await;
            let ids = ids(&page);
            lengths.push(ids.len());
            shown.extend(ids);
            cursor = page["next_cursor"].as_str().map(str::to_owned);
            if cursor.is_none() {
                assert_eq!(shown.iter().collect::<HashSet<_>>().len(), shown.len(), "nothing twice");
                return (shown, lengths);
            }
        }
    }
}

pub(crate) fn ids(page: &Value) -> Vec<PhotoId> {
    let photos = page["photos"].as_array().unwrap();
    photos.iter().map(|photo| photo["photo_id"].as_str().unwrap().parse().unwrap()).collect()
}

async fn register(table: &Table, clock: &ManualClock, name: &str, seed: u64) -> Caller {
    let random = SeededRandom::new(seed);
    let username = UserName::parse(name).unwrap();
    let id = UserId::generate(Home::LOCAL, clock, &random);
    let user = User::new(id, username.clone(), Some(format!("{name} Lovelace")));
    let opened = Opened::new(&Owner { user: id, username }, Seen::default(), clock.now(), &random);
    let email = EmailDigest::new(format!("{seed:064}"));
    let done = store_account(table, &user, &email, "no hash", &opened).await;
    assert_eq!(done, Registration::Done);
    Caller { user_id: id, username: name.to_owned() }
}
