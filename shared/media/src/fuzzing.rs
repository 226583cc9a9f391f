//! Steps of the job for the targets in `fuzz/` to try on their own. Compiled for nothing else.

use crate::orientation::Orientation;
use crate::{Limits, Refusal, header};

/// Width and height as a header that keeps the limits declares them.
pub fn dimensions(bytes: &[u8], limits: &Limits) -> Result<(u32, u32), Refusal> {
    header::read(bytes, limits).map(|header| (header.width, header.height))
}

/// Whether the picture that an EXIF block belongs to is shown on its side; nothing if the block does not say.
pub fn is_sideways(block: &[u8]) -> Option<bool> {
    Orientation::from_exif(block).map(|orientation| orientation.shown(1, 2) == (2, 1))
}
