//! AVIF by `re_rav1d`, a port of dav1d to Rust, without its assembly.

use re_rav1d::dav1d::{Decoder, Picture, PixelLayout, PlanarImageComponent, Settings};

use super::Decoded;
use super::yuv::{Painter, Planes, opacity, to_byte};
use crate::header::Header;
use crate::heif::{CodePoints, Heif, Tiles};
use crate::refusal::Refusal;

pub(super) fn decode(bytes: &[u8], header: &Header, side: u32) -> Result<Decoded, Refusal> {
    let heif = Heif::read(bytes).ok_or_else(Refusal::disagrees)?;
    let tiles = heif.picture().ok_or_else(Refusal::disagrees)?;
    let size = (header.width, header.height);
    let alpha = heif.opacity().map(|tiles| {
        if (tiles.width, tiles.height) == size {
            opacity(size, bands(&heif, &tiles))
        } else {
            Err(Refusal::disagrees())
        }
    });
    let mut alpha = Some(alpha.transpose()?);

    let mut painter = None;
    let mut code_points = None;
    for band in bands(&heif, &tiles) {
        let band = band?;
        let first = band.first().ok_or_else(Refusal::disagrees)?;
        let code_points =
            *code_points.get_or_insert_with(|| heif.code_points().unwrap_or_else(|| first.code_points()));
        let grey = first.halving().is_none();
        painter
            .get_or_insert_with(|| Painter::new(size, grey, code_points, alpha.take().flatten(), side))
            .band(&band)?;
    }
    let (painter, code_points) = painter.zip(code_points).ok_or_else(Refusal::disagrees)?;
    painter.finish(header.icc.clone(), code_points)
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
        let mut decoder = Decoder::with_settings(&settings).map_err(Refusal::undecodable)?;
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

    /// What the sequence says of its colours.
    fn code_points(&self) -> CodePoints {
        use re_rav1d::dav1d::pixel::YUVRange;
        CodePoints {
            primaries: u16::from(self.picture.color_primaries() as u8),
            transfer: u16::from(self.picture.transfer_characteristic() as u8),
            matrix: u16::from(self.picture.matrix_coefficients() as u8),
            full_range: self.picture.color_range() == YUVRange::Full,
        }
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
