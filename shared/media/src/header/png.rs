//! PNG: the header chunk, and the EXIF chunk wherever it stands.

use super::{Header, array, cut_short};
use crate::format::Format;
use crate::limits::Limits;
use crate::orientation::Orientation;
use crate::refusal::Refusal;

/// What the decoder holds of an interlaced picture, whose rows do not come in order: red, green, blue and
/// opacity, reduced to 8 bits. Of others it holds a row.
const INTERLACED_BYTES_PER_PIXEL: u64 = 4;

pub(super) fn read(bytes: &[u8], limits: &Limits) -> Result<Header, Refusal> {
    if array(bytes, 12) != Some(*b"IHDR") {
        return Err(Refusal::corrupt("it does not begin with its header"));
    }
    let width = u32::from_be_bytes(array(bytes, 16).ok_or_else(cut_short)?);
    let height = u32::from_be_bytes(array(bytes, 20).ok_or_else(cut_short)?);
    limits.check_dimensions(width, height)?;
    if array(bytes, 28) != Some([0]) {
        limits.check_memory(u64::from(width) * u64::from(height) * INTERLACED_BYTES_PER_PIXEL)?;
    }
    let orientation = exif(bytes).and_then(Orientation::from_exif).unwrap_or_default();
    Ok(Header { format: Format::Png, width, height, orientation, icc: None, inverted_inks: false })
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
