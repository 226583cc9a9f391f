//! Sessions: one item for each family of refresh tokens, with the digest of its live secret, and what it
//! takes to answer the last one again.

use aws_sdk_dynamodb::types::{ReturnValue, ReturnValuesOnConditionCheckFailure};
use domain::account::UserName;
use domain::session::{GRACE_MS, Nonce, RefreshToken, SESSION_DAYS};
use domain::{Timestamp, UserId};
use serde::{Deserialize, Serialize};
use serde_dynamo::aws_sdk_dynamodb_1::to_attribute_value;

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
    /// This token is live now. It is the same one for whoever presented the last one in time.
    Done(Owner, RefreshToken),
    /// The token was used too long ago, and the session has been ended.
    Reused,
    /// There is no such session, or it has expired.
    Unknown,
}

#[derive(Serialize, Deserialize)]
struct Session {
    user: UserId,
    username: UserName,
    digest: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    replaced: Option<Replaced>,
    expires_at: i64,
}

/// The token before the live one. With the token itself, which is not stored, it makes the live one again.
#[derive(Serialize, Deserialize)]
struct Replaced {
    digest: String,
    nonce: Nonce,
    at: Timestamp,
}

impl Replaced {
    /// Returns whether `token` is this one, and is presented in time.
    fn answers(&self, token: &RefreshToken, now: Timestamp) -> bool {
        self.digest == token.digest() && now < self.at.plus_ms(GRACE_MS)
    }
}

pub(crate) fn item(opened: &Opened) -> Result<Item> {
    stored(&ItemKey::Session(opened.token.family().to_owned()), session(opened))
}

fn session(opened: &Opened) -> Session {
    Session {
        user: opened.user,
        username: opened.username.clone(),
        digest: opened.token.digest(),
        replaced: None,
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

/// Replaces `token` by its successor under `nonce` if it is the live one. 1 WRU.
///
/// A token that was replaced less than a minute ago gets the successor that it got then. Its answer was lost,
/// or several requests presented it at once. The SDK's own retry after a lost response is one such request. A
/// token that was replaced earlier costs 1 WRU more and ends the session.
pub async fn rotate(table: &Table, token: &RefreshToken, nonce: &Nonce, now: Timestamp) -> Result<Rotation> {
    let key = ItemKey::Session(token.family().to_owned());
    let next = token.successor(nonce);
    let replaced = Replaced { digest: token.digest(), nonce: nonce.clone(), at: now };
    let answer = table
        .update(&key)
        .update_expression(format!("SET digest = :next, replaced = :replaced, {EXPIRES_AT} = :expiry"))
        .condition_expression(format!("digest = :live AND {EXPIRES_AT} > :now"))
        .expression_attribute_values(":live", text(token.digest()))
        .expression_attribute_values(":next", text(next.digest()))
        .expression_attribute_values(":replaced", to_attribute_value(replaced).map_err(Error::unreadable)?)
        .expression_attribute_values(":expiry", number(expiry(now)))
        .expression_attribute_values(":now", number(now.seconds()))
        .return_values(ReturnValue::AllNew)
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
        .send()
        .await;
    let owner = |session: Session| Owner { user: session.user, username: session.username };
    match answer {
        Ok(answer) => Ok(Rotation::Done(owner(parsed(answer.attributes.unwrap_or_default())?), next)),
        Err(error) => {
            let Some(refused) = refused(&error) else { return Err(Error::sdk("UpdateItem", error)) };
            let stored = refused.item.map(parsed::<Session>).transpose()?;
            let Some(mut stored) = stored.filter(|stored| stored.expires_at > now.seconds()) else {
                return Ok(Rotation::Unknown);
            };
            if let Some(replaced) = stored.replaced.take_if(|replaced| replaced.answers(token, now)) {
                return Ok(Rotation::Done(owner(stored), token.successor(&replaced.nonce)));
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
