//! WebP by `image-webp`: lossy, lossless, with opacity, or the first frame of an animation.
//!
//! Written in safe Rust, unlike libwebp, whose decoder has had to be patched against crafted files. Few
//! uploads are WebP, so its speed matters less than that.

use std::io::Cursor;

use image_webp::WebPDecoder;

use super::{Decoded, disagrees, length};
use crate::header::Header;
use crate::picture::{Channels, Picture, flatten};
use crate::refusal::Refusal;

pub(super) fn decode(bytes: &[u8], header: &Header) -> Result<Decoded, Refusal> {
    let mut decoder = WebPDecoder::new(Cursor::new(bytes)).map_err(Refusal::undecodable)?;
    if decoder.dimensions() != (header.width, header.height) {
        return Err(disagrees());
    }
    let alpha = decoder.has_alpha();
    let mut data = vec![0; length(header.width, header.height, if alpha { 4 } else { 3 })];
    decoder.read_image(&mut data).map_err(Refusal::undecodable)?;
    let data = if alpha { flatten::<4>(data) } else { data };
    let picture = Picture { width: header.width, height: header.height, channels: Channels::Rgb, data };
    Ok(Decoded::whole(picture, header.icc.clone()))
}
