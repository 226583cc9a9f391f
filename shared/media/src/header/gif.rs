//! GIF: the logical screen.

use image::ColorType;
use image::metadata::Orientation;

use super::{Header, array, cut_short};
use crate::limits::Limits;
use crate::refusal::Refusal;

/// What the decoder holds: an index for each pixel of the frame.
const BYTES_PER_PIXEL: u64 = 1;

pub(crate) fn read(bytes: &[u8], limits: &Limits) -> Result<Header, Refusal> {
    let width = u32::from(u16::from_le_bytes(array(bytes, 6).ok_or_else(cut_short)?));
    let height = u32::from(u16::from_le_bytes(array(bytes, 8).ok_or_else(cut_short)?));
    limits.check_dimensions(width, height)?;
    limits.check_memory(u64::from(width) * u64::from(height) * BYTES_PER_PIXEL)?;
    let orientation = Orientation::NoTransforms;
    Ok(Header { width, height, orientation, color_type: ColorType::Rgb8, icc: None })
}
