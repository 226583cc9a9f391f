//! Colours are as the profile says, without the profile.

use media::Size;
use moxcms::ColorProfile;
use mozjpeg::ColorSpace;

use crate::make::{Heif, Jpeg, Png, jpeg, paint, plain, webp_with};
use crate::scanned::Tiff;
use crate::show::{assert_near, fixture, process, show};

/// A red in Display P3 as phones write it, and the same red in sRGB, worked out by hand from the two sets of
/// primaries.
const P3_RED: [u8; 3] = [211, 65, 52];
const SAME_IN_SRGB: [u8; 3] = [229, 46, 40];

#[test]
fn display_p3_from_every_container() {
    let profile = ColorProfile::new_display_p3().encode().unwrap();
    let pixels = plain(300, 200, P3_RED);
    let tagged = Jpeg { icc: Some(profile.clone()), full_colour: true, ..Jpeg::default() }.write(&pixels);
    let files = [
        tagged,
        Png { icc: Some(profile.clone()), ..Png::default() }.write(&pixels),
        webp_with(&pixels, &[(b"ICCP", &profile)], &[]),
        Tiff { icc: Some(profile.clone()), ..Tiff::colours(plain(300, 200, P3_RED)) }.write(),
    ];
    for file in files {
        assert_near(show(&process(&file), Size::Large).middle(), SAME_IN_SRGB, 5);
    }
}

#[test]
fn display_p3_in_avif_and_heic() {
    // The red quarter of the fixtures, taken for Display P3, has more red than sRGB can show.
    let icc = Some(ColorProfile::new_display_p3().encode().unwrap());
    for name in ["444.avif", "444.heic"] {
        let file = Heif { tile: &fixture(name), icc: icc.clone(), ..Heif::default() }.write();
        let [red, green, ..] = show(&process(&file), Size::Large).corners();
        assert_near(red, [238, 0, 15], 14);
        assert_near(green, [0, 204, 0], 14);
    }
}

#[test]
fn png_of_sixteen_bits_with_a_profile() {
    let deep = paint(300, 200, |_, _| [211, 100, 65, 100, 52, 100]);
    let icc = Some(ColorProfile::new_display_p3().encode().unwrap());
    let file = Png { depth: png::BitDepth::Sixteen, icc, ..Png::default() }.write(&deep);
    assert_near(show(&process(&file), Size::Large).middle(), SAME_IN_SRGB, 5);
}

#[test]
fn png_whose_primaries_are_named() {
    let pixels = plain(300, 200, P3_RED);
    let named = |primaries| Png { primaries: Some(primaries), ..Png::default() }.write(&pixels);
    assert_near(show(&process(&named(12)), Size::Large).middle(), SAME_IN_SRGB, 5);
    assert_near(show(&process(&named(1)), Size::Large).middle(), P3_RED, 4);
}

#[test]
fn untagged_and_srgb_stay_as_they_are() {
    let pixels = plain(300, 200, P3_RED);
    assert_near(show(&process(&jpeg(&pixels)), Size::Large).middle(), P3_RED, 4);
    let icc = Some(ColorProfile::new_srgb().encode().unwrap());
    let tagged = Jpeg { icc, ..Jpeg::default() }.write(&pixels);
    assert_near(show(&process(&tagged), Size::Large).middle(), P3_RED, 4);
}

#[test]
fn a_profile_for_other_channels_or_broken_is_ignored() {
    let pixels = plain(300, 200, P3_RED);
    let grey = ColorProfile::new_gray_with_gamma(1.0).encode().unwrap();
    for icc in [grey, b"nonsense".to_vec(), ColorProfile::new_display_p3().encode().unwrap()[..300].to_vec()]
    {
        let tagged = Jpeg { icc: Some(icc), ..Jpeg::default() }.write(&pixels);
        assert_near(show(&process(&tagged), Size::Large).middle(), P3_RED, 4);
    }
}

#[test]
fn grey_with_its_own_curve() {
    let icc = Some(ColorProfile::new_gray_with_gamma(1.0).encode().unwrap());
    let grey = ColorSpace::JCS_GRAYSCALE;
    let tagged = Jpeg { space: grey, stored_as: grey, icc, ..Jpeg::default() }.write(&plain(300, 200, [128]));
    assert_near(show(&process(&tagged), Size::Large).middle(), [188, 188, 188], 3);
}
