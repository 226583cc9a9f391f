//! The adapter of a function that serves a stream and a queue. An event's first record names its source.

use lambda_runtime::Diagnostic;
use serde_json::Value;

use crate::metrics::Outcome;
use crate::task::BAD_INPUT;
use crate::{Aws, StartError, invocation, sqs, stream};

const STREAM: &str = "aws:dynamodb";
const QUEUE: &str = "aws:sqs";

/// Serves the stream and the queue until Lambda stops the process.
///
/// # Errors
/// Lambda's runtime interface failed.
pub async fn run(handler: impl stream::Handler + sqs::Handler, aws: &Aws) -> Result<(), StartError> {
    let handler = &handler;
    invocation::serve(aws, |event: Value| measured(handler, event)).await
}

/// Handles a batch of the stream or of the queue and names the failed records, as [`stream::answer`]
/// and [`sqs::answer`] do.
///
/// # Errors
/// [`BAD_INPUT`] for an event that is neither.
pub async fn answer(
    handler: &(impl stream::Handler + sqs::Handler),
    event: Value,
) -> Result<Value, Diagnostic> {
    measured(handler, event).await.0
}

async fn measured(
    handler: &(impl stream::Handler + sqs::Handler),
    event: Value,
) -> (Result<Value, Diagnostic>, Outcome) {
    // Boxed: both adapters nested in Lambda's own future are too deep for the compiler.
    match Batch::read(event) {
        Ok(Batch::Stream(event)) => {
            let (response, outcome) = Box::pin(stream::measured(handler, event)).await;
            (serde_json::to_value(response).map_err(|_| bad_input()), outcome)
        }
        Ok(Batch::Queue(event)) => {
            let (response, outcome) = Box::pin(sqs::measured(handler, event)).await;
            (serde_json::to_value(response).map_err(|_| bad_input()), outcome)
        }
        Err(error) => {
            tracing::error!("the event is neither a batch of the stream nor of the queue");
            (Err(error), Outcome { failures: 1, ..Outcome::default() })
        }
    }
}

enum Batch {
    Stream(aws_lambda_events::dynamodb::Event),
    Queue(aws_lambda_events::sqs::SqsEvent),
}

impl Batch {
    fn read(event: Value) -> Result<Self, Diagnostic> {
        match event.pointer("/Records/0/eventSource").and_then(Value::as_str) {
            Some(STREAM) => serde_json::from_value(event).map(Self::Stream).map_err(|_| bad_input()),
            Some(QUEUE) => serde_json::from_value(event).map(Self::Queue).map_err(|_| bad_input()),
            _ => Err(bad_input()),
        }
    }
}

/// Returns the error of an unknown event. It leaves out the parser's message, which quotes the event.
fn bad_input() -> Diagnostic {
    let error_message = "the event is neither a batch of the stream nor of the queue".to_owned();
    Diagnostic { error_type: BAD_INPUT.to_owned(), error_message }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use serde_json::json;

    use super::*;

    /// Records what it handles. It refuses the record 2 and the message `two`.
    #[derive(Default)]
    struct Ledger(Mutex<Vec<String>>);

    impl Ledger {
        fn note(&self, entry: &str) {
            self.0.lock().unwrap().push(entry.to_owned());
        }
    }

    impl stream::Handler for Ledger {
        async fn handle(&self, records: Vec<stream::Record>) -> Result<(), stream::Failed> {
            for record in records {
                if record.sequence_number == "2" {
                    return Err(stream::Failed::at(&record, "no ink"));
                }
                self.note(&record.sequence_number);
            }
            Ok(())
        }
    }

    #[derive(Debug, thiserror::Error)]
    #[error("no ink")]
    struct NoInk;

    impl sqs::Handler for Ledger {
        type Message = String;
        type Error = NoInk;
        async fn handle(&self, message: String) -> Result<(), NoInk> {
            if message == "two" {
                return Err(NoInk);
            }
            self.note(&message);
            Ok(())
        }
    }

    fn record(number: &str) -> Value {
        json!({
            "eventID": "1",
            "eventName": "INSERT",
            "eventVersion": "1.1",
            "eventSource": "aws:dynamodb",
            "awsRegion": "eu-central-1",
            "dynamodb": {
                "ApproximateCreationDateTime": 1_790_000_000.0,
                "Keys": { "owner": { "S": "ada" } },
                "NewImage": { "owner": { "S": "ada" } },
                "SequenceNumber": number,
                "SizeBytes": 26,
                "StreamViewType": "NEW_AND_OLD_IMAGES"
            },
            "eventSourceARN": "arn:aws:dynamodb:eu-central-1:123456789012:table/t/stream/2026-11-22T00:00:00.000"
        })
    }

    fn message(text: &str) -> Value {
        json!({
            "messageId": text,
            "receiptHandle": "AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a",
            "body": json!(text).to_string(),
            "attributes": {},
            "messageAttributes": {},
            "eventSource": "aws:sqs",
            "eventSourceARN": "arn:aws:sqs:eu-central-1:123456789012:derive",
            "awsRegion": "eu-central-1"
        })
    }

    #[tokio::test]
    async fn each_source_has_its_adapter() {
        let ledger = Ledger::default();
        let failures = |id: &str| json!({ "batchItemFailures": [{ "itemIdentifier": id }] });
        let batch = json!({ "Records": [record("1"), record("2"), record("3")] });
        assert_eq!(answer(&ledger, batch).await.unwrap(), failures("2"));
        let batch = json!({ "Records": [message("one"), message("two"), message("three")] });
        assert_eq!(answer(&ledger, batch).await.unwrap(), failures("two"));
        let mut noted = ledger.0.into_inner().unwrap();
        noted.sort();
        assert_eq!(noted, ["1", "one", "three"]);
    }

    #[tokio::test]
    async fn an_event_of_another_source_fails_as_a_whole() {
        let foreign =
            [json!({}), json!({ "Records": [] }), json!({ "Records": [{ "eventSource": "aws:s3" }] })];
        for event in foreign {
            let error = answer(&Ledger::default(), event).await.unwrap_err();
            assert_eq!(error.error_type, BAD_INPUT);
        }
    }
}
