//! The operating system's randomness. All other code takes a [`Randomness`] as an argument.

use domain::Randomness;

/// The operating system's random number generator.
#[derive(Clone, Copy, Debug, Default)]
pub struct OsRandomness;

impl Randomness for OsRandomness {
    fn fill(&self, bytes: &mut [u8]) {
        if let Err(error) = getrandom::fill(bytes) {
            // Session tokens and password salts are made of these bytes. Predictable ones would be worse than
            // losing this process, which Lambda replaces.
            tracing::error!(%error, "the operating system returns no random bytes");
            std::process::abort();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn randomness_differs_from_call_to_call() {
        let (mut first, mut second) = ([0; 32], [0; 32]);
        OsRandomness.fill(&mut first);
        OsRandomness.fill(&mut second);
        assert_ne!(first, second);
    }
}
