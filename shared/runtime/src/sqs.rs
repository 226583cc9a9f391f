//! The adapter between a queue and a handler. Records are handled one by one, several at once, and only
//! failed ones are retried.
//!
//! A record fails when its body does not parse, or when its handler returns an error or panics.
//! The response names it in `batchItemFailures`. SQS delivers it again later, and moves it to the dead-letter
//! queue after the last attempt. The other records of the batch are done. The mapping must set
//! `ReportBatchItemFailures`.

use std::error::Error;
use std::future::Future;
use std::panic::AssertUnwindSafe;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use futures::{FutureExt, StreamExt, stream};
use serde::de::DeserializeOwned;
use tracing::{Instrument, info_span};

use crate::failure::Chain;
use crate::metrics::Outcome;
use crate::{Aws, StartError, invocation, trace};

/// Handles the records of a queue.
pub trait Handler: Send + Sync {
    /// The content of a body: a message of ours, an S3 event, an SNS event delivered raw.
    type Message: DeserializeOwned + Send;
    /// Why a record cannot be handled now.
    type Error: Error + Send + Sync + 'static;
    /// Records of a batch handled at once.
    const CONCURRENCY: usize = 10;

    /// Handles one record. It must be idempotent: a record may be delivered again, after a success too.
    fn handle(&self, message: Self::Message) -> impl Future<Output = Result<(), Self::Error>> + Send;
}

/// Serves the queue until Lambda stops the process.
///
/// # Errors
/// Lambda's runtime interface failed.
pub async fn run(handler: impl Handler, aws: &Aws) -> Result<(), StartError> {
    let handler = &handler;
    invocation::serve(aws, |event: SqsEvent| async move {
        let (response, outcome) = measured(handler, event).await;
        (Ok(response), outcome)
    })
    .await
}

/// Handles a batch as [`answer`] does, and returns the outcome for the metrics too.
pub(crate) async fn measured(handler: &impl Handler, event: SqsEvent) -> (SqsBatchResponse, Outcome) {
    let records = event.records.len();
    let response = answer(handler, event).await;
    let failures = response.batch_item_failures.len();
    (response, Outcome { failures, records: Some(records), status: None })
}

/// Handles a batch and names the records that failed.
pub async fn answer<H: Handler>(handler: &H, event: SqsEvent) -> SqsBatchResponse {
    let outer = tracing::Span::current();
    let mut failed: Vec<String> = stream::iter(event.records)
        .map(|record| {
            let span = info_span!(parent: &outer, "message", message_id = record.message_id.as_deref());
            one(handler, record).instrument(span)
        })
        .buffer_unordered(H::CONCURRENCY.max(1))
        .filter_map(std::future::ready)
        .collect()
        .await;
    failed.sort_unstable();
    let mut response = SqsBatchResponse::default();
    response.set_failures(failed);
    response
}

/// Handles one record and returns its id if that failed.
async fn one<H: Handler>(handler: &H, record: SqsMessage) -> Option<String> {
    // SQS always sets an id. Without one, Lambda treats the whole batch as failed, and nothing is lost.
    let id = record.message_id.unwrap_or_default();
    let body = record.body.unwrap_or_default();
    let message = match serde_json::from_str::<H::Message>(&body) {
        Ok(message) => message,
        Err(error) => {
            // The position of the fault is logged and never the text, because messages name people.
            tracing::error!(line = error.line(), column = error.column(), kind = ?error.classify(), "the body is no message of this queue");
            return Some(id);
        }
    };
    let header =
        record.message_attributes.get(trace::ATTRIBUTE).and_then(|attribute| attribute.string_value.clone());
    match AssertUnwindSafe(trace::scope(header, handler.handle(message))).catch_unwind().await {
        Ok(Ok(())) => None,
        Ok(Err(error)) => {
            tracing::error!(error = %Chain(&error), "message failed");
            Some(id)
        }
        // The panic itself is logged by the hook.
        Err(_) => Some(id),
    }
}

#[cfg(test)]
mod tests;
