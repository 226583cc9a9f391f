//! Checks of the renditions that the CDN serves.

use std::io::Cursor;

use reqwest::Method;

use crate::pictures::{CORNERS, Pixels};
use crate::world::App;

/// Sizes by name, with the longest side that a rendition of it may have.
pub(crate) const SIZES: [(&str, usize); 3] = [("large", 1080), ("medium", 640), ("small", 150)];

/// The Accept header of an app that takes WebP, as browsers send it.
const ACCEPTS_WEBP: &str = "image/avif,image/webp,image/apng,*/*;q=0.8";

/// A rendition as it was served.
pub(crate) struct Rendition {
    url: String,
    pub(crate) content_type: String,
    pub(crate) cache_control: String,
    pub(crate) vary: String,
    pub(crate) bytes: Vec<u8>,
}

/// Fetches a rendition, for an app that takes WebP or for one that does not.
pub(crate) async fn fetch(app: &App, url: &str, webp: bool) -> Rendition {
    let request = app.http.get(url);
    let request = if webp { request.header("accept", ACCEPTS_WEBP) } else { request };
    let response = request.send().await.unwrap();
    assert_eq!(response.status().as_u16(), 200, "{url}");
    let header =
        |name: &str| response.headers().get(name).map_or("", |value| value.to_str().unwrap()).to_owned();
    let (content_type, cache_control, vary) =
        (header("content-type"), header("cache-control"), header("vary"));
    Rendition {
        url: url.to_owned(),
        content_type,
        cache_control,
        vary,
        bytes: response.bytes().await.unwrap().to_vec(),
    }
}

/// Returns the status of an address without its body.
pub(crate) async fn status(app: &App, url: &str) -> u16 {
    app.fetch(Method::GET, url).send().await.status
}

impl Rendition {
    /// Returns width and height, and asserts that the file holds nothing but its picture.
    pub(crate) fn sides(&self, webp: bool) -> (usize, usize) {
        let shown = if webp { self.webp() } else { self.jpeg() };
        (shown.width, shown.height)
    }

    /// Checks everything that is promised of a rendition of `picture`, shown with its corners in place.
    pub(crate) fn check(&self, picture: &Pixels, longest: usize, webp: bool) {
        let url = &self.url;
        assert_eq!(self.content_type, if webp { "image/webp" } else { "image/jpeg" }, "{url}");
        assert_eq!(self.cache_control, "public, max-age=86400, immutable", "{url}");
        assert_eq!(self.vary, "Accept", "{url}");
        let shown = if webp { self.webp() } else { self.jpeg() };
        let longest_side = longest.min(picture.width.max(picture.height));
        assert_eq!(shown.width.max(shown.height), longest_side, "{url}");
        let (wide, tall) = (shown.width * picture.height, shown.height * picture.width);
        let slack = picture.width.max(picture.height);
        assert!(wide.abs_diff(tall) <= slack, "{url}: {}x{} is another shape", shown.width, shown.height);
        for (corner, (found, expected)) in corners(&shown).into_iter().zip(CORNERS).enumerate() {
            let near = found.iter().zip(expected).all(|(found, expected)| found.abs_diff(expected) <= 16);
            assert!(near, "{url}: corner {corner} is {found:?} and not {expected:?}: not upright");
        }
    }

    /// Decodes a JPEG and asserts that it holds nothing but its picture.
    fn jpeg(&self) -> Pixels {
        let markers = jpeg_markers(&self.bytes);
        let metadata: Vec<_> = markers.iter().filter(|marker| matches!(marker, 0xE1..=0xEF | 0xFE)).collect();
        assert!(metadata.is_empty(), "{}: metadata segments {metadata:02X?}", self.url);
        assert!(markers.contains(&0xC2), "{}: not progressive: {markers:02X?}", self.url);
        let mut decoding = mozjpeg::Decompress::new_mem(&self.bytes).unwrap().rgb().unwrap();
        let (width, height) = (decoding.width(), decoding.height());
        Pixels { width, height, data: decoding.read_scanlines().unwrap() }
    }

    /// Decodes a WebP and asserts that it holds nothing but its picture.
    fn webp(&self) -> Pixels {
        let mut decoder = image_webp::WebPDecoder::new(Cursor::new(&self.bytes)).unwrap();
        let metadata = [decoder.exif_metadata(), decoder.icc_profile(), decoder.xmp_metadata()];
        assert!(metadata.iter().all(|chunk| matches!(chunk, Ok(None))), "{}: a chunk of metadata", self.url);
        assert!(!decoder.has_alpha(), "{}: transparent", self.url);
        let mut data = vec![0; decoder.output_buffer_size().unwrap()];
        decoder.read_image(&mut data).unwrap();
        let (width, height) = decoder.dimensions();
        Pixels { width: width as usize, height: height as usize, data }
    }
}

/// Returns a pixel inside each corner's block: top left, top right, bottom left, bottom right.
fn corners(shown: &Pixels) -> [[u8; 3]; 4] {
    let (left, right) = (shown.width / 9, shown.width - 1 - shown.width / 9);
    let (top, bottom) = (shown.height / 9, shown.height - 1 - shown.height / 9);
    [(left, top), (right, top), (left, bottom), (right, bottom)].map(|(x, y)| shown.at(x, y))
}

/// Returns the markers of a JPEG up to its first scan.
fn jpeg_markers(file: &[u8]) -> Vec<u8> {
    assert_eq!(&file[..2], [0xFF, 0xD8], "not a JPEG");
    let (mut at, mut markers) = (2, Vec::new());
    while markers.last() != Some(&0xDA) {
        assert_eq!(file[at], 0xFF, "a marker at {at}");
        markers.push(file[at + 1]);
        at += 2 + usize::from(u16::from_be_bytes([file[at + 2], file[at + 3]]));
    }
    markers
}
