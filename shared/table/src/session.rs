//! Sessions: one item for each family of refresh tokens, holding the digest of its live secret.

use aws_sdk_dynamodb::types::{ReturnValue, ReturnValuesOnConditionCheckFailure};
use domain::account::UserName;
use domain::session::{RefreshToken, SESSION_DAYS};
use domain::{Timestamp, UserId};
use serde::{Deserialize, Serialize};

use crate::calls::{number, parsed, stored, text};
use crate::error::refused;
use crate::keys::{EXPIRES_AT, ItemKey};
use crate::{Error, Item, Result, Table};

/// A session about to be opened.
#[derive(Clone, Debug)]
pub struct Opened {
    /// Whose.
    pub user: UserId,
    /// Their user name, for the access tokens.
    pub username: UserName,
    /// Its first token.
    pub token: RefreshToken,
    /// When.
    pub now: Timestamp,
}

/// Whose session it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// Their id.
    pub user: UserId,
    /// Their user name.
    pub username: UserName,
}

/// What became of a refresh token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rotation {
    /// The next token is live now.
    Done(Owner),
    /// The token was used before: the family is ended.
    Reused,
    /// There is no such session, or it has expired.
    Unknown,
}

#[derive(Serialize, Deserialize)]
struct Session {
    user: UserId,
    username: UserName,
    digest: String,
    expires_at: i64,
}

pub(crate) fn item(opened: &Opened) -> Result<Item> {
    stored(&ItemKey::Session(opened.token.family().to_owned()), session(opened))
}

fn session(opened: &Opened) -> Session {
    Session {
        user: opened.user,
        username: opened.username.clone(),
        digest: opened.token.digest(),
        expires_at: expiry(opened.now),
    }
}

fn expiry(now: Timestamp) -> i64 {
    now.plus_days(SESSION_DAYS).seconds()
}

/// Opens a session. 1 WRU.
pub async fn open(table: &Table, opened: &Opened) -> Result<()> {
    let key = ItemKey::Session(opened.token.family().to_owned());
    // A family is 128 random bits: where one is there already, it is this very write, sent again by the SDK.
    table.put_new(&key, session(opened)).await.map(|_| ())
}

/// Whose family a token is of, live or not. 1 RRU.
///
/// Read as it is at this moment: a session may be refreshed as soon as it is opened.
pub async fn owner_latest(table: &Table, token: &RefreshToken) -> Result<Option<Owner>> {
    let session: Option<Session> = table.get_latest(&ItemKey::Session(token.family().to_owned())).await?;
    Ok(session.map(|session| Owner { user: session.user, username: session.username }))
}

/// Replaces `token` by `next` if it is the live one. 1 WRU; a used token costs one more and ends the family.
pub async fn rotate(
    table: &Table,
    token: &RefreshToken,
    next: &RefreshToken,
    now: Timestamp,
) -> Result<Rotation> {
    let key = ItemKey::Session(token.family().to_owned());
    let answer = table
        .update(&key)
        .update_expression(format!("SET digest = :next, {EXPIRES_AT} = :expiry"))
        .condition_expression(format!("digest = :live AND {EXPIRES_AT} > :now"))
        .expression_attribute_values(":live", text(token.digest()))
        .expression_attribute_values(":next", text(next.digest()))
        .expression_attribute_values(":expiry", number(expiry(now)))
        .expression_attribute_values(":now", number(now.seconds()))
        .return_values(ReturnValue::AllNew)
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
        .send()
        .await;
    match answer {
        Ok(answer) => {
            let session: Session = parsed(answer.attributes.unwrap_or_default())?;
            Ok(Rotation::Done(Owner { user: session.user, username: session.username }))
        }
        Err(error) => {
            let Some(refused) = refused(&error) else { return Err(Error::sdk("UpdateItem", error)) };
            let Some(stored) = refused.item.map(parsed::<Session>).transpose()? else {
                return Ok(Rotation::Unknown);
            };
            if stored.digest == next.digest() {
                // This very rotation, sent again by the SDK after its answer was lost.
                return Ok(Rotation::Done(Owner { user: stored.user, username: stored.username }));
            }
            if stored.expires_at <= now.seconds() {
                return Ok(Rotation::Unknown);
            }
            table.delete_existing(&key).await?;
            Ok(Rotation::Reused)
        }
    }
}

/// Ends the session of `token`; whether there was one. 1 WRU.
///
/// Whatever its secret: who ends a session with a token that was used before has lost the answer to a refresh, or
/// holds a stolen one, and either way nobody is to go on with the session.
pub async fn close(table: &Table, token: &RefreshToken) -> Result<bool> {
    table.delete_existing(&ItemKey::Session(token.family().to_owned())).await
}
