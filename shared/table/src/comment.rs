//! Comments: the writers' edges, the threads and replies that are derived from them, and their likes.

mod forget;
mod top;

use std::collections::{HashMap, HashSet};

use aws_sdk_dynamodb::types::{Put, TransactWriteItem};
use domain::comment::{Comment, Threaded};
use domain::{CommentId, CommentPath, PhotoId, Timestamp, UserId};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use crate::calls::{Range, stored};
use crate::edges::cancellation;
use crate::guard::Idempotency;
use crate::keys::{ItemKey, PK, partition, sort};
use crate::{Error, Page, Result, Table};

pub use forget::{forget_likes_of_some, forget_replies, forget_some};
pub(crate) use top::renew_top;
pub use top::{Ranked, top};

/// Likes of one photo's comments that are read as one range. For more, exact keys are cheaper.
const LIKES: usize = 200;
/// Seconds for which a removal is kept. It is derived within moments, or redriven within days.
const REMOVAL_SECONDS: i64 = 30 * 24 * 60 * 60;

/// The attributes of an actor's edge to a comment that they like.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommentLike {
    /// Whose photo the comment is on.
    pub author: UserId,
    /// Who wrote the comment.
    pub writer: UserId,
    /// The user name of the user who likes it.
    pub username: String,
    /// Since when the like exists.
    pub at: Timestamp,
}

/// The attributes of a removal by the photo's author.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Removal {
    /// Who wrote the comment.
    pub(crate) writer: UserId,
    /// When it was removed.
    at: Timestamp,
    /// When the item expires, in seconds since the epoch.
    expires_at: i64,
}

/// The result of writing a comment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// It is stored.
    Done,
    /// The key was used meanwhile, or the id is taken: read the key and try again with another id.
    Raced,
}

/// Stores a comment of `user`. 1 WRU for each KiB; with an idempotency key 2 for each KiB of both items.
pub async fn add(
    table: &Table,
    user: UserId,
    path: CommentPath,
    comment: &Comment,
    idempotency: Option<&Idempotency>,
) -> Result<Written> {
    let key = ItemKey::Comment(user, path);
    let Some(idempotency) = idempotency else {
        return Ok(if table.put_new(&key, comment).await? { Written::Done } else { Written::Raced });
    };
    let put = Put::builder()
        .table_name(&*table.name)
        .set_item(Some(stored(&key, comment)?))
        .condition_expression(format!("attribute_not_exists({PK})"))
        .build()
        .map_err(Error::unreadable)?;
    let writes = vec![
        TransactWriteItem::builder().put(put).build(),
        idempotency.write(table, user, path.written_at())?,
    ];
    let Err(error) = table.client.transact_write_items().set_transact_items(Some(writes)).send().await else {
        return Ok(Written::Done);
    };
    let lost = |code| matches!(code, Some("ConditionalCheckFailed" | "TransactionConflict"));
    let raced = cancellation(&error).is_some_and(|reasons| reasons.iter().any(|reason| lost(reason.code())));
    if raced { Ok(Written::Raced) } else { Err(Error::sdk("TransactWriteItems", error)) }
}

/// Reads a comment of `user` as they wrote it, strongly consistent. 1 RRU for each 4 KiB.
pub async fn written_latest(table: &Table, user: UserId, path: CommentPath) -> Result<Option<Comment>> {
    table.get_latest(&ItemKey::Comment(user, path)).await
}

/// Takes a comment of `user` back, and returns whether it was there. 1 WRU for each KiB.
pub async fn remove(table: &Table, user: UserId, path: CommentPath) -> Result<bool> {
    table.delete_existing(&ItemKey::Comment(user, path)).await
}

/// States that the author of the photo removes a comment of `writer`. 1 WRU. The comment's edge goes when this
/// is derived. Stating it again changes nothing.
pub async fn remove_as_author(
    table: &Table,
    author: UserId,
    path: CommentPath,
    writer: UserId,
    now: Timestamp,
) -> Result<()> {
    let removal = Removal { writer, at: now, expires_at: now.seconds() + REMOVAL_SECONDS };
    table.put_new(&ItemKey::Removal(author, path), removal).await.map(|_| ())
}

/// Reads a comment in its thread, eventually consistent. 0.5 RRU for each 4 KiB.
pub async fn get(table: &Table, path: CommentPath) -> Result<Option<Threaded>> {
    table.get(&ItemKey::Threaded(path)).await
}

/// Reads a comment in its thread, strongly consistent. 1 RRU for each 4 KiB.
pub async fn get_latest(table: &Table, path: CommentPath) -> Result<Option<Threaded>> {
    table.get_latest(&ItemKey::Threaded(path)).await
}

/// Reads several comments in their threads, eventually consistent. Those that do not exist are left out.
/// 0.5 RRU for each 4 KiB of each, one round trip for each 100.
pub async fn get_all(
    table: &Table,
    paths: impl IntoIterator<Item = CommentPath>,
) -> Result<HashMap<CommentPath, Threaded>> {
    let keys: Vec<ItemKey> = paths.into_iter().map(ItemKey::Threaded).collect();
    let found =
        table.batch_get::<Threaded>(&keys).await?.into_iter().filter_map(|(key, comment)| match key {
            ItemKey::Threaded(path) => Some((path, comment)),
            _ => None,
        });
    Ok(found.collect())
}

/// Reads the comments on a photo older than `before`, newest first. 0.5 RRU for each 4 KiB, which are about ten
/// comments.
pub async fn thread(
    table: &Table,
    photo: PhotoId,
    before: Option<CommentId>,
    limit: usize,
) -> Result<Page<(CommentPath, Threaded)>> {
    let Some(to) = last_before(before) else { return Ok(Page { items: Vec::new(), more: false }) };
    let range = Range {
        pk: partition::thread(photo),
        from: "0".to_owned(),
        to,
        newest_first: true,
        limit,
        consistent: false,
    };
    threaded(table, range).await
}

/// Reads the replies to a comment after `after`, oldest first. 0.5 RRU for each 4 KiB.
pub async fn replies(
    table: &Table,
    comment: CommentPath,
    after: Option<CommentId>,
    limit: usize,
) -> Result<Page<(CommentPath, Threaded)>> {
    let prefix = format!("{}#", comment.comment.padded());
    let range = Range {
        pk: partition::replies(comment.photo),
        from: after.map_or_else(|| format!("{prefix}0"), |after| format!("{prefix}{}#", after.padded())),
        to: format!("{prefix}{}", sort::AFTER_DIGITS),
        newest_first: false,
        limit,
        consistent: false,
    };
    threaded(table, range).await
}

async fn threaded(table: &Table, range: Range) -> Result<Page<(CommentPath, Threaded)>> {
    let page = table.query::<Threaded>(range).await?;
    let items = page.items.into_iter().filter_map(|(key, comment)| match key {
        ItemKey::Threaded(path) => Some((path, comment)),
        _ => None,
    });
    Ok(Page { items: items.collect(), more: page.more })
}

/// Returns the last sort key before a comment; `None` when nothing is before it. Bounds are inclusive: older
/// than an id is up to the id before it.
fn last_before(before: Option<CommentId>) -> Option<String> {
    match before {
        Some(before) => before.get().checked_sub(1).map(|last| format!("{last:019}")),
        None => Some(sort::AFTER_DIGITS.to_owned()),
    }
}

/// Reads the newest comments of `user` on a photo as they wrote them, strongly consistent: those that are not in
/// the thread yet are among them. 1 RRU for each 4 KiB.
pub async fn newest_written_latest(
    table: &Table,
    user: UserId,
    photo: PhotoId,
    limit: usize,
) -> Result<Page<(CommentPath, Comment)>> {
    let prefix = sort::own_comments(photo);
    written(table, user, format!("{prefix}0"), format!("{prefix}{}", sort::AFTER_DIGITS), limit).await
}

/// Reads the newest replies of `user` to a comment, as [`newest_written_latest`].
pub async fn newest_replies_written_latest(
    table: &Table,
    user: UserId,
    comment: CommentPath,
    limit: usize,
) -> Result<Page<(CommentPath, Comment)>> {
    let prefix = sort::own_replies(comment.photo, comment.comment);
    written(table, user, format!("{prefix}0"), format!("{prefix}{}", sort::AFTER_DIGITS), limit).await
}

/// Returns the newest of those comments of `user` on a photo, or of those replies to `under`, that were written within
/// `span` and are `wanted`; strongly consistent. 1 RRU for each 4 KiB that is read.
pub async fn newest_within_latest(
    table: &Table,
    user: UserId,
    photo: PhotoId,
    under: Option<CommentId>,
    span: std::ops::Range<Timestamp>,
    wanted: impl Fn(&Comment) -> bool,
) -> Result<Option<(CommentPath, Comment)>> {
    const PAGE: usize = 10;
    let prefix = under.map_or_else(|| sort::own_comments(photo), |under| sort::own_replies(photo, under));
    let first = CommentId::floor(span.start).padded();
    let mut end = CommentId::floor(span.end);
    while let Some(to) = last_before(Some(end)).filter(|to| *to >= first) {
        let page = written(table, user, format!("{prefix}{first}"), format!("{prefix}{to}"), PAGE).await?;
        let last = page.items.last().map(|(path, _)| path.id());
        if let Some(found) = page.items.into_iter().find(|(_, comment)| wanted(comment)) {
            return Ok(Some(found));
        }
        match last {
            Some(last) if page.more => end = last,
            _ => return Ok(None),
        }
    }
    Ok(None)
}

async fn written(
    table: &Table,
    user: UserId,
    from: String,
    to: String,
    limit: usize,
) -> Result<Page<(CommentPath, Comment)>> {
    let pk = partition::comments(user);
    let range = Range { pk, from, to, newest_first: true, limit, consistent: true };
    let page = table.query::<Comment>(range).await?;
    let items = page.items.into_iter().filter_map(|(key, comment)| match key {
        ItemKey::Comment(_, path) => Some((path, comment)),
        _ => None,
    });
    Ok(Page { items: items.collect(), more: page.more })
}

/// Likes a comment and returns whether `user` did not like it before. 1 WRU.
pub async fn like(table: &Table, user: UserId, path: CommentPath, like: &CommentLike) -> Result<bool> {
    table.put_new(&ItemKey::CommentLike(user, path), like).await
}

/// Unlikes a comment and returns whether `user` liked it before. 1 WRU.
pub async fn unlike(table: &Table, user: UserId, path: CommentPath) -> Result<bool> {
    table.delete_existing(&ItemKey::CommentLike(user, path)).await
}

/// Reads the like of `user` of a comment, strongly consistent. 1 RRU.
pub async fn like_latest(table: &Table, user: UserId, path: CommentPath) -> Result<Option<CommentLike>> {
    table.get_latest(&ItemKey::CommentLike(user, path)).await
}

/// Which comments of a photo somebody likes, as far as one range says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Liked {
    found: HashSet<CommentPath>,
    /// Whether these are all.
    whole: bool,
}

impl Liked {
    /// Returns whether the comment is liked, of those that the range or [`Self::complete`] covers.
    pub fn holds(&self, path: CommentPath) -> bool {
        self.found.contains(&path)
    }

    /// Reads what the range did not say of `paths`. Nothing, unless the user likes very many comments of the
    /// photo; then 0.5 RRU for each path.
    pub async fn complete(mut self, table: &Table, user: UserId, paths: &[CommentPath]) -> Result<Self> {
        if self.whole {
            return Ok(self);
        }
        let keys: Vec<ItemKey> = paths.iter().map(|path| ItemKey::CommentLike(user, *path)).collect();
        self.found.extend(liked_in(table.batch_get::<IgnoredAny>(&keys).await?));
        Ok(self)
    }
}

/// Reads which comments of a photo `user` likes, replies included. 0.5 RRU for each 4 KiB.
pub async fn liked(table: &Table, user: UserId, photo: PhotoId) -> Result<Liked> {
    let prefix = format!("{}{}#", sort::OF_COMMENT, photo.padded());
    let range = Range {
        pk: partition::likes(user),
        from: format!("{prefix}0"),
        to: format!("{prefix}{}", sort::AFTER_DIGITS),
        newest_first: true,
        limit: LIKES,
        consistent: false,
    };
    let page = table.query::<IgnoredAny>(range).await?;
    Ok(Liked { found: liked_in(page.items).collect(), whole: !page.more })
}

fn liked_in(found: Vec<(ItemKey, IgnoredAny)>) -> impl Iterator<Item = CommentPath> {
    found.into_iter().filter_map(|(key, _)| match key {
        ItemKey::CommentLike(_, path) => Some(path),
        _ => None,
    })
}
