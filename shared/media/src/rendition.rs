//! The result of the job.

pub use domain::media::{Encoding, Size};

use crate::format::Format;

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
    /// Blurhash of some 30 characters, painted while the picture loads.
    pub blurhash: String,
    /// Perceptual hash: similar pictures differ in few bits. A hint only, never an identity.
    pub phash: u64,
    /// Every size in every encoding, largest first.
    pub files: Vec<Rendition>,
}
