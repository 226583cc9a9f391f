//! What of a feed its reader may see.

use std::collections::HashSet;
use std::sync::Arc;

use domain::UserId;
use domain::photo::Photo;
use domain::visibility::Followings;
use table::sight::Viewer;
use table::{Result, Table, followings};

/// A reader, whom they follow, and whom they do not want to see.
///
/// An entry of a feed is no proof that its reader follows the author: a process that died may have left it.
/// Photos of private accounts are therefore shown by whom the reader follows now.
pub(crate) struct Sight {
    viewer: Viewer,
    followings: Followings,
}

impl Sight {
    /// Reads whom `reader` blocks, mutes and follows. 1 RRU, and 0.5 for a circle of more than 4 KiB.
    pub(crate) async fn get(table: &Table, reader: UserId) -> Result<Self> {
        let (viewer, followings) =
            futures::try_join!(Viewer::get(table, reader), followings::get(table, reader))?;
        Ok(Self { viewer, followings })
    }

    /// Returns how many items are read for a photo: its own, and the reader's follow where it may have to be
    /// asked for.
    pub(crate) fn reads_each(&self) -> usize {
        if self.followings.whole { 1 } else { 2 }
    }

    /// Returns which authors are left out whatever they post. Reads as [`Viewer::left_out`].
    pub(crate) async fn left_out(
        &self,
        table: &Table,
        authors: impl Iterator<Item = UserId>,
    ) -> Result<HashSet<UserId>> {
        self.viewer.left_out(table, &authors.collect::<Vec<_>>()).await
    }

    /// Returns the authors of whom the reader may see these photos. Reads as [`Viewer::seen_among`].
    pub(crate) async fn authors_seen(
        &self,
        table: &Table,
        photos: impl Iterator<Item = &Arc<Photo>>,
    ) -> Result<HashSet<UserId>> {
        self.viewer.seen_among(table, &self.followings, photos.map(|photo| photo.shown_by())).await
    }
}
