//! The adapter of a function that serves a schedule and a queue. Records of an event say that it is the queue's.

use lambda_runtime::Diagnostic;
use serde_json::Value;

use crate::metrics::Outcome;
use crate::task::bad_input;
use crate::{Aws, StartError, invocation, sqs, task};

const QUEUE: &str = "aws:sqs";
const FAILED: Outcome = Outcome { failures: 1, status: None, records: None };

/// Serves the schedule and the queue until Lambda stops the process.
///
/// # Errors
/// Lambda's runtime interface failed.
pub async fn run(handler: impl task::Handler + sqs::Handler, aws: &Aws) -> Result<(), StartError> {
    let handler = &handler;
    invocation::serve(aws, |event: Value| measured(handler, event)).await
}

/// Handles an event of the schedule or a batch of the queue, as [`task::answer`] and [`sqs::answer`] do.
///
/// # Errors
/// Those of the task.
pub async fn answer(
    handler: &(impl task::Handler + sqs::Handler),
    event: Value,
) -> Result<Value, Diagnostic> {
    measured(handler, event).await.0
}

async fn measured(
    handler: &(impl task::Handler + sqs::Handler),
    event: Value,
) -> (Result<Value, Diagnostic>, Outcome) {
    // Boxed: both adapters nested in Lambda's own future are too deep for the compiler.
    if event.pointer("/Records/0/eventSource").and_then(Value::as_str) == Some(QUEUE) {
        let Ok(event) = serde_json::from_value(event) else { return (Err(bad_input()), FAILED) };
        let (response, outcome) = Box::pin(sqs::measured(handler, event)).await;
        return (serde_json::to_value(response).map_err(|_| bad_input()), outcome);
    }
    match Box::pin(task::answer(handler, event)).await {
        Ok(output) => (serde_json::to_value(output).map_err(|_| bad_input()), Outcome::default()),
        Err(error) => (Err(error), FAILED),
    }
}
