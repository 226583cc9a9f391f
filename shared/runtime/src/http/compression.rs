//! Compressing bodies, by what a client accepts.
//!
//! API Gateway does not compress, and neither does the distribution what it may not cache. The levels are
//! measured in `docs/adr/0007-http-events.md`.

use std::io::Write;

use brotli::CompressorWriter;
use flate2::Compression;
use flate2::write::GzEncoder;

/// Bodies of at most this many bytes stay as they are: they fit one packet with their headers.
pub(super) const SMALL: usize = 1024;
/// Quality of brotli, 0 to 11. The next one takes fifty times as long, and saves a sixteenth.
const BROTLI_QUALITY: u32 = 4;
/// Window of brotli as a power of two: 64 KiB, which a page of a list hardly fills.
const BROTLI_WINDOW: u32 = 16;
/// Level of gzip, 0 to 9.
const GZIP_LEVEL: u32 = 6;

/// A coding of content that we make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    Brotli,
    Gzip,
}

impl Coding {
    /// Returns the coding that a client likes best, by its `Accept-Encoding` (RFC 9110, 12.5.3); `None` when
    /// the body is better left as it is. Of codings that it likes the same, brotli is the smaller.
    pub(super) fn negotiated(accept: &str) -> Option<Self> {
        let quality = |coding: &str| {
            let mut any = None;
            for entry in accept.split(',') {
                let (name, parameters) = entry.split_once(';').unwrap_or((entry, ""));
                let name = name.trim();
                if name.eq_ignore_ascii_case(coding) {
                    return weight(parameters);
                }
                if name == "*" {
                    any = weight(parameters);
                }
            }
            any
        };
        let brotli = quality("br").unwrap_or(0);
        let gzip = quality("gzip").or_else(|| quality("x-gzip")).unwrap_or(0);
        // A client need not mention that it takes a body as it is.
        let identity = quality("identity").unwrap_or(0);
        let (coding, best) = if brotli >= gzip { (Self::Brotli, brotli) } else { (Self::Gzip, gzip) };
        (best > 0 && best >= identity).then_some(coding)
    }

    /// Returns its name in `Content-Encoding`.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Brotli => "br",
            Self::Gzip => "gzip",
        }
    }

    /// Returns the compressed bytes.
    ///
    /// # Errors
    /// None, as nothing is written but memory.
    pub(super) fn compress(self, bytes: &[u8]) -> std::io::Result<Vec<u8>> {
        let into = Vec::with_capacity(bytes.len() / 3);
        match self {
            Self::Brotli => {
                let mut writer = CompressorWriter::new(into, 4096, BROTLI_QUALITY, BROTLI_WINDOW);
                writer.write_all(bytes)?;
                Ok(writer.into_inner())
            }
            Self::Gzip => {
                let mut writer = GzEncoder::new(into, Compression::new(GZIP_LEVEL));
                writer.write_all(bytes)?;
                writer.finish()
            }
        }
    }
}

/// Returns the weight that an entry's parameters give, in thousandths: 1,000 without one, `None` for a text
/// that is no weight.
fn weight(parameters: &str) -> Option<u16> {
    let Some((name, value)) = parameters.split_once('=') else {
        return parameters.trim().is_empty().then_some(1_000);
    };
    if !name.trim().eq_ignore_ascii_case("q") {
        return None;
    }
    let (whole, fraction) = value.trim().split_once('.').unwrap_or((value.trim(), ""));
    let is_weight = matches!(whole, "0" | "1")
        && fraction.len() <= 3
        && fraction.bytes().all(|byte| byte.is_ascii_digit());
    let thousandths: u16 = format!("{fraction:0<3}").parse().ok().filter(|_| is_weight)?;
    Some(if whole == "1" { 1_000 } else { thousandths })
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn the_coding_that_the_client_likes_best_is_taken() {
        use Coding::{Brotli, Gzip};
        for (accept, coding) in [
            ("gzip, deflate, br, zstd", Some(Brotli)),
            ("gzip, deflate", Some(Gzip)),
            ("GZIP", Some(Gzip)),
            ("x-gzip", Some(Gzip)),
            ("br;q=0.5, gzip;q=0.8", Some(Gzip)),
            ("br; q=0.8 ,gzip ; Q=0.8", Some(Brotli)),
            ("br;q=0, gzip", Some(Gzip)),
            ("br;q=0.000, gzip;q=0", None),
            ("*", Some(Brotli)),
            ("br;q=0, *", Some(Gzip)),
            ("*;q=0", None),
            ("*;q=0, gzip;q=0.001", Some(Gzip)),
            ("identity", None),
            ("identity;q=0.5, gzip;q=0.4", None),
            ("identity;q=0, br;q=0.1", Some(Brotli)),
            ("deflate, zstd", None),
            ("", None),
            (",,;=,", None),
            ("br;q=2", None),
            ("br;q=0.1234", None),
            ("br;q=1.x", None),
            ("br;q", None),
            ("br;level=5", None),
            ("brotli", None),
        ] {
            assert_eq!(Coding::negotiated(accept), coding, "{accept:?}");
        }
    }

    #[test]
    fn what_is_compressed_can_be_read_back() {
        let text = "the same words again and again, ".repeat(200);
        for coding in [Coding::Brotli, Coding::Gzip] {
            let small = coding.compress(text.as_bytes()).unwrap();
            let mut back = String::new();
            match coding {
                Coding::Brotli => brotli::Decompressor::new(&*small, 4096).read_to_string(&mut back),
                Coding::Gzip => flate2::read::GzDecoder::new(&*small).read_to_string(&mut back),
            }
            .unwrap();
            assert_eq!(back, text);
            assert!(small.len() < text.len() / 20, "{coding:?}: {}", small.len());
            assert!(!coding.compress(b"").unwrap().is_empty());
        }
    }
}
