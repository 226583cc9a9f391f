//! Looks at what comes out.

use std::io::Cursor;

use media::{Encoding, Limits, Refusal, Rendition, Renditions, Size};

/// Runs the job under the default limits.
pub(crate) fn process(bytes: &[u8]) -> Renditions {
    media::process(bytes, &Limits::default()).unwrap()
}

/// The code and the sentence the job refuses with.
pub(crate) fn refusal(bytes: &[u8]) -> (&'static str, String) {
    let refusal: Refusal = media::process(bytes, &Limits::default()).map(|_| "renditions").unwrap_err();
    (refusal.code(), refusal.detail())
}

/// One of the files.
pub(crate) fn file(renditions: &Renditions, size: Size, encoding: Encoding) -> &Rendition {
    renditions.files.iter().find(|file| file.size == size && file.encoding == encoding).unwrap()
}

/// A decoded rendition.
pub(crate) struct Shown {
    pub(crate) width: u32,
    pub(crate) height: u32,
    data: Vec<u8>,
}

impl Shown {
    pub(crate) fn pixel(&self, x: u32, y: u32) -> [u8; 3] {
        let at = (y * self.width + x) as usize * 3;
        self.data[at..at + 3].try_into().unwrap()
    }

    /// A pixel well inside each quarter: top left, top right, bottom left, bottom right.
    pub(crate) fn corners(&self) -> [[u8; 3]; 4] {
        let (left, right) = (self.width / 8, self.width - 1 - self.width / 8);
        let (top, bottom) = (self.height / 8, self.height - 1 - self.height / 8);
        [(left, top), (right, top), (left, bottom), (right, bottom)].map(|(x, y)| self.pixel(x, y))
    }

    pub(crate) fn middle(&self) -> [u8; 3] {
        self.pixel(self.width / 2, self.height / 2)
    }
}

/// Decodes a rendition with a decoder that knows nothing of orientation or profiles.
pub(crate) fn decode(rendition: &Rendition) -> Shown {
    let (width, height, data) = match rendition.encoding {
        Encoding::Jpeg => {
            let mut started = mozjpeg::Decompress::new_mem(&rendition.bytes).unwrap().rgb().unwrap();
            (started.width() as u32, started.height() as u32, started.read_scanlines().unwrap())
        }
        Encoding::WebP => {
            let mut decoder = image_webp::WebPDecoder::new(Cursor::new(&rendition.bytes)).unwrap();
            let mut data = vec![0; decoder.output_buffer_size().unwrap()];
            decoder.read_image(&mut data).unwrap();
            let (width, height) = decoder.dimensions();
            (width, height, data)
        }
    };
    assert_eq!((width, height), (rendition.width, rendition.height));
    Shown { width, height, data }
}

/// Decodes the JPEG of a size.
pub(crate) fn show(renditions: &Renditions, size: Size) -> Shown {
    decode(file(renditions, size, Encoding::Jpeg))
}

/// One of the files in `fixtures/`: the picture of `quarters`, 96 by 64 and smaller or larger by a little,
/// written by the encoders of Pillow, `pillow-heif` and libavif, as no encoder for them is among our own.
/// Those of layers have the quarters in reverse order in their first layer; `avifenc --layered` wrote them.
pub(crate) fn fixture(name: &str) -> Vec<u8> {
    let path = [env!("CARGO_MANIFEST_DIR"), "tests/pipeline/fixtures", name].join("/");
    std::fs::read(path).unwrap()
}

/// Fails unless two pictures differ by noise that is `decibels` below the signal, or less.
#[track_caller]
pub(crate) fn assert_alike(found: &Shown, expected: &Shown, decibels: f64) {
    assert_eq!((found.width, found.height), (expected.width, expected.height));
    let squares = found.data.iter().zip(&expected.data).map(|(a, b)| f64::from(a.abs_diff(*b)).powi(2));
    let mean = squares.sum::<f64>() / found.data.len() as f64;
    let measured = 10.0 * (255.0 * 255.0 / mean).log10();
    assert!(measured > decibels, "{measured}");
}

/// Fails unless each channel is within `tolerance`.
#[track_caller]
pub(crate) fn assert_near(found: [u8; 3], expected: [u8; 3], tolerance: u8) {
    let near = found.iter().zip(expected).all(|(found, expected)| found.abs_diff(expected) <= tolerance);
    assert!(near, "found {found:?}, expected {expected:?} give or take {tolerance}");
}
