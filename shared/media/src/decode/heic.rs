//! Decodes the items of a HEIC by `hpvcd`, without its vector code, which is not safe Rust.
//!
//! `hpvcd` gets every item as a file of its own. `heif` alone says which items make the picture, and how.

use hpvcd::{
    ChromaFormat, DecodeThreads, DecodedYuv, Decoder, HeicSettings, ParseLimits, PlanarImage, PlaneBuffer,
    YuvBuffer,
};

use super::heif::ItemCodec;
use super::yuv::{Planes, to_byte};
use crate::heif::{Heif, file_of};
use crate::refusal::Refusal;

pub(super) struct Hpvcd(Decoder);

impl Hpvcd {
    pub(super) fn new() -> Self {
        Self(Decoder::from_settings(HeicSettings {
            threads: DecodeThreads::Fixed(1),
            // Every sequence was held to our own limits.
            limits: ParseLimits::new(),
            decode_alpha: false,
            decode_gain_map: false,
        }))
    }
}

impl ItemCodec for Hpvcd {
    type Frame = Frame;

    fn item(&self, heif: &Heif<'_>, item: u32, size: (u32, u32)) -> Result<Frame, Refusal> {
        let data = heif.data(item).ok_or_else(Refusal::cut_off)?;
        let configuration = heif.configuration(item, *b"hvcC").ok_or_else(Refusal::disagrees)?;
        let file = file_of(size, configuration, &data).ok_or_else(Refusal::disagrees)?;
        let decoded = self.0.decode_yuv(&file).map_err(Refusal::undecodable)?;
        let bits = u32::from(decoded.bit_depth.bits());
        Ok(Frame { decoded, bits })
    }
}

/// One decoded item.
pub(super) struct Frame {
    decoded: DecodedYuv,
    bits: u32,
}

impl Planes for Frame {
    fn size(&self) -> (usize, usize) {
        (self.decoded.width(), self.decoded.height())
    }

    fn halving(&self) -> Option<(usize, usize)> {
        match self.decoded.chroma {
            ChromaFormat::Monochrome => None,
            ChromaFormat::Yuv420 => Some((1, 1)),
            ChromaFormat::Yuv422 => Some((1, 0)),
            ChromaFormat::Yuv444 => Some((0, 0)),
        }
    }

    fn row(&self, plane: usize, y: usize, into: &mut Vec<u8>) -> Option<()> {
        match &self.decoded.planes {
            YuvBuffer::U8(image) => into.extend_from_slice(numbered(image, plane)?.row(y)?),
            YuvBuffer::U16(image) => {
                let row = numbered(image, plane)?.row(y)?;
                into.extend(row.iter().map(|sample| to_byte(*sample, self.bits)));
            }
        }
        Some(())
    }
}

/// Luminance as plane 0, then the two of colour, if there are any.
fn numbered<T>(image: &PlanarImage<T>, plane: usize) -> Option<&PlaneBuffer<T>> {
    [Some(&image.y), image.cb.as_ref(), image.cr.as_ref()].into_iter().nth(plane)?
}
