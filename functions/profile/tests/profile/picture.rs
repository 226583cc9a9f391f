//! How far one's own picture is, and its removal.

use std::time::Duration;

use domain::photo::{ContentType, Failure};
use domain::profile_picture::{PictureUpload, ProfilePicture};
use domain::{Clock, PictureId};
use serde_json::{Value, json};
use table::profile_picture;
use testkit::SeededRandom;
use testkit::http::Request;

use crate::world::World;

impl World {
    async fn begun(&self) -> PictureUpload {
        self.clock.advance(Duration::from_secs(1));
        let user = self.ada.user_id;
        let id = PictureId::generate(user, &self.clock, &SeededRandom::new(5));
        let picture = ProfilePicture::new(id, ContentType::Jpeg, 7);
        assert!(profile_picture::begin(&self.table, user, &picture).await.unwrap());
        PictureUpload { user, id }
    }

    async fn own(&self) -> Value {
        let picture = self.event("me", &[]).await.json["picture"].clone();
        let id = self.ada.user_id.to_string();
        assert_eq!(self.event("user", &[("user_id", &id)]).await.json["picture"], picture);
        picture
    }
}

#[tokio::test]
async fn when_users_ask_for_themselves_then_they_see_how_far_their_picture_is() {
    let world = World::new().await;
    assert_eq!(world.own().await, json!({ "status": "none" }));
    let upload = world.begun().await;
    let begun = json!({ "status": "processing", "updated_at": "2026-11-22T12:00:01.000Z" });
    assert_eq!(world.own().await, begun);
    let edited = world.event("edit-me", &[]).await.json;
    assert_eq!(edited["picture"], begun);
    let now = world.clock.now();
    assert!(profile_picture::finish(&world.table, upload, now).await.unwrap());
    assert_eq!(world.own().await["status"], "ready");
    let upload = world.begun().await;
    let failure = Failure { code: "image_corrupt".to_owned(), detail: "The picture is damaged.".to_owned() };
    assert!(profile_picture::fail(&world.table, upload, &failure, world.clock.now()).await.unwrap());
    let failed = json!({
        "status": "failed", "updated_at": "2026-11-22T12:00:02.000Z",
        "failure": { "code": "image_corrupt", "detail": "The picture is damaged." },
    });
    assert_eq!(world.own().await, failed);
    // It is nobody else's business.
    let by_bob =
        Request::to("GET /api/v1/users/{user_id}").path("user_id", "@ada").by(&world.bob, &world.clock);
    assert!(world.call(by_bob).await.json.get("picture").is_none());
}

#[tokio::test]
async fn when_an_upload_never_comes_then_its_picture_has_failed() {
    let world = World::new().await;
    world.begun().await;
    world.clock.advance(Duration::from_hours(2));
    let picture = world.own().await;
    assert_eq!(
        (&picture["status"], &picture["failure"]["code"]),
        (&json!("failed"), &json!("upload_incomplete"))
    );
}

#[tokio::test]
async fn when_a_picture_is_removed_then_there_is_none_and_it_can_be_repeated() {
    let world = World::new().await;
    let upload = world.begun().await;
    world.engine.stream().await;
    for _ in 0..2 {
        world.engine.reset_usage();
        assert_eq!(world.event("delete-picture", &[]).await.status, 204);
        let usage = world.engine.usage();
        assert_eq!((usage.requests, usage.writes()), (1, 1), "{usage:?}");
    }
    assert_eq!(world.own().await, json!({ "status": "none" }));
    assert_eq!(world.engine.written().await, 1);
    // What is still processed of it counts no more.
    assert!(!profile_picture::finish(&world.table, upload, world.clock.now()).await.unwrap());
    assert_eq!(world.own().await, json!({ "status": "none" }));
    let anonymous = Request::to("DELETE /api/v1/users/me/picture");
    assert_eq!(world.call(anonymous).await.code(), "token_missing");
}
