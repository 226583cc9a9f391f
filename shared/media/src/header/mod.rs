//! Reads headers: what is known of a file without decoding it. Every header is checked against the limits.

pub(crate) mod av1;
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
    /// What its pixels are decoded to: `L8`, brightness, or `Rgb8`, colours.
    pub(crate) color_type: ColorType,
    /// The colour profile. A PNG's is compressed, so its decoder adds it.
    pub(crate) icc: Option<Vec<u8>>,
}

/// Returns the `N` bytes from `at` on, if there are as many.
fn array<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..)?.first_chunk().copied()
}

/// Returns the refusal of a header that ends too early.
fn cut_short() -> Refusal {
    Refusal::corrupt("its header ends too early")
}
