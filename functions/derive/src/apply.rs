//! What changes derive.

use std::collections::BTreeMap;

use domain::media::PerceptualHash;
use domain::{PhotoId, UserId};
use table::change::Change;
use table::{Order, Result, Table, follow, like, listing, processing};

/// What changes come to. Of several states of one thing the last counts; edges keep their order, because their
/// derivation sees to that itself.
#[derive(Default)]
struct Sum<'a> {
    likes: BTreeMap<PhotoId, Vec<like::Change>>,
    follows: Vec<follow::Change>,
    /// Whose photos they are, and what their media look like if they are to be listed.
    listed: BTreeMap<PhotoId, (UserId, Option<&'a [PerceptualHash]>)>,
    /// Whether photos wait to be processed.
    waiting: BTreeMap<PhotoId, bool>,
}

impl<'a> Sum<'a> {
    fn of(changes: impl Iterator<Item = &'a Change>) -> Self {
        let mut sum = Self::default();
        for change in changes {
            sum.add(change);
        }
        sum
    }

    fn add(&mut self, change: &'a Change) {
        match *change {
            Change::Liked { user, photo, ref like } => {
                self.likes.entry(photo).or_default().push(like::Change { user, since: Some(like.at) });
            }
            Change::Unliked { user, photo } => {
                self.likes.entry(photo).or_default().push(like::Change { user, since: None });
            }
            Change::Followed { follower, followee, ref follow } => {
                self.follows.push(follow::Change { follower, followee, since: Some(follow.at) });
            }
            Change::Unfollowed { follower, followee } => {
                self.follows.push(follow::Change { follower, followee, since: None });
            }
            Change::Drafted { photo } => {
                self.waiting.insert(photo, true);
            }
            Change::Failed { photo, .. } => {
                self.waiting.insert(photo, false);
            }
            Change::Ready { photo, author, ref hashes } => {
                self.listed.insert(photo, (author, Some(hashes)));
                self.waiting.insert(photo, false);
            }
            Change::Deleted { photo, author, .. } => {
                self.listed.insert(photo, (author, None));
                self.waiting.insert(photo, false);
            }
            // The reader's mark is all there is; it becomes an event.
            Change::Returned { .. } => {}
        }
    }
}

/// Derives what belongs together. Everything is idempotent: after a failure all of it is done again.
///
/// The row of a photo that waits is not checked: one that is added too late stays behind, and `sweep` takes it away.
pub(crate) async fn apply<'a>(
    table: &Table,
    changes: impl Iterator<Item = &'a Change>,
    order: Order,
) -> Result<()> {
    let sum = Sum::of(changes);
    for (photo, changes) in &sum.likes {
        like::derive(table, *photo, changes, order).await?;
    }
    if !sum.follows.is_empty() {
        follow::derive(table, &sum.follows, order).await?;
    }
    for (photo, (author, listed)) in sum.listed {
        listing::derive(table, author, photo, listed, order).await?;
    }
    for (photo, waiting) in sum.waiting {
        if waiting {
            processing::add(table, photo).await?;
        } else {
            processing::remove(table, photo).await?;
        }
    }
    Ok(())
}
