//! Profile pictures: the middle of a picture as a square, upright, in its own sizes.

use media::{Encoding, Limits, Renditions, Size, Target};

use crate::make::{Jpeg, Pixels, exif, jpeg, paint, photo};
use crate::show::{assert_near, decode, file};

const RED: [u8; 3] = [220, 30, 30];
const GREEN: [u8; 3] = [30, 160, 60];
const BLUE: [u8; 3] = [40, 60, 220];
const GREY: [u8; 3] = [128, 128, 128];

fn square(bytes: &[u8]) -> Renditions {
    media::render(bytes, &Limits::default(), Target::PROFILE_PICTURE).unwrap()
}

/// A picture whose middle square is red at its top and blue at its bottom, between green ends.
fn with_ends(width: u32, height: u32) -> Pixels {
    let side = width.min(height);
    let (left, top) = ((width - side) / 2, (height - side) / 2);
    paint(width, height, |x, y| match (x.wrapping_sub(left) < side, y.wrapping_sub(top)) {
        (true, y) if y < side / 2 => RED,
        (true, y) if y < side => BLUE,
        _ => GREEN,
    })
}

#[test]
fn a_profile_picture_is_the_middle_of_any_picture() {
    for (width, height) in [(1600, 1200), (1200, 1600), (4000, 700), (700, 4000), (900, 900)] {
        let renditions = square(&jpeg(&with_ends(width, height)));
        assert_eq!((renditions.width, renditions.height), (width, height));
        for (size, side) in [(Size::Large, 640), (Size::Medium, 320), (Size::Small, 150)] {
            for encoding in Encoding::ALL {
                let shown = decode(file(&renditions, size, encoding));
                assert_eq!((shown.width, shown.height), (side, side), "{width}x{height}");
                for (found, expected) in shown.corners().into_iter().zip([RED, RED, BLUE, BLUE]) {
                    assert_near(found, expected, 14);
                }
            }
        }
    }
}

#[test]
fn a_profile_picture_is_upright_and_without_metadata() {
    // Stored on its side: what is shown as the top is the left of the stored picture.
    let stored = paint(1200, 800, |x, _| if x < 600 { RED } else { BLUE });
    let bytes = Jpeg { exif: Some(exif(6)), comment: Some("GPS:48.8584N"), ..Jpeg::default() }.write(&stored);
    let renditions = square(&bytes);
    assert_eq!((renditions.width, renditions.height), (800, 1200));
    let shown = decode(file(&renditions, Size::Large, Encoding::Jpeg));
    for (found, expected) in shown.corners().into_iter().zip([RED, RED, BLUE, BLUE]) {
        assert_near(found, expected, 14);
    }
    for rendition in &renditions.files {
        assert!(!rendition.bytes.windows(4).any(|bytes| matches!(bytes, b"GPS:" | b"Exif" | b"EXIF")));
    }
}

#[test]
fn a_small_profile_picture_is_not_enlarged_and_a_thin_one_not_empty() {
    let small = square(&jpeg(&photo(200, 100)));
    let sides: Vec<_> = small.files.iter().map(|file| (file.width, file.height)).collect();
    assert_eq!(sides, [(100, 100); 6]);
    let thin = square(&jpeg(&paint(3000, 1, |_, _| GREY)));
    assert!(thin.files.iter().all(|file| (file.width, file.height) == (1, 1)));
}
