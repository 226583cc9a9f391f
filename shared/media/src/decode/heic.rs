//! HEIC by `hpvcd`, without the vector code in which it is not safe Rust.

use hpvcd::{
    ChromaFormat, DecodeThreads, DecodedYuv, HeicSettings, ParseLimits, PlanarImage, PlaneBuffer,
    SamplePlane, YuvBuffer,
};
use image::ImageResult;

use super::shrink::{Scale, Shrink};
use super::yuv::{Painter, Planes, opacity, to_byte};
use super::{Codec, Decoder};
use crate::format::Format;
use crate::header::Header;
use crate::header::heif::{HeifHeader, read};
use crate::heif::CodePoints;
use crate::limits::Limits;
use crate::refusal::Refusal;

/// How much larger than it is shown a picture may be stored: it is coded in blocks.
const BLOCK: u32 = 64;
/// A picture smaller than one tile of a grid may be stored as a whole tile.
const TILE: u32 = 1024;

pub(super) fn open<'a>(bytes: &'a [u8], limits: &Limits) -> Result<Decoder<Hpvcd<'a>>, Refusal> {
    let HeifHeader { common, opacity, code_points, .. } = read(bytes, Format::Heic, limits)?;
    Ok(Decoder::new(common, Hpvcd { bytes, opacity: opacity.is_some(), code_points }))
}

pub(super) struct Hpvcd<'a> {
    bytes: &'a [u8],
    opacity: bool,
    code_points: CodePoints,
}

impl Codec for Hpvcd<'_> {
    fn decode(self, header: &Header, scale: Scale, pixels: &mut [u8]) -> ImageResult<()> {
        let stored = |side: u32| side.next_multiple_of(BLOCK).max(TILE);
        let settings = HeicSettings {
            threads: DecodeThreads::Fixed(1),
            limits: ParseLimits {
                max_dimension: stored(header.width.max(header.height)),
                max_pixels: u64::from(stored(header.width)) * u64::from(stored(header.height)),
                ..ParseLimits::new()
            },
            decode_alpha: self.opacity,
            decode_gain_map: false,
        };
        let decoded =
            hpvcd::decode_heic_yuv_with_settings(self.bytes, &settings).map_err(Refusal::undecodable)?;
        let bits = u32::from(decoded.bit_depth.bits());
        let alpha = decoded.alpha.as_ref().map(|plane| {
            let plane = Opacity { plane, bits };
            opacity((header.width, header.height), std::iter::once(Ok(vec![plane])))
        });
        let shrink = Shrink::new(scale, header.color_type, pixels);
        let mut painter = Painter::new(header, self.code_points, alpha.transpose()?, shrink);
        painter.band(&[Frame { decoded: &decoded, bits }])?;
        painter.finish()
    }
}

/// The picture, of which the container's dimensions are shown: blocks that stick out are not cut off by every
/// encoder.
struct Frame<'a> {
    decoded: &'a DecodedYuv,
    bits: u32,
}

impl Planes for Frame<'_> {
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
            YuvBuffer::U8(image) => bytes(numbered(image, plane)?, y, into),
            YuvBuffer::U16(image) => words(numbered(image, plane)?, y, self.bits, into),
        }
    }
}

/// Luminance as plane 0, then the two of colour, if there are any.
fn numbered<T>(image: &PlanarImage<T>, plane: usize) -> Option<&PlaneBuffer<T>> {
    [Some(&image.y), image.cb.as_ref(), image.cr.as_ref()].into_iter().nth(plane)?
}

/// The plane of an opacity picture.
struct Opacity<'a> {
    plane: &'a SamplePlane,
    bits: u32,
}

impl Planes for Opacity<'_> {
    fn size(&self) -> (usize, usize) {
        (self.plane.width(), self.plane.height())
    }

    fn halving(&self) -> Option<(usize, usize)> {
        None
    }

    fn row(&self, _: usize, y: usize, into: &mut Vec<u8>) -> Option<()> {
        match self.plane {
            SamplePlane::U8(plane) => bytes(plane, y, into),
            SamplePlane::U16(plane) => words(plane, y, self.bits, into),
        }
    }
}

fn bytes(plane: &PlaneBuffer<u8>, y: usize, into: &mut Vec<u8>) -> Option<()> {
    into.extend_from_slice(plane.row(y)?);
    Some(())
}

fn words(plane: &PlaneBuffer<u16>, y: usize, bits: u32, into: &mut Vec<u8>) -> Option<()> {
    into.extend(plane.row(y)?.iter().map(|sample| to_byte(*sample, bits)));
    Some(())
}
