//! Every format and colour type comes out as the picture it is.

use std::borrow::Cow;

use media::{Format, Size};
use mozjpeg::ColorSpace;
use png::{BitDepth, ColorType};

use crate::make::{Jpeg, Pixels, Png, QUARTERS, gif, jpeg, paint, plain, quarters, webp};
use crate::show::{assert_near, process, show};

/// Processes a file and checks its corners against [`QUARTERS`].
#[track_caller]
fn assert_quarters(file: &[u8], format: Format, tolerance: u8) {
    let renditions = process(file);
    assert_eq!(renditions.format, format);
    for size in Size::ALL {
        for (found, expected) in show(&renditions, size).corners().into_iter().zip(QUARTERS) {
            assert_near(found, expected, tolerance);
        }
    }
}

/// Processes a file and checks its middle.
#[track_caller]
fn assert_middle(file: &[u8], expected: [u8; 3], tolerance: u8) {
    assert_near(show(&process(file), Size::Large).middle(), expected, tolerance);
}

#[test]
fn jpeg_baseline_and_progressive_with_full_and_halved_colour() {
    for progressive in [false, true] {
        for full_colour in [false, true] {
            let file = Jpeg { progressive, full_colour, ..Jpeg::default() }.write(&quarters(300, 200));
            assert_quarters(&file, Format::Jpeg, 8);
        }
    }
}

#[test]
fn jpeg_decoded_at_every_scale() {
    for width in [1079, 1081, 2160, 2161, 4321, 8641] {
        assert_quarters(&jpeg(&quarters(width, 1200)), Format::Jpeg, 8);
    }
}

#[test]
fn jpeg_of_grey() {
    let grey =
        Jpeg { space: ColorSpace::JCS_GRAYSCALE, stored_as: ColorSpace::JCS_GRAYSCALE, ..Jpeg::default() };
    assert_middle(&grey.write(&plain(300, 200, [120])), [120, 120, 120], 2);
}

#[test]
fn jpeg_of_rgb_without_conversion() {
    let rgb = Jpeg { stored_as: ColorSpace::JCS_RGB, ..Jpeg::default() };
    assert_quarters(&rgb.write(&quarters(300, 200)), Format::Jpeg, 8);
}

#[test]
fn jpeg_of_inks_is_inverted_as_its_adobe_marker_says() {
    // libjpeg writes the marker, and by it 255 is no ink. Cyan alone leaves green and blue.
    for stored_as in [ColorSpace::JCS_CMYK, ColorSpace::JCS_YCCK] {
        let inks = Jpeg { space: ColorSpace::JCS_CMYK, stored_as, ..Jpeg::default() };
        assert_middle(&inks.write(&plain(300, 200, [0, 255, 255, 255])), [0, 255, 255], 4);
        assert_middle(&inks.write(&plain(300, 200, [255, 255, 255, 128])), [128, 128, 128], 4);
    }
}

#[test]
fn jpeg_of_inks_without_the_marker_is_not_inverted() {
    let inks = Jpeg { space: ColorSpace::JCS_CMYK, stored_as: ColorSpace::JCS_CMYK, ..Jpeg::default() };
    let mut file = inks.write(&plain(300, 200, [255, 0, 0, 0]));
    let marker = file.windows(4).position(|window| window[..2] == [0xFF, 0xEE]).unwrap();
    file.drain(marker..marker + 2 + 14);
    assert_middle(&file, [0, 255, 255], 4);
}

#[test]
fn png_of_colour_and_opacity() {
    assert_quarters(&Png::default().write(&quarters(300, 200)), Format::Png, 6);
    let clear = paint(300, 200, |x, _| if x < 150 { [200, 0, 0, 0] } else { [200, 0, 0, 128] });
    let renditions = process(&Png { colour: ColorType::Rgba, ..Png::default() }.write(&clear));
    let [left, right, ..] = show(&renditions, Size::Large).corners();
    assert_near(left, [255, 255, 255], 4);
    assert_near(right, [227, 127, 127], 6);
}

#[test]
fn png_of_sixteen_bits() {
    let deep: Pixels = paint(300, 200, |_, _| [0xC8, 0x10, 0x64, 0x20, 0x32, 0x30]);
    let file = Png { depth: BitDepth::Sixteen, ..Png::default() }.write(&deep);
    assert_middle(&file, [0xC8, 0x64, 0x32], 4);
    let deep_and_clear: Pixels = paint(300, 200, |_, _| [0xC8, 0, 0x64, 0, 0x32, 0, 0, 0]);
    let file =
        Png { colour: ColorType::Rgba, depth: BitDepth::Sixteen, ..Png::default() }.write(&deep_and_clear);
    assert_middle(&file, [255, 255, 255], 2);
}

#[test]
fn png_of_grey_at_every_depth() {
    let packed = |bits: u32, byte: u8| Pixels {
        width: 240,
        height: 200,
        data: vec![byte; (240 * bits / 8 * 200) as usize],
    };
    let grey = |depth| Png { colour: ColorType::Grayscale, depth, ..Png::default() };
    assert_middle(&grey(BitDepth::One).write(&packed(1, 0xFF)), [255, 255, 255], 2);
    assert_middle(&grey(BitDepth::Two).write(&packed(2, 0b1010_1010)), [170, 170, 170], 2);
    assert_middle(&grey(BitDepth::Four).write(&packed(4, 0x55)), [0x55, 0x55, 0x55], 2);
    assert_middle(&grey(BitDepth::Eight).write(&packed(8, 99)), [99, 99, 99], 2);
    assert_middle(&grey(BitDepth::Sixteen).write(&packed(16, 99)), [99, 99, 99], 2);
    let with_alpha = Png { colour: ColorType::GrayscaleAlpha, ..Png::default() };
    assert_middle(&with_alpha.write(&plain(240, 200, [0, 0])), [255, 255, 255], 2);
}

#[test]
fn png_of_a_palette_with_and_without_opacity() {
    let palette = Some(vec![10, 20, 30, 200, 150, 100]);
    let indexed = Png { colour: ColorType::Indexed, palette: palette.clone(), ..Png::default() };
    assert_middle(&indexed.write(&plain(300, 200, [1])), [200, 150, 100], 4);
    let transparency = Some(vec![255, 0]);
    let indexed = Png { colour: ColorType::Indexed, palette, transparency, ..Png::default() };
    assert_middle(&indexed.write(&plain(300, 200, [1])), [255, 255, 255], 2);
}

#[test]
fn webp_lossy_and_lossless_with_and_without_opacity() {
    let pixels = quarters(300, 200);
    assert_quarters(&webp(&pixels), Format::WebP, 10);
    let lossless = webp::Encoder::from_rgb(&pixels.data, 300, 200).encode_lossless().to_vec();
    assert_quarters(&lossless, Format::WebP, 6);
    let clear = plain(300, 200, [200, 0, 0, 128]);
    let encoder = webp::Encoder::from_rgba(&clear.data, 300, 200);
    assert_middle(&encoder.encode(95.0), [227, 127, 127], 8);
    assert_middle(&encoder.encode_lossless(), [227, 127, 127], 6);
}

#[test]
fn webp_animated_shows_its_first_frame() {
    let config = webp::WebPConfig::new().unwrap();
    let (first, second) = (quarters(300, 200), plain(300, 200, [0, 0, 0]));
    let mut encoder = webp::AnimEncoder::new(300, 200, &config);
    encoder.add_frame(webp::AnimFrame::from_rgb(&first.data, 300, 200, 0));
    encoder.add_frame(webp::AnimFrame::from_rgb(&second.data, 300, 200, 100));
    assert_quarters(&encoder.encode(), Format::WebP, 12);
}

#[test]
fn gif_shows_its_first_frame_on_white() {
    let palette = [0, 0, 0, 200, 50, 50, 1, 2, 3];
    let frame = gif::Frame {
        left: 100,
        top: 50,
        width: 100,
        height: 100,
        transparent: Some(2),
        buffer: Cow::Owned((0..100 * 100).map(|at| if at % 100 < 80 { 1 } else { 2 }).collect()),
        ..gif::Frame::default()
    };
    let renditions = process(&gif((300, 200), &frame, &palette));
    assert_eq!((renditions.width, renditions.height, renditions.format), (300, 200, Format::Gif));
    let large = show(&renditions, Size::Large);
    assert_near(large.middle(), [200, 50, 50], 6);
    assert_near(large.pixel(50, 100), [255, 255, 255], 4);
    assert_near(large.pixel(190, 100), [255, 255, 255], 8);
}

#[test]
fn formats_go_by_content() {
    assert_eq!(Format::sniff(&jpeg(&quarters(8, 8))), Some(Format::Jpeg));
    assert_eq!(Format::sniff(b"GIF89a"), Some(Format::Gif));
    assert_eq!(Format::sniff(b"RIFF\0\0\0\0WAVE"), None);
    assert_eq!(Format::sniff(b""), None);
}
