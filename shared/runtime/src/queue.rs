//! Sending messages to queues of ours. A function passes on work that is too long for one message.

use std::future::Future;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::{MessageAttributeValue, SendMessageBatchRequestEntry};
use messages::Grouped;
use serde::Serialize;

use crate::{Aws, trace};

/// Most entries in one SQS call.
const BATCH: usize = 10;

/// A sender of messages.
pub trait Sender: Send + Sync {
    /// Sends messages, in no particular order. After an error some may have been sent.
    /// A retry sends all again.
    fn send<M: Grouped + Serialize + Sync>(
        &self,
        messages: &[M],
    ) -> impl Future<Output = Result<(), SendError>> + Send;

    /// Sends a message that is to be delivered after `seconds`, 900 at most.
    fn send_later<M: Grouped + Serialize + Sync>(
        &self,
        message: &M,
        seconds: u32,
    ) -> impl Future<Output = Result<(), SendError>> + Send;
}

/// Messages were not sent.
#[derive(Debug, thiserror::Error)]
#[error("cannot send to the queue")]
pub struct SendError(#[source] Box<dyn std::error::Error + Send + Sync>);

impl SendError {
    /// Returns the error with its cause.
    pub fn new(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self(source.into())
    }
}

/// A queue. Each message carries its group, and the trace header of the work that sends it.
#[derive(Clone, Debug)]
pub struct Queue {
    client: Client,
    url: String,
}

impl Queue {
    /// Returns the queue at `url`.
    pub fn connect(aws: &Aws, url: &str) -> Self {
        Self::new(Client::new(aws.sdk_config()), url)
    }

    /// Returns the queue at `url`, reached through `client`.
    pub fn new(client: Client, url: &str) -> Self {
        Self { client, url: url.to_owned() }
    }

    async fn send_batch(&self, entries: Vec<SendMessageBatchRequestEntry>) -> Result<(), SendError> {
        let request = self.client.send_message_batch().queue_url(&self.url).set_entries(Some(entries));
        let answer = request.send().await.map_err(SendError::new)?;
        match answer.failed.first() {
            // The error has the code and never the message, which may quote the body.
            Some(failure) => Err(SendError::new(format!("an entry was refused: {}", failure.code))),
            None => Ok(()),
        }
    }
}

impl Sender for Queue {
    async fn send<M: Grouped + Serialize + Sync>(&self, messages: &[M]) -> Result<(), SendError> {
        let trace = trace::current();
        for batch in messages.chunks(BATCH) {
            let entries =
                batch.iter().enumerate().map(|(index, message)| entry(index, message, 0, trace.as_deref()));
            self.send_batch(entries.collect::<Result<_, _>>()?).await?;
        }
        Ok(())
    }

    async fn send_later<M: Grouped + Serialize + Sync>(
        &self,
        message: &M,
        seconds: u32,
    ) -> Result<(), SendError> {
        self.send_batch(vec![entry(0, message, seconds, trace::current().as_deref())?]).await
    }
}

fn entry(
    index: usize,
    message: &(impl Grouped + Serialize),
    delay: u32,
    trace: Option<&str>,
) -> Result<SendMessageBatchRequestEntry, SendError> {
    let mut entry = SendMessageBatchRequestEntry::builder()
        .id(index.to_string())
        .message_group_id(message.group())
        .delay_seconds(i32::try_from(delay).map_err(SendError::new)?)
        .message_body(serde_json::to_string(message).map_err(SendError::new)?);
    if let Some(header) = trace {
        let value = MessageAttributeValue::builder().data_type("String").string_value(header);
        entry = entry.message_attributes(trace::ATTRIBUTE, value.build().map_err(SendError::new)?);
    }
    entry.build().map_err(SendError::new)
}
