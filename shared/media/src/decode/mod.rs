//! Decodes files to pixels. There is a decoder for each format, and all of them are `ImageDecoder`s of the
//! crate `image`.

mod avif;
mod gif;
mod heic;
mod heif;
mod jpeg;
mod png;
mod shrink;
mod webp;
mod whole;
mod yuv;

use image::error::{ParameterError, ParameterErrorKind};
use image::metadata::Orientation;
use image::{ColorType, DynamicImage, ImageDecoder, ImageError, ImageResult};

use crate::format::{Format, name_unsupported};
use crate::guard::guard;
use crate::header::Header;
use crate::limits::Limits;
use crate::refusal::Refusal;
use crate::resize::whole_factor;
use shrink::Scale;

/// A decoder that can decode at a reduced scale.
pub(crate) trait ScaledDecoder: ImageDecoder {
    /// Sets the scale to the smallest that leaves at least `side` pixels of the longest side. From then on
    /// `dimensions` are those of the decoded picture.
    fn set_wanted_side(&mut self, side: u32);

    /// Returns the exact width and height of the picture at this scale. The decoded sides are rounded up, so
    /// the last row and column may be picture only in part. Resizing from the exact extent keeps every pixel
    /// in its place.
    fn extent(&self) -> (f64, f64);
}

/// A decoded picture, as stored: not turned, and in its own colours.
#[derive(Debug)]
pub(crate) struct Decoded {
    pub(crate) format: Format,
    /// Width and height of the whole picture.
    pub(crate) stored: (u32, u32),
    /// `ImageLuma8` or `ImageRgb8`, at a reduced scale.
    pub(crate) picture: DynamicImage,
    /// See [`ScaledDecoder::extent`].
    pub(crate) extent: (f64, f64),
    pub(crate) orientation: Orientation,
    /// Its colour profile, if it has one.
    pub(crate) icc: Option<Vec<u8>>,
}

/// Decodes a file within the limits. Its longest side keeps at least as many pixels as `side` says for its
/// width and height, or all.
pub(crate) fn decode(
    bytes: &[u8],
    limits: &Limits,
    side: impl Fn((u32, u32)) -> u32,
) -> Result<Decoded, Refusal> {
    let (format, mut decoder) = open(bytes, limits)?;
    let decode = || {
        let stored = decoder.dimensions();
        decoder.set_wanted_side(side(stored));
        let (extent, orientation, icc) = (decoder.extent(), decoder.orientation()?, decoder.icc_profile()?);
        let picture = DynamicImage::from_decoder(decoder)?;
        Ok(Decoded { format, stored, picture, extent, orientation, icc })
    };
    guard(decode, Refusal::undecodable)
}

/// Returns the format and the decoder of a file, once its header has passed the limits.
pub(crate) fn open<'a>(
    bytes: &'a [u8],
    limits: &Limits,
) -> Result<(Format, Box<dyn ScaledDecoder + 'a>), Refusal> {
    limits.check_length(bytes.len())?;
    let format = Format::sniff(bytes).ok_or_else(|| Refusal::Unsupported(name_unsupported(bytes)))?;
    let open = || {
        Ok::<Box<dyn ScaledDecoder + 'a>, Refusal>(match format {
            Format::Jpeg => Box::new(jpeg::open(bytes, limits)?),
            Format::Png => Box::new(png::open(bytes, limits)?),
            Format::WebP => Box::new(webp::open(bytes, limits)?),
            Format::Gif => Box::new(gif::open(bytes, limits)?),
            Format::Avif => Box::new(heif::open(bytes, format, limits, avif::Rav1d)?),
            Format::Heic => Box::new(heif::open(bytes, format, limits, heic::Hpvcd::new())?),
            Format::Tiff => Box::new(whole::open_tiff(bytes, limits)?),
            Format::Bmp => Box::new(whole::open_bmp(bytes, limits)?),
        })
    };
    Ok((format, guard(open, Refusal::undecodable)?))
}

/// The part of a decoder that differs between formats.
trait Codec {
    /// Returns by how much it shrinks a picture whose longest side is `longest`, if `side` pixels are wanted.
    fn factor(&self, longest: u32, side: u32) -> u32 {
        whole_factor(longest, side)
    }

    /// Returns whether the rounded sides are picture throughout, because the codec scales to them exactly.
    fn fills(&self) -> bool {
        false
    }

    /// Decodes at this scale into rows from the top without padding, of the colour type in the header.
    fn decode(self, header: &Header, scale: Scale, pixels: &mut [u8]) -> ImageResult<()>;
}

/// An `ImageDecoder` made of a header and a codec.
struct Decoder<C> {
    header: Header,
    scale: Scale,
    codec: C,
}

impl<C> Decoder<C> {
    /// Decodes at full scale until another is set.
    fn new(header: Header, codec: C) -> Self {
        Self { scale: Scale::new(&header, 1), header, codec }
    }
}

impl<C: Codec> ImageDecoder for Decoder<C> {
    fn dimensions(&self) -> (u32, u32) {
        self.scale.dimensions()
    }

    fn color_type(&self) -> ColorType {
        self.header.color_type
    }

    fn icc_profile(&mut self) -> ImageResult<Option<Vec<u8>>> {
        Ok(self.header.icc.clone())
    }

    fn orientation(&mut self) -> ImageResult<Orientation> {
        Ok(self.header.orientation)
    }

    fn read_image(self, pixels: &mut [u8]) -> ImageResult<()> {
        if u64::try_from(pixels.len()) != Ok(self.total_bytes()) {
            let mismatch = ParameterError::from_kind(ParameterErrorKind::DimensionMismatch);
            return Err(ImageError::Parameter(mismatch));
        }
        self.codec.decode(&self.header, self.scale, pixels)
    }

    fn read_image_boxed(self: Box<Self>, pixels: &mut [u8]) -> ImageResult<()> {
        (*self).read_image(pixels)
    }
}

impl<C: Codec> ScaledDecoder for Decoder<C> {
    fn set_wanted_side(&mut self, side: u32) {
        let longest = self.header.width.max(self.header.height);
        self.scale = Scale::new(&self.header, self.codec.factor(longest, side));
    }

    fn extent(&self) -> (f64, f64) {
        if self.codec.fills() {
            let (width, height) = self.dimensions();
            return (width.into(), height.into());
        }
        self.scale.extent()
    }
}

/// Returns the bytes of a picture of these dimensions.
fn length(width: u32, height: u32, channels: usize) -> usize {
    let side = |pixels: u32| usize::try_from(pixels).unwrap_or(usize::MAX);
    side(width).saturating_mul(side(height)).saturating_mul(channels)
}

#[cfg(test)]
mod tests {
    use super::*;
    use shrink::Shrink;

    /// A codec whose pictures have one colour.
    struct Plain;

    impl Codec for Plain {
        fn decode(self, header: &Header, scale: Scale, pixels: &mut [u8]) -> ImageResult<()> {
            let mut shrink = Shrink::new(scale, header.color_type, pixels);
            for _ in 0..header.height {
                shrink.row(&vec![7; length(header.width, 1, 3)]);
            }
            shrink.finish()
        }
    }

    fn decoder(width: u32, height: u32) -> Decoder<Plain> {
        let header = Header {
            width,
            height,
            orientation: Orientation::Rotate90,
            color_type: ColorType::Rgb8,
            icc: Some(vec![1, 2, 3]),
        };
        Decoder::new(header, Plain)
    }

    #[test]
    fn a_decoder_shows_the_picture_at_the_scale_that_is_wanted() {
        let mut decoder = decoder(9001, 10);
        assert_eq!((decoder.dimensions(), decoder.extent()), ((9001, 10), (9001.0, 10.0)));
        decoder.set_wanted_side(1080);
        assert_eq!((decoder.dimensions(), decoder.extent()), ((2251, 3), (2250.25, 2.5)));
        assert_eq!(decoder.orientation().unwrap(), Orientation::Rotate90);
        assert_eq!(decoder.icc_profile().unwrap(), Some(vec![1, 2, 3]));
        let picture = DynamicImage::from_decoder(decoder).unwrap();
        assert_eq!((picture.width(), picture.height(), picture.color()), (2251, 3, ColorType::Rgb8));
        assert!(picture.as_bytes().iter().all(|byte| *byte == 7));
    }

    #[test]
    fn a_buffer_of_another_length_is_an_error() {
        let error = decoder(4, 4).read_image(&mut [0; 47]).unwrap_err();
        assert!(matches!(error, ImageError::Parameter(_)), "{error:?}");
    }
}
