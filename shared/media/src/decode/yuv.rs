//! Converts brightness and colour difference, as video codecs store them, to red, green and blue.

use image::{ColorType, ImageResult};

use super::length;
use super::shrink::Shrink;
use crate::header::Header;
use crate::heif::CodePoints;
use crate::refusal::Refusal;

/// A decoded picture in planes.
pub(super) trait Planes {
    /// Width and height.
    fn size(&self) -> (usize, usize);

    /// Returns by how many bits the colour planes are narrower and lower, or `None` without colour.
    fn halving(&self) -> Option<(usize, usize)>;

    /// Appends row `y` of plane 0, brightness, or 1 and 2, colour, to `into`, as bytes.
    fn row(&self, plane: usize, y: usize, into: &mut Vec<u8>) -> Option<()>;
}

/// Returns a sample of `bits` bits as a byte.
pub(super) fn to_byte(sample: u16, bits: u32) -> u8 {
    let shift = bits.saturating_sub(8);
    let half = (1_u32 << shift) / 2;
    u8::try_from((u32::from(sample) + half) >> shift).unwrap_or(u8::MAX)
}

/// Opacity of every pixel, and how it is painted over white.
pub(super) type Opacity = (Vec<u8>, fn(u8, u8) -> u8);

/// Puts a picture together from planes, band by band.
pub(super) struct Painter<'a> {
    /// Width of the stored picture.
    stored: usize,
    /// The first column and row that are shown.
    left: usize,
    top: usize,
    /// How many are shown.
    width: usize,
    height: usize,
    /// How many rows came in the bands so far.
    rows: usize,
    conversion: Conversion,
    opacity: Option<Opacity>,
    shrink: Shrink<'a>,
    grey: bool,
}

impl<'a> Painter<'a> {
    /// Writes to `shrink` what a header shows, from a corner on, of a picture that is `stored` pixels wide.
    pub(super) fn new(
        header: &Header,
        stored: u32,
        (left, top): (u32, u32),
        code_points: CodePoints,
        opacity: Option<Opacity>,
        shrink: Shrink<'a>,
    ) -> Self {
        let size = |pixels: u32| usize::try_from(pixels).unwrap_or(usize::MAX);
        Self {
            stored: size(stored),
            left: size(left),
            top: size(top),
            width: size(header.width),
            height: size(header.height),
            rows: 0,
            conversion: Conversion::new(code_points),
            opacity,
            shrink,
            grey: header.color_type == ColorType::L8,
        }
    }

    /// Paints the next band: tiles that stand beside one another. What sticks out is dropped.
    pub(super) fn band<P: Planes>(&mut self, tiles: &[P]) -> Result<(), Refusal> {
        let first = tiles.first().ok_or_else(Refusal::disagrees)?;
        let halving = first.halving();
        let alike = tiles.iter().all(|tile| tile.size() == first.size() && tile.halving() == halving);
        let (across, down) = (first.size().0.saturating_mul(tiles.len()), first.size().1);
        if !alike || across < self.stored || halving.is_none() != self.grey {
            return Err(Refusal::disagrees());
        }
        let gather = |plane: usize, y: usize, into: &mut Vec<u8>| {
            into.clear();
            tiles.iter().try_for_each(|tile| tile.row(plane, y, into)).ok_or_else(Refusal::disagrees)
        };
        let channels = if self.grey { 1 } else { 3 };
        let [mut luma, mut blue, mut red, mut painted] = [const { Vec::new() }; 4];
        let from = self.top.saturating_sub(self.rows).min(down);
        let to = (self.top + self.height).saturating_sub(self.rows).min(down);
        for y in from..to {
            gather(0, y, &mut luma)?;
            painted.clear();
            let luma = luma.iter().skip(self.left).take(self.width);
            if let Some((narrower, lower)) = halving {
                gather(1, y >> lower, &mut blue)?;
                gather(2, y >> lower, &mut red)?;
                // Colours are repeated and not interpolated: most pictures are made smaller afterwards.
                let each = 1 << narrower;
                let colours = blue.iter().zip(&red).flat_map(|pair| std::iter::repeat_n(pair, each));
                let colours = colours.skip(self.left);
                painted.extend(luma.zip(colours).flat_map(|(y, (b, r))| self.conversion.rgb(*y, *b, *r)));
            } else {
                painted.extend(luma.map(|y| self.conversion.grey(*y)));
            }
            if let Some((opacity, over)) = &self.opacity {
                let begin = (self.rows + y) * self.stored + self.left;
                let alpha = opacity.get(begin..).ok_or_else(Refusal::disagrees)?;
                for (pixel, alpha) in painted.chunks_exact_mut(channels).zip(alpha) {
                    for colour in pixel {
                        *colour = over(*colour, *alpha);
                    }
                }
            }
            self.shrink.row(&painted);
        }
        self.rows += down;
        Ok(())
    }

    /// Ends the picture, once every band was painted.
    pub(super) fn finish(self) -> ImageResult<()> {
        self.shrink.finish()
    }
}

/// Collects opacity into one byte for each pixel of `width` by `height`, from bands of tiles.
pub(super) fn opacity<P: Planes>(
    (width, height): (u32, u32),
    bands: impl Iterator<Item = Result<Vec<P>, Refusal>>,
) -> Result<Vec<u8>, Refusal> {
    let wanted = length(width, height, 1);
    let width = length(width, 1, 1);
    let mut data = Vec::with_capacity(wanted);
    for band in bands {
        let band = band?;
        let rows = band.first().map_or(0, |tile| tile.size().1);
        for y in 0..rows {
            let start = data.len();
            band.iter().try_for_each(|tile| tile.row(0, y, &mut data)).ok_or_else(Refusal::disagrees)?;
            if data.len() < start + width {
                return Err(Refusal::disagrees());
            }
            data.truncate(start + width);
        }
    }
    if data.len() < wanted {
        return Err(Refusal::disagrees());
    }
    Ok(data)
}

/// The equations of ITU-T H.273, 8.3, as integers of 16 bits' precision.
struct Conversion {
    identity: bool,
    black: i32,
    gain: i32,
    red_from_red: i32,
    green_from_blue: i32,
    green_from_red: i32,
    blue_from_blue: i32,
}

impl Conversion {
    #[expect(clippy::cast_possible_truncation, reason = "below 2^18")]
    fn new(code_points: CodePoints) -> Self {
        // The weights of red and blue in brightness. Unspecified code points mean BT.601, as in other
        // decoders of still pictures.
        let (red, blue) = match code_points.matrix {
            1 => (0.2126, 0.0722),
            9 => (0.2627, 0.0593),
            _ => (0.299, 0.114),
        };
        let green = 1.0 - red - blue;
        // In the narrow range, brightness has 16 to 235 and colour 16 to 240.
        let (black, gain, reach) =
            if code_points.full_range { (0, 1.0, 1.0) } else { (16, 255.0 / 219.0, 255.0 / 224.0) };
        let fixed = |factor: f64| (factor * 65536.0).round() as i32;
        Self {
            identity: code_points.matrix == 0,
            black,
            gain: fixed(gain),
            red_from_red: fixed(2.0 * (1.0 - red) * reach),
            green_from_blue: fixed(2.0 * (1.0 - blue) * blue / green * reach),
            green_from_red: fixed(2.0 * (1.0 - red) * red / green * reach),
            blue_from_blue: fixed(2.0 * (1.0 - blue) * reach),
        }
    }

    fn grey(&self, luma: u8) -> u8 {
        byte((i32::from(luma) - self.black) * self.gain)
    }

    fn rgb(&self, luma: u8, blue: u8, red: u8) -> [u8; 3] {
        if self.identity {
            return [red, luma, blue].map(|channel| self.grey(channel));
        }
        let (y, b, r) =
            ((i32::from(luma) - self.black) * self.gain, i32::from(blue) - 128, i32::from(red) - 128);
        [
            byte(y + r * self.red_from_red),
            byte(y - b * self.green_from_blue - r * self.green_from_red),
            byte(y + b * self.blue_from_blue),
        ]
    }
}

/// Returns the byte nearest to a number of 16 bits' precision.
fn byte(fixed: i32) -> u8 {
    u8::try_from(((fixed + (1 << 15)) >> 16).clamp(0, 255)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn conversion(matrix: u16, full_range: bool) -> Conversion {
        Conversion::new(CodePoints { primaries: 1, transfer: 13, matrix, full_range })
    }

    #[test]
    fn primary_colours_of_each_matrix() {
        // Red by BT.601 and BT.709 in full range, and by BT.709 in the narrow one.
        assert_eq!(conversion(6, true).rgb(76, 85, 255), [254, 0, 0]);
        assert_eq!(conversion(1, true).rgb(54, 99, 255), [254, 0, 0]);
        assert_eq!(conversion(1, false).rgb(63, 102, 240), [255, 1, 0]);
        assert_eq!(conversion(0, true).rgb(10, 20, 30), [30, 10, 20]);
    }

    #[test]
    fn narrow_range_reaches_black_and_white() {
        let narrow = conversion(1, false);
        assert_eq!([16, 235].map(|luma| narrow.grey(luma)), [0, 255]);
        assert_eq!(narrow.rgb(0, 128, 128), [0, 0, 0]);
    }

    #[test]
    fn samples_of_more_bits_are_rounded() {
        assert_eq!([0, 1, 2, 1023].map(|sample| to_byte(sample, 10)), [0, 0, 1, 255]);
        assert_eq!(to_byte(4095, 12), 255);
        assert_eq!(to_byte(77, 8), 77);
    }
}
