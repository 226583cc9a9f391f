//! WebP: the chunks of the RIFF container.
//!
//! Up to three chunks declare dimensions, and in a hostile file they disagree. A decoder allocates by any of
//! them, so each is checked against the limits.

use image::ColorType;
use image::metadata::Orientation;

use super::{Header, array, cut_short};
use crate::limits::Limits;
use crate::orientation;
use crate::refusal::Refusal;
use crate::rendition::Size;
use crate::resize::whole_factor;

/// Bytes the decoder holds for each pixel of a lossless picture. It decodes a lossy one by the row.
const LOSSLESS: u64 = 5;
/// Bytes it holds for each pixel of the opacity of a lossy picture.
const OPACITY: u64 = 5;
/// Bytes it holds for each pixel of the result: red, green, blue and opacity, twice.
const RESULT: u64 = 8;
/// Bytes it holds for each pixel of an animation's canvas: this frame, the one before, and the result.
const CANVAS: u64 = 16;

pub(crate) fn read(bytes: &[u8], limits: &Limits) -> Result<Header, Refusal> {
    let mut dimensions = None;
    let mut exif = None;
    let mut icc = None;
    let chunks = || Chunks(bytes.get(12..).unwrap_or_default());
    let mut working = held(chunks(), limits)?;
    let mut animated = false;
    for chunk in chunks() {
        // A canvas is the first chunk, and has the dimensions that are shown.
        dimensions = dimensions.or(declared(&chunk));
        match &chunk.name {
            b"ANMF" => {
                // A frame holds chunks of its own after sixteen bytes of placement.
                working = working.max(held(Chunks(chunk.body.get(16..).unwrap_or_default()), limits)?);
                animated = true;
            }
            b"EXIF" => exif = exif.or(Some(chunk.body)),
            b"ICCP" => icc = icc.or(Some(chunk.body)),
            _ => {}
        }
    }
    let (width, height) = dimensions.ok_or_else(cut_short)?;
    let shown = if animated {
        u64::from(width) * u64::from(height) * CANVAS
    } else {
        let factor = whole_factor(width.max(height), Size::Large.side());
        u64::from(width.div_ceil(factor)) * u64::from(height.div_ceil(factor)) * RESULT
    };
    limits.check_memory(working.saturating_add(shown))?;
    let orientation = exif.and_then(orientation::from_exif).unwrap_or(Orientation::NoTransforms);
    Ok(Header { width, height, orientation, color_type: ColorType::Rgb8, icc: icc.map(<[u8]>::to_vec) })
}

/// Returns the bytes that decoding the picture in these chunks holds, besides its result. Refuses dimensions
/// beyond the limits in any of them.
fn held(chunks: Chunks<'_>, limits: &Limits) -> Result<u64, Refusal> {
    let mut pixels = 0;
    let mut each = 0;
    for chunk in chunks {
        match &chunk.name {
            b"VP8L" => each += LOSSLESS,
            b"ALPH" => each += OPACITY,
            _ => {}
        }
        if let Some((width, height)) = declared(&chunk) {
            limits.check_dimensions(width, height)?;
            pixels = pixels.max(u64::from(width) * u64::from(height));
        }
    }
    Ok(pixels * each)
}

/// Returns width and height, if this chunk declares them.
fn declared(chunk: &Chunk<'_>) -> Option<(u32, u32)> {
    match &chunk.name {
        b"VP8X" => Some((u24(chunk.body, 4)? + 1, u24(chunk.body, 7)? + 1)),
        b"ANMF" => Some((u24(chunk.body, 6)? + 1, u24(chunk.body, 9)? + 1)),
        // Lossy: 14 bits each after a frame tag and a start code. The two bits above them scale, and are
        // ignored.
        b"VP8 " => {
            let side = |at| Some(u32::from(u16::from_le_bytes(array(chunk.body, at)?) & 0x3FFF));
            Some((side(6)?, side(8)?))
        }
        // Lossless: after a signature byte, 14 bits each, less one.
        b"VP8L" => {
            let bits = u32::from_le_bytes(array(chunk.body, 1)?);
            Some(((bits & 0x3FFF) + 1, ((bits >> 14) & 0x3FFF) + 1))
        }
        _ => None,
    }
}

fn u24(bytes: &[u8], at: usize) -> Option<u32> {
    let [a, b, c] = array(bytes, at)?;
    Some(u32::from_le_bytes([a, b, c, 0]))
}

struct Chunk<'a> {
    name: [u8; 4],
    body: &'a [u8],
}

/// The chunks that follow one another in `.0`. A last one that is cut short is returned as far as it goes,
/// because its dimensions still count.
struct Chunks<'a>(&'a [u8]);

impl<'a> Iterator for Chunks<'a> {
    type Item = Chunk<'a>;

    fn next(&mut self) -> Option<Chunk<'a>> {
        let name = array(self.0, 0)?;
        let length = usize::try_from(u32::from_le_bytes(array(self.0, 4)?)).ok()?;
        let rest = self.0.get(8..)?;
        let (body, after) = rest.split_at_checked(length).unwrap_or((rest, &[]));
        // Odd bodies are padded to even length.
        self.0 = after.get(length % 2..).unwrap_or_default();
        Some(Chunk { name, body })
    }
}
