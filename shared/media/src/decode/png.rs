//! PNG by the `png` crate, row by row: every colour type, reduced to 8 bits, opacity painted over white.

use std::io::Cursor;

use png::{ColorType, Decoder, Limits, Transformations};

use super::Decoded;
use super::shrink::Shrink;
use crate::colour::profile_of;
use crate::header::Header;
use crate::picture::{Channels, flatten};
use crate::refusal::Refusal;

/// What ancillary chunks may unpack to. The largest profiles in use are half a megabyte; a crafted one
/// unpacks to hundreds.
const ANCILLARY_BYTES: usize = 8 * 1024 * 1024;

pub(super) fn decode(bytes: &[u8], header: &Header, side: u32) -> Result<Decoded, Refusal> {
    let mut decoder = Decoder::new_with_limits(Cursor::new(bytes), Limits { bytes: ANCILLARY_BYTES });
    decoder.set_ignore_text_chunk(true);
    decoder.set_transformations(Transformations::EXPAND | Transformations::STRIP_16);
    let mut reader = decoder.read_info().map_err(Refusal::undecodable)?;
    if reader.info().size() != (header.width, header.height) {
        return Err(Refusal::disagrees());
    }
    // By the standard, code points go before a profile. Of the older chunks none is needed for sRGB, and those
    // that say anything else (gAMA, cHRM) are wrong more often than right: they are ignored.
    let named = reader.info().coding_independent_code_points;
    let named = named.and_then(|points| profile_of(u16::from(points.color_primaries)));
    let icc = named.or_else(|| reader.info().icc_profile.as_deref().map(<[u8]>::to_vec));

    let (colour, _) = reader.output_color_type();
    let channels = match colour {
        ColorType::Grayscale | ColorType::GrayscaleAlpha => Channels::Grey,
        ColorType::Rgb | ColorType::Rgba => Channels::Rgb,
        ColorType::Indexed => return Err(Refusal::undecodable("a palette that was not expanded")),
    };
    let mut shrink = Shrink::new(header.width, header.height, channels, side);
    let mut take = |row: &mut [u8]| {
        shrink.row(match colour {
            ColorType::GrayscaleAlpha => flatten::<2>(row),
            ColorType::Rgba => flatten::<4>(row),
            _ => row,
        });
    };
    let row_length = reader.output_line_size(header.width).ok_or_else(Refusal::disagrees)?;
    if reader.info().interlaced {
        // Its rows come in seven passes over the whole picture.
        let mut data = vec![0; reader.output_buffer_size().ok_or_else(Refusal::disagrees)?];
        reader.next_frame(&mut data).map_err(Refusal::undecodable)?;
        data.chunks_exact_mut(row_length.max(1)).for_each(take);
    } else {
        let mut row = vec![0; row_length];
        while reader.read_row(&mut row).map_err(Refusal::undecodable)?.is_some() {
            take(&mut row);
        }
    }
    shrink.finish(icc)
}
