//! From bytes to pixels.

mod avif;
mod gif;
mod heic;
mod jpeg;
mod png;
mod shrink;
mod webp;
mod yuv;

use crate::format::Format;
use crate::guard::guard;
use crate::header::Header;
use crate::picture::Picture;
use crate::refusal::Refusal;

/// A decoded picture, as stored: not turned, and in its own colours.
#[derive(Debug)]
pub(crate) struct Decoded {
    pub(crate) picture: Picture,
    /// How much of the picture is picture. One decoded at a fraction of its scale has its sides rounded up, and
    /// the last row and column are then only partly there: resizing from the exact fraction keeps every pixel
    /// in its place.
    pub(crate) extent: (f64, f64),
    /// Its colour profile, if it has one.
    pub(crate) icc: Option<Vec<u8>>,
}

impl Decoded {
    /// A picture decoded at full scale.
    fn whole(picture: Picture, icc: Option<Vec<u8>>) -> Self {
        let extent = (f64::from(picture.width), f64::from(picture.height));
        Self { picture, extent, icc }
    }
}

/// Decodes a file whose header passed the limits, leaving its longest side at `side` pixels or more.
pub(crate) fn decode(bytes: &[u8], header: &Header, side: u32) -> Result<Decoded, Refusal> {
    let decode = || match header.format {
        Format::Jpeg => jpeg::decode(bytes, header, side),
        Format::Png => png::decode(bytes, header, side),
        Format::WebP => webp::decode(bytes, header, side),
        Format::Gif => gif::decode(bytes, header, side),
        Format::Avif => avif::decode(bytes, header, side),
        Format::Heic => heic::decode(bytes, header, side),
    };
    guard(decode, Refusal::undecodable)
}

/// Bytes that `pixels` by `channels` take, as a length.
fn length(width: u32, height: u32, channels: usize) -> usize {
    let side = |pixels: u32| usize::try_from(pixels).unwrap_or(usize::MAX);
    side(width).saturating_mul(side(height)).saturating_mul(channels)
}
