//! The same files give the same bytes on every processor: `golden.txt` holds what each gave when it was last
//! written, and every machine that runs the tests must give it again.
//!
//! `GOLDEN=write cargo nextest run -p media golden` writes it anew, after a change that is meant to change
//! pictures. On arm64 it was tried from x86-64: `cargo zigbuild --target aarch64-unknown-linux-gnu --test
//! pipeline -p media`, with zig as linker and C compiler as for the release packages, and the program it
//! builds run by `qemu-aarch64` with arm64's C library.

use std::fmt::Write;

use media::sha256;
use moxcms::ColorProfile;
use png::ColorType;

use crate::make::{Heif, Jpeg, Pixels, Png, exif, gif, jpeg, paint, webp};
use crate::show::{fixture, process};

/// Waves, edges and grain in whole numbers: what computes them must not differ either.
fn scene<const N: usize>(width: u32, height: u32) -> Pixels {
    let wave = |at: u32, length: u32| (at % (2 * length)).abs_diff(length) * 160 / length;
    paint(width, height, |x, y| {
        let grain =
            (x.wrapping_mul(0x9E37_79B1) ^ y.wrapping_mul(0x85EB_CA77)).wrapping_mul(0xC2B2_AE3D) >> 28;
        let edge = if (x / 3 + y) / 90 % 2 == 0 { 40 } else { 0 };
        let channels = [wave(x + y, 211), wave(x, 97), wave(y + x / 2, 331), wave(x, 400) + 80];
        std::array::from_fn::<u8, N, _>(|channel| (channels[channel] + edge + grain) as u8)
    })
}

/// A file of each kind, by name.
fn files() -> Vec<(&'static str, Vec<u8>)> {
    let display_p3 = ColorProfile::new_display_p3().encode().unwrap();
    let grey = scene::<1>(700, 500);
    let frame =
        gif::Frame { width: 700, height: 500, buffer: grey.data.clone().into(), ..gif::Frame::default() };
    let palette: Vec<u8> = (0..=255).flat_map(|level: u8| [level, 255 - level, level / 2]).collect();
    let tile = fixture("420.avif");
    vec![
        ("jpeg", jpeg(&scene::<3>(1600, 1200))),
        ("jpeg at a quarter", jpeg(&scene::<3>(4323, 1001))),
        (
            "jpeg, progressive, on its side, in Display P3",
            Jpeg {
                progressive: true,
                full_colour: true,
                exif: Some(exif(6)),
                icc: Some(display_p3.clone()),
                ..Jpeg::default()
            }
            .write(&scene::<3>(900, 1300)),
        ),
        ("png with opacity", Png { colour: ColorType::Rgba, ..Png::default() }.write(&scene::<4>(4400, 700))),
        ("webp", webp(&scene::<3>(1200, 1300))),
        ("gif", gif((700, 500), &frame, &palette)),
        ("avif", fixture("422.avif")),
        (
            "avif in a grid",
            Heif { tile: &tile, grid: Some(((20, 10), (1900, 630))), ..Heif::default() }.write(),
        ),
        ("heic", fixture("10.heic")),
    ]
}

/// Everything made of each file, a line each.
fn results() -> String {
    let hexadecimal =
        |bytes: &[u8]| bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
    let mut lines = String::new();
    for (name, file) in files() {
        let made = process(&file);
        writeln!(lines, "{name}: {} {:016x}", made.blurhash, made.phash).unwrap();
        for rendition in made.files {
            let sum = hexadecimal(&sha256(&rendition.bytes));
            writeln!(lines, "  {} {} {sum}", rendition.size.name(), rendition.encoding.content_type())
                .unwrap();
        }
    }
    lines
}

#[test]
fn every_processor_gives_the_same_bytes() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/pipeline/golden.txt");
    let found = results();
    if std::env::var_os("GOLDEN").is_some() {
        std::fs::write(path, &found).unwrap();
    }
    let expected = std::fs::read_to_string(path).unwrap();
    for (found, expected) in found.lines().zip(expected.lines()) {
        assert_eq!(found, expected);
    }
    assert_eq!(found.len(), expected.len());
}
