//! Decoded pixels, between the steps.

use fast_image_resize::PixelType;

/// What one pixel is made of, a byte each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Channels {
    /// Luminance.
    Grey,
    /// Red, green, blue.
    Rgb,
    /// Four inks, 0 being none.
    Cmyk,
}

impl Channels {
    /// Bytes of one pixel.
    pub(crate) const fn count(self) -> usize {
        match self {
            Self::Grey => 1,
            Self::Rgb => 3,
            Self::Cmyk => 4,
        }
    }

    /// The resizer's name for it.
    pub(crate) const fn pixel_type(self) -> PixelType {
        match self {
            Self::Grey => PixelType::U8,
            Self::Rgb => PixelType::U8x3,
            Self::Cmyk => PixelType::U8x4,
        }
    }
}

/// A decoded picture, rows from the top without padding.
#[derive(Clone, Debug)]
pub(crate) struct Picture {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) channels: Channels,
    pub(crate) data: Vec<u8>,
}

/// A picture in sRGB, three bytes a pixel: what can be encoded and hashed.
#[derive(Clone, Debug)]
pub(crate) struct Srgb {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) data: Vec<u8>,
}

/// Paints `colour` of opacity `alpha` over white.
pub(crate) fn on_white(colour: u8, alpha: u8) -> u8 {
    let (colour, alpha) = (u32::from(colour), u32::from(alpha));
    let mixed = (colour * alpha + 255 * (255 - alpha) + 127) / 255;
    // At most 255, by the weights.
    u8::try_from(mixed).unwrap_or(u8::MAX)
}

/// Drops the last channel of `WITH_ALPHA`, opacity, by painting over white. The result stands at the beginning
/// of `data` and is shorter.
pub(crate) fn flatten<const WITH_ALPHA: usize>(data: &mut [u8]) -> &[u8] {
    let pixels = data.len() / WITH_ALPHA;
    let colours = WITH_ALPHA - 1;
    for pixel in 0..pixels {
        let Some(from) = data.get(pixel * WITH_ALPHA..).and_then(<[u8]>::first_chunk::<WITH_ALPHA>).copied()
        else {
            break;
        };
        let alpha = from.last().copied().unwrap_or(u8::MAX);
        let to = data.iter_mut().skip(pixel * colours).take(colours);
        for (to, colour) in to.zip(from) {
            *to = on_white(colour, alpha);
        }
    }
    data.get(..pixels * colours).unwrap_or_default()
}
