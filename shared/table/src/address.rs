//! E-mail addresses: sealed for the function that mails, and claimed by whoever proves them.

use aws_sdk_dynamodb::types::{AttributeValue, CancellationReason, Put, TransactWriteItem, Update};
use domain::account::EmailDigest;
use domain::language::Language;
use domain::mail_link::{LinkDigest, Purpose};
use domain::sealed::Sealed;
use domain::{Timestamp, UserId};
use serde::{Deserialize, Serialize};
use serde_dynamo::aws_sdk_dynamodb_1::to_attribute_value;

use crate::calls::{back_off, key_item, stored};
use crate::edges::cancellation;
use crate::keys::{ItemKey, PK};
use crate::mail_link;
use crate::user::{CONFLICT, Claim, RACES, REFUSED};
use crate::{Error, Result, Table};

/// A user's e-mail address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    /// The address, which the function that mails alone can read.
    pub sealed: Sealed,
    /// Its digest.
    pub email: EmailDigest,
    /// The language in which its owner is written to.
    #[serde(default)]
    pub language: Language,
}

/// What became of a proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// The address is the account's.
    Done,
    /// Another account has proved the address before.
    Taken,
    /// The link was used, has expired or never was, or the account is gone.
    Invalid,
}

/// Reads a user's address. Strongly consistent, because it may have been stored just now. 1 RRU.
pub async fn get_latest(table: &Table, user: UserId) -> Result<Option<Address>> {
    table.get_latest(&ItemKey::Address(user)).await
}

/// Reads who has proved an address. 0.5 RRU.
pub async fn owner(table: &Table, email: &EmailDigest) -> Result<Option<UserId>> {
    let claim: Option<Claim> = table.get(&claim_key(email)).await?;
    Ok(claim.map(|claim| claim.user))
}

/// Reads who has proved an address, strongly consistent. 1 RRU.
pub async fn owner_latest(table: &Table, email: &EmailDigest) -> Result<Option<UserId>> {
    let claim: Option<Claim> = table.get_latest(&claim_key(email)).await?;
    Ok(claim.map(|claim| claim.user))
}

fn claim_key(email: &EmailDigest) -> ItemKey {
    ItemKey::EmailClaim(email.as_str().to_owned())
}

/// Claims an address for a user who presents a link that was mailed to it: the link is used, the address
/// claimed unless somebody else has it, and the profile says so. Of several accounts with one address the
/// first to prove it has it.
///
/// 6 WRU in one transaction, and as much again for each conflict.
pub async fn prove(
    table: &Table,
    user: UserId,
    link: &LinkDigest,
    email: &EmailDigest,
    now: Timestamp,
) -> Result<Proof> {
    let claim = Put::builder()
        .table_name(&*table.name)
        .set_item(Some(stored(&claim_key(email), Claim { user })?))
        .condition_expression(format!("attribute_not_exists({PK}) OR #user = :user"))
        .expression_attribute_names("#user", "user")
        .expression_attribute_values(":user", to_attribute_value(user).map_err(Error::unreadable)?)
        .build()
        .map_err(Error::unreadable)?;
    let profile = Update::builder()
        .table_name(&*table.name)
        .set_key(Some(key_item(&ItemKey::User(user))))
        .update_expression("SET email_verified = :yes")
        .condition_expression(format!("attribute_exists({PK})"))
        .expression_attribute_values(":yes", AttributeValue::Bool(true))
        .build()
        .map_err(Error::unreadable)?;
    let writes = vec![
        mail_link::using(table, user, Purpose::Proof, link, now)?,
        TransactWriteItem::builder().put(claim).build(),
        TransactWriteItem::builder().update(profile).build(),
    ];
    for race in 0..RACES {
        let request = table.client.transact_write_items().set_transact_items(Some(writes.clone()));
        let Err(error) = request.send().await else { return Ok(Proof::Done) };
        let Some(reasons) = cancellation(&error) else {
            return Err(Error::sdk("TransactWriteItems", error));
        };
        let codes: Vec<&str> = reasons.iter().filter_map(CancellationReason::code).collect();
        match codes[..] {
            [REFUSED, ..] | [.., REFUSED] => return Ok(Proof::Invalid),
            [_, REFUSED, _] => return Ok(Proof::Taken),
            // The profile's counters change meanwhile, or the same link is presented twice at once.
            _ if codes.contains(&CONFLICT) => back_off(race).await,
            _ => return Err(Error::sdk("TransactWriteItems", error)),
        }
    }
    Err(Error::busy("TransactWriteItems", "the profile stayed contended"))
}
