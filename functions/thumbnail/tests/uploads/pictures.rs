//! Files to upload.

use mozjpeg::{ColorSpace, Compress, Marker};

/// An EXIF block that says how the camera was held.
fn exif(orientation: u16) -> Vec<u8> {
    let [high, low] = orientation.to_be_bytes();
    let mut block = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01".to_vec();
    block.extend([high, low, 0, 0, 0, 0, 0, 0]);
    block
}

/// A JPEG with a soft pattern that differs by `shade`.
pub(crate) fn jpeg(width: usize, height: usize, orientation: u16, shade: u8) -> Vec<u8> {
    let pixels: Vec<u8> = (0..height)
        .flat_map(|y| (0..width).map(move |x| (x, y)))
        .flat_map(|(x, y)| {
            [u8::try_from(x * 200 / width).unwrap(), u8::try_from(y * 200 / height).unwrap(), shade]
        })
        .collect();
    let mut encoder = Compress::new(ColorSpace::JCS_RGB);
    encoder.set_size(width, height);
    encoder.set_fastest_defaults();
    let mut started = encoder.start_compress(Vec::new()).unwrap();
    started.write_marker(Marker::APP(1), &exif(orientation));
    started.write_scanlines(&pixels).unwrap();
    started.finish().unwrap()
}

/// A JPEG of a motif, of which there are many, as a camera takes it: `width` across at some quality.
pub(crate) fn motif(number: u32, width: u32, quality: f32) -> Vec<u8> {
    let height = width * 3 / 4;
    let phase = f64::from(number);
    let wave = |x: f64, y: f64| {
        (x * (9.0 + phase) + phase).sin()
            + (y * (5.0 + 3.0 * phase)).cos()
            + ((x + 2.0 * y) * 7.0 * phase).sin()
    };
    let pixels: Vec<u8> = (0..height)
        .flat_map(|y| (0..width).map(move |x| (x, y)))
        .flat_map(|(x, y)| {
            let at = |of: u32| f64::from(of) / f64::from(width);
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "7 to 247")]
            let shade = (127.0 + 40.0 * wave(at(x), at(y))) as u8;
            [shade, shade, 255 - shade]
        })
        .collect();
    let mut encoder = Compress::new(ColorSpace::JCS_RGB);
    encoder.set_size(width as usize, height as usize);
    encoder.set_quality(quality);
    let mut started = encoder.start_compress(Vec::new()).unwrap();
    started.write_scanlines(&pixels).unwrap();
    started.finish().unwrap()
}

/// A PNG of a few bytes whose header declares a gigapixel.
pub(crate) fn gigapixel() -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, 40_000, 40_000);
    encoder.set_color(png::ColorType::Rgb);
    drop(encoder.write_header().unwrap());
    file
}

/// A JPEG that ends in the middle of its header.
pub(crate) fn corrupt() -> Vec<u8> {
    let mut file = jpeg(64, 48, 1, 0);
    file.truncate(60);
    file
}
