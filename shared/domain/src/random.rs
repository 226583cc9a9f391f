//! The source of randomness, which is injected.

/// A source of random bytes.
pub trait Randomness: Send + Sync {
    /// Fills `bytes` with unpredictable bytes.
    fn fill(&self, bytes: &mut [u8]);
}
