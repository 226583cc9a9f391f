//! The photographs: as they were published, and two of them as a phone would have written them.

use std::path::{Path, PathBuf};

use moxcms::ColorProfile;

use crate::Result;

/// A photograph to do the job on.
#[derive(Clone, Debug)]
pub struct Photograph {
    /// Its name in the report.
    pub name: String,
    /// The file.
    pub path: PathBuf,
    /// Its size in bytes.
    pub bytes: usize,
    /// Width of the pixels as they are stored.
    pub width: u32,
    /// Height of the pixels as they are stored.
    pub height: u32,
    /// Whether it is progressive, so that a decoder has to hold all coefficients.
    pub progressive: bool,
    /// What its metadata say of its pixels.
    pub tag: Tag,
}

impl Photograph {
    /// Returns millions of pixels.
    pub fn megapixels(&self) -> f64 {
        f64::from(self.width) * f64::from(self.height) / 1e6
    }
}

/// What metadata say of pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tag {
    /// Nothing, or that they are upright and sRGB.
    Plain,
    /// They have to be turned clockwise by a quarter.
    Turned,
    /// Their colours are those of Display P3.
    DisplayP3,
}

/// The photographs that get a tag, and which.
const TAGGED: [(&str, Tag); 2] = [("leaves", Tag::Turned), ("hill", Tag::DisplayP3)];

/// Returns the fetched photographs and the tagged ones, which it writes beside them.
pub fn gather(fetched: &Path) -> Result<Vec<Photograph>> {
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(fetched.join("photographs"))? {
        paths.push(entry?.path());
    }
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "jpg"));
    paths.sort();
    let folder = crate::emptied(fetched.join("tagged"))?;
    let mut photographs = Vec::new();
    for path in paths {
        let plain = read(path, Tag::Plain)?;
        for (_, tag) in TAGGED.iter().filter(|(name, _)| *name == plain.name) {
            let (suffix, segment) = match tag {
                Tag::Plain => continue,
                Tag::Turned => ("turned", turned()),
                Tag::DisplayP3 => ("p3", display_p3()?),
            };
            let path = folder.join(format!("{}-{suffix}.jpg", plain.name));
            std::fs::write(&path, with_segment(&std::fs::read(&plain.path)?, &segment)?)?;
            photographs.push(read(path, *tag)?);
        }
        photographs.push(plain);
    }
    photographs.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(photographs)
}

fn read(path: PathBuf, tag: Tag) -> Result<Photograph> {
    let data = std::fs::read(&path)?;
    let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let frame = frame(&data).ok_or_else(|| format!("{name} is no JPEG"))?;
    Ok(Photograph {
        name,
        path,
        bytes: data.len(),
        width: frame.width,
        height: frame.height,
        progressive: frame.progressive,
        tag,
    })
}

/// The frame header of a JPEG.
#[derive(Debug, PartialEq, Eq)]
struct Frame {
    width: u32,
    height: u32,
    progressive: bool,
}

/// Reads the frame header of a well-formed JPEG (ITU T.81, B.2.2).
fn frame(jpeg: &[u8]) -> Option<Frame> {
    let mut rest = jpeg.strip_prefix(&[0xff, 0xd8])?;
    loop {
        let (&[0xff, marker, high, low], _) = rest.split_first_chunk::<4>()? else { return None };
        if let 0xc0..=0xc2 = marker {
            let (&[_, _, _, _, _, h1, h2, w1, w2], _) = rest.split_first_chunk::<9>()?;
            return Some(Frame {
                width: u32::from(u16::from_be_bytes([w1, w2])),
                height: u32::from(u16::from_be_bytes([h1, h2])),
                progressive: marker == 0xc2,
            });
        }
        rest = rest.get(2 + usize::from(u16::from_be_bytes([high, low]))..)?;
    }
}

/// Inserts a segment after the first one, that of JFIF, which has to stay first.
fn with_segment(jpeg: &[u8], segment: &[u8]) -> Result<Vec<u8>> {
    let Some((&[0xff, 0xd8, 0xff, 0xe0, high, low], _)) = jpeg.split_first_chunk::<6>() else {
        return Err("a photograph to be tagged does not begin as JFIF".into());
    };
    let end = 4 + usize::from(u16::from_be_bytes([high, low]));
    let (before, after) = jpeg.split_at_checked(end).ok_or("a photograph to be tagged is cut short")?;
    Ok([before, segment, after].concat())
}

/// Returns a segment of this marker.
fn segment(marker: u8, payload: &[u8]) -> Result<Vec<u8>> {
    let [high, low] = u16::try_from(payload.len() + 2)?.to_be_bytes();
    Ok([&[0xff, marker, high, low], payload].concat())
}

/// Returns an EXIF segment whose only entry is orientation 6.
fn turned() -> Vec<u8> {
    const ORIENTATION_6: &[u8] = &[
        b'E', b'x', b'i', b'f', 0, 0, // EXIF 4.7.2.1
        b'I', b'I', 42, 0, 8, 0, 0, 0, // TIFF, little-endian, its directory at 8
        1, 0, // one entry:
        0x12, 0x01, 3, 0, 1, 0, 0, 0, 6, 0, 0, 0, // orientation, one short, 6
        0, 0, 0, 0, // no other directory
    ];
    [&[0xff, 0xe1, 0, 34], ORIENTATION_6].concat()
}

/// Returns the profile of Display P3 in one segment (ICC.1, B.4).
fn display_p3() -> Result<Vec<u8>> {
    let profile = ColorProfile::new_display_p3().encode()?;
    segment(0xe2, &[b"ICC_PROFILE\0\x01\x01", profile.as_slice()].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    const JFIF: [u8; 20] = *b"\xff\xd8\xff\xe0\x00\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0";

    fn jpeg(marker: u8) -> Vec<u8> {
        [JFIF.as_slice(), &[0xff, marker, 0, 11, 8, 2, 0, 3, 0, 1, 1, 0x11, 0]].concat()
    }

    #[test]
    fn the_frame_is_found_behind_other_segments() {
        let frame_of = |marker| frame(&with_segment(&jpeg(marker), &turned()).unwrap());
        assert_eq!(frame_of(0xc0), Some(Frame { width: 768, height: 512, progressive: false }));
        assert_eq!(frame_of(0xc2), Some(Frame { width: 768, height: 512, progressive: true }));
        assert_eq!(frame(&JFIF), None);
        assert_eq!(frame(b"GIF89a"), None);
    }

    #[test]
    fn a_segment_says_how_long_it_is() {
        for tag in [turned(), display_p3().unwrap()] {
            assert_eq!(usize::from(u16::from_be_bytes([tag[2], tag[3]])), tag.len() - 2);
        }
    }

    #[test]
    fn only_jfif_is_tagged() {
        assert!(with_segment(b"\xff\xd8\xff\xdb\0\x04\0\0", &turned()).is_err());
    }
}
