//! The hashes kept of a file and of its picture.

use std::f64::consts::PI;

use image::{GrayImage, Luma, Pixel, RgbImage};
use sha2::{Digest, Sha256};

use crate::refusal::Refusal;
use crate::resize::{Resizer, fit};

/// Returns the SHA-256 of a file: its identity, whatever it shows.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// The longest side of the picture the blurhash is computed from. Its four by three waves need no more.
const BLURHASH_SIDE: u32 = 32;

/// Returns the blurhash, with more waves along the longer side.
pub(crate) fn blurhash(small: &RgbImage, resizer: &mut Resizer) -> Result<String, Refusal> {
    let tiny = resizer.shrink(small, fit(small.width(), small.height(), BLURHASH_SIDE))?;
    let (across, down) = if tiny.width() >= tiny.height() { (4, 3) } else { (3, 4) };
    let rgba: Vec<u8> = tiny.pixels().flat_map(|pixel| pixel.to_rgba().0).collect();
    blurhash::encode(across, down, tiny.width(), tiny.height(), &rgba)
        .map_err(|error| Refusal::failed("blurhash", error))
}

/// Side of the picture whose waves are measured.
const PHASH_SIDE: usize = 32;
/// How many of the longest waves are kept in each direction.
const PHASH_WAVES: usize = 8;

/// Returns the perceptual hash of Zauner, "Implementation and Benchmarking of Perceptual Image Hash
/// Functions" (2010), in the variant of the Python package `ImageHash`.
///
/// Brightness at 32 by 32 pixels goes through a cosine transform. Each of the 8 by 8 longest waves gives one
/// bit: whether it is above their median. The mean comes first, in the highest bit. All arithmetic is in
/// integers, so every processor gives the same bits.
pub(crate) fn perceptual(medium: &RgbImage, resizer: &mut Resizer) -> Result<u64, Refusal> {
    let mut brightness = GrayImage::new(medium.width(), medium.height());
    for (grey, pixel) in brightness.pixels_mut().zip(medium.pixels()) {
        *grey = Luma([luma(pixel.0)]);
    }
    let side = u32::try_from(PHASH_SIDE).unwrap_or(u32::MAX);
    let tiny = resizer.distort(&brightness, (side, side))?;

    let waves = waves();
    let rows: Vec<Vec<i64>> = tiny
        .chunks_exact(PHASH_SIDE)
        .map(|row| {
            waves.iter().map(|wave| row.iter().zip(wave).map(|(p, w)| i64::from(*p) * w).sum()).collect()
        })
        .collect();
    let rows = &rows;
    let strengths: Vec<i64> = waves
        .iter()
        .flat_map(|down| {
            (0..PHASH_WAVES).map(move |across| {
                rows.iter().zip(down).filter_map(|(row, w)| row.get(across).map(|r| r * w)).sum()
            })
        })
        .collect();

    let mut sorted = strengths.clone();
    sorted.sort_unstable();
    let middle: i64 = sorted.iter().skip(sorted.len() / 2 - 1).take(2).sum();
    Ok(strengths.iter().fold(0, |bits, strength| bits << 1 | u64::from(2 * strength > middle)))
}

/// Returns brightness by Rec. 601.
fn luma([r, g, b]: [u8; 3]) -> u8 {
    let sum = 299 * u32::from(r) + 587 * u32::from(g) + 114 * u32::from(b) + 500;
    u8::try_from(sum / 1000).unwrap_or(u8::MAX)
}

/// Returns the longest waves over the side, as integers of 16 bits' precision. Sums over 32 by 32 bytes stay
/// under 2^51.
#[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "small whole numbers")]
fn waves() -> [[i64; PHASH_SIDE]; PHASH_WAVES] {
    std::array::from_fn(|wave| {
        std::array::from_fn(|at| {
            let angle = PI * wave as f64 * (2 * at + 1) as f64 / (2 * PHASH_SIDE) as f64;
            (angle.cos() * 65536.0).round() as i64
        })
    })
}

#[cfg(test)]
mod tests {
    use image::Rgb;

    use super::*;

    fn picture(width: u32, height: u32, pixel: impl Fn(u32, u32) -> [u8; 3]) -> RgbImage {
        RgbImage::from_fn(width, height, |x, y| Rgb(pixel(x, y)))
    }

    fn hash(picture: &RgbImage) -> u64 {
        perceptual(picture, &mut Resizer::new()).unwrap()
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "7 to 247")]
    fn waves_at(x: u32, y: u32) -> u8 {
        let wave =
            (f64::from(x) / 31.0).sin() + (f64::from(y) / 17.0).cos() + (f64::from(x + 2 * y) / 60.0).sin();
        (127.0 + wave * 40.0) as u8
    }

    #[test]
    fn the_hash_survives_resizing_and_brightening_but_not_another_picture() {
        let original = hash(&picture(640, 480, |x, y| [waves_at(x, y); 3]));
        let smaller = hash(&picture(320, 240, |x, y| [waves_at(x * 2, y * 2); 3]));
        let brighter = hash(&picture(640, 480, |x, y| [waves_at(x, y).saturating_add(20); 3]));
        let other = hash(&picture(640, 480, |x, y| [waves_at(y * 3, x); 3]));
        assert!((original ^ smaller).count_ones() <= 4, "{original:x} {smaller:x}");
        assert!((original ^ brighter).count_ones() <= 4, "{original:x} {brighter:x}");
        assert!((original ^ other).count_ones() >= 16, "{original:x} {other:x}");
    }

    #[test]
    fn half_the_bits_are_set() {
        assert_eq!(hash(&picture(640, 480, |x, y| [waves_at(x, y); 3])).count_ones(), 32);
    }

    #[test]
    fn tiny_and_thin_pictures_have_hashes() {
        for (width, height) in [(1, 1), (1, 640), (640, 1), (2, 3)] {
            let picture = picture(width, height, |_, _| [200, 100, 50]);
            hash(&picture);
            assert!(!blurhash(&picture, &mut Resizer::new()).unwrap().is_empty());
        }
    }
}
