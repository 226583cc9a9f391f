//! PNG: the header chunk, and the EXIF chunk wherever it stands.

use image::ColorType;
use image::metadata::Orientation;

use super::{Header, array, cut_short};
use crate::limits::Limits;
use crate::orientation;
use crate::refusal::Refusal;

/// The bit of the colour type that stands for colour.
const COLOUR: u8 = 2;

/// What the decoder holds of an interlaced picture, whose rows do not come in order: red, green, blue and
/// opacity, reduced to 8 bits. Of others it holds a row.
const INTERLACED_BYTES_PER_PIXEL: u64 = 4;

pub(crate) fn read(bytes: &[u8], limits: &Limits) -> Result<Header, Refusal> {
    if array(bytes, 12) != Some(*b"IHDR") {
        return Err(Refusal::corrupt("it does not begin with its header"));
    }
    let width = u32::from_be_bytes(array(bytes, 16).ok_or_else(cut_short)?);
    let height = u32::from_be_bytes(array(bytes, 20).ok_or_else(cut_short)?);
    limits.check_dimensions(width, height)?;
    let [_, kind, _, _, interlace] = array(bytes, 24).ok_or_else(cut_short)?;
    if interlace != 0 {
        limits.check_memory(u64::from(width) * u64::from(height) * INTERLACED_BYTES_PER_PIXEL)?;
    }
    let orientation = exif(bytes).and_then(orientation::from_exif).unwrap_or(Orientation::NoTransforms);
    let color_type = if kind & COLOUR == 0 { ColorType::L8 } else { ColorType::Rgb8 };
    Ok(Header { width, height, orientation, color_type, icc: None })
}

/// The EXIF chunk. It may stand before the pixels or after them.
fn exif(bytes: &[u8]) -> Option<&[u8]> {
    let mut rest = bytes.get(8..)?;
    loop {
        let length = usize::try_from(u32::from_be_bytes(array(rest, 0)?)).ok()?;
        let body = rest.get(8..)?;
        if array(rest, 4) == Some(*b"eXIf") {
            return body.get(..length);
        }
        // The body is followed by a checksum of four bytes.
        rest = body.get(length.checked_add(4)?..)?;
    }
}
