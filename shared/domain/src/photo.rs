//! A photo: one post of one to ten media, and who may see it.

use serde::{Deserialize, Serialize};

use crate::id::{PhotoId, UserId};
use crate::text::{AltText, Caption, Place, Tag};

/// Most media in one photo.
pub const MAX_MEDIA: usize = 10;
/// Most bytes of one uploaded medium.
pub const MAX_UPLOAD_BYTES: u64 = 20 * 1024 * 1024;

/// Everything known of a photo.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Photo {
    /// Names it; also says when it was made.
    pub id: PhotoId,
    /// Whose it is.
    pub author: UserId,
    /// The author's user name; names never change.
    pub author_name: String,
    /// Text under the photo.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caption: Option<Caption>,
    /// Where it was taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    /// Folded tags, in the author's order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<Tag>,
    /// One to ten media, in the author's order.
    pub media: Vec<Medium>,
    /// How far processing is.
    pub state: State,
    /// Media not yet rendered; 0 exactly when the photo is ready.
    pub pending: usize,
    /// Why processing failed, when it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    /// How many people like it.
    #[serde(default)]
    pub likes: i64,
    /// How many comments it has.
    #[serde(default)]
    pub comments: i64,
}

/// One picture of a photo.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Medium {
    /// What the client said it uploads.
    pub content_type: ContentType,
    /// Bytes the client said it uploads; the upload may not be larger.
    pub size: u64,
    /// What is to be seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alt: Option<AltText>,
    /// Facts found by rendering; absent until every rendition of it is stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rendered: Option<Rendered>,
}

/// What rendering a medium found out.
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
    /// 64-bit perceptual hash, hexadecimal.
    pub phash: String,
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
}

impl ContentType {
    /// Parses a media type; `None` when uploads of it are not taken.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Jpeg, Self::Png, Self::WebP, Self::Gif].into_iter().find(|known| known.as_str() == text)
    }

    /// The media type.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::WebP => "image/webp",
            Self::Gif => "image/gif",
        }
    }
}

/// How far a photo is.
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

impl Photo {
    /// Whether `viewer` may see it: everyone once it is ready, its author always.
    pub fn is_visible_to(&self, viewer: UserId) -> bool {
        self.state == State::Ready || self.author == viewer
    }

    /// Whether it belongs in somebody's feed or list.
    pub fn is_listed(&self) -> bool {
        self.state == State::Ready
    }
}
