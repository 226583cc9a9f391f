//! Which way up a picture is.

use crate::picture::Srgb;

/// How stored pixels become shown ones: for each shown pixel, swap its coordinates if `swap`, then count from
/// the far edge of the stored picture where flipped. The eight EXIF values are the eight combinations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Orientation {
    swap: bool,
    flip_column: bool,
    flip_row: bool,
}

/// The TIFF tag that holds the orientation.
const ORIENTATION_TAG: u16 = 0x0112;
const TYPE_SHORT: u16 = 3;
const TYPE_LONG: u16 = 4;

impl Orientation {
    /// The meaning of an EXIF value, if it has one.
    pub(crate) fn from_exif_value(value: u32) -> Option<Self> {
        let (swap, flip_column, flip_row) = match value {
            1 => (false, false, false),
            2 => (false, true, false),
            3 => (false, true, true),
            4 => (false, false, true),
            5 => (true, false, false),
            6 => (true, false, true),
            7 => (true, true, true),
            8 => (true, true, false),
            _ => return None,
        };
        Some(Self { swap, flip_column, flip_row })
    }

    /// Finds the orientation in an EXIF block: a TIFF header and its first directory, with or without the
    /// `Exif\0\0` that JPEG puts before it.
    ///
    /// Reads this one tag and nothing else. Cameras and editors leave the rest of the block broken in many
    /// ways, and none of them should cost a picture its orientation.
    pub(crate) fn from_exif(block: &[u8]) -> Option<Self> {
        let tiff = block.strip_prefix(b"Exif\0\0").unwrap_or(block);
        let read = match tiff.get(..2)? {
            b"II" => Endian { u16: u16::from_le_bytes, u32: u32::from_le_bytes },
            b"MM" => Endian { u16: u16::from_be_bytes, u32: u32::from_be_bytes },
            _ => return None,
        };
        let directory = tiff.get(usize::try_from(read.u32_at(tiff, 4)?).ok()?..)?;
        let count = usize::from(read.u16_at(directory, 0)?);
        let entries = directory.get(2..)?.chunks_exact(12).take(count);
        let entry = entries.into_iter().find(|entry| read.u16_at(entry, 0) == Some(ORIENTATION_TAG))?;
        let value = match read.u16_at(entry, 2)? {
            TYPE_SHORT => u32::from(read.u16_at(entry, 8)?),
            TYPE_LONG => read.u32_at(entry, 8)?,
            _ => return None,
        };
        Self::from_exif_value(value)
    }

    /// Width and height as shown of a picture stored with these.
    pub(crate) fn shown(self, width: u32, height: u32) -> (u32, u32) {
        if self.swap { (height, width) } else { (width, height) }
    }

    /// Turns the pixels.
    pub(crate) fn apply(self, stored: Srgb) -> Srgb {
        if self == Self::default() {
            return stored;
        }
        let (width, height) = self.shown(stored.width, stored.height);
        let (pixels, _) = stored.data.as_chunks::<3>();
        let row_length = usize::try_from(stored.width).unwrap_or(usize::MAX).max(1);
        let rows: Vec<&[[u8; 3]]> = flipped(pixels.chunks_exact(row_length), self.flip_row);

        let mut data = Vec::with_capacity(stored.data.len());
        if self.swap {
            for column in flipped(0..row_length, self.flip_column) {
                data.extend(rows.iter().filter_map(|row| row.get(column)).flatten());
            }
        } else {
            for row in rows {
                data.extend(flipped(row.iter(), self.flip_column).into_iter().flatten());
            }
        }
        Srgb { width, height, data }
    }
}

/// The items, from the other end if `flip`.
fn flipped<T>(items: impl DoubleEndedIterator<Item = T>, flip: bool) -> Vec<T> {
    if flip { items.rev().collect() } else { items.collect() }
}

/// The byte order of a TIFF block.
struct Endian {
    u16: fn([u8; 2]) -> u16,
    u32: fn([u8; 4]) -> u32,
}

impl Endian {
    fn u16_at(&self, bytes: &[u8], at: usize) -> Option<u16> {
        bytes.get(at..)?.first_chunk().copied().map(self.u16)
    }

    fn u32_at(&self, bytes: &[u8], at: usize) -> Option<u32> {
        bytes.get(at..)?.first_chunk().copied().map(self.u32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The pixels, one letter each, of a 3x2 picture stored as `abc` over `def`, shown by an EXIF value.
    fn shown(value: u32) -> String {
        let stored =
            Srgb { width: 3, height: 2, data: b"abcdef".iter().flat_map(|letter| [*letter; 3]).collect() };
        let turned = Orientation::from_exif_value(value).unwrap().apply(stored);
        let letters: Vec<char> = turned.data.chunks(3).map(|pixel| char::from(pixel[0])).collect();
        let rows: Vec<String> =
            letters.chunks(turned.width as usize).map(|row| row.iter().collect()).collect();
        rows.join("/")
    }

    #[test]
    fn all_eight_orientations() {
        let expected =
            ["abc/def", "cba/fed", "fed/cba", "def/abc", "ad/be/cf", "da/eb/fc", "fc/eb/da", "cf/be/ad"];
        for (value, expected) in (1..).zip(expected) {
            assert_eq!(shown(value), expected, "orientation {value}");
        }
        assert_eq!(Orientation::from_exif_value(0), None);
        assert_eq!(Orientation::from_exif_value(9), None);
    }

    #[test]
    fn a_long_in_either_byte_order_is_read_too() {
        let little = b"II*\0\x08\0\0\0\x01\0\x12\x01\x04\0\x01\0\0\0\x06\0\0\0";
        let big = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0";
        assert_eq!(Orientation::from_exif(little), Orientation::from_exif_value(6));
        assert_eq!(Orientation::from_exif(big), Orientation::from_exif_value(6));
    }

    proptest! {
        #[test]
        fn any_block_is_read_without_panic(
            block in proptest::collection::vec(any::<u8>(), 0..200),
            offset in 0_u8..40,
        ) {
            let mut tiff = vec![b'I', b'I', 42, 0, offset, 0, 0, 0];
            tiff.extend(&block);
            let _ = Orientation::from_exif(&tiff);
            let _ = Orientation::from_exif(&block);
        }
    }
}
