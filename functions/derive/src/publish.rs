//! What the rest of the system is told.

use std::future::Future;

use aws_sdk_sns::Client;
use aws_sdk_sns::types::{MessageAttributeValue, PublishBatchRequestEntry};
use futures::{StreamExt, stream};
use messages::{Event, HashRange, TYPE_ATTRIBUTE};
use runtime::Aws;
use table::change::Change;

/// Entries that SNS takes in one call.
const BATCH: usize = 10;
/// Calls under way at once.
const BATCHES_AT_ONCE: usize = 4;

/// The event that a change is published as, if anybody wants to know.
pub(crate) fn event(change: &Change) -> Option<Event> {
    Some(match *change {
        Change::Ready { photo, author, .. } => {
            Event::PhotoReady { photo_id: photo, author_id: author, followers: HashRange::ALL }
        }
        Change::Deleted { photo, author, media, ref blob_refs } => Event::PhotoDeleted {
            photo_id: photo,
            author_id: author,
            media,
            blob_refs: blob_refs.clone(),
            followers: HashRange::ALL,
        },
        Change::Failed { photo, author, media, ref blob_refs } => {
            Event::PhotoFailed { photo_id: photo, author_id: author?, media, blob_refs: blob_refs.clone() }
        }
        Change::Liked { user, photo, ref like } => Event::LikeAdded {
            photo_id: photo,
            author_id: like.author,
            user_id: user,
            username: like.username.clone(),
            at: like.at,
        },
        Change::Followed { follower, followee, ref follow } => Event::FollowAdded {
            follower_id: follower,
            follower_name: follow.username.clone(),
            followee_id: followee,
            at: follow.at,
        },
        Change::Unfollowed { follower, followee } => {
            Event::FollowRemoved { follower_id: follower, followee_id: followee }
        }
        Change::Returned { reader, mark } => Event::ReaderReturned { user_id: reader, mark },
        Change::Unliked { .. } | Change::Drafted { .. } => return None,
    })
}

/// Where events go.
pub trait Publisher: Send + Sync {
    /// Publishes events, in no particular order. After an error some may have been published.
    fn publish(&self, events: &[Event]) -> impl Future<Output = Result<(), Unpublished>> + Send;
}

/// Events were not published.
#[derive(Debug, thiserror::Error)]
#[error("an event was not published")]
pub struct Unpublished {
    /// The place of the first of them.
    pub place: usize,
    /// Why.
    pub source: Box<dyn std::error::Error + Send + Sync>,
}

impl Unpublished {
    fn at(place: usize, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self { place, source: source.into() }
    }
}

/// An SNS topic. Each message carries the event's type, which subscriptions filter on, and the trace header.
#[derive(Clone, Debug)]
pub struct Topic {
    client: Client,
    arn: String,
}

impl Topic {
    /// The topic named `arn`.
    pub fn connect(aws: &Aws, arn: &str) -> Self {
        Self::new(Client::new(aws.sdk_config()), arn)
    }

    /// The topic named `arn`, reached through `client`.
    pub fn new(client: Client, arn: &str) -> Self {
        Self { client, arn: arn.to_owned() }
    }

    /// Publishes one batch, whose first event has the place `first`.
    async fn publish_batch(&self, first: usize, events: &[Event]) -> Result<(), Unpublished> {
        let trace = runtime::trace::current();
        let entries = events.iter().enumerate().map(|(offset, event)| {
            let place = first + offset;
            entry(place, event, trace.as_deref()).map_err(|source| Unpublished { place, source })
        });
        let entries = entries.collect::<Result<Vec<_>, _>>()?;
        let request =
            self.client.publish_batch().topic_arn(&self.arn).set_publish_batch_request_entries(Some(entries));
        let answer = request.send().await.map_err(|error| Unpublished::at(first, error))?;
        // An id that is not ours would be a fault of the service: the whole batch comes again then.
        let refused = answer.failed().iter().map(|entry| (entry.id().parse().unwrap_or(first), entry.code()));
        match refused.min() {
            // The code and never the message: it may quote the body.
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
        .message(serde_json::to_string(event)?)
        .message_attributes(TYPE_ATTRIBUTE, text(event.kind())?);
    if let Some(header) = trace {
        entry = entry.message_attributes(runtime::trace::ATTRIBUTE, text(header)?);
    }
    Ok(entry.build()?)
}
