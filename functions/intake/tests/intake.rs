//! Events of S3 through the handler, to a queue.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "helpers of tests are tests")]

use aws_sdk_sqs::config::{BehaviorVersion, Credentials, Region};
use intake::IntakeHandler;
use runtime::queue::Queue;
use runtime::task::{BAD_INPUT, answer};
use serde_json::{Value, json};
use testkit::{Outbox, Wiretap, fixture};

fn event(event: &str, key: &str) -> Value {
    fixture("intake", "uploaded", &[("event", event), ("bucket", "uploads"), ("key", key)])
}

/// What S3 tells `thumbnail` of an object, as it is passed on.
fn message(key: &str) -> Value {
    let s3 = json!({ "bucket": { "name": "uploads" }, "object": { "key": key } });
    json!({ "Records": [{ "eventName": "ObjectCreated:Post", "s3": s3 }] })
}

fn queue(wire: &Wiretap) -> Queue {
    let config = aws_sdk_sqs::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-central-1"))
        .credentials_provider(Credentials::new("test", "test", None, None, "test"))
        .http_client(wire.clone())
        .build();
    let client = aws_sdk_sqs::Client::from_conf(config);
    Queue::new(client, "https://sqs.eu-central-1.amazonaws.com/123456789012/uploads")
}

#[tokio::test]
async fn when_a_file_is_uploaded_then_one_message_goes_on_in_its_owners_group() {
    let wire = Wiretap::new(|_| (200, json!({ "Successful": [], "Failed": [] }).to_string()));
    let handler = IntakeHandler::new(queue(&wire));
    answer(&handler, event("ObjectCreated:Post", "incoming/11/12/0")).await.unwrap();
    let [request] = &wire.heard()[..] else { panic!("one request: {:?}", wire.heard()) };
    let request: Value = serde_json::from_str(&request.body).unwrap();
    let entries = request["Entries"].as_array().unwrap();
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0]["MessageGroupId"], "11");
    let body: Value = serde_json::from_str(entries[0]["MessageBody"].as_str().unwrap()).unwrap();
    assert_eq!(body, message("incoming/11/12/0"));
}

#[tokio::test]
async fn when_an_event_comes_twice_then_the_same_goes_on_twice() {
    let uploads = Outbox::default();
    let handler = IntakeHandler::new(uploads.clone());
    for _ in 0..2 {
        answer(&handler, event("ObjectCreated:Post", "incoming%2F11%2F12%2F0")).await.unwrap();
    }
    let expected = message("incoming%2F11%2F12%2F0");
    assert_eq!(uploads.take::<Value>(), [expected.clone(), expected]);
}

#[tokio::test]
async fn when_the_queue_fails_then_the_event_is_tried_again() {
    let uploads = Outbox::default();
    uploads.fail_next(1);
    let handler = IntakeHandler::new(uploads.clone());
    let upload = event("ObjectCreated:Post", "incoming/11/12/0");
    let error = answer(&handler, upload.clone()).await.unwrap_err();
    assert_eq!(error.error_type, "NotSent");
    assert!(uploads.take::<Value>().is_empty());
    answer(&handler, upload).await.unwrap();
    assert_eq!(uploads.take::<Value>(), [message("incoming/11/12/0")]);
}

#[tokio::test]
async fn when_an_event_is_not_about_an_upload_then_it_fails_and_nothing_is_sent() {
    let uploads = Outbox::default();
    let handler = IntakeHandler::new(uploads.clone());
    for key in ["incoming/11/12", "photos/large/0/0.jpg", "incoming/11/12/x+y%20z"] {
        let error = answer(&handler, event("ObjectCreated:Post", key)).await.unwrap_err();
        assert_eq!(error.error_type, "NotAnUpload");
        assert!(!error.error_message.contains(key), "whoever could write it could write anything");
    }
    assert_eq!(answer(&handler, json!({})).await.unwrap_err().error_type, "NotAnUpload");
    assert_eq!(answer(&handler, json!({ "Records": 7 })).await.unwrap_err().error_type, BAD_INPUT);
    assert!(uploads.take::<Value>().is_empty());
}

#[tokio::test]
async fn when_an_upload_is_deleted_then_nothing_is_sent() {
    let uploads = Outbox::default();
    let removed = event("ObjectRemoved:Delete", "incoming/11/12/0");
    answer(&IntakeHandler::new(uploads.clone()), removed).await.unwrap();
    assert!(uploads.take::<Value>().is_empty());
}
