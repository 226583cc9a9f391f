//! Decodes BMP and TIFF by the crate `image` itself.
//!
//! It decodes them whole. Scanners and old tools write them, and they are too rare for a decoder that goes by
//! the row.

use std::io::Cursor;

use image::codecs::bmp::BmpDecoder;
use image::codecs::tiff::TiffDecoder;
use image::{ColorType, DynamicImage, ImageDecoder, ImageError, ImageResult};

use super::shrink::{Scale, Shrink};
use super::{Codec, Decoder, length};
use crate::header::Header;
use crate::header::{bmp, tiff};
use crate::limits::Limits;
use crate::opacity::{flatten, on_white, premultiplied_on_white};
use crate::refusal::Refusal;

type Bmp<'a> = Whole<BmpDecoder<Cursor<&'a [u8]>>>;
type Tiff<'a> = Whole<TiffDecoder<Cursor<&'a [u8]>>>;

pub(super) fn open_bmp<'a>(bytes: &'a [u8], limits: &Limits) -> Result<Decoder<Bmp<'a>>, Refusal> {
    let header = bmp::read(bytes, limits)?;
    Whole::open(header, BmpDecoder::new(Cursor::new(bytes)), "A BMP of this kind", on_white, limits)
}

pub(super) fn open_tiff<'a>(bytes: &'a [u8], limits: &Limits) -> Result<Decoder<Tiff<'a>>, Refusal> {
    let tiff::TiffHeader { common, premultiplied } = tiff::read(bytes, limits)?;
    let over = if premultiplied { premultiplied_on_white } else { on_white };
    Whole::open(common, TiffDecoder::new(Cursor::new(bytes)), "A TIFF of this kind", over, limits)
}

/// Returns a decoder's error. A picture that it does not decode is called `format`.
fn named(error: ImageError, format: &'static str) -> Refusal {
    match error {
        ImageError::Unsupported(_) => Refusal::Unsupported(format),
        error => error.into(),
    }
}

/// A decoder of the crate `image`.
pub(super) struct Whole<D> {
    decoder: D,
    /// What to call a picture that it does not decode.
    format: &'static str,
    /// How its opacity is painted over white.
    over: fn(u8, u8) -> u8,
}

impl<D: ImageDecoder> Whole<D> {
    fn open(
        header: Header,
        decoder: ImageResult<D>,
        format: &'static str,
        over: fn(u8, u8) -> u8,
        limits: &Limits,
    ) -> Result<Decoder<Self>, Refusal> {
        let mut decoder = decoder.map_err(|error| named(error, format))?;
        let grey =
            matches!(decoder.color_type(), ColorType::L8 | ColorType::La8 | ColorType::L16 | ColorType::La16);
        if decoder.dimensions() != (header.width, header.height)
            || grey != (header.color_type == ColorType::L8)
        {
            return Err(Refusal::disagrees());
        }
        decoder.set_limits(limits.of_decoder())?;
        Ok(Decoder::new(header, Self { decoder, format, over }))
    }
}

impl<D: ImageDecoder> Codec for Whole<D> {
    fn decode(self, header: &Header, scale: Scale, pixels: &mut [u8]) -> ImageResult<()> {
        let picture = DynamicImage::from_decoder(self.decoder).map_err(|error| named(error, self.format))?;
        let channels = picture.color().channel_count();
        let line = length(header.width, 1, channels.into()).max(1);
        let mut shrink = Shrink::new(scale, header.color_type, pixels);
        let mut take = |row: &mut [u8]| {
            shrink.row(match channels {
                2 => flatten::<2>(row, self.over),
                4 => flatten::<4>(row, self.over),
                _ => row,
            });
        };
        match picture.as_flat_samples_u16() {
            // Only the high byte of a sample is used, as in PNG.
            Some(samples) => samples.as_slice().chunks_exact(line).for_each(|row| {
                take(&mut row.iter().map(|sample| sample.to_be_bytes()[0]).collect::<Vec<u8>>());
            }),
            None => picture.as_bytes().chunks_exact(line).for_each(|row| take(&mut row.to_vec())),
        }
        shrink.finish()
    }
}
