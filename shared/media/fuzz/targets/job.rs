//! The whole job, on pictures small enough for hundreds a second: six files come out, or a refusal that
//! blames the file and not us.
#![no_main]

use libfuzzer_sys::fuzz_target;
use media::Limits;

fuzz_target!(
    // libFuzzer stops at every panic, also at those the job catches: a decoder that gives up is a refusal.
    // One that is not caught still ends the run.
    init: drop(std::panic::take_hook()),
    |bytes: &[u8]| {
        let limits = Limits { pixels: 1 << 18, ..Limits::default() };
        match media::process(bytes, &limits) {
            Ok(renditions) => assert_eq!(renditions.files.len(), 6),
            Err(refusal) => assert_ne!(refusal.code(), "image_unprocessable", "{refusal:?}"),
        }
    }
);
