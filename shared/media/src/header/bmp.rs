//! BMP: the two headers.

use image::ColorType;
use image::metadata::Orientation;

use super::{Header, array, cut_short};
use crate::limits::Limits;
use crate::refusal::Refusal;

/// Bytes the decoder holds for each pixel: red, green, blue and perhaps opacity.
const BYTES_PER_PIXEL: u64 = 4;
/// The length of the oldest second header, whose numbers are shorter.
const OLDEST: u32 = 12;

pub(crate) fn read(bytes: &[u8], limits: &Limits) -> Result<Header, Refusal> {
    let length = u32::from_le_bytes(array(bytes, 14).ok_or_else(cut_short)?);
    let (width, height) = if length == OLDEST {
        let side = |at| Some(u32::from(u16::from_le_bytes(array(bytes, at)?)));
        (side(18), side(20))
    } else {
        // A negative height means that rows are stored from the top.
        let side = |at| Some(i32::from_le_bytes(array(bytes, at)?).unsigned_abs());
        (side(18), side(22))
    };
    let (width, height) = width.zip(height).ok_or_else(cut_short)?;
    limits.check_dimensions(width, height)?;
    limits.check_memory(u64::from(width) * u64::from(height) * BYTES_PER_PIXEL)?;
    Ok(Header {
        width,
        height,
        orientation: Orientation::NoTransforms,
        color_type: ColorType::Rgb8,
        icc: None,
    })
}
