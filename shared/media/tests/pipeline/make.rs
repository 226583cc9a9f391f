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
    /// Properties of the whole that stand before the turn and the mirror.
    pub(crate) first: Vec<([u8; 4], Vec<u8>)>,
    /// Quarter turns against the clock.
    pub(crate) turns: Option<u8>,
    /// Which sides are swapped: 0 for top and bottom, 1 for left and right.
    pub(crate) mirror: Option<u8>,
    pub(crate) icc: Option<Vec<u8>>,
    pub(crate) opacity: Option<Opacity<'a>>,
    /// Whether the whole is shown by way of another item that is the same picture.
    pub(crate) identity: bool,
    /// Whether the data stand first, in a box whose length takes eight bytes.
    pub(crate) data_first: bool,
}

/// The opacity of a picture in a HEIF container.
#[derive(Clone, Copy)]
pub(crate) struct Opacity<'a> {
    /// The file whose picture is used, once for each tile.
    pub(crate) tile: &'a [u8],
    /// Whether each tile has its own, and not the whole.
    pub(crate) of_tiles: bool,
    pub(crate) premultiplied: bool,
}

/// A box of a name and a body.
pub(crate) fn boxed(name: &[u8], body: &[u8]) -> Vec<u8> {
    [&u32::try_from(body.len() + 8).unwrap().to_be_bytes(), name, body].concat()
}

/// A box that begins with a version, 0.
pub(crate) fn versioned(name: &[u8], body: &[u8]) -> Vec<u8> {
    boxed(name, &[&[0; 4], body].concat())
}

/// The body of the first box of this name.
pub(crate) fn body_of<'a>(file: &'a [u8], name: &[u8]) -> &'a [u8] {
    let at = file.windows(4).position(|window| window == name).unwrap();
    let length = u32::from_be_bytes(file[at - 4..at].try_into().unwrap()) as usize;
    &file[at + 4..at - 4 + length]
}

/// The items of a HEIF container, and what is said of them.
#[derive(Default)]
pub(crate) struct Items {
    entries: Vec<Vec<u8>>,
    properties: Vec<Vec<u8>>,
    associations: Vec<Vec<u8>>,
    references: Vec<Vec<u8>>,
    /// Number and data of each item.
    data: Vec<(u16, Vec<u8>)>,
}

impl Items {
    pub(crate) fn property(&mut self, property: Vec<u8>) -> u8 {
        self.properties.push(property);
        u8::try_from(self.properties.len()).unwrap()
    }

    pub(crate) fn item(&mut self, number: u16, kind: &[u8], properties: &[u8], data: &[u8]) {
        let body = [&[2, 0, 0, 0], number.to_be_bytes().as_slice(), &[0, 0], kind, &[0]].concat();
        self.entries.push(boxed(b"infe", &body));
        let count = u8::try_from(properties.len()).unwrap();
        self.associations.push([number.to_be_bytes().as_slice(), &[count], properties].concat());
        self.data.push((number, data.to_vec()));
    }

    pub(crate) fn refer(&mut self, kind: &[u8], from: u16, to: &[u16]) {
        let count = u16::try_from(to.len()).unwrap();
        let numbers: Vec<u8> = [&[from, count], to].concat().iter().flat_map(|n| n.to_be_bytes()).collect();
        self.references.push(boxed(kind, &numbers));
    }

    pub(crate) fn write(&self, brand: &[u8], primary: u16, data_first: bool) -> Vec<u8> {
        let short = |list: &[Vec<u8>]| {
            [u16::try_from(list.len()).unwrap().to_be_bytes().as_slice(), &list.concat()].concat()
        };
        let associations = u32::try_from(self.associations.len()).unwrap().to_be_bytes();
        let meta = |data: u32| {
            let mut offset = data;
            let places: Vec<Vec<u8>> = self
                .data
                .iter()
                .map(|(number, data)| {
                    let length = u32::try_from(data.len()).unwrap();
                    let place = [offset.to_be_bytes(), length.to_be_bytes()].concat();
                    offset += length;
                    [number.to_be_bytes().as_slice(), &[0, 0, 0, 1], &place].concat()
                })
                .collect();
            let boxes = [
                versioned(b"hdlr", b"\0\0\0\0pict\0\0\0\0\0\0\0\0\0\0\0\0\0"),
                versioned(b"pitm", &primary.to_be_bytes()),
                versioned(b"iinf", &short(&self.entries)),
                versioned(b"iref", &self.references.concat()),
                boxed(
                    b"iprp",
                    &[
                        boxed(b"ipco", &self.properties.concat()),
                        versioned(b"ipma", &[associations.as_slice(), &self.associations.concat()].concat()),
                    ]
                    .concat(),
                ),
                versioned(b"iloc", &[[0x44, 0].as_slice(), &short(&places)].concat()),
            ];
            versioned(b"meta", &boxes.concat())
        };
        let begin = boxed(b"ftyp", &[brand, &[0; 4], b"mif1", brand].concat());
        let data: Vec<u8> = self.data.iter().flat_map(|(_, data)| data.clone()).collect();
        let before = u32::try_from(begin.len()).unwrap();
        if data_first {
            let length = u64::try_from(data.len() + 16).unwrap().to_be_bytes();
            let data = [b"\0\0\0\x01mdat".as_slice(), &length, &data].concat();
            return [begin, data, meta(before + 16)].concat();
        }
        let before = before + u32::try_from(meta(0).len()).unwrap() + 8;
        [begin, meta(before), boxed(b"mdat", &data)].concat()
    }
}

impl Heif<'_> {
    pub(crate) fn write(&self) -> Vec<u8> {
        let avif = &self.tile[8..12] == b"avif";
        let (brand, kind, configuration): (&[u8], &[u8], &[u8]) =
            if avif { (b"avif", b"av01", b"av1C") } else { (b"heic", b"hvc1", b"hvcC") };
        let mut items = Items::default();
        let mut of_whole: Vec<u8> = Vec::new();
        let properties = self
            .first
            .iter()
            .map(|(name, body)| boxed(name, body))
            .chain(self.turns.map(|turns| boxed(b"irot", &[turns])))
            .chain(self.mirror.map(|axis| boxed(b"imir", &[axis])))
            .chain(self.icc.as_ref().map(|icc| boxed(b"colr", &[b"prof", icc.as_slice()].concat())));
        for property in properties {
            of_whole.push(items.property(property));
        }
        let tile = |items: &mut Items, file: &[u8]| {
            let configuration = items.property(boxed(configuration, body_of(file, configuration)));
            [configuration, items.property(boxed(b"ispe", body_of(file, b"ispe")))]
        };
        let of_tile = tile(&mut items, self.tile);
        let whole = |items: &mut Items, number: u16, first: u16, mut properties: Vec<u8>| -> Vec<u16> {
            let Some(((columns, rows), (width, height))) = self.grid else { return vec![number] };
            let sides = [[0, 0], width.to_be_bytes(), [0, 0], height.to_be_bytes()].concat();
            properties.insert(0, items.property(versioned(b"ispe", &sides)));
            let grid = [&[0, 0, rows - 1, columns - 1], sides[2..4].as_ref(), &sides[6..8]].concat();
            items.item(number, b"grid", &properties, &grid);
            let tiles: Vec<u16> = (first..first + u16::from(columns) * u16::from(rows)).collect();
            items.refer(b"dimg", number, &tiles);
            tiles
        };
        // Item 1 is the grid of those from 2 on, or the one tile itself.
        let of_item_1 = if self.identity { Vec::new() } else { of_whole.clone() };
        let tiles = whole(&mut items, 1, 2, of_item_1.clone());
        for number in &tiles {
            let of_one = if self.grid.is_some() { Vec::new() } else { of_item_1.clone() };
            items.item(*number, kind, &[of_tile.as_slice(), &of_one].concat(), body_of(self.tile, b"mdat"));
        }
        if let Some(opacity) = self.opacity {
            let urn = b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha\0";
            let about = items.property(versioned(b"auxC", urn));
            let of_opacity = tile(&mut items, opacity.tile);
            let data = body_of(opacity.tile, b"mdat");
            let numbers = if opacity.of_tiles {
                (1001..).take(tiles.len()).collect()
            } else {
                whole(&mut items, 1000, 1001, vec![about])
            };
            for (number, tile) in numbers.iter().zip(&tiles) {
                items.item(*number, kind, &[of_opacity.as_slice(), &[about]].concat(), data);
                if opacity.of_tiles {
                    items.refer(b"auxl", *number, &[*tile]);
                }
            }
            if !opacity.of_tiles {
                items.refer(b"auxl", 1000, &[1]);
            }
            if opacity.premultiplied {
                items.refer(b"prem", 1, &[1000]);
            }
        }
        if self.identity {
            items.item(2000, b"iden", &of_whole, &[]);
            items.refer(b"dimg", 2000, &[1]);
        }
        items.write(brand, if self.identity { 2000 } else { 1 }, self.data_first)
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
