//! Follow requests: the asker's edges, and the derived edges that the asked user's counter counts.
//!
//! A request has the attributes of the follow that it becomes, which says when it was accepted.

use aws_sdk_dynamodb::types::{AttributeValue, ConditionCheck, Delete, Put, TransactWriteItem};
use domain::visibility::Answer;
use domain::{Timestamp, UserId};
use serde::de::IgnoredAny;

use crate::calls::{Range, back_off, key_item, stored};
use crate::edges::{Order, cancellation, transact_patiently};
use crate::follow::Follow;
use crate::keys::{ItemKey, PK, partition, sort};
use crate::privacy::{self, Privacy};
use crate::user::{RACES, REFUSED};
use crate::{Error, Page, Result, Table, endings};

/// Asks to follow `other` and returns whether `user` had not asked before. 1 WRU.
pub async fn add(table: &Table, user: UserId, other: UserId, request: &Follow) -> Result<bool> {
    table.put_new(&ItemKey::Request(user, other), request).await
}

/// Reads the request of `user` to follow `other`, eventually consistent. 0.5 RRU.
pub async fn exists(table: &Table, user: UserId, other: UserId) -> Result<bool> {
    Ok(table.get::<IgnoredAny>(&ItemKey::Request(user, other)).await?.is_some())
}

/// Reads the request of `user` to follow `other`, strongly consistent. 1 RRU.
pub async fn get_latest(table: &Table, user: UserId, other: UserId) -> Result<Option<Follow>> {
    table.get_latest(&ItemKey::Request(user, other)).await
}

/// Takes the request of `user` back, and the follow that it may have become, in one transaction. 4 WRU, and as
/// much again for each race lost.
///
/// # Errors
/// [`Error::Busy`] when the request kept being answered.
pub async fn withdraw(table: &Table, user: UserId, other: UserId) -> Result<()> {
    let deletions = [ItemKey::Request(user, other), ItemKey::Following(user, other)];
    let deletions = deletions.iter().map(|key| {
        let delete = Delete::builder().table_name(&*table.name).set_key(Some(key_item(key)));
        Ok(TransactWriteItem::builder().delete(delete.build().map_err(Error::unreadable)?).build())
    });
    let deletions = deletions.collect::<Result<Vec<_>>>()?;
    for race in 0..RACES {
        let request = table.client.transact_write_items().set_transact_items(Some(deletions.clone()));
        let Err(error) = request.send().await else { return Ok(()) };
        if cancellation(&error).is_none() {
            return Err(Error::sdk("TransactWriteItems", error));
        }
        back_off(race).await;
    }
    Err(Error::busy("TransactWriteItems", "the request kept being answered"))
}

/// Reads who asks to follow `user`, by id, after `after`, strongly consistent. 1 RRU for each 4 KiB.
pub async fn pending_latest(
    table: &Table,
    user: UserId,
    after: Option<UserId>,
    limit: usize,
) -> Result<Page<UserId>> {
    asking(table, user, after, limit, true).await
}

/// Reads who asks to follow `user`, by id, after `after`, eventually consistent. 0.5 RRU for each 4 KiB.
pub async fn page(table: &Table, user: UserId, after: Option<UserId>, limit: usize) -> Result<Page<UserId>> {
    asking(table, user, after, limit, false).await
}

async fn asking(
    table: &Table,
    user: UserId,
    after: Option<UserId>,
    limit: usize,
    consistent: bool,
) -> Result<Page<UserId>> {
    let range = Range {
        pk: partition::requested(user),
        from: after.map_or_else(|| "0".to_owned(), |after| format!("{}#", after.padded())),
        to: sort::AFTER_DIGITS.to_owned(),
        newest_first: false,
        limit,
        consistent,
    };
    let page = table.query::<IgnoredAny>(range).await?;
    let items = page.items.into_iter().filter_map(|(key, _)| match key {
        ItemKey::Requested(_, asker) => Some(asker),
        _ => None,
    });
    Ok(Page { items: items.collect(), more: page.more })
}

/// Turns the request of `asker` into a follow if the account of `user` is public.
///
/// 2 RRU, and for a public account one transaction of 6 WRU, as much again for each race lost: the request goes,
/// the follow is there, and the account is public. The follow is named by the moment of the request, and is accepted
/// since the account is public. Nothing happens when the request was taken back or answered.
///
/// # Errors
/// [`Error::Busy`] when the request or the account kept changing.
pub async fn accept_if_public(table: &Table, asker: UserId, user: UserId) -> Result<()> {
    for race in 0..RACES {
        let (request, privacy) =
            futures::try_join!(get_latest(table, asker, user), privacy::get_latest(table, user))?;
        let (Some(request), Some(Privacy { private: false, switched, .. })) = (request, privacy) else {
            return Ok(());
        };
        let writes = vec![
            endings::deletion(table, &ItemKey::Request(asker, user), request.at)?,
            put_follow(table, asker, user, &request, Timestamp(switched))?,
            check_public(table, user)?,
        ];
        let answer = table.client.transact_write_items().set_transact_items(Some(writes)).send().await;
        let Err(error) = answer else { return Ok(()) };
        let Some(reasons) = cancellation(&error) else {
            return Err(Error::sdk("TransactWriteItems", error));
        };
        // It follows already, and asks no longer.
        if reasons.get(1).is_some_and(|reason| reason.code() == Some(REFUSED)) {
            return withdraw_answered(table, asker, user).await;
        }
        back_off(race).await;
    }
    Err(Error::busy("TransactWriteItems", "the request kept changing"))
}

/// Removes the request of somebody who follows already. 1 WRU.
async fn withdraw_answered(table: &Table, asker: UserId, user: UserId) -> Result<()> {
    table.delete_existing(&ItemKey::Request(asker, user)).await.map(|_| ())
}

fn put_follow(
    table: &Table,
    asker: UserId,
    user: UserId,
    request: &Follow,
    accepted_at: Timestamp,
) -> Result<TransactWriteItem> {
    // No request is accepted before it is made. Clocks differ, and an account may have been public before.
    let follow = Follow { accepted_at: Some(request.at.max(accepted_at)), ..request.clone() };
    let put = Put::builder()
        .table_name(&*table.name)
        .set_item(Some(stored(&ItemKey::Following(asker, user), follow)?))
        .condition_expression(format!("attribute_not_exists({PK})"))
        .build()
        .map_err(Error::unreadable)?;
    Ok(TransactWriteItem::builder().put(put).build())
}

fn check_public(table: &Table, user: UserId) -> Result<TransactWriteItem> {
    let check = ConditionCheck::builder()
        .table_name(&*table.name)
        .set_key(Some(key_item(&ItemKey::User(user))))
        .condition_expression(format!(
            "attribute_exists({PK}) AND (attribute_not_exists(#private) OR #private = :public)"
        ))
        .expression_attribute_names("#private", "private")
        .expression_attribute_values(":public", AttributeValue::Bool(false))
        .build()
        .map_err(Error::unreadable)?;
    Ok(TransactWriteItem::builder().condition_check(check).build())
}

/// Turns the request of `user` that `answer` accepts into a follow. A request that was withdrawn meanwhile, or made
/// again, stays as it is.
///
/// 1 RRU, and 4 WRU where there is such a request.
///
/// # Errors
/// [`Error::Busy`] when another writer holds the edges. A retry is safe.
pub(crate) async fn accept(
    table: &Table,
    user: UserId,
    other: UserId,
    answer: Answer,
    order: Order,
) -> Result<()> {
    let made = answer.to;
    let request = get_latest(table, user, other).await?;
    let Some(request) = request.filter(|request| request.at == made) else { return Ok(()) };
    let writes = vec![
        endings::deletion(table, &ItemKey::Request(user, other), made)?,
        put_follow(table, user, other, &request, answer.at.unwrap_or(made))?,
    ];
    match transact_patiently(table, writes, order).await?.as_slice() {
        // They follow already.
        [1] => decline(table, user, other, made).await,
        _ => Ok(()),
    }
}

/// Deletes the request of `user` that was made at `made`, if it is still that. 1 WRU.
pub(crate) async fn decline(table: &Table, user: UserId, other: UserId, made: Timestamp) -> Result<()> {
    endings::end(table, &ItemKey::Request(user, other), made).await
}
