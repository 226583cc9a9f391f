//! What can be known of a file without decoding it.

mod gif;
mod heif;
mod hevc;
mod jpeg;
mod png;
mod webp;

use crate::format::{Format, name_unsupported};
use crate::limits::Limits;
use crate::orientation::Orientation;
use crate::refusal::Refusal;

/// The facts of a header that passed every limit.
#[derive(Clone, Debug)]
pub(crate) struct Header {
    pub(crate) format: Format,
    /// Width as stored, before orientation.
    pub(crate) width: u32,
    /// Height as stored, before orientation.
    pub(crate) height: u32,
    pub(crate) orientation: Orientation,
    /// The colour profile where the container holds it plainly. A PNG's is compressed: its decoder brings it.
    pub(crate) icc: Option<Vec<u8>>,
    /// For a JPEG with an Adobe marker: its inks are stored inverted.
    pub(crate) inverted_inks: bool,
}

/// Reads a header and holds it to the limits.
pub(crate) fn read(bytes: &[u8], limits: &Limits) -> Result<Header, Refusal> {
    limits.check_length(bytes.len())?;
    match Format::sniff(bytes).ok_or_else(|| Refusal::Unsupported(name_unsupported(bytes)))? {
        Format::Jpeg => jpeg::read(bytes, limits),
        Format::Png => png::read(bytes, limits),
        Format::WebP => webp::read(bytes, limits),
        Format::Gif => gif::read(bytes, limits),
        format @ (Format::Avif | Format::Heic) => heif::read(bytes, format, limits),
    }
}

/// The `N` bytes from `at` on, if there are as many.
fn array<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..)?.first_chunk().copied()
}

/// A refusal for a header that ends too early.
fn cut_short() -> Refusal {
    Refusal::corrupt("its header ends too early")
}
