//! Guards: rate limits and idempotency keys. They are checked in the same transaction as the
//! write that they guard.

use aws_sdk_dynamodb::types::{Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update};
use domain::rate::{Limit, RetryAfter};
use domain::{PhotoId, Timestamp, UserId};
use serde::{Deserialize, Serialize};

use crate::calls::{key_item, number, parsed, stored};
use crate::error::refused;
use crate::keys::{EXPIRES_AT, ItemKey, PK};
use crate::{Error, Result, Table};

/// Seconds for which an idempotency key is valid.
const IDEMPOTENCY_SECONDS: i64 = 24 * 60 * 60;

/// The rate limit's name for uploads.
pub const UPLOADS: &str = "uploads";
/// The rate limit's name for password checks.
pub const LOGINS: &str = "logins";

#[derive(Serialize, Deserialize)]
struct Rate {
    tat: Timestamp,
}

/// An idempotency key and the photo that its first request created.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Idempotency {
    /// The client's key.
    pub key: String,
    /// The digest of the request, which tells a repetition from a reuse.
    pub request: String,
    /// The photo that the first request created.
    pub photo: PhotoId,
    /// When the key expires, in seconds since the epoch.
    pub expires_at: i64,
}

impl Idempotency {
    /// Returns the record that `key` with a request of this digest creates `photo`.
    pub fn new(key: &str, request: String, photo: PhotoId, now: Timestamp) -> Self {
        Self { key: key.to_owned(), request, photo, expires_at: now.seconds() + IDEMPOTENCY_SECONDS }
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

/// The guards of an upload as they were read.
#[derive(Clone, Debug, Default)]
pub struct Guards {
    /// The rate limit's theoretical arrival time.
    pub tat: Option<Timestamp>,
    /// The earlier use of the idempotency key, if any.
    pub made: Option<Idempotency>,
}

/// One admitted action, which moves the rate limit's stored moment from the one read to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateStep {
    action: &'static str,
    from: Option<Timestamp>,
    to: Timestamp,
}

impl RateStep {
    /// Admits one more `action`, or returns when to retry.
    pub fn admit(
        action: &'static str,
        limit: Limit,
        tat: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<Self, RetryAfter> {
        limit.admit(tat, now).map(|to| Self { action, from: tat, to })
    }

    pub(crate) fn write(&self, table: &Table, user: UserId) -> Result<TransactWriteItem> {
        let (condition, from) = self.condition();
        let update = Update::builder()
            .table_name(&*table.name)
            .set_key(Some(key_item(&ItemKey::Rate(user, self.action.to_owned()))))
            .update_expression(format!("SET tat = :to, {EXPIRES_AT} = :expiry"))
            .condition_expression(condition)
            .expression_attribute_values(":to", number(self.to.0))
            .expression_attribute_values(":expiry", number(self.to.seconds() + 1));
        let update = match from {
            Some(from) => update.expression_attribute_values(":from", number(from.0)),
            None => update,
        };
        let update = update.build().map_err(Error::unreadable)?;
        Ok(TransactWriteItem::builder().update(update).build())
    }

    fn condition(&self) -> (&'static str, Option<Timestamp>) {
        match self.from {
            Some(from) => ("tat = :from", Some(from)),
            None => ("attribute_not_exists(tat)", None),
        }
    }
}

/// Reads the guards of an upload. One round trip, 1 RRU.
pub async fn of_upload(table: &Table, user: UserId, key: Option<&str>, now: Timestamp) -> Result<Guards> {
    let rate = ItemKey::Rate(user, UPLOADS.to_owned());
    let idempotency = key.map(|key| ItemKey::Idempotency(user, key.to_owned()));
    let rate_item = table.get_latest::<Rate>(&rate);
    let made = async {
        match &idempotency {
            Some(key) => table.get_latest::<Idempotency>(key).await,
            None => Ok(None),
        }
    };
    let (rate_item, made) = futures::try_join!(rate_item, made)?;
    // TTL deletes late. An expired key counts as absent.
    let made = made.filter(|made| made.expires_at > now.seconds());
    Ok(Guards { tat: rate_item.map(|rate| rate.tat), made })
}

/// Takes one `action` of `user` from its limit, or returns when to retry. 1 WRU, two more for each race lost.
pub async fn take(
    table: &Table,
    user: UserId,
    action: &'static str,
    limit: Limit,
    now: Timestamp,
) -> Result<Result<(), RetryAfter>> {
    // Each race lost is another action admitted. A limit below this number is used up before the races are.
    const RACES: usize = 32;
    let mut tat = None;
    for _ in 0..RACES {
        let step = match RateStep::admit(action, limit, tat, now) {
            Ok(step) => step,
            Err(wait) => return Ok(Err(wait)),
        };
        let (condition, from) = step.condition();
        let mut request = table
            .update(&ItemKey::Rate(user, action.to_owned()))
            .update_expression(format!("SET tat = :to, {EXPIRES_AT} = :expiry"))
            .condition_expression(condition)
            .expression_attribute_values(":to", number(step.to.0))
            .expression_attribute_values(":expiry", number(step.to.seconds() + 1))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        if let Some(from) = from {
            request = request.expression_attribute_values(":from", number(from.0));
        }
        match request.send().await {
            Ok(_) => return Ok(Ok(())),
            Err(error) => match refused(&error) {
                Some(refused) => tat = refused.item.map(parsed::<Rate>).transpose()?.map(|rate| rate.tat),
                None => return Err(Error::sdk("UpdateItem", error)),
            },
        }
    }
    Err(Error::busy("UpdateItem", "the rate limit stayed contended"))
}
