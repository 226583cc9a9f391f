//! HEIC by `hpvcd`, without the vector code in which it is not safe Rust.

use hpvcd::{
    ChromaFormat, DecodeThreads, DecodedYuv, HeicSettings, ParseLimits, PlanarImage, PlaneBuffer,
    SamplePlane, YuvBuffer,
};

use super::Decoded;
use super::yuv::{Painter, Planes, opacity, to_byte};
use crate::header::Header;
use crate::heif::{CodePoints, Heif};
use crate::refusal::Refusal;

/// How much larger than it is shown a picture may be stored: it is coded in blocks.
const BLOCK: u32 = 64;
/// A picture smaller than one tile of a grid may be stored as a whole tile.
const TILE: u32 = 1024;

pub(super) fn decode(bytes: &[u8], header: &Header, side: u32) -> Result<Decoded, Refusal> {
    let heif = Heif::read(bytes).ok_or_else(Refusal::disagrees)?;
    let size = (header.width, header.height);
    let stored = |side: u32| side.next_multiple_of(BLOCK).max(TILE);
    let settings = HeicSettings {
        threads: DecodeThreads::Fixed(1),
        limits: ParseLimits {
            max_dimension: stored(header.width.max(header.height)),
            max_pixels: u64::from(stored(header.width)) * u64::from(stored(header.height)),
            ..ParseLimits::new()
        },
        decode_alpha: heif.opacity().is_some(),
        decode_gain_map: false,
    };
    let decoded = hpvcd::decode_heic_yuv_with_settings(bytes, &settings).map_err(Refusal::undecodable)?;
    let colours = decoded.color.color_encoding();
    let code_points = heif.code_points().unwrap_or(CodePoints {
        primaries: colours.primaries as u16,
        transfer: colours.transfer as u16,
        matrix: colours.matrix as u16,
        full_range: colours.full_range,
    });
    let bits = u32::from(decoded.bit_depth.bits());
    let alpha = decoded.alpha.as_ref().map(|plane| {
        let plane = Opacity { plane, bits };
        opacity(size, std::iter::once(Ok(vec![plane])))
    });
    let picture = Frame { decoded: &decoded, bits };
    let mut painter = Painter::new(size, picture.halving().is_none(), code_points, alpha.transpose()?, side);
    painter.band(&[picture])?;
    painter.finish(header.icc.clone(), code_points)
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
