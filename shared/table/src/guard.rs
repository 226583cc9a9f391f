//! Guards: quotas and idempotency keys.

use std::fmt::Display;

use aws_sdk_dynamodb::types::{Put, TransactWriteItem};
use domain::quota::{Exceeded, Quota};
use domain::{Timestamp, UserId};
use serde::{Deserialize, Serialize};

use crate::calls::{number, stored};
use crate::error::done;
use crate::keys::{EXPIRES_AT, ItemKey, PK};
use crate::{Error, Result, Table};

/// Seconds for which an idempotency key is valid.
const IDEMPOTENCY_SECONDS: i64 = 24 * 60 * 60;

/// An idempotency key and what its first request created: a photo or a comment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Idempotency {
    /// The client's key.
    pub key: String,
    /// The digest of the request, which tells a repetition from a reuse.
    pub request: String,
    /// The id of what the first request created.
    #[serde(rename = "photo")]
    pub made: String,
    /// When the key expires, in seconds since the epoch.
    pub expires_at: i64,
}

impl Idempotency {
    /// Returns the record that `key` with a request of this digest creates `made`.
    pub fn new(key: &str, request: String, made: impl Display, now: Timestamp) -> Self {
        Self {
            key: key.to_owned(),
            request,
            made: made.to_string(),
            expires_at: now.seconds() + IDEMPOTENCY_SECONDS,
        }
    }

    pub(crate) fn write(&self, table: &Table, user: UserId, now: Timestamp) -> Result<TransactWriteItem> {
        // TTL deletes late. An expired key may be used again although its item still exists.
        let put = Put::builder()
            .table_name(&*table.name)
            .set_item(Some(stored(&ItemKey::Idempotency(user, self.key.clone()), self)?))
            .condition_expression(format!("attribute_not_exists({PK}) OR {EXPIRES_AT} <= :now"))
            .expression_attribute_values(":now", number(now.seconds()))
            .build()
            .map_err(Error::unreadable)?;
        Ok(TransactWriteItem::builder().put(put).build())
    }
}

/// Reads the earlier use of an idempotency key; `None` when it is unused or has expired.
/// Strongly consistent, 1 RRU.
pub async fn earlier_latest(
    table: &Table,
    user: UserId,
    key: &str,
    now: Timestamp,
) -> Result<Option<Idempotency>> {
    let made: Option<Idempotency> = table.get_latest(&ItemKey::Idempotency(user, key.to_owned())).await?;
    // TTL deletes late. An expired key counts as absent.
    Ok(made.filter(|made| made.expires_at > now.seconds()))
}

/// Counts the uses of quotas in the table.
#[derive(Clone, Debug)]
pub struct Quotas {
    table: Table,
    scale: i64,
}

/// A use that a quota admitted.
#[derive(Clone, Debug)]
pub struct Taken(ItemKey);

impl Quotas {
    /// Returns quotas whose limits are `scale` times those of the table.
    pub fn new(table: Table, scale: u32) -> Self {
        Self { table, scale: i64::from(scale) }
    }

    /// Takes a use of `quota` by `owner`: as much of each measure as `amounts` says, in its order. Nothing is
    /// taken if any measure would exceed its limit.
    ///
    /// One conditional update, 1 WRU. Nothing is read before it, so that it can be sent beside other calls.
    pub async fn take(
        &self,
        quota: &Quota,
        owner: UserId,
        amounts: &[i64],
        now: Timestamp,
    ) -> Result<Result<Taken, Exceeded>> {
        let window = quota.window(owner, now);
        let key = ItemKey::Rate(owner, format!("{}#{}", quota.name, window.number));
        let exceeded = Exceeded { quota: *quota, seconds: quota.wait(owner, now) };
        let mut request = self.table.update(&key).expression_attribute_values(":end", number(window.end));
        let (mut adds, mut conditions) = (Vec::new(), Vec::new());
        for (index, (measure, amount)) in quota.measures.iter().zip(amounts).enumerate() {
            let most = measure.limit.saturating_mul(self.scale).saturating_sub(*amount);
            if most < 0 {
                return Ok(Err(exceeded));
            }
            adds.push(format!("#measure{index} :amount{index}"));
            conditions
                .push(format!("(attribute_not_exists(#measure{index}) OR #measure{index} <= :most{index})"));
            request = request
                .expression_attribute_names(format!("#measure{index}"), measure.name)
                .expression_attribute_values(format!(":amount{index}"), number(*amount))
                .expression_attribute_values(format!(":most{index}"), number(most));
        }
        let request = request
            .update_expression(format!("SET {EXPIRES_AT} = :end ADD {}", adds.join(", ")))
            .condition_expression(conditions.join(" AND "));
        // On the heap, because callers send it beside other calls, whose futures are as large.
        let answer = Box::pin(request.send()).await;
        Ok(if done("UpdateItem", answer)? { Ok(Taken(key)) } else { Err(exceeded) })
    }

    /// Gives back one of a measure of a use. 1 WRU.
    pub async fn give_back(&self, taken: &Taken, measure: &str) -> Result<()> {
        let request = self
            .table
            .update(&taken.0)
            .update_expression("ADD #measure :less")
            .condition_expression(format!("attribute_exists({PK})"))
            .expression_attribute_names("#measure", measure)
            .expression_attribute_values(":less", number(-1));
        let answer = Box::pin(request.send()).await;
        done("UpdateItem", answer).map(|_| ())
    }
}
