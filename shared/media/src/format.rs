//! What a file is, by its first bytes. Names and declared types are the uploader's opinion.

/// The formats we decode.
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
}

impl Format {
    /// The content type of a file in this format.
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::WebP => "image/webp",
            Self::Gif => "image/gif",
        }
    }

    /// The format of `bytes`, of which the first twelve are enough.
    pub fn sniff(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [0xFF, 0xD8, 0xFF, ..] => Some(Self::Jpeg),
            [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1A, b'\n', ..] => Some(Self::Png),
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(Self::WebP),
            [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some(Self::Gif),
            _ => None,
        }
    }
}

/// What to call a file we do not decode, so that its owner knows what to convert.
pub(crate) fn name_unsupported(bytes: &[u8]) -> &'static str {
    match bytes {
        [_, _, _, _, b'f', b't', b'y', b'p', brand @ ..] => match brand.get(..4) {
            Some(b"avif" | b"avis") => "AVIF",
            Some(b"heic" | b"heix" | b"hevc" | b"hevx" | b"heim" | b"heis" | b"mif1" | b"msf1") => "HEIC",
            _ => "A video",
        },
        [0xFF, 0x0A, ..] | [0, 0, 0, 12, b'J', b'X', b'L', b' ', ..] => "JPEG XL",
        [0, 0, 0, 12, b'j', b'P', b' ', b' ', ..] => "JPEG 2000",
        [b'I', b'I', 42, 0, ..] | [b'M', b'M', 0, 42, ..] => "TIFF",
        [b'B', b'M', ..] => "BMP",
        [b'%', b'P', b'D', b'F', ..] => "PDF",
        [b'<', ..] => "SVG",
        _ => "This kind of file",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phone_formats_are_named() {
        assert_eq!(name_unsupported(b"\0\0\0\x18ftypheic\0\0\0\0"), "HEIC");
        assert_eq!(name_unsupported(b"\0\0\0\x18ftypmif1\0\0\0\0"), "HEIC");
        assert_eq!(name_unsupported(b"\0\0\0\x18ftypavif\0\0\0\0"), "AVIF");
        assert_eq!(name_unsupported(b"\0\0\0\x18ftypisom\0\0\0\0"), "A video");
        assert_eq!(name_unsupported(b"hello"), "This kind of file");
    }
}
