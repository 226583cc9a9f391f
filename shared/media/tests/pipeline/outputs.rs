//! What comes out: six files, bare, of the right sizes, the same every time.

use media::{Encoding, Format, Limits, Size};

use crate::make::{Jpeg, exif, jpeg, photo, plain, webp};
use crate::show::{decode, file, process};

/// The markers of a JPEG up to its first scan, and whether it is progressive.
fn markers(file: &[u8]) -> Vec<u8> {
    let mut markers = Vec::new();
    let mut at = 2;
    loop {
        assert_eq!(file[at], 0xFF);
        markers.push(file[at + 1]);
        if file[at + 1] == 0xDA {
            return markers;
        }
        at += 2 + usize::from(u16::from_be_bytes([file[at + 2], file[at + 3]]));
    }
}

#[test]
fn six_files_in_three_sizes_and_two_encodings() {
    let renditions = process(&jpeg(&photo(1600, 1200)));
    assert_eq!((renditions.width, renditions.height, renditions.format), (1600, 1200, Format::Jpeg));
    assert_eq!(renditions.files.len(), 6);
    for (size, dimensions) in
        [(Size::Large, (1080, 810)), (Size::Medium, (640, 480)), (Size::Small, (150, 112))]
    {
        for encoding in Encoding::ALL {
            let file = file(&renditions, size, encoding);
            assert_eq!((file.width, file.height), dimensions);
            assert_eq!(Format::sniff(&file.bytes).unwrap().content_type(), encoding.content_type());
            decode(file);
        }
    }
}

#[test]
fn nothing_of_the_metadata_comes_out() {
    let file = Jpeg {
        exif: Some(exif(6)),
        icc: Some(moxcms::ColorProfile::new_display_p3().encode().unwrap()),
        comment: Some("GPS:48.8584N,2.2945E"),
        ..Jpeg::default()
    };
    for rendition in process(&file.write(&photo(1300, 900))).files {
        match rendition.encoding {
            // JFIF, tables, one progressive frame and its first scan.
            Encoding::Jpeg => {
                let markers = markers(&rendition.bytes);
                assert!(markers.contains(&0xC2), "not progressive: {markers:x?}");
                assert!(
                    markers.iter().all(|marker| matches!(marker, 0xE0 | 0xDB | 0xC2 | 0xC4 | 0xDA)),
                    "{markers:x?}"
                );
            }
            // A lossy frame alone: no extended header, so no place for anything else.
            Encoding::WebP => assert_eq!(rendition.bytes[12..16], *b"VP8 "),
        }
        for secret in [b"GPS:".as_slice(), b"Exif", b"ICC_PROFILE", b"SPY"] {
            assert!(!rendition.bytes.windows(secret.len()).any(|window| window == secret));
        }
    }
}

#[test]
fn the_same_bytes_give_the_same_files() {
    for file in [jpeg(&photo(1400, 1000)), webp(&photo(700, 900))] {
        assert_eq!(process(&file), process(&file));
    }
}

#[test]
fn small_pictures_are_not_enlarged() {
    let renditions = process(&jpeg(&photo(400, 300)));
    let sides: Vec<(u32, u32)> = renditions.files.iter().map(|file| (file.width, file.height)).collect();
    assert_eq!(sides, [(400, 300), (400, 300), (400, 300), (400, 300), (150, 112), (150, 112)]);
}

#[test]
fn single_pixels_and_panoramas_survive() {
    for (width, height) in [(1, 1), (1, 12_000), (12_000, 1), (3, 2), (12_000, 600), (790, 11_000)] {
        let renditions = process(&jpeg(&plain(width, height, [90, 120, 150])));
        assert_eq!((renditions.width, renditions.height), (width, height));
        for file in &renditions.files {
            assert!(file.width >= 1 && file.height >= 1);
            assert_eq!(file.width.max(file.height), width.max(height).min(file.size.side()));
            let shown = decode(file);
            crate::show::assert_near(shown.middle(), [90, 120, 150], 6);
        }
    }
}

#[test]
fn a_fraction_of_the_scale_keeps_pixels_in_place() {
    // Decoded at a quarter, 4323 by 1001 is no whole number of pixels; the same picture as PNG is decoded
    // whole.
    let pixels = photo(4323, 1001);
    let scaled = process(&Jpeg { quality: 98.0, full_colour: true, ..Jpeg::default() }.write(&pixels));
    let whole = process(&crate::make::Png::default().write(&pixels));
    let [scaled, whole] =
        [&scaled, &whole].map(|renditions| decode(file(renditions, Size::Large, Encoding::Jpeg)));
    assert_eq!((scaled.width, scaled.height), (whole.width, whole.height));
    let squares = (0..whole.height).flat_map(|y| (0..whole.width).map(move |x| (x, y))).map(|(x, y)| {
        let difference = f64::from(scaled.pixel(x, y)[1]) - f64::from(whole.pixel(x, y)[1]);
        difference * difference
    });
    let mean = squares.sum::<f64>() / f64::from(whole.width * whole.height);
    let decibels = 10.0 * (255.0 * 255.0 / mean).log10();
    assert!(decibels > 40.0, "{decibels}");
}

#[test]
fn identity_is_of_bytes_and_likeness_of_pixels() {
    let pixels = photo(1200, 900);
    let files = [jpeg(&pixels), Jpeg { quality: 60.0, ..Jpeg::default() }.write(&pixels)];
    let [good, coarse] = [0, 1].map(|file| process(&files[file]));
    let other = process(&jpeg(&crate::make::quarters(1200, 900)));
    assert_eq!(media::sha256(&files[0]), media::sha256(&jpeg(&pixels)));
    assert_ne!(media::sha256(&files[0]), media::sha256(&files[1]));
    assert!((good.phash ^ coarse.phash).count_ones() <= 4);
    assert!((good.phash ^ other.phash).count_ones() >= 16);
    assert_eq!(
        media::process(b"", &Limits::default()).unwrap_err().code(),
        "image_empty",
        "an empty file has an identity but no picture"
    );
}

#[test]
fn the_placeholder_paints_the_picture() {
    let renditions = process(&jpeg(&crate::make::quarters(400, 300)));
    let painted = blurhash::decode(&renditions.blurhash, 32, 24, 1.0).unwrap();
    let at = |x: usize, y: usize| &painted[(y * 32 + x) * 4..][..3];
    assert!(at(4, 3)[0] > at(4, 3)[2] + 60, "red top left: {:?}", at(4, 3));
    assert!(at(4, 20)[2] > at(4, 20)[0] + 60, "blue bottom left: {:?}", at(4, 20));
}
