//! Users: profile, credential, and the claims that make names and proved addresses unique.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{AttributeValue, Put, ReturnValue, TransactWriteItem, Update};
use domain::account::{EmailDigest, UserName};
use domain::user::User;
use domain::{Timestamp, UserId};
use serde::{Deserialize, Serialize};

use crate::address::Address;
use crate::calls::{back_off, key_item, number, parsed, stored, text};
use crate::edges::{cancellation, transact_patiently};
use crate::error::{condition_failed, done};
use crate::keys::{ItemKey, PK};
use crate::mail_link::{self, MailLink};
use crate::password_change;
use crate::privacy::Switch;
use crate::session::{self, Opened};
use crate::{Error, Order, Patch, Result, Table};

/// What became of a registration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Registration {
    /// The account and its first session are stored.
    Done,
    /// The user name is taken.
    UsernameTaken,
    /// The id is taken, or being taken at this moment. Another one is free.
    IdTaken,
}

/// A claim of a name or an address.
#[derive(Serialize, Deserialize)]
pub(crate) struct Claim {
    pub(crate) user: UserId,
}

/// The hash that a password is checked against, and the user name for the session. One read gets both.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credential {
    /// The user name as written. Names never change.
    pub username: UserName,
    /// The password's hash, a PHC string.
    pub hash: String,
    /// The digest of the e-mail address, proved or not.
    pub email: EmailDigest,
}

/// A new account, which is still to be stored.
pub struct NewAccount<'a> {
    /// The profile.
    pub user: &'a User,
    /// The password's hash, a PHC string.
    pub hash: &'a str,
    /// The e-mail address, sealed.
    pub address: &'a Address,
    /// The link that proves the address.
    pub proof: &'a MailLink,
    /// The first session.
    pub session: &'a Opened,
}

// Reasons of a cancelled transaction.
pub(crate) const REFUSED: &str = "ConditionalCheckFailed";
pub(crate) const CONFLICT: &str = "TransactionConflict";
/// Times a transaction is tried that others are in conflict with.
pub(crate) const RACES: u32 = 6;

/// Creates an account in one transaction of six writes: the claim of the name, profile, credential, address,
/// the link that proves the address, session. The address is not claimed: whoever proves it claims it.
///
/// 12 WRU, and as much again for each race lost.
pub async fn register(table: &Table, account: &NewAccount<'_>) -> Result<Registration> {
    let NewAccount { user, hash, address, proof, session } = account;
    let (username, email) = (user.username.clone(), address.email.clone());
    let credential = Credential { username, hash: (*hash).to_owned(), email };
    let items = [
        stored(&ItemKey::NameClaim(user.username.folded()), &Claim { user: user.id })?,
        stored(&ItemKey::User(user.id), user)?,
        stored(&ItemKey::Credential(user.id), &credential)?,
        stored(&ItemKey::Address(user.id), address)?,
        mail_link::item(proof)?,
        session::item(session)?,
    ];
    let puts = items.into_iter().map(|item| {
        let put = Put::builder()
            .table_name(&*table.name)
            .set_item(Some(item))
            .condition_expression(format!("attribute_not_exists({PK})"))
            .build()
            .map_err(Error::unreadable)?;
        Ok(TransactWriteItem::builder().put(put).build())
    });
    let puts = puts.collect::<Result<Vec<_>>>()?;
    for race in 0..RACES {
        let request = table.client.transact_write_items().set_transact_items(Some(puts.clone()));
        let Err(error) = request.send().await else { return Ok(Registration::Done) };
        let refusal = |index: usize, code: &str| {
            let reason = cancellation(&error).and_then(|reasons| reasons.get(index));
            reason.is_some_and(|reason| reason.code() == Some(code))
        };
        if refusal(0, REFUSED) {
            return Ok(Registration::UsernameTaken);
        }
        // Somebody is registering the same name at this moment: who of the two wins is known in a moment.
        if refusal(0, CONFLICT) {
            back_off(race).await;
        } else if refusal(1, REFUSED) || refusal(1, CONFLICT) {
            return Ok(Registration::IdTaken);
        } else {
            return Err(Error::sdk("TransactWriteItems", error));
        }
    }
    Err(Error::busy("TransactWriteItems", "the name stayed contended"))
}

/// Reads a user's profile. 0.5 RRU.
pub async fn get(table: &Table, id: UserId) -> Result<Option<User>> {
    table.get(&ItemKey::User(id)).await
}

/// Reads a user's profile, strongly consistent. 1 RRU.
pub async fn get_latest(table: &Table, id: UserId) -> Result<Option<User>> {
    table.get_latest(&ItemKey::User(id)).await
}

/// Reads the profiles of several users. Those that do not exist are left out. 0.5 RRU each.
pub async fn get_all(table: &Table, ids: &[UserId]) -> Result<HashMap<UserId, User>> {
    let keys: Vec<ItemKey> = ids.iter().copied().map(ItemKey::User).collect();
    let found = table.batch_get::<User>(&keys).await?;
    Ok(found.into_iter().map(|(_, user)| (user.id, user)).collect())
}

/// Reads who has a folded user name. 0.5 RRU.
pub async fn by_name(table: &Table, folded: &str) -> Result<Option<UserId>> {
    let claim: Option<Claim> = table.get(&ItemKey::NameClaim(folded.to_owned())).await?;
    Ok(claim.map(|claim| claim.user))
}

/// Reads who has which of these folded user names, eventually consistent. Names that nobody has are left out.
/// 0.5 RRU each, one round trip for each 100.
pub async fn by_names(table: &Table, folded: &[String]) -> Result<HashMap<String, UserId>> {
    let keys: Vec<ItemKey> = folded.iter().cloned().map(ItemKey::NameClaim).collect();
    let found = table.batch_get::<Claim>(&keys).await?.into_iter().filter_map(|(key, claim)| match key {
        ItemKey::NameClaim(name) => Some((name, claim.user)),
        _ => None,
    });
    Ok(found.collect())
}

/// Reads who has a folded user name, strongly consistent. 1 RRU.
pub async fn by_name_latest(table: &Table, folded: &str) -> Result<Option<UserId>> {
    let claim: Option<Claim> = table.get_latest(&ItemKey::NameClaim(folded.to_owned())).await?;
    Ok(claim.map(|claim| claim.user))
}

/// Reads a user's credential, strongly consistent. 1 RRU.
pub async fn credential_latest(table: &Table, id: UserId) -> Result<Option<Credential>> {
    table.get_latest(&ItemKey::Credential(id)).await
}

/// Replaces a password's hash if it is still `old`, and returns whether it was. 1 WRU.
pub async fn replace_hash(table: &Table, id: UserId, old: &str, new: &str) -> Result<bool> {
    let answer = table
        .update(&ItemKey::Credential(id))
        .update_expression("SET #hash = :new")
        .condition_expression("#hash = :old")
        .expression_attribute_names("#hash", "hash")
        .expression_attribute_values(":old", text(old))
        .expression_attribute_values(":new", text(new))
        .send()
        .await;
    done("UpdateItem", answer)
}

/// Replaces a password's hash, as its user wants it, if it is still `old`, and returns whether it was. The user is told
/// by mail. 4 WRU in one transaction.
pub async fn change_password(
    table: &Table,
    id: UserId,
    old: &str,
    new: &str,
    now: Timestamp,
) -> Result<bool> {
    let hash = Update::builder()
        .table_name(&*table.name)
        .set_key(Some(key_item(&ItemKey::Credential(id))))
        .update_expression("SET #hash = :new")
        .condition_expression("#hash = :old")
        .expression_attribute_names("#hash", "hash")
        .expression_attribute_values(":old", text(old))
        .expression_attribute_values(":new", text(new))
        .build()
        .map_err(Error::unreadable)?;
    let writes =
        vec![TransactWriteItem::builder().update(hash).build(), password_change::recording(table, id, now)?];
    Ok(transact_patiently(table, writes, Order::InOrder).await?.is_empty())
}

/// Changes profile texts, and whether the account is private, and returns the changed profile; `None` when the
/// account is gone. 1 WRU.
///
/// # Errors
/// [`Error::Busy`] when the account was switched again meanwhile. Nothing is changed then.
pub async fn update(
    table: &Table,
    id: UserId,
    full_name: Patch<String>,
    bio: Patch<String>,
    switch: Option<Switch>,
) -> Result<Option<User>> {
    let (mut set, mut remove) = (Vec::new(), Vec::new());
    let mut condition = format!("attribute_exists({PK})");
    let mut request = table.update(&ItemKey::User(id)).return_values(ReturnValue::AllNew);
    if let Some(Switch { private, mark }) = switch {
        condition.push_str(" AND (attribute_not_exists(switched) OR switched < :mark)");
        set.push("#private = :private, #rebuild = :mark, switched = :mark".to_owned());
        request = request
            .expression_attribute_names("#private", "private")
            .expression_attribute_names("#rebuild", "rebuild")
            .expression_attribute_values(":private", AttributeValue::Bool(private))
            .expression_attribute_values(":mark", number(mark));
    }
    for (attribute, change) in [("full_name", full_name), ("bio", bio)] {
        match change {
            Patch::Keep => {}
            Patch::Remove => remove.push(attribute.to_owned()),
            Patch::Set(value) => {
                set.push(format!("{attribute} = :{attribute}"));
                request = request.expression_attribute_values(format!(":{attribute}"), text(value));
            }
        }
    }
    let mut expression = String::new();
    if !set.is_empty() {
        expression = format!("SET {}", set.join(", "));
    }
    if !remove.is_empty() {
        expression = format!("{expression} REMOVE {}", remove.join(", "));
    }
    if expression.is_empty() {
        return get(table, id).await;
    }
    match request.condition_expression(condition).update_expression(expression.trim()).send().await {
        Ok(answer) => answer.attributes.map(parsed).transpose(),
        Err(error) if condition_failed(&error) && switch.is_some() => {
            Err(Error::busy("UpdateItem", "the account was switched at the same moment"))
        }
        Err(error) if condition_failed(&error) => Ok(None),
        Err(error) => Err(Error::sdk("UpdateItem", error)),
    }
}
