//! Encodes the files that are served. Neither encoder gets metadata, so no file has any.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use image::RgbImage;
use mozjpeg::qtable::KleinSilversteinCarney;
use mozjpeg::{ColorSpace, Compress};
use webpx::{EncoderConfig, Unstoppable};

use crate::guard::guard;
use crate::refusal::Refusal;
use crate::rendition::{Encoding, Rendition, Size};

/// The settings of the encoders. ADR 0019 has the measurements behind each number.
struct Effort {
    /// JPEG quality on libjpeg's scale, for the tables used here. By SSIMULACRA 2 it equals 85 with mozjpeg's
    /// own tables and trellis, in no more bytes.
    jpeg_quality: f32,
    /// Whether to search for the scans that compress best.
    jpeg_scan_search: bool,
    /// How hard libwebp tries, 0 to 6.
    webp_method: u8,
}

impl Effort {
    /// A smaller picture makes the same effort cheaper.
    fn at(size: Size) -> Self {
        match size {
            Size::Large => Self { jpeg_quality: 80.0, jpeg_scan_search: false, webp_method: 4 },
            Size::Medium => Self { jpeg_quality: 80.0, jpeg_scan_search: false, webp_method: 5 },
            Size::Small => Self { jpeg_quality: 82.0, jpeg_scan_search: true, webp_method: 6 },
        }
    }
}

/// WebP quality on libwebp's scale.
const WEBP_QUALITY: f32 = 85.0;
/// How much the decoder's deblocking filter spares detail, 0 to 7. At 7 the same score takes one to two per
/// cent fewer bytes and no more time.
const WEBP_FILTER_SHARPNESS: u8 = 7;

/// Encodes every picture in every encoding on up to `threads` threads, the calling one included. Returns the
/// files in that order.
///
/// The files are the same for any number of threads. Of several refusals the first in order is returned.
pub(crate) fn encode_all(pictures: &[(Size, &RgbImage)], threads: usize) -> Result<Vec<Rendition>, Refusal> {
    let jobs: Vec<(Size, &RgbImage, Encoding)> = pictures
        .iter()
        .flat_map(|(size, picture)| Encoding::ALL.map(|encoding| (*size, *picture, encoding)))
        .collect();
    // A free thread takes the next job. The largest WebP takes longer than all the others together, so a
    // third thread would be idle.
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some((size, picture, encoding)) = jobs.get(index) else { return done };
            done.push((index, encode(picture, *size, *encoding)));
        }
    };
    let mut done = thread::scope(|scope| {
        // If the system grants no thread, the others do its work.
        let helpers: Vec<_> =
            (1..threads).filter_map(|_| thread::Builder::new().spawn_scoped(scope, work).ok()).collect();
        let mut done = work();
        // The guard catches every panic of an encoder, so no thread ends early.
        done.extend(helpers.into_iter().filter_map(|helper| helper.join().ok()).flatten());
        done
    });
    done.sort_unstable_by_key(|(index, _)| *index);
    if done.len() != jobs.len() {
        return Err(Refusal::failed("encode", "a thread was lost"));
    }
    done.into_iter().map(|(_, rendition)| rendition).collect()
}

fn encode(picture: &RgbImage, size: Size, encoding: Encoding) -> Result<Rendition, Refusal> {
    let effort = Effort::at(size);
    let encode = || match encoding {
        Encoding::Jpeg => jpeg(picture, &effort),
        Encoding::WebP => webp(picture, &effort),
    };
    let bytes = guard(encode, |words| Refusal::failed("encode", words))?;
    Ok(Rendition { size, encoding, width: picture.width(), height: picture.height(), bytes })
}

fn jpeg(picture: &RgbImage, effort: &Effort) -> Result<Vec<u8>, Refusal> {
    let failed = |error| Refusal::failed("encode jpeg", error);
    let side = |pixels: u32| usize::try_from(pixels).unwrap_or(usize::MAX);
    let mut encoder = Compress::new(ColorSpace::JCS_RGB);
    encoder.set_size(side(picture.width()), side(picture.height()));
    // Trellis would take four times as long with these tables, and save nothing at the same score.
    encoder.set_fastest_defaults();
    let table = KleinSilversteinCarney.scaled(effort.jpeg_quality, effort.jpeg_quality);
    encoder.set_luma_qtable(&table);
    encoder.set_chroma_qtable(&table);
    encoder.set_optimize_scans(effort.jpeg_scan_search);
    encoder.set_progressive_mode();
    let mut started = encoder.start_compress(Vec::new()).map_err(failed)?;
    started.write_scanlines(picture.as_raw()).map_err(failed)?;
    started.finish().map_err(failed)
}

fn webp(picture: &RgbImage, effort: &Effort) -> Result<Vec<u8>, Refusal> {
    EncoderConfig::new()
        .quality(WEBP_QUALITY)
        .method(effort.webp_method)
        .filter_sharpness(WEBP_FILTER_SHARPNESS)
        .encode_rgb(picture.as_raw(), picture.width(), picture.height(), Unstoppable)
        .map_err(|error| Refusal::failed("encode webp", error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(width: u32, height: u32) -> RgbImage {
        let data = (0..width * height * 3).map(|at| (at.wrapping_mul(at) % 251).to_le_bytes()[0]).collect();
        RgbImage::from_raw(width, height, data).unwrap()
    }

    #[test]
    fn any_number_of_threads_makes_the_same_files() {
        let (large, medium, small) = (picture(200, 150), picture(90, 60), picture(1, 1));
        let pictures = [(Size::Large, &large), (Size::Medium, &medium), (Size::Small, &small)];
        let alone = encode_all(&pictures, 1).unwrap();
        let order: Vec<_> = alone.iter().map(|file| (file.size, file.encoding)).collect();
        assert_eq!(order, Size::ALL.map(|size| Encoding::ALL.map(|encoding| (size, encoding))).concat());
        for threads in [2, 3, 9] {
            assert_eq!(encode_all(&pictures, threads).unwrap(), alone);
        }
    }

    #[test]
    fn of_several_refusals_the_first_in_order_is_given() {
        // WebP has no sides over 16,383 pixels; over a picture without any, the JPEG encoder unwinds.
        let (good, too_wide, empty) = (picture(20, 20), picture(17_000, 1), picture(0, 0));
        let pictures = [(Size::Large, &good), (Size::Medium, &too_wide), (Size::Small, &empty)];
        for threads in [1, 2, 9] {
            let refusal = encode_all(&pictures, threads).unwrap_err();
            assert!(matches!(refusal, Refusal::Unprocessable { step: "encode webp", .. }), "{refusal:?}");
        }
        for threads in [1, 2] {
            let refusal = encode_all(&[(Size::Small, &empty)], threads).unwrap_err();
            assert!(matches!(refusal, Refusal::Unprocessable { .. }), "{refusal:?}");
        }
    }
}
