//! The adapter between the table's stream and a handler. Records are handled in order.
//!
//! A stream keeps the order of each item's changes. So the response names the *first* record that failed,
//! and Lambda continues from there: earlier records are done, and later ones are delivered again.
//! The mapping must set `ReportBatchItemFailures`.

use std::error::Error;
use std::future::Future;
use std::panic::AssertUnwindSafe;

use aws_lambda_events::dynamodb::{Event, EventRecord};
use aws_lambda_events::streams::{DynamoDbBatchItemFailure, DynamoDbEventResponse};
use futures::FutureExt;
use serde_dynamo::Item;

use crate::failure::Chain;
use crate::metrics::Outcome;
use crate::{Aws, StartError, invocation};

/// One change of one item.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// Its place in the shard.
    pub sequence_number: String,
    /// The item before; absent on insertion.
    pub old: Option<Item>,
    /// The item after; absent on removal.
    pub new: Option<Item>,
}

/// The first record of a batch that could not be handled.
#[derive(Debug, thiserror::Error)]
#[error("record {sequence_number} failed")]
pub struct Failed {
    /// Its place in the shard.
    pub sequence_number: String,
    /// The cause.
    pub source: Box<dyn Error + Send + Sync>,
}

impl Failed {
    /// Returns the failure of `record`.
    pub fn at(record: &Record, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { sequence_number: record.sequence_number.clone(), source: source.into() }
    }
}

/// Handles batches of a stream.
pub trait Handler: Send + Sync {
    /// Handles records in their order. It must be idempotent: records may be delivered
    /// again, after a success too.
    fn handle(&self, records: Vec<Record>) -> impl Future<Output = Result<(), Failed>> + Send;
}

/// Serves the stream until Lambda stops the process.
///
/// # Errors
/// Lambda's runtime interface failed.
pub async fn run(handler: impl Handler, aws: &Aws) -> Result<(), StartError> {
    let handler = &handler;
    invocation::serve(aws, |event: Event| async move {
        let (response, outcome) = measured(handler, event).await;
        (Ok(response), outcome)
    })
    .await
}

/// Handles a batch as [`answer`] does, and returns the outcome for the metrics too.
pub(crate) async fn measured(handler: &impl Handler, event: Event) -> (DynamoDbEventResponse, Outcome) {
    let records = event.records.len();
    let response = answer(handler, event).await;
    let failures = response.batch_item_failures.len();
    (response, Outcome { failures, records: Some(records), status: None })
}

/// Handles a batch and names the first record that failed.
pub async fn answer(handler: &impl Handler, event: Event) -> DynamoDbEventResponse {
    let mut records = Vec::with_capacity(event.records.len());
    let mut unreadable = None;
    let first =
        event.records.first().and_then(|record| record.change.sequence_number.clone()).unwrap_or_default();
    for record in event.records {
        let sequence_number = record.change.sequence_number.clone().unwrap_or_default();
        match Record::try_from(record) {
            Ok(record) => records.push(record),
            Err(error) => {
                tracing::error!(sequence_number, %error, "unreadable record");
                unreadable = Some(sequence_number);
                break;
            }
        }
    }
    let handled = if records.is_empty() {
        Ok(Ok(()))
    } else {
        AssertUnwindSafe(handler.handle(records)).catch_unwind().await
    };
    let failed = match handled {
        Ok(Ok(())) => unreadable,
        Ok(Err(failed)) => {
            tracing::error!(sequence_number = failed.sequence_number, error = %Chain(failed.source.as_ref()), "record failed");
            Some(failed.sequence_number)
        }
        // Which record caused the panic is unknown. The hook has logged the panic.
        Err(_) => Some(first),
    };
    let mut response = DynamoDbEventResponse::default();
    if let Some(sequence_number) = failed {
        let mut failure = DynamoDbBatchItemFailure::default();
        failure.item_identifier = Some(sequence_number);
        response.batch_item_failures.push(failure);
    }
    response
}

/// A record that this adapter does not understand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// It has neither image, as from a stream of keys alone.
    #[error("neither an old nor a new image")]
    NoImage,
    /// It could not be named in an answer.
    #[error("no sequence number")]
    Unnumbered,
}

impl TryFrom<EventRecord> for Record {
    type Error = Unreadable;

    fn try_from(record: EventRecord) -> Result<Self, Unreadable> {
        let change = record.change;
        // An absent image is decoded as an empty one; no item is empty, each has its key.
        let image = |item: Item| Some(item).filter(|item| !item.is_empty());
        let (old, new) = (image(change.old_image), image(change.new_image));
        if old.is_none() && new.is_none() {
            return Err(Unreadable::NoImage);
        }
        Ok(Self { sequence_number: change.sequence_number.ok_or(Unreadable::Unnumbered)?, old, new })
    }
}

#[cfg(test)]
mod tests;
