//! Prints what each level of compression makes of a file, and how long it takes:
//! `cargo run -p runtime --example compression -- page.json`.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a measurement for people, which may stop")]

use std::io::Write;
use std::time::{Duration, Instant};

use brotli::CompressorWriter;
use flate2::Compression;
use flate2::write::GzEncoder;

/// Times that each level is measured. The shortest counts, because other work only adds to it.
const TIMES: usize = 200;

fn brotli(quality: u32, bytes: &[u8]) -> Vec<u8> {
    let mut writer = CompressorWriter::new(Vec::new(), 4096, quality, 16);
    writer.write_all(bytes).unwrap();
    writer.into_inner()
}

fn gzip(level: u32, bytes: &[u8]) -> Vec<u8> {
    let mut writer = GzEncoder::new(Vec::new(), Compression::new(level));
    writer.write_all(bytes).unwrap();
    writer.finish().unwrap()
}

fn measure(name: &str, level: u32, bytes: &[u8], compress: fn(u32, &[u8]) -> Vec<u8>) {
    let mut shortest = Duration::MAX;
    for _ in 0..TIMES {
        let began = Instant::now();
        std::hint::black_box(compress(level, std::hint::black_box(bytes)));
        shortest = shortest.min(began.elapsed());
    }
    println!(
        "| {name} {level} | {} | {:.2} |",
        compress(level, bytes).len(),
        shortest.as_secs_f64() * 1000.0
    );
}

fn main() {
    let path = std::env::args().nth(1).unwrap();
    let bytes = std::fs::read(path).unwrap();
    println!("| level | bytes of {} | ms |\n|---|---|---|", bytes.len());
    for quality in 0..=9 {
        measure("brotli", quality, &bytes, brotli);
    }
    for level in [1, 4, 6, 9] {
        measure("gzip", level, &bytes, gzip);
    }
}
