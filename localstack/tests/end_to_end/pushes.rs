//! What is told reaches the browsers of its recipient. The local cloud has a push service that stands in: it knows the
//! sender by its key, and reads messages as the browser does.

use std::time::Duration;

use futures::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use crate::pictures::small;
use crate::world::{App, PATIENCE, Person, eventually, eventually_within};

/// A browser with a subscription.
pub(crate) struct Browser<'a> {
    app: &'a App,
    subscription: Value,
}

impl<'a> Browser<'a> {
    /// Has a browser subscribe, for senders with the key that the API gives out.
    pub(crate) async fn subscribe(person: &Person<'a>) -> Self {
        let key = person.get("/devices").await.expect(200)["web_push_key"].clone();
        let url = format!("{}/_lambdagram/push/subscriptions", person.app.cloud.endpoint);
        let body = json!({ "applicationServerKey": key });
        let subscription = person.app.fetch(Method::POST, &url).json(&body).send().await.expect(201);
        Self { app: person.app, subscription }
    }

    /// Registers it as a device, and returns that.
    pub(crate) async fn register(&self, person: &Person<'_>, language: &str) -> Value {
        let body = json!({ "platform": "web", "subscription": self.subscription, "language": language });
        person.post("/devices", &body).await.expect(201)
    }

    fn listed(&self) -> String {
        self.subscription["endpoint"].as_str().unwrap().replace("/to/", "/subscriptions/")
    }

    /// Waits for as many messages, and returns what they say.
    pub(crate) async fn until_pushed(&self, count: usize) -> Vec<Value> {
        self.until_pushed_within(PATIENCE, count).await
    }

    async fn until_pushed_within(&self, patience: Duration, count: usize) -> Vec<Value> {
        eventually_within(patience, "the messages are pushed", async || {
            let found = self.app.fetch(Method::GET, &self.listed()).send().await.expect(200);
            let messages = found.as_array().expect("messages").clone();
            if messages.len() == count { Ok(messages) } else { Err(found.to_string()) }
        })
        .await
    }

    async fn unsubscribe(&self) {
        self.app.fetch(Method::DELETE, &self.listed()).send().await.expect(204);
    }
}

pub(crate) fn said(message: &Value) -> Value {
    serde_json::from_str(message["text"].as_str().unwrap()).unwrap()
}

#[tokio::test]
async fn when_a_photo_is_liked_then_its_author_should_read_it_on_their_devices() {
    let app = App::new();
    let (anna, bert) = (app.register("anna").await, app.register("bert").await);
    let photo = anna.post_photo("By the sea", &[small()]).await;
    let (english, german) = (Browser::subscribe(&anna).await, Browser::subscribe(&anna).await);
    english.register(&anna, "en-GB").await;
    german.register(&anna, "de").await;
    bert.like(&photo, 1).await;

    let message = &english.until_pushed(1).await[0];
    let text = said(message);
    assert_eq!(text["body"], format!("{} likes your photo", bert.username));
    assert_eq!((&text["kind"], &text["unread"]), (&json!("like"), &json!(1)));
    assert_eq!(text["url"], format!("/p/{photo}"));
    assert_eq!((&message["topic"], &message["length"]), (&text["tag"], &json!(2_048)));
    let other = &german.until_pushed(1).await[0];
    assert_eq!(said(other)["body"], format!("{} mag dein Foto", bert.username));
    assert_eq!(other["topic"], message["topic"]);
}

#[tokio::test]
async fn when_a_browser_has_unsubscribed_then_its_device_should_go() {
    let app = App::new();
    let (anna, bert) = (app.register("anna").await, app.register("bert").await);
    let (gone, kept) = (Browser::subscribe(&anna).await, Browser::subscribe(&anna).await);
    gone.register(&anna, "en").await;
    let device = kept.register(&anna, "en").await;
    gone.unsubscribe().await;
    bert.follow(&anna).await;
    assert_eq!(said(&kept.until_pushed(1).await[0])["url"], format!("/@{}", bert.username));
    eventually("the device is gone", async || {
        let found = anna.get("/devices").await.expect(200)["devices"].clone();
        let ids: Vec<&Value> = found.as_array().unwrap().iter().map(|one| &one["device_id"]).collect();
        if ids == [&device["device_id"]] { Ok(()) } else { Err(found.to_string()) }
    })
    .await;
}

#[tokio::test]
async fn when_a_kind_is_switched_off_then_others_should_still_be_pushed() {
    let app = App::new();
    let (anna, bert) = (app.register("anna").await, app.register("bert").await);
    let photo = anna.post_photo("By the sea", &[small()]).await;
    let browser = Browser::subscribe(&anna).await;
    browser.register(&anna, "en").await;
    let off = json!({ "kinds": { "follow": { "push": false } } });
    anna.patch("/users/me/notification-settings", &off).await.expect(200);
    bert.follow(&anna).await;
    anna.until_inbox(1).await;
    bert.like(&photo, 1).await;
    assert_eq!(said(&browser.until_pushed(1).await[0])["kind"], "like");
}

/// How many like a photo one after the other.
const CROWD: usize = 12;

#[tokio::test]
async fn when_a_crowd_likes_a_photo_then_its_author_should_hear_of_one_and_then_of_all() {
    let app = App::new();
    let anna = app.register("anna").await;
    let photo = anna.post_photo("By the sea", &[small()]).await;
    let browser = Browser::subscribe(&anna).await;
    browser.register(&anna, "en").await;
    let crowd = join_all((0..CROWD).map(|_| app.register("fan"))).await;
    for fan in &crowd {
        fan.post(&format!("/photos/{photo}/like"), &json!({})).await.expect(200);
    }
    let first = &browser.until_pushed(1).await[0];
    assert_eq!(said(first)["unread"], 1);
    anna.until_likes(&photo, 12).await;
    // What comes within a minute is gathered, and looked for every minute.
    let pushed = browser.until_pushed_within(3 * PATIENCE, 2).await;
    let (first, all) = (said(&pushed[0]), said(&pushed[1]));
    let body = all["body"].as_str().unwrap();
    assert!(body.ends_with(&format!("and {} others like your photo", CROWD - 1)), "{all}");
    assert!(all["state"].as_u64() > first["state"].as_u64(), "{first} {all}");
    assert_eq!((&pushed[0]["topic"], all["unread"].as_u64()), (&pushed[1]["topic"], Some(1)));
    let page = anna.until_inbox(1).await;
    assert_eq!(page["unread_count"], 1);
}
