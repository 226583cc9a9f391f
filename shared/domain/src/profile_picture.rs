//! Profile pictures: their state, and the keys of their uploads and renditions.
//!
//! A user has one profile picture or none. It is uploaded as photos are and rendered square. Its address is
//! made of the user's id alone, so that whoever shows a user reads nothing for it.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::id::{PictureId, UserId};
use crate::media::{Encoding, Size};
use crate::photo::{ContentType, Failure, State};

/// Most bytes of an uploaded profile picture.
pub const MAX_PICTURE_BYTES: u64 = 10 * 1024 * 1024;

/// How long an upload is waited for. Uploads are accepted for an hour; one that is not processed an hour later
/// never will be.
const DUE_MS: i64 = 2 * 60 * 60 * 1000;

/// One upload of a profile picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PictureUpload {
    /// Whose picture it is to be.
    pub user: UserId,
    /// Which of their uploads it is. Later ones have higher ids.
    pub id: PictureId,
}

impl PictureUpload {
    /// Returns the key under which the client uploads it: `incoming/<user>/picture/<id>`.
    pub fn upload_key(self) -> String {
        format!("incoming/{}/picture/{}", self.user, self.id)
    }

    /// Parses an upload's key, already URL-decoded; `None` when the key is no upload's of a profile picture.
    pub fn from_upload_key(key: &str) -> Option<Self> {
        let (user, id) = key.strip_prefix("incoming/")?.split_once("/picture/")?;
        Some(Self { user: user.parse().ok()?, id: id.parse().ok()? })
    }
}

/// Returns the key of a rendition: `photos/profile/<size>/<user>.<ext>`.
pub fn rendition_key(user: UserId, size: Size, encoding: Encoding) -> String {
    format!("photos/profile/{}/{user}.{}", size.name(), encoding.extension())
}

/// Returns the key of every rendition of a user's picture.
pub fn rendition_keys(user: UserId) -> impl Iterator<Item = String> {
    Size::ALL
        .into_iter()
        .flat_map(move |size| Encoding::ALL.map(|encoding| rendition_key(user, size, encoding)))
}

/// The newest upload of a user's profile picture, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProfilePicture {
    /// Which upload it is.
    #[serde(with = "number")]
    pub upload: PictureId,
    /// The type that was declared.
    pub content_type: ContentType,
    /// The bytes that were declared.
    pub size: u64,
    /// How far it is.
    pub state: State,
    /// Why it failed, when it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    /// When the state changed last.
    pub updated_at: Timestamp,
    /// Whether renditions of this upload, or of one before it, are stored.
    #[serde(default)]
    pub stored: bool,
}

impl ProfilePicture {
    /// Returns a new upload, which is waited for.
    pub fn new(upload: PictureId, content_type: ContentType, size: u64) -> Self {
        Self {
            upload,
            content_type,
            size,
            state: State::Processing,
            failure: None,
            updated_at: upload.created_at(),
            stored: false,
        }
    }

    /// Returns the picture as it is at `now`: one that is waited for in vain has failed.
    pub fn at(self, now: Timestamp) -> Self {
        let due = self.upload.created_at().plus_ms(DUE_MS);
        if self.state != State::Processing || now < due {
            return self;
        }
        let failure = Failure {
            code: "upload_incomplete".to_owned(),
            detail: "The picture did not arrive, or could not be processed in time. Please upload it again."
                .to_owned(),
        };
        Self { state: State::Failed, failure: Some(failure), updated_at: due, ..self }
    }
}

/// Writes an id as a number, so that the table compares ids as numbers.
mod number {
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

    use crate::id::PictureId;

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
    pub(super) fn serialize<S: Serializer>(id: &PictureId, serializer: S) -> Result<S::Ok, S::Error> {
        id.get().serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<PictureId, D::Error> {
        u64::deserialize(deserializer)?.try_into().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::media::MediumId;

    fn id(number: u64) -> PictureId {
        PictureId::try_from(number).unwrap()
    }

    proptest! {
        #[test]
        fn upload_keys_round_trip_and_are_no_photos(user in 0..=i64::MAX as u64, upload in 0..=i64::MAX as u64) {
            let upload = PictureUpload { user: UserId::try_from(user).unwrap(), id: id(upload) };
            prop_assert_eq!(PictureUpload::from_upload_key(&upload.upload_key()), Some(upload));
            prop_assert_eq!(MediumId::from_upload_key(&upload.upload_key()), None);
        }

        #[test]
        fn pictures_round_trip(upload in 0..=i64::MAX as u64) {
            let picture = ProfilePicture::new(id(upload), ContentType::Png, 7);
            let json = serde_json::to_value(&picture).unwrap();
            prop_assert!(json["upload"].is_number());
            prop_assert_eq!(serde_json::from_value::<ProfilePicture>(json).unwrap(), picture);
        }
    }

    #[test]
    fn other_keys_are_no_uploads_of_profile_pictures() {
        for key in [
            "",
            "incoming/1/2/0",
            "incoming/1/picture/",
            "incoming//picture/1",
            "incoming/01/picture/1",
            "incoming/1/picture/2/0",
        ] {
            assert_eq!(PictureUpload::from_upload_key(key), None, "{key:?}");
        }
    }

    #[test]
    fn a_picture_has_six_renditions_under_its_user_alone() {
        let user = UserId::try_from(7).unwrap();
        let keys: Vec<String> = rendition_keys(user).collect();
        let expected = ["large", "medium", "small"]
            .map(|size| ["jpg", "webp"].map(|ext| format!("photos/profile/{size}/7.{ext}")));
        assert_eq!(keys, expected.concat());
    }

    #[test]
    fn a_picture_that_is_waited_for_in_vain_has_failed() {
        let picture =
            ProfilePicture::new(PictureId::floor(Timestamp(1_800_000_000_000)), ContentType::Jpeg, 1);
        let at = |ms| picture.clone().at(Timestamp(1_800_000_000_000 + ms));
        assert_eq!(at(DUE_MS - 1), picture);
        let failed = at(DUE_MS);
        assert_eq!((failed.state, failed.updated_at.0), (State::Failed, 1_800_000_000_000 + DUE_MS));
        assert_eq!(failed.failure.unwrap().code, "upload_incomplete");
        let ready = ProfilePicture { state: State::Ready, ..picture.clone() };
        assert_eq!(ready.clone().at(Timestamp(i64::MAX)), ready);
    }
}
