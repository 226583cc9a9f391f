//! Keys of access tokens: the pair of each day.
//!
//! The public half and the wrapped private half are in partitions of their own, because rights go by
//! partition. Every function that answers requests reads the public half. Only those that issue tokens read
//! the other.

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::{AttributeValue, Put, TransactWriteItem};

use crate::calls::{back_off, key_item, number};
use crate::edges::cancellation;
use crate::keys::{EXPIRES_AT, ItemKey, PK};
use crate::{Error, Result, Table};

/// Days for which a pair is stored, its own included. The last token of a day is valid for minutes more.
const STORED_DAYS: i64 = 3;
const SECONDS_A_DAY: i64 = 24 * 60 * 60;
const KEY: &str = "key";

/// A pair of keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// The public half, in DER (`SubjectPublicKeyInfo`).
    pub public: Vec<u8>,
    /// The private half, encrypted by the key service.
    pub wrapped: Vec<u8>,
}

/// Reads the public half of a day's pair, strongly consistent. 1 RRU.
pub async fn public_latest(table: &Table, day: i64) -> Result<Option<Vec<u8>>> {
    read(table, &ItemKey::VerifyingKey(day)).await
}

/// Reads the wrapped private half of a day's pair, strongly consistent. 1 RRU.
pub async fn wrapped_latest(table: &Table, day: i64) -> Result<Option<Vec<u8>>> {
    read(table, &ItemKey::SigningKey(day)).await
}

async fn read(table: &Table, key: &ItemKey) -> Result<Option<Vec<u8>>> {
    let Some(mut item) = table.item_latest(key).await? else { return Ok(None) };
    match item.remove(KEY) {
        Some(AttributeValue::B(bytes)) => Ok(Some(bytes.into_inner())),
        _ => Err(Error::unreadable("a key that is not binary")),
    }
}

/// Stores the pair of a day unless there is one, and returns whether it did. 4 WRU in one transaction.
pub async fn create(table: &Table, day: i64, pair: &Pair) -> Result<bool> {
    let halves = [(ItemKey::VerifyingKey(day), &pair.public), (ItemKey::SigningKey(day), &pair.wrapped)];
    let puts = halves.map(|(key, bytes)| {
        let put = Put::builder()
            .table_name(&*table.name)
            .set_item(Some(key_item(&key)))
            .item(KEY, AttributeValue::B(Blob::new(bytes.clone())))
            .item(EXPIRES_AT, number((day + STORED_DAYS) * SECONDS_A_DAY))
            .condition_expression(format!("attribute_not_exists({PK})"))
            .build()
            .map_err(Error::unreadable)?;
        Ok(TransactWriteItem::builder().put(put).build())
    });
    let puts = puts.into_iter().collect::<Result<Vec<_>>>()?;
    match table.client.transact_write_items().set_transact_items(Some(puts)).send().await {
        Ok(_) => Ok(true),
        // Whoever is in conflict is storing a pair of the same day.
        Err(error) if cancellation(&error).is_some() => {
            back_off(0).await;
            Ok(false)
        }
        Err(error) => Err(Error::sdk("TransactWriteItems", error)),
    }
}
