//! PNG by the `png` crate: every colour type, reduced to 8 bits, opacity painted over white.

use std::io::Cursor;

use png::{ColorType, Decoder, Limits, Transformations};

use super::{Decoded, disagrees};
use crate::header::Header;
use crate::picture::{Channels, Picture, flatten};
use crate::refusal::Refusal;

/// What ancillary chunks may unpack to. The largest profiles in use are half a megabyte; a crafted one
/// unpacks to hundreds.
const ANCILLARY_BYTES: usize = 8 * 1024 * 1024;

pub(super) fn decode(bytes: &[u8], header: &Header) -> Result<Decoded, Refusal> {
    let mut decoder = Decoder::new_with_limits(Cursor::new(bytes), Limits { bytes: ANCILLARY_BYTES });
    decoder.set_ignore_text_chunk(true);
    decoder.set_transformations(Transformations::EXPAND | Transformations::STRIP_16);
    let mut reader = decoder.read_info().map_err(Refusal::undecodable)?;
    if reader.info().size() != (header.width, header.height) {
        return Err(disagrees());
    }
    let icc = reader.info().icc_profile.as_deref().map(<[u8]>::to_vec);

    let mut data = vec![0; reader.output_buffer_size().ok_or_else(disagrees)?];
    let output = reader.next_frame(&mut data).map_err(Refusal::undecodable)?;
    // The first frame of an animation may be smaller than the canvas, but not when it is the default picture.
    if (output.width, output.height) != (header.width, header.height) {
        return Err(disagrees());
    }
    let (channels, data) = match output.color_type {
        ColorType::Grayscale => (Channels::Grey, data),
        ColorType::GrayscaleAlpha => (Channels::Grey, flatten::<2>(data)),
        ColorType::Rgb => (Channels::Rgb, data),
        ColorType::Rgba => (Channels::Rgb, flatten::<4>(data)),
        ColorType::Indexed => return Err(Refusal::undecodable("a palette that was not expanded")),
    };
    let picture = Picture { width: header.width, height: header.height, channels, data };
    Ok(Decoded::whole(picture, icc))
}
