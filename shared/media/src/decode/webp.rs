//! Decodes WebP by libwebp: lossy, lossless, with opacity, or the first frame of an animation.
//!
//! libwebp scales a large picture while it decodes. It returns an error where memory ends. The decoder in
//! safe Rust takes gigabytes for the tables of a crafted file, and the process ends.

use image::ImageResult;
use webpx::{DecoderConfig, Limits as CodecLimits};

use super::shrink::Scale;
use super::{Codec, Decoder};
use crate::header::Header;
use crate::header::webp::read;
use crate::limits::Limits;
use crate::opacity::{flatten, on_white};
use crate::refusal::Refusal;
use crate::resize::whole_factor;

pub(super) fn open<'a>(bytes: &'a [u8], limits: &Limits) -> Result<Decoder<Libwebp<'a>>, Refusal> {
    let header = read(bytes, limits)?;
    let decoder = webpx::Decoder::new(bytes).map_err(Refusal::undecodable)?;
    let info = decoder.info();
    if (info.width, info.height) != (header.width, header.height) {
        return Err(Refusal::disagrees());
    }
    let (opacity, animated) = (info.has_alpha, info.has_animation);
    // The header was held to our own limits.
    let decoder = decoder.config(DecoderConfig::new().limits(CodecLimits::none()));
    Ok(Decoder::new(header, Libwebp { decoder, opacity, animated }))
}

pub(super) struct Libwebp<'a> {
    decoder: webpx::Decoder<'a>,
    opacity: bool,
    animated: bool,
}

impl Codec for Libwebp<'_> {
    fn factor(&self, longest: u32, side: u32) -> u32 {
        if self.animated { 1 } else { whole_factor(longest, side) }
    }

    fn fills(&self) -> bool {
        true
    }

    fn decode(self, _: &Header, scale: Scale, pixels: &mut [u8]) -> ImageResult<()> {
        let (width, height) = scale.dimensions();
        let decoder = if scale.factor == 1 { self.decoder } else { self.decoder.scale(width, height) };
        let decoded = if self.opacity { decoder.decode_rgba_raw() } else { decoder.decode_rgb_raw() };
        let (mut data, ..) = decoded.map_err(Refusal::undecodable)?;
        let colours = if self.opacity { flatten::<4>(&mut data, on_white) } else { &data };
        if colours.len() != pixels.len() {
            return Err(Refusal::disagrees().into());
        }
        pixels.copy_from_slice(colours);
        Ok(())
    }
}
