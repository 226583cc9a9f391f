//! Measures how near a file comes to the photograph it was made of, by SSIMULACRA 2.
//!
//! The reference is made of the photograph without regard to time. It is decoded in full, resized to the
//! dimensions of the file by Lanczos3 in floating point, converted to sRGB and turned upright. Like every
//! contestant it resizes the values as they are stored. A score of 90 can hardly be told from the reference,
//! 70 is high quality, 50 medium.

use std::collections::HashMap;
use std::path::Path;

use fast_image_resize::images::Image;
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};
use moxcms::{ColorProfile, Layout, TransformOptions};
use mozjpeg::Decompress;
use ssimulacra2::{ColorPrimaries, Rgb, TransferCharacteristic, compute_frame_ssimulacra2};

use crate::Result;
use crate::photograph::{Photograph, Tag};

/// A picture with its colours from 0 to 1.
#[derive(Clone, Debug)]
pub struct Picture {
    width: u32,
    height: u32,
    pixels: Vec<[f32; 3]>,
}

impl Picture {
    fn of_bytes(width: u32, height: u32, bytes: &[u8]) -> Self {
        let (pixels, _) = bytes.as_chunks::<3>();
        let pixels = pixels.iter().map(|pixel| pixel.map(|value| f32::from(value) / 255.0)).collect();
        Self { width, height, pixels }
    }

    /// Decodes a JPEG or WebP file.
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        if bytes.starts_with(b"RIFF") {
            let (pixels, width, height) = webpx::decode_rgb(bytes)?;
            return Ok(Self::of_bytes(width, height, &pixels));
        }
        let mut started = Decompress::new_mem(bytes)?.rgb()?;
        let (width, height) = (u32::try_from(started.width())?, u32::try_from(started.height())?);
        let pixels: Vec<u8> = started.read_scanlines()?;
        started.finish()?;
        Ok(Self::of_bytes(width, height, &pixels))
    }

    /// Returns the picture turned clockwise by a quarter.
    fn turned(&self) -> Self {
        let width = self.width as usize;
        let column = |x: usize| self.pixels.iter().skip(x).step_by(width).rev().copied();
        Self { width: self.height, height: self.width, pixels: (0..width).flat_map(column).collect() }
    }
}

/// The reference of one photograph, at every size that was asked for.
pub struct Reference {
    whole: Image<'static>,
    tag: Tag,
    resized: HashMap<(u32, u32), Picture>,
}

impl Reference {
    /// Decodes the reference of a photograph.
    pub fn of(photograph: &Photograph) -> Result<Self> {
        let decoded = Picture::decode(&std::fs::read(&photograph.path)?)?;
        let bytes = decoded.pixels.iter().flatten().flat_map(|value| value.to_ne_bytes()).collect();
        let whole = Image::from_vec_u8(decoded.width, decoded.height, bytes, PixelType::F32x3)?;
        Ok(Self { whole, tag: photograph.tag, resized: HashMap::new() })
    }

    /// Returns SSIMULACRA 2 of a file, at the file's own dimensions.
    pub fn score(&mut self, file: &Path) -> Result<f64> {
        let file = Picture::decode(&std::fs::read(file)?)?;
        let dimensions = (file.width, file.height);
        if !self.resized.contains_key(&dimensions) {
            let resized = self.resize(dimensions)?;
            self.resized.insert(dimensions, resized);
        }
        let reference = self.resized.get(&dimensions).ok_or("no reference")?;
        Ok(compute_frame_ssimulacra2(srgb(reference.clone())?, srgb(file)?)?)
    }

    fn resize(&self, (width, height): (u32, u32)) -> Result<Picture> {
        let (width, height) = if self.tag == Tag::Turned { (height, width) } else { (width, height) };
        let mut resized = Image::new(width, height, PixelType::F32x3);
        let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Lanczos3));
        Resizer::new().resize(&self.whole, &mut resized, &options)?;
        let (values, _) = resized.buffer().as_chunks::<4>();
        let mut values: Vec<f32> =
            values.iter().map(|value| f32::from_ne_bytes(*value).clamp(0.0, 1.0)).collect();
        if self.tag == Tag::DisplayP3 {
            values = from_display_p3(&values)?;
        }
        let (pixels, _) = values.as_chunks::<3>();
        let picture = Picture { width, height, pixels: pixels.to_vec() };
        Ok(if self.tag == Tag::Turned { picture.turned() } else { picture })
    }
}

fn from_display_p3(values: &[f32]) -> Result<Vec<f32>> {
    let transform = ColorProfile::new_display_p3().create_transform_f32(
        Layout::Rgb,
        &ColorProfile::new_srgb(),
        Layout::Rgb,
        TransformOptions::default(),
    )?;
    let mut converted = vec![0.0; values.len()];
    transform.transform(values, &mut converted)?;
    Ok(converted.into_iter().map(|value| value.clamp(0.0, 1.0)).collect())
}

fn srgb(picture: Picture) -> Result<Rgb> {
    let (width, height) = (picture.width as usize, picture.height as usize);
    Ok(Rgb::new(picture.pixels, width, height, TransferCharacteristic::SRGB, ColorPrimaries::BT709)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(width: u32, height: u32) -> Picture {
        let bytes: Vec<u8> =
            (0..width * height * 3).filter_map(|at| u8::try_from(at * 7 % 251).ok()).collect();
        Picture::of_bytes(width, height, &bytes)
    }

    fn bits(picture: &Picture) -> Vec<u32> {
        picture.pixels.iter().flatten().map(|value| value.to_bits()).collect()
    }

    fn reference(tag: Tag) -> Reference {
        let bytes = picture(64, 32).pixels.iter().flatten().flat_map(|value| value.to_ne_bytes()).collect();
        let whole = Image::from_vec_u8(64, 32, bytes, PixelType::F32x3).unwrap();
        Reference { whole, tag, resized: HashMap::new() }
    }

    #[test]
    fn a_picture_turned_four_times_is_as_it_was() {
        let once = picture(3, 2).turned();
        assert_eq!((once.width, once.height), (2, 3));
        assert_eq!(bits(&once)[3..6], bits(&picture(3, 2))[..3]);
        assert_eq!(bits(&once.turned().turned().turned()), bits(&picture(3, 2)));
    }

    #[test]
    fn a_turned_photograph_is_compared_upright() {
        let plain = reference(Tag::Plain).resize((32, 16)).unwrap();
        let turned = reference(Tag::Turned).resize((16, 32)).unwrap();
        assert_eq!(bits(&turned), bits(&plain.turned()));
    }

    #[test]
    fn display_p3_red_is_out_of_srgb_and_grey_stays() {
        let converted = from_display_p3(&[1.0, 0.0, 0.0, 0.5, 0.5, 0.5, 0.6, 0.4, 0.4]).unwrap();
        assert!(converted[0] > 0.999 && converted[1] < 0.001, "{converted:?}");
        assert!(converted[3..6].iter().all(|value| (value - 0.5).abs() < 2e-3), "{converted:?}");
        assert!(converted[6] > 0.6 && converted[7] < 0.4, "{converted:?}");
    }
}
