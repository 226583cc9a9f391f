//! HEIC and AVIF: the items of a HEIF container.

use image::ColorType;

use super::{Header, av1, hevc};
use crate::colour::profile_of;
use crate::format::Format;
use crate::heif::{CodePoints, Heif, Tiles};
use crate::limits::Limits;
use crate::refusal::Refusal;

/// The header of a HEIC or AVIF file.
pub(crate) struct HeifHeader<'a> {
    pub(crate) common: Header,
    pub(crate) heif: Heif<'a>,
    pub(crate) picture: Tiles,
    /// The first column and row that are shown of it.
    pub(crate) corner: (u32, u32),
    /// The picture that holds its opacity.
    pub(crate) opacity: Option<Tiles>,
    /// Whether colours were multiplied by their opacity.
    pub(crate) premultiplied: bool,
    /// How its colours are coded: by the container, or else by the sequence.
    pub(crate) code_points: CodePoints,
}

/// Bytes the decoder of AVIF holds at most for each pixel: two for each of three colours.
const AVIF: u64 = 6;
/// Bytes the decoder of HEIC holds for each pixel: one for each of three colours, or two with halved colour.
const HEIC: u64 = 3;
/// Bytes it also holds for each pixel of the current tile.
const HEIC_TILE: u64 = 8;
/// Bytes held for each pixel of opacity.
const OPACITY: u64 = 1;

pub(crate) fn read<'a>(bytes: &'a [u8], format: Format, limits: &Limits) -> Result<HeifHeader<'a>, Refusal> {
    let heif = Heif::read(bytes).ok_or_else(Refusal::no_picture)?;
    let picture = heif.picture().ok_or_else(Refusal::no_picture)?;
    let sequence = check(&heif, &picture, format, limits)?;
    let opacity = heif.opacity();
    if let Some(opacity) = &opacity {
        check(&heif, opacity, format, limits)?;
    }
    // Tiles are decoded band by band. Opacity is held whole.
    let tile = u64::from(picture.tile.0) * u64::from(picture.tile.1);
    let band = tile.saturating_mul(u64::try_from(picture.columns).unwrap_or(u64::MAX));
    let planes = if format == Format::Avif { band * AVIF } else { band * HEIC + tile * HEIC_TILE };
    let pixels = u64::from(picture.width) * u64::from(picture.height);
    limits.check_memory(planes + if opacity.is_some() { pixels * OPACITY } else { 0 })?;
    let code_points = heif.code_points().unwrap_or(sequence.code_points);
    let view = heif.view(picture.width, picture.height);
    let common = Header {
        width: view.width,
        height: view.height,
        orientation: view.orientation,
        color_type: if sequence.grey { ColorType::L8 } else { ColorType::Rgb8 },
        icc: heif.icc().map(<[u8]>::to_vec).or_else(|| profile_of(code_points.primaries)),
    };
    let (corner, premultiplied) = ((view.left, view.top), heif.is_premultiplied());
    Ok(HeifHeader { common, heif, picture, corner, opacity, premultiplied, code_points })
}

/// What the sequences of a picture's items say of its colours.
struct Sequence {
    grey: bool,
    code_points: CodePoints,
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
    let mut first = None;
    for item in &picture.items {
        let data = heif.data(*item).ok_or_else(Refusal::cut_off)?;
        let sequence = if format == Format::Avif {
            let sequence = av1::sequence(&data).ok_or_else(Refusal::cut_off)?;
            Sequence { grey: sequence.grey, code_points: sequence.code_points }
        } else {
            let configuration = heif.configuration(*item, *b"hvcC").unwrap_or_default();
            let sequence = hevc::sequence(configuration, &data).ok_or_else(Refusal::cut_off)?;
            let allowed = |side: u32| side.next_multiple_of(BLOCK);
            if sequence.width > allowed(picture.tile.0) || sequence.height > allowed(picture.tile.1) {
                return Err(Refusal::disagrees());
            }
            Sequence { grey: sequence.grey, code_points: sequence.code_points }
        };
        first.get_or_insert(sequence);
        // The decoder of AVIF is told how much it may allocate. That of HEIC allocates by each sequence.
        if format == Format::Avif {
            break;
        }
    }
    first.ok_or_else(Refusal::no_picture)
}
