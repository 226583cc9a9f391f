//! Our own process answers as the others do.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test may")]

use std::path::{Path, PathBuf};

use bench_media::contestant::{Contestant, Place, Process};
use bench_media::quality::Picture;

/// A picture with something in it, as a file.
fn photograph(folder: &Path) -> PathBuf {
    let (width, height) = (800_u32, 600_u32);
    let values = (0..width * height).flat_map(|at| [at % 251, at / width % 256, 90]);
    let pixels: Vec<u8> = values.map(|value| u8::try_from(value).unwrap()).collect();
    let mut jpeg = mozjpeg::Compress::new(mozjpeg::ColorSpace::JCS_RGB);
    jpeg.set_size(width as usize, height as usize);
    let mut started = jpeg.start_compress(Vec::new()).unwrap();
    started.write_scanlines(&pixels).unwrap();
    let path = folder.join("photograph.jpg");
    std::fs::write(&path, started.finish().unwrap()).unwrap();
    path
}

#[test]
fn a_job_is_timed_and_its_files_are_kept() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("worker");
    std::fs::create_dir_all(&folder).unwrap();
    let photograph = photograph(&folder);
    let place = Place::new(Path::new(env!("CARGO_MANIFEST_DIR")), env!("CARGO_BIN_EXE_bench-media").into());
    let mut process = Process::start(Contestant::Ours, &place, 1).unwrap();
    let idle = process.peak().unwrap();
    for keep in [None, Some(folder.as_path())] {
        let took = process.work(&photograph, keep).unwrap();
        assert!(took.cpu > 0.0 && took.wall > 0.0, "{took:?}");
    }
    assert!(process.peak().unwrap() > idle);
    for name in ["large.jpg", "large.webp", "medium.jpg", "medium.webp", "small.jpg", "small.webp"] {
        Picture::decode(&std::fs::read(folder.join(name)).unwrap()).unwrap();
    }
    let missing = folder.join("missing.jpg");
    let error = process.work(&missing, None).unwrap_err().to_string();
    assert_eq!(error, "ours ended without an answer");
}
