//! WebP: the chunks of the RIFF container.
//!
//! Dimensions stand in up to three places that a hostile file can make disagree, and a decoder allocates by
//! whichever it meets: every one of them is held to the limits.

use super::{Header, array, cut_short};
use crate::format::Format;
use crate::limits::Limits;
use crate::orientation::Orientation;
use crate::refusal::Refusal;

/// What the decoder holds at most: four bytes of result and as many of work.
const BYTES_PER_PIXEL: u64 = 8;

pub(super) fn read(bytes: &[u8], limits: &Limits) -> Result<Header, Refusal> {
    let mut dimensions = None;
    let mut exif = None;
    let mut icc = None;
    for chunk in Chunks(bytes.get(12..).unwrap_or_default()) {
        if let Some((width, height)) = declared(&chunk) {
            check(width, height, limits)?;
            // The canvas comes first in a file that has one, and is what the picture is shown as.
            dimensions = dimensions.or(Some((width, height)));
        }
        match &chunk.name {
            b"ANMF" => {
                // A frame holds chunks of its own after sixteen bytes of placement.
                for inner in Chunks(chunk.body.get(16..).unwrap_or_default()) {
                    if let Some((width, height)) = declared(&inner) {
                        check(width, height, limits)?;
                    }
                }
            }
            b"EXIF" => exif = exif.or(Some(chunk.body)),
            b"ICCP" => icc = icc.or(Some(chunk.body)),
            _ => {}
        }
    }
    let (width, height) = dimensions.ok_or_else(cut_short)?;
    let orientation = exif.and_then(Orientation::from_exif).unwrap_or_default();
    Ok(Header {
        format: Format::WebP,
        width,
        height,
        orientation,
        icc: icc.map(<[u8]>::to_vec),
        inverted_inks: false,
    })
}

fn check(width: u32, height: u32, limits: &Limits) -> Result<(), Refusal> {
    limits.check_dimensions(width, height)?;
    limits.check_memory(u64::from(width) * u64::from(height) * BYTES_PER_PIXEL)
}

/// Width and height, if this chunk declares them.
fn declared(chunk: &Chunk<'_>) -> Option<(u32, u32)> {
    match &chunk.name {
        b"VP8X" => Some((u24(chunk.body, 4)? + 1, u24(chunk.body, 7)? + 1)),
        b"ANMF" => Some((u24(chunk.body, 6)? + 1, u24(chunk.body, 9)? + 1)),
        // Lossy: after a frame tag and a start code, 14 bits each; the two bits above them scale and are
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

/// The chunks that follow one another in `.0`. A last one that is cut short is given as far as it goes: its
/// dimensions still count.
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
