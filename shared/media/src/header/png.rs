//! PNG: the header chunk, the EXIF chunk wherever it stands, and whether the file has an end.

use std::borrow::Cow;

use image::ColorType;
use image::metadata::Orientation;

use super::{Header, array, cut_short};
use crate::limits::Limits;
use crate::orientation;
use crate::refusal::Refusal;

/// The bit of the colour type that stands for colour.
const COLOUR: u8 = 2;

/// Bytes the decoder holds for each pixel of an interlaced picture, whose rows do not come in order: red,
/// green, blue and opacity. Of other pictures it holds a row.
const INTERLACED_BYTES_PER_PIXEL: u64 = 4;

/// The last chunk, which is empty.
const END: [u8; 12] = *b"\0\0\0\0IEND\xAE\x42\x60\x82";
/// Bytes of the signature, and of the checksum behind each chunk.
const SIGNATURE: usize = 8;
const CHECKSUM: usize = 4;

pub(crate) fn read(bytes: &[u8], limits: &Limits) -> Result<Header, Refusal> {
    if array(bytes, 12) != Some(*b"IHDR") {
        return Err(Refusal::corrupt("it does not begin with its header"));
    }
    let width = u32::from_be_bytes(array(bytes, 16).ok_or_else(cut_short)?);
    let height = u32::from_be_bytes(array(bytes, 20).ok_or_else(cut_short)?);
    limits.check_dimensions(width, height)?;
    let [_, kind, _, _, interlace] = array(bytes, 24).ok_or_else(cut_short)?;
    if interlace != 0 {
        limits.check_memory(u64::from(width) * u64::from(height) * INTERLACED_BYTES_PER_PIXEL)?;
    }
    let exif = chunks(bytes).find(|chunk| chunk.name == *b"eXIf").map(|chunk| chunk.body);
    let orientation = exif.and_then(orientation::from_exif).unwrap_or(Orientation::NoTransforms);
    let color_type = if kind & COLOUR == 0 { ColorType::L8 } else { ColorType::Rgb8 };
    Ok(Header { width, height, orientation, color_type, icc: None })
}

/// Returns the file with its end, which it may have lost without losing a pixel.
pub(crate) fn ended(bytes: &[u8]) -> Cow<'_, [u8]> {
    let last = chunks(bytes).take_while(|chunk| chunk.name != *b"IEND").last();
    let length = last.map_or(SIGNATURE, |last| last.end + CHECKSUM);
    if bytes.get(length..).is_some_and(|rest| rest.starts_with(&END)) {
        return Cow::Borrowed(bytes);
    }
    let mut ended = bytes.get(..length).unwrap_or(bytes).to_vec();
    ended.resize(length, 0);
    ended.extend(END);
    Cow::Owned(ended)
}

struct Chunk<'a> {
    name: [u8; 4],
    body: &'a [u8],
    /// Where its body ends in the file.
    end: usize,
}

/// Returns the chunks whose bodies are whole.
fn chunks(bytes: &[u8]) -> impl Iterator<Item = Chunk<'_>> {
    let mut at = SIGNATURE;
    std::iter::from_fn(move || {
        let length = usize::try_from(u32::from_be_bytes(array(bytes, at)?)).ok()?;
        let name = array(bytes, at + 4)?;
        let end = (at + 8).checked_add(length)?;
        let body = bytes.get(at + 8..end)?;
        at = end.checked_add(CHECKSUM)?;
        Some(Chunk { name, body, end })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_that_was_lost_is_put_back() {
        let chunk = |name: &[u8], body: &[u8]| {
            let length = u32::try_from(body.len()).unwrap().to_be_bytes();
            [length.as_slice(), name, body, b"sum!"].concat()
        };
        let begun = [b"8 bytes.".as_slice(), &chunk(b"IHDR", b"header"), &chunk(b"IDAT", b"pixels")].concat();
        let whole = [begun.as_slice(), &END].concat();
        assert_eq!(ended(&whole), whole);
        for length in begun.len()..whole.len() {
            assert_eq!(ended(&whole[..length])[begun.len()..], END, "{length}");
        }
        // What is left of a checksum is filled up; pixels are not.
        let cut = ended(&begun[..begun.len() - 2]).into_owned();
        assert_eq!(cut, [&begun[..begun.len() - 2], &[0, 0], &END].concat());
        let first = b"8 bytes.".len() + 4 + 4 + 6 + 4;
        assert_eq!(ended(&begun[..begun.len() - 6]), [&begun[..first], &END].concat());
    }
}
