//! The picture pipeline: turns an uploaded file into the renditions that everyone else sees.
//!
//! It is pure and synchronous: no network, no clock, no randomness. The same bytes always give the same
//! renditions. A redelivered upload event may therefore run the job again and overwrite its own objects.
//!
//! The types between the steps are those of the crate `image`: `ImageDecoder`, `DynamicImage`, `RgbImage`,
//! `Orientation`, `ImageError`. The steps, in order:
//!
//! 1. `header` reads the container without decoding: format, dimensions, orientation, colour profile, and
//!    what decoding would cost. A file over [`Limits`] is refused here, before a codec has seen a byte.
//! 2. `decode` decodes at the smallest scale that still covers the largest rendition, by an `ImageDecoder` of
//!    the crate `image` for each format.
//! 3. `resize` makes the large picture. `colour` converts it to sRGB, then it is turned upright. Both come
//!    after the resize because they then process one megapixel and not fifty.
//! 4. The smaller sizes are made from the larger ones. `encode` writes each as JPEG and WebP, without
//!    metadata.
//! 5. `hash` computes the placeholder, the SHA-256 of the file and the perceptual hash of the picture.
//!
//! Every failure is a [`Refusal`], and every refusal is final: the same bytes would be refused again.

// libjpeg reports a fatal error by calling back into Rust, which unwinds through the C frames to `guard`.
// With `panic = "abort"` one damaged upload would kill the process and the rest of its batch.
#[cfg(not(panic = "unwind"))]
compile_error!("media needs panic = \"unwind\": libjpeg's errors are unwound through");

mod colour;
mod decode;
mod encode;
mod format;
#[cfg(fuzzing)]
pub mod fuzzing;
mod guard;
mod hash;
mod header;
mod heif;
mod limits;
mod opacity;
mod orientation;
mod refusal;
mod rendition;
mod resize;
mod target;
mod tiff;

pub use format::Format;
pub use hash::sha256;
pub use limits::Limits;
pub use refusal::Refusal;
pub use rendition::{Encoding, Rendition, Renditions, Size};
pub use target::Target;

use std::num::NonZeroUsize;
use std::thread;

use image::DynamicImage;

use decode::Decoded;
use resize::Resizer;

/// Turns an uploaded file into the renditions of a photo's medium and the facts kept about it. See [`render`].
pub fn process(bytes: &[u8], limits: &Limits) -> Result<Renditions, Refusal> {
    render(bytes, limits, Target::MEDIUM)
}

/// Turns an uploaded file into the renditions of a target and the facts kept about it.
///
/// It blocks the calling thread for up to a few hundred milliseconds; async callers use a blocking task. A
/// second thread helps to encode where there is a second core. The result is the same for any number of
/// threads.
pub fn render(bytes: &[u8], limits: &Limits, target: Target) -> Result<Renditions, Refusal> {
    let mut resizer = Resizer::new();
    let decoded = decode::decode(bytes, limits, |stored| target.wanted_side(stored))?;
    let Decoded { format, stored, picture, extent, orientation, icc } = decoded;
    let (width, height) = orientation::shown(stored, orientation);
    // The middle stays in the middle when it is turned.
    let resized = resizer.resize(&picture, target.part(extent), target.sides(stored, Size::Large))?;
    // It is the most that is held, and no longer needed.
    drop(picture);
    let mut large = DynamicImage::from(colour::to_srgb(resized, icc.as_deref()));
    large.apply_orientation(orientation);
    let large = large.into_rgb8();
    let shown = (width, height);
    let medium = resizer.shrink(&large, target.sides(shown, Size::Medium))?;
    let small = resizer.shrink(&medium, target.sides(shown, Size::Small))?;

    let blurhash = hash::blurhash(&small, &mut resizer)?;
    let phash = hash::perceptual(&medium, &mut resizer)?;

    let pictures = [(Size::Large, &large), (Size::Medium, &medium), (Size::Small, &small)];
    let files = encode::encode_all(&pictures, threads())?;
    Ok(Renditions { width, height, format, blurhash, phash, files })
}

/// How many threads encode. A third would be idle.
fn threads() -> usize {
    thread::available_parallelism().map_or(1, NonZeroUsize::get).min(2)
}
