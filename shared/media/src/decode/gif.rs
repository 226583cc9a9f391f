//! GIF's first frame by the `gif` crate, painted on a white screen.

use std::io::Cursor;

use gif::{ColorOutput, DecodeOptions};
use image::ImageResult;

use super::shrink::{Scale, Shrink};
use super::{Codec, Decoder, length};
use crate::header::Header;
use crate::header::gif::read;
use crate::limits::Limits;
use crate::refusal::Refusal;

const WHITE: u8 = 255;

pub(super) fn open<'a>(bytes: &'a [u8], limits: &Limits) -> Result<Decoder<FirstFrame<'a>>, Refusal> {
    Ok(Decoder::new(read(bytes, limits)?, FirstFrame { bytes }))
}

pub(super) struct FirstFrame<'a> {
    bytes: &'a [u8],
}

impl Codec for FirstFrame<'_> {
    fn decode(self, header: &Header, scale: Scale, pixels: &mut [u8]) -> ImageResult<()> {
        let mut options = DecodeOptions::new();
        options.set_color_output(ColorOutput::Indexed);
        // A frame beyond its screen would escape the limits, which were held against the screen.
        options.check_frame_consistency(true);
        let mut decoder = options.read_info(Cursor::new(self.bytes)).map_err(Refusal::undecodable)?;
        let frame = decoder.next_frame_info().map_err(Refusal::undecodable)?;
        let frame = frame.ok_or_else(Refusal::no_picture)?;
        let (left, top, frame_width) =
            (usize::from(frame.left), usize::from(frame.top), usize::from(frame.width));
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
                    // An index beyond the palette is black, as browsers have it.
                    *pixel = palette.get(usize::from(*index)).copied().unwrap_or_default();
                }
            }
            shrink.row(&row);
        }
        shrink.finish()
    }
}
