//! Converts pictures to sRGB, so that they look the same without their profile.

use image::{DynamicImage, RgbImage};
use moxcms::{ColorProfile, DataColorSpace, Layout, TransformOptions};

use crate::guard::guard;
use crate::refusal::Refusal;

/// Converts a picture of brightness or colours to sRGB by its profile.
///
/// A picture without a profile counts as sRGB or grey, as in browsers. So does one whose profile is broken or
/// made for other channels.
pub(crate) fn to_srgb(picture: DynamicImage, icc: Option<&[u8]>) -> RgbImage {
    let converted = icc.and_then(|icc| {
        let kind = match picture {
            DynamicImage::ImageLuma8(_) => (DataColorSpace::Gray, Layout::Gray),
            _ => (DataColorSpace::Rgb, Layout::Rgb),
        };
        let data = by_profile(picture.as_bytes(), kind, icc)?;
        RgbImage::from_raw(picture.width(), picture.height(), data)
    });
    converted.unwrap_or_else(|| picture.into_rgb8())
}

/// Converts pixels of four inks, 0 being none, by their profile or as plain inks on white paper.
pub(crate) fn inks_to_srgb(inks: &[u8], icc: Option<&[u8]>) -> Vec<u8> {
    let converted = icc.and_then(|icc| by_profile(inks, (DataColorSpace::Cmyk, Layout::Rgba), icc));
    converted.unwrap_or_else(|| {
        let (inks, _) = inks.as_chunks::<4>();
        inks.iter().flat_map(|[c, m, y, k]| [*c, *m, *y].map(|ink| under_black(ink, *k))).collect()
    })
}

/// Returns a profile for colours that are only named by the code point of their primaries (ISO/IEC 23091-2).
/// Those of sRGB and unknown ones have none. High dynamic range is not mapped: its curve is treated as an
/// ordinary one.
pub(crate) fn profile_of(primaries: u16) -> Option<Vec<u8>> {
    let profile = match primaries {
        9 => ColorProfile::new_bt2020(),
        11 | 12 => ColorProfile::new_display_p3(),
        _ => return None,
    };
    profile.encode().ok()
}

/// Returns the pixels in sRGB, if the profile is readable and for colours of this kind.
fn by_profile(pixels: &[u8], (space, layout): (DataColorSpace, Layout), icc: &[u8]) -> Option<Vec<u8>> {
    let convert = || {
        let failed = |error| Refusal::failed("colour", error);
        let profile = ColorProfile::new_from_slice(icc).map_err(failed)?;
        if profile.color_space != space {
            return Err(Refusal::failed("colour", "the profile is for other channels"));
        }
        let srgb = ColorProfile::new_srgb();
        let transform = profile
            .create_transform_8bit(layout, &srgb, Layout::Rgb, TransformOptions::default())
            .map_err(failed)?;
        let mut data = vec![0; pixels.len() / layout.channels() * 3];
        transform.transform(pixels, &mut data).map_err(failed)?;
        Ok(data)
    };
    guard(convert, |words| Refusal::failed("colour", words)).ok()
}

/// Returns what an ink and black leave of one colour of white paper.
fn under_black(ink: u8, black: u8) -> u8 {
    let left = (255 - u32::from(ink)) * (255 - u32::from(black)) + 127;
    u8::try_from(left / 255).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use image::{GrayImage, Luma, Rgb};

    use super::*;

    fn grey(luminance: u8, icc: Option<&[u8]>) -> [u8; 3] {
        to_srgb(GrayImage::from_pixel(1, 1, Luma([luminance])).into(), icc).get_pixel(0, 0).0
    }

    fn colours(pixel: [u8; 3], icc: Option<&[u8]>) -> [u8; 3] {
        to_srgb(RgbImage::from_pixel(1, 1, Rgb(pixel)).into(), icc).get_pixel(0, 0).0
    }

    #[test]
    fn untagged_pixels_are_taken_as_they_are() {
        assert_eq!(colours([1, 2, 3], None), [1, 2, 3]);
        assert_eq!(grey(9, None), [9, 9, 9]);
        assert_eq!(inks_to_srgb(&[0, 0, 0, 0], None), [255, 255, 255]);
        assert_eq!(inks_to_srgb(&[0, 255, 255, 0], None), [255, 0, 0]);
        assert_eq!(inks_to_srgb(&[0, 0, 0, 255], None), [0, 0, 0]);
    }

    #[test]
    fn a_grey_profile_is_obeyed() {
        let linear = ColorProfile::new_gray_with_gamma(1.0).encode().unwrap();
        let [r, g, b] = grey(128, Some(&linear));
        assert_eq!((r, g), (g, b));
        // Half the light is 188 in sRGB.
        assert!((187..=189).contains(&r), "{r}");
    }

    #[test]
    fn a_useless_profile_is_ignored() {
        let other = ColorProfile::new_gray_with_gamma(1.0).encode().unwrap();
        for icc in [b"".as_slice(), b"not a profile", &other, other.get(..200).unwrap()] {
            assert_eq!(colours([1, 2, 3], Some(icc)), [1, 2, 3]);
            assert_eq!(inks_to_srgb(&[0, 255, 255, 0], Some(icc)), [255, 0, 0]);
        }
    }
}
