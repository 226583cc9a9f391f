//! How large the pictures in an HEVC sequence really are (ITU-T H.265): the container says it too, but it is
//! the sequence that a decoder allocates by.

/// The kind of unit that declares dimensions, a sequence parameter set.
const SEQUENCE: u8 = 33;

/// The largest width and height declared in a decoder configuration, `hvcC`, and in the units of an item.
/// `None` when either is broken, or neither declares any.
pub(super) fn dimensions(configuration: &[u8], item: &[u8]) -> Option<(u32, u32)> {
    let mut largest = None;
    let mut declare = |unit: &[u8]| {
        // Of every layer: the decoder does not tell them apart, and could take the second eye's for the first's.
        if unit.first().is_some_and(|byte| byte >> 1 & 0x3F == SEQUENCE) {
            let (width, height) = sequence(unit)?;
            let (widest, tallest) = largest.unwrap_or_default();
            largest = Some((width.max(widest), height.max(tallest)));
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
    largest
}

fn split<'a>(from: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (taken, rest) = from.split_at_checked(length)?;
    *from = rest;
    Some(taken)
}

fn take(from: &mut &[u8], bytes: usize) -> Option<usize> {
    Some(split(from, bytes)?.iter().fold(0, |number, byte| number << 8 | usize::from(*byte)))
}

/// Width and height by a sequence parameter set (7.3.2.2).
fn sequence(unit: &[u8]) -> Option<(u32, u32)> {
    // The profile takes 88 bits, its level 8.
    const PROFILE: usize = 88;
    const LEVEL: usize = 8;
    let mut bits = Bits::new(unit.get(2..)?);
    bits.get(4)?;
    let sublayers = bits.get(3)?;
    bits.skip(1 + PROFILE + LEVEL);
    let mut present = Vec::new();
    for _ in 0..sublayers {
        present.push((bits.get(1)? == 1, bits.get(1)? == 1));
    }
    if sublayers > 0 {
        bits.skip(2 * usize::try_from(8_u32.saturating_sub(sublayers)).ok()?);
    }
    for (profile, level) in present {
        bits.skip(if profile { PROFILE } else { 0 } + if level { LEVEL } else { 0 });
    }
    bits.number()?;
    // 4:4:4 may have its planes apart.
    if bits.number()? == 3 {
        bits.get(1)?;
    }
    Some((bits.number()?, bits.number()?))
}

/// The bits of a unit, highest first, without the bytes that keep it from looking like the start of another.
struct Bits {
    bytes: Vec<u8>,
    at: usize,
}

impl Bits {
    fn new(unit: &[u8]) -> Self {
        let mut zeros = 0;
        let mut bytes = Vec::new();
        // Dimensions stand near the beginning.
        for byte in unit.iter().take(256) {
            if zeros >= 2 && *byte == 3 {
                zeros = 0;
                continue;
            }
            zeros = if *byte == 0 { zeros + 1 } else { 0 };
            bytes.push(*byte);
        }
        Self { bytes, at: 0 }
    }

    fn skip(&mut self, bits: usize) {
        self.at += bits;
    }

    fn get(&mut self, bits: usize) -> Option<u32> {
        (0..bits).try_fold(0, |number, _| {
            let bit = self.bytes.get(self.at / 8)? >> (7 - self.at % 8) & 1;
            self.at += 1;
            Some(number << 1 | u32::from(bit))
        })
    }

    /// An Exp-Golomb number (9.2).
    fn number(&mut self) -> Option<u32> {
        let mut zeros = 0;
        while self.get(1)? == 0 {
            zeros += 1;
        }
        if zeros > 24 {
            return None;
        }
        Some((1 << zeros) - 1 + self.get(zeros)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_are_read_without_what_keeps_them_apart() {
        // 1, 010, 011, 00100, then a byte that only keeps two zeros from being a start code.
        let mut bits = Bits::new(&[0b1010_0110, 0b0100_0000, 0, 0, 3, 1]);
        assert_eq!([(); 4].map(|()| bits.number()), [Some(0), Some(1), Some(2), Some(3)]);
        assert_eq!(bits.bytes, [0b1010_0110, 0b0100_0000, 0, 0, 1]);
        assert_eq!(Bits::new(&[0, 0]).number(), None);
    }

    proptest! {
        #[test]
        fn any_units_are_read_without_panic(
            configuration in proptest::collection::vec(any::<u8>(), 0..80),
            item in proptest::collection::vec(any::<u8>(), 0..80),
        ) {
            let _ = dimensions(&configuration, &item);
            let _ = sequence(&item);
        }
    }
}
