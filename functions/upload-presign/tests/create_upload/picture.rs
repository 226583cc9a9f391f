//! Uploads of a profile picture: what is stored, what is refused, and where the form leads.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::photo::{ContentType, State};
use domain::profile_picture::{MAX_PICTURE_BYTES, PictureUpload, ProfilePicture};
use domain::quota;
use serde_json::{Value, json};
use table::guard::Quotas;
use table::profile_picture;
use testkit::http::{Answer, Request, event};
use testkit::token_for;

use crate::world::{World, ada, ben};

impl World {
    async fn picture(&self, content_type: &str, size: u64) -> Answer {
        let body = json!({ "content_type": content_type, "size": size });
        self.send(Request::to("POST /api/v1/users/me/picture").json(&body).by(&ada(), &self.clock)).await
    }

    async fn stored_picture(&self) -> Option<ProfilePicture> {
        profile_picture::get_latest(&self.table, ada().user_id).await.unwrap()
    }
}

fn uploaded_to(answer: &Answer) -> PictureUpload {
    let key = answer.json["upload"]["fields"]["key"].as_str().unwrap();
    PictureUpload::from_upload_key(key).unwrap()
}

#[tokio::test]
async fn when_a_picture_is_begun_then_the_newest_upload_is_waited_for() {
    let world = World::new().await;
    let token = token_for(&ada(), domain::Clock::now(&world.clock));
    let first = world.send(event("upload-presign", "create-picture", &[("token", &token)])).await;
    assert_eq!(first.status, 201, "{first:?}");
    let upload = uploaded_to(&first);
    let picture = world.stored_picture().await.unwrap();
    assert_eq!((upload.user, upload.id), (ada().user_id, picture.upload));
    assert_eq!(picture, ProfilePicture::new(upload.id, ContentType::Jpeg, 204_331));
    let fields = &first.json["upload"]["fields"];
    let policy: Value =
        serde_json::from_slice(&STANDARD.decode(fields["policy"].as_str().unwrap()).unwrap()).unwrap();
    let conditions = policy["conditions"].as_array().unwrap();
    assert!(conditions.contains(&json!(["content-length-range", 1, 204_331])));
    assert!(conditions.contains(&json!({ "Content-Type": "image/jpeg" })));

    world.clock.advance(Duration::from_secs(1));
    let failure = domain::photo::Failure { code: "image_corrupt".to_owned(), detail: String::new() };
    assert!(
        profile_picture::fail(&world.table, upload, &failure, domain::Clock::now(&world.clock))
            .await
            .unwrap()
    );
    world.engine.reset_usage();
    let second = world.picture("image/x-png", MAX_PICTURE_BYTES).await;
    let usage = world.engine.usage();
    assert_eq!((second.status, usage.requests, usage.round_trips), (201, 2, 2), "{usage:?}");
    assert!(usage.write_units <= 2.0 && usage.read_units <= 0.0, "{usage:?}");
    let picture = world.stored_picture().await.unwrap();
    assert!(uploaded_to(&second).id > upload.id);
    assert_eq!(
        (picture.upload, picture.state, picture.failure),
        (uploaded_to(&second).id, State::Processing, None)
    );
}

#[tokio::test]
async fn when_a_picture_breaks_a_rule_then_its_code_says_so_and_nothing_is_written() {
    let world = World::new().await;
    for (content_type, size, code) in [
        ("image/svg+xml", 1, "content_type_unsupported"),
        ("", 1, "content_type_unsupported"),
        ("image/jpeg", 0, "picture_empty"),
        ("image/jpeg", MAX_PICTURE_BYTES + 1, "picture_too_large"),
        ("image/jpeg", u64::MAX, "picture_too_large"),
    ] {
        let answer = world.picture(content_type, size).await;
        assert_eq!((answer.status, answer.code()), (400, code), "{content_type} {size}");
    }
    let route = "POST /api/v1/users/me/picture";
    let answer = world.send(Request::to(route).body("[]").by(&ada(), &world.clock)).await;
    assert_eq!(answer.code(), "bad_json");
    assert_eq!(world.send(Request::to(route)).await.code(), "token_missing");
    assert_eq!(world.engine.usage().requests, 0);
}

#[tokio::test]
async fn when_thirty_pictures_were_begun_in_an_hour_then_the_next_waits() {
    let world = World::new().await;
    let now = domain::Clock::now(&world.clock);
    let quotas = Quotas::new(world.table.clone(), 1);
    assert!(quotas.take(&quota::PICTURES, ada().user_id, &[29], now).await.unwrap().is_ok());
    assert_eq!(world.picture("image/jpeg", 1).await.status, 201);
    let (refused, metrics) = runtime::metrics::counted(Box::pin(world.picture("image/jpeg", 1))).await;
    assert_eq!((refused.status, refused.code()), (429, "too_many_pictures"));
    assert_eq!(metrics["quota_pictures_refused"], 1);
    let body = json!({ "content_type": "image/jpeg", "size": 1 });
    let other = Request::to("POST /api/v1/users/me/picture").json(&body).by(&ben(), &world.clock);
    assert_eq!(world.send(other).await.status, 201);
}
