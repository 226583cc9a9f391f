//! HEIF pictures that are laid together of others, and pictures beside the one to show.

use image::{DynamicImage, Rgb, RgbImage, imageops};

use crate::containers::{NAMES, SIDES, aperture, large, quarters};
use crate::make::{Items, body_of, boxed, versioned};
use crate::show::{assert_near, fixture, process, refusal};

/// A picture to lay on a canvas.
#[derive(Default)]
struct Layer<'a> {
    /// Where its corner is.
    at: (i16, i16),
    /// The file whose picture is used.
    tile: &'a [u8],
    /// Quarter turns against the clock.
    turns: u8,
    opacity: Option<&'a [u8]>,
    /// Whether the picture stands twice beside itself, in tiles.
    tiled: bool,
    /// Sides that it claims to have.
    claimed: Option<(u32, u32)>,
}

/// A canvas of 150 by 100.
#[derive(Default)]
struct Laid<'a> {
    fill: [u16; 4],
    layers: Vec<Layer<'a>>,
    /// Properties of the whole.
    properties: Vec<([u8; 4], Vec<u8>)>,
    /// Whether the whole is shown by way of another item that is the same picture.
    identity: bool,
}

const CANVAS: (u16, u16) = (150, 100);

impl Laid<'_> {
    fn write(&self) -> Vec<u8> {
        let mut items = Items::default();
        let avif = self.layers.first().is_none_or(|layer| &layer.tile[8..12] == b"avif");
        let brand: &[u8] = if avif { b"avif" } else { b"heic" };
        let mut tops = Vec::new();
        let mut description = vec![0, 0];
        description.extend(self.fill.iter().flat_map(|channel| channel.to_be_bytes()));
        description.extend([CANVAS.0.to_be_bytes(), CANVAS.1.to_be_bytes()].concat());
        for (number, layer) in (10..).step_by(10).zip(&self.layers) {
            layer.write(&mut items, avif, number);
            description.extend([layer.at.0.to_be_bytes(), layer.at.1.to_be_bytes()].concat());
            tops.push(number);
        }
        let properties: Vec<u8> =
            self.properties.iter().map(|(name, body)| items.property(boxed(name, body))).collect();
        items.item(1, b"iovl", &properties, &description);
        items.refer(b"dimg", 1, &tops);
        if self.identity {
            items.item(2, b"iden", &[], &[]);
            items.refer(b"dimg", 2, &[1]);
        }
        items.write(brand, if self.identity { 2 } else { 1 }, false)
    }
}

impl Layer<'_> {
    fn write(&self, items: &mut Items, avif: bool, number: u16) {
        let (kind, configuration): (&[u8], &[u8]) =
            if avif { (b"av01", b"av1C") } else { (b"hvc1", b"hvcC") };
        let coded = |items: &mut Items, number: u16, file: &[u8], more: &[u8]| {
            let extent = match self.claimed {
                Some((width, height)) => {
                    versioned(b"ispe", &[width.to_be_bytes(), height.to_be_bytes()].concat())
                }
                None => boxed(b"ispe", body_of(file, b"ispe")),
            };
            let own =
                [boxed(configuration, body_of(file, configuration)), extent].map(|one| items.property(one));
            items.item(number, kind, &[own.as_slice(), more].concat(), body_of(file, b"mdat"));
        };
        let turn = items.property(boxed(b"irot", &[self.turns]));
        if self.tiled {
            let sides = [SIDES.0 * 2, SIDES.1].map(u32::to_be_bytes).concat();
            let extent = items.property(versioned(b"ispe", &sides));
            let grid = [[0, 0, 0, 1].as_slice(), &sides[2..4], &sides[6..8]].concat();
            items.item(number, b"grid", &[extent, turn], &grid);
            items.refer(b"dimg", number, &[number + 1, number + 2]);
            coded(items, number + 1, self.tile, &[]);
            coded(items, number + 2, self.tile, &[]);
        } else {
            coded(items, number, self.tile, &[turn]);
        }
        if let Some(opacity) = self.opacity {
            let about = items.property(versioned(b"auxC", b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha\0"));
            coded(items, number + 3, opacity, &[about]);
            items.refer(b"auxl", number + 3, &[number]);
        }
    }
}

fn canvas(colour: [u8; 3]) -> DynamicImage {
    RgbImage::from_pixel(CANVAS.0.into(), CANVAS.1.into(), Rgb(colour)).into()
}

/// Fails unless a file is shown as `expected`, but for the pixels beside an edge.
#[track_caller]
fn assert_shows_all(file: &[u8], expected: &DynamicImage) {
    let renditions = process(file);
    assert_eq!((renditions.width, renditions.height), (expected.width(), expected.height()));
    let (shown, expected) = (large(&renditions), expected.to_rgb8());
    let mut compared = 0;
    for (x, y, pixel) in expected.enumerate_pixels() {
        let beside =
            |dx: u32, dy: u32| expected.get_pixel_checked((x + dx).wrapping_sub(8), (y + dy).wrapping_sub(8));
        if [(0, 0), (16, 0), (0, 16), (16, 16)].iter().all(|(dx, dy)| beside(*dx, *dy) == Some(pixel)) {
            assert_near(shown.pixel(x, y), pixel.0, 16);
            compared += 1;
        }
    }
    assert!(compared > 1000, "{compared}");
}

#[test]
fn pictures_are_laid_over_one_another_and_what_sticks_out_is_dropped() {
    for name in NAMES {
        let tile = fixture(name);
        let layer = |at| Layer { at, tile: &tile, ..Layer::default() };
        let layers =
            vec![layer((-20, -10)), layer((90, 70)), layer((40, 20)), layer((150, 0)), layer((0, -300))];
        let fill = [0x2000, 0x4000, 0x6000, 0xFFFF];
        let mut expected = canvas([0x20, 0x40, 0x60]);
        for (x, y) in [(-20, -10), (90, 70), (40, 20)] {
            imageops::replace(&mut expected, &quarters(), x, y);
        }
        let file = Laid { fill, layers, ..Laid::default() };
        assert_shows_all(&file.write(), &expected);
        // The whole is cropped, turned, and shown by way of another item as any picture is.
        let left = aperture([(100, 1), (100, 1), (-25, 1), (0, 1)]);
        let properties = vec![left, (*b"irot", vec![1])];
        let file = Laid { properties, identity: true, ..file };
        assert_shows_all(&file.write(), &expected.crop_imm(0, 0, 100, 100).rotate270());
    }
}

#[test]
fn a_canvas_is_as_opaque_as_it_says() {
    let tile = fixture("444.heic");
    for (fill, colour) in [([0, 0, 0, 0], [255; 3]), ([0xFFFF, 0, 0, 0x8000], [255, 127, 127])] {
        let layers = vec![Layer { at: (60, 40), tile: &tile, ..Layer::default() }];
        let mut expected = canvas(colour);
        imageops::replace(&mut expected, &quarters(), 60, 40);
        assert_shows_all(&Laid { fill, layers, ..Laid::default() }.write(), &expected);
    }
}

#[test]
fn layers_are_turned_and_put_together_before_they_are_laid() {
    for name in NAMES {
        let tile = fixture(name);
        let layers = vec![
            Layer { at: (-30, 20), tile: &tile, tiled: true, ..Layer::default() },
            Layer { at: (5, 2), tile: &tile, turns: 3, ..Layer::default() },
        ];
        let mut expected = canvas([0; 3]);
        imageops::replace(&mut expected, &quarters(), -30, 20);
        imageops::replace(&mut expected, &quarters(), -30 + i64::from(SIDES.0), 20);
        imageops::replace(&mut expected, &quarters().rotate90(), 5, 2);
        assert_shows_all(&Laid { fill: [0, 0, 0, 0xFFFF], layers, ..Laid::default() }.write(), &expected);
    }
}

#[test]
fn a_layer_lets_what_is_below_it_through() {
    for (name, grey) in [("444.avif", "400.avif"), ("444.heic", "400.heic")] {
        let (tile, opacity) = (fixture(name), fixture(grey));
        let alpha = large(&process(&opacity));
        let below = Layer { at: (0, 0), tile: &tile, turns: 2, ..Layer::default() };
        let above = Layer { at: (0, 0), tile: &tile, opacity: Some(&opacity), ..Layer::default() };
        let file = Laid { fill: [0, 0, 0, 0xFFFF], layers: vec![below, above], ..Laid::default() }.write();
        let shown = large(&process(&file));
        let (over, under) = (quarters().to_rgb8(), quarters().rotate180().to_rgb8());
        for (x, y) in [(20, 12), (76, 12), (20, 50), (76, 50)] {
            let part = f64::from(alpha.pixel(x, y)[0]) / 255.0;
            let mixed = |channel: usize| {
                let [over, under] =
                    [&over, &under].map(|picture| f64::from(picture.get_pixel(x, y).0[channel]));
                (over * part + under * (1.0 - part)) as u8
            };
            assert_near(shown.pixel(x, y), [mixed(0), mixed(1), mixed(2)], 16);
        }
    }
}

#[test]
fn a_picture_of_too_many_others_is_refused_by_name() {
    let tile = fixture("444.heic");
    let many = |count: usize, claimed| {
        let layer = || Layer { tile: &tile, claimed, ..Layer::default() };
        let layers = std::iter::repeat_with(layer).take(count).collect();
        refusal(&Laid { layers, ..Laid::default() }.write())
    };
    let (code, detail) = many(65, None);
    assert!(code == "image_too_large" && detail.contains("64"), "{code} {detail}");
    // Each may be as large, but not all of them.
    let (code, detail) = many(3, Some((8000, 8000)));
    assert!(code == "image_too_large" && detail.contains("120000000"), "{code} {detail}");
    let (code, _) = refusal(&Laid { layers: Vec::new(), ..Laid::default() }.write()[..]);
    assert_eq!(code, "image_corrupt");
}

#[test]
fn the_picture_to_show_may_be_the_thumbnail_of_a_larger_one() {
    for name in NAMES {
        let tile = fixture(name);
        let (kind, configuration): (&[u8], &[u8]) =
            if name.ends_with("avif") { (b"av01", b"av1C") } else { (b"hvc1", b"hvcC") };
        let mut items = Items::default();
        let of_tile =
            [boxed(configuration, body_of(&tile, configuration)), boxed(b"ispe", body_of(&tile, b"ispe"))];
        let of_tile = of_tile.map(|property| items.property(property));
        let sides = [SIDES.0 * 2, SIDES.1].map(u32::to_be_bytes).concat();
        let extent = items.property(versioned(b"ispe", &sides));
        items.item(1, b"grid", &[extent], &[[0, 0, 0, 1].as_slice(), &sides[2..4], &sides[6..8]].concat());
        for number in 2..=4 {
            items.item(number, kind, &of_tile, body_of(&tile, b"mdat"));
        }
        items.refer(b"dimg", 1, &[2, 3]);
        items.refer(b"thmb", 4, &[1]);
        for (primary, width) in [(1, SIDES.0 * 2), (4, SIDES.0)] {
            let renditions = process(&items.write(&tile[8..12], primary, false));
            assert_eq!((renditions.width, renditions.height), (width, SIDES.1));
        }
    }
}
