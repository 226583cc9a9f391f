//! Files made to hurt, and files that came to harm: each ends in a result or a named refusal.

use std::fs;
use std::path::Path;

use media::{Format, Limits};
use proptest::prelude::*;
use webpx::{EncoderConfig, Unstoppable};

use crate::make::{Jpeg, Png, gif, jpeg, photo, plain, quarters, webp};
use crate::show::{process, refusal};

/// A PNG of nothing but a header.
fn png_header(width: u32, height: u32) -> Vec<u8> {
    let mut chunk = b"IHDR".to_vec();
    chunk.extend(width.to_be_bytes());
    chunk.extend(height.to_be_bytes());
    chunk.extend([8, 6, 0, 0, 0]);
    let mut file = b"\x89PNG\r\n\x1A\n\0\0\0\x0D".to_vec();
    file.extend(&chunk);
    file.extend([0; 4]);
    file
}

/// A small JPEG whose header claims other dimensions.
fn resized_header(mut file: Vec<u8>, width: u16, height: u16) -> Vec<u8> {
    let frame = file.windows(2).position(|pair| matches!(pair, [0xFF, 0xC0 | 0xC2])).unwrap();
    file[frame + 5..frame + 7].copy_from_slice(&height.to_be_bytes());
    file[frame + 7..frame + 9].copy_from_slice(&width.to_be_bytes());
    file
}

fn progressive(full_colour: bool) -> Vec<u8> {
    Jpeg { progressive: true, full_colour, ..Jpeg::default() }.write(&plain(16, 16, [1, 2, 3]))
}

#[test]
fn gigapixels_are_refused_by_their_header() {
    assert_eq!(refusal(&png_header(32_768, 32_768)).0, "image_too_large");
    assert_eq!(refusal(&png_header(u32::MAX, 1)).0, "image_too_large");
    assert_eq!(refusal(&png_header(12_000, 12_000)).0, "image_too_large");
    assert_eq!(refusal(&resized_header(progressive(false), 20_000, 20_000)).0, "image_too_large");
    assert_eq!(refusal(&resized_header(jpeg(&plain(8, 8, [0; 3])), 65_500, 65_500)).0, "image_too_large");
    assert_eq!(refusal(b"GIF89a\xFF\xFF\xFF\xFF\0\0\0;").0, "image_too_large");
    let lossless = b"RIFF\x1E\0\0\0WEBPVP8L\x11\0\0\0\x2F\xFE\xFF\xFF\x0F\0\0\0\0\0\0\0\0\0\0\0\0\0";
    assert_eq!(refusal(lossless).0, "image_too_large");
}

#[test]
fn the_smallest_pictures_of_nothing_are_corrupt() {
    assert_eq!(refusal(&png_header(0, 10)).0, "image_corrupt");
    assert_eq!(refusal(&resized_header(jpeg(&plain(8, 8, [0; 3])), 0, 8)).0, "image_corrupt");
    assert_eq!(refusal(b"GIF89a\0\0\0\0\0\0\0;").0, "image_corrupt");
}

#[test]
fn a_progressive_picture_must_fit_in_memory_as_coefficients() {
    let limits = Limits { memory: 150_000_000, ..Limits::default() };
    let code =
        |file: &[u8]| media::process(file, &limits).map_or_else(|refusal| refusal.code(), |_| "processed");
    // 36 million pixels: 108 MB of coefficients with halved colour, 216 MB with full.
    assert_eq!(code(&resized_header(progressive(true), 6000, 6000)), "image_too_large");
    assert_ne!(code(&resized_header(progressive(false), 6000, 6000)), "image_too_large");
}

#[test]
fn more_scans_than_anyone_writes_are_refused() {
    let file = progressive(false);
    let scan = file.windows(2).rposition(|pair| pair == [0xFF, 0xDA]).unwrap();
    let end = file.len() - 2;
    let many = |count: usize| [&file[..end], &file[scan..end].repeat(count), &[0xFF, 0xD9]].concat();
    assert_eq!(refusal(&many(5000)).0, "image_too_many_scans");
    assert_eq!(refusal(&many(100)).0, "image_too_many_scans");
    assert!(refusal(&many(100)).1.contains("100"));
}

#[test]
fn a_webp_may_not_hide_its_real_dimensions() {
    // The canvas says 1x1; the frame inside says 16383x16383.
    let mut body = b"WEBPVP8X\x0A\0\0\0\0\0\0\0\0\0\0\0\0\0".to_vec();
    body.extend(b"VP8 \x0A\0\0\0\x10\0\0\x9D\x01\x2A\xFF\x3F\xFF\x3F");
    let file = [b"RIFF".as_slice(), &u32::try_from(body.len()).unwrap().to_le_bytes(), &body].concat();
    assert_eq!(refusal(&file).0, "image_too_large");
}

#[test]
fn a_profile_bomb_costs_its_profile_and_nothing_else() {
    let bomb = Png { icc: Some(vec![0; 200_000_000]), ..Png::default() }.write(&quarters(64, 64));
    assert!(bomb.len() < 1_000_000);
    assert_eq!(process(&bomb).format, Format::Png);
}

#[test]
fn what_we_do_not_decode_is_named() {
    let video = refusal(b"\0\0\0\x18ftypisom\0\0\0\0isommp42");
    assert_eq!(video.0, "image_unsupported");
    assert!(video.1.contains("A video"), "{}", video.1);
    assert!(refusal(b"\xFF\x0A\xFA\x7F").1.contains("JPEG XL"));
    assert_eq!(refusal(b"<svg xmlns='http://www.w3.org/2000/svg'/>").0, "image_unsupported");
    assert_eq!(refusal(b"hello, world").0, "image_unsupported");
    let mut arithmetic = jpeg(&plain(8, 8, [0; 3]));
    let frame = arithmetic.windows(2).position(|pair| pair == [0xFF, 0xC0]).unwrap();
    arithmetic[frame + 1] = 0xC9;
    assert_eq!(refusal(&arithmetic).0, "image_unsupported");
}

#[test]
fn too_many_bytes_are_refused_unread() {
    let limits = Limits { bytes: 1000, ..Limits::default() };
    let refusal = media::process(&jpeg(&photo(300, 300)), &limits).unwrap_err();
    assert_eq!(refusal.code(), "image_too_large");
    assert!(refusal.detail().contains("1000"));
}

#[test]
fn a_file_cut_off_anywhere_is_corrupt() {
    let pixels = photo(160, 120);
    let progressive = Jpeg { progressive: true, ..Jpeg::default() }.write(&pixels);
    for whole in [jpeg(&pixels), progressive, Png::default().write(&pixels), webp(&pixels)] {
        for part in 1..16 {
            let cut = &whole[..whole.len() * part / 16];
            let (code, detail) = refusal(cut);
            assert_eq!(code, "image_corrupt", "{part}/16: {detail}");
        }
    }
}

#[test]
fn a_codec_that_gives_up_does_not_take_the_process_with_it() {
    // A Huffman table that no code fits: libjpeg reports it as fatal, by unwinding.
    let mut file = jpeg(&photo(64, 64));
    let table = file.windows(2).position(|pair| pair == [0xFF, 0xC4]).unwrap();
    file[table + 5..table + 21].fill(0xFF);
    assert_eq!(refusal(&file).0, "image_corrupt");
}

/// One file of each format, small enough to process hundreds of times.
fn seeds() -> Vec<Vec<u8>> {
    let pixels = photo(48, 40);
    let indices: Vec<u8> = pixels.data.iter().step_by(3).map(|byte| byte / 16).collect();
    let frame = gif::Frame { width: 48, height: 40, buffer: indices.into(), ..gif::Frame::default() };
    let palette: Vec<u8> = (0..16).flat_map(|grey| [grey * 16; 3]).collect();
    let clear: Vec<u8> = pixels.data.chunks(3).flat_map(|rgb| [rgb[0], rgb[1], rgb[2], rgb[0]]).collect();
    let with_opacity = |config: EncoderConfig| config.encode_rgba(&clear, 48, 40, Unstoppable).unwrap();
    vec![
        Jpeg { exif: Some(crate::make::exif(6)), ..Jpeg::default() }.write(&pixels),
        Jpeg { progressive: true, ..Jpeg::default() }.write(&pixels),
        Png { icc: Some(moxcms::ColorProfile::new_display_p3().encode().unwrap()), ..Png::default() }
            .write(&pixels),
        webp(&pixels),
        with_opacity(EncoderConfig::new().quality(80.0)),
        with_opacity(EncoderConfig::new_lossless()),
        gif((48, 40), &frame, &palette),
        include_bytes!("fixtures/420.avif").to_vec(),
        include_bytes!("fixtures/420.heic").to_vec(),
    ]
}

/// What the fuzz targets begin with: a picture of each kind, and every file that ever stopped one of them.
#[test]
fn what_fuzzing_begins_with_ends_in_a_result_or_a_refusal() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds/file");
    let mut pictures = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match media::process(&fs::read(&path).unwrap(), &Limits::default()) {
            Ok(_) => pictures += 1,
            Err(refusal) => assert_ne!(refusal.code(), "image_unprocessable", "{path:?}: {refusal:?}"),
        }
    }
    assert!(pictures >= 20, "{pictures}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_end_in_a_result_or_a_refusal(
        bytes in proptest::collection::vec(any::<u8>(), 0..600),
        prefix in 0_usize..9,
        kept in 0_usize..64,
    ) {
        let limits = Limits { pixels: 1_000_000, ..Limits::default() };
        let _ = media::process(&bytes, &limits);
        let seed = &seeds()[prefix];
        let _ = media::process(&[&seed[..kept.min(seed.len())], &bytes].concat(), &limits);
    }

    #[test]
    fn damaged_files_end_in_a_result_or_a_refusal(
        seed in 0_usize..9,
        damage in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..12),
        cut in proptest::option::of(any::<proptest::sample::Index>()),
    ) {
        let limits = Limits { pixels: 1_000_000, ..Limits::default() };
        let mut file = seeds().swap_remove(seed);
        for (at, byte) in damage {
            let at = at.index(file.len());
            file[at] ^= byte;
        }
        if let Some(cut) = cut {
            file.truncate(cut.index(file.len()));
        }
        match media::process(&file, &limits) {
            Ok(renditions) => prop_assert_eq!(renditions.files.len(), 6),
            Err(refusal) => prop_assert_ne!(refusal.code(), "image_unprocessable", "{:?}", refusal),
        }
    }
}
