//! Clean-up after a comment that is gone.

use domain::{CommentPath, UserId};
use messages::Event;
use runtime::queue::Sender;
use table::{comment, photo};

use crate::{BackfillHandler, Error, PAGES, remove_pages};

impl<Q: Sender> BackfillHandler<Q> {
    /// Removes what is left of a comment that its writer or the photo's author removed: its likes, the replies to
    /// it, and its pin.
    ///
    /// Of replies the writers' edges are removed, so that `sweep` does not restore them. Their derived edges and the
    /// photo's counter follow through the stream, and so does a message for each reply, which removes its likes.
    pub(crate) async fn forget_comment(
        &self,
        path: CommentPath,
        author_id: UserId,
        user_id: UserId,
    ) -> Result<(), Error> {
        if remove_pages(|| comment::forget_likes_of_some(&self.table, path)).await?
            || self.forget_replies(path).await?
        {
            // Who was told is of no use to this function, whose own queue it is.
            let (answers, told) = (None, Vec::new());
            let rest = Event::CommentRemoved { comment: path, author_id, user_id, answers, told };
            self.queue.send(&[rest]).await?;
            return Ok(());
        }
        if path.reply.is_none() {
            photo::unpin(&self.table, path.photo, author_id, path.comment).await?;
        }
        Ok(())
    }

    /// Removes as many replies as fit into one message; returns whether more are left.
    async fn forget_replies(&self, path: CommentPath) -> Result<bool, Error> {
        if path.reply.is_some() {
            return Ok(false);
        }
        let mut after = None;
        for _ in 0..PAGES {
            after = comment::forget_replies(&self.table, path, after).await?;
            if after.is_none() {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
