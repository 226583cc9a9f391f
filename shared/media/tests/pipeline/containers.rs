//! What a HEIF container says of its picture: what is cropped and turned, in which order, where the opacity
//! is, and which item is shown.

use image::{DynamicImage, RgbImage};
use media::{Renditions, Size};

use crate::make::{Heif, Opacity, QUARTERS};
use crate::show::{Shown, assert_near, fixture, process, show};

pub(crate) const NAMES: [&str; 2] = ["444.avif", "444.heic"];
/// The sides of the picture in them.
pub(crate) const SIDES: (u32, u32) = (96, 64);

/// A property of four fractions: width, height and the place of the middle.
pub(crate) fn aperture(numbers: [(i32, u32); 4]) -> ([u8; 4], Vec<u8>) {
    let fraction = |(above, below): (i32, u32)| [above.to_be_bytes(), below.to_be_bytes()].concat();
    (*b"clap", numbers.into_iter().flat_map(fraction).collect())
}

pub(crate) fn large(renditions: &Renditions) -> Shown {
    show(renditions, Size::Large)
}

/// Fails unless this picture of [`QUARTERS`] is shown as `expected`.
#[track_caller]
pub(crate) fn assert_shows(file: &[u8], expected: &DynamicImage) {
    let renditions = process(file);
    assert_eq!((renditions.width, renditions.height), (expected.width(), expected.height()));
    let (shown, expected) = (large(&renditions), expected.to_rgb8());
    for x in [3, shown.width - 4] {
        for y in [3, shown.height - 4] {
            assert_near(shown.pixel(x, y), expected.get_pixel(x, y).0, 16);
        }
    }
}

/// The picture in the fixtures.
pub(crate) fn quarters() -> DynamicImage {
    let (width, height) = SIDES;
    RgbImage::from_fn(width, height, |x, y| {
        QUARTERS[usize::from(x >= width / 2) + 2 * usize::from(y >= height / 2)].into()
    })
    .into()
}

#[test]
fn a_clean_aperture_is_cropped() {
    for name in NAMES {
        let tile = fixture(name);
        // 40 by 30 whose middle is 20 to the right and 15 below: the bottom right quarter alone.
        let first = vec![aperture([(40, 1), (30, 1), (20, 1), (30, 2)])];
        let file = Heif { tile: &tile, first, ..Heif::default() }.write();
        assert_shows(&file, &quarters().crop_imm(48, 32, 40, 30));
        // Of a side that is no multiple of two, the last column and row are padding.
        let first = vec![aperture([(95, 1), (63, 1), (-1, 2), (-1, 2)])];
        let file = Heif { tile: &tile, first, ..Heif::default() }.write();
        assert_shows(&file, &quarters().crop_imm(0, 0, 95, 63));
    }
}

#[test]
fn a_clean_aperture_of_a_grid_is_cropped() {
    for name in NAMES {
        let tile = fixture(name);
        let first = vec![aperture([(100, 1), (40, 1), (0, 1), (24, 1)])];
        let file = Heif { tile: &tile, grid: Some(((3, 2), (280, 120))), first, ..Heif::default() }.write();
        let renditions = process(&file);
        assert_eq!((renditions.width, renditions.height), (100, 40));
        // From (90, 64) on: the first rows of the second row of tiles, from the end of the first tile on.
        let shown = large(&renditions);
        assert_near(shown.pixel(2, 4), QUARTERS[1], 16);
        assert_near(shown.pixel(20, 4), QUARTERS[0], 16);
        assert_near(shown.pixel(20, 36), QUARTERS[2], 16);
    }
}

#[test]
fn an_aperture_is_cropped_before_or_after_the_turn() {
    for name in NAMES {
        let tile = fixture(name);
        let turn = (*b"irot", vec![1]);
        let upper = aperture([(64, 1), (48, 1), (0, 1), (-8, 1)]);
        let before = Heif { tile: &tile, first: vec![upper, turn.clone()], ..Heif::default() }.write();
        assert_shows(&before, &quarters().crop_imm(16, 0, 64, 48).rotate270());
        let upper = aperture([(64, 1), (48, 1), (0, 1), (-24, 1)]);
        let after = Heif { tile: &tile, first: vec![turn, upper], ..Heif::default() }.write();
        assert_shows(&after, &quarters().rotate270().crop_imm(0, 0, 64, 48));
    }
}

#[test]
fn turns_and_mirrors_are_applied_in_their_order() {
    let mirrored = |picture: &DynamicImage, axis| if axis == 0 { picture.flipv() } else { picture.fliph() };
    let turned = |picture: DynamicImage, quarters: u8| (0..quarters).fold(picture, |p, _| p.rotate270());
    for name in NAMES {
        let tile = fixture(name);
        for axis in [0, 1] {
            for quarters_left in 1..4 {
                let mirror = (*b"imir", vec![axis]);
                let turns = Some(quarters_left);
                let file = Heif { tile: &tile, first: vec![mirror], turns, ..Heif::default() }.write();
                assert_shows(&file, &turned(mirrored(&quarters(), axis), quarters_left));
                let file = Heif { tile: &tile, turns, mirror: Some(axis), ..Heif::default() }.write();
                assert_shows(&file, &mirrored(&turned(quarters(), quarters_left), axis));
            }
        }
    }
}

#[test]
fn a_picture_that_is_another_one_shown_differently() {
    for name in NAMES {
        let tile = fixture(name);
        let file = Heif { tile: &tile, identity: true, turns: Some(1), ..Heif::default() };
        assert_shows(&file.write(), &quarters().rotate270());
        // The other one may be in tiles.
        let renditions = process(&Heif { grid: Some(((2, 1), (192, 64))), ..file }.write());
        assert_eq!((renditions.width, renditions.height), (64, 192));
        let corners = [QUARTERS[1], QUARTERS[3], QUARTERS[0], QUARTERS[2]];
        for (found, expected) in large(&renditions).corners().into_iter().zip(corners) {
            assert_near(found, expected, 16);
        }
    }
}

#[test]
fn data_may_stand_before_their_description() {
    for name in NAMES {
        let file = Heif { tile: &fixture(name), data_first: true, ..Heif::default() }.write();
        assert_shows(&file, &quarters());
    }
}

#[test]
fn opacity_of_the_whole_or_of_each_tile_is_that_of_the_picture() {
    // As opacity, the picture without colour: almost clear where it is blue, almost opaque where it is white.
    for (name, grey) in [("444.avif", "400.avif"), ("444.heic", "400.heic")] {
        let (tile, opacity) = (fixture(name), fixture(grey));
        let grey = process(&opacity);
        let alpha = |at: (u32, u32)| f64::from(large(&grey).pixel(at.0, at.1)[0]) / 255.0;
        let places = [(20, 12), (76, 12), (20, 50), (76, 50)];
        for (grid, of_tiles) in
            [(None, false), (Some(((2, 2), (192, 128))), false), (Some(((2, 2), (192, 128))), true)]
        {
            for premultiplied in [false, true] {
                if premultiplied && of_tiles {
                    continue;
                }
                let opacity = Some(Opacity { tile: &opacity, of_tiles, premultiplied });
                let shown = large(&process(&Heif { tile: &tile, grid, opacity, ..Heif::default() }.write()));
                for (at, colour) in places.into_iter().zip(QUARTERS) {
                    let over = |colour: u8| {
                        let part = if premultiplied { 1.0 } else { alpha(at) };
                        (f64::from(colour) * part + 255.0 * (1.0 - alpha(at))).min(255.0) as u8
                    };
                    assert_near(shown.pixel(at.0, at.1), colour.map(over), 16);
                    if grid.is_some() {
                        assert_near(shown.pixel(at.0 + 96, at.1 + 64), colour.map(over), 16);
                    }
                }
            }
        }
    }
}

#[test]
fn colours_without_a_description_in_the_container_are_as_the_stream_says() {
    for name in ["444.heic", "420.heic", "444.avif", "420.avif"] {
        let mut file = fixture(name);
        let expected = large(&process(&file));
        let at = file.windows(4).position(|four| four == b"nclx").unwrap();
        file[at - 4..at].copy_from_slice(b"free");
        let shown = large(&process(&file));
        for (found, expected) in shown.corners().into_iter().zip(expected.corners()) {
            assert_near(found, expected, 4);
        }
    }
}
