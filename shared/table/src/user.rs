//! Users: profile, credential, and the claims that make names and addresses unique.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{Put, ReturnValue, TransactWriteItem};
use domain::UserId;
use domain::account::UserName;
use domain::user::User;
use serde::{Deserialize, Serialize};

use crate::calls::{back_off, parsed, stored, text};
use crate::edges::cancellation;
use crate::error::{condition_failed, done};
use crate::keys::{ItemKey, PK};
use crate::session::{self, Opened};
use crate::{Error, Patch, Result, Table};

/// What became of a registration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Registration {
    /// The account and its first session are stored.
    Done,
    /// The user name is taken.
    UsernameTaken,
    /// The e-mail address is taken.
    EmailTaken,
    /// The id is taken, or being taken at this moment. Another one is free.
    IdTaken,
}

#[derive(Serialize, Deserialize)]
struct Claim {
    user: UserId,
}

/// The hash that a password is checked against, and the user name for the session. One read gets both.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credential {
    /// The user name as written. Names never change.
    pub username: UserName,
    /// The password's hash, a PHC string.
    pub hash: String,
}

// Reasons of a cancelled transaction.
const REFUSED: &str = "ConditionalCheckFailed";
const CONFLICT: &str = "TransactionConflict";

/// Creates an account in one transaction of five writes: two claims, credential, profile, session.
///
/// 10 WRU, and as much again for each race lost.
pub async fn register(
    table: &Table,
    user: &User,
    email_digest: &str,
    password_hash: &str,
    session: &Opened,
) -> Result<Registration> {
    const RACES: u32 = 6;
    let claim = Claim { user: user.id };
    let credential = Credential { username: user.username.clone(), hash: password_hash.to_owned() };
    let items = [
        stored(&ItemKey::NameClaim(user.username.folded()), &claim)?,
        stored(&ItemKey::EmailClaim(email_digest.to_owned()), &claim)?,
        stored(&ItemKey::User(user.id), user)?,
        stored(&ItemKey::Credential(user.id), &credential)?,
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
        if refusal(1, REFUSED) {
            return Ok(Registration::EmailTaken);
        }
        // Somebody is registering the same name or address at this moment: who of the two wins is known in a
        // moment.
        if refusal(0, CONFLICT) || refusal(1, CONFLICT) {
            back_off(race).await;
        } else if refusal(2, REFUSED) || refusal(2, CONFLICT) {
            return Ok(Registration::IdTaken);
        } else {
            return Err(Error::sdk("TransactWriteItems", error));
        }
    }
    Err(Error::busy("TransactWriteItems", "the name or the address stayed contended"))
}

/// Reads a user's profile. 0.5 RRU.
pub async fn get(table: &Table, id: UserId) -> Result<Option<User>> {
    table.get(&ItemKey::User(id)).await
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

/// Reads who has an e-mail address, by its digest. 0.5 RRU.
pub async fn by_email(table: &Table, digest: &str) -> Result<Option<UserId>> {
    let claim: Option<Claim> = table.get(&ItemKey::EmailClaim(digest.to_owned())).await?;
    Ok(claim.map(|claim| claim.user))
}

/// Reads who has both a folded user name and an e-mail address, strongly consistent. One round trip, 2 RRU.
pub async fn holder_latest(table: &Table, folded: &str, digest: &str) -> Result<Option<UserId>> {
    let (name, email) = (ItemKey::NameClaim(folded.to_owned()), ItemKey::EmailClaim(digest.to_owned()));
    let claims = futures::try_join!(table.get_latest::<Claim>(&name), table.get_latest::<Claim>(&email))?;
    Ok(match claims {
        (Some(name), Some(email)) if name.user == email.user => Some(name.user),
        _ => None,
    })
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

/// Changes profile texts and returns the changed profile; `None` when the account is gone. 1 WRU.
pub async fn update(
    table: &Table,
    id: UserId,
    full_name: Patch<String>,
    bio: Patch<String>,
) -> Result<Option<User>> {
    let (mut set, mut remove) = (Vec::new(), Vec::new());
    let mut request = table
        .update(&ItemKey::User(id))
        .condition_expression(format!("attribute_exists({PK})"))
        .return_values(ReturnValue::AllNew);
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
    match request.update_expression(expression.trim()).send().await {
        Ok(answer) => answer.attributes.map(parsed).transpose(),
        Err(error) if condition_failed(&error) => Ok(None),
        Err(error) => Err(Error::sdk("UpdateItem", error)),
    }
}
