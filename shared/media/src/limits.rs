//! What an upload may cost.

use std::fmt::Display;

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
    /// Most scans of one JPEG, however small it is.
    pub jpeg_scans: u32,
    /// Most pixels that the scans of one JPEG go over in all. Each scan costs a pass over the whole picture,
    /// so a small file could take hours.
    pub jpeg_scanned_pixels: u64,
    /// Most bytes a decode may hold at once: whole pictures where a codec needs them, or the coefficients of
    /// a progressive JPEG.
    pub memory: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bytes: 50 * 1024 * 1024,
            side: 20_000,
            pixels: 120_000_000,
            jpeg_scans: 100,
            jpeg_scanned_pixels: 5_000_000_000,
            memory: 720_000_000,
        }
    }
}

impl Limits {
    /// Returns the most scans of a JPEG of so many pixels. A larger one may have fewer, so that all take the
    /// same time.
    pub(crate) fn scans(&self, pixels: u64) -> u32 {
        let scans = self.jpeg_scanned_pixels / pixels.max(1);
        u32::try_from(scans).unwrap_or(u32::MAX).min(self.jpeg_scans)
    }

    /// Returns the part of the limits that decoders of the crate `image` know.
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
        self.check_pixels(u64::from(width) * u64::from(height), format_args!("{width}x{height}"))
    }

    /// Refuses pictures of so many pixels together, which are called `what`.
    pub(crate) fn check_pixels(&self, pixels: u64, what: impl Display) -> Result<(), Refusal> {
        if pixels > self.pixels {
            let most = self.pixels;
            return Err(Refusal::TooLarge(format!("{what}, and {most} pixels in all are allowed")));
        }
        Ok(())
    }

    /// Refuses a decode that would hold too much at once.
    pub(crate) fn check_memory(&self, bytes: u64) -> Result<(), Refusal> {
        if bytes > self.memory {
            let (takes, most) = (bytes.div_ceil(1_000_000), self.memory / 1_000_000);
            return Err(Refusal::TooLarge(format!("decoding it takes {takes} MB, and {most} are allowed")));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_larger_jpeg_may_have_fewer_scans() {
        let limits = Limits::default();
        assert_eq!(
            [1, 50_000_000, 100_000_000, 120_000_000].map(|pixels| limits.scans(pixels)),
            [100, 100, 50, 41]
        );
    }

    #[test]
    fn what_is_refused_says_the_limit() {
        let limits = Limits::default();
        let detail = |refused: Result<(), Refusal>| refused.unwrap_err().detail();
        assert!(detail(limits.check_dimensions(20_001, 1)).contains("20000"));
        assert!(detail(limits.check_dimensions(12_000, 12_000)).contains("120000000"));
        assert!(detail(limits.check_memory(720_000_001)).contains("720"));
        assert!(detail(limits.check_length(50 * 1024 * 1024 + 1)).contains("52428800"));
    }
}
