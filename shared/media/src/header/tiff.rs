//! TIFF: the first directory.

use image::ColorType;
use image::metadata::Orientation;

use super::{Header, cut_short};
use crate::limits::Limits;
use crate::orientation;
use crate::refusal::Refusal;
use crate::tiff::Directory;

/// The tags that are read.
const NEW_SUBFILE_TYPE: u16 = 254;
const WIDTH: u16 = 256;
const HEIGHT: u16 = 257;
const BITS_PER_SAMPLE: u16 = 258;
const COMPRESSION: u16 = 259;
const PHOTOMETRIC: u16 = 262;
const SAMPLES_PER_PIXEL: u16 = 277;
const EXTRA_SAMPLES: u16 = 338;
const SAMPLE_FORMAT: u16 = 339;
const ICC_PROFILE: u16 = 34675;
const DNG_VERSION: u16 = 50706;

/// The bit of a reduced copy of another picture in the file. Raw files of cameras begin with one.
const REDUCED: u32 = 1;
/// The kind of an extra sample that is opacity by which the colours were multiplied.
const ASSOCIATED_ALPHA: u32 = 1;
/// The meanings of samples.
const WHITE_IS_ZERO: u32 = 0;
const BLACK_IS_ZERO: u32 = 1;
const PALETTE: u32 = 3;
const CMYK: u32 = 5;
const YCBCR: u32 = 6;
const LAB: [u32; 3] = [8, 9, 10];
const RAW: [u32; 2] = [32803, 34892];
/// The compressions that are a JPEG.
const JPEG: [u32; 2] = [6, 7];
/// The format of samples that are no whole numbers.
const FLOATING_POINT: u32 = 3;

/// The header of a TIFF.
pub(crate) struct TiffHeader {
    pub(crate) common: Header,
    /// Whether colours were multiplied by their opacity.
    pub(crate) premultiplied: bool,
}

pub(crate) fn read(bytes: &[u8], limits: &Limits) -> Result<TiffHeader, Refusal> {
    let directory = Directory::first(bytes).ok_or_else(cut_short)?;
    let number = |tag, default| directory.number(tag).unwrap_or(default);
    let (width, height) =
        directory.number(WIDTH).zip(directory.number(HEIGHT)).ok_or_else(Refusal::no_picture)?;
    limits.check_dimensions(width, height)?;
    let photometric = number(PHOTOMETRIC, BLACK_IS_ZERO);
    let compression = number(COMPRESSION, 1);
    let raw = RAW.contains(&photometric) || directory.number(DNG_VERSION).is_some();
    if raw || number(NEW_SUBFILE_TYPE, 0) & REDUCED != 0 {
        return Err(Refusal::Unsupported("A camera's raw file"));
    }
    match photometric {
        PALETTE => return Err(Refusal::Unsupported("A TIFF with a palette")),
        // The decoder of a JPEG in a TIFF allocates by the header of the JPEG, which nobody has checked.
        _ if JPEG.contains(&compression) => return Err(Refusal::Unsupported("A TIFF that holds a JPEG")),
        YCBCR => return Err(Refusal::Unsupported("A TIFF of brightness and colour difference")),
        _ if LAB.contains(&photometric) => return Err(Refusal::Unsupported("A TIFF in L*a*b*")),
        _ if number(SAMPLE_FORMAT, 1) == FLOATING_POINT => {
            return Err(Refusal::Unsupported("A TIFF of floating-point numbers"));
        }
        _ => {}
    }
    // The decoder holds the samples twice: as they are stored and as it returns them.
    let samples = u64::from(number(SAMPLES_PER_PIXEL, 1)).max(1);
    let bytes_per_pixel = samples * u64::from(number(BITS_PER_SAMPLE, 1)).div_ceil(8).max(1);
    let pixels = u64::from(width) * u64::from(height);
    limits.check_memory(pixels.saturating_mul(2 * bytes_per_pixel))?;
    let grey = matches!(photometric, WHITE_IS_ZERO | BLACK_IS_ZERO);
    let common = Header {
        width,
        height,
        orientation: orientation::from_tiff(&directory).unwrap_or(Orientation::NoTransforms),
        color_type: if grey { ColorType::L8 } else { ColorType::Rgb8 },
        // The decoder converts CMYK to RGB, for which a profile of CMYK is no use.
        icc: directory.bytes(ICC_PROFILE).filter(|_| photometric != CMYK).map(<[u8]>::to_vec),
    };
    Ok(TiffHeader { common, premultiplied: number(EXTRA_SAMPLES, 0) == ASSOCIATED_ALPHA })
}
