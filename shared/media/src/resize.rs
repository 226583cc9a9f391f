//! Makes pictures smaller, by Lanczos3.

use std::fmt::Display;

use fast_image_resize::images::{TypedImage, TypedImageRef};
use fast_image_resize::pixels::{U8, U8x3};
use fast_image_resize::{FilterType, PixelTrait, ResizeAlg, ResizeOptions};
use image::{DynamicImage, GrayImage, ImageBuffer, Pixel, RgbImage};

use crate::refusal::Refusal;

/// Returns the dimensions of a `width` by `height` picture that fits into a square of `side`. It is never
/// enlarged. Fractions are dropped, but each side keeps at least one pixel.
pub(crate) fn fit(width: u32, height: u32, side: u32) -> (u32, u32) {
    let longest = width.max(height);
    if longest <= side {
        return (width, height);
    }
    let scaled = |length: u32| {
        let length = u64::from(length) * u64::from(side) / u64::from(longest);
        u32::try_from(length).unwrap_or(side).max(1)
    };
    (scaled(width), scaled(height))
}

/// Returns by how much a decoder may shrink a picture whose longest side is `longest`. The resizer is left
/// with at least twice the `side` it makes.
pub(crate) fn whole_factor(longest: u32, side: u32) -> u32 {
    (longest / side.saturating_mul(2).max(1)).max(1)
}

/// A part of a picture, in pixels from its top left corner.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Part {
    pub(crate) left: f64,
    pub(crate) top: f64,
    pub(crate) width: f64,
    pub(crate) height: f64,
}

/// A resizer. It keeps its work buffers from one picture to the next.
pub(crate) struct Resizer(fast_image_resize::Resizer);

impl Resizer {
    pub(crate) fn new() -> Self {
        Self(fast_image_resize::Resizer::new())
    }

    /// Resizes a part of `picture`.
    pub(crate) fn resize(
        &mut self,
        picture: &DynamicImage,
        part: Part,
        sides: (u32, u32),
    ) -> Result<DynamicImage, Refusal> {
        match picture {
            DynamicImage::ImageLuma8(grey) => Ok(self.run::<U8, _>(grey, part, sides)?.into()),
            DynamicImage::ImageRgb8(colours) => Ok(self.run::<U8x3, _>(colours, part, sides)?.into()),
            other => Err(failed(format_args!("pixels of {:?}", other.color()))),
        }
    }

    /// Resizes a finished picture.
    pub(crate) fn shrink(&mut self, picture: &RgbImage, sides: (u32, u32)) -> Result<RgbImage, Refusal> {
        self.run::<U8x3, _>(picture, whole(picture.dimensions()), sides)
    }

    /// Resizes brightness exactly to these sides, whichever way that distorts it.
    pub(crate) fn distort(&mut self, grey: &GrayImage, sides: (u32, u32)) -> Result<GrayImage, Refusal> {
        self.run::<U8, _>(grey, whole(grey.dimensions()), sides)
    }

    /// Resizes a picture whose pixels `I` are pixels `P` of the resizer.
    ///
    /// The resizer's own choice by the type of a picture would compile thirteen kinds of pixels, each for
    /// every type of picture.
    fn run<P: PixelTrait, I: Pixel<Subpixel = u8>>(
        &mut self,
        picture: &ImageBuffer<I, Vec<u8>>,
        part: Part,
        (width, height): (u32, u32),
    ) -> Result<ImageBuffer<I, Vec<u8>>, Refusal> {
        let options = ResizeOptions::new()
            .resize_alg(ResizeAlg::Convolution(FilterType::Lanczos3))
            .use_alpha(false)
            .crop(part.left, part.top, part.width, part.height);
        let mut resized = ImageBuffer::new(width, height);
        let from = TypedImageRef::<P>::from_buffer(picture.width(), picture.height(), picture.as_raw());
        let into = TypedImage::<P>::from_buffer(width, height, &mut resized);
        let (from, mut into) = (from.map_err(failed)?, into.map_err(failed)?);
        self.0.resize_typed(&from, &mut into, &options).map_err(failed)?;
        Ok(resized)
    }
}

fn failed(cause: impl Display) -> Refusal {
    Refusal::failed("resize", cause)
}

/// Returns all of a picture.
fn whole((width, height): (u32, u32)) -> Part {
    Part { left: 0.0, top: 0.0, width: width.into(), height: height.into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn sides_follow_the_longest() {
        assert_eq!(fit(4032, 3024, 1080), (1080, 810));
        assert_eq!(fit(3024, 4032, 1080), (810, 1080));
        assert_eq!(fit(1080, 1080, 1080), (1080, 1080));
        assert_eq!(fit(800, 600, 1080), (800, 600));
        assert_eq!(fit(12_000, 600, 150), (150, 7));
        assert_eq!(fit(12_000, 1, 150), (150, 1));
        assert_eq!(fit(1, 1, 150), (1, 1));
    }

    #[test]
    fn squares_leave_at_least_twice_the_target() {
        assert_eq!(whole_factor(4319, 1080), 1);
        assert_eq!(whole_factor(4320, 1080), 2);
        assert_eq!(whole_factor(6480, 1080), 3);
        assert_eq!(whole_factor(12_000, 1080), 5);
        assert_eq!(whole_factor(1, 1080), 1);
    }

    proptest! {
        #[test]
        fn never_enlarged_never_empty(width in 1_u32..=12_000, height in 1_u32..=12_000) {
            let (w, h) = fit(width, height, 1080);
            prop_assert!(w >= 1 && h >= 1 && w <= width && h <= height);
            prop_assert_eq!(w.max(h), width.max(height).min(1080));
        }
    }
}
