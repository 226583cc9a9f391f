//! Decodes JPEG by mozjpeg, at 1/2, 1/4 and 1/8 for less time than in full.

use image::ImageResult;
use mozjpeg::{ColorSpace, Decompress};

use super::shrink::Scale;
use super::{Codec, Decoder};
use crate::colour::inks_to_srgb;
use crate::header::Header;
use crate::header::jpeg::{End, JpegHeader, read};
use crate::limits::Limits;
use crate::refusal::Refusal;

pub(super) fn open<'a>(bytes: &'a [u8], limits: &Limits) -> Result<Decoder<Mozjpeg<'a>>, Refusal> {
    let JpegHeader { mut common, inks, end } = read(bytes, limits)?;
    // Four inks are decoded to sRGB, so their profile is applied here.
    let inks = inks.then(|| Inks { icc: common.icc.take() });
    Ok(Decoder::new(common, Mozjpeg { bytes, inks, end }))
}

pub(super) struct Mozjpeg<'a> {
    bytes: &'a [u8],
    inks: Option<Inks>,
    end: End,
}

/// Cyan, magenta, yellow and black, and their profile.
struct Inks {
    icc: Option<Vec<u8>>,
}

impl Codec for Mozjpeg<'_> {
    /// Powers of two only: the scales between have no vector code, and cost more than they save.
    fn factor(&self, longest: u32, side: u32) -> u32 {
        [8, 4, 2].into_iter().find(|factor| longest / factor >= side).unwrap_or(1)
    }

    fn decode(self, header: &Header, scale: Scale, pixels: &mut [u8]) -> ImageResult<()> {
        let End::Open { progressive } = self.end else {
            return Ok(decode(self.bytes, self.inks.as_ref(), header, scale, pixels)?);
        };
        // libjpeg makes up missing pixels from the bytes that follow. In a whole picture these change
        // nothing.
        let bytes = without_padding(self.bytes);
        let followed_by = |rest: &[u8]| [bytes, rest, END_OF_IMAGE.as_slice()].concat();
        let inks = self.inks.as_ref();
        decode(&followed_by(&[]), inks, header, scale, pixels)?;
        let mut other = vec![0; pixels.len()];
        decode(&followed_by(&NOISE.repeat(64)), inks, header, scale, &mut other)?;
        let Some(first) = pixels.iter().zip(&other).position(|(a, b)| a != b) else { return Ok(()) };
        // The last rows may miss their refinement, which is hardly visible.
        if progressive && first >= pixels.len() - pixels.len() / LAST_ROWS {
            return Ok(());
        }
        Err(Refusal::cut_off().into())
    }
}

const END_OF_IMAGE: [u8; 2] = [0xFF, 0xD9];
/// Compressed data that no picture ends with.
const NOISE: [u8; 8] = [0x5A, 0xC3, 0x96, 0x3C, 0xA5, 0x69, 0xD2, 0x4B];
/// The last rows are this part of a picture.
const LAST_ROWS: usize = 16;

/// Returns the bytes without what is no data at their end: half a marker, or the zeros that fill up the last
/// block of a file.
fn without_padding(bytes: &[u8]) -> &[u8] {
    let mut data = bytes;
    while let [rest @ .., 0 | 0xFF] = data {
        // A zero behind a byte of ones belongs to the data.
        if data.ends_with(&[0xFF, 0]) {
            break;
        }
        data = rest;
    }
    data
}

fn decode(
    bytes: &[u8],
    inks: Option<&Inks>,
    header: &Header,
    scale: Scale,
    pixels: &mut [u8],
) -> Result<(), Refusal> {
    let mut decoder = Decompress::new_mem(bytes).map_err(Refusal::undecodable)?;
    let sides = |width: usize, height: usize| u32::try_from(width).ok().zip(u32::try_from(height).ok());
    let eighths = u8::try_from(8 / scale.factor).map_err(Refusal::undecodable)?;
    if sides(decoder.width(), decoder.height()) != Some((header.width, header.height)) {
        return Err(Refusal::disagrees());
    }
    decoder.scale(eighths);
    let space = match decoder.components().len() {
        1 => ColorSpace::JCS_GRAYSCALE,
        3 => ColorSpace::JCS_RGB,
        _ => ColorSpace::JCS_CMYK,
    };
    let mut started = decoder.to_colorspace(space).map_err(Refusal::undecodable)?;
    if sides(started.width(), started.height()) != Some(scale.dimensions()) {
        return Err(Refusal::disagrees());
    }
    let Some(Inks { icc }) = inks else {
        return started.read_scanlines_into(pixels).map(drop).map_err(Refusal::undecodable);
    };
    let mut inks: Vec<u8> = started.read_scanlines().map_err(Refusal::undecodable)?;
    // 255 is no ink, with Adobe's marker or without: every writer follows Adobe.
    for ink in &mut inks {
        *ink = 255 - *ink;
    }
    let colours = inks_to_srgb(&inks, icc.as_deref());
    if colours.len() != pixels.len() {
        return Err(Refusal::disagrees());
    }
    pixels.copy_from_slice(&colours);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scale_is_the_smallest_that_covers_the_target() {
        let factor = |longest| Mozjpeg { bytes: &[], inks: None, end: End::Marked }.factor(longest, 1080);
        let longest = [8640, 8639, 4320, 4319, 4032, 2160, 2159, 1];
        assert_eq!(longest.map(factor), [8, 4, 4, 2, 2, 2, 1, 1]);
    }

    #[test]
    fn zeros_that_belong_to_the_data_stay() {
        assert_eq!(without_padding(&[1, 0xFF, 0, 2, 0, 0]), [1, 0xFF, 0, 2]);
        assert_eq!(without_padding(&[1, 0xFF, 0, 0, 0]), [1, 0xFF, 0]);
        assert_eq!(without_padding(&[1, 2, 0xFF]), [1, 2]);
        assert_eq!(without_padding(&[0, 0]), [0_u8; 0]);
    }
}
