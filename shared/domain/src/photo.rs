//! A photo: one post of one to ten media, and who may see it.

use serde::{Deserialize, Serialize};

use crate::comment::Commenting;
use crate::id::{CommentId, PhotoId, UserId};
use crate::media::{AddressSecret, MediumAddress, MediumPlace, PerceptualHash};
use crate::text::{AltText, Caption, Location, Tag};
use crate::visibility::Audience;

/// Most media in one photo.
pub const MAX_MEDIA: usize = 10;
/// Most bytes of one uploaded medium.
pub const MAX_UPLOAD_BYTES: u64 = 50 * 1024 * 1024;

/// A photo with its texts, media, state and counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Photo {
    /// Its id, which also says when it was made.
    pub id: PhotoId,
    /// Whose it is.
    pub author: UserId,
    /// The author's user name. Names never change.
    pub author_name: String,
    /// The secret in the addresses of its pictures.
    pub secret: AddressSecret,
    /// For whom it is.
    #[serde(default, skip_serializing_if = "Audience::is_everyone")]
    pub audience: Audience,
    /// The mark of the switch of the author's account that the audience follows; 0 for none.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub audience_since: i64,
    /// Text under the photo.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caption: Option<Caption>,
    /// Where it was taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Location>,
    /// Folded tags, in the author's order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<Tag>,
    /// One to ten media, in the author's order.
    pub media: Vec<Medium>,
    /// The state of processing.
    pub state: State,
    /// Media not yet rendered; 0 exactly when the photo is ready.
    pub pending: usize,
    /// Why processing failed, when it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    /// How many people like it.
    #[serde(default)]
    pub likes: i64,
    /// How many comments it has, replies included.
    #[serde(default)]
    pub comments: i64,
    /// Who may comment on it.
    #[serde(default, skip_serializing_if = "Commenting::is_everyone")]
    pub commenting: Commenting,
    /// Whether the number of likes is for the author alone.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub hides_likes: bool,
    /// Whether its author is told nothing of what happens under it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub muted: bool,
    /// The comments that its author has pinned, in the order of pinning.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pins: Vec<CommentId>,
}

/// One picture of a photo.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Medium {
    /// The type that the client declared.
    pub content_type: ContentType,
    /// The bytes that the client declared. The upload may not be larger.
    pub size: u64,
    /// A description for those who cannot see it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alt: Option<AltText>,
    /// The result of rendering; absent until every rendition of it is stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rendered: Option<Rendered>,
}

/// The result of rendering a medium.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rendered {
    /// Pixels across, as shown.
    pub width: u32,
    /// Pixels down, as shown.
    pub height: u32,
    /// Placeholder, see <https://blurha.sh>.
    pub blurhash: String,
    /// SHA-256 of the original, hexadecimal.
    pub sha256: String,
    /// Its perceptual hash.
    pub phash: PerceptualHash,
    /// Where the original is stored, when it is another medium's. The author had uploaded a medium with
    /// the same bytes before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stored_at: Option<MediumPlace>,
    /// An earlier photo of the author's that looks similar. It may have been deleted since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub similar_to: Option<PhotoId>,
}

/// A reference of a medium to stored bytes. It holds what releasing them takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlobRef {
    /// The medium's index in the photo, from 0.
    pub index: usize,
    /// SHA-256 of the original, hexadecimal.
    pub sha256: String,
    /// Where the original is stored, when it is another medium's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stored_at: Option<MediumPlace>,
}

/// Formats a client may upload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ContentType {
    /// JPEG.
    #[serde(rename = "image/jpeg")]
    Jpeg,
    /// PNG.
    #[serde(rename = "image/png")]
    Png,
    /// WebP.
    #[serde(rename = "image/webp")]
    WebP,
    /// GIF; its first frame is used.
    #[serde(rename = "image/gif")]
    Gif,
    /// AVIF; its primary picture is used.
    #[serde(rename = "image/avif")]
    Avif,
    /// HEIC, as iPhones store photographs; its primary picture is used.
    #[serde(rename = "image/heic")]
    Heic,
    /// TIFF, as scanners store pages; the first one is used.
    #[serde(rename = "image/tiff")]
    Tiff,
    /// BMP, as old tools store pictures.
    #[serde(rename = "image/bmp")]
    Bmp,
}

impl ContentType {
    /// Every format.
    pub const ALL: [Self; 8] =
        [Self::Jpeg, Self::Png, Self::WebP, Self::Gif, Self::Avif, Self::Heic, Self::Tiff, Self::Bmp];

    /// Parses a media type, in letters of either case, also under the other names that browsers and systems
    /// have for it. Returns `None` for a type that cannot be uploaded, and for one with parameters.
    ///
    /// It is what the client takes the file for. The bytes decide what the file is.
    pub fn parse(text: &str) -> Option<Self> {
        let lower = text.to_ascii_lowercase();
        let name = lower.strip_prefix("image/")?;
        Some(match name.strip_prefix("x-").unwrap_or(name) {
            "jpeg" | "jpg" | "pjpeg" | "jfif" | "citrix-jpeg" => Self::Jpeg,
            "png" | "apng" | "vnd.mozilla.apng" | "citrix-png" => Self::Png,
            "webp" => Self::WebP,
            "gif" => Self::Gif,
            "avif" | "avif-sequence" => Self::Avif,
            "heic" | "heif" | "heic-sequence" | "heif-sequence" => Self::Heic,
            "tiff" | "tif" => Self::Tiff,
            "bmp" | "ms-bmp" | "windows-bmp" => Self::Bmp,
            _ => return None,
        })
    }

    /// Returns the media type.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::WebP => "image/webp",
            Self::Gif => "image/gif",
            Self::Avif => "image/avif",
            Self::Heic => "image/heic",
            Self::Tiff => "image/tiff",
            Self::Bmp => "image/bmp",
        }
    }
}

/// The state of a photo's processing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Waiting for uploads or renditions.
    Processing,
    /// Every rendition is stored.
    Ready,
    /// A medium could not be processed; see [`Photo::failure`].
    Failed,
}

/// Why a photo failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// Stable name, for example `image_corrupt`.
    pub code: String,
    /// One sentence for people.
    pub detail: String,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(number: &i64) -> bool {
    *number == 0
}

impl Photo {
    /// Returns a photo in its first state, without texts: it waits for the uploads of `media`, and is for everyone.
    pub fn draft(
        id: PhotoId,
        author: UserId,
        author_name: impl Into<String>,
        secret: AddressSecret,
        media: Vec<Medium>,
    ) -> Self {
        Self {
            id,
            author,
            author_name: author_name.into(),
            secret,
            audience: Audience::Everyone,
            audience_since: 0,
            caption: None,
            place: None,
            tags: Vec::new(),
            pending: media.len(),
            media,
            state: State::Processing,
            failure: None,
            likes: 0,
            comments: 0,
            commenting: Commenting::Everyone,
            hides_likes: false,
            muted: false,
            pins: Vec::new(),
        }
    }

    /// Returns whether it may appear in feeds and lists.
    pub fn is_listed(&self) -> bool {
        self.state == State::Ready
    }

    /// Returns whether `viewer` is shown how many like it.
    pub fn shows_likes_to(&self, viewer: UserId) -> bool {
        !self.hides_likes || self.author == viewer
    }

    /// Returns its author, and whether it is private: what decides with whom a list shows it.
    pub fn shown_by(&self) -> (UserId, bool) {
        (self.author, !self.audience.is_everyone())
    }

    /// Returns whether `user` is told nothing of what happens under it: its author, who muted it.
    pub fn is_muted_for(&self, user: UserId) -> bool {
        self.muted && self.author == user
    }

    /// Returns how many bytes its texts have.
    pub fn text_bytes(&self) -> usize {
        let caption = self.caption.as_ref().map_or(0, |text| text.as_str().len());
        let place = self.place.as_ref().map_or(0, |text| text.as_str().len());
        let tags: usize = self.tags.iter().map(|tag| tag.as_str().len()).sum();
        let alts = self.media.iter().filter_map(|medium| medium.alt.as_ref());
        caption + place + tags + alts.map(|text| text.as_str().len()).sum::<usize>()
    }

    /// Returns where the renditions of a medium are served.
    pub fn address(&self, index: usize) -> MediumAddress {
        MediumAddress { secret: self.secret, index }
    }

    /// Returns the references of its rendered media to stored bytes.
    pub fn blob_refs(&self) -> Vec<BlobRef> {
        let rendered = self.media.iter().enumerate().filter_map(|(index, medium)| {
            let facts = medium.rendered.as_ref()?;
            Some(BlobRef { index, sha256: facts.sha256.clone(), stored_at: facts.stored_at })
        });
        rendered.collect()
    }

    /// Returns the perceptual hashes of its rendered media.
    pub fn perceptual_hashes(&self) -> Vec<PerceptualHash> {
        self.media.iter().filter_map(|medium| medium.rendered.as_ref()).map(|facts| facts.phash).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_content_type_is_parsed_and_stored_as_it_is_written() {
        for known in ContentType::ALL {
            assert_eq!(ContentType::parse(known.as_str()), Some(known));
            assert_eq!(serde_json::to_value(known).unwrap(), known.as_str());
        }
    }

    #[test]
    fn content_types_are_taken_as_browsers_send_them() {
        let names = [
            (ContentType::Jpeg, "image/jpg image/JPEG Image/Jpeg image/pjpeg image/x-jpg image/jfif"),
            (ContentType::Png, "image/x-png image/PNG image/apng image/vnd.mozilla.apng"),
            (ContentType::WebP, "image/x-webp"),
            (ContentType::Gif, "IMAGE/GIF"),
            (ContentType::Avif, "image/avif-sequence"),
            (ContentType::Heic, "image/heif image/heic-sequence image/heif-sequence image/HEIC"),
            (ContentType::Tiff, "image/tif image/x-tif image/x-tiff"),
            (ContentType::Bmp, "image/x-bmp image/x-ms-bmp image/x-windows-bmp"),
        ];
        for (expected, names) in names {
            for name in names.split(' ') {
                assert_eq!(ContentType::parse(name), Some(expected), "{name}");
            }
        }
    }

    #[test]
    fn other_types_and_types_with_parameters_are_not_taken() {
        for name in
            ["", "image/", "image/x-", "jpeg", "image/jpeg; q=1", "image/jpeg;", " image/png", "image/x-icon"]
        {
            assert_eq!(ContentType::parse(name), None, "{name}");
        }
        for name in ["image/svg+xml", "text/html", "application/octet-stream", "video/heif", "image/x-x-png"]
        {
            assert_eq!(ContentType::parse(name), None, "{name}");
        }
    }
}
