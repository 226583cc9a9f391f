//! The files that are served. Neither encoder is given metadata, so none comes out.

use mozjpeg::{ColorSpace, Compress};
use webp::WebPConfig;

use crate::guard::guard;
use crate::picture::Srgb;
use crate::refusal::Refusal;
use crate::rendition::Encoding;

/// JPEG quality on libjpeg's scale.
const JPEG_QUALITY: f32 = 85.0;
/// WebP quality on libwebp's scale, chosen so that its pictures score as the JPEGs do by SSIMULACRA2: over
/// twelve photographs the number that matched ran from 84 to 90, with 86 in the middle.
const WEBP_QUALITY: f32 = 86.0;
/// How hard libwebp tries, 0 to 6. Four costs twice the time of two for about the same bytes at a better
/// score; six costs three times four.
const WEBP_METHOD: i32 = 4;

/// Encodes a picture.
pub(crate) fn encode(picture: &Srgb, encoding: Encoding) -> Result<Vec<u8>, Refusal> {
    let encode = || match encoding {
        Encoding::Jpeg => jpeg(picture),
        Encoding::WebP => webp(picture),
    };
    guard(encode, |words| Refusal::failed("encode", words))
}

fn jpeg(picture: &Srgb) -> Result<Vec<u8>, Refusal> {
    let failed = |error| Refusal::failed("encode jpeg", error);
    let side = |pixels: u32| usize::try_from(pixels).unwrap_or(usize::MAX);
    let mut encoder = Compress::new(ColorSpace::JCS_RGB);
    encoder.set_size(side(picture.width), side(picture.height));
    // The tables that quality 85 commonly means, and no trellis: it takes three times as long, and at the
    // same number makes files that are smaller by being worse.
    encoder.set_fastest_defaults();
    encoder.set_quality(JPEG_QUALITY);
    encoder.set_progressive_mode();
    let mut started = encoder.start_compress(Vec::new()).map_err(failed)?;
    started.write_scanlines(&picture.data).map_err(failed)?;
    started.finish().map_err(failed)
}

fn webp(picture: &Srgb) -> Result<Vec<u8>, Refusal> {
    let failed = |error: &dyn std::fmt::Debug| Refusal::failed("encode webp", format!("{error:?}"));
    let mut config = WebPConfig::new().map_err(|()| failed(&"no default configuration"))?;
    config.quality = WEBP_QUALITY;
    config.method = WEBP_METHOD;
    let encoder = webp::Encoder::from_rgb(&picture.data, picture.width, picture.height);
    let encoded = encoder.encode_advanced(&config).map_err(|error| failed(&error))?;
    Ok(encoded.to_vec())
}
