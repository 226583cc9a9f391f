use std::sync::Mutex;

use aws_lambda_events::sqs::SqsEvent;
use serde::Deserialize;
use serde_json::{Value, json};

use super::*;
use crate::log::capture::Lines;

#[derive(Deserialize)]
struct Order {
    number: u32,
}

#[derive(Debug, thiserror::Error)]
#[error("the kitchen is closed")]
struct Closed;

#[derive(Default)]
struct Kitchen {
    served: Mutex<Vec<(u32, Option<String>)>>,
}

impl Handler for Kitchen {
    type Message = Order;
    type Error = Closed;

    async fn handle(&self, Order { number }: Order) -> Result<(), Closed> {
        assert_ne!(number, 13, "unlucky");
        if number == 0 {
            return Err(Closed);
        }
        self.served.lock().unwrap().push((number, trace::current()));
        Ok(())
    }
}

fn event(records: &[(&str, &str, Option<&str>)]) -> SqsEvent {
    let records: Vec<Value> = records
        .iter()
        .map(|(id, body, trace)| {
            let attributes = trace.map_or_else(
                || json!({}),
                |trace| json!({ "trace": { "stringValue": trace, "stringListValues": [], "binaryListValues": [], "dataType": "String" } }),
            );
            json!({
                "messageId": id,
                "receiptHandle": "AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a",
                "body": body,
                "attributes": {
                    "ApproximateReceiveCount": "1",
                    "SentTimestamp": "1790000000000",
                    "SenderId": "AIDAIENQZJOLO23YVJ4VO",
                    "ApproximateFirstReceiveTimestamp": "1790000000010"
                },
                "messageAttributes": attributes,
                "md5OfBody": "e4e68fb7bd0e697a0ae8f1bb342846b3",
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:eu-central-1:123456789012:orders",
                "awsRegion": "eu-central-1"
            })
        })
        .collect();
    serde_json::from_value(json!({ "Records": records })).unwrap()
}

fn failed(response: &SqsBatchResponse) -> Vec<&str> {
    response.batch_item_failures.iter().map(|failure| failure.item_identifier.as_str()).collect()
}

#[tokio::test]
async fn only_failed_records_are_named_in_the_response() {
    let (lines, guard) = Lines::capture();
    let kitchen = Kitchen::default();
    let batch = event(&[
        ("m-1", r#"{"number":1}"#, Some("Root=1-a")),
        ("m-2", "not an order, secret", None),
        ("m-3", r#"{"number":0}"#, None),
        ("m-4", r#"{"number":13}"#, None),
        ("m-5", r#"{"number":5}"#, None),
    ]);
    let response = answer(&kitchen, batch).await;
    drop(guard);

    assert_eq!(failed(&response), ["m-2", "m-3", "m-4"]);
    let mut served = kitchen.served.into_inner().unwrap();
    served.sort();
    assert_eq!(served, [(1, Some("Root=1-a".to_owned())), (5, None)]);
    let logged: Vec<_> = lines
        .json()
        .iter()
        .map(|line| (line["spans"][0]["message_id"].clone(), line["error"].clone()))
        .collect();
    assert!(logged.contains(&(json!("m-2"), Value::Null)), "{logged:?}");
    assert!(logged.contains(&(json!("m-3"), json!("the kitchen is closed"))), "{logged:?}");
    assert!(!lines.json().iter().any(|line| line.to_string().contains("secret")));
}

#[tokio::test]
async fn the_response_has_the_form_that_lambda_reads() {
    let response = answer(&Kitchen::default(), event(&[("m-3", r#"{"number":0}"#, None)])).await;
    assert_eq!(
        serde_json::to_value(response).unwrap(),
        json!({ "batchItemFailures": [{ "itemIdentifier": "m-3" }] })
    );
    let response = answer(&Kitchen::default(), event(&[("m-1", r#"{"number":1}"#, None)])).await;
    assert_eq!(serde_json::to_value(response).unwrap(), json!({ "batchItemFailures": [] }));
}

#[tokio::test]
async fn an_s3_event_is_a_message_like_any_other() {
    struct Uploads(Mutex<Vec<String>>);
    impl Handler for Uploads {
        type Message = aws_lambda_events::s3::S3Event;
        type Error = Closed;
        async fn handle(&self, event: Self::Message) -> Result<(), Closed> {
            let keys = event.records.into_iter().filter_map(|record| record.s3.object.key);
            self.0.lock().unwrap().extend(keys);
            Ok(())
        }
    }
    let body = json!({ "Records": [{
        "eventVersion": "2.1", "eventSource": "aws:s3", "awsRegion": "eu-central-1",
        "eventTime": "2026-11-22T15:00:00.000Z", "eventName": "ObjectCreated:Post",
        "userIdentity": { "principalId": "A1" }, "requestParameters": { "sourceIPAddress": "192.0.2.1" },
        "responseElements": { "x-amz-request-id": "C3D13FE58DE4C810" },
        "s3": {
            "s3SchemaVersion": "1.0", "configurationId": "uploads",
            "bucket": { "name": "uploads", "ownerIdentity": { "principalId": "A1" }, "arn": "arn:aws:s3:::uploads" },
            "object": { "key": "incoming/1/2/0", "size": 1024, "eTag": "d41d8cd9", "sequencer": "0055AED6DCD90281E5" }
        }
    }]});
    let uploads = Uploads(Mutex::default());
    let response = answer(&uploads, event(&[("m-1", &body.to_string(), None)])).await;
    assert!(failed(&response).is_empty());
    assert_eq!(uploads.0.into_inner().unwrap(), ["incoming/1/2/0"]);
}
