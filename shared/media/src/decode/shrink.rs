//! Makes a large picture smaller while its rows come in, so that it is never held whole.
//!
//! Every square of some pixels a side becomes their mean: what decoding at a fraction of the scale does for a
//! JPEG. At least twice what is needed is left, and the resizer, which sees more than squares, does the rest.

use super::{Decoded, length};
use crate::picture::{Channels, Picture};
use crate::refusal::Refusal;
use crate::resize::whole_factor;

/// A picture that is being averaged.
pub(super) struct Shrink {
    channels: Channels,
    width: u32,
    height: u32,
    /// Side of the squares, in pixels.
    factor: u32,
    /// The sum of each square so far, one row of squares, a number for each channel.
    sums: Vec<u32>,
    /// How many rows of pixels are in the sums.
    rows: u32,
    data: Vec<u8>,
}

impl Shrink {
    /// For a picture of these dimensions of which `side` pixels are needed along the longest side.
    pub(super) fn new(width: u32, height: u32, channels: Channels, side: u32) -> Self {
        let factor = whole_factor(width.max(height), side);
        let (across, down) = (width.div_ceil(factor), height.div_ceil(factor));
        Self {
            channels,
            width,
            height,
            factor,
            sums: vec![0; length(across, 1, channels.count())],
            rows: 0,
            data: Vec::with_capacity(length(across, down, channels.count())),
        }
    }

    /// Takes the next row of pixels, from the top.
    pub(super) fn row(&mut self, row: &[u8]) {
        if self.factor == 1 {
            self.data.extend_from_slice(row);
            return;
        }
        match self.channels {
            Channels::Grey => add::<1>(&mut self.sums, row, self.factor),
            Channels::Rgb => add::<3>(&mut self.sums, row, self.factor),
            Channels::Cmyk => add::<4>(&mut self.sums, row, self.factor),
        }
        self.rows += 1;
        if self.rows == self.factor {
            self.divide();
        }
    }

    /// The picture, once every row was given.
    pub(super) fn finish(mut self, icc: Option<Vec<u8>>) -> Result<Decoded, Refusal> {
        if self.rows > 0 {
            self.divide();
        }
        let (width, height) = (self.width.div_ceil(self.factor), self.height.div_ceil(self.factor));
        if self.data.len() != length(width, height, self.channels.count()) {
            return Err(Refusal::disagrees());
        }
        let part = |side: u32| f64::from(side) / f64::from(self.factor);
        let extent = (part(self.width), part(self.height));
        let picture = Picture { width, height, channels: self.channels, data: self.data };
        Ok(Decoded { picture, extent, icc })
    }

    /// Turns the sums into means, a finished row. The squares at the right and bottom edge hold fewer pixels.
    fn divide(&mut self) {
        let whole = self.width / self.factor;
        let rest = self.width % self.factor;
        let columns = (0..whole).map(|_| self.factor).chain((rest > 0).then_some(rest));
        for (square, columns) in self.sums.chunks_exact_mut(self.channels.count()).zip(columns) {
            let pixels = (self.rows * columns).max(1);
            for sum in square {
                // A mean of bytes is a byte.
                self.data.push(u8::try_from((*sum + pixels / 2) / pixels).unwrap_or(u8::MAX));
                *sum = 0;
            }
        }
        self.rows = 0;
    }
}

/// Adds a row of pixels of `N` channels to the sums of its squares.
fn add<const N: usize>(sums: &mut [u32], row: &[u8], factor: u32) {
    let (sums, _) = sums.as_chunks_mut::<N>();
    let (pixels, _) = row.as_chunks::<N>();
    let factor = usize::try_from(factor).unwrap_or(usize::MAX);
    for (sums, square) in sums.iter_mut().zip(pixels.chunks(factor)) {
        for pixel in square {
            for (sum, channel) in sums.iter_mut().zip(pixel) {
                *sum += u32::from(*channel);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn squares_at_the_edges_are_means_of_what_is_there() {
        // Five by three in squares of two: the last column is one pixel wide, the last row one high.
        let mut shrink = Shrink::new(5, 3, Channels::Grey, 1);
        assert_eq!(shrink.factor, 2);
        for row in [[10, 20, 0, 0, 100], [30, 40, 0, 3, 102], [7, 9, 1, 2, 50]] {
            shrink.row(&row);
        }
        let decoded = shrink.finish(None).unwrap();
        assert_eq!((decoded.picture.width, decoded.picture.height), (3, 2));
        assert_eq!(decoded.picture.data, [25, 1, 101, 8, 2, 50]);
        assert_eq!(decoded.extent, (2.5, 1.5));
    }

    #[test]
    fn channels_are_averaged_apart() {
        let mut shrink = Shrink::new(4, 2, Channels::Rgb, 1);
        assert_eq!(shrink.factor, 2);
        shrink.row(&[0, 10, 100, 2, 20, 200, 1, 1, 1, 1, 1, 1]);
        shrink.row(&[4, 30, 100, 6, 40, 200, 1, 1, 1, 3, 3, 3]);
        assert_eq!(shrink.finish(None).unwrap().picture.data, [3, 25, 150, 2, 2, 2]);
    }

    #[test]
    fn a_missing_row_is_no_picture() {
        let mut shrink = Shrink::new(2, 2, Channels::Grey, 1080);
        shrink.row(&[1, 2]);
        assert!(shrink.finish(None).is_err());
    }
}
