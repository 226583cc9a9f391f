//! Clean-up after a comment that is gone.

use domain::{CommentPath, PhotoId, UserId};
use messages::Event;
use runtime::queue::Sender;
use table::{comment, photo};

use crate::{BackfillHandler, Error};

/// Pages of 500 likes or replies that one message removes before the rest goes into another message.
const PAGES: usize = 40;

impl<Q: Sender> BackfillHandler<Q> {
    /// Removes what is left of a comment that its writer or the photo's author removed: its likes, the replies to
    /// it, and its pin.
    ///
    /// Of replies the writers' edges are removed, so that `sweep` does not restore them. Their derived edges and the
    /// photo's counter follow through the stream, and so does a message for each reply, which removes its likes.
    pub(crate) async fn forget_comment(
        &self,
        comment: CommentPath,
        author_id: UserId,
        user_id: UserId,
    ) -> Result<(), Error> {
        if self.forget_comment_likes(comment).await? || self.forget_replies(comment).await? {
            // Who was told is of no use to this function, whose own queue it is.
            let (answers, told) = (None, Vec::new());
            let rest = Event::CommentRemoved { comment, author_id, user_id, answers, told };
            self.queue.send(&[rest]).await?;
            return Ok(());
        }
        if comment.reply.is_none() {
            photo::unpin(&self.table, comment.photo, author_id, comment.comment).await?;
        }
        Ok(())
    }

    /// Removes as many likes as fit into one message; returns whether more are left.
    async fn forget_comment_likes(&self, path: CommentPath) -> Result<bool, Error> {
        for _ in 0..PAGES {
            if !comment::forget_likes_of_some(&self.table, path).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Removes as many replies as fit into one message; returns whether more are left.
    async fn forget_replies(&self, path: CommentPath) -> Result<bool, Error> {
        let mut after = None;
        if path.reply.is_some() {
            return Ok(false);
        }
        for _ in 0..PAGES {
            after = comment::forget_replies(&self.table, path, after).await?;
            if after.is_none() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Removes as many comments of a deleted photo as fit into one message; returns whether more are left.
    pub(crate) async fn forget_comments(&self, photo: PhotoId) -> Result<bool, Error> {
        for _ in 0..PAGES {
            if !comment::forget_some(&self.table, photo).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
