//! Every format and colour type comes out as the picture it is.

use std::borrow::Cow;

use media::{Format, Size};
use mozjpeg::ColorSpace;
use png::{BitDepth, ColorType};

use webpx::{EncoderConfig, Unstoppable};

use crate::make::{
    Heif, Jpeg, Pixels, Png, QUARTERS, gif, interlaced_png, jpeg, paint, photo, plain, quarters, webp,
    webp_frame,
};
use crate::show::{assert_alike, assert_near, fixture, process, show};

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
fn jpeg_baseline_and_progressive_with_every_share_of_colour() {
    for progressive in [false, true] {
        // 4:4:4, 4:2:2, 4:4:0, 4:2:0, 4:1:1.
        for shared in [(1, 1), (2, 1), (1, 2), (2, 2), (4, 1)] {
            let file = Jpeg { progressive, shared, ..Jpeg::default() }.write(&quarters(300, 200));
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
fn png_of_a_colour_that_stands_for_nothing() {
    let key = |colour: ColorType, transparency: &[u8]| Png {
        colour,
        transparency: Some(transparency.to_vec()),
        ..Png::default()
    };
    let rgb = key(ColorType::Rgb, &[0, 200, 0, 10, 0, 10]);
    assert_middle(&rgb.write(&plain(300, 200, [200, 10, 10])), [255, 255, 255], 2);
    let rgb = key(ColorType::Rgb, &[0, 200, 0, 10, 0, 10]);
    assert_middle(&rgb.write(&plain(300, 200, [200, 10, 60])), [200, 10, 60], 4);
    let grey = key(ColorType::Grayscale, &[0, 40]);
    assert_middle(&grey.write(&plain(300, 200, [40])), [255, 255, 255], 2);
}

#[test]
fn png_interlaced() {
    assert_quarters(&interlaced_png::<3>(&quarters(301, 203)), Format::Png, 6);
    assert_quarters(&interlaced_png::<3>(&quarters(4400, 300)), Format::Png, 6);
    assert_middle(&interlaced_png::<4>(&plain(300, 200, [200, 0, 0, 128])), [227, 127, 127], 4);
    process(&interlaced_png::<3>(&quarters(1, 1)));
}

#[test]
fn large_pictures_without_a_scale_are_averaged_first_and_look_the_same() {
    // Squares of two pixels, with half a square at the right and at the bottom.
    let pixels = photo(4403, 1101);
    let indices: Vec<u8> = pixels.data.iter().step_by(3).copied().collect();
    let palette: Vec<u8> = (0..=255).flat_map(|grey| [grey; 3]).collect();
    let grey = Pixels { data: indices.iter().flat_map(|grey| [*grey; 3]).collect(), ..pixels };
    let frame = gif::Frame { width: 4403, height: 1101, buffer: indices.into(), ..gif::Frame::default() };

    let reference = reduced(&grey, 1080, 270);
    let expected = process(&Png::default().write(&reference));
    for file in [Png::default().write(&grey), interlaced_png::<3>(&grey), gif((4403, 1101), &frame, &palette)]
    {
        assert_alike(&show(&process(&file), Size::Large), &show(&expected, Size::Large), 40.0);
    }
}

/// The whole picture made smaller in one step.
fn reduced(pixels: &Pixels, width: u32, height: u32) -> Pixels {
    use fast_image_resize::images::{Image, ImageRef};
    use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};
    let from = ImageRef::new(pixels.width, pixels.height, &pixels.data, PixelType::U8x3).unwrap();
    let mut to = Image::new(width, height, PixelType::U8x3);
    let lanczos = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Lanczos3));
    Resizer::new().resize(&from, &mut to, &lanczos).unwrap();
    Pixels { width, height, data: to.into_vec() }
}

#[test]
fn opacity_is_painted_before_anything_is_averaged() {
    // Clear green between opaque red: none of the green may come out, whatever is averaged with it.
    let stripes = paint(4400, 200, |x, _| if x % 2 == 0 { [200, 0, 0, 255] } else { [0, 255, 0, 0] });
    let file = Png { colour: ColorType::Rgba, ..Png::default() }.write(&stripes);
    assert_middle(&file, [228, 128, 128], 3);
}

#[test]
fn webp_lossy_and_lossless_with_and_without_opacity() {
    let pixels = quarters(300, 200);
    assert_quarters(&webp(&pixels), Format::WebP, 10);
    let lossless = EncoderConfig::new_lossless().encode_rgb(&pixels.data, 300, 200, Unstoppable).unwrap();
    assert_quarters(&lossless, Format::WebP, 6);
    let clear = plain(300, 200, [200, 0, 0, 128]);
    let write = |config: EncoderConfig| config.encode_rgba(&clear.data, 300, 200, Unstoppable).unwrap();
    assert_middle(&write(EncoderConfig::new().quality(95.0)), [227, 127, 127], 8);
    assert_middle(&write(EncoderConfig::new_lossless()), [227, 127, 127], 6);
}

#[test]
fn webp_animated_shows_its_first_frame() {
    let (first, second) = (quarters(300, 200), plain(300, 200, [0, 0, 0]));
    let mut encoder = webpx::AnimationEncoder::new(300, 200).unwrap();
    encoder.add_frame_rgb(&first.data, 0).unwrap();
    encoder.add_frame_rgb(&second.data, 100).unwrap();
    assert_quarters(&encoder.finish(200).unwrap(), Format::WebP, 12);
}

#[test]
fn webp_animated_whose_first_frame_is_smaller_stands_on_white() {
    let file = webp_frame((300, 200), (100, 50), &plain(100, 100, [200, 50, 50]));
    let renditions = process(&file);
    assert_eq!((renditions.width, renditions.height), (300, 200));
    let large = show(&renditions, Size::Large);
    assert_near(large.middle(), [200, 50, 50], 8);
    for corner in large.corners() {
        assert_near(corner, [255, 255, 255], 4);
    }
}

#[test]
fn avif_of_every_sampling_and_depth() {
    for name in
        ["420.avif", "422.avif", "444.avif", "10.avif", "12.avif", "lossless.avif", "odd.avif", "grid.avif"]
    {
        assert_quarters(&fixture(name), Format::Avif, 14);
    }
    assert_middle_quarter_of_grey(&fixture("400.avif"));
}

#[test]
fn heic_of_every_sampling_and_depth() {
    for name in ["420.heic", "422.heic", "444.heic", "10.heic"] {
        assert_quarters(&fixture(name), Format::Heic, 14);
    }
    assert_middle_quarter_of_grey(&fixture("400.heic"));
}

/// Checks the bottom right quarter of a picture without colour, which is almost white.
#[track_caller]
fn assert_middle_quarter_of_grey(file: &[u8]) {
    let [.., last] = show(&process(file), Size::Large).corners();
    assert_near(last, [240, 240, 240], 5);
}

#[test]
fn avif_and_heic_with_opacity() {
    for name in ["opacity.avif", "opacity.heic"] {
        let [top_left, top_right, bottom_left, bottom_right] =
            show(&process(&fixture(name)), Size::Large).corners();
        for clear in [top_left, bottom_left] {
            assert_near(clear, [255, 255, 255], 4);
        }
        assert_near(top_right, [142, 227, 142], 12);
        assert_near(bottom_right, [247, 247, 247], 8);
    }
}

#[test]
fn avif_and_heic_in_a_grid() {
    for name in ["444.avif", "444.heic"] {
        let tile = fixture(name);
        // Three by two tiles of 96 by 64, cut to 280 by 120.
        let file = Heif { tile: &tile, grid: Some(((3, 2), (280, 120))), ..Heif::default() }.write();
        let renditions = process(&file);
        assert_eq!((renditions.width, renditions.height), (280, 120));
        let large = show(&renditions, Size::Large);
        for (column, row) in [(0, 0), (1, 0), (2, 0), (0, 1), (2, 1)] {
            assert_near(large.pixel(96 * column + 24, 64 * row + 16), QUARTERS[0], 14);
            assert_near(large.pixel(96 * column + 72, 64 * row + 16), QUARTERS[1], 14);
            assert_near(large.pixel(96 * column + 24, 64 * row + 48), QUARTERS[2], 14);
        }
    }
}

#[test]
fn a_heic_may_not_hide_its_real_dimensions() {
    // The sequence is of 96 by 64, and the container says 16 by 16: it could as well be the other way round.
    let mut file = fixture("444.heic");
    let at = file.windows(4).position(|window| window == b"ispe").unwrap() + 8;
    file[at..at + 8].copy_from_slice(&[0, 0, 0, 16, 0, 0, 0, 16]);
    assert_eq!(crate::show::refusal(&file).0, "image_corrupt");
}

#[test]
fn a_grid_must_be_of_as_many_tiles_as_cover_it() {
    let tile = fixture("444.avif");
    for size in [(300, 120), (280, 140), (190, 120), (280, 60)] {
        let file = Heif { tile: &tile, grid: Some(((3, 2), size)), ..Heif::default() }.write();
        assert_eq!(crate::show::refusal(&file).0, "image_corrupt", "{size:?}");
    }
}

#[test]
fn gif_interlaced() {
    // The rows of a picture of two colours, in the order in which they are stored.
    let rows =
        (0..200).step_by(8).chain((4..200).step_by(8)).chain((2..200).step_by(4)).chain((1..200).step_by(2));
    let buffer: Vec<u8> = rows.flat_map(|row| vec![u8::from(row >= 100); 300]).collect();
    let frame = gif::Frame {
        width: 300,
        height: 200,
        interlaced: true,
        buffer: buffer.into(),
        ..gif::Frame::default()
    };
    let renditions = process(&gif((300, 200), &frame, &[200, 50, 50, 50, 50, 200]));
    let [top, _, bottom, _] = show(&renditions, Size::Large).corners();
    assert_near(top, [200, 50, 50], 6);
    assert_near(bottom, [50, 50, 200], 6);
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
