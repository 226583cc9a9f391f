//! Orientation out of an EXIF block, with and without what JPEG puts before it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use media::fuzzing::is_sideways;

fuzz_target!(|block: &[u8]| {
    let bare = is_sideways(block);
    if !block.starts_with(b"Exif\0\0") {
        assert_eq!(is_sideways(&[b"Exif\0\0".as_slice(), block].concat()), bare);
    }
});
