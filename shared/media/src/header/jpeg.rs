//! JPEG: every marker from the first to the end of the picture.
//!
//! The compressed data between them are passed over too. That is how the scans are counted, and how a file is
//! known to be whole: libjpeg would make up what is missing and call it a picture.

use image::ColorType;
use image::metadata::Orientation;

use super::{Header, array, cut_short};
use crate::limits::Limits;
use crate::orientation;
use crate::refusal::Refusal;

const START_OF_IMAGE: u8 = 0xD8;
const END_OF_IMAGE: u8 = 0xD9;
const START_OF_SCAN: u8 = 0xDA;
const BASELINE: u8 = 0xC0;
const EXTENDED: u8 = 0xC1;
const PROGRESSIVE: u8 = 0xC2;
const EXIF: u8 = 0xE1;
const ICC: u8 = 0xE2;
const ADOBE: u8 = 0xEE;

/// The header of a JPEG.
pub(crate) struct JpegHeader {
    pub(crate) common: Header,
    /// How four inks are stored, if it is of inks.
    pub(crate) inks: Option<Inks>,
}

/// How a picture of cyan, magenta, yellow and black is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Inks {
    /// 0 is no ink.
    Plain,
    /// 255 is no ink, as Adobe has it.
    Inverted,
}

pub(crate) fn read(bytes: &[u8], limits: &Limits) -> Result<JpegHeader, Refusal> {
    let mut markers = Markers { bytes, at: 2 };
    let mut frame: Option<Frame> = None;
    let mut orientation = None;
    let mut icc = IccPieces::default();
    let mut inks = Inks::Plain;
    let mut scans = 0;
    loop {
        let marker = markers.next()?;
        match marker {
            END_OF_IMAGE => break,
            // These stand alone; the restarts are inside compressed data.
            0x01 | 0xD0..=0xD7 => continue,
            START_OF_IMAGE => return Err(Refusal::corrupt("it begins again in the middle")),
            _ => {}
        }
        let body = markers.segment()?;
        match marker {
            BASELINE | EXTENDED | PROGRESSIVE => {
                let read = Frame::read(body, marker == PROGRESSIVE)?;
                limits.check_dimensions(read.width, read.height)?;
                if frame.replace(read).is_some() {
                    return Err(Refusal::corrupt("it declares its dimensions twice"));
                }
            }
            // The other frames: lossless, hierarchical, arithmetic. The gaps are tables and not frames.
            0xC3 | 0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF => {
                return Err(Refusal::Unsupported("A lossless, hierarchical or arithmetic JPEG"));
            }
            START_OF_SCAN => {
                let frame = frame.as_ref().ok_or_else(cut_short)?;
                if scans == 0 {
                    let components = body.first().copied().ok_or_else(cut_short)?;
                    limits.check_memory(frame.memory(components))?;
                }
                scans += 1;
                if scans > limits.jpeg_scans {
                    return Err(Refusal::TooManyScans { limit: limits.jpeg_scans });
                }
            }
            EXIF if body.starts_with(b"Exif\0") => {
                orientation = orientation.or_else(|| orientation::from_exif(body));
            }
            ICC => icc.add(body),
            ADOBE if body.starts_with(b"Adobe") => inks = Inks::Inverted,
            _ => {}
        }
    }
    let frame = frame.filter(|_| scans > 0).ok_or_else(Refusal::no_picture)?;
    let components = frame.sampling.len();
    let common = Header {
        width: frame.width,
        height: frame.height,
        orientation: orientation.unwrap_or(Orientation::NoTransforms),
        color_type: if components == 1 { ColorType::L8 } else { ColorType::Rgb8 },
        icc: icc.join(),
    };
    Ok(JpegHeader { common, inks: Some(inks).filter(|_| components == 4) })
}

/// The markers from a position on.
struct Markers<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Markers<'a> {
    /// The next marker. Whatever stands before it is skipped: compressed data, in which 0xFF is followed by
    /// zero, or the rubbish that some writers leave between segments.
    fn next(&mut self) -> Result<u8, Refusal> {
        loop {
            let rest = self.bytes.get(self.at..).unwrap_or_default();
            let found = memchr::memchr(0xFF, rest).ok_or_else(Refusal::cut_off)?;
            let after = rest.get(found + 1..).unwrap_or_default();
            // Any number of 0xFF may come before the marker's own byte.
            let fill = after.iter().position(|byte| *byte != 0xFF).ok_or_else(Refusal::cut_off)?;
            let marker = after.get(fill).copied().ok_or_else(Refusal::cut_off)?;
            self.at += found + 1 + fill + 1;
            if marker != 0 {
                return Ok(marker);
            }
        }
    }

    /// The body of the segment that begins here, and past it.
    fn segment(&mut self) -> Result<&'a [u8], Refusal> {
        let length =
            usize::from(u16::from_be_bytes(array(self.bytes, self.at).ok_or_else(Refusal::cut_off)?));
        let body = self.bytes.get(self.at + 2..self.at + length);
        self.at += length;
        // A length counts its own two bytes; a smaller one gives a range that is no range.
        body.ok_or_else(|| {
            if length < 2 { Refusal::corrupt("a part of it has no length") } else { Refusal::cut_off() }
        })
    }
}

/// The frame header: dimensions, and how the components are sampled.
struct Frame {
    width: u32,
    height: u32,
    progressive: bool,
    /// Horizontal and vertical sampling of each component, 1 to 4.
    sampling: Vec<(u64, u64)>,
}

impl Frame {
    fn read(body: &[u8], progressive: bool) -> Result<Self, Refusal> {
        let [precision, h1, h0, w1, w0, components] = array(body, 0).ok_or_else(cut_short)?;
        if precision != 8 {
            return Err(Refusal::Unsupported("A JPEG of more than 8 bits"));
        }
        if !matches!(components, 1 | 3 | 4) {
            return Err(Refusal::Unsupported("A JPEG of neither one, three nor four components"));
        }
        let described = body.get(6..6 + 3 * usize::from(components)).ok_or_else(cut_short)?;
        let sampling: Vec<(u64, u64)> = described
            .chunks_exact(3)
            .filter_map(|c| c.get(1))
            .map(|s| (u64::from(s >> 4), u64::from(s & 15)))
            .collect();
        if sampling.iter().any(|(h, v)| !(1..=4).contains(h) || !(1..=4).contains(v)) {
            return Err(Refusal::corrupt("its components are sampled impossibly"));
        }
        let (width, height) = (u16::from_be_bytes([w1, w0]), u16::from_be_bytes([h1, h0]));
        Ok(Self { width: width.into(), height: height.into(), progressive, sampling })
    }

    /// The bytes libjpeg keeps for the whole picture. Reading one scan of everything it works by the row; a
    /// picture in several scans must be held as coefficients, 64 of two bytes for each block of each
    /// component.
    fn memory(&self, components_in_first_scan: u8) -> u64 {
        if !self.progressive && usize::from(components_in_first_scan) == self.sampling.len() {
            return 0;
        }
        let widest = self.sampling.iter().map(|(h, _)| *h).max().unwrap_or(1);
        let tallest = self.sampling.iter().map(|(_, v)| *v).max().unwrap_or(1);
        let blocks = self.sampling.iter().map(|(h, v)| {
            let across = (u64::from(self.width) * h).div_ceil(widest * 8).next_multiple_of(*h);
            let down = (u64::from(self.height) * v).div_ceil(tallest * 8).next_multiple_of(*v);
            across * down
        });
        blocks.sum::<u64>() * 128
    }
}

/// A colour profile cut into numbered segments, which need not come in order.
#[derive(Default)]
struct IccPieces<'a> {
    pieces: Vec<(u8, &'a [u8])>,
    expected: usize,
}

impl<'a> IccPieces<'a> {
    fn add(&mut self, segment: &'a [u8]) {
        if let Some([number, count, piece @ ..]) = segment.strip_prefix(b"ICC_PROFILE\0") {
            self.pieces.push((*number, piece));
            self.expected = usize::from(*count);
        }
    }

    /// The whole profile, if every piece came once. Half a profile is worse than none.
    fn join(mut self) -> Option<Vec<u8>> {
        self.pieces.sort_by_key(|(number, _)| *number);
        let whole = self.pieces.len() == self.expected
            && (1..).zip(&self.pieces).all(|(n, (number, _))| n == *number);
        (whole && self.expected > 0)
            .then(|| self.pieces.iter().flat_map(|(_, piece)| *piece).copied().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_is_joined_in_order_or_not_at_all() {
        let segment = |number: u8, count: u8, text: &[u8]| {
            [b"ICC_PROFILE\0".as_slice(), &[number, count], text].concat()
        };
        let (second, first) = (segment(2, 2, b"file"), segment(1, 2, b"pro"));
        let mut whole = IccPieces::default();
        whole.add(&second);
        whole.add(&first);
        assert_eq!(whole.join(), Some(b"profile".to_vec()));

        let mut half = IccPieces::default();
        half.add(&second);
        assert_eq!(half.join(), None);
        assert_eq!(IccPieces::default().join(), None);
    }

    #[test]
    fn coefficients_are_counted_as_libjpeg_allocates_them() {
        let frame =
            Frame { width: 33, height: 17, progressive: true, sampling: vec![(2, 2), (1, 1), (1, 1)] };
        // Luminance: 5 blocks across rounded up to 6, 3 down rounded up to 4; colour: 3 by 2, twice.
        assert_eq!(frame.memory(3), (6 * 4 + 2 * 3 * 2) * 128);
        let baseline = Frame { progressive: false, ..frame };
        assert_eq!(baseline.memory(3), 0);
        assert_ne!(baseline.memory(1), 0);
    }
}
