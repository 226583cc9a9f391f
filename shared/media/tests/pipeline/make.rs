//! Makes the files that go in.

use std::io::Cursor;

use mozjpeg::{ColorSpace, Compress, Marker};

/// Pixels to encode, some number of bytes each.
pub(crate) struct Pixels {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) data: Vec<u8>,
}

/// A picture painted pixel by pixel.
pub(crate) fn paint<const N: usize>(width: u32, height: u32, pixel: impl Fn(u32, u32) -> [u8; N]) -> Pixels {
    let data =
        (0..height).flat_map(|y| (0..width).map(move |x| (x, y))).flat_map(|(x, y)| pixel(x, y)).collect();
    Pixels { width, height, data }
}

/// One colour all over.
pub(crate) fn plain<const N: usize>(width: u32, height: u32, colour: [u8; N]) -> Pixels {
    paint(width, height, |_, _| colour)
}

/// The colours of [`quarters`]: top left, top right, bottom left, bottom right.
pub(crate) const QUARTERS: [[u8; 3]; 4] = [[220, 30, 30], [30, 200, 30], [30, 30, 220], [240, 240, 240]];

/// A different colour in each quarter, so that a corner tells which one it is.
pub(crate) fn quarters(width: u32, height: u32) -> Pixels {
    paint(width, height, |x, y| QUARTERS[usize::from(x >= width / 2) + 2 * usize::from(y >= height / 2)])
}

/// Something like a photograph: slow waves, an edge or two, and grain.
pub(crate) fn photo(width: u32, height: u32) -> Pixels {
    paint(width, height, |x, y| {
        let (fx, fy) = (f64::from(x) / f64::from(width), f64::from(y) / f64::from(height));
        let mut grain = u64::from(x).wrapping_mul(0x9E37_79B9_7F4A_7C15)
            ^ u64::from(y).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        grain = (grain ^ (grain >> 29)).wrapping_mul(0x94D0_49BB_1331_11EB);
        let grain = f64::from((grain >> 56) as u8) / 32.0;
        let edge = if (fx * 7.0 + fy * 3.0) % 2.0 < 1.0 { 30.0 } else { 0.0 };
        let wave = |rate: f64, phase: f64| 100.0 + 70.0 * (fx * rate + fy * 4.0 + phase).sin() + edge + grain;
        [wave(9.0, 0.0) as u8, wave(5.0, 1.0) as u8, wave(13.0, 2.0) as u8]
    })
}

/// How to write a JPEG.
pub(crate) struct Jpeg {
    pub(crate) space: ColorSpace,
    pub(crate) stored_as: ColorSpace,
    pub(crate) progressive: bool,
    pub(crate) full_colour: bool,
    /// How many pixels share a colour, across and down, when it is not full.
    pub(crate) shared: (u8, u8),
    pub(crate) quality: f32,
    pub(crate) exif: Option<Vec<u8>>,
    pub(crate) icc: Option<Vec<u8>>,
    pub(crate) comment: Option<&'static str>,
}

impl Default for Jpeg {
    fn default() -> Self {
        Self {
            space: ColorSpace::JCS_RGB,
            stored_as: ColorSpace::JCS_YCbCr,
            progressive: false,
            full_colour: false,
            shared: (2, 2),
            quality: 92.0,
            exif: None,
            icc: None,
            comment: None,
        }
    }
}

impl Jpeg {
    pub(crate) fn write(&self, pixels: &Pixels) -> Vec<u8> {
        let mut encoder = Compress::new(self.space);
        encoder.set_size(pixels.width as usize, pixels.height as usize);
        encoder.set_fastest_defaults();
        encoder.set_color_space(self.stored_as);
        encoder.set_quality(self.quality);
        let shared = if self.full_colour { (1, 1) } else { self.shared };
        if shared != (2, 2) {
            encoder.set_chroma_sampling_pixel_sizes(shared, shared);
        }
        if self.progressive {
            encoder.set_progressive_mode();
        }
        let mut started = encoder.start_compress(Vec::new()).unwrap();
        if let Some(exif) = &self.exif {
            started.write_marker(Marker::APP(1), &[b"Exif\0\0".as_slice(), exif].concat());
        }
        if let Some(icc) = &self.icc {
            let segment = [b"ICC_PROFILE\0".as_slice(), &[1, 1], icc].concat();
            started.write_marker(Marker::APP(2), &segment);
        }
        if let Some(comment) = self.comment {
            started.write_marker(Marker::COM, comment.as_bytes());
        }
        started.write_scanlines(&pixels.data).unwrap();
        started.finish().unwrap()
    }
}

/// An ordinary JPEG.
pub(crate) fn jpeg(pixels: &Pixels) -> Vec<u8> {
    Jpeg::default().write(pixels)
}

/// A PNG of any colour type and depth, of which `data` is the packed rows.
pub(crate) struct Png {
    pub(crate) colour: png::ColorType,
    pub(crate) depth: png::BitDepth,
    pub(crate) palette: Option<Vec<u8>>,
    pub(crate) transparency: Option<Vec<u8>>,
    pub(crate) icc: Option<Vec<u8>>,
    pub(crate) exif: Option<Vec<u8>>,
    /// The code point of its primaries.
    pub(crate) primaries: Option<u8>,
}

impl Default for Png {
    fn default() -> Self {
        Self {
            colour: png::ColorType::Rgb,
            depth: png::BitDepth::Eight,
            palette: None,
            transparency: None,
            icc: None,
            exif: None,
            primaries: None,
        }
    }
}

impl Png {
    pub(crate) fn write(self, pixels: &Pixels) -> Vec<u8> {
        let mut info = png::Info::with_size(pixels.width, pixels.height);
        info.color_type = self.colour;
        info.bit_depth = self.depth;
        info.palette = self.palette.map(Into::into);
        info.trns = self.transparency.map(Into::into);
        info.icc_profile = self.icc.map(Into::into);
        info.exif_metadata = self.exif.map(Into::into);
        let mut file = Vec::new();
        let encoder = png::Encoder::with_info(&mut file, info).unwrap();
        encoder.write_header().unwrap().write_image_data(&pixels.data).unwrap();
        if let Some(primaries) = self.primaries {
            // After the header, which takes 33 bytes with the signature: sRGB's curve, no matrix, full range.
            file.splice(33..33, png_chunk(*b"cICP", &[primaries, 13, 0, 1]));
        }
        file
    }
}

/// A chunk of a PNG.
fn png_chunk(name: [u8; 4], body: &[u8]) -> Vec<u8> {
    let content = [name.as_slice(), body].concat();
    let length = u32::try_from(body.len()).unwrap();
    [&length.to_be_bytes(), content.as_slice(), &checksum(&content).to_be_bytes()].concat()
}

/// An interlaced PNG of bytes in red, green and blue, or with opacity: the seven passes of the standard, one
/// after another, not compressed.
pub(crate) fn interlaced_png<const N: usize>(pixels: &Pixels) -> Vec<u8> {
    let passes =
        [(0, 8, 0, 8), (4, 8, 0, 8), (0, 4, 4, 8), (2, 4, 0, 4), (0, 2, 2, 4), (1, 2, 0, 2), (0, 1, 1, 2)];
    let mut rows = Vec::new();
    for (left, right_by, top, down_by) in passes {
        for y in (top..pixels.height).step_by(down_by) {
            let columns: Vec<u32> = (left..pixels.width).step_by(right_by).collect();
            // A pass without columns has no rows; each row begins with its filter.
            rows.extend((!columns.is_empty()).then_some(0));
            for x in columns {
                rows.extend(&pixels.data[(y * pixels.width + x) as usize * N..][..N]);
            }
        }
    }
    let mut stream = vec![0x78, 0x01];
    for (at, block) in rows.chunks(65_535).enumerate() {
        let length = u16::try_from(block.len()).unwrap();
        stream.push(u8::from((at + 1) * 65_535 >= rows.len()));
        stream.extend(length.to_le_bytes());
        stream.extend((!length).to_le_bytes());
        stream.extend(block);
    }
    let (low, high) = rows.iter().fold((1_u32, 0_u32), |(low, high), byte| {
        let low = (low + u32::from(*byte)) % 65_521;
        (low, (high + low) % 65_521)
    });
    stream.extend((high << 16 | low).to_be_bytes());

    let mut header = pixels.width.to_be_bytes().to_vec();
    header.extend(pixels.height.to_be_bytes());
    header.extend([8, if N == 4 { 6 } else { 2 }, 0, 0, 1]);
    let mut file = b"\x89PNG\r\n\x1A\n".to_vec();
    for (name, body) in [(b"IHDR", header.as_slice()), (b"IDAT", &stream), (b"IEND", &[])] {
        file.extend(png_chunk(*name, body));
    }
    file
}

/// The CRC-32 that PNG ends its chunks with.
fn checksum(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| sum >> 1 ^ if sum & 1 == 1 { 0xEDB8_8320 } else { 0 })
    })
}

/// A WebP animation of one lossy frame that stands at (`left`, `top`), both even, on a larger canvas.
pub(crate) fn webp_frame(canvas: (u32, u32), (left, top): (u32, u32), pixels: &Pixels) -> Vec<u8> {
    let chunk = |name: &[u8], body: &[u8]| {
        let length = u32::try_from(body.len()).unwrap().to_le_bytes();
        [name, &length, body, &vec![0; body.len() % 2]].concat()
    };
    let three = |number: u32| number.to_le_bytes()[..3].to_vec();
    let opacity = 1 << 4;
    let animation = 1 << 1;
    let sides = [three(canvas.0 - 1), three(canvas.1 - 1)].concat();
    let place = [left / 2, top / 2, pixels.width - 1, pixels.height - 1, 100].map(three).concat();
    let frame = [place.as_slice(), &[0], &webp(pixels)[12..]].concat();
    let body = [
        b"WEBP".to_vec(),
        chunk(b"VP8X", &[&[opacity | animation, 0, 0, 0], sides.as_slice()].concat()),
        // A background of opaque black, which by the standard may be ignored.
        chunk(b"ANIM", &[0, 0, 0, 255, 0, 0]),
        chunk(b"ANMF", &frame),
    ]
    .concat();
    [b"RIFF".as_slice(), &u32::try_from(body.len()).unwrap().to_le_bytes(), &body].concat()
}

/// How to put pictures that are compressed already into a HEIF container.
#[derive(Default)]
pub(crate) struct Heif<'a> {
    /// The file whose picture is used: its brand, its compression, its data.
    pub(crate) tile: &'a [u8],
    /// Columns and rows of a grid of that picture, and the dimensions that are shown of it.
    pub(crate) grid: Option<((u8, u8), (u16, u16))>,
    /// Quarter turns against the clock.
    pub(crate) turns: Option<u8>,
    /// Which sides are swapped: 0 for top and bottom, 1 for left and right.
    pub(crate) mirror: Option<u8>,
    pub(crate) icc: Option<Vec<u8>>,
}

impl Heif<'_> {
    pub(crate) fn write(&self) -> Vec<u8> {
        let whole = |name: &[u8], body: &[u8]| {
            [&u32::try_from(body.len() + 8).unwrap().to_be_bytes(), name, body].concat()
        };
        let versioned = |name: &[u8], body: &[u8]| whole(name, &[&[0; 4], body].concat());
        let found = |name: &[u8]| {
            let at = self.tile.windows(4).position(|window| window == name).unwrap();
            let length = u32::from_be_bytes(self.tile[at - 4..at].try_into().unwrap()) as usize;
            &self.tile[at + 4..at - 4 + length]
        };
        let avif = &self.tile[8..12] == b"avif";
        let (kind, configuration): (&[u8], &[u8]) =
            if avif { (b"av01", b"av1C") } else { (b"hvc1", b"hvcC") };
        let data = found(b"mdat");
        let extent = found(b"ispe");

        // The tiles are items from 2 on; item 1 is the grid of them, or the one tile itself.
        let ((columns, rows), shown) = self.grid.unwrap_or(((1, 1), (0, 0)));
        let count = u16::from(columns) * u16::from(rows);
        let tiles: Vec<u16> = if self.grid.is_some() { (2..2 + count).collect() } else { vec![1] };
        let entry = |item: u16, kind: &[u8]| {
            let body = [&[2, 0, 0, 0], item.to_be_bytes().as_slice(), &[0, 0], kind, &[0]].concat();
            whole(b"infe", &body)
        };
        let mut entries: Vec<Vec<u8>> = tiles.iter().map(|tile| entry(*tile, kind)).collect();
        if self.grid.is_some() {
            entries.push(entry(1, b"grid"));
        }
        let [w, h] = [shown.0, shown.1].map(u16::to_be_bytes);
        let grid = [&[0, 0, rows.wrapping_sub(1), columns.wrapping_sub(1)], w.as_slice(), &h].concat();

        // Properties: 1 the configuration, 2 the tile's dimensions, 3 the grid's, then those of the whole.
        let mut properties = vec![whole(configuration, found(configuration)), whole(b"ispe", extent)];
        let sides = [[0, 0], w, [0, 0], h].concat();
        properties.push(versioned(b"ispe", &sides));
        properties.extend(self.turns.map(|turns| whole(b"irot", &[turns])));
        properties.extend(self.mirror.map(|axis| whole(b"imir", &[axis])));
        properties.extend(self.icc.as_ref().map(|icc| whole(b"colr", &[b"prof", icc.as_slice()].concat())));
        let rest: Vec<u8> = (4..=u8::try_from(properties.len()).unwrap()).collect();
        let associate = |item: u16, numbers: &[u8]| {
            [item.to_be_bytes().as_slice(), &[u8::try_from(numbers.len()).unwrap()], numbers].concat()
        };
        let mut associations: Vec<Vec<u8>> = Vec::new();
        if self.grid.is_some() {
            associations.push(associate(1, &[&[3], rest.as_slice()].concat()));
            associations.extend(tiles.iter().map(|tile| associate(*tile, &[1, 2])));
        } else {
            associations.push(associate(1, &[&[1, 2], rest.as_slice()].concat()));
        }
        let counted = |list: &[Vec<u8>]| {
            [u32::try_from(list.len()).unwrap().to_be_bytes().as_slice(), &list.concat()].concat()
        };
        let references: Vec<u8> = tiles.iter().flat_map(|tile| tile.to_be_bytes()).collect();
        let references = [&[0, 1], count.to_be_bytes().as_slice(), &references].concat();

        let file = |offset: u32| {
            let place = |item: u16, offset: u32, length: usize| {
                let (offset, length) = (offset.to_be_bytes(), u32::try_from(length).unwrap().to_be_bytes());
                [item.to_be_bytes().as_slice(), &[0, 0, 0, 1], &offset, &length].concat()
            };
            // The grid's description stands first, then each tile.
            let tile_at = |at: usize| offset + u32::try_from(grid.len() + at * data.len()).unwrap();
            let mut places: Vec<Vec<u8>> =
                tiles.iter().enumerate().map(|(at, tile)| place(*tile, tile_at(at), data.len())).collect();
            if self.grid.is_some() {
                places.push(place(1, offset, grid.len()));
            }
            let located =
                [&[0x44, 0], u16::try_from(places.len()).unwrap().to_be_bytes().as_slice()].concat();
            let meta = [
                versioned(b"hdlr", b"\0\0\0\0pict\0\0\0\0\0\0\0\0\0\0\0\0\0"),
                versioned(b"pitm", &[0, 1]),
                versioned(
                    b"iinf",
                    &[u16::try_from(entries.len()).unwrap().to_be_bytes().as_slice(), &entries.concat()]
                        .concat(),
                ),
                versioned(
                    b"iref",
                    &if self.grid.is_some() { whole(b"dimg", &references) } else { Vec::new() },
                ),
                whole(
                    b"iprp",
                    &[whole(b"ipco", &properties.concat()), versioned(b"ipma", &counted(&associations))]
                        .concat(),
                ),
                versioned(b"iloc", &[located, places.concat()].concat()),
            ]
            .concat();
            let brand = if avif { b"avif" } else { b"heic" };
            [whole(b"ftyp", &[brand.as_slice(), &[0; 4], b"mif1", brand].concat()), versioned(b"meta", &meta)]
                .concat()
        };
        let before = u32::try_from(file(0).len()).unwrap() + 8;
        [file(before), whole(b"mdat", &[grid.as_slice(), &data.repeat(tiles.len())].concat())].concat()
    }
}

/// A lossy WebP.
pub(crate) fn webp(pixels: &Pixels) -> Vec<u8> {
    webpx::EncoderConfig::new()
        .quality(90.0)
        .encode_rgb(&pixels.data, pixels.width, pixels.height, webpx::Unstoppable)
        .unwrap()
}

/// A WebP with chunks added: its pixels, then whatever is given, under an extended header.
pub(crate) fn webp_with(
    pixels: &Pixels,
    before: &[(&[u8; 4], &[u8])],
    after: &[(&[u8; 4], &[u8])],
) -> Vec<u8> {
    let simple = webp(pixels);
    let has = |wanted: &[u8; 4]| before.iter().chain(after).any(|(name, _)| *name == wanted);
    let flags = u8::from(has(b"ICCP")) << 5 | u8::from(has(b"EXIF")) << 3;
    let side = |length: u32| (length - 1).to_le_bytes();
    let (w, h) = (side(pixels.width), side(pixels.height));
    let mut body = b"WEBP".to_vec();
    let mut chunk = |name: &[u8], content: &[u8]| {
        body.extend(name);
        body.extend(u32::try_from(content.len()).unwrap().to_le_bytes());
        body.extend(content);
        body.extend(vec![0; content.len() % 2]);
    };
    chunk(b"VP8X", &[flags, 0, 0, 0, w[0], w[1], w[2], h[0], h[1], h[2]]);
    for (name, content) in before {
        chunk(*name, content);
    }
    chunk(&simple[12..16], &simple[20..]);
    for (name, content) in after {
        chunk(*name, content);
    }
    [b"RIFF".as_slice(), &u32::try_from(body.len()).unwrap().to_le_bytes(), &body].concat()
}

/// A GIF of one frame on a larger or equal screen.
pub(crate) fn gif(screen: (u16, u16), frame: &gif::Frame<'_>, palette: &[u8]) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    let mut encoder = gif::Encoder::new(&mut file, screen.0, screen.1, palette).unwrap();
    encoder.write_frame(frame).unwrap();
    drop(encoder);
    file.into_inner()
}

/// An EXIF block that holds an orientation, a camera's name and a place.
pub(crate) fn exif(orientation: u16) -> Vec<u8> {
    let mut block = b"MM\0*\0\0\0\x08\0\x03".to_vec();
    let mut entry = |tag: u16, kind: u16, count: u32, value: [u8; 4]| {
        block.extend(tag.to_be_bytes());
        block.extend(kind.to_be_bytes());
        block.extend(count.to_be_bytes());
        block.extend(value);
    };
    entry(0x010F, 2, 4, *b"SPY\0");
    let [high, low] = orientation.to_be_bytes();
    entry(0x0112, 3, 1, [high, low, 0, 0]);
    entry(0x8825, 4, 1, 50_u32.to_be_bytes());
    block.extend([0, 0, 0, 0]);
    block.extend(b"GPS:48.8584N,2.2945E");
    block
}
