//! Pictures to upload.

use std::path::Path;

use mozjpeg::{ColorSpace, Compress, Decompress, Marker};

/// A picture file as a phone has it.
pub(crate) struct Picture {
    pub(crate) bytes: Vec<u8>,
    pub(crate) content_type: &'static str,
    pub(crate) alt: Option<String>,
}

impl Picture {
    pub(crate) fn jpeg(bytes: Vec<u8>) -> Self {
        Self { bytes, content_type: "image/jpeg", alt: None }
    }

    pub(crate) fn png(bytes: Vec<u8>) -> Self {
        Self { bytes, content_type: "image/png", alt: None }
    }

    pub(crate) fn webp(bytes: Vec<u8>) -> Self {
        Self { bytes, content_type: "image/webp", alt: None }
    }

    pub(crate) fn alt(self, text: &str) -> Self {
        Self { alt: Some(text.to_owned()), ..self }
    }
}

/// Returns a small ordinary picture, for tests that are not about pictures.
pub(crate) fn small() -> Picture {
    Picture::jpeg(Pixels::striped(96, 64).jpeg())
}

/// Colours of the four corners: top left, top right, bottom left, bottom right.
pub(crate) const CORNERS: [[u8; 3]; 4] = [[220, 30, 30], [30, 200, 30], [30, 30, 220], [240, 240, 240]];

/// RGB pixels.
pub(crate) struct Pixels {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) data: Vec<u8>,
}

impl Pixels {
    fn paint(width: usize, height: usize, pixel: impl Fn(usize, usize) -> [u8; 3]) -> Self {
        let places = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
        Self { width, height, data: places.flat_map(|(x, y)| pixel(x, y)).collect() }
    }

    /// Returns crossing bands of colour.
    pub(crate) fn striped(width: usize, height: usize) -> Self {
        let shade = |at: usize| u8::try_from(60 + at * 7 % 120).unwrap();
        Self::paint(width, height, |x, y| [shade(x), shade(y), shade(x + y)])
    }

    /// Returns a photograph of the demo world, with every pixel `zoom` times as large.
    pub(crate) fn photograph(name: &str, zoom: usize) -> Self {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("cloud/demo/pictures").join(name);
        let mut decoding = Decompress::new_path(file).unwrap().rgb().unwrap();
        let (width, height) = (decoding.width(), decoding.height());
        let data: Vec<u8> = decoding.read_scanlines().unwrap();
        let taken = Self { width, height, data };
        Self::paint(width * zoom, height * zoom, |x, y| taken.at(x / zoom, y / zoom))
    }

    /// Returns the same picture with a block of another colour in each corner, a quarter of each side long.
    pub(crate) fn with_corners(&self) -> Self {
        let (right, bottom) = (self.width - self.width / 4, self.height - self.height / 4);
        Self::paint(self.width, self.height, |x, y| {
            match (x < self.width / 4, x >= right, y < self.height / 4, y >= bottom) {
                (true, _, true, _) => CORNERS[0],
                (_, true, true, _) => CORNERS[1],
                (true, _, _, true) => CORNERS[2],
                (_, true, _, true) => CORNERS[3],
                _ => self.at(x, y),
            }
        })
    }

    pub(crate) fn at(&self, x: usize, y: usize) -> [u8; 3] {
        let at = (y * self.width + x) * 3;
        self.data[at..at + 3].try_into().unwrap()
    }

    /// Returns the pixels as a turned camera stores them. Comments name the sides of the shown picture
    /// that the stored first row and first column are.
    fn held(&self, orientation: u16) -> Self {
        let (right, bottom) = (self.width - 1, self.height - 1);
        match orientation {
            // Top, left.
            1 => Self::paint(self.width, self.height, |x, y| self.at(x, y)),
            // Right, top.
            6 => Self::paint(self.height, self.width, |x, y| self.at(right - y, x)),
            // Left, bottom.
            8 => Self::paint(self.height, self.width, |x, y| self.at(y, bottom - x)),
            other => panic!("no camera is held like {other}"),
        }
    }

    pub(crate) fn jpeg(&self) -> Vec<u8> {
        self.encode(&[])
    }

    /// Returns a phone's file: turned, with EXIF that gives the orientation and the place,
    /// and with a colour profile.
    pub(crate) fn phone_jpeg(&self, orientation: u16) -> Vec<u8> {
        let profile = moxcms::ColorProfile::new_srgb().encode().unwrap();
        let segments = [
            (Marker::APP(1), [b"Exif\0\0".as_slice(), &exif(orientation)].concat()),
            (Marker::APP(2), [b"ICC_PROFILE\0\x01\x01".as_slice(), &profile].concat()),
        ];
        self.held(orientation).encode(&segments)
    }

    fn encode(&self, segments: &[(Marker, Vec<u8>)]) -> Vec<u8> {
        let mut encoder = Compress::new(ColorSpace::JCS_RGB);
        encoder.set_size(self.width, self.height);
        encoder.set_fastest_defaults();
        encoder.set_quality(92.0);
        let mut encoding = encoder.start_compress(Vec::new()).unwrap();
        for (marker, content) in segments {
            encoding.write_marker(*marker, content);
        }
        encoding.write_scanlines(&self.data).unwrap();
        encoding.finish().unwrap()
    }

    pub(crate) fn png(&self) -> Vec<u8> {
        let (width, height) = self.sides();
        let mut file = Vec::new();
        let mut encoder = png::Encoder::new(&mut file, width, height);
        encoder.set_color(png::ColorType::Rgb);
        encoder.write_header().unwrap().write_image_data(&self.data).unwrap();
        file
    }

    pub(crate) fn webp(&self) -> Vec<u8> {
        let (width, height) = self.sides();
        let mut file = Vec::new();
        let encoder = image_webp::WebPEncoder::new(&mut file);
        encoder.encode(&self.data, width, height, image_webp::ColorType::Rgb8).unwrap();
        file
    }

    fn sides(&self) -> (u32, u32) {
        (u32::try_from(self.width).unwrap(), u32::try_from(self.height).unwrap())
    }
}

/// Returns an EXIF block (TIFF, big-endian) with the camera's orientation and the position 48° N, 2° E.
fn exif(orientation: u16) -> Vec<u8> {
    // The directory is at 8 with two entries. The GPS directory follows at 38 with four,
    // and its six rationals at 92.
    let mut block = b"MM\0*\0\0\0\x08\0\x02".to_vec();
    let [high, low] = orientation.to_be_bytes();
    entry(&mut block, 0x0112, 3, 1, [high, low, 0, 0]);
    entry(&mut block, 0x8825, 4, 1, 38_u32.to_be_bytes());
    block.extend([0, 0, 0, 0, 0, 4]);
    entry(&mut block, 1, 2, 2, *b"N\0\0\0");
    entry(&mut block, 2, 5, 3, 92_u32.to_be_bytes());
    entry(&mut block, 3, 2, 2, *b"E\0\0\0");
    entry(&mut block, 4, 5, 3, 116_u32.to_be_bytes());
    block.extend([0; 4]);
    for part in [48_u32, 51, 30, 2, 17, 40] {
        block.extend(part.to_be_bytes());
        block.extend(1_u32.to_be_bytes());
    }
    block
}

fn entry(block: &mut Vec<u8>, tag: u16, kind: u16, count: u32, value: [u8; 4]) {
    block.extend(tag.to_be_bytes());
    block.extend(kind.to_be_bytes());
    block.extend(count.to_be_bytes());
    block.extend(value);
}

/// Returns a PNG of 65 bytes that declares a gigapixel: header, a scrap of data, end.
pub(crate) fn gigapixel_png() -> Vec<u8> {
    let mut file = b"\x89PNG\r\n\x1A\n".to_vec();
    let side = 32_768_u32.to_be_bytes();
    let header = [side.as_slice(), &side, &[8, 2, 0, 0, 0]].concat();
    for (name, content) in
        [(b"IHDR", header.as_slice()), (b"IDAT", &[0x78, 0x9C, 3, 0, 0, 0, 0, 1]), (b"IEND", &[])]
    {
        file.extend(u32::try_from(content.len()).unwrap().to_be_bytes());
        let chunk = [name.as_slice(), content].concat();
        file.extend(&chunk);
        file.extend(crc32(&chunk).to_be_bytes());
    }
    file
}

/// Returns the checksum of PNG chunks (ISO 3309).
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |sum, byte| {
        (0..8).fold(
            sum ^ u32::from(*byte),
            |sum, _| if sum & 1 == 1 { sum >> 1 ^ 0xEDB8_8320 } else { sum >> 1 },
        )
    })
}
