//! HEIC and AVIF: the items of a HEIF container.

use image::ColorType;

use super::{Header, av1, hevc};
use crate::colour::profile_of;
use crate::format::Format;
use crate::heif::{CodePoints, Heif, Overlay, Tiles, View};
use crate::limits::Limits;
use crate::refusal::Refusal;

/// The header of a HEIC or AVIF file.
pub(crate) struct HeifHeader<'a> {
    pub(crate) common: Header,
    pub(crate) heif: Heif<'a>,
    pub(crate) picture: Picture,
    /// The first column and row that are shown of the picture.
    pub(crate) corner: (u32, u32),
}

/// How the picture is made.
pub(crate) enum Picture {
    /// It is coded.
    Coded(Coded),
    /// It is laid together of others.
    Laid {
        /// Sides and fill of the canvas, and where the layers are.
        canvas: Overlay,
        /// From the lowest to the highest.
        layers: Vec<Layer>,
    },
}

/// A coded picture, whole or in tiles.
pub(crate) struct Coded {
    pub(crate) tiles: Tiles,
    /// The picture that holds its opacity.
    pub(crate) opacity: Option<Tiles>,
    /// Whether its colours were multiplied by their opacity.
    pub(crate) premultiplied: bool,
    /// How its colours are coded: by the container, or else by the sequence.
    pub(crate) code_points: CodePoints,
}

/// A coded picture that is a layer of another.
pub(crate) struct Layer {
    pub(crate) header: Header,
    pub(crate) coded: Coded,
    /// The first column and row that are shown of it.
    pub(crate) corner: (u32, u32),
}

/// Bytes the decoder of AVIF holds at most for each pixel of a frame: two for each of three colours.
const AVIF: u64 = 6;
/// Most frames of an AVIF item. Layers are frames, of which there are at most four, and some encoders add one
/// that is not shown.
const MOST_FRAMES: u64 = 8;
/// Bytes the decoder of HEIC holds for each pixel: one for each of three colours, or two with halved colour.
const HEIC: u64 = 3;
/// Bytes it also holds for each pixel of the current tile.
const HEIC_TILE: u64 = 8;
/// Bytes held for each pixel of opacity.
const OPACITY: u64 = 1;
/// Most pictures that are laid over one another.
const MOST_LAYERS: usize = 64;
/// Bytes held for each pixel of a canvas.
const CANVAS: u64 = 3;
/// Bytes held for each pixel of a layer besides its planes: colours and opacity, as stored and as turned.
const LAYER: u64 = 8;

pub(crate) fn read<'a>(bytes: &'a [u8], format: Format, limits: &Limits) -> Result<HeifHeader<'a>, Refusal> {
    let heif = Heif::read(bytes).ok_or_else(Refusal::no_picture)?;
    let (common, picture, corner) = match heif.overlay(heif.primary) {
        Some(canvas) => laid(&heif, canvas, format, limits)?,
        None => {
            let (layer, bytes) = coded(&heif, heif.primary, format, limits)?;
            limits.check_memory(bytes)?;
            (layer.header, Picture::Coded(layer.coded), layer.corner)
        }
    };
    Ok(HeifHeader { common, heif, picture, corner })
}

/// Reads a coded picture. Returns it with the bytes that its decoder holds.
fn coded(heif: &Heif<'_>, item: u32, format: Format, limits: &Limits) -> Result<(Layer, u64), Refusal> {
    let tiles = heif.picture(item).ok_or_else(Refusal::no_picture)?;
    let sequence = check(heif, &tiles, format, limits)?;
    let opacity = heif.opacity(item);
    let mut frames = sequence.frames;
    if let Some(opacity) = &opacity {
        frames = frames.max(check(heif, opacity, format, limits)?.frames);
    }
    // Tiles are decoded band by band. Opacity is held whole.
    let tile = pixels(tiles.tile);
    let band = tile.saturating_mul(u64::try_from(tiles.columns).unwrap_or(u64::MAX));
    let planes = if format == Format::Avif {
        // What a frame refers to is held beside it, of the current tile.
        band.saturating_add(tile.saturating_mul(frames.saturating_sub(1))).saturating_mul(AVIF)
    } else {
        band.saturating_mul(HEIC).saturating_add(tile.saturating_mul(HEIC_TILE))
    };
    let size = (tiles.width, tiles.height);
    let bytes = planes.saturating_add(if opacity.is_some() { pixels(size) * OPACITY } else { 0 });
    let code_points = heif.code_points(item).unwrap_or(sequence.code_points);
    let View { left, top, width, height, orientation } = heif.view(item, size);
    let header = Header {
        width,
        height,
        orientation,
        color_type: if sequence.grey { ColorType::L8 } else { ColorType::Rgb8 },
        icc: heif.icc(item).map(<[u8]>::to_vec).or_else(|| profile_of(code_points.primaries)),
    };
    let coded = Coded { tiles, opacity, premultiplied: heif.is_premultiplied(item), code_points };
    Ok((Layer { header, coded, corner: (left, top) }, bytes))
}

/// Reads a picture that is laid together of others, each of which is coded.
fn laid(
    heif: &Heif<'_>,
    canvas: Overlay,
    format: Format,
    limits: &Limits,
) -> Result<(Header, Picture, (u32, u32)), Refusal> {
    let item = heif.primary;
    let size = (canvas.width, canvas.height);
    limits.check_dimensions(canvas.width, canvas.height)?;
    if canvas.layers.len() > MOST_LAYERS {
        let laid = canvas.layers.len();
        return Err(Refusal::TooLarge(format!(
            "it is laid of {laid} pictures, and {MOST_LAYERS} are allowed"
        )));
    }
    let (mut layers, mut sum, mut most) = (Vec::new(), 0_u64, 0_u64);
    for (item, _) in &canvas.layers {
        let (layer, bytes) = coded(heif, *item, format, limits)?;
        let stored = pixels((layer.coded.tiles.width, layer.coded.tiles.height));
        sum = sum.saturating_add(stored);
        most = most.max(bytes.saturating_add(stored * LAYER));
        layers.push(layer);
    }
    // Layers are decoded one after another. Together they may take as long as the largest picture.
    limits.check_pixels(sum, format_args!("its layers have {sum}"))?;
    limits.check_memory(most.saturating_add(pixels(size) * CANVAS))?;
    let View { left, top, width, height, orientation } = heif.view(item, size);
    let of_layer = || layers.first().and_then(|layer| layer.header.icc.clone());
    let icc = heif.icc(item).map(<[u8]>::to_vec).or_else(of_layer);
    let header = Header { width, height, orientation, color_type: ColorType::Rgb8, icc };
    Ok((header, Picture::Laid { canvas, layers }, (left, top)))
}

fn pixels((width, height): (u32, u32)) -> u64 {
    u64::from(width) * u64::from(height)
}

/// What the sequences of a picture's items say.
struct Sequence {
    grey: bool,
    code_points: CodePoints,
    /// How many frames an item has, at most.
    frames: u64,
}

/// Dimensions in a sequence are those of whole blocks.
const BLOCK: u32 = 64;

/// Checks a picture and the sequences of its items against the limits. Returns what the first sequence says.
fn check(heif: &Heif<'_>, picture: &Tiles, format: Format, limits: &Limits) -> Result<Sequence, Refusal> {
    let codec = if format == Format::Avif { *b"av01" } else { *b"hvc1" };
    if picture.codec != codec {
        return Err(Refusal::Unsupported("A HEIF picture compressed in another way than HEIC or AVIF"));
    }
    limits.check_dimensions(picture.tile.0, picture.tile.1)?;
    limits.check_dimensions(picture.width, picture.height)?;
    let mut first: Option<Sequence> = None;
    for item in &picture.items {
        let data = heif.data(*item).ok_or_else(Refusal::cut_off)?;
        let sequence = if format == Format::Avif {
            // Its decoder is told how large a frame may be.
            let frames = av1::frames(&data);
            if frames > MOST_FRAMES {
                let message = format!("it has {frames} frames, and {MOST_FRAMES} are allowed");
                return Err(Refusal::TooLarge(message));
            }
            let sequence = av1::sequence(&data).ok_or_else(Refusal::cut_off)?;
            Sequence { grey: sequence.grey, code_points: sequence.code_points, frames }
        } else {
            // Its decoder allocates by each sequence.
            let configuration = heif.configuration(*item, *b"hvcC").unwrap_or_default();
            let sequence = hevc::sequence(configuration, &data).ok_or_else(Refusal::cut_off)?;
            let allowed = |side: u32| side.next_multiple_of(BLOCK);
            if sequence.width > allowed(picture.tile.0) || sequence.height > allowed(picture.tile.1) {
                return Err(Refusal::disagrees());
            }
            Sequence { grey: sequence.grey, code_points: sequence.code_points, frames: 1 }
        };
        let frames = sequence.frames;
        let first = first.get_or_insert(sequence);
        first.frames = first.frames.max(frames);
    }
    first.ok_or_else(Refusal::no_picture)
}
