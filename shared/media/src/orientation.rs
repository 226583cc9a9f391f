//! Reads which way up a picture is.

use image::metadata::Orientation;

use crate::tiff::Directory;

/// The TIFF tag that holds the orientation.
const ORIENTATION: u16 = 274;

/// The orientation in an EXIF block: a TIFF header and its first directory, with or without the `Exif\0\0`
/// that JPEG puts before it.
pub(crate) fn from_exif(block: &[u8]) -> Option<Orientation> {
    from_tiff(&Directory::first(block.strip_prefix(b"Exif\0\0").unwrap_or(block))?)
}

/// Returns the orientation in a directory, if it has a meaning.
pub(crate) fn from_tiff(directory: &Directory<'_>) -> Option<Orientation> {
    Orientation::from_exif(u8::try_from(directory.number(ORIENTATION)?).ok()?)
}

/// Returns width and height as shown of a picture stored with these.
pub(crate) fn shown((width, height): (u32, u32), orientation: Orientation) -> (u32, u32) {
    match orientation {
        Orientation::Rotate90
        | Orientation::Rotate270
        | Orientation::Rotate90FlipH
        | Orientation::Rotate270FlipH => (height, width),
        Orientation::NoTransforms
        | Orientation::Rotate180
        | Orientation::FlipHorizontal
        | Orientation::FlipVertical => (width, height),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn any_whole_number_in_either_byte_order_is_read() {
        let little = b"II*\0\x08\0\0\0\x01\0\x12\x01\x04\0\x01\0\0\0\x06\0\0\0";
        let big = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0";
        assert_eq!(from_exif(little), Some(Orientation::Rotate90));
        assert_eq!(from_exif(big), Some(Orientation::Rotate90));
    }

    #[test]
    fn a_number_without_meaning_is_none() {
        for value in [0, 9, 255] {
            let block =
                [b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".as_slice(), &[value, 0, 0, 0]].concat();
            assert_eq!(from_exif(&block), None);
        }
    }

    #[test]
    fn sides_change_places_when_a_picture_is_turned_by_a_quarter() {
        let shown = |value| shown((3, 2), Orientation::from_exif(value).unwrap());
        assert!((1..=4).all(|value| shown(value) == (3, 2)));
        assert!((5..=8).all(|value| shown(value) == (2, 3)));
    }

    proptest! {
        #[test]
        fn any_block_is_read_without_panic(
            block in proptest::collection::vec(any::<u8>(), 0..200),
            offset in 0_u8..40,
        ) {
            let mut tiff = vec![b'I', b'I', 42, 0, offset, 0, 0, 0];
            tiff.extend(&block);
            let _ = from_exif(&tiff);
            let _ = from_exif(&block);
        }
    }
}
