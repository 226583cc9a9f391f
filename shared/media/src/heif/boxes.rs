//! The boxes of a HEIF file: what each of them says, and a file of one item.

use std::collections::BTreeMap;

/// The kind of a reference, the item it goes from and the items it goes to.
pub(super) type Reference = ([u8; 4], u32, Vec<u32>);

/// Where the bytes of an item are.
pub(super) struct Location {
    /// Whether they are among the descriptions, and not in the rest of the file.
    pub(super) inside: bool,
    /// Offset and length of each piece.
    pub(super) extents: Vec<(usize, usize)>,
}

/// Returns a HEIC file of nothing but one item.
pub(crate) fn file_of((width, height): (u32, u32), configuration: &[u8], data: &[u8]) -> Option<Vec<u8>> {
    let wrap = |name: &[u8; 4], parts: &[&[u8]]| {
        let body = parts.concat();
        let length = u32::try_from(body.len() + 8).ok()?;
        Some([&length.to_be_bytes(), name.as_slice(), &body].concat())
    };
    let version: &[u8] = &[0; 4];
    let extent = wrap(b"ispe", &[version, &width.to_be_bytes(), &height.to_be_bytes()])?;
    let properties = wrap(b"ipco", &[&wrap(b"hvcC", &[configuration])?, &extent])?;
    // Item 1 has both properties.
    let associations = wrap(b"ipma", &[version, &[0, 0, 0, 1, 0, 1, 2, 1, 2]])?;
    let entry = wrap(b"infe", &[&[2, 0, 0, 0, 0, 1, 0, 0], b"hvc1", &[0]])?;
    let start = wrap(b"ftyp", &[b"heic", version, b"mif1heic"])?;
    let length = u32::try_from(data.len()).ok()?.to_be_bytes();
    let meta = |offset: u32| {
        let place = [&[0x44, 0, 0, 1, 0, 1, 0, 0, 0, 1], offset.to_be_bytes().as_slice(), &length].concat();
        let parts = [
            wrap(b"pitm", &[version, &[0, 1]])?,
            wrap(b"iinf", &[version, &[0, 1], &entry])?,
            wrap(b"iprp", &[&properties, &associations])?,
            wrap(b"iloc", &[version, &place])?,
        ];
        wrap(b"meta", &[version, &parts.concat()])
    };
    let offset = u32::try_from(start.len() + meta(0)?.len() + 8).ok()?;
    let mut file = [start, meta(offset)?].concat();
    file.reserve_exact(8 + data.len());
    file.extend(u32::try_from(8 + data.len()).ok()?.to_be_bytes());
    file.extend(b"mdat");
    file.extend(data);
    Some(file)
}

/// The boxes that follow one another in `.0`: names and bodies.
pub(super) struct Boxes<'a>(pub(super) &'a [u8]);

impl<'a> Iterator for Boxes<'a> {
    type Item = ([u8; 4], &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let mut rest = self.0;
        let length = number(&mut rest, 4)?;
        let (name, after) = rest.split_first_chunk::<4>()?;
        rest = after;
        // One means a longer number after the name, zero the rest.
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

/// Returns the next number of `bytes` bytes, highest first. A number of no bytes is zero.
pub(super) fn number(from: &mut &[u8], bytes: usize) -> Option<u64> {
    let (digits, rest) = from.split_at_checked(bytes)?;
    *from = rest;
    Some(digits.iter().fold(0, |number, digit| number << 8 | u64::from(*digit)))
}

/// Returns the number of an item, of two or four bytes.
fn item(from: &mut &[u8], long: bool) -> Option<u32> {
    u32::try_from(number(from, if long { 4 } else { 2 })?).ok()
}

/// Returns version and flags, with which a box begins.
fn version(from: &mut &[u8]) -> Option<(u8, u32)> {
    let version = u8::try_from(number(from, 1)?).ok()?;
    Some((version, u32::try_from(number(from, 3)?).ok()?))
}

pub(super) fn primary(mut body: &[u8]) -> Option<u32> {
    let (version, _) = version(&mut body)?;
    item(&mut body, version > 0)
}

pub(super) fn kinds(mut body: &[u8]) -> Option<BTreeMap<u32, [u8; 4]>> {
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

pub(super) fn references(mut body: &[u8]) -> Option<Vec<Reference>> {
    let long = version(&mut body)?.0 > 0;
    let reference = |(name, mut body): ([u8; 4], &[u8])| {
        let from = item(&mut body, long)?;
        let count = number(&mut body, 2)?;
        let to: Option<Vec<u32>> = (0..count).map(|_| item(&mut body, long)).collect();
        Some((name, from, to?))
    };
    Boxes(body).map(reference).collect()
}

pub(super) fn locations(mut body: &[u8]) -> Option<BTreeMap<u32, Location>> {
    let (version, _) = version(&mut body)?;
    let sizes = usize::try_from(number(&mut body, 2)?).ok()?;
    let [offsets, lengths, bases, indices] = [12, 8, 4, 0].map(|shift| sizes >> shift & 15);
    let indices = if version == 0 { 0 } else { indices };
    if [offsets, lengths, bases, indices].iter().any(|size| *size > 8) {
        return None;
    }
    let count = number(&mut body, if version < 2 { 2 } else { 4 })?;
    let mut locations = BTreeMap::new();
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
                // Pieces that take no bytes in the box could be any number.
                break;
            }
        }
        // Data made of the data of other items is not supported.
        if method < 2 {
            locations.insert(item, Location { inside: method == 1, extents });
        }
    }
    Some(locations)
}

pub(super) fn associations(mut body: &[u8]) -> Option<BTreeMap<u32, Vec<usize>>> {
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
}
