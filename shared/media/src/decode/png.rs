//! Decodes PNG by the crate `png`, row by row. Every colour type is reduced to 8 bits, and opacity painted
//! over white.

use std::borrow::Cow;
use std::io::Cursor;

use image::{ColorType, ImageResult};
use png::{DecodingError, Limits as CodecLimits, Reader, Transformations};

use super::shrink::{Scale, Shrink};
use super::{Codec, Decoder};
use crate::colour::profile_of;
use crate::header::Header;
use crate::header::png::{ended, read};
use crate::limits::Limits;
use crate::opacity::{flatten, on_white};
use crate::refusal::Refusal;

/// Most bytes that ancillary chunks may unpack to. The largest profiles in use have half a megabyte. A
/// crafted one has hundreds.
const ANCILLARY_BYTES: usize = 8 * 1024 * 1024;

pub(super) fn open<'a>(bytes: &'a [u8], limits: &Limits) -> Result<Decoder<Rows<'a>>, Refusal> {
    let mut header = read(bytes, limits)?;
    let bytes = ended(bytes);
    let reader = reader(bytes.clone(), false)?;
    if reader.info().size() != (header.width, header.height) {
        return Err(Refusal::disagrees());
    }
    // By the standard, code points precede a profile. The older chunks gAMA and cHRM are ignored: sRGB needs
    // none of them, and other values are wrong more often than right.
    let named = reader.info().coding_independent_code_points;
    let named = named.and_then(|points| profile_of(u16::from(points.color_primaries)));
    header.icc = named.or_else(|| reader.info().icc_profile.as_deref().map(<[u8]>::to_vec));
    Ok(Decoder::new(header, Rows { bytes, reader }))
}

/// Returns a reader that has read up to the pixels.
fn reader(bytes: Cow<'_, [u8]>, ignore_checksums: bool) -> Result<Reader<Cursor<Cow<'_, [u8]>>>, Refusal> {
    let limits = CodecLimits { bytes: ANCILLARY_BYTES };
    let mut decoder = png::Decoder::new_with_limits(Cursor::new(bytes), limits);
    decoder.set_ignore_text_chunk(true);
    decoder.ignore_checksums(ignore_checksums);
    decoder.set_transformations(Transformations::EXPAND | Transformations::STRIP_16);
    decoder.read_info().map_err(Refusal::undecodable)
}

pub(super) struct Rows<'a> {
    bytes: Cow<'a, [u8]>,
    reader: Reader<Cursor<Cow<'a, [u8]>>>,
}

impl Codec for Rows<'_> {
    fn decode(self, header: &Header, scale: Scale, pixels: &mut [u8]) -> ImageResult<()> {
        let mut shrink = Shrink::new(scale, header.color_type, pixels);
        match rows(self.reader, header, &mut shrink)? {
            Ok(()) => return shrink.finish(),
            // A checksum may be wrong where the pixels are right. Wrong pixels rarely unpack.
            Err(DecodingError::Format(_)) => {}
            Err(error) => return Err(Refusal::undecodable(error).into()),
        }
        let mut shrink = Shrink::new(scale, header.color_type, pixels);
        rows(reader(self.bytes, true)?, header, &mut shrink)?.map_err(Refusal::undecodable)?;
        shrink.finish()
    }
}

/// Decodes the rows of a picture into `shrink`.
fn rows(
    mut reader: Reader<Cursor<Cow<'_, [u8]>>>,
    header: &Header,
    shrink: &mut Shrink<'_>,
) -> Result<Result<(), DecodingError>, Refusal> {
    let (colour, _) = reader.output_color_type();
    let grey = matches!(colour, png::ColorType::Grayscale | png::ColorType::GrayscaleAlpha);
    if grey != (header.color_type == ColorType::L8) {
        return Err(Refusal::disagrees());
    }
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
        if let Err(error) = reader.next_frame(&mut data) {
            return Ok(Err(error));
        }
        data.chunks_exact_mut(row_length.max(1)).for_each(take);
        return Ok(Ok(()));
    }
    let mut row = vec![0; row_length];
    loop {
        match reader.read_row(&mut row) {
            Ok(Some(_)) => take(&mut row),
            Ok(None) => return Ok(Ok(())),
            Err(error) => return Ok(Err(error)),
        }
    }
}
