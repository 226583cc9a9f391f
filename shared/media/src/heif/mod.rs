//! Reads HEIF, the container of HEIC and AVIF files (ISO/IEC 14496-12 and 23008-12).
//!
//! A file is a list of boxes, which describe items. Items are pictures, parts of pictures, or metadata. Only
//! what leads to the picture is read, and not the thumbnails, depth maps and bursts of phones.

mod boxes;
mod overlay;
mod view;

use std::collections::BTreeMap;

use image::metadata::Orientation;

pub(crate) use boxes::file_of;
use boxes::{Boxes, Location, Reference, number};
pub(crate) use overlay::Overlay;
pub(crate) use view::View;

/// The items of a file.
pub(crate) struct Heif<'a> {
    bytes: &'a [u8],
    /// The data of items that are stored among their descriptions.
    inside: &'a [u8],
    /// The item to show.
    pub(crate) primary: u32,
    /// Kind of each item.
    kinds: BTreeMap<u32, [u8; 4]>,
    /// Where the bytes of each item are.
    locations: BTreeMap<u32, Location>,
    references: Vec<Reference>,
    properties: Vec<([u8; 4], &'a [u8])>,
    /// Which properties an item has, counted from one.
    associations: BTreeMap<u32, Vec<usize>>,
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
    /// Returns those of a stream that does not describe its colours: unspecified, in the narrow range (ITU-T
    /// H.265, E.3.1).
    fn default() -> Self {
        Self { primaries: 2, transfer: 2, matrix: 2, full_range: false }
    }
}

impl<'a> Heif<'a> {
    /// Reads the items of a file. Returns `None` if their descriptions are broken.
    pub(crate) fn read(bytes: &'a [u8]) -> Option<Self> {
        let meta = Boxes(bytes).find(|(name, _)| name == b"meta")?.1.get(4..)?;
        let mut heif = Self {
            bytes,
            inside: &[],
            primary: 0,
            kinds: BTreeMap::new(),
            locations: BTreeMap::new(),
            references: Vec::new(),
            properties: Vec::new(),
            associations: BTreeMap::new(),
        };
        for (name, body) in Boxes(meta) {
            match &name {
                b"pitm" => heif.primary = boxes::primary(body)?,
                b"iinf" => heif.kinds = boxes::kinds(body)?,
                b"iloc" => heif.locations = boxes::locations(body)?,
                b"iref" => heif.references = boxes::references(body)?,
                b"idat" => heif.inside = body,
                b"iprp" => {
                    for (name, body) in Boxes(body) {
                        match &name {
                            b"ipco" => heif.properties = Boxes(body).collect(),
                            b"ipma" => heif.associations.extend(boxes::associations(body)?),
                            _ => {}
                        }
                    }
                }
                _ => {}
            }
        }
        // A crafted file may have millions.
        let most = heif.kinds.len().max(heif.locations.len()).max(heif.associations.len());
        (most <= MOST_ITEMS).then_some(heif)
    }

    /// Returns the picture of an item.
    pub(crate) fn picture(&self, item: u32) -> Option<Tiles> {
        self.tiles(self.source(item)?)
    }

    /// Returns the pictures that an item lays over one another, if it is made like this.
    pub(crate) fn overlay(&self, item: u32) -> Option<Overlay> {
        let source = self.source(item).filter(|source| self.kind(*source) == Some(*b"iovl"))?;
        Overlay::read(&self.data(source)?, self.derived_from(source)?)
    }

    /// Returns the picture that holds the opacity of an item, if there is one. The whole may have one, or
    /// each of its tiles.
    pub(crate) fn opacity(&self, item: u32) -> Option<Tiles> {
        let source = self.source(item)?;
        if let Some(item) = self.opacity_of(source) {
            return self.tiles(item);
        }
        let picture = self.tiles(source).filter(|picture| picture.items != [source])?;
        let items: Option<Vec<u32>> = picture.items.iter().map(|item| self.opacity_of(*item)).collect();
        let items = items?;
        let first = *items.first()?;
        let (tile, codec) = (self.extent(first)?, self.kind(first)?);
        (self.alike(&items) && tile == picture.tile).then_some(Tiles { codec, items, ..picture })
    }

    /// Returns whether the colours of an item were multiplied by their opacity.
    pub(crate) fn is_premultiplied(&self, item: u32) -> bool {
        let source = self.source(item);
        let tile = source.and_then(|source| self.tiles(source)?.items.first().copied());
        self.references.iter().any(|(kind, from, _)| kind == b"prem" && [source, tile].contains(&Some(*from)))
    }

    /// Returns what is shown of an item stored with these sides. By the standard the properties decide,
    /// applied in the order of their association. The EXIF block does not count.
    pub(crate) fn view(&self, item: u32, (width, height): (u32, u32)) -> View {
        let whole = View { left: 0, top: 0, width, height, orientation: Orientation::NoTransforms };
        let chain = self.identities(item).into_iter().rev().flat_map(|item| self.properties_of(item));
        chain.fold(whole, |view, (name, body)| match (&name, body) {
            (b"clap", body) => view.cropped(body).unwrap_or(view),
            (b"irot", [quarters, ..]) => view.turned(match quarters & 3 {
                0 => Orientation::NoTransforms,
                1 => Orientation::Rotate270,
                2 => Orientation::Rotate180,
                _ => Orientation::Rotate90,
            }),
            (b"imir", [axis, ..]) => view.turned(if axis & 1 == 0 {
                Orientation::FlipVertical
            } else {
                Orientation::FlipHorizontal
            }),
            _ => view,
        })
    }

    /// Returns the colour profile of an item.
    pub(crate) fn icc(&self, item: u32) -> Option<&'a [u8]> {
        self.colour(item, &[*b"prof", *b"rICC"])
    }

    /// Returns how the colours of an item are coded, if the container says it.
    pub(crate) fn code_points(&self, item: u32) -> Option<CodePoints> {
        let body = &mut self.colour(item, &[*b"nclx"])?;
        Some(CodePoints {
            primaries: u16::try_from(number(body, 2)?).ok()?,
            transfer: u16::try_from(number(body, 2)?).ok()?,
            matrix: u16::try_from(number(body, 2)?).ok()?,
            full_range: number(body, 1)? & 0x80 != 0,
        })
    }

    /// Returns the decoder configuration of an item.
    pub(crate) fn configuration(&self, item: u32, name: [u8; 4]) -> Option<&'a [u8]> {
        self.property(item, name)
    }

    /// Returns which of the layers of an item is shown, if one is selected (23008-12, 6.5.11).
    pub(crate) fn selected_layer(&self, item: u32) -> Option<u32> {
        // All layers, of which the last and best is shown.
        const ALL: u32 = 0xFFFF;
        let body = &mut self.property(item, *b"lsel")?;
        u32::try_from(number(body, 2)?).ok().filter(|layer| *layer != ALL)
    }

    /// Returns which of the operating points of an AVIF item is shown (AVIF, 2.3.2.1).
    pub(crate) fn operating_point(&self, item: u32) -> u32 {
        self.property(item, *b"a1op").and_then(<[u8]>::first).copied().map_or(0, u32::from)
    }

    /// Returns the bytes of an item.
    pub(crate) fn data(&self, item: u32) -> Option<Vec<u8>> {
        let location = self.locations.get(&item)?;
        let from = if location.inside { self.inside } else { self.bytes };
        let mut data = Vec::new();
        for (offset, length) in &location.extents {
            // A length of zero means the rest.
            let end = if *length == 0 { from.len() } else { offset.checked_add(*length)? };
            data.extend_from_slice(from.get(*offset..end)?);
            // A crafted file may repeat a piece many times. No item is larger than its file.
            if data.len() > self.bytes.len() {
                return None;
            }
        }
        Some(data)
    }

    /// Returns how many bytes an item claims to have.
    fn length(&self, item: u32) -> Option<usize> {
        let mut lengths = self.locations.get(&item)?.extents.iter().map(|(_, length)| *length);
        // A length of zero means the rest.
        lengths.try_fold(0_usize, |sum, length| {
            sum.checked_add(if length == 0 { self.bytes.len() } else { length })
        })
    }

    /// Returns an item, and those that it is an identity of, one after another.
    fn identities(&self, item: u32) -> Vec<u32> {
        let mut chain = vec![item];
        while let Some(last) = chain.last().copied().filter(|last| self.kind(*last) == Some(*b"iden")) {
            match self.derived_from(last).and_then(<[u32]>::first) {
                Some(next) if chain.len() < MOST_IDENTITIES => chain.push(*next),
                _ => break,
            }
        }
        chain
    }

    /// Returns the item whose pixels an item shows.
    fn source(&self, item: u32) -> Option<u32> {
        self.identities(item).last().copied()
    }

    /// Returns the items that an item is made of.
    fn derived_from(&self, item: u32) -> Option<&[u32]> {
        let derived = self.references.iter().find(|(kind, from, _)| kind == b"dimg" && *from == item);
        derived.map(|(_, _, to)| to.as_slice())
    }

    /// Returns the item that holds the opacity of another.
    fn opacity_of(&self, item: u32) -> Option<u32> {
        let opacity = self.references.iter().find(|(kind, from, to)| {
            let about = || self.property(*from, *b"auxC").and_then(|body| body.get(4..));
            kind == b"auxl"
                && to.contains(&item)
                && about().is_some_and(|urn| OPACITY.iter().any(|known| urn.starts_with(known)))
        });
        opacity.map(|(_, item, _)| *item)
    }

    /// Returns whether all of these items have the same kind and size.
    fn alike(&self, items: &[u32]) -> bool {
        let first = items.first().map(|item| (self.extent(*item), self.kind(*item)));
        items.iter().all(|item| Some((self.extent(*item), self.kind(*item))) == first)
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
        let items = self.derived_from(item)?;
        if items.len() != rows * columns || items.len() > MOST_TILES {
            return None;
        }
        // Each tile has bytes of its own, so that the same bytes are not decoded a thousand times.
        let length = items.iter().try_fold(0_usize, |sum, item| sum.checked_add(self.length(*item)?));
        if length? > self.bytes.len() {
            return None;
        }
        let tile = self.extent(*items.first()?)?;
        let codec = self.kind(*items.first()?)?;
        // There are just as many tiles as cover the picture, so its dimensions bound the cost of decoding.
        let covers = |tile: u32, count: usize, side: u32| {
            tile > 0 && u32::try_from(count).is_ok_and(|count| side.div_ceil(tile) == count)
        };
        (self.alike(items) && covers(tile.0, columns, width) && covers(tile.1, rows, height)).then(|| Tiles {
            codec,
            width,
            height,
            tile,
            columns,
            items: items.to_vec(),
        })
    }

    fn kind(&self, item: u32) -> Option<[u8; 4]> {
        self.kinds.get(&item).copied()
    }

    /// Returns the dimensions an item claims to have.
    fn extent(&self, item: u32) -> Option<(u32, u32)> {
        let body = &mut self.property(item, *b"ispe")?.get(4..)?;
        Some((u32::try_from(number(body, 4)?).ok()?, u32::try_from(number(body, 4)?).ok()?))
    }

    fn property(&self, item: u32, name: [u8; 4]) -> Option<&'a [u8]> {
        self.properties_of(item).find(|(found, _)| *found == name).map(|(_, body)| body)
    }

    fn colour(&self, item: u32, kinds: &[[u8; 4]]) -> Option<&'a [u8]> {
        // Cameras describe the whole picture or its tiles.
        let mut described = self.identities(item);
        let tile = self.source(item).and_then(|source| self.tiles(source)?.items.first().copied());
        described.extend(tile);
        let mut colours = described
            .into_iter()
            .flat_map(|item| self.properties_of(item))
            .filter(|(name, _)| name == b"colr");
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

/// Most items of a file. Bursts of phones have hundreds.
const MOST_ITEMS: usize = 10_000;
/// Most identities of one picture.
const MOST_IDENTITIES: usize = 8;
/// Most tiles of a picture. 50 megapixels have some two hundred.
const MOST_TILES: usize = 1024;

/// The types of auxiliary pictures that are opacity.
const OPACITY: [&[u8]; 2] =
    [b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha\0", b"urn:mpeg:hevc:2015:auxid:1\0"];

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

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
                let item = heif.primary;
                let _ = (heif.picture(item), heif.overlay(item), heif.opacity(item), heif.view(item, (100, 50)));
                let _ = (heif.icc(item), heif.code_points(item), heif.selected_layer(item));
            }
        }
    }
}
