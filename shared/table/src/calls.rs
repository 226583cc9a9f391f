//! The calls to the table's service: paging, batching, and retries of what stayed unprocessed.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{
    AttributeValue, Delete, DeleteRequest, KeysAndAttributes, Put, PutRequest, TransactWriteItem,
    WriteRequest,
};
use futures::{StreamExt, TryStreamExt, stream};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_dynamo::aws_sdk_dynamodb_1::{from_item, to_item};

use crate::edges::VERSION;
use crate::error::done;
use crate::keys::{ItemKey, PK, RawKey, SK};
use crate::{Error, Item, Page, Result};

const GET_BATCH: usize = 100;
const WRITE_BATCH: usize = 25;
/// Batches of reads in flight at once: the heads of 7,500 authors are one round trip.
const GETS_AT_ONCE: usize = 75;
/// Batches of writes in flight at once. They are enough to hide round trips, and few enough not to
/// throttle a new table.
const WRITES_AT_ONCE: usize = 4;
/// Attempts to send a batch and then its unprocessed remainder.
const ATTEMPTS: u32 = 8;

/// The table. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Table {
    pub(crate) client: Client,
    pub(crate) name: Arc<str>,
}

/// A range of one partition to query.
pub(crate) struct Range {
    pub(crate) pk: String,
    /// The first sort key, inclusive.
    pub(crate) from: String,
    /// The last sort key, inclusive.
    pub(crate) to: String,
    pub(crate) newest_first: bool,
    pub(crate) limit: usize,
    pub(crate) consistent: bool,
}

#[derive(Deserialize)]
struct Keyed<T> {
    pk: String,
    sk: String,
    #[serde(flatten)]
    item: T,
}

/// Returns the condition that an item has this version, with its values; at version 0 it does not exist.
fn at_version(version: u64) -> (String, Option<Item>) {
    match version {
        0 => (format!("attribute_not_exists({PK})"), None),
        _ => {
            let values = Item::from([(":version".to_owned(), number(version))]);
            (format!("{VERSION} = :version"), Some(values))
        }
    }
}

/// Waits before a retry. `attempt` is 0 before the first one.
pub(crate) async fn back_off(attempt: u32) {
    // Not injected: the draw decides when a caller retries and never what it gets.
    tokio::time::sleep(delay(attempt, fastrand::f64())).await;
}

/// The wait before a retry: 25 ms before the first, doubling up to 1.6 s, times 0.5 to 1.5 as `draw` goes
/// from 0 to 1.
///
/// The jitter keeps callers that failed together from retrying together.
fn delay(attempt: u32, draw: f64) -> Duration {
    Duration::from_millis(25 << attempt.min(6)).mul_f64(0.5 + draw)
}

pub(crate) fn key_item(key: &ItemKey) -> Item {
    raw_key_item(key.raw())
}

fn raw_key_item(RawKey { pk, sk }: RawKey) -> Item {
    HashMap::from([(PK.to_owned(), AttributeValue::S(pk)), (SK.to_owned(), AttributeValue::S(sk))])
}

/// Returns the item with `value`'s attributes under `key`.
pub(crate) fn stored(key: &ItemKey, value: impl Serialize) -> Result<Item> {
    let mut item: Item = to_item(value).map_err(Error::unreadable)?;
    item.extend(key_item(key));
    Ok(item)
}

pub(crate) fn parsed<T: DeserializeOwned>(item: Item) -> Result<T> {
    from_item(item).map_err(Error::unreadable)
}

pub(crate) fn number(number: impl Into<i128>) -> AttributeValue {
    AttributeValue::N(number.into().to_string())
}

pub(crate) fn text(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

/// Returns a set of strings. `texts` must not be empty: the service refuses an empty set.
pub(crate) fn text_set(texts: &[impl ToString]) -> AttributeValue {
    AttributeValue::Ss(texts.iter().map(ToString::to_string).collect())
}

impl Table {
    /// Returns the table `name`, reached through `client`.
    pub fn new(client: Client, name: &str) -> Self {
        Self { client, name: name.into() }
    }

    /// Returns an update of one item, to be filled in and sent.
    pub(crate) fn update(&self, key: &ItemKey) -> UpdateItemFluentBuilder {
        self.client.update_item().table_name(&*self.name).set_key(Some(key_item(key)))
    }

    /// Reads one item, eventually consistent: 0.5 RRU for each 4 KiB.
    pub(crate) async fn get<T: DeserializeOwned>(&self, key: &ItemKey) -> Result<Option<T>> {
        self.read(key, false).await
    }

    /// Reads one item, strongly consistent: 1 RRU for each 4 KiB.
    pub(crate) async fn get_latest<T: DeserializeOwned>(&self, key: &ItemKey) -> Result<Option<T>> {
        self.read(key, true).await
    }

    /// Reads one item: 0.5 RRU for each 4 KiB, twice that when consistent.
    pub(crate) async fn read<T: DeserializeOwned>(
        &self,
        key: &ItemKey,
        consistent: bool,
    ) -> Result<Option<T>> {
        self.item(key, consistent).await?.map(parsed).transpose()
    }

    /// Reads the attributes of one item, strongly consistent: 1 RRU for each 4 KiB.
    pub(crate) async fn item_latest(&self, key: &ItemKey) -> Result<Option<Item>> {
        self.item(key, true).await
    }

    async fn item(&self, key: &ItemKey, consistent: bool) -> Result<Option<Item>> {
        let request = self.client.get_item().table_name(&*self.name).set_key(Some(key_item(key)));
        // On the heap, as every call that others are made beside: what the SDK keeps for one has kilobytes.
        let answer = Box::pin(request.consistent_read(consistent).send()).await;
        let answer = answer.map_err(|error| Error::sdk("GetItem", error))?;
        Ok(answer.item)
    }

    /// Reads items by key in any order, eventually consistent. Those that do not exist are left out.
    ///
    /// 0.5 RRU for each 4 KiB, one round trip for each 100.
    pub(crate) async fn batch_get<T>(&self, keys: &[ItemKey]) -> Result<Vec<(ItemKey, T)>>
    where
        T: DeserializeOwned,
    {
        self.batch_read(keys, false).await
    }

    /// Reads items by key in any order, strongly consistent. Those that do not exist are left out.
    ///
    /// 1 RRU for each 4 KiB, one round trip for each 100.
    pub(crate) async fn batch_get_latest<T>(&self, keys: &[ItemKey]) -> Result<Vec<(ItemKey, T)>>
    where
        T: DeserializeOwned,
    {
        self.batch_read(keys, true).await
    }

    async fn batch_read<T>(&self, keys: &[ItemKey], consistent: bool) -> Result<Vec<(ItemKey, T)>>
    where
        T: DeserializeOwned,
    {
        let mut keys: Vec<RawKey> = keys.iter().map(ItemKey::raw).collect();
        keys.sort_unstable();
        keys.dedup();
        let batches: Vec<Vec<Item>> =
            keys.chunks(GET_BATCH).map(|chunk| chunk.iter().cloned().map(raw_key_item).collect()).collect();
        let found: Vec<Vec<Item>> = stream::iter(batches)
            .map(|batch| self.get_batch(batch, consistent))
            .buffer_unordered(GETS_AT_ONCE)
            .try_collect()
            .await?;
        found
            .into_iter()
            .flatten()
            .map(|item| {
                let keyed: Keyed<T> = parsed(item)?;
                let key = ItemKey::parse(&keyed.pk, &keyed.sk)
                    .ok_or_else(|| Error::unreadable("an item under an unknown key"))?;
                Ok((key, keyed.item))
            })
            .collect()
    }

    async fn get_batch(&self, keys: Vec<Item>, consistent: bool) -> Result<Vec<Item>> {
        let mut found = Vec::with_capacity(keys.len());
        let mut left = keys;
        for attempt in 0..ATTEMPTS {
            let request = KeysAndAttributes::builder()
                .set_keys(Some(left))
                .consistent_read(consistent)
                .build()
                .map_err(Error::unreadable)?;
            let request = self.client.batch_get_item().request_items(&*self.name, request);
            let answer = Box::pin(request.send()).await.map_err(|error| Error::sdk("BatchGetItem", error))?;
            found.extend(answer.responses.into_iter().flatten().flat_map(|(_, items)| items));
            left =
                answer.unprocessed_keys.into_iter().flatten().flat_map(|(_, request)| request.keys).collect();
            if left.is_empty() {
                return Ok(found);
            }
            back_off(attempt).await;
        }
        Err(Error::busy("BatchGetItem", "keys stayed unprocessed"))
    }

    /// Stores items unconditionally: 1 WRU for each KiB of each, one round trip for each 25.
    pub(crate) async fn put_all(&self, items: Vec<Item>) -> Result<()> {
        let writes = items.into_iter().map(|item| {
            let put = PutRequest::builder().set_item(Some(item)).build().map_err(Error::unreadable)?;
            Ok(WriteRequest::builder().put_request(put).build())
        });
        self.batch_write(writes.collect::<Result<_>>()?).await
    }

    /// Deletes items whether they exist or not: 1 WRU each, one round trip for each 25.
    pub(crate) async fn delete_all(&self, keys: &[ItemKey]) -> Result<()> {
        let writes = keys.iter().map(|key| {
            let delete =
                DeleteRequest::builder().set_key(Some(key_item(key))).build().map_err(Error::unreadable)?;
            Ok(WriteRequest::builder().delete_request(delete).build())
        });
        self.batch_write(writes.collect::<Result<_>>()?).await
    }

    async fn batch_write(&self, writes: Vec<WriteRequest>) -> Result<()> {
        let batches: Vec<Vec<WriteRequest>> = writes.chunks(WRITE_BATCH).map(<[_]>::to_vec).collect();
        stream::iter(batches)
            .map(|batch| self.write_batch(batch))
            .buffer_unordered(WRITES_AT_ONCE)
            .try_collect::<()>()
            .await
    }

    async fn write_batch(&self, writes: Vec<WriteRequest>) -> Result<()> {
        let mut left = writes;
        for attempt in 0..ATTEMPTS {
            let answer = self
                .client
                .batch_write_item()
                .request_items(&*self.name, left)
                .send()
                .await
                .map_err(|error| Error::sdk("BatchWriteItem", error))?;
            left = answer.unprocessed_items.into_iter().flatten().flat_map(|(_, writes)| writes).collect();
            if left.is_empty() {
                return Ok(());
            }
            back_off(attempt).await;
        }
        Err(Error::busy("BatchWriteItem", "writes stayed unprocessed"))
    }

    /// Reads up to `limit` items of a range, however many pages of 1 MiB they span.
    ///
    /// 0.5 RRU for each 4 KiB, twice that when consistent. One item more is requested,
    /// so that `more` is exact.
    pub(crate) async fn query<T: DeserializeOwned>(&self, range: Range) -> Result<Page<(ItemKey, T)>> {
        let mut items = Vec::new();
        let mut start = None;
        let wanted = range.limit.saturating_add(1);
        loop {
            let left = i32::try_from(wanted.saturating_sub(items.len())).unwrap_or(i32::MAX);
            let request = self
                .client
                .query()
                .table_name(&*self.name)
                .key_condition_expression(format!("{PK} = :pk AND {SK} BETWEEN :from AND :to"))
                .expression_attribute_values(":pk", text(&range.pk))
                .expression_attribute_values(":from", text(&range.from))
                .expression_attribute_values(":to", text(&range.to))
                .scan_index_forward(!range.newest_first)
                .consistent_read(range.consistent)
                .limit(left)
                .set_exclusive_start_key(start);
            let answer = Box::pin(request.send()).await.map_err(|error| Error::sdk("Query", error))?;
            for item in answer.items.into_iter().flatten() {
                let keyed: Keyed<T> = parsed(item)?;
                let key = ItemKey::parse(&keyed.pk, &keyed.sk)
                    .ok_or_else(|| Error::unreadable("an item under an unknown key"))?;
                items.push((key, keyed.item));
            }
            start = answer.last_evaluated_key;
            if start.is_none() || items.len() >= wanted {
                let more = items.len() > range.limit;
                items.truncate(range.limit);
                return Ok(Page { items, more });
            }
        }
    }

    /// Stores an item unless one exists under its key, and returns whether it did. 1 WRU for each KiB.
    pub(crate) async fn put_new(&self, key: &ItemKey, value: impl Serialize) -> Result<bool> {
        let answer = self
            .client
            .put_item()
            .table_name(&*self.name)
            .set_item(Some(stored(key, value)?))
            .condition_expression(format!("attribute_not_exists({PK})"))
            .send()
            .await;
        done("PutItem", answer)
    }

    /// Stores an item on top of the one of this version, or of none where it is 0, and returns whether it did.
    /// The new item holds its own version. 1 WRU for each KiB.
    pub(crate) async fn put_version(
        &self,
        key: &ItemKey,
        value: impl Serialize,
        before: u64,
    ) -> Result<bool> {
        let (condition, values) = at_version(before);
        let put = self.client.put_item().table_name(&*self.name).set_item(Some(stored(key, value)?));
        let put = put.condition_expression(condition).set_expression_attribute_values(values);
        done("PutItem", put.send().await)
    }

    /// Returns the same as a part of a transaction.
    pub(crate) fn version_put(
        &self,
        key: &ItemKey,
        value: impl Serialize,
        before: u64,
    ) -> Result<TransactWriteItem> {
        let (condition, values) = at_version(before);
        let put = Put::builder().table_name(&*self.name).set_item(Some(stored(key, value)?));
        let put = put.condition_expression(condition).set_expression_attribute_values(values);
        Ok(TransactWriteItem::builder().put(put.build().map_err(Error::unreadable)?).build())
    }

    /// Marks what is mailed as sent, if it is still there. 1 WRU.
    pub(crate) async fn mark_sent(&self, key: &ItemKey) -> Result<()> {
        let answer = self
            .update(key)
            .update_expression("SET sent = :yes")
            .condition_expression(format!("attribute_exists({PK})"))
            .expression_attribute_values(":yes", AttributeValue::Bool(true))
            .send()
            .await;
        done("UpdateItem", answer).map(|_| ())
    }

    /// Returns the part of a transaction that has an item of its key alone, or has none.
    pub(crate) fn presence(&self, key: &ItemKey, there: bool) -> Result<TransactWriteItem> {
        let write = TransactWriteItem::builder();
        Ok(if there {
            let put = Put::builder().table_name(&*self.name).set_item(Some(key_item(key)));
            write.put(put.build().map_err(Error::unreadable)?).build()
        } else {
            let delete = Delete::builder().table_name(&*self.name).set_key(Some(key_item(key)));
            write.delete(delete.build().map_err(Error::unreadable)?).build()
        })
    }

    /// Deletes an item and returns whether it existed. 1 WRU for each KiB.
    pub(crate) async fn delete_existing(&self, key: &ItemKey) -> Result<bool> {
        let answer = self
            .client
            .delete_item()
            .table_name(&*self.name)
            .set_key(Some(key_item(key)))
            .condition_expression(format!("attribute_exists({PK})"))
            .send()
            .await;
        done("DeleteItem", answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_up_to_a_limit_and_the_draw_spreads_them() {
        let middle: Vec<u128> = (0..9).map(|attempt| delay(attempt, 0.5).as_millis()).collect();
        assert_eq!(middle, [25, 50, 100, 200, 400, 800, 1600, 1600, 1600]);
        assert_eq!(delay(2, 0.0), Duration::from_millis(50));
        assert_eq!(delay(2, 0.25), Duration::from_millis(75));
        assert_eq!(delay(2, 1.0), Duration::from_millis(150));
    }
}
