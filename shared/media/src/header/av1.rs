//! Reads the units of an AV1 sequence, and what it says of its pictures (AV1 Bitstream & Decoding Process
//! Specification, 5.3 to 5.5).

use super::bits::Bits;
use crate::heif::CodePoints;

/// What a sequence header declares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sequence {
    /// Whether there is brightness alone.
    pub(super) grey: bool,
    pub(super) code_points: CodePoints,
}

/// The kind of unit that holds a sequence header.
const SEQUENCE: u32 = 1;
/// The kinds of units with which a frame begins: its header alone, or with its data.
const FRAME: [u32; 2] = [3, 6];

/// Returns what the first sequence header among the units of an item declares.
pub(super) fn sequence(item: &[u8]) -> Option<Sequence> {
    let header = Units(item).find(|unit| unit.kind == SEQUENCE)?;
    sequence_header(&mut Bits::new(header.body))
}

/// Returns how many frames an item has, shown or not.
pub(crate) fn frames(item: &[u8]) -> u64 {
    Units(item).filter(|unit| FRAME.contains(&unit.kind)).fold(0, |frames, _| frames + 1)
}

/// Returns an item without the layers above one.
pub(crate) fn up_to_layer(item: &[u8], layer: u32) -> Vec<u8> {
    let kept = Units(item).filter(|unit| unit.layer.is_none_or(|found| found <= layer));
    kept.flat_map(|unit| unit.whole).copied().collect()
}

/// A unit of a sequence.
struct Unit<'a> {
    kind: u32,
    /// The spatial layer that it belongs to, unless it belongs to all.
    layer: Option<u32>,
    /// The unit with its own header.
    whole: &'a [u8],
    body: &'a [u8],
}

/// The units that follow one another in `.0`. A last one that is cut short is left out.
struct Units<'a>(&'a [u8]);

impl<'a> Iterator for Units<'a> {
    type Item = Unit<'a>;

    fn next(&mut self) -> Option<Unit<'a>> {
        let bits = &mut Bits::new(self.0);
        bits.skip(1);
        let kind = bits.get(4)?;
        let (extended, sized) = (bits.flag()?, bits.flag()?);
        bits.skip(1);
        // The temporal layer comes before the spatial one.
        bits.skip(if extended { 3 } else { 0 });
        let layer = if extended { Some(bits.get(2)?) } else { None };
        let mut rest = self.0.get(1 + usize::from(extended)..)?;
        let length = if sized { leb128(&mut rest)? } else { rest.len() };
        let (body, after) = rest.split_at_checked(length)?;
        let whole = self.0.get(..self.0.len() - after.len())?;
        self.0 = after;
        Some(Unit { kind, layer, whole, body })
    }
}

/// Returns the number that comes next in groups of seven bits, lowest first (4.10.5).
fn leb128(from: &mut &[u8]) -> Option<usize> {
    let mut number = 0;
    for group in 0..5 {
        let (byte, rest) = from.split_first()?;
        *from = rest;
        number |= usize::from(byte & 0x7F) << (7 * group);
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

/// Reads a sequence header (5.5.1).
fn sequence_header(bits: &mut Bits<'_>) -> Option<Sequence> {
    let profile = bits.get(3)?;
    bits.skip(1);
    let reduced = bits.flag()?;
    if reduced {
        bits.skip(5);
    } else {
        operating_points(bits)?;
    }
    let sides = (bits.get(4)? + 1, bits.get(4)? + 1);
    bits.skip(usize::try_from(sides.0 + sides.1).ok()?);
    // Numbers of frames, then block sizes and filters within a frame.
    if !reduced && bits.flag()? {
        bits.skip(4 + 3);
    }
    bits.skip(3);
    if !reduced {
        tools_between_frames(bits)?;
    }
    bits.skip(3);
    colours(bits, profile)
}

/// Passes over the timing and the operating points.
fn operating_points(bits: &mut Bits<'_>) -> Option<()> {
    let mut delay = None;
    if bits.flag()? {
        bits.skip(32 + 32);
        if bits.flag()? {
            bits.golomb()?;
        }
        if bits.flag()? {
            delay = Some(usize::try_from(bits.get(5)? + 1).ok()?);
            bits.skip(32 + 5 + 5);
        }
    }
    let display_delay = bits.flag()?;
    for _ in 0..=bits.get(5)? {
        bits.skip(12);
        // Higher levels have two tiers.
        if bits.get(5)? > 7 {
            bits.skip(1);
        }
        if let Some(delay) = delay
            && bits.flag()?
        {
            bits.skip(2 * delay + 1);
        }
        if display_delay && bits.flag()? {
            bits.skip(4);
        }
    }
    Some(())
}

/// Passes over what only sequences of several frames need.
fn tools_between_frames(bits: &mut Bits<'_>) -> Option<()> {
    bits.skip(4);
    let ordered = bits.flag()?;
    if ordered {
        bits.skip(2);
    }
    // Each is either left to the frames or forced here.
    let screen_content = bits.flag()? || bits.flag()?;
    if screen_content && !bits.flag()? {
        bits.skip(1);
    }
    if ordered {
        bits.skip(3);
    }
    Some(())
}

/// Reads how colours are coded (5.5.2).
fn colours(bits: &mut Bits<'_>, profile: u32) -> Option<Sequence> {
    const SRGB: (u16, u16, u16) = (1, 13, 0);
    let deep = bits.flag()?;
    if profile == 2 && deep {
        bits.skip(1);
    }
    let grey = profile != 1 && bits.flag()?;
    let undescribed = CodePoints::default();
    let mut points = (undescribed.primaries, undescribed.transfer, undescribed.matrix);
    if bits.flag()? {
        let mut point = || u16::try_from(bits.get(8)?).ok();
        points = (point()?, point()?, point()?);
    }
    // A sequence of red, green and blue has the full range without a flag.
    let full_range = (!grey && points == SRGB) || bits.flag()?;
    let (primaries, transfer, matrix) = points;
    Some(Sequence { grey, code_points: CodePoints { primaries, transfer, matrix, full_range } })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn layers_above_the_wanted_one_are_left_out() {
        // A delimiter without a layer, frames of layers 0, 1 and 2, and a last one that is cut short.
        let delimiter = [0x12, 0];
        let frame = |layer: u8| [0x36, layer << 3, 1, 7];
        let item = [delimiter.as_slice(), &frame(0), &frame(1), &frame(2), &frame(0)[..3]].concat();
        assert_eq!(frames(&item), 3);
        assert_eq!(up_to_layer(&item, 0), item[..6]);
        assert_eq!(up_to_layer(&item, 1), item[..10]);
        assert_eq!(up_to_layer(&item, 9), item[..14]);
    }

    proptest! {
        #[test]
        fn any_units_are_read_without_panic(item in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = (sequence(&item), frames(&item), up_to_layer(&item, 0));
            let _ = sequence_header(&mut Bits::new(&item));
        }
    }
}
