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
        match self {
            Self::Brotli => brotli(bytes, BROTLI_QUALITY),
            Self::Gzip => gzip(bytes, GZIP_LEVEL),
        }
    }
}

fn brotli(bytes: &[u8], quality: u32) -> std::io::Result<Vec<u8>> {
    let mut writer = CompressorWriter::new(Vec::new(), 4096, quality, BROTLI_WINDOW);
    writer.write_all(bytes)?;
    Ok(writer.into_inner())
}

fn gzip(bytes: &[u8], level: u32) -> std::io::Result<Vec<u8>> {
    let mut writer = GzEncoder::new(Vec::new(), Compression::new(level));
    writer.write_all(bytes)?;
    writer.finish()
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

    use std::time::{Duration, Instant};

    use serde_json::{Value, json};
    use sha2::{Digest, Sha256};

    use super::*;

    const CAPTIONS: [&str; 10] = [
        "Low tide, and nobody but us and a dog that wants the sea back.",
        "Finally made it up here before the fog did. Worth every wet sock.",
        "Coffee first. The rest of the day can wait its turn.",
        "Grandma's garden, third week of June, when everything happens at once.",
        "Sunday light on the kitchen table 🍊",
        "Two hours of waiting for four seconds of kingfisher.",
        "First snow! The whole street came out to look at it",
        "Film, expired 2009, stored in a sock drawer.",
        "The ferry left without us, so we stayed another day.",
        "Nothing to see here, only the best view in the country.",
    ];

    const NAMES: [&str; 7] = ["anna", "bert_k", "clara.m", "dorian", "eve", "finn88", "grete"];
    const TAGS: [&str; 3] = ["sea", "film", "street"];
    const HEIGHTS: [u32; 3] = [720, 1080, 608];

    /// Returns digits that nobody can compress, in a base of at most 83.
    fn chance(what: &str, digits: usize, base: u8) -> String {
        const DIGITS: &[u8] =
            b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ#$%*+,-.:;=?@[]^_{|}~";
        let digest = Sha256::digest(what);
        digest.iter().take(digits).map(|byte| char::from(DIGITS[usize::from(byte % base)])).collect()
    }

    /// Returns a page of a feed: 20 photos with 25 pictures, as the API shows them.
    fn page() -> String {
        let photo = |number: usize| {
            let secret = chance(&format!("secret {number}"), 32, 16);
            let urls = |index: usize| {
                let url = |size: &str| {
                    format!("https://d111111abcdef8.cloudfront.net/photos/{size}/{secret}/{index}.jpg")
                };
                json!({ "small": url("small"), "medium": url("medium"), "large": url("large") })
            };
            let medium = |index: usize| {
                json!({
                    "width": 1080, "height": HEIGHTS[number % 3], "urls": urls(index),
                    "alt": number.is_multiple_of(3).then_some("A dog on a wide beach"),
                    "blurhash": chance(&format!("blurhash {number} {index}"), 28, 83),
                })
            };
            let media: Vec<Value> = (0..=usize::from(number.is_multiple_of(4))).map(medium).collect();
            json!({
                "photo_id": format!("11844{}", chance(&format!("photo {number}"), 14, 10)),
                "user_id": format!("11844{}", chance(&format!("user {}", number % 7), 14, 10)),
                "username": NAMES[number % 7],
                "profile_pic": null, "url": urls(0)["large"], "thumbnail_urls": urls(0),
                "caption": CAPTIONS[number % 10],
                "created_at": format!("2026-11-{:02}T1{}:2{}:0{}.123Z", 29 - number / 4, number % 9, number % 7, number % 5),
                "likes_count": number * 37 % 300, "comments_count": 0, "liked_by_user": number.is_multiple_of(3),
                "media": media, "tags": TAGS[..number % 4 % 3],
                "location": number.is_multiple_of(2).then_some("San Francisco, CA"),
            })
        };
        let photos: Vec<Value> = (0..20).map(photo).collect();
        json!({ "photos": photos, "next_cursor": "ZjoxMTg0NDY3NDQwNzM3MDk1NTE2", "has_more": true })
            .to_string()
    }

    #[test]
    fn a_feed_page_of_twenty_becomes_a_sixth() {
        let page = page();
        for coding in [Coding::Brotli, Coding::Gzip] {
            let bytes = coding.compress(page.as_bytes()).unwrap().len();
            assert!(bytes * 6 < page.len(), "{coding:?}: {bytes} of {}", page.len());
        }
    }

    /// The figures of `docs/adr/0007-http-events.md`. The shortest of many times counts, because other work
    /// only adds to it.
    #[test]
    #[ignore = "a measurement, which asserts nothing"]
    fn measure_each_level_of_compression() {
        let page = page();
        let measure = |name: &str, level: u32, compress: &dyn Fn(u32) -> std::io::Result<Vec<u8>>| {
            let mut shortest = Duration::MAX;
            for _ in 0..200 {
                let began = Instant::now();
                std::hint::black_box(compress(level).unwrap());
                shortest = shortest.min(began.elapsed());
            }
            let (bytes, ms) = (compress(level).unwrap().len(), shortest.as_secs_f64() * 1000.0);
            println!("| {name} {level} | {bytes} | {ms:.2} |");
        };
        println!("| level | bytes of {} | ms |", page.len());
        for level in 1..=9 {
            measure("brotli", level, &|level| brotli(page.as_bytes(), level));
        }
        for level in [1, 6, 9] {
            measure("gzip", level, &|level| gzip(page.as_bytes(), level));
        }
    }

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
                Coding::Brotli => ::brotli::Decompressor::new(&*small, 4096).read_to_string(&mut back),
                Coding::Gzip => flate2::read::GzDecoder::new(&*small).read_to_string(&mut back),
            }
            .unwrap();
            assert_eq!(back, text);
            assert!(small.len() < text.len() / 20, "{coding:?}: {}", small.len());
            assert!(!coding.compress(b"").unwrap().is_empty());
        }
    }
}
