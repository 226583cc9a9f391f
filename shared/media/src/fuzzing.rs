//! Single steps of the job for the targets in `fuzz/`. Compiled for nothing else.

use crate::{Limits, Refusal, decode, orientation};

/// Returns width and height as a header within the limits declares them.
pub fn dimensions(bytes: &[u8], limits: &Limits) -> Result<(u32, u32), Refusal> {
    decode::open(bytes, limits).map(|(_, decoder)| decoder.dimensions())
}

/// Returns whether the picture of an EXIF block is shown on its side, if the block says it.
pub fn is_sideways(block: &[u8]) -> Option<bool> {
    orientation::from_exif(block).map(|orientation| orientation::shown((1, 2), orientation) == (2, 1))
}
