//! Sessions: one item for each, in its user's partition, with the digest of its live secret, what it takes
//! to answer the last one again, and from where it was used.

use aws_sdk_dynamodb::types::{ReturnValue, ReturnValuesOnConditionCheckFailure};
use domain::account::UserName;
use domain::session::{GRACE_MS, Nonce, RefreshToken, Seen, SessionId};
use domain::{Randomness, Timestamp, UserId};
use serde::{Deserialize, Serialize};
use serde_dynamo::aws_sdk_dynamodb_1::to_attribute_value;

use crate::calls::{Range, number, parsed, stored, text};
use crate::error::refused;
use crate::keys::{EXPIRES_AT, ItemKey, partition};
use crate::{Error, Item, Result, Table};

/// Most sessions of a list, and of a round of ending them.
const LISTED: usize = 100;

/// A new session.
#[derive(Clone, Debug)]
pub struct Opened {
    /// Its first token.
    pub token: RefreshToken,
    session: Session,
}

impl Opened {
    /// Returns a session of `owner` that is opened now, and is still to be stored.
    pub fn new(owner: &Owner, seen: Seen, now: Timestamp, randomness: &dyn Randomness) -> Self {
        let token = RefreshToken::issue(owner.user, now, randomness);
        let session = Session {
            username: owner.username.clone(),
            digest: token.digest(),
            replaced: None,
            seen,
            used_at: now,
            expires_at: token.session().expiry(now),
        };
        Self { token, session }
    }
}

/// The owner of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// Their id.
    pub user: UserId,
    /// Their user name.
    pub username: UserName,
}

/// A session in the list of its owner's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its id, which tells when it was opened.
    pub id: SessionId,
    /// From where it was used last.
    pub seen: Seen,
    /// When it was opened or refreshed last.
    pub used_at: Timestamp,
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

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Session {
    username: UserName,
    digest: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    replaced: Option<Replaced>,
    #[serde(default)]
    seen: Seen,
    used_at: Timestamp,
    expires_at: i64,
}

/// What tells whether a session has ended by itself.
#[derive(Deserialize)]
struct Expiring {
    expires_at: i64,
}

/// The token before the live one. With the token itself, which is not stored, it makes the live one again.
#[derive(Clone, Debug, Serialize, Deserialize)]
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

pub(crate) fn key(user: UserId, session: &SessionId) -> ItemKey {
    ItemKey::Session(user, session.as_str().to_owned())
}

fn key_of(token: &RefreshToken) -> ItemKey {
    key(token.user(), token.session())
}

fn owner(token: &RefreshToken, session: Session) -> Owner {
    Owner { user: token.user(), username: session.username }
}

pub(crate) fn item(opened: &Opened) -> Result<Item> {
    stored(&key_of(&opened.token), &opened.session)
}

/// Opens a session. 1 WRU.
pub async fn open(table: &Table, opened: &Opened) -> Result<()> {
    // An id holds 128 random bits. If one exists already, it is this very write, retried by the SDK.
    table.put_new(&key_of(&opened.token), &opened.session).await.map(|_| ())
}

/// Reads the owner of a token's session, whether the token is live or not. 1 RRU.
///
/// The read is strongly consistent, because a session may be refreshed as soon as it is opened.
pub async fn owner_latest(table: &Table, token: &RefreshToken) -> Result<Option<Owner>> {
    let session: Option<Session> = table.get_latest(&key_of(token)).await?;
    Ok(session.map(|session| owner(token, session)))
}

/// Returns whether a session of a user is open, eventually consistent. 0.5 RRU.
pub async fn is_open(table: &Table, user: UserId, session: &SessionId, now: Timestamp) -> Result<bool> {
    let stored: Option<Expiring> = table.get(&key(user, session)).await?;
    Ok(stored.is_some_and(|stored| stored.expires_at > now.seconds()))
}

/// Returns whether a session of a user is open, strongly consistent. 1 RRU.
pub async fn is_open_latest(
    table: &Table,
    user: UserId,
    session: &SessionId,
    now: Timestamp,
) -> Result<bool> {
    let stored: Option<Expiring> = table.get_latest(&key(user, session)).await?;
    Ok(stored.is_some_and(|stored| stored.expires_at > now.seconds()))
}

/// Replaces `token` by its successor under `nonce` if it is the live one, and notes from where it was used.
/// 1 WRU.
///
/// A token that was replaced less than a minute ago gets the successor that it got then. Its answer was lost,
/// or several requests presented it at once. The SDK's own retry after a lost response is one such request. A
/// token that was replaced earlier costs 1 WRU more and ends the session.
pub async fn rotate(
    table: &Table,
    token: &RefreshToken,
    nonce: &Nonce,
    seen: &Seen,
    now: Timestamp,
) -> Result<Rotation> {
    let key = key_of(token);
    let next = token.successor(nonce);
    let replaced = Replaced { digest: token.digest(), nonce: nonce.clone(), at: now };
    let set = format!(
        "SET digest = :next, replaced = :replaced, seen = :seen, used_at = :used, {EXPIRES_AT} = :expiry"
    );
    let answer = table
        .update(&key)
        .update_expression(set)
        .condition_expression(format!("digest = :live AND {EXPIRES_AT} > :now"))
        .expression_attribute_values(":live", text(token.digest()))
        .expression_attribute_values(":next", text(next.digest()))
        .expression_attribute_values(":replaced", to_attribute_value(replaced).map_err(Error::unreadable)?)
        .expression_attribute_values(":seen", to_attribute_value(seen).map_err(Error::unreadable)?)
        .expression_attribute_values(":used", number(now.0))
        .expression_attribute_values(":expiry", number(token.session().expiry(now)))
        .expression_attribute_values(":now", number(now.seconds()))
        .return_values(ReturnValue::AllNew)
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
        .send()
        .await;
    match answer {
        Ok(answer) => {
            let session: Session = parsed(answer.attributes.unwrap_or_default())?;
            Ok(Rotation::Done(owner(token, session), next))
        }
        Err(error) => {
            let Some(refused) = refused(&error) else { return Err(Error::sdk("UpdateItem", error)) };
            let stored = refused.item.map(parsed::<Session>).transpose()?;
            let Some(mut stored) = stored.filter(|stored| stored.expires_at > now.seconds()) else {
                return Ok(Rotation::Unknown);
            };
            if let Some(replaced) = stored.replaced.take_if(|replaced| replaced.answers(token, now)) {
                return Ok(Rotation::Done(owner(token, stored), token.successor(&replaced.nonce)));
            }
            table.delete_existing(&key).await?;
            Ok(Rotation::Reused)
        }
    }
}

/// Reads the sessions of a user that were opened last, 100 at most, newest first. 1 RRU for 4 KiB,
/// which are four to ten sessions.
pub async fn list_latest(table: &Table, user: UserId, now: Timestamp) -> Result<Vec<Listed>> {
    let page = table.query::<Session>(newest(user)).await?;
    let open = page.items.into_iter().filter(|(_, session)| session.expires_at > now.seconds());
    let listed = open.filter_map(|(key, Session { seen, used_at, .. })| {
        let id = id_of(&key)?;
        Some(Listed { id, seen, used_at })
    });
    Ok(listed.collect())
}

pub(crate) fn newest(user: UserId) -> Range {
    Range {
        pk: partition::sessions(user),
        from: "0".to_owned(),
        to: "g".to_owned(),
        newest_first: true,
        limit: LISTED,
        consistent: true,
    }
}

pub(crate) fn id_of(key: &ItemKey) -> Option<SessionId> {
    match key {
        ItemKey::Session(_, session) => SessionId::parse(session),
        _ => None,
    }
}

/// Ends the session of `token` and returns whether there was one. 1 WRU.
///
/// The secret is not checked. A client that presents a used token has lost the response to a refresh,
/// or holds a stolen token. In both cases the session must end.
pub async fn close(table: &Table, token: &RefreshToken) -> Result<bool> {
    end(table, token.user(), token.session()).await
}

/// Ends a session of a user and returns whether there was one. 1 WRU.
pub async fn end(table: &Table, user: UserId, session: &SessionId) -> Result<bool> {
    table.delete_existing(&key(user, session)).await
}

/// Ends all sessions of a user but one. 1 WRU each, and what the list costs.
pub async fn end_others(table: &Table, user: UserId, kept: &SessionId) -> Result<()> {
    end_all_but(table, user, Some(kept)).await
}

/// Ends all sessions of a user. 1 WRU each, and what the list costs.
pub async fn end_all(table: &Table, user: UserId) -> Result<()> {
    end_all_but(table, user, None).await
}

async fn end_all_but(table: &Table, user: UserId, kept: Option<&SessionId>) -> Result<()> {
    loop {
        let page = table.query::<Session>(newest(user)).await?;
        let others: Vec<ItemKey> = page
            .items
            .into_iter()
            .map(|(key, _)| key)
            .filter(|key| kept.is_none() || id_of(key).as_ref() != kept)
            .collect();
        table.delete_all(&others).await?;
        if !page.more {
            return Ok(());
        }
    }
}
