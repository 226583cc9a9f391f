//! Files that are not quite right and that everyone else shows.

use media::{Format, Limits, Size};
use mozjpeg::ColorSpace;

use crate::make::{Jpeg, Png, QUARTERS, gif, interlaced_png, jpeg, photo, plain, quarters};
use crate::show::{assert_alike, assert_near, process, refusal, show};

#[track_caller]
fn assert_quarters(file: &[u8], format: Format) {
    let renditions = process(file);
    assert_eq!(renditions.format, format);
    for (found, expected) in show(&renditions, Size::Large).corners().into_iter().zip(QUARTERS) {
        assert_near(found, expected, 9);
    }
}

fn progressive() -> Jpeg {
    Jpeg { progressive: true, ..Jpeg::default() }
}

#[test]
fn jpeg_without_its_last_marker() {
    for file in [jpeg(&quarters(1300, 900)), progressive().write(&quarters(1300, 900))] {
        let open = &file[..file.len() - 2];
        assert_quarters(open, Format::Jpeg);
        assert_quarters(&[open, &[0; 512]].concat(), Format::Jpeg);
        assert_quarters(&[open, &[0xFF]].concat(), Format::Jpeg);
    }
}

#[test]
fn jpeg_with_something_behind_its_end() {
    let file = jpeg(&quarters(300, 200));
    for rest in [b"SEFT\xFF\xD8\xFF\xE1\0\x20 trailer".as_slice(), &[0; 100], &file] {
        assert_quarters(&[file.as_slice(), rest].concat(), Format::Jpeg);
    }
}

#[test]
fn jpeg_that_misses_pixels_is_corrupt() {
    let file = jpeg(&photo(1300, 900));
    for missing in [40, 400, file.len() / 100, file.len() / 10] {
        let cut = &file[..file.len() - missing];
        for file in [cut.to_vec(), [cut, &[0; 512]].concat()] {
            let code = media::process(&file, &Limits::default()).map_err(|refusal| refusal.code()).err();
            assert_eq!(code, Some("image_corrupt"), "{missing} of {}", file.len());
        }
    }
}

#[test]
fn jpeg_whose_last_rows_are_not_as_fine_is_shown() {
    let pixels = photo(1300, 900);
    let file = progressive().write(&pixels);
    let whole = show(&process(&file), Size::Large);
    let cut = &file[..file.len() - 200];
    assert_alike(&show(&process(cut), Size::Large), &whole, 35.0);
    assert_eq!(refusal(&file[..file.len() * 9 / 10]).0, "image_corrupt");
    assert_eq!(refusal(&file[..file.len() / 2]).0, "image_corrupt");
}

#[test]
fn jpeg_with_a_profile_in_255_segments() {
    let file = jpeg(&quarters(300, 200));
    let segments = (1..=255_u8).flat_map(|number| {
        let body = [b"ICC_PROFILE\0".as_slice(), &[number, 255, 7]].concat();
        [&[0xFF, 0xE2, 0, body.len() as u8 + 2], body.as_slice()].concat()
    });
    let segments: Vec<u8> = segments.collect();
    assert_quarters(&[&file[..2], segments.as_slice(), &file[2..]].concat(), Format::Jpeg);
}

#[test]
fn jpeg_of_inks_is_inverted_without_a_marker_too() {
    let inks = Jpeg { space: ColorSpace::JCS_CMYK, stored_as: ColorSpace::JCS_CMYK, ..Jpeg::default() };
    let mut file = inks.write(&plain(300, 200, [0, 255, 255, 255]));
    let marker = file.windows(4).position(|window| window[..2] == [0xFF, 0xEE]).unwrap();
    file.drain(marker..marker + 2 + 14);
    assert_near(show(&process(&file), Size::Large).middle(), [0, 255, 255], 4);
}

#[test]
fn png_without_its_end() {
    for file in [Png::default().write(&quarters(300, 200)), interlaced_png::<3>(&quarters(300, 200))] {
        // The last chunk takes twelve bytes, and the checksum before it four.
        for missing in 1..=16 {
            assert_quarters(&file[..file.len() - missing], Format::Png);
        }
        assert_eq!(refusal(&file[..file.len() / 2]).0, "image_corrupt");
    }
}

#[test]
fn png_with_a_wrong_checksum() {
    for mut file in [Png::default().write(&quarters(300, 200)), interlaced_png::<3>(&quarters(300, 200))] {
        let checksum = file.len() - 16;
        file[checksum] ^= 0x55;
        assert_quarters(&file, Format::Png);
    }
}

/// The first frame of a GIF, of these colours: 0 is red and 1 is blue.
fn frame(left: u16, top: u16, width: u16, height: u16) -> gif::Frame<'static> {
    let pixel = |at: usize| u8::from(at % usize::from(width) >= usize::from(width) / 2);
    let buffer = (0..usize::from(width) * usize::from(height)).map(pixel).collect::<Vec<u8>>();
    gif::Frame { left, top, width, height, buffer: buffer.into(), ..gif::Frame::default() }
}

const COLOURS: [u8; 6] = [200, 50, 50, 50, 50, 200];

#[test]
fn gif_whose_frame_is_larger_than_its_screen() {
    let renditions = process(&gif((300, 200), &frame(0, 0, 400, 300), &COLOURS));
    assert_eq!((renditions.width, renditions.height), (300, 200));
    let shown = show(&renditions, Size::Large);
    assert_near(shown.pixel(100, 100), [200, 50, 50], 6);
    assert_near(shown.pixel(250, 190), [50, 50, 200], 6);
}

#[test]
fn gif_whose_frame_sticks_out_or_is_elsewhere() {
    let shown = show(&process(&gif((300, 200), &frame(200, 100, 200, 200), &COLOURS)), Size::Large);
    assert_near(shown.pixel(50, 50), [255; 3], 4);
    assert_near(shown.pixel(250, 150), [200, 50, 50], 6);
    let elsewhere = show(&process(&gif((300, 200), &frame(400, 300, 20, 20), &COLOURS)), Size::Large);
    assert_near(elsewhere.middle(), [255; 3], 4);
}

#[test]
fn gif_whose_screen_has_no_size() {
    let renditions = process(&gif((0, 0), &frame(7, 9, 300, 200), &COLOURS));
    assert_eq!((renditions.width, renditions.height), (300, 200));
    assert_near(show(&renditions, Size::Large).pixel(50, 100), [200, 50, 50], 6);
}

#[test]
fn gif_with_an_extension_that_nobody_knows() {
    let file = gif((300, 200), &frame(0, 0, 300, 200), &COLOURS);
    // After the header of 13 bytes and a palette of two colours.
    let (header, rest) = file.split_at(13 + 6);
    let file = [header, b"\x21\x42\x03abc\x02de\0", rest].concat();
    assert_near(show(&process(&file), Size::Large).pixel(50, 100), [200, 50, 50], 6);
}

#[test]
fn gif_whose_frame_is_beyond_the_limits_is_refused() {
    let mut file = gif((10, 10), &frame(0, 0, 10, 10), &COLOURS);
    let place = file.windows(5).position(|five| five == [0x2C, 0, 0, 0, 0]).unwrap() + 5;
    file[place..place + 4].copy_from_slice(&[0xFF; 4]);
    assert_eq!(refusal(&file).0, "image_too_large");
}

#[test]
fn jpegs_as_large_as_phones_and_panoramas() {
    let grey =
        Jpeg { space: ColorSpace::JCS_GRAYSCALE, stored_as: ColorSpace::JCS_GRAYSCALE, ..Jpeg::default() };
    for (width, height) in [(8192, 6144), (12_000, 9000), (16_382, 3628), (12_001, 1000), (20_000, 100)] {
        let renditions = process(&grey.write(&plain(width, height, [90])));
        assert_eq!((renditions.width, renditions.height), (width, height));
        assert_near(show(&renditions, Size::Large).middle(), [90; 3], 3);
    }
    let screenshot = process(&Png::default().write(&plain(1080, 12_500, [90, 120, 150])));
    assert_eq!((screenshot.width, screenshot.height), (1080, 12_500));
}
