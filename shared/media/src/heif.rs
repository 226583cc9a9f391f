//! HEIF, the container of HEIC and AVIF files (ISO/IEC 14496-12 and 23008-12): boxes that describe items, and
//! items that are pictures, parts of pictures, or said about them.
//!
//! Only what leads to the picture is read. Everything else a phone adds, thumbnails, depth, bursts, is left.

use std::collections::BTreeMap;

use image::metadata::Orientation;

/// A file's items. What is looked up for each part of a picture is in maps.
pub(crate) struct Heif<'a> {
    bytes: &'a [u8],
    /// Data that stands among the descriptions.
    inside: &'a [u8],
    primary: u32,
    /// Kind of each item.
    kinds: BTreeMap<u32, [u8; 4]>,
    /// Where the bytes of each item are.
    places: BTreeMap<u32, Place>,
    references: Vec<Reference>,
    properties: Vec<([u8; 4], &'a [u8])>,
    /// Which properties an item has, counted from one.
    associations: BTreeMap<u32, Vec<usize>>,
}

/// What kind of reference goes from which item to which.
type Reference = ([u8; 4], u32, Vec<u32>);

struct Place {
    inside: bool,
    /// Offset and length of each piece.
    extents: Vec<(usize, usize)>,
}

/// A picture: one item, or rows of items beside one another.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Tiles {
    /// The compression of the items.
    pub(crate) codec: [u8; 4],
    /// Width of the whole picture.
    pub(crate) width: u32,
    /// Height of the whole picture.
    pub(crate) height: u32,
    /// Width and height of each item.
    pub(crate) tile: (u32, u32),
    pub(crate) columns: usize,
    /// The items, row by row.
    pub(crate) items: Vec<u32>,
}

/// How colours are coded, by the code points of ISO/IEC 23091-2 (also called CICP).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CodePoints {
    pub(crate) primaries: u16,
    pub(crate) transfer: u16,
    pub(crate) matrix: u16,
    pub(crate) full_range: bool,
}

impl Default for CodePoints {
    /// Those of a stream that does not describe its colours: unspecified, and of the narrow range (ITU-T H.265,
    /// E.3.1).
    fn default() -> Self {
        Self { primaries: 2, transfer: 2, matrix: 2, full_range: false }
    }
}

impl<'a> Heif<'a> {
    /// The items of a file, if it is whole enough to have any.
    pub(crate) fn read(bytes: &'a [u8]) -> Option<Self> {
        let meta = Boxes(bytes).find(|(name, _)| name == b"meta")?.1.get(4..)?;
        let mut heif = Self {
            bytes,
            inside: &[],
            primary: 0,
            kinds: BTreeMap::new(),
            places: BTreeMap::new(),
            references: Vec::new(),
            properties: Vec::new(),
            associations: BTreeMap::new(),
        };
        for (name, body) in Boxes(meta) {
            match &name {
                b"pitm" => heif.primary = primary(body)?,
                b"iinf" => heif.kinds = kinds(body)?,
                b"iloc" => heif.places = places(body)?,
                b"iref" => heif.references = references(body)?,
                b"idat" => heif.inside = body,
                b"iprp" => {
                    for (name, body) in Boxes(body) {
                        match &name {
                            b"ipco" => heif.properties = Boxes(body).collect(),
                            b"ipma" => heif.associations.extend(associations(body)?),
                            _ => {}
                        }
                    }
                }
                _ => {}
            }
        }
        // What a crafted file may have millions of.
        let most = heif.kinds.len().max(heif.places.len()).max(heif.associations.len());
        (most <= MOST_ITEMS).then_some(heif)
    }

    /// The picture to show.
    pub(crate) fn picture(&self) -> Option<Tiles> {
        self.tiles(self.primary)
    }

    /// The picture that holds the opacity of the one to show, if there is one.
    pub(crate) fn opacity(&self) -> Option<Tiles> {
        let (_, item, _) = self.references.iter().find(|(kind, from, to)| {
            let about = || self.property(*from, *b"auxC").and_then(|body| body.get(4..));
            kind == b"auxl"
                && to.contains(&self.primary)
                && about().is_some_and(|urn| OPACITY.iter().any(|known| urn.starts_with(known)))
        })?;
        self.tiles(*item)
    }

    /// Which way up it is shown. The EXIF block is not asked: by the standard these properties decide.
    pub(crate) fn orientation(&self) -> Orientation {
        let byte = |name| self.property(self.primary, name).and_then(<[u8]>::first).copied();
        let quarters = byte(*b"irot").unwrap_or(0) & 3;
        let mirror = byte(*b"imir").map(|axis| axis & 1);
        // Quarter turns against the clock, and after them top and bottom (0) or left and right (1) swapped.
        let exif = match (quarters, mirror) {
            (0, None) => 1,
            (0, Some(1)) | (2, Some(0)) => 2,
            (2, None) => 3,
            (0 | 2, Some(_)) => 4,
            (1, Some(0)) | (3, Some(1)) => 5,
            (3, None) => 6,
            (1 | 3, Some(_)) => 7,
            _ => 8,
        };
        Orientation::from_exif(exif).unwrap_or(Orientation::NoTransforms)
    }

    /// The colour profile.
    pub(crate) fn icc(&self) -> Option<&'a [u8]> {
        self.colour(&[*b"prof", *b"rICC"])
    }

    /// How the colours are coded, where the container says it.
    pub(crate) fn code_points(&self) -> Option<CodePoints> {
        let body = &mut self.colour(&[*b"nclx"])?;
        Some(CodePoints {
            primaries: u16::try_from(number(body, 2)?).ok()?,
            transfer: u16::try_from(number(body, 2)?).ok()?,
            matrix: u16::try_from(number(body, 2)?).ok()?,
            full_range: number(body, 1)? & 0x80 != 0,
        })
    }

    /// What a decoder is told before an item's data.
    pub(crate) fn configuration(&self, item: u32, name: [u8; 4]) -> Option<&'a [u8]> {
        self.property(item, name)
    }

    /// The bytes of an item.
    pub(crate) fn data(&self, item: u32) -> Option<Vec<u8>> {
        let place = self.places.get(&item)?;
        let from = if place.inside { self.inside } else { self.bytes };
        let mut data = Vec::new();
        for (offset, length) in &place.extents {
            // A length of zero is all there is.
            let end = if *length == 0 { from.len() } else { offset.checked_add(*length)? };
            data.extend_from_slice(from.get(*offset..end)?);
            // Pieces may be named many times over, but no item is larger than its file.
            if data.len() > self.bytes.len() {
                return None;
            }
        }
        Some(data)
    }

    /// How many bytes an item says it has.
    fn length(&self, item: u32) -> Option<usize> {
        let mut lengths = self.places.get(&item)?.extents.iter().map(|(_, length)| *length);
        // A length of zero is all there is.
        lengths.try_fold(0_usize, |sum, length| {
            sum.checked_add(if length == 0 { self.bytes.len() } else { length })
        })
    }

    fn tiles(&self, item: u32) -> Option<Tiles> {
        let (width, height) = self.extent(item)?;
        let kind = self.kind(item)?;
        if kind != *b"grid" {
            let tile = (width, height);
            return Some(Tiles { codec: kind, width, height, tile, columns: 1, items: vec![item] });
        }
        let grid = self.data(item)?;
        let [_, flags, rows, columns, size @ ..] = grid.as_slice() else { return None };
        let size = &mut &*size;
        let bytes = if flags & 1 == 0 { 2 } else { 4 };
        let width = u32::try_from(number(size, bytes)?).ok()?;
        let height = u32::try_from(number(size, bytes)?).ok()?;
        let (rows, columns) = (usize::from(*rows) + 1, usize::from(*columns) + 1);
        let (_, _, items) =
            self.references.iter().find(|(kind, from, _)| kind == b"dimg" && *from == item)?;
        if items.len() != rows * columns || items.len() > MOST_TILES {
            return None;
        }
        // Each tile has bytes of its own: they are not read a thousand times over.
        let length = items.iter().try_fold(0_usize, |sum, item| sum.checked_add(self.length(*item)?));
        if length? > self.bytes.len() {
            return None;
        }
        let tile = self.extent(*items.first()?)?;
        let codec = self.kind(*items.first()?)?;
        // As many as it takes to cover the picture, all alike: what decoding costs goes by its dimensions.
        let covers = |tile: u32, count: usize, side: u32| {
            tile > 0 && u32::try_from(count).is_ok_and(|count| side.div_ceil(tile) == count)
        };
        let alike =
            items.iter().all(|item| self.extent(*item) == Some(tile) && self.kind(*item) == Some(codec));
        (alike && covers(tile.0, columns, width) && covers(tile.1, rows, height)).then(|| Tiles {
            codec,
            width,
            height,
            tile,
            columns,
            items: items.clone(),
        })
    }

    fn kind(&self, item: u32) -> Option<[u8; 4]> {
        self.kinds.get(&item).copied()
    }

    /// The dimensions an item says it has.
    fn extent(&self, item: u32) -> Option<(u32, u32)> {
        let body = &mut self.property(item, *b"ispe")?.get(4..)?;
        Some((u32::try_from(number(body, 4)?).ok()?, u32::try_from(number(body, 4)?).ok()?))
    }

    fn property(&self, item: u32, name: [u8; 4]) -> Option<&'a [u8]> {
        self.properties_of(item).find(|(found, _)| *found == name).map(|(_, body)| body)
    }

    fn colour(&self, kinds: &[[u8; 4]]) -> Option<&'a [u8]> {
        // Cameras say it of the whole picture or of its tiles.
        let tiles = self.references.iter().find(|(kind, from, _)| kind == b"dimg" && *from == self.primary);
        let tile = tiles.and_then(|(_, _, tiles)| tiles.first()).copied();
        let described = [Some(self.primary), tile].into_iter().flatten();
        let mut colours =
            described.flat_map(|item| self.properties_of(item)).filter(|(name, _)| name == b"colr");
        colours.find_map(|(_, body)| {
            let (kind, rest) = body.split_first_chunk::<4>()?;
            kinds.contains(kind).then_some(rest)
        })
    }

    fn properties_of(&self, item: u32) -> impl Iterator<Item = ([u8; 4], &'a [u8])> {
        let numbers = self.associations.get(&item).into_iter().flatten();
        numbers.filter_map(|number| self.properties.get(number.checked_sub(1)?).copied())
    }
}

/// Most items of a file; phones that store bursts have hundreds.
const MOST_ITEMS: usize = 10_000;
/// Most tiles of a picture; those of 50 megapixels are some two hundred.
const MOST_TILES: usize = 1024;

/// The names under which opacity is announced.
const OPACITY: [&[u8]; 2] =
    [b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha\0", b"urn:mpeg:hevc:2015:auxid:1\0"];

/// The boxes that follow one another in `.0`: names and bodies.
struct Boxes<'a>(&'a [u8]);

impl<'a> Iterator for Boxes<'a> {
    type Item = ([u8; 4], &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let mut rest = self.0;
        let length = number(&mut rest, 4)?;
        let (name, after) = rest.split_first_chunk::<4>()?;
        rest = after;
        // One stands for a longer number after the name, zero for all there is.
        let length = match length {
            0 => self.0.len(),
            1 => usize::try_from(number(&mut rest, 8)?).ok()?,
            length => usize::try_from(length).ok()?,
        };
        let header = self.0.len() - rest.len();
        let (body, after) = rest.split_at_checked(length.checked_sub(header)?)?;
        self.0 = after;
        Some((*name, body))
    }
}

/// The number of `bytes` bytes that comes next, highest first; of none it is zero.
fn number(from: &mut &[u8], bytes: usize) -> Option<u64> {
    let (digits, rest) = from.split_at_checked(bytes)?;
    *from = rest;
    Some(digits.iter().fold(0, |number, digit| number << 8 | u64::from(*digit)))
}

/// An item's number, of two or four bytes.
fn item(from: &mut &[u8], long: bool) -> Option<u32> {
    u32::try_from(number(from, if long { 4 } else { 2 })?).ok()
}

/// The version that a box begins with, past it and its flags.
fn version(from: &mut &[u8]) -> Option<(u8, u32)> {
    let version = u8::try_from(number(from, 1)?).ok()?;
    Some((version, u32::try_from(number(from, 3)?).ok()?))
}

fn primary(mut body: &[u8]) -> Option<u32> {
    let (version, _) = version(&mut body)?;
    item(&mut body, version > 0)
}

fn kinds(mut body: &[u8]) -> Option<BTreeMap<u32, [u8; 4]>> {
    let (version_of_all, _) = version(&mut body)?;
    number(&mut body, if version_of_all == 0 { 2 } else { 4 })?;
    let entries = Boxes(body).filter(|(name, _)| name == b"infe");
    let kind = |mut body: &[u8]| {
        let (version, _) = version(&mut body)?;
        let id = item(&mut body, version > 2)?;
        number(&mut body, 2)?;
        Some((id, *body.first_chunk::<4>()?))
    };
    Some(entries.filter_map(|(_, body)| kind(body)).collect())
}

fn references(mut body: &[u8]) -> Option<Vec<Reference>> {
    let long = version(&mut body)?.0 > 0;
    let reference = |(name, mut body): ([u8; 4], &[u8])| {
        let from = item(&mut body, long)?;
        let count = number(&mut body, 2)?;
        let to: Option<Vec<u32>> = (0..count).map(|_| item(&mut body, long)).collect();
        Some((name, from, to?))
    };
    Boxes(body).map(reference).collect()
}

fn places(mut body: &[u8]) -> Option<BTreeMap<u32, Place>> {
    let (version, _) = version(&mut body)?;
    let sizes = usize::try_from(number(&mut body, 2)?).ok()?;
    let [offsets, lengths, bases, indices] = [12, 8, 4, 0].map(|shift| sizes >> shift & 15);
    let indices = if version == 0 { 0 } else { indices };
    if [offsets, lengths, bases, indices].iter().any(|size| *size > 8) {
        return None;
    }
    let count = number(&mut body, if version < 2 { 2 } else { 4 })?;
    let mut places = BTreeMap::new();
    for _ in 0..count {
        let item = item(&mut body, version > 1)?;
        let method = if version == 0 { 0 } else { number(&mut body, 2)? & 15 };
        number(&mut body, 2)?;
        let base = usize::try_from(number(&mut body, bases)?).ok()?;
        let pieces = number(&mut body, 2)?;
        let mut extents = Vec::new();
        for _ in 0..pieces {
            number(&mut body, indices)?;
            let offset = base.checked_add(usize::try_from(number(&mut body, offsets)?).ok()?)?;
            extents.push((offset, usize::try_from(number(&mut body, lengths)?).ok()?));
            if offsets + lengths + indices == 0 {
                // Pieces that take no room could be any number.
                break;
            }
        }
        // Items made of other items hold no picture of ours.
        if method < 2 {
            places.insert(item, Place { inside: method == 1, extents });
        }
    }
    Some(places)
}

fn associations(mut body: &[u8]) -> Option<BTreeMap<u32, Vec<usize>>> {
    let (version, flags) = version(&mut body)?;
    let (bytes, mask) = if flags & 1 == 0 { (1, 0x7F) } else { (2, 0x7FFF) };
    let count = number(&mut body, 4)?;
    let mut associations = BTreeMap::new();
    for _ in 0..count {
        let item = item(&mut body, version > 0)?;
        let properties = number(&mut body, 1)?;
        let numbers: Option<Vec<usize>> =
            (0..properties).map(|_| usize::try_from(number(&mut body, bytes)? & mask).ok()).collect();
        associations.insert(item, numbers?);
    }
    Some(associations)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn boxes_of_every_kind_of_length() {
        let long = b"\0\0\0\x01long\0\0\0\0\0\0\0\x12ab";
        let rest = b"\0\0\0\0restcde";
        let file = [b"\0\0\0\x09shrtx".as_slice(), long, rest].concat();
        let boxes: Vec<([u8; 4], &[u8])> = Boxes(&file).collect();
        assert_eq!(boxes, [(*b"shrt", b"x".as_slice()), (*b"long", b"ab"), (*b"rest", b"cde")]);
        assert_eq!(Boxes(b"\0\0\0\x07shrt").count(), 0);
        assert_eq!(Boxes(b"\0\0\0\x0Ashrtx").count(), 0);
    }

    proptest! {
        #[test]
        fn any_descriptions_are_read_without_panic(
            name in proptest::sample::select(vec![*b"pitm", *b"iinf", *b"iloc", *b"iref", *b"iprp", *b"idat"]),
            body in proptest::collection::vec(any::<u8>(), 0..200),
        ) {
            let length = |body: &[u8]| u32::try_from(body.len() + 8).unwrap().to_be_bytes();
            let inner = [length(&body).as_slice(), &name, &body].concat();
            let meta = [&[0; 4], inner.as_slice()].concat();
            let file = [length(&meta).as_slice(), b"meta", &meta].concat();
            if let Some(heif) = Heif::read(&file) {
                let _ = (heif.picture(), heif.opacity(), heif.orientation(), heif.icc(), heif.code_points());
            }
        }
    }
}
