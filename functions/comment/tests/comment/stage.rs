//! The handler under test, with its world.

use api::Caller;
use aws_sdk_dynamodb::types::AttributeValue;
use comment::CommentHandler;
use domain::PhotoId;
use domain::photo::Photo;
use serde_json::{Value, json};
use table::keys::ItemKey;
use table::photo::{self, TextChanges};
use testkit::World;
use testkit::http::{Answer, Request, call};

pub const CREATE: &str = "POST /api/v1/photos/{photo_id}/comments";
pub const LIST: &str = "GET /api/v1/photos/{photo_id}/comments";
pub const REPLIES: &str = "GET /api/v1/photos/{photo_id}/comments/{comment_id}/replies";
pub const DELETE: &str = "DELETE /api/v1/photos/{photo_id}/comments/{comment_id}";
pub const LIKE: &str = "POST /api/v1/photos/{photo_id}/comments/{comment_id}/like";
pub const UNLIKE: &str = "DELETE /api/v1/photos/{photo_id}/comments/{comment_id}/like";
pub const PIN: &str = "POST /api/v1/photos/{photo_id}/comments/{comment_id}/pin";
pub const UNPIN: &str = "DELETE /api/v1/photos/{photo_id}/comments/{comment_id}/pin";

pub struct Stage {
    pub world: World,
    pub ann: Caller,
    pub bob: Caller,
    /// A photo of ann's.
    pub photo: PhotoId,
}

impl Stage {
    pub async fn new() -> Self {
        let world = World::new().await;
        let (ann, bob) = (world.person("ann").await, world.person("bob").await);
        let photo = world.post(&ann).await;
        world.derive().await;
        Self { world, ann, bob, photo }
    }

    pub fn handler(&self) -> CommentHandler {
        let World { table, clock, random, .. } = &self.world;
        CommentHandler::new(table.clone(), 1, "https://cdn.test", clock.shared(), random.shared())
    }

    pub fn request(&self, route: &str, who: &Caller, comment: Option<&str>) -> Request {
        let request = Request::to(route).path("photo_id", self.photo).by(who, &self.world.clock);
        match comment {
            Some(comment) => request.path("comment_id", comment),
            None => request,
        }
    }

    pub async fn send(&self, request: Request) -> Answer {
        // Ids of one millisecond sort by chance.
        self.world.clock.advance(std::time::Duration::from_millis(5));
        call(&self.handler(), &self.world.clock, request).await
    }

    /// Asks about a comment.
    pub async fn ask(&self, route: &str, who: &Caller, comment: &str) -> Answer {
        self.send(self.request(route, who, Some(comment))).await
    }

    /// Sends a comment, or a reply.
    pub async fn create(&self, who: &Caller, text: &str, reply_to: Option<&str>) -> Answer {
        let body = json!({ "text": text, "reply_to": reply_to });
        self.send(self.request(CREATE, who, None).json(&body)).await
    }

    /// Writes a comment; returns its id.
    pub async fn written(&self, who: &Caller, text: &str, reply_to: Option<&str>) -> String {
        let answer = self.create(who, text, reply_to).await;
        assert_eq!(answer.status, 201, "{}", answer.json);
        answer.json["comment_id"].as_str().unwrap().to_owned()
    }

    /// Returns the first page of a list.
    pub async fn list(&self, who: &Caller, query: &[(&str, &str)]) -> Value {
        let mut request = self.request(LIST, who, None);
        for (name, value) in query {
            request = request.query(name, value);
        }
        let answer = self.send(request).await;
        assert_eq!(answer.status, 200, "{}", answer.json);
        answer.json
    }

    /// Stores that `who` blocks `whom`, as what follows from it says it to both.
    pub async fn block(&self, who: &Caller, whom: &Caller) {
        for (viewer, list, other) in [(who, "blocks", whom), (whom, "blocked_by", who)] {
            let bytes = other.user_id.get().to_be_bytes().to_vec();
            let key = ItemKey::Circle(viewer.user_id).raw();
            let put = self.world.engine.client().put_item().table_name(self.world.engine.table_name());
            put.item("pk", AttributeValue::S(key.pk))
                .item("sk", AttributeValue::S(key.sk))
                .item(list, AttributeValue::B(bytes.into()))
                .item("version", AttributeValue::N("1".to_owned()))
                .send()
                .await
                .unwrap();
        }
    }

    /// Stores who may comment on the photo.
    pub async fn set_commenting(&self, setting: &str) {
        let changes = TextChanges {
            commenting: Some(serde_json::from_value(json!(setting)).unwrap()),
            ..TextChanges::default()
        };
        let admission = async { Ok::<_, table::Error>(()) };
        let edit = photo::edit(&self.world.table, self.photo, self.ann.user_id, &changes, admission).await;
        assert!(edit.unwrap().is_some());
    }

    pub async fn photo(&self) -> Photo {
        photo::get(&self.world.table, self.photo).await.unwrap().unwrap()
    }
}

/// Returns the texts of a page, in its order.
pub fn texts(page: &Value) -> Vec<&str> {
    page["comments"].as_array().unwrap().iter().map(|comment| comment["text"].as_str().unwrap()).collect()
}
