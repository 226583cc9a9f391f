//! Decodes HEIC and AVIF: one band of tiles after another, from the top.

use image::ImageResult;

use super::shrink::{Scale, Shrink};
use super::yuv::{Painter, Planes, opacity};
use super::{Codec, Decoder};
use crate::format::Format;
use crate::header::Header;
use crate::header::heif::{HeifHeader, read};
use crate::heif::{Heif, Tiles};
use crate::limits::Limits;
use crate::opacity::{on_white, premultiplied_on_white};
use crate::refusal::Refusal;

/// A codec for the items of a HEIF file.
pub(super) trait ItemCodec {
    type Frame: Planes;

    /// Decodes an item of `width` by `height` pixels.
    fn item(&self, heif: &Heif<'_>, item: u32, size: (u32, u32)) -> Result<Self::Frame, Refusal>;
}

pub(super) struct Tiled<'a, I> {
    header: HeifHeader<'a>,
    items: I,
}

pub(super) fn open<'a, I: ItemCodec>(
    bytes: &'a [u8],
    format: Format,
    limits: &Limits,
    items: I,
) -> Result<Decoder<Tiled<'a, I>>, Refusal> {
    let header = read(bytes, format, limits)?;
    Ok(Decoder::new(header.common.clone(), Tiled { header, items }))
}

impl<I: ItemCodec> Codec for Tiled<'_, I> {
    fn decode(self, header: &Header, scale: Scale, pixels: &mut [u8]) -> ImageResult<()> {
        let HeifHeader { picture, corner, premultiplied, code_points, .. } = &self.header;
        let size = (picture.width, picture.height);
        let alpha = self.header.opacity.as_ref().map(|tiles| {
            if (tiles.width, tiles.height) == size {
                opacity(size, self.bands(tiles))
            } else {
                Err(Refusal::disagrees())
            }
        });
        let over = if *premultiplied { premultiplied_on_white } else { on_white };
        let alpha = alpha.transpose()?.map(|alpha| (alpha, over));
        let shrink = Shrink::new(scale, header.color_type, pixels);
        let mut painter = Painter::new(header, size.0, *corner, *code_points, alpha, shrink);
        for band in self.bands(picture) {
            painter.band(&band?)?;
        }
        painter.finish()
    }
}

impl<I: ItemCodec> Tiled<'_, I> {
    /// Returns the bands of a picture, decoded one after another.
    fn bands<'b>(&'b self, tiles: &'b Tiles) -> impl Iterator<Item = Result<Vec<I::Frame>, Refusal>> + 'b {
        let frame = |item: &u32| self.items.item(&self.header.heif, *item, tiles.tile);
        tiles.items.chunks(tiles.columns.max(1)).map(move |band| band.iter().map(frame).collect())
    }
}
