//! Ranges of a partition, counted or read page by page as they are at each moment.

use aws_sdk_dynamodb::types::Select;
use domain::visibility::Tie;
use domain::{CommentPath, PhotoId, UserId};
use serde::Deserialize;

use crate::calls::{Range, text};
use crate::keys::{ItemKey, PK, SK, partition, sort};
use crate::{Error, Result, Table};

/// A range of one partition, both ends included.
#[derive(Clone, Debug)]
pub(crate) struct KeyRange {
    pk: String,
    from: String,
    to: String,
}

impl KeyRange {
    /// The followers of `user` in every home.
    pub(crate) fn followers(user: UserId) -> Self {
        Self::prefixed(partition::followers(user), "")
    }

    /// Whom `user` follows.
    pub(crate) fn follows(user: UserId) -> Self {
        Self::prefixed(partition::user(user), sort::FOLLOWS)
    }

    /// Of whom `user` says anything.
    pub(crate) fn pairs(user: UserId) -> Self {
        Self::prefixed(partition::pairs(user), "")
    }

    /// Who hears of each photo of `author`, in every home.
    pub(crate) fn bells(author: UserId) -> Self {
        Self::prefixed(partition::bells(author), "")
    }

    /// Whom the circle of `user` has no room for in one of its lists.
    pub(crate) fn beyond(user: UserId, tie: Tie) -> Self {
        Self::prefixed(partition::beyond(user), sort::tie(tie))
    }

    /// Who asks to follow `user`.
    pub(crate) fn requested(user: UserId) -> Self {
        Self::prefixed(partition::requested(user), "")
    }

    /// Whom `user` asks to follow.
    pub(crate) fn requests(user: UserId) -> Self {
        Self::prefixed(partition::user(user), sort::REQUESTS)
    }

    /// Who likes `photo`.
    pub(crate) fn likers(photo: PhotoId) -> Self {
        Self::prefixed(partition::likers(photo), "")
    }

    /// What `user` likes.
    pub(crate) fn likes(user: UserId) -> Self {
        Self::prefixed(partition::likes(user), "")
    }

    /// The comments and replies of `user`.
    pub(crate) fn comments(user: UserId) -> Self {
        Self::prefixed(partition::comments(user), "")
    }

    /// The comments on `photo`.
    pub(crate) fn thread(photo: PhotoId) -> Self {
        Self::prefixed(partition::thread(photo), "")
    }

    /// The replies to the comments on `photo`.
    pub(crate) fn replies(photo: PhotoId) -> Self {
        Self::prefixed(partition::replies(photo), "")
    }

    /// The replies to one comment.
    pub(crate) fn replies_to(path: CommentPath) -> Self {
        Self::prefixed(partition::replies(path.photo), &format!("{}#", path.comment.padded()))
    }

    /// Which comments `user` likes.
    pub(crate) fn comment_likes(user: UserId) -> Self {
        Self::prefixed(partition::likes(user), sort::OF_COMMENT)
    }

    /// Who likes a comment.
    pub(crate) fn comment_likers(path: CommentPath) -> Self {
        Self::prefixed(partition::comment_likers(path), "")
    }

    /// The photos of `author`.
    pub(crate) fn timeline(author: UserId) -> Self {
        Self::prefixed(partition::timeline(author), "")
    }

    /// Sort keys of `prefix` and digits.
    fn prefixed(pk: String, prefix: &str) -> Self {
        Self { pk, from: format!("{prefix}0"), to: format!("{prefix}{}", sort::AFTER_DIGITS) }
    }

    /// Cuts the range into adjacent pieces. Cuts are in order, inside the range, and no item's sort key.
    pub(crate) fn cut(self, cuts: impl IntoIterator<Item = String>) -> Vec<Self> {
        let Self { pk, mut from, to } = self;
        let mut pieces = Vec::new();
        for cut in cuts {
            let from = std::mem::replace(&mut from, cut.clone());
            pieces.push(Self { pk: pk.clone(), from, to: cut });
        }
        pieces.push(Self { pk, from, to });
        pieces
    }

    #[cfg(test)]
    pub(crate) fn holds(&self, key: &crate::keys::RawKey) -> bool {
        self.pk == key.pk && (&self.from..=&self.to).contains(&&key.sk)
    }

    /// How many items it has. They are not fetched, but paid for: 1 RRU for each 4 KiB.
    pub(crate) async fn count(self, table: &Table) -> Result<i64> {
        let mut counted = 0;
        let mut start = None;
        loop {
            let answer = table
                .client
                .query()
                .table_name(&*table.name)
                .key_condition_expression(format!("{PK} = :pk AND {SK} BETWEEN :from AND :to"))
                .expression_attribute_values(":pk", text(&self.pk))
                .expression_attribute_values(":from", text(&self.from))
                .expression_attribute_values(":to", text(&self.to))
                .consistent_read(true)
                .select(Select::Count)
                .set_exclusive_start_key(start)
                .send()
                .await
                .map_err(|error| Error::sdk("Query", error))?;
            counted += i64::from(answer.count);
            start = answer.last_evaluated_key;
            if start.is_none() {
                return Ok(counted);
            }
        }
    }
}

/// Who stated what a derived edge mirrors.
#[derive(Deserialize)]
struct Stated {
    by: Option<UserId>,
}

/// Reads a range page by page as it is at each moment: 1 RRU for each 4 KiB.
pub(crate) struct KeyPages {
    /// What is left of it.
    rest: Option<KeyRange>,
}

impl KeyPages {
    pub(crate) fn over(range: KeyRange) -> Self {
        Self { rest: Some(range) }
    }

    /// The next items, each with who stated it where the key does not say so; none at the end.
    pub(crate) async fn next(&mut self, table: &Table) -> Result<Option<Vec<(ItemKey, Option<UserId>)>>> {
        const PAGE: usize = if cfg!(test) { 7 } else { 500 };
        let Some(KeyRange { pk, from, to }) = self.rest.take() else { return Ok(None) };
        let range = Range {
            pk: pk.clone(),
            from,
            to: to.clone(),
            newest_first: false,
            limit: PAGE,
            consistent: true,
        };
        let page = table.query::<Stated>(range).await?;
        let keys: Vec<_> = page.items.into_iter().map(|(key, stated)| (key, stated.by)).collect();
        if let Some((last, _)) = keys.last().filter(|_| page.more) {
            // Sorts behind the last key and before every other.
            self.rest = Some(KeyRange { pk, from: format!("{}#", last.raw().sk), to });
        }
        Ok(Some(keys))
    }
}
