//! Removal of what belongs to a comment or photo that is gone.

use domain::{CommentId, CommentPath, PhotoId};
use serde::de::IgnoredAny;

use crate::calls::Range;
use crate::comment::{replies, thread, threaded};
use crate::keys::{ItemKey, partition, sort};
use crate::{Result, Table};

/// Edges that are removed at once.
const PAGE: usize = 500;

/// Removes one page of the likes of a comment that is gone, derived edges and actors' edges. Returns whether more
/// are left.
///
/// 0.5 RRU for each 4 KiB and 2 WRU for each like.
pub async fn forget_likes_of_some(table: &Table, path: CommentPath) -> Result<bool> {
    let range = Range {
        pk: partition::comment_likers(path),
        from: "0".to_owned(),
        to: sort::AFTER_DIGITS.to_owned(),
        newest_first: false,
        limit: PAGE,
        consistent: false,
    };
    let page = table.query::<IgnoredAny>(range).await?;
    let edges = page.items.iter().filter_map(|(key, _)| match key {
        ItemKey::CommentLiker(path, user) => Some([ItemKey::CommentLike(*user, *path), key.clone()]),
        _ => None,
    });
    let keys: Vec<ItemKey> = edges.flatten().collect();
    table.delete_all(&keys).await?;
    Ok(page.more)
}

/// Removes the writers' edges of one page of the replies to a comment that is gone, after `after`. Returns the last
/// reply of the page, if there are more. The derived edges and the photo's counter follow through the stream.
///
/// 0.5 RRU for each 4 KiB, and 1 WRU for each KiB of each reply.
pub async fn forget_replies(
    table: &Table,
    comment: CommentPath,
    after: Option<CommentId>,
) -> Result<Option<CommentId>> {
    let page = replies(table, comment, after, PAGE).await?;
    let keys: Vec<ItemKey> =
        page.items.iter().map(|(path, reply)| ItemKey::Comment(reply.by, *path)).collect();
    table.delete_all(&keys).await?;
    Ok(page.items.last().filter(|_| page.more).map(|(path, _)| path.id()))
}

/// Removes some of the comments and replies of a deleted photo: the likes of each, its derived edge and its
/// writer's edge. Returns whether more are left.
///
/// 0.5 RRU for each 4 KiB, 2 WRU for each KiB of each comment, and 2 for each like.
pub async fn forget_some(table: &Table, photo: PhotoId) -> Result<bool> {
    const COMMENTS: usize = 100;
    let (comments, replies) = futures::try_join!(
        thread(table, photo, None, COMMENTS),
        threaded(
            table,
            Range {
                pk: partition::replies(photo),
                from: "0".to_owned(),
                to: sort::AFTER_DIGITS.to_owned(),
                newest_first: false,
                limit: COMMENTS,
                consistent: false,
            }
        ),
    )?;
    let mut more = comments.more || replies.more;
    let found = !(comments.items.is_empty() && replies.items.is_empty());
    let mut gone = Vec::new();
    for (path, comment) in comments.items.into_iter().chain(replies.items) {
        // A comment with more likes stays until the next call, because it leads to them.
        if comment.likes > 0 && forget_likes_of_some(table, path).await? {
            more = true;
        } else {
            gone.extend([ItemKey::Comment(comment.by, path), ItemKey::Threaded(path)]);
        }
    }
    if found && !more {
        // Before the last comments, which lead here again if this fails.
        table.delete_all(&[ItemKey::TopComments(photo)]).await?;
    }
    table.delete_all(&gone).await?;
    Ok(more)
}
