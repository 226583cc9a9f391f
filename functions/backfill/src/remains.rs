//! Objects of a photo that is no longer shown.

use domain::media::{AddressSecret, MediumAddress, MediumId, MediumPlace};
use domain::photo::BlobRef;
use domain::{PhotoId, UserId};
use runtime::queue::Sender;
use table::original;

use crate::{BackfillHandler, Error};

/// The media of a photo that was deleted or failed.
pub(crate) struct Remains {
    pub(crate) photo_id: PhotoId,
    pub(crate) author_id: UserId,
    /// The secret in the addresses of its pictures.
    pub(crate) secret: AddressSecret,
    pub(crate) media: usize,
    /// Blob references of the media that were rendered.
    pub(crate) blob_refs: Vec<BlobRef>,
}

impl Remains {
    fn medium(&self, index: usize) -> MediumId {
        MediumPlace { photo: self.photo_id, index }.of(self.author_id)
    }

    fn all(&self) -> impl Iterator<Item = MediumId> {
        (0..self.media).map(|index| self.medium(index))
    }

    fn addresses(&self) -> impl Iterator<Item = MediumAddress> {
        (0..self.media).map(|index| MediumAddress { secret: self.secret, index })
    }

    /// Returns the media that were never rendered. No other photo refers to an original of theirs.
    fn unrendered(&self) -> impl Iterator<Item = MediumId> {
        let rendered =
            |medium: &MediumId| self.blob_refs.iter().any(|blob_ref| blob_ref.index == medium.index);
        self.all().filter(move |medium| !rendered(medium))
    }
}

impl<Q: Sender> BackfillHandler<Q> {
    /// Deletes all renditions of a photo at once. Then it releases the originals of its media, and deletes
    /// those that no other medium refers to. Costs 1 WRU for each medium, and 2 for an original's last one.
    pub(crate) async fn let_go(&self, remains: &Remains) -> Result<(), Error> {
        self.objects.delete_renditions(remains.addresses()).await?;
        let mut gone: Vec<MediumId> = remains.unrendered().collect();
        for BlobRef { index, sha256, stored_at } in &remains.blob_refs {
            let medium = remains.medium(*index);
            let place = stored_at.unwrap_or(medium.place());
            if original::release(&self.table, medium, sha256, place).await? {
                gone.push(place.of(remains.author_id));
            }
        }
        Ok(self.objects.delete_bytes(gone, remains.all()).await?)
    }
}
