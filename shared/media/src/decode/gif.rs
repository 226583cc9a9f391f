//! Decodes the first frame of a GIF by the crate `gif`, and paints it on a white screen.

use std::io::Cursor;

use gif::{ColorOutput, DecodeOptions};
use image::ImageResult;

use super::shrink::{Scale, Shrink};
use super::{Codec, Decoder, length};
use crate::header::Header;
use crate::header::gif::{GifHeader, read};
use crate::limits::Limits;
use crate::refusal::Refusal;

const WHITE: u8 = 255;

pub(super) fn open<'a>(bytes: &'a [u8], limits: &Limits) -> Result<Decoder<FirstFrame<'a>>, Refusal> {
    let GifHeader { common, frame } = read(bytes, limits)?;
    Ok(Decoder::new(common, FirstFrame { bytes, place: frame }))
}

pub(super) struct FirstFrame<'a> {
    bytes: &'a [u8],
    /// Its left, top, width and height on the screen.
    place: [u16; 4],
}

impl Codec for FirstFrame<'_> {
    fn decode(self, header: &Header, scale: Scale, pixels: &mut [u8]) -> ImageResult<()> {
        let mut options = DecodeOptions::new();
        options.set_color_output(ColorOutput::Indexed);
        options.allow_unknown_blocks(true);
        let mut decoder = options.read_info(Cursor::new(self.bytes)).map_err(Refusal::undecodable)?;
        let frame = decoder.next_frame_info().map_err(Refusal::undecodable)?;
        let frame = frame.ok_or_else(Refusal::no_picture)?;
        let [left, top, width, height] = self.place;
        if (frame.width, frame.height) != (width, height) {
            return Err(Refusal::disagrees().into());
        }
        let [left, top, frame_width] = [left, top, width].map(usize::from);
        let transparent = frame.transparent;

        let mut indices = vec![0; decoder.buffer_size()];
        decoder.read_into_buffer(&mut indices).map_err(Refusal::undecodable)?;
        let (palette, _) = decoder.palette().map_err(Refusal::undecodable)?.as_chunks::<3>();

        let mut shrink = Shrink::new(scale, header.color_type, pixels);
        let blank = vec![WHITE; length(header.width, 1, 3)];
        let mut lines = indices.chunks_exact(frame_width.max(1));
        for y in 0..usize::try_from(header.height).unwrap_or(usize::MAX) {
            let mut row = blank.clone();
            let (pixels, _) = row.as_chunks_mut::<3>();
            let line = if y < top { None } else { lines.next() };
            for (pixel, index) in pixels.iter_mut().skip(left).zip(line.unwrap_or_default()) {
                if transparent != Some(*index) {
                    // An index beyond the palette is black, as in browsers.
                    *pixel = palette.get(usize::from(*index)).copied().unwrap_or_default();
                }
            }
            shrink.row(&row);
        }
        shrink.finish()
    }
}
