//! Telling formats apart: what follows does not change what a file is, and what is none of ours is refused as
//! that and nothing else.
#![no_main]

use libfuzzer_sys::fuzz_target;
use media::{Format, Limits};

fuzz_target!(|bytes: &[u8]| {
    let format = Format::sniff(bytes);
    if format.is_some() {
        assert_eq!(Format::sniff(&[bytes, &[0; 16]].concat()), format);
    } else {
        let code = media::process(bytes, &Limits::default()).map_err(|refusal| refusal.code()).err();
        let expected = if bytes.is_empty() { "image_empty" } else { "image_unsupported" };
        assert_eq!(code, Some(expected));
    }
});
