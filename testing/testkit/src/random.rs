//! Randomness that tests control.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use domain::Randomness;

/// A source of bytes that look random and are the same in every run. Clones share one sequence.
#[derive(Clone, Debug)]
pub struct SeededRandom(Arc<AtomicU64>);

impl SeededRandom {
    /// Returns the sequence of `seed`.
    pub fn new(seed: u64) -> Self {
        Self(Arc::new(AtomicU64::new(seed)))
    }

    /// Returns this source in the type that functions take.
    pub fn shared(&self) -> Arc<dyn Randomness> {
        Arc::new(self.clone())
    }
}

impl Default for SeededRandom {
    fn default() -> Self {
        Self::new(1)
    }
}

impl Randomness for SeededRandom {
    fn fill(&self, bytes: &mut [u8]) {
        // SplitMix64: a counter that moves in big odd steps, mixed.
        const STEP: u64 = 0x9E37_79B9_7F4A_7C15;
        for chunk in bytes.chunks_mut(8) {
            let mut word = self.0.fetch_add(STEP, Ordering::SeqCst).wrapping_add(STEP);
            word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            chunk.copy_from_slice(&(word ^ (word >> 31)).to_le_bytes()[..chunk.len()]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_is_a_sequence() {
        let bytes = |random: &SeededRandom| {
            let mut bytes = [0; 13];
            random.fill(&mut bytes);
            bytes
        };
        let (one, again, two) = (SeededRandom::new(1), SeededRandom::new(1), SeededRandom::new(2));
        let first = bytes(&one);
        assert_eq!(first, bytes(&again));
        assert_ne!(first, bytes(&one));
        assert_ne!(first, bytes(&two));
    }
}
