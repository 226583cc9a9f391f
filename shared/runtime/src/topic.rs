//! Publishing events to a topic of ours, to which other functions subscribe.

use std::future::Future;

use aws_sdk_sns::Client;
use aws_sdk_sns::types::{MessageAttributeValue, PublishBatchRequestEntry};
use futures::{StreamExt, stream};
use messages::{Event, Grouped, TYPE_ATTRIBUTE};

use crate::{Aws, trace};

/// Most entries in one SNS call.
const BATCH: usize = 10;
/// Calls in flight at once.
const BATCHES_AT_ONCE: usize = 4;

/// A publisher of events.
pub trait Publisher: Send + Sync {
    /// Publishes events, in no particular order. After an error some may have been published.
    fn publish(&self, events: &[Event]) -> impl Future<Output = Result<(), Unpublished>> + Send;
}

/// Events were not published.
#[derive(Debug, thiserror::Error)]
#[error("an event was not published")]
pub struct Unpublished {
    /// The place of the first of them among the events, from 0.
    pub place: usize,
    /// The cause.
    pub source: Box<dyn std::error::Error + Send + Sync>,
}

impl Unpublished {
    fn at(place: usize, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self { place, source: source.into() }
    }
}

/// An SNS topic. Each message carries the event's type, which subscriptions filter on, its group, which SNS
/// passes on to the queues, and the trace header.
#[derive(Clone, Debug)]
pub struct Topic {
    client: Client,
    arn: String,
}

impl Topic {
    /// Returns the topic `arn`.
    pub fn connect(aws: &Aws, arn: &str) -> Self {
        Self::new(Client::new(aws.sdk_config()), arn)
    }

    /// Returns the topic `arn`, reached through `client`.
    pub fn new(client: Client, arn: &str) -> Self {
        Self { client, arn: arn.to_owned() }
    }

    /// Publishes one batch, whose first event has the place `first`.
    async fn publish_batch(&self, first: usize, events: &[Event]) -> Result<(), Unpublished> {
        let trace = trace::current();
        let entries = events.iter().enumerate().map(|(offset, event)| {
            let place = first + offset;
            entry(place, event, trace.as_deref()).map_err(|source| Unpublished { place, source })
        });
        let entries = entries.collect::<Result<Vec<_>, _>>()?;
        let request =
            self.client.publish_batch().topic_arn(&self.arn).set_publish_batch_request_entries(Some(entries));
        let answer = request.send().await.map_err(|error| Unpublished::at(first, error))?;
        // An unknown id would be a fault of the service. The whole batch is then published again.
        let refused = answer.failed().iter().map(|entry| (entry.id().parse().unwrap_or(first), entry.code()));
        match refused.min() {
            // The error has the code and never the message, which may quote the body.
            Some((place, code)) => Err(Unpublished::at(place, format!("the topic refused it: {code}"))),
            None => Ok(()),
        }
    }
}

impl Publisher for Topic {
    async fn publish(&self, events: &[Event]) -> Result<(), Unpublished> {
        let batches = events.chunks(BATCH).enumerate();
        let calls: Vec<_> =
            batches.map(|(number, batch)| self.publish_batch(number * BATCH, batch)).collect();
        let failed: Vec<Unpublished> = stream::iter(calls)
            .buffer_unordered(BATCHES_AT_ONCE)
            .filter_map(|outcome| std::future::ready(outcome.err()))
            .collect()
            .await;
        failed.into_iter().min_by_key(|failed| failed.place).map_or(Ok(()), Err)
    }
}

fn entry(
    place: usize,
    event: &Event,
    trace: Option<&str>,
) -> Result<PublishBatchRequestEntry, Box<dyn std::error::Error + Send + Sync>> {
    let text = |value: &str| MessageAttributeValue::builder().data_type("String").string_value(value).build();
    let mut entry = PublishBatchRequestEntry::builder()
        .id(place.to_string())
        .message_group_id(event.group())
        .message(serde_json::to_string(event)?)
        .message_attributes(TYPE_ATTRIBUTE, text(event.kind())?);
    if let Some(header) = trace {
        entry = entry.message_attributes(trace::ATTRIBUTE, text(header)?);
    }
    Ok(entry.build()?)
}
