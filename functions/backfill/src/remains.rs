//! What lies in the buckets, and at the edge, of a photo that is shown no more.

use domain::media::{MediumId, MediumPlace};
use domain::photo::BlobRef;
use domain::{PhotoId, UserId};
use runtime::queue::Sender;
use table::original;

use crate::cdn::Cdn;
use crate::{BackfillHandler, Error};

/// The media of a photo that was deleted or failed.
pub(crate) struct Remains {
    pub(crate) photo_id: PhotoId,
    pub(crate) author_id: UserId,
    pub(crate) media: usize,
    /// What those of them that were rendered were shown with.
    pub(crate) blob_refs: Vec<BlobRef>,
}

impl Remains {
    fn medium(&self, index: usize) -> MediumId {
        MediumPlace { photo: self.photo_id, index }.of(self.author_id)
    }

    fn all(&self) -> Vec<MediumId> {
        (0..self.media).map(|index| self.medium(index)).collect()
    }

    /// Those that never were shown with anything. What may lie at their places is nobody else's.
    pub(crate) fn unrendered(&self) -> Vec<MediumId> {
        let rendered =
            |medium: &MediumId| self.blob_refs.iter().any(|blob_ref| blob_ref.index == medium.index);
        self.all().into_iter().filter(|medium| !rendered(medium)).collect()
    }
}

impl<Q: Sender, C: Cdn> BackfillHandler<Q, C> {
    /// Takes away what is left of a photo that failed. It never was in feeds.
    pub(crate) async fn forget_failed(&self, remains: &Remains) -> Result<(), Error> {
        // Other photos may have been shown with the same renditions, and be gone already.
        let gone = self.let_go(remains).await?;
        Ok(self.cdn.forget(&gone).await?)
    }

    /// Lets go of what the media were shown with, and deletes it where nothing else is: these renditions may still be at
    /// the edge. 1 WRU for each medium, 2 for one that was the last.
    pub(crate) async fn let_go(&self, remains: &Remains) -> Result<Vec<MediumId>, Error> {
        let mut gone = Vec::new();
        for BlobRef { index, sha256, stored_at } in &remains.blob_refs {
            let medium = remains.medium(*index);
            let place = stored_at.unwrap_or(medium.place());
            if original::release(&self.table, medium, sha256, place).await? {
                gone.push(place.of(remains.author_id));
            }
        }
        let stored = [gone.as_slice(), &remains.unrendered()].concat();
        self.objects.delete(&stored, &remains.all()).await?;
        Ok(gone)
    }
}
