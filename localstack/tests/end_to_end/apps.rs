//! What is told reaches the apps of its recipient. The local cloud keeps what SNS takes for them.

use reqwest::Method;
use serde_json::{Value, json};

use crate::pictures::small;
use crate::world::{App, Person, eventually, unique};

/// An app on a device, with its token.
struct Phone<'a> {
    app: &'a App,
    platform: &'static str,
    token: String,
}

impl<'a> Phone<'a> {
    fn new(app: &'a App, platform: &'static str) -> Self {
        // Hexadecimal, which both platforms take.
        let token = domain::account::hex(unique("").as_bytes());
        Self { app, platform, token: format!("{token:a>64}") }
    }

    /// Registers it as a device, and returns that.
    async fn register(&self, person: &Person<'_>) -> Value {
        let body = json!({ "platform": self.platform, "token": self.token, "language": "en" });
        person.post("/devices", &body).await.expect(201)
    }

    async fn ask(&self, method: Method) -> Value {
        let url = format!("{}/_lambdagram/apps/{}", self.app.cloud.endpoint, self.token);
        self.app.fetch(method, &url).send().await.expect(200)
    }

    /// Waits for as many messages, and returns their payloads.
    async fn until_pushed(&self, count: usize) -> Vec<Value> {
        eventually("the messages are pushed", async || {
            let found = self.ask(Method::GET).await;
            let payloads: Vec<Value> =
                found.as_array().unwrap().iter().map(|one| one["payload"].clone()).collect();
            if payloads.len() == count { Ok(payloads) } else { Err(found.to_string()) }
        })
        .await
    }

    /// Removes the app from the device.
    async fn uninstall(&self) {
        self.ask(Method::DELETE).await;
    }
}

async fn until_devices(person: &Person<'_>, wanted: &[&Value]) {
    eventually("the devices are these", async || {
        let found = person.get("/devices").await.expect(200)["devices"].clone();
        let ids: Vec<&Value> = found.as_array().unwrap().iter().map(|one| &one["device_id"]).collect();
        if ids == wanted { Ok(()) } else { Err(found.to_string()) }
    })
    .await;
}

#[tokio::test]
async fn when_a_photo_is_liked_then_each_app_of_its_author_should_show_it_once() {
    let app = App::new();
    let (anna, bert) = (app.register("anna").await, app.register("bert").await);
    let photo = anna.post_photo("By the sea", &[small()]).await;
    let (ios, android) = (Phone::new(&app, "ios"), Phone::new(&app, "android"));
    assert_eq!(ios.register(&anna).await["platform"], "ios");
    assert_eq!(android.register(&anna).await["platform"], "android");
    bert.like(&photo, 1).await;

    let apple = &ios.until_pushed(1).await[0];
    let said = format!("{} likes your photo", bert.username);
    assert_eq!(apple["aps"]["alert"], json!({ "title": "New like", "body": said }));
    assert_eq!((&apple["aps"]["badge"], &apple["url"]), (&json!(1), &json!(format!("/p/{photo}"))));
    let google = &android.until_pushed(1).await[0]["fcmV1Message"]["message"];
    assert_eq!((&google["notification"]["body"], &google["data"]["kind"]), (&json!(said), &json!("like")));
}

#[tokio::test]
async fn when_an_app_is_uninstalled_then_its_device_should_go_until_it_comes_back() {
    let app = App::new();
    let (anna, bert) = (app.register("anna").await, app.register("bert").await);
    let photo = anna.post_photo("By the sea", &[small()]).await;
    let (gone, kept) = (Phone::new(&app, "ios"), Phone::new(&app, "android"));
    gone.register(&anna).await;
    let device = kept.register(&anna).await;
    gone.uninstall().await;
    bert.follow(&anna).await;
    kept.until_pushed(1).await;
    until_devices(&anna, &[&device["device_id"]]).await;
    let back = gone.register(&anna).await;
    until_devices(&anna, &[&back["device_id"], &device["device_id"]]).await;
    bert.like(&photo, 1).await;
    assert_eq!(gone.until_pushed(1).await[0]["kind"], "like");
}

#[tokio::test]
async fn when_an_app_moves_to_another_account_then_it_should_show_that_account_alone() {
    let app = App::new();
    let (anna, bert) = (app.register("anna").await, app.register("bert").await);
    let phone = Phone::new(&app, "ios");
    let first = phone.register(&anna).await;
    let second = phone.register(&bert).await;
    assert_eq!(first["device_id"], second["device_id"]);
    until_devices(&anna, &[]).await;
    let (cara, dora) = (app.register("cara").await, app.register("dora").await);
    cara.follow(&anna).await;
    anna.until_inbox(1).await;
    dora.follow(&bert).await;
    assert_eq!(phone.until_pushed(1).await[0]["url"], format!("/@{}", dora.username));
    // Nothing is sent to what Bert has removed.
    let other = Phone::new(&app, "android");
    other.register(&bert).await;
    let path = format!("/devices/{}", second["device_id"].as_str().unwrap());
    bert.delete(&path).await.expect(204);
    let photo = bert.post_photo("", &[small()]).await;
    cara.like(&photo, 1).await;
    other.until_pushed(1).await;
    phone.until_pushed(1).await;
}
