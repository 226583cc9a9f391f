//! HEIC and AVIF: the items of a HEIF container.

use super::{Header, hevc};
use crate::format::Format;
use crate::heif::{Heif, Tiles};
use crate::limits::Limits;
use crate::refusal::Refusal;

/// What the decoder of AVIF holds at most for each pixel: two bytes for each of three colours.
const AVIF: u64 = 6;
/// What the decoder of HEIC holds for each pixel: a byte for each of three colours, or two with halved colour.
const HEIC: u64 = 3;
/// What it holds besides for each pixel of the tile at work.
const HEIC_TILE: u64 = 8;
/// What opacity adds while it is decoded and kept.
const OPACITY: u64 = 1;

pub(super) fn read(bytes: &[u8], format: Format, limits: &Limits) -> Result<Header, Refusal> {
    let heif = Heif::read(bytes).ok_or_else(Refusal::no_picture)?;
    let picture = heif.picture().ok_or_else(Refusal::no_picture)?;
    check(&heif, &picture, format, limits)?;
    let opacity = heif.opacity();
    if let Some(opacity) = &opacity {
        check(&heif, opacity, format, limits)?;
    }
    let pixels = u64::from(picture.width) * u64::from(picture.height);
    let tile = u64::from(picture.tile.0) * u64::from(picture.tile.1);
    let planes = if format == Format::Avif { pixels * AVIF } else { pixels * HEIC + tile * HEIC_TILE };
    limits.check_memory(planes + if opacity.is_some() { pixels * OPACITY } else { 0 })?;
    Ok(Header {
        format,
        width: picture.width,
        height: picture.height,
        orientation: heif.orientation(),
        icc: heif.icc().map(<[u8]>::to_vec),
        inverted_inks: false,
    })
}

/// Dimensions in a sequence are those of whole blocks.
const BLOCK: u32 = 64;

fn check(heif: &Heif<'_>, picture: &Tiles, format: Format, limits: &Limits) -> Result<(), Refusal> {
    let codec = if format == Format::Avif { *b"av01" } else { *b"hvc1" };
    if picture.codec != codec {
        return Err(Refusal::Unsupported("A HEIF picture compressed in another way than HEIC or AVIF"));
    }
    limits.check_dimensions(picture.width, picture.height)?;
    limits.check_dimensions(picture.tile.0, picture.tile.1)?;
    if format == Format::Heic {
        // The decoder of AVIF is told how much it may allocate; this one goes by its sequences.
        for item in &picture.items {
            let data = heif.data(*item).ok_or_else(Refusal::cut_off)?;
            let configuration = heif.configuration(*item, *b"hvcC").unwrap_or_default();
            let stored = hevc::dimensions(configuration, &data).ok_or_else(Refusal::cut_off)?;
            let allowed = |side: u32| side.next_multiple_of(BLOCK);
            if stored.0 > allowed(picture.tile.0) || stored.1 > allowed(picture.tile.1) {
                return Err(Refusal::disagrees());
            }
        }
    }
    Ok(())
}
