//! Apps as devices, with a fake SNS beside the real table engine.

use serde_json::{Value, json};
use testkit::http::{Answer, Request, call};
use testkit::{MobilePush, OldSession, World};

use crate::{REGISTER, REMOVE, handler_with, ids, list, session};

const TOKEN: &str = "8f3c0a1b8f3c0a1b8f3c0a1b8f3c0a1b8f3c0a1b8f3c0a1b8f3c0a1b8f3c0a1b";

struct Stage {
    world: World,
    sns: MobilePush,
    ios: &'static str,
}

impl Stage {
    async fn new() -> Self {
        Self { world: World::new().await, sns: MobilePush::default(), ios: MobilePush::APNS }
    }

    async fn session(&self, name: &str) -> OldSession {
        session(&self.world, &self.world.person(name).await).await
    }

    async fn send(&self, request: Request) -> Answer {
        call(&handler_with(&self.world, &self.sns, self.ios), &self.world.clock, request).await
    }

    async fn register(&self, session: &OldSession, platform: &str, token: &str) -> Answer {
        let body = json!({ "platform": platform, "token": token });
        self.send(Request::to(REGISTER).token(&session.token).json(&body)).await
    }

    async fn remove(&self, session: &OldSession, device: &Value) -> Answer {
        let request = Request::to(REMOVE).path("device_id", device.as_str().unwrap());
        self.send(request.token(&session.token)).await
    }
}

#[tokio::test]
async fn when_an_app_is_registered_twice_then_it_is_one_device_and_one_endpoint() {
    let stage = Stage::new().await;
    let ann = stage.session("ann").await;
    let first = stage.register(&ann, "ios", TOKEN).await;
    assert_eq!((first.status, &first.json["platform"]), (201, &json!("ios")), "{first:?}");
    stage.world.engine.reset_usage();
    let again = stage.register(&ann, "ios", &TOKEN.to_ascii_uppercase()).await;
    assert_eq!((again.status, &again.json), (201, &first.json));
    assert_eq!(stage.world.engine.usage().writes(), 1, "the quota");
    let android = stage.register(&ann, "android", TOKEN).await;
    assert_eq!((android.status, &android.json["platform"]), (201, &json!("android")));
    let seen = list(&stage.world, &ann).await;
    assert_eq!((ids(&seen).len(), stage.sns.endpoints().len()), (2, 2));
    let text = seen.to_string() + &first.json.to_string();
    assert!(!text.contains(TOKEN) && !text.contains("arn:"), "{text}");
}

#[tokio::test]
async fn when_sns_has_disabled_an_endpoint_then_registering_enables_it() {
    let stage = Stage::new().await;
    let ann = stage.session("ann").await;
    stage.register(&ann, "ios", TOKEN).await;
    let (endpoint, ..) = stage.sns.endpoints().remove(0);
    stage.sns.disable(&endpoint);
    assert_eq!(stage.register(&ann, "ios", TOKEN).await.status, 201);
    assert_eq!(stage.sns.endpoints(), [(endpoint, TOKEN.to_owned(), true)]);
}

#[tokio::test]
async fn when_an_app_moves_to_another_account_then_the_first_loses_it() {
    let stage = Stage::new().await;
    let (ann, bob) = (stage.session("ann").await, stage.session("bob").await);
    let first = stage.register(&ann, "android", TOKEN).await;
    let second = stage.register(&bob, "android", TOKEN).await;
    assert_eq!((second.status, &second.json["device_id"]), (201, &first.json["device_id"]));
    assert!(ids(&list(&stage.world, &ann).await).is_empty());
    assert_eq!((ids(&list(&stage.world, &bob).await).len(), stage.sns.endpoints().len()), (1, 1));
    // Whoever had it does not take it away.
    assert_eq!(stage.remove(&ann, &first.json["device_id"]).await.code(), "device_not_found");
    assert_eq!(stage.sns.endpoints().len(), 1);
}

#[tokio::test]
async fn when_an_app_is_removed_then_its_endpoint_is_deleted() {
    let stage = Stage::new().await;
    let ann = stage.session("ann").await;
    let device = stage.register(&ann, "ios", TOKEN).await.json["device_id"].clone();
    assert_eq!(stage.remove(&ann, &device).await.status, 204);
    assert!(stage.sns.endpoints().is_empty() && ids(&list(&stage.world, &ann).await).is_empty());
    assert_eq!(stage.remove(&ann, &device).await.status, 404);

    // What SNS keeps is found again, and nobody is sent to it meanwhile.
    let device = stage.register(&ann, "ios", TOKEN).await.json["device_id"].clone();
    stage.sns.fail_action("DeleteEndpoint", 500, "InternalError");
    assert_eq!(stage.remove(&ann, &device).await.status, 204);
    assert!(ids(&list(&stage.world, &ann).await).is_empty());
    assert_eq!(stage.register(&ann, "ios", TOKEN).await.status, 201);
    assert_eq!(stage.sns.endpoints().len(), 1);
}

#[tokio::test]
async fn when_an_app_cannot_be_registered_then_the_reason_is_named() {
    let mut stage = Stage::new().await;
    let ann = stage.session("ann").await;
    for (platform, token) in
        [("ios", "8f3c"), ("android", "a b"), ("ios", ""), ("android", "refused:refused:refused")]
    {
        let answer = stage.register(&ann, platform, token).await;
        assert_eq!((answer.status, answer.code()), (422, "device_token_invalid"), "{platform} {token}");
    }
    let none = Request::to(REGISTER).token(&ann.token).json(&json!({ "platform": "ios" }));
    assert_eq!(stage.send(none).await.code(), "device_token_invalid");
    stage.sns.fail_action("CreatePlatformEndpoint", 400, "Throttled");
    assert_eq!(stage.register(&ann, "ios", TOKEN).await.status, 503);
    stage.ios = "none";
    let answer = stage.register(&ann, "ios", TOKEN).await;
    assert_eq!((answer.status, answer.code()), (422, "platform_unavailable"));
    assert_eq!(stage.register(&ann, "android", TOKEN).await.status, 201);
    assert_eq!(ids(&list(&stage.world, &ann).await).len(), 1);
}

#[tokio::test]
async fn when_an_app_is_registered_then_it_keeps_its_budget() {
    let stage = Stage::new().await;
    let ann = stage.session("ann").await;
    stage.world.engine.reset_usage();
    stage.register(&ann, "ios", TOKEN).await;
    let usage = stage.world.engine.usage();
    assert_eq!((usage.round_trips, usage.writes()), (3, 2), "quota; claim and sessions; both written");
    assert!(usage.read_units <= 2.5 && usage.write_units <= 5.0, "{usage:?}");
    assert_eq!(stage.sns.asked(), ["CreatePlatformEndpoint", "GetEndpointAttributes"]);
}
