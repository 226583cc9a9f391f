//! Steps of the job for the targets in `fuzz/` to try on their own. Compiled for nothing else.

use crate::{Limits, Refusal, decode, orientation};

/// Width and height as a header that keeps the limits declares them.
pub fn dimensions(bytes: &[u8], limits: &Limits) -> Result<(u32, u32), Refusal> {
    decode::open(bytes, limits).map(|(_, decoder)| decoder.dimensions())
}

/// Whether the picture that an EXIF block belongs to is shown on its side; nothing if the block does not say.
pub fn is_sideways(block: &[u8]) -> Option<bool> {
    orientation::from_exif(block).map(|orientation| orientation::shown((1, 2), orientation) == (2, 1))
}
