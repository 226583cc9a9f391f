//! Shrinks a large picture while its rows are decoded, so that it is never held whole.
//!
//! Each square of pixels becomes one pixel, their mean. This is what decoding at a reduced scale does for a
//! JPEG. At least twice the wanted size is left for the resizer, whose filter is better.

use std::slice::ChunksExactMut;

use image::{ColorType, ImageResult};

use super::length;
use crate::header::Header;
use crate::refusal::Refusal;

/// By how much a picture is made smaller while it is decoded.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scale {
    /// Width and height as stored.
    stored: (u32, u32),
    /// Side of the squares that become a pixel.
    pub(super) factor: u32,
}

impl Scale {
    pub(super) fn new(header: &Header, factor: u32) -> Self {
        Self { stored: (header.width, header.height), factor: factor.max(1) }
    }

    /// Returns width and height at this scale. Squares at the right and bottom edge may stick out.
    pub(super) fn dimensions(self) -> (u32, u32) {
        (self.stored.0.div_ceil(self.factor), self.stored.1.div_ceil(self.factor))
    }

    /// Returns the exact width and height at this scale.
    pub(super) fn extent(self) -> (f64, f64) {
        let part = |side: u32| f64::from(side) / f64::from(self.factor);
        (part(self.stored.0), part(self.stored.1))
    }
}

/// A picture that is being averaged.
pub(super) struct Shrink<'a> {
    scale: Scale,
    channels: usize,
    /// The sum of each square so far, one row of squares, a number for each channel.
    sums: Vec<u32>,
    /// How many rows of pixels are in the sums.
    rows: u32,
    /// The rows that are still to be written.
    lines: ChunksExactMut<'a, u8>,
    /// Whether more rows came than there are.
    surplus: bool,
}

impl<'a> Shrink<'a> {
    /// Writes a picture of this colour type into `pixels`.
    pub(super) fn new(scale: Scale, color_type: ColorType, pixels: &'a mut [u8]) -> Self {
        let channels = usize::from(color_type.channel_count());
        let line = length(scale.dimensions().0, 1, channels);
        Self {
            scale,
            channels,
            sums: vec![0; line],
            rows: 0,
            lines: pixels.chunks_exact_mut(line.max(1)),
            surplus: false,
        }
    }

    /// Takes the next row of pixels, from the top.
    pub(super) fn row(&mut self, row: &[u8]) {
        if self.scale.factor == 1 {
            match self.lines.next().filter(|line| line.len() == row.len()) {
                Some(line) => line.copy_from_slice(row),
                None => self.surplus = true,
            }
            return;
        }
        match self.channels {
            1 => add::<1>(&mut self.sums, row, self.scale.factor),
            _ => add::<3>(&mut self.sums, row, self.scale.factor),
        }
        self.rows += 1;
        if self.rows == self.scale.factor {
            self.divide();
        }
    }

    /// Writes the last rows, once every row was given.
    pub(super) fn finish(mut self) -> ImageResult<()> {
        if self.rows > 0 {
            self.divide();
        }
        if self.surplus || self.lines.next().is_some() {
            return Err(Refusal::disagrees().into());
        }
        Ok(())
    }

    /// Writes a row of means. The squares at the right and bottom edge hold fewer pixels.
    fn divide(&mut self) {
        let Some(line) = self.lines.next() else {
            self.surplus = true;
            return;
        };
        let (width, factor) = (self.scale.stored.0, self.scale.factor);
        let rest = width % factor;
        let columns = (0..width / factor).map(|_| factor).chain((rest > 0).then_some(rest));
        let squares = self.sums.chunks_exact_mut(self.channels).zip(line.chunks_exact_mut(self.channels));
        for ((sums, means), columns) in squares.zip(columns) {
            let pixels = (self.rows * columns).max(1);
            for (sum, mean) in sums.iter_mut().zip(means) {
                // A mean of bytes is a byte.
                *mean = u8::try_from((*sum + pixels / 2) / pixels).unwrap_or(u8::MAX);
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

    /// A picture of `stored` dimensions made smaller by two.
    fn halved(stored: (u32, u32), color_type: ColorType, rows: &[&[u8]]) -> ImageResult<Vec<u8>> {
        let scale = Scale { stored, factor: 2 };
        let (width, height) = scale.dimensions();
        let mut pixels = vec![0; length(width, height, color_type.channel_count().into())];
        let mut shrink = Shrink::new(scale, color_type, &mut pixels);
        for row in rows {
            shrink.row(row);
        }
        shrink.finish()?;
        Ok(pixels)
    }

    #[test]
    fn squares_at_the_edges_are_means_of_what_is_there() {
        // Five by three in squares of two: the last column is one pixel wide, the last row one high.
        let rows: [&[u8]; 3] = [&[10, 20, 0, 0, 100], &[30, 40, 0, 3, 102], &[7, 9, 1, 2, 50]];
        assert_eq!(halved((5, 3), ColorType::L8, &rows).unwrap(), [25, 1, 101, 8, 2, 50]);
        let scale = Scale { stored: (5, 3), factor: 2 };
        assert_eq!((scale.dimensions(), scale.extent()), ((3, 2), (2.5, 1.5)));
    }

    #[test]
    fn channels_are_averaged_one_by_one() {
        let rows: [&[u8]; 2] =
            [&[0, 10, 100, 2, 20, 200, 1, 1, 1, 1, 1, 1], &[4, 30, 100, 6, 40, 200, 1, 1, 1, 3, 3, 3]];
        assert_eq!(halved((4, 2), ColorType::Rgb8, &rows).unwrap(), [3, 25, 150, 2, 2, 2]);
    }

    #[test]
    fn missing_or_surplus_rows_are_no_picture() {
        let row: &[u8] = &[1, 2];
        assert!(halved((2, 3), ColorType::L8, &[row, row]).is_err());
        assert!(halved((2, 3), ColorType::L8, &[row, row, row]).is_ok());
        assert!(halved((2, 3), ColorType::L8, &[row, row, row, row, row]).is_err());

        let mut pixels = [0; 4];
        let whole = Scale { stored: (2, 2), factor: 1 };
        for rows in [1, 3] {
            let mut shrink = Shrink::new(whole, ColorType::L8, &mut pixels);
            (0..rows).for_each(|_| shrink.row(row));
            assert!(shrink.finish().is_err(), "{rows}");
        }
    }
}
