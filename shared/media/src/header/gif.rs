//! GIF: the logical screen, and the place of the first frame on it.

use image::ColorType;
use image::metadata::Orientation;

use super::{Header, array, cut_short};
use crate::limits::Limits;
use crate::refusal::Refusal;

/// Bytes the decoder holds for each pixel of the frame: an index.
const BYTES_PER_PIXEL: u64 = 1;
/// What blocks begin with.
const EXTENSION: u8 = 0x21;
const FRAME: u8 = 0x2C;
const END: u8 = 0x3B;

/// The header of a GIF.
pub(crate) struct GifHeader {
    pub(crate) common: Header,
    /// Left, top, width and height of the first frame on the screen.
    pub(crate) frame: [u16; 4],
}

pub(crate) fn read(bytes: &[u8], limits: &Limits) -> Result<GifHeader, Refusal> {
    let side = |at| array(bytes, at).map(u16::from_le_bytes).ok_or_else(cut_short);
    let screen = (side(6)?, side(8)?);
    if screen != (0, 0) {
        limits.check_dimensions(screen.0.into(), screen.1.into())?;
    }
    // The frame may be larger than the screen, which then shows a part of it.
    let [left, top, frame_width, frame_height] = first_frame(bytes).ok_or_else(Refusal::no_picture)?;
    limits.check_dimensions(frame_width.into(), frame_height.into())?;
    limits.check_memory(u64::from(frame_width) * u64::from(frame_height) * BYTES_PER_PIXEL)?;
    // A screen without a size has that of its first frame.
    let (frame, (width, height)) = if screen == (0, 0) {
        ([0, 0, frame_width, frame_height], (frame_width, frame_height))
    } else {
        ([left, top, frame_width, frame_height], screen)
    };
    let (width, height) = (u32::from(width), u32::from(height));
    let orientation = Orientation::NoTransforms;
    let common = Header { width, height, orientation, color_type: ColorType::Rgb8, icc: None };
    Ok(GifHeader { common, frame })
}

/// Returns left, top, width and height of the first frame.
fn first_frame(bytes: &[u8]) -> Option<[u16; 4]> {
    // A palette of up to 256 colours may follow the screen.
    let flags = *bytes.get(10)?;
    let palette = if flags & 0x80 == 0 { 0 } else { 3 << ((flags & 7) + 1) };
    let mut at = 13 + palette;
    loop {
        match *bytes.get(at)? {
            FRAME => {
                let place: [u8; 8] = array(bytes, at + 1)?;
                let (numbers, _) = place.as_chunks::<2>();
                let mut numbers = numbers.iter().map(|number| u16::from_le_bytes(*number));
                return Some([numbers.next()?, numbers.next()?, numbers.next()?, numbers.next()?]);
            }
            END => return None,
            kind => at += if kind == EXTENSION { 2 } else { 1 },
        }
        // An extension is a list of blocks. An empty one ends it.
        loop {
            let length = usize::from(*bytes.get(at)?);
            at += 1 + length;
            if length == 0 {
                break;
            }
        }
    }
}
