//! WebP by libwebp: lossy, lossless, with opacity, or the first frame of an animation.
//!
//! A large picture comes out of it smaller, averaged over its rows as they are decoded, as those of other
//! formats do. Its decoder gives up on a file that asks for more memory than there is; the one in safe Rust
//! takes gigabytes for the tables of a crafted one, and then the process ends.

use webpx::{Decoder, DecoderConfig, Limits};

use super::Decoded;
use crate::header::Header;
use crate::picture::{Channels, Picture, flatten};
use crate::refusal::Refusal;
use crate::resize::whole_factor;

pub(super) fn decode(bytes: &[u8], header: &Header, side: u32) -> Result<Decoded, Refusal> {
    let decoder = Decoder::new(bytes).map_err(Refusal::undecodable)?;
    let info = decoder.info();
    if (info.width, info.height) != (header.width, header.height) {
        return Err(Refusal::disagrees());
    }
    let (alpha, animated) = (info.has_alpha, info.has_animation);
    // The header was held to our own limits.
    let decoder = decoder.config(DecoderConfig::new().limits(Limits::none()));
    let factor = whole_factor(header.width.max(header.height), side);
    let decoder = if animated || factor == 1 {
        decoder
    } else {
        decoder.scale(header.width.div_ceil(factor), header.height.div_ceil(factor))
    };
    let (data, width, height) = if alpha {
        let (mut data, width, height) = decoder.decode_rgba_raw().map_err(Refusal::undecodable)?;
        let colours = flatten::<4>(&mut data).len();
        data.truncate(colours);
        (data, width, height)
    } else {
        decoder.decode_rgb_raw().map_err(Refusal::undecodable)?
    };
    let picture = Picture { width, height, channels: Channels::Rgb, data };
    Ok(Decoded::whole(picture, header.icc.clone()))
}
