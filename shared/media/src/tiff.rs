//! The directory of a TIFF file or an EXIF block: numbered tags and their values.
//!
//! Only the requested tags are read. Cameras and editors leave the others broken in many ways, which must not
//! cost a picture.

/// The first directory of a TIFF file or EXIF block.
pub(crate) struct Directory<'a> {
    tiff: &'a [u8],
    entries: &'a [u8],
    endian: Endian,
}

/// The types a value may have, by their numbers in the file.
const BYTE: u16 = 1;
const SHORT: u16 = 3;
const LONG: u16 = 4;
const UNDEFINED: u16 = 7;

/// Bytes of one entry: tag, type, count, and the value or where it is.
const ENTRY: usize = 12;

impl<'a> Directory<'a> {
    /// Returns the first directory, if the block begins as TIFF does and points to one.
    pub(crate) fn first(tiff: &'a [u8]) -> Option<Self> {
        let endian = match tiff.get(..2)? {
            b"II" => Endian { u16: u16::from_le_bytes, u32: u32::from_le_bytes },
            b"MM" => Endian { u16: u16::from_be_bytes, u32: u32::from_be_bytes },
            _ => return None,
        };
        let directory = tiff.get(usize::try_from(endian.u32_at(tiff, 4)?).ok()?..)?;
        let length = usize::from(endian.u16_at(directory, 0)?) * ENTRY;
        let entries = directory.get(2..)?;
        // One that is cut short still has its first entries.
        Some(Self { tiff, entries: entries.get(..length).unwrap_or(entries), endian })
    }

    /// Returns the first value of a tag, if it is a whole number.
    pub(crate) fn number(&self, tag: u16) -> Option<u32> {
        let entry = self.entry(tag)?;
        match self.endian.u16_at(entry, 2)? {
            BYTE => self.values(entry, 1)?.first().copied().map(u32::from),
            SHORT => self.endian.u16_at(self.values(entry, 2)?, 0).map(u32::from),
            LONG => self.endian.u32_at(self.values(entry, 4)?, 0),
            _ => None,
        }
    }

    /// Returns the value of a tag of bytes.
    pub(crate) fn bytes(&self, tag: u16) -> Option<&'a [u8]> {
        let entry = self.entry(tag)?;
        let of_bytes = matches!(self.endian.u16_at(entry, 2)?, BYTE | UNDEFINED);
        let values = self.values(entry, 1).filter(|_| of_bytes)?;
        values.get(..self.count(entry)?)
    }

    fn entry(&self, tag: u16) -> Option<&'a [u8]> {
        self.entries.chunks_exact(ENTRY).find(|entry| self.endian.u16_at(entry, 0) == Some(tag))
    }

    fn count(&self, entry: &[u8]) -> Option<usize> {
        usize::try_from(self.endian.u32_at(entry, 4)?).ok()
    }

    /// Returns the bytes from the first value of an entry on. Values of up to four bytes in all are in the
    /// entry itself.
    fn values(&self, entry: &'a [u8], size: usize) -> Option<&'a [u8]> {
        if self.count(entry)?.checked_mul(size)? <= 4 {
            return entry.get(8..);
        }
        self.tiff.get(usize::try_from(self.endian.u32_at(entry, 8)?).ok()?..)
    }
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

    #[test]
    fn values_stand_in_their_entry_or_elsewhere() {
        let entries = [
            b"\x01\0\x03\0\x03\0\0\0\xF0\0\0\0".as_slice(),
            b"\x02\0\x07\0\x02\0\0\0ab\0\0",
            b"\x03\0\x01\0\x01\0\0\0\x05\0\0\0",
            b"\x04\0\x04\0\x02\0\0\0\xFF\xFF\xFF\0",
        ];
        let file = [b"II*\0\x08\0\0\0\x04\0".as_slice(), &entries.concat(), b"\x07\0\x08\0\x09\0"].concat();
        let directory = Directory::first(&file).unwrap();
        assert_eq!(directory.number(1), None, "they would stand beyond the end");
        assert_eq!(directory.bytes(2), Some(b"ab".as_slice()));
        assert_eq!(directory.number(3), Some(5));
        assert_eq!(directory.number(4), None);
        assert_eq!(directory.number(5), None);

        let mut whole = file.clone();
        whole[18] = 58;
        assert_eq!(Directory::first(&whole).unwrap().number(1), Some(7));
        assert!(Directory::first(b"II*\0\xFF\0\0\0").is_none());
        assert!(Directory::first(b"PK\x03\x04").is_none());
    }
}
