//! What lies behind the API: table, buckets and queues, as their owner sees them.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_sqs::types::{QueueAttributeName, SendMessageBatchRequestEntry};
use domain::media::{Encoding, Size};
use domain::photo::Photo;
use domain::quota::Quota;
use domain::{Clock, UserId};
use futures::{StreamExt, TryStreamExt, stream};
use messages::Grouped;
use runtime::SystemClock;
use serde::Serialize;
use table::Table;
use table::guard::Quotas;
use table::keys::{ItemKey, PK, SK};

use crate::cloud::Cloud;
use crate::world::eventually;

pub(crate) type Item = HashMap<String, AttributeValue>;

/// The table, buckets and queues of the stack.
pub(crate) struct Behind {
    dynamodb: aws_sdk_dynamodb::Client,
    s3: aws_sdk_s3::Client,
    sqs: aws_sdk_sqs::Client,
    table: String,
    photos: String,
    uploads: String,
    queues: HashMap<&'static str, Queue>,
}

/// A queue and its dead-letter queue.
struct Queue {
    url: String,
    dead_letters: String,
}

const QUEUES: [(&str, &str, &str); 6] = [
    ("derive", "DeriveQueueUrl", "DeriveQueueDeadLetterQueueUrl"),
    ("uploads", "UploadsQueueUrl", "UploadsDeadLetterQueueUrl"),
    ("fanout", "FanoutQueueUrl", "FanoutDeadLetterQueueUrl"),
    ("backfill", "BackfillQueueUrl", "BackfillDeadLetterQueueUrl"),
    ("mail", "MailQueueUrl", "MailDeadLetterQueueUrl"),
    ("notify", "NotifyQueueUrl", "NotifyDeadLetterQueueUrl"),
];

impl Behind {
    pub(crate) fn new(cloud: &Cloud) -> Self {
        let output = |name: &str| cloud.output(name).to_owned();
        let queue = |(name, url, dead_letters)| {
            (name, Queue { url: output(url), dead_letters: output(dead_letters) })
        };
        Self {
            dynamodb: cloud.dynamodb(),
            s3: cloud.s3(),
            sqs: cloud.sqs(),
            table: output("TableName"),
            photos: output("PhotosBucketName"),
            uploads: output("UploadsBucketName"),
            queues: QUEUES.into_iter().map(queue).collect(),
        }
    }

    /// Returns every item of the table.
    #[expect(
        clippy::disallowed_methods,
        reason = "to count everything, everything has to be read; no function may"
    )]
    pub(crate) async fn every_item(&self) -> Vec<Item> {
        let pages =
            self.dynamodb.scan().table_name(&self.table).consistent_read(true).into_paginator().items();
        pages.send().collect::<Result<_, _>>().await.unwrap()
    }

    /// Returns every item that names a user, by key, but for those that change by themselves.
    pub(crate) async fn items_about(&self, user: UserId) -> BTreeMap<(String, String), Item> {
        let (padded, plain) = (user.padded(), user.to_string());
        let named = |item: &Item| {
            let text = format!("{item:?}");
            let (pk, _) = key(item);
            // What is refused counts against quotas all the same, a link is marked when it was mailed, and the index of
            // names follows a registration.
            let changes = ["RATE#", "LINKS#", "TOKENS#", "PREFIX#", "POPULAR#"];
            let is_steady = !changes.iter().any(|kind| pk.starts_with(kind));
            is_steady && (text.contains(&padded) || text.contains(&plain))
        };
        self.every_item().await.into_iter().filter(named).map(|item| (key(&item), item)).collect()
    }

    /// Returns an item, read consistently.
    pub(crate) async fn item(&self, name: &ItemKey) -> Option<Item> {
        let request = self.dynamodb.get_item().table_name(&self.table).consistent_read(true);
        request.set_key(Some(attributes(name))).send().await.unwrap().item
    }

    /// Returns whether an item exists.
    pub(crate) async fn has(&self, name: &ItemKey) -> bool {
        self.item(name).await.is_some()
    }

    /// Deletes an item directly, as no function would.
    pub(crate) async fn lose(&self, name: &ItemKey) {
        let request = self.dynamodb.delete_item().table_name(&self.table);
        request.set_key(Some(attributes(name))).send().await.unwrap();
    }

    /// Returns the table.
    pub(crate) fn table(&self) -> Table {
        Table::new(self.dynamodb.clone(), &self.table)
    }

    /// Returns a photo, read consistently.
    pub(crate) async fn photo(&self, photo: &str) -> Photo {
        table::photo::get_latest(&self.table(), photo.parse().unwrap()).await.unwrap().unwrap()
    }

    /// Uses a quota of somebody until so much of each measure is left.
    pub(crate) async fn use_up(&self, quota: &Quota, owner: UserId, left: i64) {
        self.take(quota, owner, |limit| limit - left).await;
    }

    /// Frees what [`use_up`](Self::use_up) took, for tests of an owner whom others share.
    pub(crate) async fn free_up(&self, quota: &Quota, owner: UserId, left: i64) {
        self.take(quota, owner, |limit| left - limit).await;
    }

    async fn take(&self, quota: &Quota, owner: UserId, amount: impl Fn(i64) -> i64) {
        // `QuotaScale` of the local cloud.
        const SCALE: u32 = 1_000;
        let quotas = Quotas::new(self.table(), SCALE);
        let amounts: Vec<i64> =
            quota.measures.iter().map(|measure| amount(measure.limit * i64::from(SCALE))).collect();
        let taken = quotas.take(quota, owner, &amounts, SystemClock.now()).await.unwrap();
        assert!(taken.is_ok(), "{} admits no more", quota.name);
    }

    pub(crate) fn photos_bucket(&self) -> &str {
        &self.photos
    }

    pub(crate) fn uploads_bucket(&self) -> &str {
        &self.uploads
    }

    /// Returns the keys of a photo's stored objects: original and renditions of each medium.
    pub(crate) async fn kept(&self, photo: &Photo) -> Vec<String> {
        let mut keys =
            self.objects(&self.photos, &format!("photos/original/{}/{}/", photo.author, photo.id)).await;
        for size in Size::ALL {
            let first = photo.address(0).key(size, Encoding::Jpeg);
            keys.extend(self.objects(&self.photos, first.strip_suffix("0.jpg").unwrap()).await);
        }
        keys
    }

    /// Returns the keys of a photo's uploads that wait to be processed.
    pub(crate) async fn waiting(&self, author: UserId, photo: &str) -> Vec<String> {
        self.objects(&self.uploads, &format!("incoming/{author}/{photo}/")).await
    }

    /// Returns the bytes of a stored object of a photo.
    pub(crate) async fn object(&self, key: &str) -> Vec<u8> {
        let answer = self.s3.get_object().bucket(&self.photos).key(key).send().await.unwrap();
        answer.body.collect().await.unwrap().to_vec()
    }

    /// Returns the keys of the photos bucket that begin like this.
    pub(crate) async fn photo_objects(&self, prefix: &str) -> Vec<String> {
        self.objects(&self.photos, prefix).await
    }

    /// Returns the keys of the uploads bucket that begin like this.
    pub(crate) async fn upload_objects(&self, prefix: &str) -> Vec<String> {
        self.objects(&self.uploads, prefix).await
    }

    async fn objects(&self, bucket: &str, prefix: &str) -> Vec<String> {
        let listed = self.s3.list_objects_v2().bucket(bucket).prefix(prefix).send().await.unwrap();
        listed.contents().iter().filter_map(|object| object.key().map(str::to_owned)).collect()
    }

    /// Sends messages without a group to a queue, at most ten in one request, so that they are likely to be
    /// handled in one batch.
    pub(crate) async fn send(&self, queue: &str, bodies: &[String]) {
        self.send_all(queue, bodies.iter().map(|body| (body.clone(), None)).collect()).await;
    }

    /// Sends messages to a queue, each in its group.
    pub(crate) async fn flood<M: Grouped + Serialize>(&self, queue: &str, messages: &[M]) {
        let message = |message: &M| (serde_json::to_string(message).unwrap(), Some(message.group()));
        self.send_all(queue, messages.iter().map(message).collect()).await;
    }

    /// Sends bodies with their groups.
    async fn send_all(&self, queue: &str, messages: Vec<(String, Option<String>)>) {
        let entry = |(index, (body, group)): (usize, &(String, Option<String>))| {
            let entry = SendMessageBatchRequestEntry::builder().id(index.to_string()).message_body(body);
            entry.set_message_group_id(group.clone()).build().unwrap()
        };
        let batches: Vec<_> = messages
            .chunks(10)
            .map(|batch| {
                let entries = batch.iter().enumerate().map(entry).collect();
                let request = self.sqs.send_message_batch().queue_url(&self.queues[queue].url);
                request.set_entries(Some(entries)).send()
            })
            .collect();
        let sent = stream::iter(batches).buffer_unordered(8).try_collect::<Vec<_>>();
        assert!(sent.await.unwrap().iter().all(|sent| sent.failed().is_empty()));
    }

    /// Deletes the messages of a queue that are not being handled yet, those of other tests too.
    pub(crate) async fn purge(&self, queue: &str) {
        self.sqs.purge_queue().queue_url(&self.queues[queue].url).send().await.unwrap();
    }

    /// Returns about how many messages of a queue are not being handled yet.
    pub(crate) async fn waiting_in(&self, queue: &str) -> usize {
        let request = self.sqs.get_queue_attributes().queue_url(&self.queues[queue].url);
        let name = QueueAttributeName::ApproximateNumberOfMessages;
        let answer = request.attribute_names(name.clone()).send().await.unwrap();
        answer.attributes.unwrap_or_default()[&name].parse().unwrap()
    }

    /// Waits until everything in a queue has been handled.
    pub(crate) async fn until_handled(&self, queue: &str) {
        eventually(&format!("the queue {queue} is empty"), async || {
            let request = self.sqs.get_queue_attributes().queue_url(&self.queues[queue].url);
            let answer = request.attribute_names(QueueAttributeName::All).send().await.unwrap();
            let attributes = answer.attributes.unwrap_or_default();
            let count =
                |name: QueueAttributeName| attributes.get(&name).map_or("0", String::as_str).to_owned();
            let waiting = count(QueueAttributeName::ApproximateNumberOfMessages);
            let in_flight = count(QueueAttributeName::ApproximateNumberOfMessagesNotVisible);
            if (waiting.as_str(), in_flight.as_str()) == ("0", "0") {
                Ok(())
            } else {
                Err(format!("{waiting} waiting, {in_flight} in flight"))
            }
        })
        .await;
    }

    /// Waits until a message is among a queue's dead letters, and removes it. Returns the bodies
    /// of the other dead letters.
    pub(crate) async fn until_dead(&self, queue: &str, body: &str) -> Vec<String> {
        let url = &self.queues[queue].dead_letters;
        eventually(&format!("the poison is among the dead letters of {queue}"), async || {
            let request =
                self.sqs.receive_message().queue_url(url).max_number_of_messages(10).visibility_timeout(1);
            let mut messages = request.send().await.unwrap().messages.unwrap_or_default();
            let found = messages.iter().position(|message| message.body() == Some(body));
            let bodies = |messages: Vec<aws_sdk_sqs::types::Message>| -> Vec<String> {
                messages.into_iter().filter_map(|message| message.body).collect()
            };
            let Some(found) = found else { return Err(format!("{:?}", bodies(messages))) };
            let receipt = messages.swap_remove(found).receipt_handle;
            self.sqs.delete_message().queue_url(url).set_receipt_handle(receipt).send().await.unwrap();
            Ok(bodies(messages))
        })
        .await
    }
}

/// Returns the key attributes of an item.
pub(crate) fn key(item: &Item) -> (String, String) {
    let text = |name: &str| item[name].as_s().unwrap().clone();
    (text(PK), text(SK))
}

fn attributes(name: &ItemKey) -> Item {
    let key = name.raw();
    [(PK, key.pk), (SK, key.sk)].map(|(name, value)| (name.to_owned(), AttributeValue::S(value))).into()
}
