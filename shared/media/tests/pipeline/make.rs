//! Makes the files that go in.

use std::io::Cursor;

use mozjpeg::{ColorSpace, Compress, Marker};

/// Pixels to encode, some number of bytes each.
pub(crate) struct Pixels {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) data: Vec<u8>,
}

/// A picture painted pixel by pixel.
pub(crate) fn paint<const N: usize>(width: u32, height: u32, pixel: impl Fn(u32, u32) -> [u8; N]) -> Pixels {
    let data =
        (0..height).flat_map(|y| (0..width).map(move |x| (x, y))).flat_map(|(x, y)| pixel(x, y)).collect();
    Pixels { width, height, data }
}

/// One colour all over.
pub(crate) fn plain<const N: usize>(width: u32, height: u32, colour: [u8; N]) -> Pixels {
    paint(width, height, |_, _| colour)
}

/// The colours of [`quarters`]: top left, top right, bottom left, bottom right.
pub(crate) const QUARTERS: [[u8; 3]; 4] = [[220, 30, 30], [30, 200, 30], [30, 30, 220], [240, 240, 240]];

/// A different colour in each quarter, so that a corner tells which one it is.
pub(crate) fn quarters(width: u32, height: u32) -> Pixels {
    paint(width, height, |x, y| QUARTERS[usize::from(x >= width / 2) + 2 * usize::from(y >= height / 2)])
}

/// Something like a photograph: slow waves, an edge or two, and grain.
pub(crate) fn photo(width: u32, height: u32) -> Pixels {
    paint(width, height, |x, y| {
        let (fx, fy) = (f64::from(x) / f64::from(width), f64::from(y) / f64::from(height));
        let mut grain = u64::from(x).wrapping_mul(0x9E37_79B9_7F4A_7C15)
            ^ u64::from(y).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        grain = (grain ^ (grain >> 29)).wrapping_mul(0x94D0_49BB_1331_11EB);
        let grain = f64::from((grain >> 56) as u8) / 32.0;
        let edge = if (fx * 7.0 + fy * 3.0) % 2.0 < 1.0 { 30.0 } else { 0.0 };
        let wave = |rate: f64, phase: f64| 100.0 + 70.0 * (fx * rate + fy * 4.0 + phase).sin() + edge + grain;
        [wave(9.0, 0.0) as u8, wave(5.0, 1.0) as u8, wave(13.0, 2.0) as u8]
    })
}

/// How to write a JPEG.
pub(crate) struct Jpeg {
    pub(crate) space: ColorSpace,
    pub(crate) stored_as: ColorSpace,
    pub(crate) progressive: bool,
    pub(crate) full_colour: bool,
    pub(crate) quality: f32,
    pub(crate) exif: Option<Vec<u8>>,
    pub(crate) icc: Option<Vec<u8>>,
    pub(crate) comment: Option<&'static str>,
}

impl Default for Jpeg {
    fn default() -> Self {
        Self {
            space: ColorSpace::JCS_RGB,
            stored_as: ColorSpace::JCS_YCbCr,
            progressive: false,
            full_colour: false,
            quality: 92.0,
            exif: None,
            icc: None,
            comment: None,
        }
    }
}

impl Jpeg {
    pub(crate) fn write(&self, pixels: &Pixels) -> Vec<u8> {
        let mut encoder = Compress::new(self.space);
        encoder.set_size(pixels.width as usize, pixels.height as usize);
        encoder.set_fastest_defaults();
        encoder.set_color_space(self.stored_as);
        encoder.set_quality(self.quality);
        if self.full_colour {
            encoder.set_chroma_sampling_pixel_sizes((1, 1), (1, 1));
        }
        if self.progressive {
            encoder.set_progressive_mode();
        }
        let mut started = encoder.start_compress(Vec::new()).unwrap();
        if let Some(exif) = &self.exif {
            started.write_marker(Marker::APP(1), &[b"Exif\0\0".as_slice(), exif].concat());
        }
        if let Some(icc) = &self.icc {
            let segment = [b"ICC_PROFILE\0".as_slice(), &[1, 1], icc].concat();
            started.write_marker(Marker::APP(2), &segment);
        }
        if let Some(comment) = self.comment {
            started.write_marker(Marker::COM, comment.as_bytes());
        }
        started.write_scanlines(&pixels.data).unwrap();
        started.finish().unwrap()
    }
}

/// An ordinary JPEG.
pub(crate) fn jpeg(pixels: &Pixels) -> Vec<u8> {
    Jpeg::default().write(pixels)
}

/// A PNG of any colour type and depth, of which `data` is the packed rows.
pub(crate) struct Png {
    pub(crate) colour: png::ColorType,
    pub(crate) depth: png::BitDepth,
    pub(crate) palette: Option<Vec<u8>>,
    pub(crate) transparency: Option<Vec<u8>>,
    pub(crate) icc: Option<Vec<u8>>,
    pub(crate) exif: Option<Vec<u8>>,
}

impl Default for Png {
    fn default() -> Self {
        Self {
            colour: png::ColorType::Rgb,
            depth: png::BitDepth::Eight,
            palette: None,
            transparency: None,
            icc: None,
            exif: None,
        }
    }
}

impl Png {
    pub(crate) fn write(self, pixels: &Pixels) -> Vec<u8> {
        let mut info = png::Info::with_size(pixels.width, pixels.height);
        info.color_type = self.colour;
        info.bit_depth = self.depth;
        info.palette = self.palette.map(Into::into);
        info.trns = self.transparency.map(Into::into);
        info.icc_profile = self.icc.map(Into::into);
        info.exif_metadata = self.exif.map(Into::into);
        let mut file = Vec::new();
        let encoder = png::Encoder::with_info(&mut file, info).unwrap();
        encoder.write_header().unwrap().write_image_data(&pixels.data).unwrap();
        file
    }
}

/// A lossy WebP.
pub(crate) fn webp(pixels: &Pixels) -> Vec<u8> {
    webp::Encoder::from_rgb(&pixels.data, pixels.width, pixels.height).encode(90.0).to_vec()
}

/// A WebP with chunks added: its pixels, then whatever is given, under an extended header.
pub(crate) fn webp_with(
    pixels: &Pixels,
    before: &[(&[u8; 4], &[u8])],
    after: &[(&[u8; 4], &[u8])],
) -> Vec<u8> {
    let simple = webp(pixels);
    let has = |wanted: &[u8; 4]| before.iter().chain(after).any(|(name, _)| *name == wanted);
    let flags = u8::from(has(b"ICCP")) << 5 | u8::from(has(b"EXIF")) << 3;
    let side = |length: u32| (length - 1).to_le_bytes();
    let (w, h) = (side(pixels.width), side(pixels.height));
    let mut body = b"WEBP".to_vec();
    let mut chunk = |name: &[u8], content: &[u8]| {
        body.extend(name);
        body.extend(u32::try_from(content.len()).unwrap().to_le_bytes());
        body.extend(content);
        body.extend(vec![0; content.len() % 2]);
    };
    chunk(b"VP8X", &[flags, 0, 0, 0, w[0], w[1], w[2], h[0], h[1], h[2]]);
    for (name, content) in before {
        chunk(*name, content);
    }
    chunk(&simple[12..16], &simple[20..]);
    for (name, content) in after {
        chunk(*name, content);
    }
    [b"RIFF".as_slice(), &u32::try_from(body.len()).unwrap().to_le_bytes(), &body].concat()
}

/// A GIF of one frame on a larger or equal screen.
pub(crate) fn gif(screen: (u16, u16), frame: &gif::Frame<'_>, palette: &[u8]) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    let mut encoder = gif::Encoder::new(&mut file, screen.0, screen.1, palette).unwrap();
    encoder.write_frame(frame).unwrap();
    drop(encoder);
    file.into_inner()
}

/// An EXIF block that holds an orientation, a camera's name and a place.
pub(crate) fn exif(orientation: u16) -> Vec<u8> {
    let mut block = b"MM\0*\0\0\0\x08\0\x03".to_vec();
    let mut entry = |tag: u16, kind: u16, count: u32, value: [u8; 4]| {
        block.extend(tag.to_be_bytes());
        block.extend(kind.to_be_bytes());
        block.extend(count.to_be_bytes());
        block.extend(value);
    };
    entry(0x010F, 2, 4, *b"SPY\0");
    let [high, low] = orientation.to_be_bytes();
    entry(0x0112, 3, 1, [high, low, 0, 0]);
    entry(0x8825, 4, 1, 50_u32.to_be_bytes());
    block.extend([0, 0, 0, 0]);
    block.extend(b"GPS:48.8584N,2.2945E");
    block
}
