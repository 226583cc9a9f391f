//! Refuses to build with a JPEG codec that has no vector code.
//!
//! On x86-64 that code is assembled by NASM. Without it mozjpeg builds all the same, with a warning that
//! nobody sees in a dependency, and takes up to twice the time for every picture.

use std::{env, fs};

/// Where `mozjpeg-sys` says its headers are, the generated one first.
const INCLUDE: &str = "DEP_JPEG_INCLUDE";

fn main() {
    println!("cargo::rerun-if-env-changed={INCLUDE}");
    let folders = env::var_os(INCLUDE).unwrap_or_default();
    let vectors = env::split_paths(&folders)
        .map(|folder| folder.join("jconfig.h"))
        .inspect(|header| println!("cargo::rerun-if-changed={}", header.display()))
        .filter_map(|header| fs::read_to_string(header).ok())
        .any(|header| header.contains("#define WITH_SIMD 1"));
    if !vectors {
        println!(
            "cargo::error=mozjpeg was built without SIMD: on x86-64 it needs NASM (apt-get install nasm), and after \
             installing it `cargo clean --package mozjpeg-sys`"
        );
    }
}
