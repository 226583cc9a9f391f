//! What an upload may cost.

use crate::refusal::Refusal;

/// The limits of one job, checked against the header before any codec runs.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Largest file, in bytes.
    pub bytes: usize,
    /// Longest side, in pixels.
    pub side: u32,
    /// Most pixels, of a picture that is held whole or decoded row by row. [`Limits::scaled_pixels`] has the rest.
    pub pixels: u64,
    /// Most scans of one JPEG. Each scan costs a pass over the whole picture, so a small file could take
    /// hours.
    pub jpeg_scans: u32,
    /// Most bytes a decode may hold at once: whole pictures where a codec needs them, or the coefficients of
    /// a progressive JPEG.
    pub memory: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bytes: 50 * 1024 * 1024,
            side: 20_000,
            pixels: 50_000_000,
            jpeg_scans: 100,
            memory: 320_000_000,
        }
    }
}

impl Limits {
    /// Returns the most pixels of a JPEG, which is decoded at a reduced scale, or of a HEIC or AVIF in tiles. By
    /// default these are 120 megapixels.
    pub fn scaled_pixels(&self) -> u64 {
        self.pixels.saturating_mul(12) / 5
    }

    /// Returns the most scans of a JPEG of so many pixels. A larger one may have fewer, so that all take the same time.
    pub(crate) fn scans(&self, pixels: u64) -> u32 {
        let scans = u64::from(self.jpeg_scans).saturating_mul(self.pixels) / pixels.max(1);
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
        self.check_sides(width, height, self.pixels)
    }

    /// Refuses dimensions beyond the limits of a picture that is decoded at a reduced scale or in tiles.
    pub(crate) fn check_scaled_dimensions(&self, width: u32, height: u32) -> Result<(), Refusal> {
        self.check_sides(width, height, self.scaled_pixels())
    }

    fn check_sides(&self, width: u32, height: u32, most: u64) -> Result<(), Refusal> {
        if width == 0 || height == 0 {
            return Err(Refusal::corrupt("its header declares no pixels"));
        }
        if width > self.side || height > self.side {
            let side = self.side;
            return Err(Refusal::TooLarge(format!("{width}x{height}, and a side may have {side} pixels")));
        }
        let pixels = u64::from(width) * u64::from(height);
        if pixels > most {
            return Err(Refusal::TooLarge(format!("{width}x{height}, and {most} pixels in all are allowed")));
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
        assert!(detail(limits.check_dimensions(8000, 8000)).contains("50000000"));
        assert!(detail(limits.check_scaled_dimensions(12_000, 12_000)).contains("120000000"));
        assert!(detail(limits.check_memory(320_000_001)).contains("320"));
    }
}
