//! AVIF by `re_rav1d`, a port of dav1d to Rust, without its assembly.

use image::ImageResult;
use re_rav1d::dav1d::{Decoder as SequenceDecoder, Picture, PixelLayout, PlanarImageComponent, Settings};

use super::shrink::{Scale, Shrink};
use super::yuv::{Painter, Planes, opacity, to_byte};
use super::{Codec, Decoder};
use crate::format::Format;
use crate::header::Header;
use crate::header::heif::{HeifHeader, read};
use crate::heif::{CodePoints, Heif, Tiles};
use crate::limits::Limits;
use crate::refusal::Refusal;

pub(super) fn open<'a>(bytes: &'a [u8], limits: &Limits) -> Result<Decoder<Rav1d<'a>>, Refusal> {
    let HeifHeader { common, heif, picture, opacity, code_points } = read(bytes, Format::Avif, limits)?;
    Ok(Decoder::new(common, Rav1d { heif, picture, opacity, code_points }))
}

pub(super) struct Rav1d<'a> {
    heif: Heif<'a>,
    picture: Tiles,
    opacity: Option<Tiles>,
    code_points: CodePoints,
}

impl Codec for Rav1d<'_> {
    fn decode(self, header: &Header, scale: Scale, pixels: &mut [u8]) -> ImageResult<()> {
        let size = (header.width, header.height);
        let alpha = self.opacity.map(|tiles| {
            if (tiles.width, tiles.height) == size {
                opacity(size, bands(&self.heif, &tiles))
            } else {
                Err(Refusal::disagrees())
            }
        });
        let shrink = Shrink::new(scale, header.color_type, pixels);
        let mut painter = Painter::new(header, self.code_points, alpha.transpose()?, shrink);
        for band in bands(&self.heif, &self.picture) {
            painter.band(&band?)?;
        }
        painter.finish()
    }
}

/// The bands of a picture, decoded one after another.
fn bands<'a>(heif: &'a Heif<'_>, tiles: &'a Tiles) -> impl Iterator<Item = Result<Vec<Frame>, Refusal>> + 'a {
    let frame = |item: &u32| {
        let data = heif.data(*item).ok_or_else(Refusal::cut_off)?;
        Frame::decode(data, tiles.tile)
    };
    tiles.items.chunks(tiles.columns.max(1)).map(move |band| band.iter().map(frame).collect())
}

/// One decoded item.
struct Frame {
    picture: Picture,
    bits: u32,
}

impl Frame {
    /// Decodes a sequence of one frame, which may have `width` by `height` pixels.
    fn decode(data: Vec<u8>, (width, height): (u32, u32)) -> Result<Self, Refusal> {
        let mut settings = Settings::new();
        // One frame at a time, and no threads: the other core of a Lambda has other pictures.
        settings.set_n_threads(1);
        settings.set_max_frame_delay(1);
        settings.set_frame_size_limit(width.saturating_mul(height));
        let mut decoder = SequenceDecoder::with_settings(&settings).map_err(Refusal::undecodable)?;
        match decoder.send_data(data, None, None, None) {
            Err(error) if !error.is_again() => return Err(Refusal::undecodable(error)),
            _ => {}
        }
        let picture = decoder.get_picture().map_err(Refusal::undecodable)?;
        if (picture.width(), picture.height()) != (width, height) {
            return Err(Refusal::disagrees());
        }
        let bits = picture.bits_per_component().and_then(|bits| u32::try_from(bits.0).ok());
        Ok(Self { picture, bits: bits.ok_or_else(Refusal::disagrees)? })
    }
}

impl Planes for Frame {
    fn size(&self) -> (usize, usize) {
        let side = |pixels: u32| usize::try_from(pixels).unwrap_or(usize::MAX);
        (side(self.picture.width()), side(self.picture.height()))
    }

    fn halving(&self) -> Option<(usize, usize)> {
        match self.picture.pixel_layout() {
            PixelLayout::I400 => None,
            PixelLayout::I420 => Some((1, 1)),
            PixelLayout::I422 => Some((1, 0)),
            PixelLayout::I444 => Some((0, 0)),
        }
    }

    fn row(&self, plane: usize, y: usize, into: &mut Vec<u8>) -> Option<()> {
        let component = PlanarImageComponent::from(plane);
        let (narrower, _) = self.halving().filter(|_| plane > 0).unwrap_or_default();
        let width = self.size().0.div_ceil(1 << narrower);
        let stride = usize::try_from(self.picture.stride(component)).ok()?;
        let plane = self.picture.plane(component);
        let row = plane.get(y.checked_mul(stride)?..)?;
        if self.bits == 8 {
            into.extend_from_slice(row.get(..width)?);
        } else {
            let (samples, _) = row.get(..width * 2)?.as_chunks::<2>();
            into.extend(samples.iter().map(|sample| to_byte(u16::from_ne_bytes(*sample), self.bits)));
        }
        Some(())
    }
}
