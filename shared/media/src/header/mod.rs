//! What can be known of a file without decoding it, held to the limits.

mod av1;
mod bits;
pub(crate) mod bmp;
pub(crate) mod gif;
pub(crate) mod heif;
mod hevc;
pub(crate) mod jpeg;
pub(crate) mod png;
pub(crate) mod tiff;
pub(crate) mod webp;

use image::ColorType;
use image::metadata::Orientation;

use crate::refusal::Refusal;

/// The facts of a header that passed every limit.
#[derive(Clone, Debug)]
pub(crate) struct Header {
    /// Width as stored, before orientation.
    pub(crate) width: u32,
    /// Height as stored, before orientation.
    pub(crate) height: u32,
    pub(crate) orientation: Orientation,
    /// What its pixels are decoded to: brightness, `L8`, or colours, `Rgb8`.
    pub(crate) color_type: ColorType,
    /// The colour profile where the container holds it plainly. A PNG's is compressed: its decoder brings it.
    pub(crate) icc: Option<Vec<u8>>,
}

/// The `N` bytes from `at` on, if there are as many.
fn array<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..)?.first_chunk().copied()
}

/// A refusal for a header that ends too early.
fn cut_short() -> Refusal {
    Refusal::corrupt("its header ends too early")
}
