//! Every orientation comes out upright, whatever it came in.

use media::{Encoding, Renditions, Size};

use crate::make::{Heif, Jpeg, Pixels, Png, QUARTERS, exif, paint, photo, quarters, webp_with};
use crate::scanned::Tiff;
use crate::show::{assert_near, decode, file, fixture, process, show};

const WIDTH: u32 = 1300;
const HEIGHT: u32 = 900;

/// The stored pixels that `orientation` turns into `shown`, written from the EXIF definition: which sides of
/// the shown picture the stored first row and first column are.
fn stored(orientation: u16, shown: &Pixels) -> Pixels {
    let at = |x: u32, y: u32| -> [u8; 3] {
        let at = (y * WIDTH + x) as usize * 3;
        shown.data[at..at + 3].try_into().unwrap()
    };
    let (right, bottom) = (WIDTH - 1, HEIGHT - 1);
    match orientation {
        1 => paint(WIDTH, HEIGHT, at),                      // row 0 top, column 0 left
        2 => paint(WIDTH, HEIGHT, |x, y| at(right - x, y)), // top, right
        3 => paint(WIDTH, HEIGHT, |x, y| at(right - x, bottom - y)), // bottom, right
        4 => paint(WIDTH, HEIGHT, |x, y| at(x, bottom - y)), // bottom, left
        5 => paint(HEIGHT, WIDTH, |x, y| at(y, x)),         // left, top
        6 => paint(HEIGHT, WIDTH, |x, y| at(right - y, x)), // right, top
        7 => paint(HEIGHT, WIDTH, |x, y| at(right - y, bottom - x)), // right, bottom
        8 => paint(HEIGHT, WIDTH, |x, y| at(y, bottom - x)), // left, bottom
        _ => panic!("no such orientation"),
    }
}

#[track_caller]
fn assert_upright(renditions: &Renditions) {
    assert_eq!((renditions.width, renditions.height), (WIDTH, HEIGHT));
    for size in Size::ALL {
        for encoding in Encoding::ALL {
            let shown = decode(file(renditions, size, encoding));
            assert_eq!((shown.width, shown.height), (size.side(), size.side() * HEIGHT / WIDTH));
            for (found, expected) in shown.corners().into_iter().zip(QUARTERS) {
                assert_near(found, expected, 12);
            }
        }
    }
}

#[test]
fn jpeg_in_all_eight_orientations() {
    let shown = quarters(WIDTH, HEIGHT);
    for orientation in 1..=8 {
        let jpeg = Jpeg { exif: Some(exif(orientation)), ..Jpeg::default() };
        assert_upright(&process(&jpeg.write(&stored(orientation, &shown))));
    }
}

#[test]
fn a_picture_looks_the_same_however_it_was_stored() {
    let shown = photo(WIDTH, HEIGHT);
    let hash = |orientation| {
        let jpeg = Jpeg { exif: Some(exif(orientation)), ..Jpeg::default() };
        process(&jpeg.write(&stored(orientation, &shown))).phash
    };
    let upright = hash(1);
    for orientation in 2..=8 {
        let turned = hash(orientation);
        assert!((turned ^ upright).count_ones() <= 2, "orientation {orientation}: {turned:x}, {upright:x}");
    }
}

#[test]
fn png_and_webp_in_all_eight_orientations() {
    let shown = quarters(WIDTH, HEIGHT);
    for orientation in 1..=8 {
        let (pixels, exif) = (stored(orientation, &shown), exif(orientation));
        assert_upright(&process(&webp_with(&pixels, &[], &[(b"EXIF", &exif)])));
        let prefixed = [b"Exif\0\0".as_slice(), &exif].concat();
        assert_upright(&process(&webp_with(&pixels, &[], &[(b"EXIF", &prefixed)])));
        assert_upright(&process(&Png { exif: Some(exif), ..Png::default() }.write(&pixels)));
    }
}

#[test]
fn tiff_in_all_eight_orientations() {
    let shown = quarters(WIDTH, HEIGHT);
    for orientation in 1..=8 {
        let page = Tiff::colours(stored(orientation, &shown)).tag(274, &[orientation]);
        assert_upright(&process(&page.write()));
        assert_upright(&process(&Tiff { big_endian: true, ..page }.write()));
    }
}

#[test]
fn png_with_exif_after_its_pixels() {
    let before = Png { exif: Some(exif(6)), ..Png::default() }.write(&stored(6, &quarters(WIDTH, HEIGHT)));
    let at = before.windows(4).position(|window| window == b"eXIf").unwrap() - 4;
    let length = exif(6).len() + 12;
    let chunk = &before[at..at + length];
    let end = before.len() - 12;
    let after = [&before[..at], &before[at + length..end], chunk, &before[end..]].concat();
    assert_upright(&process(&after));
}

#[test]
fn avif_and_heic_turned_and_mirrored_by_their_container() {
    for name in ["444.avif", "444.heic"] {
        let tile = fixture(name);
        for turns in 0..4_u8 {
            for mirror in [None, Some(0), Some(1)] {
                let file = Heif { tile: &tile, turns: Some(turns), mirror, ..Heif::default() }.write();
                let renditions = process(&file);
                let expected = if turns % 2 == 0 { (96, 64) } else { (64, 96) };
                assert_eq!((renditions.width, renditions.height), expected);

                let [mut top_left, mut top_right, mut bottom_left, mut bottom_right] = QUARTERS;
                for _ in 0..turns {
                    // Against the clock: what was at the right comes to the top.
                    [top_left, top_right, bottom_left, bottom_right] =
                        [top_right, bottom_right, top_left, bottom_left];
                }
                let expected = match mirror {
                    None => [top_left, top_right, bottom_left, bottom_right],
                    Some(0) => [bottom_left, bottom_right, top_left, top_right],
                    Some(_) => [top_right, top_left, bottom_right, bottom_left],
                };
                let large = show(&renditions, Size::Large);
                for (found, expected) in large.corners().into_iter().zip(expected) {
                    assert_near(found, expected, 14);
                }
            }
        }
    }
}

#[test]
fn a_meaningless_orientation_is_none() {
    for orientation in [0, 9, 65535] {
        let file = Jpeg { exif: Some(exif(orientation)), ..Jpeg::default() }.write(&quarters(WIDTH, HEIGHT));
        assert_upright(&process(&file));
    }
}
