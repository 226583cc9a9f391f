//! What is to be done next with an uploaded picture: a pure decision on what is known of it.

use domain::PhotoId;
use domain::media::{MediumAddress, MediumId, PerceptualHash};
use domain::photo::{MAX_UPLOAD_BYTES, Medium, Photo, Rendered, State};
use media::Refusal;
use table::original::{Original, Share};

use crate::store::{Fetched, File};

/// What is known of an uploaded picture.
pub(crate) struct Facts {
    /// Which picture of which photo it is.
    pub(crate) id: MediumId,
    /// The photo as it was last read; none when it is gone, or somebody else's.
    pub(crate) photo: Option<Photo>,
    /// The upload, once it is fetched.
    pub(crate) upload: Option<Fetched>,
    /// Whether the upload's bytes are stored as the picture's original, so that they are the ones that count.
    pub(crate) claimed: bool,
    /// The author's original with the upload's bytes, as it was last read.
    pub(crate) original: Option<Original>,
    /// The renditions of the original that were to be copied and were no longer there.
    pub(crate) lost: Option<MediumAddress>,
    /// Perceptual hashes of the author's photos.
    pub(crate) hashes: Vec<(PhotoId, PerceptualHash)>,
    /// What rendering or copying came to, once it is done. If it succeeded, the renditions are stored.
    pub(crate) rendered: Option<Result<Rendered, Refusal>>,
}

/// The next step.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Plan<'a> {
    /// Fetch the upload, of which this many bytes are allowed.
    Fetch(u64),
    /// Claim the bytes of this file, and copy renditions that there are of them.
    Copy(File, Copy),
    /// Claim the bytes of this file, render them, and store the renditions under this address.
    Render(File, MediumAddress),
    /// Record the picture of this photo, with these facts and its original shared like this.
    Record(&'a Photo, Rendered, Share),
    /// End the photo as failed: these bytes will not become a picture, now or ever.
    Refuse(Refusal),
    /// Stop: another delivery has processed this upload.
    Stop,
    /// Clean up: nobody waits for the picture. It is recorded already, or its photo is ready, failed or gone.
    CleanUp,
}

/// Renditions to be copied.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Copy {
    /// Where they are.
    pub(crate) from: MediumAddress,
    /// Where they are wanted.
    pub(crate) to: MediumAddress,
    /// What rendering would come to.
    pub(crate) rendered: Rendered,
}

impl Facts {
    /// All that is known at the beginning.
    pub(crate) fn new(id: MediumId, photo: Option<Photo>) -> Self {
        Self {
            id,
            photo,
            upload: None,
            claimed: false,
            original: None,
            lost: None,
            hashes: Vec::new(),
            rendered: None,
        }
    }

    /// The photo and its medium, if the photo waits for it to be rendered.
    pub(crate) fn awaited(&self) -> Option<(&Photo, &Medium)> {
        let photo = self.photo.as_ref().filter(|photo| photo.state == State::Processing)?;
        let medium = photo.media.get(self.id.index).filter(|medium| medium.rendered.is_none())?;
        Some((photo, medium))
    }

    /// What is recorded of the picture, with the author's nearest earlier photo and its original shared as it
    /// can be.
    fn record<'a>(&self, photo: &'a Photo, rendered: Rendered) -> Plan<'a> {
        let similar_to = rendered.phash.nearest(self.hashes.iter().copied());
        let (share, stored_at) = match &self.original {
            None => (Share::First, None),
            Some(original) if original.has_room() => (Share::Joined, Some(original.place)),
            Some(_) => (Share::Alone, None),
        };
        Plan::Record(photo, Rendered { stored_at, similar_to, ..rendered }, share)
    }
}

/// The next step for a picture.
pub(crate) fn plan(facts: &Facts) -> Plan<'_> {
    let Some((photo, medium)) = facts.awaited() else { return Plan::CleanUp };
    let most = medium.size.min(MAX_UPLOAD_BYTES);
    let file = match &facts.upload {
        None => return Plan::Fetch(most),
        Some(Fetched::Gone) => return Plan::Stop,
        Some(Fetched::TooLarge) => {
            let reason = format!("it has more than the {most} bytes that were declared");
            return Plan::Refuse(Refusal::TooLarge(reason));
        }
        Some(Fetched::Whole(file)) => file,
    };
    let to = photo.address(facts.id.index);
    match (&facts.rendered, &facts.original) {
        (Some(Err(refusal)), _) => Plan::Refuse(refusal.clone()),
        (Some(Ok(rendered)), _) => facts.record(photo, rendered.clone()),
        (None, Some(original)) if facts.lost != Some(original.source) => {
            let rendered = original.facts(&file.sha256);
            Plan::Copy(file.clone(), Copy { from: original.source, to, rendered })
        }
        (None, _) => Plan::Render(file.clone(), to),
    }
}

#[cfg(test)]
mod tests {
    use domain::UserId;
    use domain::media::{AddressSecret, MediumPlace};
    use domain::photo::ContentType;
    use table::original::MOST_REFS;

    use super::*;

    fn photo_id(number: u64) -> PhotoId {
        PhotoId::try_from(number).unwrap()
    }

    /// The second of two media of an author's photo.
    fn id() -> MediumId {
        MediumId { author: UserId::try_from(1).unwrap(), photo: photo_id(10), index: 1 }
    }

    fn photo() -> Photo {
        let medium = |size| Medium { content_type: ContentType::Jpeg, size, alt: None, rendered: None };
        let media = vec![medium(1_000), medium(2_000)];
        Photo::draft(id().photo, id().author, "ada", AddressSecret::from(10), media)
    }

    fn file() -> File {
        File { bytes: "a picture".into(), sha256: "ab".to_owned() }
    }

    fn rendered() -> Rendered {
        Rendered {
            width: 4,
            height: 3,
            blurhash: "LEHV6nWB2yk8".to_owned(),
            sha256: file().sha256,
            phash: PerceptualHash(0b1111),
            stored_at: None,
            similar_to: None,
        }
    }

    /// The original that another photo has stored, with this many media shown with it.
    fn original(refs: usize) -> Original {
        let place = |index| MediumPlace { photo: photo_id(9), index };
        let first = Photo { id: photo_id(9), secret: AddressSecret::from(9), ..photo() };
        let mut original = Original::new(&first, 0, &rendered());
        original.refs = (0..refs).map(place).collect();
        original
    }

    fn fetched() -> Facts {
        Facts { upload: Some(Fetched::Whole(file())), ..Facts::new(id(), Some(photo())) }
    }

    #[test]
    fn a_picture_that_nobody_waits_for_is_cleaned_up() {
        let mut recorded = photo();
        recorded.media[1].rendered = Some(rendered());
        let mut shorter = photo();
        shorter.media.pop();
        let ready = Photo { state: State::Ready, ..photo() };
        let failed = Photo { state: State::Failed, ..photo() };
        for photo in [None, Some(recorded), Some(shorter), Some(ready), Some(failed)] {
            assert_eq!(plan(&Facts { photo, ..fetched() }), Plan::CleanUp);
        }
    }

    #[test]
    fn no_more_is_fetched_than_was_declared_and_is_allowed() {
        let mut facts = Facts::new(id(), Some(photo()));
        assert_eq!(plan(&facts), Plan::Fetch(2_000));
        facts.photo.as_mut().unwrap().media[1].size = u64::MAX;
        assert_eq!(plan(&facts), Plan::Fetch(MAX_UPLOAD_BYTES));
    }

    #[test]
    fn an_upload_that_is_gone_is_left_alone_and_a_larger_one_refused() {
        assert_eq!(plan(&Facts { upload: Some(Fetched::Gone), ..fetched() }), Plan::Stop);
        let facts = Facts { upload: Some(Fetched::TooLarge), ..fetched() };
        let Plan::Refuse(refusal) = plan(&facts) else { panic!("{:?}", plan(&facts)) };
        assert!(refusal.code() == "image_too_large" && refusal.detail().contains("2000"), "{refusal:?}");
    }

    #[test]
    fn new_bytes_are_rendered_and_renditions_of_known_ones_copied() {
        let to = MediumAddress { secret: photo().secret, index: 1 };
        assert_eq!(plan(&fetched()), Plan::Render(file(), to));
        let from = MediumAddress { secret: AddressSecret::from(9), index: 0 };
        for refs in [1, MOST_REFS] {
            let facts = Facts { original: Some(original(refs)), ..fetched() };
            assert_eq!(plan(&facts), Plan::Copy(file(), Copy { from, to, rendered: rendered() }));
            let lost = Facts { lost: Some(from), ..facts };
            assert_eq!(plan(&lost), Plan::Render(file(), to), "they are gone");
            let elsewhere = Facts { lost: Some(MediumAddress { index: 7, ..from }), ..lost };
            assert!(matches!(plan(&elsewhere), Plan::Copy(..)), "others are gone");
        }
    }

    #[test]
    fn the_original_of_a_rendered_picture_is_shared_while_there_is_room() {
        let place = original(1).place;
        for (original, share, stored_at) in [
            (None, Share::First, None),
            (Some(original(MOST_REFS - 1)), Share::Joined, Some(place)),
            (Some(original(MOST_REFS)), Share::Alone, None),
        ] {
            let facts = Facts { original, rendered: Some(Ok(rendered())), ..fetched() };
            let recorded = Rendered { stored_at, ..rendered() };
            assert_eq!(plan(&facts), Plan::Record(&photo(), recorded, share));
        }
    }

    #[test]
    fn bytes_that_cannot_be_rendered_are_refused() {
        let facts = Facts { rendered: Some(Err(Refusal::Empty)), ..fetched() };
        assert_eq!(plan(&facts), Plan::Refuse(Refusal::Empty));
    }

    #[test]
    fn a_record_names_the_nearest_photo() {
        let hashes = vec![(photo_id(5), PerceptualHash(u64::MAX)), (photo_id(6), PerceptualHash(0b0111))];
        let facts = Facts { hashes, rendered: Some(Ok(rendered())), ..fetched() };
        let similar = Rendered { similar_to: Some(photo_id(6)), ..rendered() };
        assert_eq!(plan(&facts), Plan::Record(&photo(), similar, Share::First));
    }
}
