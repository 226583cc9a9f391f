//! JPEG by mozjpeg, which decodes at 1/2, 1/4 and 1/8 for less than the full price.

use image::ImageResult;
use mozjpeg::{ColorSpace, Decompress};

use super::shrink::Scale;
use super::{Codec, Decoder};
use crate::colour::inks_to_srgb;
use crate::header::Header;
use crate::header::jpeg::{Inks, JpegHeader, read};
use crate::limits::Limits;
use crate::refusal::Refusal;

pub(super) fn open<'a>(bytes: &'a [u8], limits: &Limits) -> Result<Decoder<Mozjpeg<'a>>, Refusal> {
    let JpegHeader { mut common, inks } = read(bytes, limits)?;
    // What comes out of four inks is in sRGB already.
    let inks = inks.map(|inks| (inks, common.icc.take()));
    Ok(Decoder::new(common, Mozjpeg { bytes, inks }))
}

pub(super) struct Mozjpeg<'a> {
    bytes: &'a [u8],
    /// How four inks are stored, and their profile.
    inks: Option<(Inks, Option<Vec<u8>>)>,
}

impl Codec for Mozjpeg<'_> {
    /// The largest that leaves the longest side at `side` or more. Powers of two only: they alone have vector
    /// code, and the scales between cost more than they save.
    fn factor(&self, longest: u32, side: u32) -> u32 {
        [8, 4, 2].into_iter().find(|factor| longest / factor >= side).unwrap_or(1)
    }

    fn decode(self, header: &Header, scale: Scale, pixels: &mut [u8]) -> ImageResult<()> {
        let mut decoder = Decompress::new_mem(self.bytes).map_err(Refusal::undecodable)?;
        let declared = (u32::try_from(decoder.width()), u32::try_from(decoder.height()));
        let eighths = u8::try_from(8 / scale.factor);
        let (true, Ok(eighths)) = (declared == (Ok(header.width), Ok(header.height)), eighths) else {
            return Err(Refusal::disagrees().into());
        };
        decoder.scale(eighths);
        let space = match decoder.components().len() {
            1 => ColorSpace::JCS_GRAYSCALE,
            3 => ColorSpace::JCS_RGB,
            _ => ColorSpace::JCS_CMYK,
        };
        let mut started = decoder.to_colorspace(space).map_err(Refusal::undecodable)?;
        if (u32::try_from(started.width()), u32::try_from(started.height()))
            != (Ok(scale.dimensions().0), Ok(scale.dimensions().1))
        {
            return Err(Refusal::disagrees().into());
        }
        let Some((stored, icc)) = self.inks else {
            started.read_scanlines_into(pixels).map_err(Refusal::undecodable)?;
            return Ok(());
        };
        let mut inks: Vec<u8> = started.read_scanlines().map_err(Refusal::undecodable)?;
        if stored == Inks::Inverted {
            for ink in &mut inks {
                *ink = 255 - *ink;
            }
        }
        let colours = inks_to_srgb(&inks, icc.as_deref());
        if colours.len() != pixels.len() {
            return Err(Refusal::disagrees().into());
        }
        pixels.copy_from_slice(&colours);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scale_is_the_smallest_that_covers_the_target() {
        let factor = |longest| Mozjpeg { bytes: &[], inks: None }.factor(longest, 1080);
        let longest = [8640, 8639, 4320, 4319, 4032, 2160, 2159, 1];
        assert_eq!(longest.map(factor), [8, 4, 4, 2, 2, 2, 1, 1]);
    }
}
