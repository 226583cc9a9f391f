//! Sessions: one item for each family of refresh tokens, with the digest of its live secret.

use aws_sdk_dynamodb::types::{ReturnValue, ReturnValuesOnConditionCheckFailure};
use domain::account::UserName;
use domain::session::{RefreshToken, SESSION_DAYS};
use domain::{Timestamp, UserId};
use serde::{Deserialize, Serialize};

use crate::calls::{number, parsed, stored, text};
use crate::error::refused;
use crate::keys::{EXPIRES_AT, ItemKey};
use crate::{Error, Item, Result, Table};

/// A new session.
#[derive(Clone, Debug)]
pub struct Opened {
    /// The user whose session it is.
    pub user: UserId,
    /// Their user name, for the access tokens.
    pub username: UserName,
    /// Its first token.
    pub token: RefreshToken,
    /// When it is opened.
    pub now: Timestamp,
}

/// The owner of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// Their id.
    pub user: UserId,
    /// Their user name.
    pub username: UserName,
}

/// The result of rotating a refresh token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rotation {
    /// The next token is live now.
    Done(Owner),
    /// The token was used before, and the session has been ended.
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
    // A family is 128 random bits. If one exists already, it is this very write, retried by the SDK.
    table.put_new(&key, session(opened)).await.map(|_| ())
}

/// Reads the owner of a token's session, whether the token is live or not. 1 RRU.
///
/// The read is strongly consistent, because a session may be refreshed as soon as it is opened.
pub async fn owner_latest(table: &Table, token: &RefreshToken) -> Result<Option<Owner>> {
    let session: Option<Session> = table.get_latest(&ItemKey::Session(token.family().to_owned())).await?;
    Ok(session.map(|session| Owner { user: session.user, username: session.username }))
}

/// Replaces `token` by `next` if it is the live one. 1 WRU. A used token costs one more and ends the session.
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
                // This is the same rotation, retried by the SDK after its response was lost.
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

/// Ends the session of `token` and returns whether there was one. 1 WRU.
///
/// The secret is not checked. A client that presents a used token has lost the response to a refresh,
/// or holds a stolen token. In both cases the session must end.
pub async fn close(table: &Table, token: &RefreshToken) -> Result<bool> {
    table.delete_existing(&ItemKey::Session(token.family().to_owned())).await
}
