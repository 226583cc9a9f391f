//! Header parsing of every format: what passes is within the limits, and what does not is named.
#![no_main]

use libfuzzer_sys::fuzz_target;
use media::Limits;

fuzz_target!(|bytes: &[u8]| {
    let limits = Limits::default();
    match media::fuzzing::dimensions(bytes, &limits) {
        Ok((width, height)) => {
            assert!((1..=limits.side).contains(&width) && (1..=limits.side).contains(&height));
            assert!(u64::from(width) * u64::from(height) <= limits.pixels);
        }
        Err(refusal) => assert_ne!(refusal.code(), "image_unprocessable", "{refusal:?}"),
    }
});
