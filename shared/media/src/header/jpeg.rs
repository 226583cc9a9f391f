//! JPEG: every marker from the first to the end of the picture.
//!
//! The markers are followed through the compressed data. This counts the scans, and shows whether the file is
//! whole: libjpeg would make up missing pixels and report no error. A file whose last scan has begun may lack
//! its end. Its decoder finds out whether any pixels are missing.

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

/// The header of a JPEG.
pub(crate) struct JpegHeader {
    pub(crate) common: Header,
    /// Whether it is of four inks, cyan, magenta, yellow and black.
    pub(crate) inks: bool,
    /// How it ends.
    pub(crate) end: End,
}

/// How a JPEG ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// With its marker.
    Marked,
    /// Within or after its last scan.
    Open {
        /// Whether the last scan only refines the others.
        progressive: bool,
    },
}

pub(crate) fn read(bytes: &[u8], limits: &Limits) -> Result<JpegHeader, Refusal> {
    let mut markers = Markers { bytes, at: 2 };
    let mut frame: Option<Frame> = None;
    let mut orientation = None;
    let mut icc = IccPieces::default();
    let mut end = End::Marked;
    let mut scans = 0;
    loop {
        let marker = match (markers.next(), &frame) {
            (Err(_), Some(frame)) if frame.is_complete() => {
                end = End::Open { progressive: frame.progressive };
                break;
            }
            (marker, _) => marker?,
        };
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
                let frame = frame.as_mut().ok_or_else(cut_short)?;
                if scans == 0 {
                    let components = body.first().copied().ok_or_else(cut_short)?;
                    limits.check_memory(frame.memory(components))?;
                }
                frame.scan(body).ok_or_else(cut_short)?;
                scans += 1;
                let limit = limits.scans(u64::from(frame.width) * u64::from(frame.height));
                if scans > limit {
                    return Err(Refusal::TooManyScans { limit });
                }
            }
            EXIF if body.starts_with(b"Exif\0") => {
                orientation = orientation.or_else(|| orientation::from_exif(body));
            }
            ICC => icc.add(body),
            _ => {}
        }
    }
    let frame = frame.filter(|_| scans > 0).ok_or_else(Refusal::no_picture)?;
    let components = frame.components.len();
    let common = Header {
        width: frame.width,
        height: frame.height,
        orientation: orientation.unwrap_or(Orientation::NoTransforms),
        color_type: if components == 1 { ColorType::L8 } else { ColorType::Rgb8 },
        icc: icc.join(),
    };
    Ok(JpegHeader { common, inks: components == 4, end })
}

/// The markers from a position on.
struct Markers<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Markers<'a> {
    /// Returns the next marker. Skips what is before it: compressed data, in which zero follows 0xFF, or
    /// bytes that some writers leave between segments.
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

    /// Returns the body of the segment that begins here, and moves behind it.
    fn segment(&mut self) -> Result<&'a [u8], Refusal> {
        let length =
            usize::from(u16::from_be_bytes(array(self.bytes, self.at).ok_or_else(Refusal::cut_off)?));
        let body = self.bytes.get(self.at + 2..self.at + length);
        self.at += length;
        // A length counts its own two bytes. A smaller one makes no range.
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
    components: Vec<Component>,
}

struct Component {
    id: u8,
    /// Horizontal and vertical sampling, 1 to 4.
    sampling: (u64, u64),
    /// The coefficients of a block, a bit each, whose last bit no scan so far has given.
    missing: u64,
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
        let (described, _) = described.as_chunks::<3>();
        let components: Vec<Component> = described
            .iter()
            .map(|[id, sampling, _]| Component {
                id: *id,
                sampling: (u64::from(sampling >> 4), u64::from(sampling & 15)),
                missing: u64::MAX,
            })
            .collect();
        let possible = |side: u64| (1..=4).contains(&side);
        if !components.iter().all(|c| possible(c.sampling.0) && possible(c.sampling.1)) {
            return Err(Refusal::corrupt("its components are sampled impossibly"));
        }
        let (width, height) = (u16::from_be_bytes([w1, w0]), u16::from_be_bytes([h1, h0]));
        Ok(Self { width: width.into(), height: height.into(), progressive, components })
    }

    /// Notes what the scan with this header gives.
    fn scan(&mut self, header: &[u8]) -> Option<()> {
        let (count, rest) = header.split_first()?;
        let (selected, rest) = rest.split_at_checked(2 * usize::from(*count))?;
        let [first, last, approximation] = array(rest, 0)?;
        // A scan may leave out some low bits of each coefficient. Later scans add them.
        if approximation & 15 > 0 {
            return Some(());
        }
        let band = (first..=last.min(63)).fold(0_u64, |band, coefficient| band | 1 << (coefficient & 63));
        let (selected, _) = selected.as_chunks::<2>();
        for component in &mut self.components {
            if selected.iter().any(|[id, _]| *id == component.id) {
                component.missing &= !band;
            }
        }
        Some(())
    }

    /// Returns whether the scans so far give every coefficient to the last bit.
    fn is_complete(&self) -> bool {
        self.components.iter().all(|component| component.missing == 0)
    }

    /// Returns the bytes libjpeg holds for the whole picture. It decodes a single scan of all components by
    /// the row. It holds a picture in several scans as coefficients, 64 of two bytes for each block of each
    /// component.
    fn memory(&self, components_in_first_scan: u8) -> u64 {
        if !self.progressive && usize::from(components_in_first_scan) == self.components.len() {
            return 0;
        }
        let sampling = || self.components.iter().map(|component| component.sampling);
        let widest = sampling().map(|(h, _)| h).max().unwrap_or(1);
        let tallest = sampling().map(|(_, v)| v).max().unwrap_or(1);
        let blocks = sampling().map(|(h, v)| {
            let across = (u64::from(self.width) * h).div_ceil(widest * 8).next_multiple_of(h);
            let down = (u64::from(self.height) * v).div_ceil(tallest * 8).next_multiple_of(v);
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

    /// Returns the profile, if every piece came once. Half a profile is worse than none.
    fn join(mut self) -> Option<Vec<u8>> {
        self.pieces.sort_by_key(|(number, _)| *number);
        let whole = self.pieces.len() == self.expected
            && (1..).zip(&self.pieces).all(|(n, (number, _))| n == usize::from(*number));
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
    fn a_profile_may_have_as_many_pieces_as_can_be_numbered() {
        let segments: Vec<Vec<u8>> =
            (1..=255).map(|number| [b"ICC_PROFILE\0".as_slice(), &[number, 255, number]].concat()).collect();
        let mut pieces = IccPieces::default();
        for segment in &segments {
            pieces.add(segment);
        }
        assert_eq!(pieces.join(), Some((1..=255).collect()));
    }

    fn frame(progressive: bool) -> Frame {
        let component = |id, sampling| Component { id, sampling, missing: u64::MAX };
        let components = vec![component(1, (2, 2)), component(2, (1, 1)), component(3, (1, 1))];
        Frame { width: 33, height: 17, progressive, components }
    }

    #[test]
    fn coefficients_are_counted_as_libjpeg_allocates_them() {
        // Luminance: 5 blocks across rounded up to 6, 3 down rounded up to 4; colour: 3 by 2, twice.
        assert_eq!(frame(true).memory(3), (6 * 4 + 2 * 3 * 2) * 128);
        assert_eq!(frame(false).memory(3), 0);
        assert_ne!(frame(false).memory(1), 0);
    }

    #[test]
    fn a_picture_is_complete_when_every_coefficient_has_its_last_bit() {
        let mut frame = frame(true);
        let mut scan = |header: &[u8]| {
            frame.scan(header).unwrap();
            frame.is_complete()
        };
        assert!(!scan(&[3, 1, 0, 2, 0, 3, 0, 0, 0, 0x01]), "all but the last bit of the means");
        assert!(!scan(&[3, 1, 0, 2, 0, 3, 0, 0, 0, 0x10]));
        assert!(!scan(&[1, 1, 0, 1, 63, 0]) && !scan(&[1, 2, 0, 1, 63, 0]) && !scan(&[1, 3, 0, 1, 5, 0]));
        assert!(scan(&[1, 3, 0, 6, 63, 0]));
        assert_eq!(frame.scan(&[3, 1, 0]), None);
    }
}
