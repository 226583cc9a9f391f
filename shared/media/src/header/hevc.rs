//! Reads what an HEVC sequence says of its pictures (ITU-T H.265). The container repeats much of it, but
//! decoders go by the sequence.

use super::bits::Bits;
use crate::heif::CodePoints;

/// What a sequence parameter set declares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sequence {
    pub(super) width: u32,
    pub(super) height: u32,
    /// Whether there is brightness alone.
    pub(super) grey: bool,
    pub(super) code_points: CodePoints,
}

/// The kind of unit that holds a sequence parameter set.
const SEQUENCE: u8 = 33;

/// Returns the first parameter set in a decoder configuration, `hvcC`, and the units of an item, with the
/// largest width and height of all sets. Returns `None` if either is broken, or neither holds a set.
pub(super) fn sequence(configuration: &[u8], item: &[u8]) -> Option<Sequence> {
    let mut found: Option<Sequence> = None;
    let mut declare = |unit: &[u8]| {
        // Sets of every layer count: the decoder does not tell them apart.
        if unit.first().is_some_and(|byte| byte >> 1 & 0x3F == SEQUENCE) {
            let next = parameter_set(unit)?;
            let first = found.unwrap_or(next);
            let (width, height) = (first.width.max(next.width), first.height.max(next.height));
            found = Some(Sequence { width, height, ..first });
        }
        Some(())
    };
    let bytes_of_length = usize::from(configuration.get(21)? & 3) + 1;
    let mut arrays = configuration.get(22..)?;
    for _ in 0..take(&mut arrays, 1)? {
        take(&mut arrays, 1)?;
        for _ in 0..take(&mut arrays, 2)? {
            let length = take(&mut arrays, 2)?;
            declare(split(&mut arrays, length)?)?;
        }
    }
    let mut units = item;
    while !units.is_empty() {
        let length = take(&mut units, bytes_of_length)?;
        declare(split(&mut units, length)?)?;
    }
    found
}

fn split<'a>(from: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (taken, rest) = from.split_at_checked(length)?;
    *from = rest;
    Some(taken)
}

fn take(from: &mut &[u8], bytes: usize) -> Option<usize> {
    Some(split(from, bytes)?.iter().fold(0, |number, byte| number << 8 | usize::from(*byte)))
}

/// Reads a sequence parameter set (7.3.2.2).
fn parameter_set(unit: &[u8]) -> Option<Sequence> {
    // The profile takes 88 bits, its level 8.
    const PROFILE: usize = 88;
    const LEVEL: usize = 8;
    let bytes = unescaped(unit.get(2..)?);
    let bits = &mut Bits::new(&bytes);
    bits.skip(4);
    let sublayers = bits.get(3)?;
    bits.skip(1 + PROFILE + LEVEL);
    let mut present = Vec::new();
    for _ in 0..sublayers {
        present.push((bits.flag()?, bits.flag()?));
    }
    if sublayers > 0 {
        bits.skip(2 * usize::try_from(8_u32.saturating_sub(sublayers)).ok()?);
    }
    for (profile, level) in present {
        bits.skip(if profile { PROFILE } else { 0 } + if level { LEVEL } else { 0 });
    }
    bits.golomb()?;
    let chroma = bits.golomb()?;
    // 4:4:4 may have its planes apart.
    if chroma == 3 {
        bits.skip(1);
    }
    let (width, height) = (bits.golomb()?, bits.golomb()?);
    // A set may end before it describes its colours.
    let code_points = code_points(bits, sublayers).unwrap_or_default();
    Some(Sequence { width, height, grey: chroma == 0, code_points })
}

/// Returns what the rest of a sequence parameter set, from the conformance window on, says of its colours.
fn code_points(bits: &mut Bits<'_>, sublayers: u32) -> Option<CodePoints> {
    if bits.flag()? {
        golombs(bits, 4)?;
    }
    // Depths, and the bits of a picture's number.
    golombs(bits, 2)?;
    let number = bits.golomb()?;
    let all_sublayers = bits.flag()?;
    for _ in 0..=if all_sublayers { sublayers } else { 0 } {
        golombs(bits, 3)?;
    }
    // The sizes of blocks, and how often they are split.
    golombs(bits, 6)?;
    if bits.flag()? && bits.flag()? {
        scaling_lists(bits)?;
    }
    bits.skip(2);
    if bits.flag()? {
        bits.skip(8);
        golombs(bits, 2)?;
        bits.skip(1);
    }
    reference_pictures(bits)?;
    if bits.flag()? {
        for _ in 0..bits.golomb()? {
            bits.get(usize::try_from(number).ok()? + 4)?;
            bits.flag()?;
        }
    }
    bits.skip(2);
    if bits.flag()? { usability(bits) } else { None }
}

/// Passes over some Exp-Golomb numbers.
fn golombs(bits: &mut Bits<'_>, count: usize) -> Option<()> {
    (0..count).try_for_each(|_| bits.golomb().map(drop))
}

/// Passes over the scaling lists (7.3.4).
fn scaling_lists(bits: &mut Bits<'_>) -> Option<()> {
    for size in 0..4_u32 {
        for _ in (0..6).step_by(if size == 3 { 3 } else { 1 }) {
            if !bits.flag()? {
                golombs(bits, 1)?;
                continue;
            }
            let coefficients = 64.min(1 << (4 + (size << 1)));
            golombs(bits, coefficients + usize::from(size > 1))?;
        }
    }
    Some(())
}

/// Passes over the sets of reference pictures (7.3.7). A still picture has none.
fn reference_pictures(bits: &mut Bits<'_>) -> Option<()> {
    let mut pictures = 0;
    for set in 0..bits.golomb()?.min(64) {
        if set > 0 && bits.flag()? {
            bits.skip(1);
            golombs(bits, 1)?;
            let before = pictures;
            pictures = 0;
            for _ in 0..=before {
                // Used, or at least kept.
                if bits.flag()? || bits.flag()? {
                    pictures += 1;
                }
            }
        } else {
            pictures = bits.golomb()?.checked_add(bits.golomb()?).filter(|pictures| *pictures <= 32)?;
            for _ in 0..pictures {
                golombs(bits, 1)?;
                bits.skip(1);
            }
        }
    }
    Some(())
}

/// Reads the beginning of the usability information (E.2.1).
fn usability(bits: &mut Bits<'_>) -> Option<CodePoints> {
    const WRITTEN_OUT: u32 = 255;
    if bits.flag()? && bits.get(8)? == WRITTEN_OUT {
        bits.skip(32);
    }
    if bits.flag()? {
        bits.skip(1);
    }
    if !bits.flag()? {
        return None;
    }
    bits.skip(3);
    let full_range = bits.flag()?;
    let mut code_points = CodePoints { full_range, ..CodePoints::default() };
    if bits.flag()? {
        let mut point = || u16::try_from(bits.get(8)?).ok();
        code_points = CodePoints { primaries: point()?, transfer: point()?, matrix: point()?, full_range };
    }
    Some(code_points)
}

/// Returns the beginning of a unit without its emulation prevention bytes (7.4.2).
fn unescaped(unit: &[u8]) -> Vec<u8> {
    let mut zeros = 0;
    let mut bytes = Vec::new();
    for byte in unit.iter().take(2048) {
        if zeros >= 2 && *byte == 3 {
            zeros = 0;
            continue;
        }
        zeros = if *byte == 0 { zeros + 1 } else { 0 };
        bytes.push(*byte);
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn bytes_that_keep_units_apart_are_left_out() {
        assert_eq!(unescaped(&[1, 0, 0, 3, 1, 3, 0, 3]), [1, 0, 0, 1, 3, 0, 3]);
    }

    proptest! {
        #[test]
        fn any_units_are_read_without_panic(
            configuration in proptest::collection::vec(any::<u8>(), 0..80),
            item in proptest::collection::vec(any::<u8>(), 0..80),
        ) {
            let _ = sequence(&configuration, &item);
            let _ = parameter_set(&item);
        }
    }
}
