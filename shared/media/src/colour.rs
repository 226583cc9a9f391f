//! To sRGB, so that a picture without its profile looks as it did with it.

use moxcms::{ColorProfile, DataColorSpace, Layout, TransformOptions};

use crate::guard::guard;
use crate::picture::{Channels, Picture, Srgb};
use crate::refusal::Refusal;

/// Converts by the profile. A picture without one, or with one that is broken or made for other channels, is
/// taken as sRGB (or as grey or plain inks), as browsers do: a bad profile should not cost anyone their
/// picture.
pub(crate) fn to_srgb(picture: Picture, icc: Option<&[u8]>) -> Srgb {
    let convert = |icc| guard(|| by_profile(&picture, icc), |words| Refusal::failed("colour", words)).ok();
    let data = icc.and_then(convert).unwrap_or_else(|| untagged(picture.channels, picture.data));
    Srgb { width: picture.width, height: picture.height, data }
}

/// A profile for colours that are only named by the code point of their primaries (ISO/IEC 23091-2); none for
/// those of sRGB or unknown ones. High dynamic range is not mapped to what a screen shows: its curve is taken
/// for an ordinary one.
pub(crate) fn profile_of(primaries: u16) -> Option<Vec<u8>> {
    let profile = match primaries {
        9 => ColorProfile::new_bt2020(),
        11 | 12 => ColorProfile::new_display_p3(),
        _ => return None,
    };
    profile.encode().ok()
}

fn by_profile(picture: &Picture, icc: &[u8]) -> Result<Vec<u8>, Refusal> {
    let failed = |error| Refusal::failed("colour", error);
    let profile = ColorProfile::new_from_slice(icc).map_err(failed)?;
    let layout = match (picture.channels, profile.color_space) {
        (Channels::Grey, DataColorSpace::Gray) => Layout::Gray,
        (Channels::Rgb, DataColorSpace::Rgb) => Layout::Rgb,
        (Channels::Cmyk, DataColorSpace::Cmyk) => Layout::Rgba,
        _ => return Err(Refusal::failed("colour", "the profile is for other channels")),
    };
    let srgb = ColorProfile::new_srgb();
    let transform = profile
        .create_transform_8bit(layout, &srgb, Layout::Rgb, TransformOptions::default())
        .map_err(failed)?;
    let mut data = vec![0; picture.data.len() / picture.channels.count() * 3];
    transform.transform(&picture.data, &mut data).map_err(failed)?;
    Ok(data)
}

fn untagged(channels: Channels, data: Vec<u8>) -> Vec<u8> {
    match channels {
        Channels::Rgb => data,
        Channels::Grey => data.into_iter().flat_map(|luminance| [luminance; 3]).collect(),
        Channels::Cmyk => {
            let (inks, _) = data.as_chunks::<4>();
            inks.iter().flat_map(|[c, m, y, k]| [*c, *m, *y].map(|ink| under_black(ink, *k))).collect()
        }
    }
}

/// What is left of one colour of white paper under an ink and black.
fn under_black(ink: u8, black: u8) -> u8 {
    let left = (255 - u32::from(ink)) * (255 - u32::from(black)) + 127;
    u8::try_from(left / 255).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pixel(channels: Channels, data: &[u8], icc: Option<&[u8]>) -> [u8; 3] {
        let picture = Picture { width: 1, height: 1, channels, data: data.to_vec() };
        to_srgb(picture, icc).data.try_into().unwrap()
    }

    #[test]
    fn untagged_pixels_are_taken_as_they_are() {
        assert_eq!(pixel(Channels::Rgb, &[1, 2, 3], None), [1, 2, 3]);
        assert_eq!(pixel(Channels::Grey, &[9], None), [9, 9, 9]);
        assert_eq!(pixel(Channels::Cmyk, &[0, 0, 0, 0], None), [255, 255, 255]);
        assert_eq!(pixel(Channels::Cmyk, &[0, 255, 255, 0], None), [255, 0, 0]);
        assert_eq!(pixel(Channels::Cmyk, &[0, 0, 0, 255], None), [0, 0, 0]);
    }

    #[test]
    fn a_grey_profile_is_obeyed() {
        let linear = ColorProfile::new_gray_with_gamma(1.0).encode().unwrap();
        let [r, g, b] = pixel(Channels::Grey, &[128], Some(&linear));
        assert_eq!((r, g), (g, b));
        // Half the light is 188 in sRGB.
        assert!((187..=189).contains(&r), "{r}");
    }

    #[test]
    fn a_useless_profile_is_ignored() {
        let grey = ColorProfile::new_gray_with_gamma(1.0).encode().unwrap();
        for icc in [b"".as_slice(), b"not a profile", &grey, grey.get(..200).unwrap()] {
            assert_eq!(pixel(Channels::Rgb, &[1, 2, 3], Some(icc)), [1, 2, 3]);
        }
    }
}
