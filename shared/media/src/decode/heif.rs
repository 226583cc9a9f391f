//! Decodes HEIC and AVIF: one band of tiles after another, from the top. Pictures that are laid over one
//! another are decoded one by one, onto a canvas.

use image::{ColorType, DynamicImage, GrayImage, ImageResult, Luma, Rgb, RgbImage, imageops};

use super::shrink::{Scale, Shrink};
use super::yuv::{Opacity, Painter, Planes, opacity};
use super::{Codec, Decoder, length};
use crate::format::Format;
use crate::header::Header;
use crate::header::heif::{Coded, HeifHeader, Layer, Picture, read};
use crate::heif::{Heif, Overlay, Tiles};
use crate::limits::Limits;
use crate::opacity::{on_white, over, premultiplied_on_white, premultiplied_over};
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
        let HeifHeader { picture, corner, .. } = &self.header;
        let mut shrink = Shrink::new(scale, header.color_type, pixels);
        match picture {
            Picture::Coded(coded) => {
                let over = if coded.premultiplied { premultiplied_on_white } else { on_white };
                let opacity = self.opacity(coded)?.map(|alpha| (alpha, over));
                self.paint(coded, header, *corner, opacity, shrink)
            }
            Picture::Laid { canvas, layers } => {
                let canvas = self.laid(canvas, layers)?;
                let (left, width) = (length(corner.0, 1, 3), length(header.width, 1, 3));
                let rows = canvas.as_raw().chunks_exact(length(canvas.width(), 1, 3).max(1));
                for row in rows.skip(length(1, corner.1, 1)).take(length(1, header.height, 1)) {
                    shrink.row(row.get(left..).and_then(|row| row.get(..width)).unwrap_or_default());
                }
                shrink.finish()
            }
        }
    }
}

impl<I: ItemCodec> Tiled<'_, I> {
    /// Decodes what a header shows of a coded picture, from a corner on.
    fn paint(
        &self,
        coded: &Coded,
        header: &Header,
        corner: (u32, u32),
        opacity: Option<Opacity>,
        shrink: Shrink<'_>,
    ) -> ImageResult<()> {
        let mut painter = Painter::new(header, coded.tiles.width, corner, coded.code_points, opacity, shrink);
        for band in self.bands(&coded.tiles) {
            painter.band(&band?)?;
        }
        painter.finish()
    }

    /// Decodes the opacity of a coded picture, if it has any: a byte for each pixel.
    fn opacity(&self, coded: &Coded) -> Result<Option<Vec<u8>>, Refusal> {
        let Coded { tiles: picture, opacity: alpha, .. } = coded;
        let size = (picture.width, picture.height);
        let alpha = alpha.as_ref().map(|tiles| {
            if (tiles.width, tiles.height) == size {
                opacity(size, self.bands(tiles))
            } else {
                Err(Refusal::disagrees())
            }
        });
        alpha.transpose()
    }

    /// Returns the bands of a picture, decoded one after another.
    fn bands<'b>(&'b self, tiles: &'b Tiles) -> impl Iterator<Item = Result<Vec<I::Frame>, Refusal>> + 'b {
        let frame = |item: &u32| self.items.item(&self.header.heif, *item, tiles.tile);
        tiles.items.chunks(tiles.columns.max(1)).map(move |band| band.iter().map(frame).collect())
    }

    /// Lays pictures over one another. What is nowhere covered is the fill of the canvas, on white.
    fn laid(&self, canvas: &Overlay, layers: &[Layer]) -> ImageResult<RgbImage> {
        let [red, green, blue, alpha] = canvas.fill;
        let fill = Rgb([red, green, blue].map(|colour| on_white(colour, alpha)));
        let mut laid = RgbImage::from_pixel(canvas.width, canvas.height, fill);
        for (layer, (_, corner)) in layers.iter().zip(&canvas.layers) {
            let (colours, alpha) = self.layer(layer)?;
            let over = if layer.coded.premultiplied { premultiplied_over } else { over };
            lay(&mut laid, &colours, alpha.as_ref(), over, *corner);
        }
        Ok(laid)
    }

    /// Decodes a layer as it is shown, and its opacity.
    fn layer(&self, Layer { header, coded, corner }: &Layer) -> ImageResult<(RgbImage, Option<GrayImage>)> {
        let (width, height) = (header.width, header.height);
        let channels = usize::from(header.color_type.channel_count());
        let mut pixels = vec![0; length(width, height, channels)];
        let shrink = Shrink::new(Scale::new(header, 1), header.color_type, &mut pixels);
        self.paint(coded, header, *corner, None, shrink)?;
        let colours = if header.color_type == ColorType::L8 {
            GrayImage::from_raw(width, height, pixels).map(DynamicImage::from)
        } else {
            RgbImage::from_raw(width, height, pixels).map(DynamicImage::from)
        };
        let mut colours = colours.ok_or_else(Refusal::disagrees)?;
        colours.apply_orientation(header.orientation);
        let stored = (coded.tiles.width, coded.tiles.height);
        let alpha = self.opacity(coded)?.map(|alpha| {
            let alpha = GrayImage::from_raw(stored.0, stored.1, alpha).ok_or_else(Refusal::disagrees)?;
            let alpha = imageops::crop_imm(&alpha, corner.0, corner.1, width, height).to_image();
            let mut alpha = DynamicImage::from(alpha);
            alpha.apply_orientation(header.orientation);
            Ok::<_, Refusal>(alpha.into_luma8())
        });
        Ok((colours.into_rgb8(), alpha.transpose()?))
    }
}

/// Lays a picture `over` a canvas, with its corner at this column and row. What sticks out is dropped.
fn lay(
    canvas: &mut RgbImage,
    picture: &RgbImage,
    opacity: Option<&GrayImage>,
    over: fn(u8, u8, u8) -> u8,
    (left, top): (i32, i32),
) {
    let place = |begin: i32, at: u32| u32::try_from(i64::from(begin) + i64::from(at)).ok();
    for (x, y, Rgb(colours)) in picture.enumerate_pixels() {
        let Some((column, row)) = place(left, x).zip(place(top, y)) else { continue };
        let Some(Rgb(below)) = canvas.get_pixel_mut_checked(column, row) else { continue };
        let alpha = opacity.and_then(|alpha| alpha.get_pixel_checked(x, y));
        let alpha = alpha.map_or(u8::MAX, |Luma([alpha])| *alpha);
        for (below, colour) in below.iter_mut().zip(colours) {
            *below = over(*colour, alpha, *below);
        }
    }
}
