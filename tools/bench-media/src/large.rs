//! The largest pictures that the pipeline accepts, of each kind of file: how long our process takes, and how
//! much memory it holds. No peer is asked.

use std::process::Command;

use progress::Progress;

use crate::Result;
use crate::contestant::{Contestant, Place, Process};
use crate::worker::Took;

/// The files that `peers/enlarge.py` makes, and what they are.
const FILES: [(&str, &str); 12] = [
    ("phone.jpg", "JPEG of a phone, 12000x9000"),
    ("panorama.jpg", "JPEG of a phone, 16382x3628"),
    ("progressive.jpg", "JPEG, progressive, 4:4:4, 12000x9000"),
    ("grid.heic", "HEIC in tiles of 512, 12000x9000"),
    ("whole.avif", "AVIF in one piece, 12000x9000"),
    ("lossy.webp", "WebP, lossy, 6000x4500"),
    ("lossless.webp", "WebP, lossless, 10000x7500"),
    ("deep.png", "PNG of 16 bits, 12000x9000"),
    ("interlaced.png", "PNG, interlaced, 12000x9000"),
    ("packed.tiff", "TIFF, Deflate, 12000x9000"),
    ("first.gif", "GIF, 8000x6000"),
    ("colours.bmp", "BMP, 4800x3600"),
];

/// One of the pictures.
#[derive(Clone, Debug)]
pub struct Large {
    /// What it is.
    pub kind: &'static str,
    /// The size of the file in bytes.
    pub bytes: u64,
    /// The time of the job on one processor.
    pub took: Took,
    /// Most memory that the process held, in KiB.
    pub peak: u64,
}

/// Makes what is missing of the pictures, and does the job on each in a process of its own.
pub fn measure(place: &Place) -> Result<Vec<Large>> {
    let folder = place.fetched.join("large");
    std::fs::create_dir_all(&folder)?;
    let made = Command::new(place.fetched.join("python/bin/python"))
        .arg(place.sources.join("peers/enlarge.py"))
        .args([&place.fetched.join("photographs"), &folder])
        .status()?;
    if !made.success() {
        return Err("the largest pictures could not be made".into());
    }
    let progress = Progress::new("the largest pictures", FILES.len());
    let mut large = Vec::new();
    for (name, kind) in FILES {
        let file = folder.join(name);
        let mut process = Process::start(Contestant::Ours, place, 1)?;
        let took = process.work(&file, None)?;
        large.push(Large { kind, bytes: std::fs::metadata(&file)?.len(), took, peak: process.peak()? });
        progress.step(kind);
    }
    Ok(large)
}
