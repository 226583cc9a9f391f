//! The signed forms, posted to an object store that checks signature and policy.

use crate::world::{World, ada};
use aws_credential_types::Credentials;
use domain::{Clock, Timestamp};
use reqwest::multipart::{Form, Part};
use runtime::SystemClock;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use testkit::{ManualClock, Objects};
use upload_presign::Bucket;

const BUCKET: &str = "uploads";

struct Posted {
    objects: Objects,
    fields: BTreeMap<String, String>,
    url: String,
}

impl Posted {
    /// Creates a form for one PNG of ten bytes that was handed out `ago` milliseconds ago.
    async fn form(ago: i64) -> Self {
        Self::form_for("image/png", ago).await
    }

    /// The same for a file that the client takes for this type.
    async fn form_for(content_type: &str, ago: i64) -> Self {
        let objects = Objects::start().await;
        // The store is a server that uses the machine's clock.
        let clock = ManualClock::at(Timestamp(SystemClock.now().0 - ago));
        let known = objects.credentials();
        let credentials =
            Credentials::new(known.access_key_id(), known.secret_access_key(), None, None, "test");
        let bucket = Bucket::by_path(BUCKET, objects.region(), objects.endpoint());
        let world = World::with(clock, bucket, credentials).await;
        let body = json!({ "media": [{ "content_type": content_type, "size": 10 }] });
        let answer = world.send(world.request(&ada()).json(&body)).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        let upload: &Value = &answer.json["uploads"][0];
        let fields = serde_json::from_value(upload["fields"].clone()).unwrap();
        Self { objects, fields, url: upload["url"].as_str().unwrap().to_owned() }
    }

    fn set(mut self, field: &str, value: &str) -> Self {
        self.fields.insert(field.to_owned(), value.to_owned());
        self
    }

    /// Posts the form with these bytes; returns the HTTP status.
    async fn post(&self, bytes: &[u8]) -> u16 {
        let mut form = Form::new();
        for (name, value) in &self.fields {
            form = form.text(name.clone(), value.clone());
        }
        // As browsers write it, in whatever words they know the type.
        let file = Part::bytes(bytes.to_vec()).file_name("a name (1).png").mime_str("image/x-png").unwrap();
        let form = form.part("file", file);
        let answer = reqwest::Client::new().post(&self.url).multipart(form).send().await.unwrap();
        answer.status().as_u16()
    }

    /// Posts the form and asserts that it is refused.
    async fn refused(&self, bytes: &[u8]) {
        let status = self.post(bytes).await;
        assert!((400..500).contains(&status), "{status}");
        assert!(self.objects.keys(BUCKET).is_empty(), "nothing is stored");
    }
}

#[tokio::test]
async fn when_a_form_is_posted_as_it_is_then_the_object_has_its_key_and_type() {
    let posted = Posted::form(0).await;
    let status = posted.post(b"ten bytes!").await;
    assert!((200..300).contains(&status), "{status}");
    let key = posted.fields["key"].clone();
    assert_eq!(posted.objects.keys(BUCKET), [key.as_str()]);
    let object = posted.objects.get(BUCKET, &key).unwrap();
    assert_eq!(
        (object.bytes.as_slice(), object.content_type.as_deref()),
        (b"ten bytes!".as_slice(), Some("image/png"))
    );
}

#[tokio::test]
async fn when_a_browser_names_the_type_otherwise_then_it_is_taken() {
    for (sent, registered) in
        [("image/x-png", "image/png"), ("image/JPG", "image/jpeg"), ("image/heif", "image/heic")]
    {
        let posted = Posted::form_for(sent, 0).await;
        assert_eq!(posted.fields["Content-Type"], registered);
        assert!(posted.post(b"ten bytes!").await < 300);
        let object = posted.objects.get(BUCKET, &posted.fields["key"]).unwrap();
        assert_eq!(object.content_type.as_deref(), Some(registered));
    }
}

#[tokio::test]
async fn when_fewer_bytes_come_then_they_are_taken() {
    assert!(Posted::form(0).await.post(b"x").await < 300);
}

#[tokio::test]
async fn when_more_bytes_come_than_were_declared_then_they_are_refused() {
    Posted::form(0).await.refused(b"eleven byte").await;
}

#[tokio::test]
async fn when_nothing_comes_then_it_is_refused() {
    Posted::form(0).await.refused(b"").await;
}

#[tokio::test]
async fn when_the_content_type_is_another_then_the_form_is_refused() {
    Posted::form(0).await.set("Content-Type", "text/html").refused(b"ten bytes!").await;
}

#[tokio::test]
async fn when_the_key_is_another_then_the_form_is_refused() {
    let posted = Posted::form(0).await;
    let other = posted.fields["key"].replace("incoming/1/", "incoming/2/");
    posted.set("key", &other).refused(b"ten bytes!").await;
}

#[tokio::test]
async fn when_a_field_is_added_then_the_form_is_refused() {
    Posted::form(0).await.set("acl", "public-read").refused(b"ten bytes!").await;
}

#[tokio::test]
async fn when_the_signature_is_another_then_the_form_is_refused() {
    Posted::form(0).await.set("x-amz-signature", &"0".repeat(64)).refused(b"ten bytes!").await;
}

#[tokio::test]
async fn when_an_hour_has_passed_then_the_form_is_refused() {
    Posted::form(61 * 60 * 1000).await.refused(b"ten bytes!").await;
}
