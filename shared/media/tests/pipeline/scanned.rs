//! TIFF and BMP, as scanners and old tools write them.

use std::io::Write;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use image::codecs::{bmp::BmpEncoder, tiff::TiffEncoder};
use image::{ExtendedColorType, ImageEncoder};
use media::{Format, Limits, Size};

use crate::make::{Pixels, Png, QUARTERS, paint, photo, plain, quarters};
use crate::show::{assert_alike, assert_near, process, refusal, show};

/// A page of a TIFF: its pixels, packed, and what is said of them.
pub(crate) struct Tiff {
    pub(crate) pixels: Pixels,
    /// 0 and 1 for grey, 2 for colours, 3 for a palette, 5 for inks.
    pub(crate) photometric: u16,
    pub(crate) bits: u16,
    pub(crate) samples: u16,
    pub(crate) compression: u16,
    pub(crate) big_endian: bool,
    /// Further tags of short numbers.
    pub(crate) tags: Vec<(u16, Vec<u16>)>,
    pub(crate) icc: Option<Vec<u8>>,
}

impl Tiff {
    pub(crate) fn of(pixels: Pixels, photometric: u16, samples: u16) -> Self {
        let (tags, icc) = (Vec::new(), None);
        Self { pixels, photometric, bits: 8, samples, compression: 1, big_endian: false, tags, icc }
    }

    pub(crate) fn colours(pixels: Pixels) -> Self {
        Self::of(pixels, 2, 3)
    }

    pub(crate) fn tag(mut self, tag: u16, values: &[u16]) -> Self {
        self.tags.push((tag, values.to_vec()));
        self
    }

    pub(crate) fn write(&self) -> Vec<u8> {
        write_tiff(&[self])
    }

    fn u16(&self, number: u16) -> [u8; 2] {
        if self.big_endian { number.to_be_bytes() } else { number.to_le_bytes() }
    }

    fn u32(&self, number: u32) -> [u8; 4] {
        if self.big_endian { number.to_be_bytes() } else { number.to_le_bytes() }
    }

    fn shorts(&self, values: &[u16]) -> Vec<u8> {
        values.iter().flat_map(|value| self.u16(*value)).collect()
    }
}

/// A TIFF of these pages: for each its strip, its directory, and the values that do not fit into it.
pub(crate) fn write_tiff(pages: &[&Tiff]) -> Vec<u8> {
    const SHORT: u16 = 3;
    const LONG: u16 = 4;
    const UNDEFINED: u16 = 7;
    let first = pages[0];
    let mut file = if first.big_endian { b"MM\0*".to_vec() } else { b"II*\0".to_vec() };
    let mut link = file.len();
    file.extend([0; 4]);
    for page in pages {
        let strip = u32::try_from(file.len()).unwrap();
        file.extend(&page.pixels.data);
        file.resize(file.len().next_multiple_of(2), 0);
        let long = |number: u32| (LONG, 1, page.u32(number).to_vec());
        let short = |values: &[u16]| (SHORT, values.len(), page.shorts(values));
        let mut entries = vec![
            (256, long(page.pixels.width)),
            (257, long(page.pixels.height)),
            (258, short(&vec![page.bits; page.samples.into()])),
            (259, short(&[page.compression])),
            (262, short(&[page.photometric])),
            (273, long(strip)),
            (277, short(&[page.samples])),
            (278, long(page.pixels.height)),
            (279, long(u32::try_from(page.pixels.data.len()).unwrap())),
        ];
        entries.extend(page.tags.iter().map(|(tag, values)| (*tag, short(values))));
        entries.extend(page.icc.iter().map(|icc| (34675, (UNDEFINED, icc.len(), icc.clone()))));
        entries.sort_by_key(|(tag, _)| *tag);

        let directory = file.len();
        let mut beyond = directory + 2 + 12 * entries.len() + 4;
        let mut values = Vec::new();
        file[link..link + 4].copy_from_slice(&page.u32(u32::try_from(directory).unwrap()));
        file.extend(page.u16(u16::try_from(entries.len()).unwrap()));
        for (tag, (kind, count, mut value)) in entries {
            file.extend(page.u16(tag));
            file.extend(page.u16(kind));
            file.extend(page.u32(u32::try_from(count).unwrap()));
            if value.len() <= 4 {
                value.resize(4, 0);
                file.extend(value);
            } else {
                file.extend(page.u32(u32::try_from(beyond).unwrap()));
                beyond += value.len();
                values.extend(value);
            }
        }
        link = file.len();
        file.extend([0; 4]);
        file.extend(values);
        file.resize(file.len().next_multiple_of(2), 0);
    }
    file
}

/// A BMP with a header of 40 bytes or, with masks, of 108.
struct Bmp {
    width: i32,
    height: i32,
    bits: u16,
    compression: u32,
    palette: Vec<[u8; 4]>,
    /// Which bits are red, green, blue and opacity.
    masks: Option<[u32; 4]>,
    data: Vec<u8>,
}

impl Bmp {
    /// Rows from the bottom, packed by `pack` and filled up to whole words.
    fn of(pixels: &Pixels, bits: u16, pack: impl Fn(&[[u8; 3]]) -> Vec<u8>) -> Self {
        let (colours, _) = pixels.data.as_chunks::<3>();
        let mut data = Vec::new();
        for row in colours.chunks(pixels.width as usize).rev() {
            data.extend(pack(row));
            data.resize(data.len().next_multiple_of(4), 0);
        }
        let (width, height) = (pixels.width.cast_signed(), pixels.height.cast_signed());
        Self { width, height, bits, compression: 0, palette: Vec::new(), masks: None, data }
    }

    fn write(&self) -> Vec<u8> {
        let header: u32 = if self.masks.is_some() { 108 } else { 40 };
        let offset = 14 + header + 4 * u32::try_from(self.palette.len()).unwrap();
        let mut file = b"BM".to_vec();
        file.extend((offset + u32::try_from(self.data.len()).unwrap()).to_le_bytes());
        file.extend([0; 4]);
        file.extend(offset.to_le_bytes());
        file.extend(header.to_le_bytes());
        file.extend(self.width.to_le_bytes());
        file.extend(self.height.to_le_bytes());
        file.extend(1_u16.to_le_bytes());
        file.extend(self.bits.to_le_bytes());
        file.extend(self.compression.to_le_bytes());
        file.extend([0; 12]);
        file.extend(u32::try_from(self.palette.len()).unwrap().to_le_bytes());
        file.extend([0; 4]);
        if let Some(masks) = self.masks {
            file.extend(masks.iter().flat_map(|mask| mask.to_le_bytes()));
            file.resize(14 + header as usize, 0);
        }
        file.extend(self.palette.iter().flatten());
        file.extend(&self.data);
        file
    }
}

/// The colours of [`QUARTERS`] as a BMP's palette.
fn quarters_palette() -> Vec<[u8; 4]> {
    QUARTERS.map(|[r, g, b]| [b, g, r, 0]).to_vec()
}

/// Which of [`QUARTERS`] a pixel is.
fn index(pixel: [u8; 3]) -> u8 {
    QUARTERS.iter().position(|quarter| *quarter == pixel).unwrap() as u8
}

#[track_caller]
fn assert_quarters(file: &[u8], format: Format) {
    let renditions = process(file);
    assert_eq!(renditions.format, format);
    for size in Size::ALL {
        for (found, expected) in show(&renditions, size).corners().into_iter().zip(QUARTERS) {
            assert_near(found, expected, 9);
        }
    }
}

#[track_caller]
fn assert_middle(file: &[u8], expected: [u8; 3]) {
    assert_near(show(&process(file), Size::Large).middle(), expected, 4);
}

#[track_caller]
fn assert_unsupported(file: &[u8], name: &str) {
    let (code, detail) = refusal(file);
    assert_eq!(code, "image_unsupported");
    assert!(detail.starts_with(name), "{detail}");
}

/// Each sample as two bytes, of which the lower is noise.
fn deep(pixels: &Pixels, big_endian: bool) -> Pixels {
    let wide = |sample: &u8| {
        let sample = u16::from(*sample) << 8 | 0x5A;
        if big_endian { sample.to_be_bytes() } else { sample.to_le_bytes() }
    };
    Pixels { data: pixels.data.iter().flat_map(wide).collect(), ..*pixels }
}

fn packed(pixels: &Pixels) -> Pixels {
    let mut packer = ZlibEncoder::new(Vec::new(), Compression::fast());
    packer.write_all(&pixels.data).unwrap();
    Pixels { data: packer.finish().unwrap(), ..*pixels }
}

#[test]
fn tiff_in_either_byte_order_at_either_depth() {
    for big_endian in [false, true] {
        let colours = |pixels: Pixels, bits: u16| Tiff { bits, big_endian, ..Tiff::colours(pixels) }.write();
        assert_quarters(&colours(quarters(301, 203), 8), Format::Tiff);
        assert_quarters(&colours(deep(&quarters(301, 203), big_endian), 16), Format::Tiff);
        let grey = |bits: u16, pixels: Pixels| Tiff { bits, big_endian, ..Tiff::of(pixels, 1, 1) }.write();
        assert_middle(&grey(8, plain(300, 200, [120])), [120; 3]);
        assert_middle(&grey(16, deep(&plain(300, 200, [120]), big_endian)), [120; 3]);
    }
}

#[test]
fn tiff_written_by_another_encoder() {
    let pixels = quarters(300, 200);
    let mut file = std::io::Cursor::new(Vec::new());
    TiffEncoder::new(&mut file).write_image(&pixels.data, 300, 200, ExtendedColorType::Rgb8).unwrap();
    assert_quarters(&file.into_inner(), Format::Tiff);
}

#[test]
fn tiff_compressed() {
    let deflated = Tiff { compression: 8, ..Tiff::colours(packed(&quarters(300, 200))) };
    assert_quarters(&deflated.write(), Format::Tiff);
    // PackBits: a colour channel of 128 equal bytes is a count and one byte.
    let run = |level: u8| Pixels { width: 128, height: 128, data: [0x81, level].repeat(128) };
    let runs = Tiff { compression: 32773, ..Tiff::of(run(77), 1, 1) };
    assert_middle(&runs.write(), [77; 3]);
}

#[test]
fn tiff_of_black_and_white() {
    let bits = |byte: u8| Pixels { width: 240, height: 200, data: vec![byte; 240 / 8 * 200] };
    for (photometric, byte, level) in [(0, 0x00, 255), (0, 0xFF, 0), (1, 0x00, 0), (1, 0xFF, 255)] {
        let page = Tiff { bits: 1, ..Tiff::of(bits(byte), photometric, 1) };
        assert_middle(&page.write(), [level; 3]);
    }
}

#[test]
fn tiff_with_opacity_of_either_kind() {
    // The extra sample is opacity, by which colours were (1) or were not (2) multiplied.
    let file = |kind: u16, pixel: [u8; 4]| Tiff::of(plain(300, 200, pixel), 2, 4).tag(338, &[kind]).write();
    assert_middle(&file(2, [200, 0, 0, 128]), [227, 127, 127]);
    assert_middle(&file(1, [100, 0, 0, 128]), [227, 127, 127]);
    assert_middle(&file(2, [200, 0, 0, 0]), [255; 3]);
}

#[test]
fn tiff_of_inks() {
    let file = |inks: [u8; 4]| Tiff::of(plain(300, 200, inks), 5, 4).write();
    assert_middle(&file([0, 0, 0, 0]), [255; 3]);
    assert_middle(&file([255, 0, 0, 0]), [0, 255, 255]);
    assert_middle(&file([0, 0, 0, 255]), [0, 0, 0]);
}

#[test]
fn tiff_in_planes() {
    let pixels = quarters(300, 200);
    let plane = |channel: usize| pixels.data.iter().skip(channel).step_by(3).copied().collect::<Vec<u8>>();
    let data = [plane(0), plane(1), plane(2)].concat();
    let page = Tiff::colours(Pixels { data, ..pixels }).tag(284, &[2]);
    let mut file = page.write();
    // One strip for each plane: their places and lengths stand behind everything else.
    let size = 300 * 200_u32;
    let behind = u32::try_from(file.len()).unwrap();
    for (tag, at, values) in [(273_u16, behind, [8, 8 + size, 8 + 2 * size]), (279, behind + 12, [size; 3])] {
        let entry = file.windows(4).rposition(|four| four == [tag.to_le_bytes(), [4, 0]].concat()).unwrap();
        file[entry + 4..entry + 8].copy_from_slice(&3_u32.to_le_bytes());
        file[entry + 8..entry + 12].copy_from_slice(&at.to_le_bytes());
        file.extend(values.iter().flat_map(|value| value.to_le_bytes()));
    }
    assert_quarters(&file, Format::Tiff);
}

#[test]
fn tiff_in_tiles() {
    let pixels = quarters(304, 208);
    // One tile of the whole picture, which is stored where the strip was.
    let mut file = Tiff::colours(pixels).tag(322, &[304]).tag(323, &[208]).write();
    for (strip, tile) in [(273_u16, 324_u16), (279, 325)] {
        let entry = [strip.to_le_bytes(), [4, 0]].concat();
        let at = file.windows(4).rposition(|four| four == entry).unwrap();
        file[at..at + 2].copy_from_slice(&tile.to_le_bytes());
    }
    assert_quarters(&file, Format::Tiff);
}

#[test]
fn tiff_of_several_pages_shows_the_first() {
    let (first, second) = (Tiff::colours(quarters(300, 200)), Tiff::of(plain(64, 64, [9]), 1, 1));
    let file = write_tiff(&[&first, &second]);
    assert_quarters(&file, Format::Tiff);
    let renditions = process(&file);
    assert_eq!((renditions.width, renditions.height), (300, 200));
}

#[test]
fn tiff_that_is_large_is_averaged_first_and_looks_the_same() {
    let pixels = photo(4403, 701);
    let expected = process(&Png::default().write(&pixels));
    for file in [
        Tiff::colours(Pixels { data: pixels.data.clone(), ..pixels }).write(),
        Tiff { bits: 16, ..Tiff::colours(deep(&pixels, false)) }.write(),
        Bmp::of(&pixels, 24, |row| row.iter().flat_map(|[r, g, b]| [*b, *g, *r]).collect()).write(),
    ] {
        assert_alike(&show(&process(&file), Size::Large), &show(&expected, Size::Large), 45.0);
    }
}

#[test]
fn tiff_of_what_is_not_decoded_is_named() {
    let page = |photometric: u16, samples: u16| {
        let size = usize::from(samples) * 64 * 64;
        Tiff::of(Pixels { width: 64, height: 64, data: vec![1; size] }, photometric, samples)
    };
    assert_unsupported(&page(3, 1).tag(320, &[0; 768]).write(), "A TIFF with a palette");
    assert_unsupported(&page(6, 3).write(), "A TIFF of brightness and colour difference");
    assert_unsupported(&page(8, 3).write(), "A TIFF in L*a*b*");
    for compression in [6, 7] {
        assert_unsupported(&Tiff { compression, ..page(2, 3) }.write(), "A TIFF that holds a JPEG");
    }
    assert_unsupported(&Tiff { compression: 34661, ..page(1, 1) }.write(), "A TIFF of this kind");
    assert_unsupported(&Tiff { bits: 4, ..page(1, 1) }.write(), "A TIFF of this kind");
    let floating = Tiff { bits: 32, ..page(2, 3) }.tag(339, &[3, 3, 3]);
    assert_unsupported(&floating.write(), "A TIFF of floating-point numbers");
    // Raw files begin with a preview, or say that they are DNG.
    assert_unsupported(&page(2, 3).tag(254, &[1]).write(), "A camera's raw file");
    assert_unsupported(&page(2, 3).tag(50706, &[1]).write(), "A camera's raw file");
    assert_unsupported(&page(32803, 1).write(), "A camera's raw file");
    assert_unsupported(b"II+\0\x08\0\0\0", "BigTIFF");
}

#[test]
fn tiff_beyond_the_limits_is_refused_by_its_header() {
    let page = |width: u32, height: u32| Pixels { width, height, data: vec![0; 16] };
    let code = |page: Tiff| refusal(&page.write()).0;
    assert_eq!(code(Tiff::colours(page(60_000, 60_000))), "image_too_large");
    assert_eq!(code(Tiff::colours(page(20_001, 1))), "image_too_large");
    assert_eq!(code(Tiff::colours(page(0, 10))), "image_corrupt");
    // 118 megapixels of eight bits fit into memory twice, those of sixteen do not.
    let deflated = |bits: u16| Tiff { compression: 8, bits, ..Tiff::colours(page(10_900, 10_900)) };
    assert_eq!(code(deflated(16)), "image_too_large");
    assert_eq!(code(deflated(8)), "image_corrupt");
}

#[test]
fn tiff_or_bmp_cut_off_anywhere_is_corrupt() {
    let pixels = photo(160, 120);
    let bgr = |row: &[[u8; 3]]| row.iter().flat_map(|[r, g, b]| [*b, *g, *r]).collect();
    let bmp = Bmp::of(&pixels, 24, bgr).write();
    // Its directory first, so that there is something to cut off the pixels.
    let tiff = {
        let mut file = std::io::Cursor::new(Vec::new());
        TiffEncoder::new(&mut file).write_image(&pixels.data, 160, 120, ExtendedColorType::Rgb8).unwrap();
        file.into_inner()
    };
    for whole in [tiff, Tiff::colours(pixels).write(), bmp] {
        for part in 1..16 {
            let (code, detail) = refusal(&whole[..whole.len() * part / 16]);
            assert_eq!(code, "image_corrupt", "{part}/16: {detail}");
        }
    }
}

#[test]
fn bmp_of_colours_at_every_depth() {
    let pixels = quarters(301, 203);
    let bgr = |row: &[[u8; 3]]| row.iter().flat_map(|[r, g, b]| [*b, *g, *r]).collect();
    assert_quarters(&Bmp::of(&pixels, 24, bgr).write(), Format::Bmp);
    let bgrx = |row: &[[u8; 3]]| row.iter().flat_map(|[r, g, b]| [*b, *g, *r, 0]).collect();
    assert_quarters(&Bmp::of(&pixels, 32, bgrx).write(), Format::Bmp);
    let fives = |row: &[[u8; 3]]| {
        let five = |level: u8| u16::from(level >> 3);
        row.iter().flat_map(|[r, g, b]| (five(*r) << 10 | five(*g) << 5 | five(*b)).to_le_bytes()).collect()
    };
    assert_quarters(&Bmp::of(&pixels, 16, fives).write(), Format::Bmp);
    let sixes = |row: &[[u8; 3]]| {
        let bits = |level: u8, count: u32| u16::from(level) >> (8 - count);
        row.iter()
            .flat_map(|[r, g, b]| (bits(*r, 5) << 11 | bits(*g, 6) << 5 | bits(*b, 5)).to_le_bytes())
            .collect()
    };
    let masks = Some([0xF800, 0x07E0, 0x001F, 0]);
    assert_quarters(&Bmp { masks, compression: 3, ..Bmp::of(&pixels, 16, sixes) }.write(), Format::Bmp);
}

#[test]
fn bmp_from_the_top() {
    let pixels = quarters(300, 200);
    let bgr = |row: &[[u8; 3]]| row.iter().flat_map(|[r, g, b]| [*b, *g, *r]).collect();
    let mut upright = Bmp::of(&pixels, 24, bgr);
    upright.data = upright.data.chunks(900).rev().flatten().copied().collect();
    upright.height = -200;
    let file = upright.write();
    assert_quarters(&file, Format::Bmp);
    assert_eq!(process(&file).height, 200);
}

#[test]
fn bmp_of_a_palette() {
    let pixels = quarters(304, 200);
    let palette = quarters_palette();
    let bytes = |row: &[[u8; 3]]| row.iter().map(|pixel| index(*pixel)).collect();
    let nibbles = |row: &[[u8; 3]]| row.chunks(2).map(|pair| index(pair[0]) << 4 | index(pair[1])).collect();
    assert_quarters(&Bmp { palette: palette.clone(), ..Bmp::of(&pixels, 8, bytes) }.write(), Format::Bmp);
    assert_quarters(&Bmp { palette, ..Bmp::of(&pixels, 4, nibbles) }.write(), Format::Bmp);
    let two = vec![[0, 0, 0, 0], [30, 200, 30, 0]];
    let ones = |row: &[[u8; 3]]| vec![0xFF; row.len() / 8];
    assert_middle(&Bmp { palette: two, ..Bmp::of(&pixels, 1, ones) }.write(), [30, 200, 30]);
}

#[test]
fn bmp_in_runs() {
    // Rows of 150 equal indices twice, then the end of the row; at last that of the picture.
    let row = |left: u8, right: u8| vec![150, left, 150, right, 0, 0];
    let data = [row(2, 3).repeat(100), row(0, 1).repeat(100), vec![0, 1]].concat();
    let eights = Bmp { data, palette: quarters_palette(), ..Bmp::of(&quarters(300, 200), 8, |_| Vec::new()) };
    assert_quarters(&Bmp { compression: 1, ..eights }.write(), Format::Bmp);
    let row = |left: u8, right: u8| vec![150, left << 4 | left, 150, right << 4 | right, 0, 0];
    let data = [row(2, 3).repeat(100), row(0, 1).repeat(100), vec![0, 1]].concat();
    let fours = Bmp { data, palette: quarters_palette(), ..Bmp::of(&quarters(300, 200), 4, |_| Vec::new()) };
    assert_quarters(&Bmp { compression: 2, ..fours }.write(), Format::Bmp);
}

#[test]
fn bmp_with_opacity() {
    let clear = |row: &[[u8; 3]]| row.iter().flat_map(|[r, g, b]| [*b, *g, *r, 128]).collect();
    let masks = Some([0x00FF_0000, 0x0000_FF00, 0x0000_00FF, 0xFF00_0000]);
    let file = Bmp { masks, compression: 3, ..Bmp::of(&plain(300, 200, [200, 0, 0]), 32, clear) };
    assert_middle(&file.write(), [227, 127, 127]);
}

#[test]
fn bmp_of_the_oldest_header() {
    let mut file = b"BM\0\0\0\0\0\0\0\0\x1A\0\0\0\x0C\0\0\0".to_vec();
    for number in [300_u16, 200, 1, 24] {
        file.extend(number.to_le_bytes());
    }
    file.extend([90, 60, 30].repeat(300 * 200));
    assert_middle(&file, [30, 60, 90]);
}

#[test]
fn bmp_written_by_another_encoder() {
    let pixels = quarters(300, 200);
    let mut file = Vec::new();
    BmpEncoder::new(&mut file).write_image(&pixels.data, 300, 200, ExtendedColorType::Rgb8).unwrap();
    assert_quarters(&file, Format::Bmp);
}

#[test]
fn bmp_beyond_the_limits_or_of_no_size_is_refused_by_its_header() {
    let bmp =
        |width: i32, height: i32| Bmp { width, height, ..Bmp::of(&quarters(8, 8), 24, |_| vec![0; 24]) };
    assert_eq!(refusal(&bmp(60_000, 60_000).write()).0, "image_too_large");
    assert_eq!(refusal(&bmp(8, i32::MIN).write()).0, "image_too_large");
    assert_eq!(refusal(&bmp(-8, 8).write()).0, "image_corrupt");
    assert_eq!(refusal(&bmp(0, 8).write()).0, "image_corrupt");
    let limits = Limits { memory: 1_000_000, ..Limits::default() };
    let code = media::process(&bmp(600, 600).write(), &limits).unwrap_err().code();
    assert_eq!(code, "image_too_large");
}

#[test]
fn bmp_that_holds_another_picture_is_named() {
    let holding = |compression| Bmp { compression, ..Bmp::of(&quarters(8, 8), 24, |_| vec![0; 24]) };
    for compression in [4, 5, 11] {
        assert_unsupported(&holding(compression).write(), "A BMP of this kind");
    }
}

#[test]
fn a_text_that_begins_as_a_bmp_is_none() {
    assert_eq!(Format::sniff(b"BMW is a maker of cars and motorcycles."), None);
    assert_eq!(Format::sniff(&Bmp::of(&quarters(8, 8), 24, |_| vec![0; 24]).write()), Some(Format::Bmp));
    assert_eq!(Format::sniff(b"MM\0*\0\0\0\x08"), Some(Format::Tiff));
    assert_eq!(Format::sniff(&Tiff::colours(paint(8, 8, |_, _| [1; 3])).write()), Some(Format::Tiff));
}
