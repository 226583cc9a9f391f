//! What comes out.

use crate::format::Format;

/// The sizes every picture is served in. A picture smaller than a size keeps its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Size {
    /// For a screen full of one picture.
    Large,
    /// For a feed.
    Medium,
    /// For a grid of thumbnails.
    Small,
}

impl Size {
    /// Every size, largest first.
    pub const ALL: [Self; 3] = [Self::Large, Self::Medium, Self::Small];

    /// The name used in keys and answers.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Large => "large",
            Self::Medium => "medium",
            Self::Small => "small",
        }
    }

    /// The longest side, in pixels.
    pub const fn side(self) -> u32 {
        match self {
            Self::Large => 1080,
            Self::Medium => 640,
            Self::Small => 150,
        }
    }
}

/// The encodings every size is served in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// Progressive JPEG, for everything that can show a picture.
    Jpeg,
    /// Lossy WebP, for whoever says it accepts it.
    WebP,
}

impl Encoding {
    /// Every encoding.
    pub const ALL: [Self; 2] = [Self::Jpeg, Self::WebP];

    /// The file name extension, without a dot.
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::WebP => "webp",
        }
    }

    /// The content type to store and serve it with.
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Jpeg => Format::Jpeg.content_type(),
            Self::WebP => Format::WebP.content_type(),
        }
    }
}

/// One encoded picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendition {
    /// The size it is for; the picture may be smaller.
    pub size: Size,
    /// How it is encoded.
    pub encoding: Encoding,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// The file.
    pub bytes: Vec<u8>,
}

/// Everything made of one upload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Renditions {
    /// Width of the original as shown, after its orientation.
    pub width: u32,
    /// Height of the original as shown, after its orientation.
    pub height: u32,
    /// Format of the original.
    pub format: Format,
    /// A placeholder of some 30 characters, to paint while the picture loads.
    pub blurhash: String,
    /// SHA-256 of the original's bytes: the identity of the file.
    pub sha256: [u8; 32],
    /// Fingerprint of the picture: look-alikes differ in few bits. A hint only, never an identity.
    pub phash: u64,
    /// Every size in every encoding, largest first.
    pub files: Vec<Rendition>,
}
