//! JPEG by mozjpeg, which decodes at 1/2, 1/4 and 1/8 for less than the full price.

use mozjpeg::{ColorSpace, Decompress};

use super::Decoded;
use crate::header::Header;
use crate::picture::{Channels, Picture};
use crate::refusal::Refusal;

pub(super) fn decode(bytes: &[u8], header: &Header, side: u32) -> Result<Decoded, Refusal> {
    let mut decoder = Decompress::new_mem(bytes).map_err(Refusal::undecodable)?;
    let declared = (u32::try_from(decoder.width()), u32::try_from(decoder.height()));
    if declared != (Ok(header.width), Ok(header.height)) {
        return Err(Refusal::disagrees());
    }
    let eighths = eighths(header.width.max(header.height), side);
    decoder.scale(eighths);

    let (space, channels) = match decoder.components().len() {
        1 => (ColorSpace::JCS_GRAYSCALE, Channels::Grey),
        3 => (ColorSpace::JCS_RGB, Channels::Rgb),
        _ => (ColorSpace::JCS_CMYK, Channels::Cmyk),
    };
    let mut started = decoder.to_colorspace(space).map_err(Refusal::undecodable)?;
    let size = (u32::try_from(started.width()), u32::try_from(started.height()));
    let (Ok(width), Ok(height)) = size else { return Err(Refusal::disagrees()) };
    let mut data: Vec<u8> = started.read_scanlines().map_err(Refusal::undecodable)?;
    if channels == Channels::Cmyk && header.inverted_inks {
        for ink in &mut data {
            *ink = 255 - *ink;
        }
    }

    let scale = f64::from(eighths) / 8.0;
    let extent = (f64::from(header.width) * scale, f64::from(header.height) * scale);
    let picture = Picture { width, height, channels, data };
    Ok(Decoded { picture, extent, icc: header.icc.clone() })
}

/// The smallest scale, in eighths, that leaves the longest side at `side` or more. Powers of two only: they
/// alone have vector code, and the scales between cost more than they save.
fn eighths(longest: u32, side: u32) -> u8 {
    let covers = |eighths: &u8| u64::from(longest) * u64::from(*eighths) >= u64::from(side) * 8;
    [1, 2, 4].into_iter().find(covers).unwrap_or(8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scale_is_the_smallest_that_covers_the_target() {
        assert_eq!(eighths(8640, 1080), 1);
        assert_eq!(eighths(8639, 1080), 2);
        assert_eq!(eighths(4320, 1080), 2);
        assert_eq!(eighths(4032, 1080), 4);
        assert_eq!(eighths(2160, 1080), 4);
        assert_eq!(eighths(2159, 1080), 8);
        assert_eq!(eighths(1, 1080), 8);
    }
}
