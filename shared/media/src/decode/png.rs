//! PNG by the `png` crate, row by row: every colour type, reduced to 8 bits, opacity painted over white.

use std::io::Cursor;

use image::{ColorType, ImageResult};
use png::{Limits as CodecLimits, Reader, Transformations};

use super::shrink::{Scale, Shrink};
use super::{Codec, Decoder};
use crate::colour::profile_of;
use crate::header::Header;
use crate::header::png::read;
use crate::limits::Limits;
use crate::opacity::{flatten, on_white};
use crate::refusal::Refusal;

/// What ancillary chunks may unpack to. The largest profiles in use are half a megabyte; a crafted one
/// unpacks to hundreds.
const ANCILLARY_BYTES: usize = 8 * 1024 * 1024;

pub(super) fn open<'a>(bytes: &'a [u8], limits: &Limits) -> Result<Decoder<Rows<'a>>, Refusal> {
    let mut header = read(bytes, limits)?;
    let limits = CodecLimits { bytes: ANCILLARY_BYTES };
    let mut decoder = png::Decoder::new_with_limits(Cursor::new(bytes), limits);
    decoder.set_ignore_text_chunk(true);
    decoder.set_transformations(Transformations::EXPAND | Transformations::STRIP_16);
    let reader = decoder.read_info().map_err(Refusal::undecodable)?;
    if reader.info().size() != (header.width, header.height) {
        return Err(Refusal::disagrees());
    }
    // By the standard, code points go before a profile. Of the older chunks none is needed for sRGB, and those
    // that say anything else (gAMA, cHRM) are wrong more often than right: they are ignored.
    let named = reader.info().coding_independent_code_points;
    let named = named.and_then(|points| profile_of(u16::from(points.color_primaries)));
    header.icc = named.or_else(|| reader.info().icc_profile.as_deref().map(<[u8]>::to_vec));
    Ok(Decoder::new(header, Rows { reader }))
}

pub(super) struct Rows<'a> {
    reader: Reader<Cursor<&'a [u8]>>,
}

impl Codec for Rows<'_> {
    fn decode(self, header: &Header, scale: Scale, pixels: &mut [u8]) -> ImageResult<()> {
        let mut reader = self.reader;
        let (colour, _) = reader.output_color_type();
        let grey = matches!(colour, png::ColorType::Grayscale | png::ColorType::GrayscaleAlpha);
        if grey != (header.color_type == ColorType::L8) {
            return Err(Refusal::disagrees().into());
        }
        let mut shrink = Shrink::new(scale, header.color_type, pixels);
        let mut take = |row: &mut [u8]| {
            shrink.row(match colour {
                png::ColorType::GrayscaleAlpha => flatten::<2>(row, on_white),
                png::ColorType::Rgba => flatten::<4>(row, on_white),
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
        shrink.finish()
    }
}
