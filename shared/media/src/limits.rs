//! What an upload may cost.

use crate::refusal::Refusal;

/// The limits of one job, checked against the header before any codec runs.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Largest file, in bytes.
    pub bytes: usize,
    /// Longest side, in pixels.
    pub side: u32,
    /// Most pixels.
    pub pixels: u64,
    /// Most scans of one JPEG. Each scan costs a pass over the whole picture, so a small file can ask for
    /// hours.
    pub jpeg_scans: u32,
    /// Most bytes a decode may hold at once: the pixels where a codec wants them whole, or the coefficients of
    /// a progressive JPEG.
    pub memory: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bytes: 20 * 1024 * 1024,
            side: 12_000,
            pixels: 50_000_000,
            jpeg_scans: 100,
            memory: 320_000_000,
        }
    }
}

impl Limits {
    /// The same limits for a decoder of the crate `image`, which knows no others.
    pub(crate) fn of_decoder(&self) -> image::Limits {
        let mut limits = image::Limits::no_limits();
        limits.max_image_width = Some(self.side);
        limits.max_image_height = Some(self.side);
        limits.max_alloc = Some(self.memory);
        limits
    }

    /// Refuses a file by its length alone.
    pub(crate) fn check_length(&self, bytes: usize) -> Result<(), Refusal> {
        match bytes {
            0 => Err(Refusal::Empty),
            n if n > self.bytes => {
                Err(Refusal::TooLarge(format!("{n} bytes, and {} are allowed", self.bytes)))
            }
            _ => Ok(()),
        }
    }

    /// Refuses dimensions that no picture has, or that are beyond the limits.
    pub(crate) fn check_dimensions(&self, width: u32, height: u32) -> Result<(), Refusal> {
        if width == 0 || height == 0 {
            return Err(Refusal::corrupt("its header declares no pixels"));
        }
        if width > self.side || height > self.side {
            let side = self.side;
            return Err(Refusal::TooLarge(format!("{width}x{height}, and a side may have {side} pixels")));
        }
        let pixels = u64::from(width) * u64::from(height);
        if pixels > self.pixels {
            let limit = self.pixels;
            return Err(Refusal::TooLarge(format!(
                "{width}x{height}, and {limit} pixels in all are allowed"
            )));
        }
        Ok(())
    }

    /// Refuses a decode that would hold too much at once.
    pub(crate) fn check_memory(&self, bytes: u64) -> Result<(), Refusal> {
        if bytes > self.memory {
            return Err(Refusal::too_much_memory());
        }
        Ok(())
    }
}
