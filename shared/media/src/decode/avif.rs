//! Decodes the items of an AVIF by `re_rav1d`, a port of dav1d to Rust, without its assembly.

use re_rav1d::dav1d::{Decoder, Picture, PixelLayout, PlanarImageComponent, Settings};

use super::heif::ItemCodec;
use super::yuv::{Planes, to_byte};
use crate::header::av1;
use crate::heif::Heif;
use crate::refusal::Refusal;

pub(super) struct Rav1d;

impl ItemCodec for Rav1d {
    type Frame = Frame;

    fn item(&self, heif: &Heif<'_>, item: u32, size: (u32, u32)) -> Result<Frame, Refusal> {
        let mut data = heif.data(item).ok_or_else(Refusal::cut_off)?;
        let layered = av1::frames(&data) > 1;
        if let Some(layer) = heif.selected_layer(item) {
            data = av1::up_to_layer(&data, layer);
        }
        let frame = Frame::decode(data, heif.operating_point(item), size)?;
        let found = (frame.picture.width(), frame.picture.height());
        let fits = |found: u32, wanted: u32| found <= wanted && found >= wanted.div_ceil(MOST_SMALLER);
        if found != size && !(layered && fits(found.0, size.0) && fits(found.1, size.1)) {
            return Err(Refusal::disagrees());
        }
        Ok(frame)
    }
}

/// How many times smaller than its item a layer may be, by its sides.
const MOST_SMALLER: u32 = 8;

/// One decoded item.
pub(super) struct Frame {
    picture: Picture,
    bits: u32,
    /// Width and height of the item. A picture of fewer pixels is enlarged to them.
    size: (u32, u32),
}

impl Frame {
    /// Decodes a sequence of one picture, for an item of this width and height. Of its layers it returns the
    /// highest of an operating point.
    fn decode(data: Vec<u8>, operating_point: u32, size: (u32, u32)) -> Result<Self, Refusal> {
        let mut settings = Settings::new();
        // One frame at a time, and one thread: nothing runs beside a decode.
        settings.set_n_threads(1);
        settings.set_max_frame_delay(1);
        settings.set_operating_point(operating_point);
        settings.set_all_layers(false);
        settings.set_frame_size_limit(size.0.saturating_mul(size.1));
        let mut decoder = Decoder::with_settings(&settings).map_err(Refusal::undecodable)?;
        match decoder.send_data(data, None, None, None) {
            Err(error) if !error.is_again() => return Err(Refusal::undecodable(error)),
            _ => {}
        }
        let picture = decoder.get_picture().map_err(Refusal::undecodable)?;
        let bits = picture.bits_per_component().and_then(|bits| u32::try_from(bits.0).ok());
        Ok(Self { picture, bits: bits.ok_or_else(Refusal::disagrees)?, size })
    }

    /// Appends row `y` of a plane as it is decoded, of `width` samples.
    fn stored_row(&self, plane: usize, y: usize, width: usize, into: &mut Vec<u8>) -> Option<()> {
        let component = PlanarImageComponent::from(plane);
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

impl Planes for Frame {
    fn size(&self) -> (usize, usize) {
        let side = |pixels: u32| usize::try_from(pixels).unwrap_or(usize::MAX);
        (side(self.size.0), side(self.size.1))
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
        let halving = self.halving().filter(|_| plane > 0).unwrap_or_default();
        let side = |pixels: u32, halved: usize| Some(usize::try_from(pixels).ok()?.div_ceil(1 << halved));
        let (width, height) = (side(self.size.0, halving.0)?, side(self.size.1, halving.1)?);
        let stored = (self.picture.width(), self.picture.height());
        if stored == self.size {
            return self.stored_row(plane, y, width, into);
        }
        let (stored_width, stored_height) = (side(stored.0, halving.0)?, side(stored.1, halving.1)?);
        let mut row = Vec::new();
        self.stored_row(plane, y * stored_height / height, stored_width, &mut row)?;
        into.extend((0..width).filter_map(|x| row.get(x * stored_width / width)));
        Some(())
    }
}
