//! Files put together by hand, because no encoder writes them: dimensions without pixels behind them, and
//! pixels without bytes.

use std::io::Write;

use flate2::write::ZlibEncoder;
use flate2::{Compression, Crc};

/// A JPEG of any dimensions and any scans.
pub(crate) struct Jpeg {
    pub(crate) width: u16,
    pub(crate) height: u16,
    pub(crate) progressive: bool,
    /// Horizontal and vertical sampling of each component.
    pub(crate) sampling: Vec<(u8, u8)>,
    /// Segments before the picture: a marker and what follows its length.
    pub(crate) segments: Vec<(u8, Vec<u8>)>,
    pub(crate) scans: Vec<Scan>,
}

/// One pass over a picture.
#[derive(Clone)]
pub(crate) struct Scan {
    pub(crate) components: Vec<u8>,
    /// First and last coefficient.
    pub(crate) band: (u8, u8),
    /// Successive approximation: the bit before in the high half, this one in the low.
    pub(crate) bits: u8,
    /// Compressed data. Where it ends early, libjpeg reads zeros.
    pub(crate) data: Vec<u8>,
}

impl Scan {
    /// All of a sequential picture at once, without data.
    pub(crate) fn whole(components: u8) -> Self {
        Self { components: (0..components).collect(), band: (0, 63), bits: 0, data: Vec::new() }
    }
}

impl Jpeg {
    pub(crate) fn write(&self) -> Vec<u8> {
        let mut file = vec![0xFF, 0xD8];
        for (marker, body) in &self.segments {
            segment(&mut file, *marker, body);
        }
        segment(&mut file, 0xDB, &[[0].as_slice(), &[1; 64]].concat());
        let mut frame = vec![8];
        frame.extend(self.height.to_be_bytes());
        frame.extend(self.width.to_be_bytes());
        frame.push(self.sampling.len() as u8);
        for (id, (across, down)) in (0..).zip(&self.sampling) {
            frame.extend([id, across << 4 | down, 0]);
        }
        segment(&mut file, if self.progressive { 0xC2 } else { 0xC0 }, &frame);
        // One code of one bit in each table: for DC a difference of nothing; for AC the end of the block, or
        // in a progressive picture the end of 2^14 blocks and as many more as the next 14 bits say.
        let run = if self.progressive { 0xE0 } else { 0x00 };
        for (table, symbol) in [(0x00, 0x00), (0x10, run)] {
            segment(&mut file, 0xC4, &[[table, 1].as_slice(), &[0; 15], &[symbol]].concat());
        }
        for scan in &self.scans {
            let mut header = vec![scan.components.len() as u8];
            header.extend(scan.components.iter().flat_map(|id| [*id, 0]));
            header.extend([scan.band.0, scan.band.1, scan.bits]);
            segment(&mut file, 0xDA, &header);
            file.extend(&scan.data);
        }
        file.extend([0xFF, 0xD9]);
        file
    }

    /// Blocks of the first component, which is what one scan of it alone goes over.
    pub(crate) fn blocks(&self) -> usize {
        usize::from(self.width).div_ceil(8) * usize::from(self.height).div_ceil(8)
    }
}

fn segment(file: &mut Vec<u8>, marker: u8, body: &[u8]) {
    file.extend([0xFF, marker]);
    file.extend(u16::try_from(body.len() + 2).unwrap().to_be_bytes());
    file.extend(body);
}

/// Compressed data of a progressive scan that says of `blocks` blocks, 24,576 at a time, that nothing in them
/// changes.
pub(crate) fn unchanged(blocks: usize) -> Vec<u8> {
    // The code, 0, and fourteen bits that begin with a one: 0100 0000 0000 000 and again, two of them in
    // thirty bits.
    let mut bits = Vec::new();
    for _ in 0..blocks.div_ceil(24_576) {
        bits.push(false);
        bits.push(true);
        bits.extend([false; 13]);
    }
    bits.resize(bits.len().next_multiple_of(8), false);
    bits.chunks(8).map(|byte| byte.iter().fold(0, |value, bit| value << 1 | u8::from(*bit))).collect()
}

/// A profile, or anything else, as the segments a JPEG carries it in.
pub(crate) fn icc_segments(profile: &[u8]) -> Vec<(u8, Vec<u8>)> {
    let pieces = profile.chunks(65_000);
    let count = pieces.len() as u8;
    (1..)
        .zip(pieces)
        .map(|(number, piece)| (0xE2, [b"ICC_PROFILE\0".as_slice(), &[number, count], piece].concat()))
        .collect()
}

/// A PNG whose pixels are all zero, each row under a filter of the costliest kind.
pub(crate) struct Png {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) depth: u8,
    pub(crate) colour: u8,
    pub(crate) interlaced: bool,
    /// Chunks before the pixels.
    pub(crate) chunks: Vec<(&'static [u8; 4], Vec<u8>)>,
}

impl Default for Png {
    fn default() -> Self {
        Self { width: 64, height: 64, depth: 8, colour: 2, interlaced: false, chunks: Vec::new() }
    }
}

impl Png {
    pub(crate) fn write(&self) -> Vec<u8> {
        let mut header = [self.width.to_be_bytes(), self.height.to_be_bytes()].concat();
        header.extend([self.depth, self.colour, 0, 0, u8::from(self.interlaced)]);
        let mut file = b"\x89PNG\r\n\x1A\n".to_vec();
        chunk(&mut file, *b"IHDR", &header);
        for (name, body) in &self.chunks {
            chunk(&mut file, **name, body);
        }
        chunk(&mut file, *b"IDAT", &self.pixels());
        chunk(&mut file, *b"IEND", &[]);
        file
    }

    fn pixels(&self) -> Vec<u8> {
        let bits = usize::from(self.depth) * [1, 0, 3, 1, 2, 0, 4][usize::from(self.colour)];
        let (width, height) = (self.width as usize, self.height as usize);
        let passes: &[(usize, usize, usize, usize)] = if self.interlaced {
            &[
                (0, 0, 8, 8),
                (4, 0, 8, 8),
                (0, 4, 4, 8),
                (2, 0, 4, 4),
                (0, 2, 2, 4),
                (1, 0, 2, 2),
                (0, 1, 1, 2),
            ]
        } else {
            &[(0, 0, 1, 1)]
        };
        let mut packer = ZlibEncoder::new(Vec::new(), Compression::fast());
        for (left, top, across, down) in passes {
            let row = (width.saturating_sub(*left).div_ceil(*across) * bits).div_ceil(8);
            for _ in 0..height.saturating_sub(*top).div_ceil(*down) {
                packer.write_all(&[4]).unwrap();
                packer.write_all(&vec![0; row]).unwrap();
            }
        }
        packer.finish().unwrap()
    }
}

fn chunk(file: &mut Vec<u8>, name: [u8; 4], body: &[u8]) {
    let named = [&name, body].concat();
    let mut sum = Crc::new();
    sum.update(&named);
    file.extend(u32::try_from(body.len()).unwrap().to_be_bytes());
    file.extend(&named);
    file.extend(sum.sum().to_be_bytes());
}

/// So many zeros, packed as PNG packs.
pub(crate) fn packed_zeros(count: usize) -> Vec<u8> {
    let mut packer = ZlibEncoder::new(Vec::new(), Compression::fast());
    let block = vec![0; 1 << 16];
    for _ in 0..count.div_ceil(block.len()) {
        packer.write_all(&block).unwrap();
    }
    packer.finish().unwrap()
}

/// A WebP of the given chunks.
pub(crate) fn webp(chunks: &[(&[u8; 4], Vec<u8>)]) -> Vec<u8> {
    let mut body = b"WEBP".to_vec();
    for (name, content) in chunks {
        body.extend(*name);
        body.extend(u32::try_from(content.len()).unwrap().to_le_bytes());
        body.extend(content);
        body.extend(vec![0; content.len() % 2]);
    }
    [b"RIFF".as_slice(), &u32::try_from(body.len()).unwrap().to_le_bytes(), &body].concat()
}

/// The chunk `VP8 ` of a picture whose compressed data are `bytes` zeros, which is a picture: every decision
/// is "no".
pub(crate) fn lossy(width: u16, height: u16, bytes: usize) -> Vec<u8> {
    let first = (bytes / 2).min((1 << 19) - 1);
    // A key frame, shown, and the length of the first of its two partitions.
    let tag = 0b1_0000 | u32::try_from(first).unwrap() << 5;
    let mut chunk = tag.to_le_bytes()[..3].to_vec();
    chunk.extend([0x9D, 0x01, 0x2A]);
    chunk.extend(width.to_le_bytes());
    chunk.extend(height.to_le_bytes());
    chunk.resize(chunk.len() + bytes, 0);
    chunk
}

/// The chunk `VP8L` of a picture of one colour, which takes no bits for a pixel; predicted from its
/// neighbours if asked, which changes nothing and takes time.
pub(crate) fn lossless(width: u16, height: u16, predicted: bool) -> Vec<u8> {
    let mut bits: Vec<bool> = Vec::new();
    let mut put = |value: u32, count: u32| bits.extend((0..count).map(|bit| value >> bit & 1 == 1));
    put(0x2F, 8);
    put(u32::from(width) - 1, 14);
    put(u32::from(height) - 1, 14);
    put(0b0001, 4);
    // Five tables of one symbol each: "simple", one symbol, of eight bits.
    let tables = |put: &mut dyn FnMut(u32, u32), green: u32| {
        for symbol in [green, 0, 0, 255, 0] {
            put(0b101, 3);
            put(symbol, 8);
        }
    };
    if predicted {
        // Transform 0 over tiles of 512, each by the predictor that averages most; its picture has no cache.
        put(1, 1);
        put(0, 2);
        put(7, 3);
        put(0, 1);
        tables(&mut put, 13);
    }
    // No (further) transform, no cache, one group of tables.
    put(0b000, 3);
    tables(&mut put, 90);
    bits.resize(bits.len().next_multiple_of(8) + 64, false);
    bits.chunks(8).map(|byte| byte.iter().rev().fold(0, |value, bit| value << 1 | u8::from(*bit))).collect()
}

/// The chunk `VP8L` of one pixel with 65,536 groups of five code tables, of which each takes twelve bytes
/// here and four thousand in a decoder that unpacks them all.
pub(crate) fn many_tables() -> Vec<u8> {
    let mut bits: Vec<bool> = Vec::new();
    let mut put = |value: u32, count: u32| bits.extend((0..count).map(|bit| value >> bit & 1 == 1));
    put(0x2F, 8);
    put(0, 28);
    // Version, no transform, no cache; then a picture of which group serves which tile, and its pixel: the
    // last group.
    put(0, 6);
    put(0b0001, 4);
    put(0, 1);
    for symbol in [255, 255, 0, 0, 0] {
        put(0b101, 3);
        put(symbol, 8);
    }
    for _ in 0..65_536 * 5 {
        // Lengths of the codes that the lengths 1 to 10 are written in: six of three bits, four of four.
        put(0, 1);
        put(10, 4);
        for length in [0, 0, 0, 3, 3, 3, 3, 3, 0, 3, 4, 4, 4, 4] {
            put(length, 3);
        }
        // Eleven symbols, of 1, 2, and so on to 10 and again 10 bits.
        put(0b011, 4);
        put(9, 4);
        for code in [0b000, 0b100, 0b010, 0b110, 0b001, 0b101] {
            put(code, 3);
        }
        for code in [0b0011, 0b1011, 0b0111, 0b1111, 0b1111] {
            put(code, 4);
        }
    }
    bits.resize(bits.len().next_multiple_of(8) + 64, false);
    bits.chunks(8).map(|byte| byte.iter().rev().fold(0, |value, bit| value << 1 | u8::from(*bit))).collect()
}

/// The header of an animation's frame at the top left corner, before the chunks it holds.
pub(crate) fn frame_header(width: u32, height: u32) -> Vec<u8> {
    let side = |length: u32| (length - 1).to_le_bytes()[..3].to_vec();
    [vec![0; 6], side(width), side(height), vec![100, 0, 0, 0]].concat()
}

/// A colour profile of the given tags.
pub(crate) fn profile(space: [u8; 4], connection: [u8; 4], tags: &[([u8; 4], Vec<u8>)]) -> Vec<u8> {
    let mut table = u32::try_from(tags.len()).unwrap().to_be_bytes().to_vec();
    let mut bodies = Vec::new();
    let begin = 128 + 4 + 12 * tags.len();
    for (name, body) in tags {
        table.extend(name);
        table.extend(u32::try_from(begin + bodies.len()).unwrap().to_be_bytes());
        table.extend(u32::try_from(body.len()).unwrap().to_be_bytes());
        bodies.extend(body);
        bodies.resize(bodies.len().next_multiple_of(4), 0);
    }
    let mut header = u32::try_from(begin + bodies.len()).unwrap().to_be_bytes().to_vec();
    header.extend([0, 0, 0, 0, 4, 0x30, 0, 0]);
    header.extend(b"prtr");
    header.extend(space);
    header.extend(connection);
    header.resize(36, 0);
    header.extend(b"acsp");
    header.resize(68, 0);
    // The white of the connection space, D50, in 16.16.
    header.extend([0x0000_F6D6_u32, 0x0001_0000, 0x0000_D32D].map(u32::to_be_bytes).concat());
    header.resize(128, 0);
    [header, table, bodies].concat()
}

/// A tag that maps `inputs` channels to three by a grid of 16-bit values, of which as many as are really
/// there are given.
pub(crate) fn grid(inputs: u8, points: u8, values: usize) -> Vec<u8> {
    let mut tag = b"mft2\0\0\0\0".to_vec();
    tag.extend([inputs, 3, points, 0]);
    for row in 0..3_u32 {
        for column in 0..3 {
            tag.extend((u32::from(row == column) << 16).to_be_bytes());
        }
    }
    tag.extend([0, 2, 0, 2]);
    tag.extend([0, 0, 0xFF, 0xFF].repeat(usize::from(inputs)));
    tag.extend((0..values).flat_map(|at| (at as u16).to_be_bytes()));
    tag.extend([0, 0, 0xFF, 0xFF].repeat(3));
    tag
}

/// A BMP of a header and whatever is given as palette and pixels.
pub(crate) fn bmp(
    width: i32,
    height: i32,
    bits: u16,
    compression: u32,
    colours: u32,
    rest: &[u8],
) -> Vec<u8> {
    let mut file = b"BM\0\0\0\0\0\0\0\0".to_vec();
    file.extend(colours.saturating_mul(4).saturating_add(54).to_le_bytes());
    file.extend(40_u32.to_le_bytes());
    file.extend(width.to_le_bytes());
    file.extend(height.to_le_bytes());
    file.extend([1, 0]);
    file.extend(bits.to_le_bytes());
    file.extend(compression.to_le_bytes());
    file.extend([0; 12]);
    file.extend(colours.to_le_bytes());
    file.extend([0; 4]);
    file.extend(rest);
    file
}

/// A tag of a TIFF: its number, the type and the count of its values, and the value or where it is.
pub(crate) type Tag = (u16, u16, u32, u32);

/// What a TIFF of packed pixels says of them; they begin at byte 8.
pub(crate) fn tiff_tags(width: u32, height: u32, bits: u32, samples: u32, packed: usize) -> Vec<Tag> {
    let photometric = if samples == 1 { 1 } else { 2 };
    vec![
        (256, 4, 1, width),
        (257, 4, 1, height),
        (258, 3, 1, bits),
        (259, 3, 1, 8),
        (262, 3, 1, photometric),
        (273, 4, 1, 8),
        (277, 3, 1, samples),
        (278, 4, 1, height),
        (279, 4, 1, u32::try_from(packed).unwrap()),
    ]
}

/// A TIFF of these tags, with the given bytes from byte 8 on, and its directory at the end.
pub(crate) fn tiff(tags: &[Tag], data: &[u8]) -> Vec<u8> {
    let directory = 8 + data.len().next_multiple_of(2);
    let mut file = [b"II*\0".as_slice(), &u32::try_from(directory).unwrap().to_le_bytes(), data].concat();
    file.resize(directory, 0);
    file.extend(u16::try_from(tags.len()).unwrap().to_le_bytes());
    for (tag, kind, count, value) in tags {
        file.extend([tag.to_le_bytes(), kind.to_le_bytes()].concat());
        file.extend([count.to_le_bytes(), value.to_le_bytes()].concat());
    }
    // There is no further directory.
    file.extend([0; 4]);
    file
}

/// A HEIF file of one picture in tiles, all of which are the same bytes.
pub(crate) struct Grid<'a> {
    pub(crate) codec: [u8; 4],
    pub(crate) tile: (u32, u32),
    pub(crate) rows: u16,
    pub(crate) columns: u16,
    pub(crate) data: &'a [u8],
    /// References to nothing before the one that says which tiles there are.
    pub(crate) references: usize,
    /// Items of no properties before those there are.
    pub(crate) associations: usize,
}

impl Grid<'_> {
    pub(crate) fn write(&self, brand: [u8; 4]) -> Vec<u8> {
        let start = boxed(*b"ftyp", &[brand, [0; 4], brand].concat());
        let meta = |at: usize| {
            boxed(*b"meta", &[vec![0; 4], self.items(), self.properties(), self.places(at)].concat())
        };
        let at = start.len() + meta(0).len() + 8;
        [start, meta(at), boxed(*b"mdat", &[self.description().as_slice(), self.data].concat())].concat()
    }

    /// The numbers of the tiles; the whole is item 1.
    fn tiles(&self) -> impl Iterator<Item = u16> {
        2..2 + self.rows * self.columns
    }

    fn description(&self) -> Vec<u8> {
        let side = |tile: u32, count: u16| (tile * u32::from(count)).to_be_bytes();
        let mut description = vec![0, 1, (self.rows - 1) as u8, (self.columns - 1) as u8];
        description.extend(side(self.tile.0, self.columns));
        description.extend(side(self.tile.1, self.rows));
        description
    }

    fn items(&self) -> Vec<u8> {
        let entry = |id: u16, kind: [u8; 4]| {
            boxed(*b"infe", &[[2, 0, 0, 0].as_slice(), &id.to_be_bytes(), &[0; 2], &kind, &[0]].concat())
        };
        let mut entries = [[0; 4].as_slice(), &(self.rows * self.columns + 1).to_be_bytes()].concat();
        entries.extend(entry(1, *b"grid"));
        entries.extend(self.tiles().flat_map(|id| entry(id, self.codec)));
        let mut references = vec![0; 4];
        references.extend(boxed(*b"none", &[0, 0, 0, 0]).repeat(self.references));
        let mut tiles = [1_u16.to_be_bytes(), (self.rows * self.columns).to_be_bytes()].concat();
        tiles.extend(self.tiles().flat_map(u16::to_be_bytes));
        references.extend(boxed(*b"dimg", &tiles));
        [boxed(*b"pitm", &[0, 0, 0, 0, 0, 1]), boxed(*b"iinf", &entries), boxed(*b"iref", &references)]
            .concat()
    }

    fn properties(&self) -> Vec<u8> {
        let extent = |(width, height): (u32, u32)| {
            boxed(*b"ispe", &[[0; 4], width.to_be_bytes(), height.to_be_bytes()].concat())
        };
        let whole = (self.tile.0 * u32::from(self.columns), self.tile.1 * u32::from(self.rows));
        let kinds = boxed(*b"ipco", &[extent(whole), extent(self.tile)].concat());
        let count = self.associations + 1 + usize::from(self.rows * self.columns);
        let mut of = [vec![0; 4], u32::try_from(count).unwrap().to_be_bytes().to_vec()].concat();
        of.extend([0xFF, 0xFF, 0].repeat(self.associations));
        of.extend([0, 1, 1, 1]);
        of.extend(self.tiles().flat_map(|id| [(id >> 8) as u8, id as u8, 1, 2]));
        boxed(*b"iprp", &[kinds, boxed(*b"ipma", &of)].concat())
    }

    fn places(&self, at: usize) -> Vec<u8> {
        let entry = |id: u16, offset: usize, length: usize| {
            let number = |number: usize| u32::try_from(number).unwrap().to_be_bytes();
            let mut entry = [id.to_be_bytes(), [0, 0], [0, 1]].concat();
            entry.extend([number(offset), number(length)].concat());
            entry
        };
        let description = self.description().len();
        let mut all =
            [[0, 0, 0, 0, 0x44, 0].as_slice(), &(self.rows * self.columns + 1).to_be_bytes()].concat();
        all.extend(entry(1, at, description));
        all.extend(self.tiles().flat_map(|id| entry(id, at + description, self.data.len())));
        boxed(*b"iloc", &all)
    }
}

fn boxed(name: [u8; 4], body: &[u8]) -> Vec<u8> {
    [&u32::try_from(body.len() + 8).unwrap().to_be_bytes(), name.as_slice(), body].concat()
}

/// Width, height and data of the one item in a HEIF file of a single picture.
pub(crate) fn only_item(file: &[u8]) -> ((u32, u32), &[u8]) {
    let after = |name: &[u8; 4]| &file[file.windows(4).position(|four| four == name).unwrap() + 4..];
    let side = |at: usize| u32::from_be_bytes(after(b"ispe")[at..at + 4].try_into().unwrap());
    ((side(4), side(8)), after(b"mdat"))
}
