//! Tells what a file is by its first bytes. Its name and its declared type do not count.

/// The formats we decode. The crate `image` names most of them as well, but not HEIC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// JPEG, baseline or progressive.
    Jpeg,
    /// PNG.
    Png,
    /// WebP.
    WebP,
    /// GIF, its first frame.
    Gif,
    /// AVIF, its primary picture.
    Avif,
    /// HEIC, its primary picture.
    Heic,
    /// TIFF, its first page.
    Tiff,
    /// BMP.
    Bmp,
}

impl Format {
    /// The content type of a file in this format.
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::WebP => "image/webp",
            Self::Gif => "image/gif",
            Self::Avif => "image/avif",
            Self::Heic => "image/heic",
            Self::Tiff => "image/tiff",
            Self::Bmp => "image/bmp",
        }
    }

    /// Returns the format of `bytes`, by how they begin.
    pub fn sniff(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [0xFF, 0xD8, 0xFF, ..] => Some(Self::Jpeg),
            [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1A, b'\n', ..] => Some(Self::Png),
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(Self::WebP),
            [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some(Self::Gif),
            [b'I', b'I', 42, 0, ..] | [b'M', b'M', 0, 42, ..] => Some(Self::Tiff),
            [b'B', b'M', rest @ ..] if is_bitmap_header(rest) => Some(Self::Bmp),
            _ => brands(bytes).find_map(|brand| match &brand {
                b"avif" | b"avis" => Some(Self::Avif),
                b"heic" | b"heix" | b"hevc" | b"hevx" | b"heim" | b"heis" | b"hevm" | b"hevs" => {
                    Some(Self::Heic)
                }
                _ => None,
            }),
        }
    }
}

/// Returns whether a BMP's header follows its first two letters, and not just a text. Its second header has
/// one of few lengths, one for each version of the format.
fn is_bitmap_header(rest: &[u8]) -> bool {
    let length = rest.get(12..).and_then(<[u8]>::first_chunk::<4>).copied().map(u32::from_le_bytes);
    matches!(length, Some(12 | 16 | 40 | 52 | 56 | 64 | 108 | 124))
}

/// Returns the brands of a file that begins with a file type box: its own first, then the compatible ones.
fn brands(bytes: &[u8]) -> impl Iterator<Item = [u8; 4]> {
    let length = bytes.first_chunk::<4>().map_or(0, |length| u32::from_be_bytes(*length));
    let whole = bytes.get(..usize::try_from(length).unwrap_or(usize::MAX)).unwrap_or_default();
    let brands = whole.get(8..).filter(|_| whole.get(4..8) == Some(b"ftyp")).unwrap_or_default();
    let (brands, _) = brands.as_chunks::<4>();
    // The second one is not a brand but the version of the first.
    brands.iter().enumerate().filter(|(place, _)| *place != 1).map(|(_, brand)| *brand)
}

/// Returns the name of a format we do not decode, so that its owner knows what to convert.
pub(crate) fn name_unsupported(bytes: &[u8]) -> &'static str {
    match bytes {
        [_, _, _, _, b'f', b't', b'y', b'p', brand @ ..] => match brand.get(..4) {
            Some(b"mif1" | b"msf1") => "A HEIF picture that is neither HEIC nor AVIF",
            _ => "A video",
        },
        [0xFF, 0x0A, ..] | [0, 0, 0, 12, b'J', b'X', b'L', b' ', ..] => "JPEG XL",
        [0, 0, 0, 12, b'j', b'P', b' ', b' ', ..] => "JPEG 2000",
        [b'I', b'I', 43, 0, ..] | [b'M', b'M', 0, 43, ..] => "BigTIFF",
        [b'%', b'P', b'D', b'F', ..] => "PDF",
        [b'<', ..] => "SVG",
        _ => "This kind of file",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heif_goes_by_its_brands() {
        let sniff = |brands: &str| {
            let length = u32::try_from(brands.len() + 8).unwrap();
            Format::sniff(&[length.to_be_bytes().as_slice(), b"ftyp", brands.as_bytes()].concat())
        };
        assert_eq!(sniff("heic\0\0\0\0mif1heic"), Some(Format::Heic));
        assert_eq!(sniff("avif\0\0\0\0avifmif1"), Some(Format::Avif));
        assert_eq!(sniff("mif1\0\0\0\0mif1heic"), Some(Format::Heic));
        assert_eq!(sniff("mif1\0\0\0\0avif"), Some(Format::Avif));
        assert_eq!(sniff("mif1avif"), None);
        assert_eq!(sniff("isom\0\0\0\0avc1"), None);
    }

    #[test]
    fn what_is_not_decoded_is_named() {
        assert_eq!(
            name_unsupported(b"\0\0\0\x18ftypmif1\0\0\0\0"),
            "A HEIF picture that is neither HEIC nor AVIF"
        );
        assert_eq!(name_unsupported(b"\0\0\0\x18ftypisom\0\0\0\0"), "A video");
        assert_eq!(name_unsupported(b"hello"), "This kind of file");
    }
}
