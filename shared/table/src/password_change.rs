//! Changes of passwords, of which their users are told by mail: one item for each, until it expires.

use aws_sdk_dynamodb::types::{Put, TransactWriteItem};
use domain::{Timestamp, UserId};
use serde::{Deserialize, Serialize};

use crate::calls::stored;
use crate::keys::ItemKey;
use crate::{Error, Result, Table};

/// Days until the item goes. A mail that is later tells nobody in time.
const DAYS: i64 = 1;

#[derive(Serialize, Deserialize)]
struct Stored {
    /// Whether a mail was sent, or can never be.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    sent: bool,
    expires_at: i64,
}

/// Returns the part of a transaction that records the change. The stream's record of it has it mailed.
pub(crate) fn recording(table: &Table, user: UserId, at: Timestamp) -> Result<TransactWriteItem> {
    let item = Stored { sent: false, expires_at: at.plus_days(DAYS).seconds() };
    let put = Put::builder()
        .table_name(&*table.name)
        .set_item(Some(stored(&ItemKey::PasswordChange(user, at), item)?))
        .build()
        .map_err(Error::unreadable)?;
    Ok(TransactWriteItem::builder().put(put).build())
}

/// Returns whether the user is still to be told of a change. Strongly consistent, 1 RRU.
pub async fn is_due_latest(table: &Table, user: UserId, at: Timestamp, now: Timestamp) -> Result<bool> {
    let found: Option<Stored> = table.get_latest(&ItemKey::PasswordChange(user, at)).await?;
    // TTL deletes late.
    Ok(found.is_some_and(|change| !change.sent && change.expires_at > now.seconds()))
}

/// Records that a change was mailed, or can never be. 1 WRU.
pub async fn mark_sent(table: &Table, user: UserId, at: Timestamp) -> Result<()> {
    table.mark_sent(&ItemKey::PasswordChange(user, at)).await
}
