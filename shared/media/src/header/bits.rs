//! Reads numbers of any count of bits, as the headers of video codecs have them.

/// Bits of a header, highest first.
pub(super) struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Bits<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// Skips some bits.
    pub(super) fn skip(&mut self, bits: usize) {
        self.at = self.at.saturating_add(bits);
    }

    /// Returns the next number, of up to 32 bits.
    pub(super) fn get(&mut self, bits: usize) -> Option<u32> {
        (0..bits).try_fold(0, |number, _| {
            let bit = self.bytes.get(self.at / 8)? >> (7 - self.at % 8) & 1;
            self.at += 1;
            Some(number << 1 | u32::from(bit))
        })
    }

    /// Returns whether the next bit is set.
    pub(super) fn flag(&mut self) -> Option<bool> {
        Some(self.get(1)? == 1)
    }

    /// Returns the next Exp-Golomb number (ITU-T H.265, 9.2; AV1, 4.10.3).
    pub(super) fn golomb(&mut self) -> Option<u32> {
        let mut zeros = 0;
        while !self.flag()? {
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

    #[test]
    fn numbers_of_known_and_of_written_length() {
        // 101, then 1, 010, 011, 00100 by Exp-Golomb.
        let mut bits = Bits::new(&[0b1011_0100, 0b1100_1000]);
        assert_eq!(bits.get(3), Some(5));
        assert_eq!([(); 4].map(|()| bits.golomb()), [Some(0), Some(1), Some(2), Some(3)]);
        assert_eq!(bits.get(2), None);
        assert_eq!(Bits::new(&[0, 0, 0, 0, 0]).golomb(), None);
    }
}
