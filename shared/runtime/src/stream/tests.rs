use std::sync::Mutex;

use aws_lambda_events::dynamodb::Event;
use serde_json::{Value, json};

use super::*;

/// A handler that records what it is given, and fails at the record of this number.
struct Ledger {
    fails_at: Option<&'static str>,
    seen: Mutex<Vec<Record>>,
}

impl Ledger {
    fn new(fails_at: Option<&'static str>) -> Self {
        Self { fails_at, seen: Mutex::default() }
    }
}

impl Handler for Ledger {
    async fn handle(&self, records: Vec<Record>) -> Result<(), Failed> {
        for record in records {
            assert_ne!(record.sequence_number, "13", "unlucky");
            if Some(record.sequence_number.as_str()) == self.fails_at {
                return Err(Failed::at(&record, "no ink"));
            }
            self.seen.lock().unwrap().push(record);
        }
        Ok(())
    }
}

fn record(sequence_number: &str, name: &str) -> Value {
    let image = json!({ "owner": { "S": "ada" }, "sum": { "N": "3" } });
    let mut change = json!({
        "ApproximateCreationDateTime": 1_790_000_000.0,
        "Keys": { "owner": { "S": "ada" } },
        "SequenceNumber": sequence_number,
        "SizeBytes": 26,
        "StreamViewType": "NEW_AND_OLD_IMAGES"
    });
    if name != "REMOVE" {
        change["NewImage"] = image.clone();
    }
    if name != "INSERT" {
        change["OldImage"] = image;
    }
    json!({
        "eventID": "c4ca4238a0b923820dcc509a6f75849b",
        "eventName": name,
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": "eu-central-1",
        "dynamodb": change,
        "eventSourceARN": "arn:aws:dynamodb:eu-central-1:123456789012:table/t/stream/2026-11-22T00:00:00.000"
    })
}

fn event(records: &[Value]) -> Event {
    serde_json::from_value(json!({ "Records": records })).unwrap()
}

async fn failures(handler: &Ledger, records: &[Value]) -> Value {
    serde_json::to_value(answer(handler, event(records)).await).unwrap()
}

#[tokio::test]
async fn records_keep_order_and_images() {
    let ledger = Ledger::new(None);
    let batch = [record("10", "INSERT"), record("11", "MODIFY"), record("12", "REMOVE")];
    assert_eq!(failures(&ledger, &batch).await, json!({ "batchItemFailures": [] }));
    let seen = ledger.seen.into_inner().unwrap();
    let shape: Vec<_> = seen
        .iter()
        .map(|record| (record.sequence_number.as_str(), record.old.is_some(), record.new.is_some()))
        .collect();
    assert_eq!(shape, [("10", false, true), ("11", true, true), ("12", true, false)]);
    assert_eq!(
        seen[0].new.as_ref().unwrap().get("owner"),
        Some(&serde_dynamo::AttributeValue::S("ada".into()))
    );
}

#[tokio::test]
async fn only_the_first_failure_is_named() {
    let ledger = Ledger::new(Some("11"));
    let batch = [record("10", "INSERT"), record("11", "INSERT"), record("12", "INSERT")];
    assert_eq!(failures(&ledger, &batch).await, json!({ "batchItemFailures": [{ "itemIdentifier": "11" }] }));
    assert_eq!(ledger.seen.into_inner().unwrap().len(), 1);
}

#[tokio::test]
async fn an_unreadable_record_fails_after_those_before_it_are_handled() {
    let ledger = Ledger::new(None);
    let mut keys_alone = record("11", "INSERT");
    keys_alone["dynamodb"].as_object_mut().unwrap().remove("NewImage");
    let batch = [record("10", "INSERT"), keys_alone, record("12", "INSERT")];
    assert_eq!(failures(&ledger, &batch).await, json!({ "batchItemFailures": [{ "itemIdentifier": "11" }] }));
    assert_eq!(ledger.seen.into_inner().unwrap().len(), 1);
}

#[tokio::test]
async fn after_a_panic_the_whole_batch_is_retried() {
    let batch = [record("10", "INSERT"), record("13", "INSERT")];
    let answered = failures(&Ledger::new(None), &batch).await;
    assert_eq!(answered, json!({ "batchItemFailures": [{ "itemIdentifier": "10" }] }));
}
