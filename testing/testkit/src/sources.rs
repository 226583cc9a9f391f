//! Time and chance under control.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use domain::{Clock, Randomness, Timestamp};

/// Where a [`ManualClock`] begins: 2026-11-22T12:00:00Z.
pub const START: Timestamp = Timestamp(1_795_348_800_000);

/// A clock that stands still until it is told otherwise. Clones show the same time.
#[derive(Clone, Debug)]
pub struct ManualClock(Arc<AtomicI64>);

impl Default for ManualClock {
    fn default() -> Self {
        Self::new()
    }
}

impl ManualClock {
    /// A clock that shows [`START`].
    pub fn new() -> Self {
        Self::at(START)
    }

    /// A clock that shows `moment`.
    pub fn at(moment: Timestamp) -> Self {
        Self(Arc::new(AtomicI64::new(moment.0)))
    }

    /// Moves on by `span`.
    pub fn advance(&self, span: Duration) {
        let ms = i64::try_from(span.as_millis()).expect("a span of less than 292 million years");
        self.0.fetch_add(ms, Ordering::SeqCst);
    }

    /// Moves on by whole days.
    pub fn advance_days(&self, days: u32) {
        self.advance(Duration::from_secs(u64::from(days) * 24 * 60 * 60));
    }

    /// Jumps to `moment`, backwards too.
    pub fn set(&self, moment: Timestamp) {
        self.0.store(moment.0, Ordering::SeqCst);
    }

    /// This clock as functions take it.
    pub fn shared(&self) -> Arc<dyn Clock> {
        Arc::new(self.clone())
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

/// Bytes that look random and are the same in every run. Clones share one sequence.
#[derive(Clone, Debug)]
pub struct SeededRandom(Arc<AtomicU64>);

impl SeededRandom {
    /// The sequence of `seed`.
    pub fn new(seed: u64) -> Self {
        Self(Arc::new(AtomicU64::new(seed)))
    }

    /// This source as functions take it.
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
        // SplitMix64: a counter in big odd steps, mixed.
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
    fn clones_of_a_clock_move_together() {
        let clock = ManualClock::new();
        let other = clock.shared();
        assert_eq!(other.now().to_string(), "2026-11-22T12:00:00.000Z");
        clock.advance_days(1);
        clock.advance(Duration::from_millis(5));
        assert_eq!(other.now(), START.plus_days(1).plus_ms(5));
    }

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
