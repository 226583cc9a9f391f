//! The source of randomness, which is injected.

/// A source of random bytes.
pub trait Randomness: Send + Sync {
    /// Fills `bytes` with unpredictable bytes.
    fn fill(&self, bytes: &mut [u8]);
}

/// Returns this many unpredictable bytes.
pub fn draw<const BYTES: usize>(randomness: &dyn Randomness) -> [u8; BYTES] {
    let mut bytes = [0; BYTES];
    randomness.fill(&mut bytes);
    bytes
}
