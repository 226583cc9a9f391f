//! Pushing to apps, through a fake SNS.

use domain::device::AppPlatform::{Android, Ios};
use domain::language::Language;
use messages::push::Push;
use serde_json::{Value, json};

use crate::browser::Browser;
use crate::{Stage, telling, text};

/// Returns what was published for a platform, which SNS takes as JSON in a text of JSON.
fn payload(published: &std::collections::BTreeMap<String, String>, platform: &str) -> Value {
    let message: Value = serde_json::from_str(&published["Message"]).unwrap();
    serde_json::from_str(message[platform].as_str().unwrap()).unwrap()
}

#[tokio::test]
async fn when_a_row_is_told_then_apps_and_browsers_show_the_same() {
    let stage = Stage::new().await;
    let browser = Browser::new(3);
    stage.device("desk", &browser, Language::De).await;
    let phone = stage.app(Ios, Language::De).await;
    let tablet = stage.app(Android, Language::En).await;
    let push = stage.liked(&stage.bob).await;
    let counters = stage.push(push.clone()).await;
    assert_eq!((counters["pushes_sent"], counters["app_pushes_sent"]), (3, 2));
    let web = text(&stage.service.take()[0], &browser);
    let published = stage.sns.published();
    let to = |endpoint: &str| published.iter().find(|one| one["TargetArn"] == endpoint).unwrap();

    let (one, other) = (payload(to(&phone), "APNS"), payload(to(&tablet), "GCM"));
    let (row, state, _) = telling(&push);
    assert_eq!(one["aps"]["alert"], json!({ "title": web["title"], "body": web["body"] }));
    assert_eq!((&one["aps"]["badge"], &one["row"]), (&json!(1), &json!(row.to_string())));
    assert_eq!((&one["url"], &one["state"], &one["at"]), (&web["url"], &web["state"], &web["at"]));
    let message = &other["fcmV1Message"]["message"];
    assert_eq!(message["notification"], json!({ "title": "New like", "body": "bob likes your photo" }));
    assert_eq!((&message["data"]["url"], &message["data"]["kind"]), (&web["url"], &json!("like")));
    assert_eq!(message["data"]["state"], state.to_string());
    assert_eq!(message["android"]["notification"]["tag"], web["tag"]);
    assert_eq!(message["android"]["ttl"], "3600s");
    let attributes = to(&phone).values().cloned().collect::<Vec<_>>();
    for value in ["AWS.SNS.MOBILE.APNS.COLLAPSE_ID", web["tag"].as_str().unwrap(), "alert", "10", "3600"] {
        assert!(attributes.iter().any(|attribute| attribute == value), "{value}: {attributes:?}");
    }
    // Once more is the same for whoever compares states.
    stage.push(push).await;
    assert_eq!(stage.sns.published().len(), 2);
}

#[tokio::test]
async fn when_an_endpoint_is_disabled_or_gone_then_its_device_is_removed() {
    let stage = Stage::new().await;
    let (phone, tablet) = (stage.app(Ios, Language::En).await, stage.app(Android, Language::En).await);
    stage.device("desk", &Browser::new(3), Language::En).await;
    stage.sns.disable(&phone);
    stage.sns.delete(&tablet);
    let push = stage.liked(&stage.bob).await;
    let counters = stage.push(push).await;
    assert_eq!((counters["push_devices_gone"], counters["pushes_sent"]), (2, 1));
    assert_eq!((stage.devices().await.len(), stage.sns.endpoints().len()), (1, 0));
}

#[tokio::test]
async fn when_an_endpoint_cannot_be_deleted_then_its_device_is_removed_all_the_same() {
    let stage = Stage::new().await;
    let phone = stage.app(Ios, Language::En).await;
    stage.sns.disable(&phone);
    stage.sns.fail_action("DeleteEndpoint", 500, "InternalError");
    let push = stage.liked(&stage.bob).await;
    assert_eq!(stage.push(push).await["push_devices_gone"], 1);
    assert_eq!((stage.devices().await.len(), stage.sns.endpoints().len()), (0, 1));
}

#[tokio::test]
async fn when_sns_throttles_then_that_app_alone_is_sent_to_later() {
    let stage = Stage::new().await;
    stage.device("desk", &Browser::new(3), Language::En).await;
    stage.app(Ios, Language::En).await;
    stage.sns.fail_action("Publish", 400, "Throttled");
    let push = stage.liked(&stage.bob).await;
    let counters = stage.push(push).await;
    assert_eq!((counters["pushes_postponed"], counters["pushes_sent"]), (1, 1));
    assert_eq!(stage.again.take_delays(), [60]);
    let [again] = &stage.again.take::<Push>()[..] else { panic!("one message") };
    stage.world.clock.advance(std::time::Duration::from_mins(1));
    assert_eq!(stage.push(again.clone()).await["app_pushes_sent"], 1);
    assert_eq!(stage.service.take().len(), 1);
    let [published] = &stage.sns.published()[..] else { panic!("one message") };
    assert!(published.values().any(|value| value == "3540"), "{published:?}");
}

#[tokio::test]
async fn when_sns_refuses_a_message_then_it_is_not_asked_again() {
    let stage = Stage::new().await;
    stage.app(Android, Language::En).await;
    stage.sns.fail_action("Publish", 403, "AuthorizationError");
    let push = stage.liked(&stage.bob).await;
    let counters = stage.push(push).await;
    assert_eq!((counters["pushes_refused"], counters["app_pushes_refused"]), (1, 1));
    assert_eq!((stage.devices().await.len(), stage.again.take::<Push>().len()), (1, 0));
}
