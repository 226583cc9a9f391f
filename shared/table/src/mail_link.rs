//! Links that are mailed: one item for each, in its user's partition, until it expires.

use aws_sdk_dynamodb::types::{AttributeValue, CancellationReason, TransactWriteItem, Update};
use domain::mail_link::{LinkDigest, Purpose};
use domain::sealed::Sealed;
use domain::{Timestamp, UserId};
use serde::{Deserialize, Serialize};

use crate::calls::{Range, back_off, key_item, number, stored, text};
use crate::edges::cancellation;
use crate::error::done;
use crate::keys::{EXPIRES_AT, ItemKey, PK, partition, sort};
use crate::password_change;
use crate::user::{CONFLICT, RACES, REFUSED};
use crate::{Error, Item, Result, Table};

/// Links that are read at once, to be ended.
const PAGE: usize = 100;

/// A link, as it is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailLink {
    /// Whose.
    pub user: UserId,
    /// What it does.
    pub purpose: Purpose,
    /// Its name.
    pub digest: LinkDigest,
    /// Its token, which the function that mails alone can read.
    pub token: Sealed,
    /// When it was made.
    pub at: Timestamp,
}

/// A link, as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stored {
    /// Its token.
    pub token: Sealed,
    /// Whether a mail with it was sent, or can never be.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sent: bool,
    /// Whether it was used.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub used: bool,
    expires_at: i64,
}

fn key(user: UserId, purpose: Purpose, digest: &LinkDigest) -> ItemKey {
    ItemKey::MailLink(user, purpose, digest.clone())
}

pub(crate) fn item(link: &MailLink) -> Result<Item> {
    let MailLink { user, purpose, digest, token, at } = link;
    let item = Stored { token: token.clone(), sent: false, used: false, expires_at: purpose.expiry(*at) };
    stored(&key(*user, *purpose, digest), item)
}

/// Stores a link. The stream's record of it has it mailed. 1 WRU.
pub async fn create(table: &Table, link: &MailLink) -> Result<()> {
    // A digest of 256 random bits. If there is one already, it is this very write, retried by the SDK.
    let answer = table
        .client
        .put_item()
        .table_name(&*table.name)
        .set_item(Some(item(link)?))
        .condition_expression(format!("attribute_not_exists({PK})"))
        .send()
        .await;
    done("PutItem", answer).map(|_| ())
}

/// Reads a link that has not expired, used or not. Strongly consistent, 1 RRU.
pub async fn get_latest(
    table: &Table,
    user: UserId,
    purpose: Purpose,
    digest: &LinkDigest,
    now: Timestamp,
) -> Result<Option<Stored>> {
    let found: Option<Stored> = table.get_latest(&key(user, purpose, digest)).await?;
    // TTL deletes late.
    Ok(found.filter(|link| link.expires_at > now.seconds()))
}

/// Records that a link was mailed, or can never be. 1 WRU.
pub async fn mark_sent(table: &Table, user: UserId, purpose: Purpose, digest: &LinkDigest) -> Result<()> {
    table.mark_sent(&key(user, purpose, digest)).await
}

/// Returns the part of a transaction that uses a link, on condition that it is neither used nor expired.
pub(crate) fn using(
    table: &Table,
    user: UserId,
    purpose: Purpose,
    digest: &LinkDigest,
    now: Timestamp,
) -> Result<TransactWriteItem> {
    let update = Update::builder()
        .table_name(&*table.name)
        .set_key(Some(key_item(&key(user, purpose, digest))))
        .update_expression("SET used = :yes")
        .condition_expression(format!("{EXPIRES_AT} > :now AND attribute_not_exists(used)"))
        .expression_attribute_values(":yes", AttributeValue::Bool(true))
        .expression_attribute_values(":now", number(now.seconds()))
        .build()
        .map_err(Error::unreadable)?;
    Ok(TransactWriteItem::builder().update(update).build())
}

/// Sets the hash of a new password for a user who presents a link, and returns whether the link was good.
///
/// 6 WRU in one transaction, and as much again for each conflict. The user is told by mail.
pub async fn reset_password(
    table: &Table,
    user: UserId,
    digest: &LinkDigest,
    hash: &str,
    now: Timestamp,
) -> Result<bool> {
    let credential = Update::builder()
        .table_name(&*table.name)
        .set_key(Some(key_item(&ItemKey::Credential(user))))
        .update_expression("SET #hash = :hash")
        .condition_expression(format!("attribute_exists({PK})"))
        .expression_attribute_names("#hash", "hash")
        .expression_attribute_values(":hash", text(hash))
        .build()
        .map_err(Error::unreadable)?;
    let writes = vec![
        using(table, user, Purpose::Reset, digest, now)?,
        TransactWriteItem::builder().update(credential).build(),
        password_change::recording(table, user, now)?,
    ];
    for race in 0..RACES {
        let request = table.client.transact_write_items().set_transact_items(Some(writes.clone()));
        let Err(error) = request.send().await else { return Ok(true) };
        let codes: Vec<&str> =
            cancellation(&error).into_iter().flatten().filter_map(CancellationReason::code).collect();
        if codes.contains(&REFUSED) {
            return Ok(false);
        }
        if !codes.contains(&CONFLICT) {
            return Err(Error::sdk("TransactWriteItems", error));
        }
        // The same link is presented twice at once.
        back_off(race).await;
    }
    Err(Error::busy("TransactWriteItems", "the link stayed contended"))
}

/// Deletes the links of a purpose but one. 1 RRU for 4 KiB of them, and 1 WRU each.
pub async fn end_others(table: &Table, user: UserId, purpose: Purpose, kept: &LinkDigest) -> Result<()> {
    let of_purpose = sort::links(purpose);
    let kept = key(user, purpose, kept);
    loop {
        let range = Range {
            pk: partition::links(user),
            from: of_purpose.to_owned(),
            // Sorts after every digit.
            to: format!("{of_purpose}g"),
            newest_first: false,
            limit: PAGE,
            consistent: true,
        };
        let page = table.query::<Stored>(range).await?;
        let others: Vec<ItemKey> =
            page.items.into_iter().map(|(key, _)| key).filter(|key| *key != kept).collect();
        table.delete_all(&others).await?;
        if !page.more {
            return Ok(());
        }
    }
}
