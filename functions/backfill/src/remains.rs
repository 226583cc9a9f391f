//! Objects of a photo that is no longer shown.

use domain::media::{MediumId, MediumPlace};
use domain::photo::BlobRef;
use domain::{PhotoId, UserId};
use runtime::queue::Sender;
use table::original;

use crate::{BackfillHandler, Error};

/// The media of a photo that was deleted or failed.
pub(crate) struct Remains {
    pub(crate) photo_id: PhotoId,
    pub(crate) author_id: UserId,
    pub(crate) media: usize,
    /// Blob references of the media that were rendered.
    pub(crate) blob_refs: Vec<BlobRef>,
}

impl Remains {
    fn medium(&self, index: usize) -> MediumId {
        MediumPlace { photo: self.photo_id, index }.of(self.author_id)
    }

    fn all(&self) -> Vec<MediumId> {
        (0..self.media).map(|index| self.medium(index)).collect()
    }

    /// Returns the media that were never rendered. No other photo uses what may be stored at their places.
    fn unrendered(&self) -> Vec<MediumId> {
        let rendered =
            |medium: &MediumId| self.blob_refs.iter().any(|blob_ref| blob_ref.index == medium.index);
        self.all().into_iter().filter(|medium| !rendered(medium)).collect()
    }
}

impl<Q: Sender> BackfillHandler<Q> {
    /// Releases the blobs of all media, and deletes those that no other medium uses.
    /// Costs 1 WRU for each medium, and 2 for a blob's last one.
    pub(crate) async fn let_go(&self, remains: &Remains) -> Result<(), Error> {
        let mut gone = Vec::new();
        for BlobRef { index, sha256, stored_at } in &remains.blob_refs {
            let medium = remains.medium(*index);
            let place = stored_at.unwrap_or(medium.place());
            if original::release(&self.table, medium, sha256, place).await? {
                gone.push(place.of(remains.author_id));
            }
        }
        let stored = [gone.as_slice(), &remains.unrendered()].concat();
        Ok(self.objects.delete(&stored, &remains.all()).await?)
    }
}
