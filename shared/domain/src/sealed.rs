//! Texts that one function alone can read.

use serde::{Deserialize, Serialize};

/// A text that is encrypted to a key. Only whoever may use the key's private half can read it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sealed {
    /// Names the key.
    pub key: String,
    /// The ciphertext, in base64.
    pub text: String,
}

/// Writes the key alone.
impl std::fmt::Debug for Sealed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sealed").field("key", &self.key).finish_non_exhaustive()
    }
}
